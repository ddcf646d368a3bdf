//! The rules' own documentation, for people and scripts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::rules::{Documentation, Meta};

/// One line per rule: id, severity, title.
pub fn rules_text(rules: &[Meta]) -> String {
    let width = rules.iter().map(|meta| meta.id.as_str().len()).max().unwrap_or(0);
    let line = |meta: &Meta| {
        format!("{:width$}  {:7}  {}\n", meta.id.as_str(), meta.severity.as_str(), Documentation::of(meta).title)
    };
    rules.iter().map(line).collect()
}

/// Every rule with its whole documentation.
pub fn rules_json(rules: &[Meta]) -> Value {
    let one = |meta: &Meta| {
        let Documentation { title, what, why, bad, good } = Documentation::of(meta);
        json!({"rule": meta.id, "severity": meta.severity, "title": title, "what": what, "why": why, "bad": bad, "good": good})
    };
    Value::Array(rules.iter().map(one).collect())
}

/// One rule's documentation: readable as it is, and Markdown.
pub fn explain(meta: &Meta) -> String {
    let Documentation { title, what, why, bad, good } = Documentation::of(meta);
    let mut text = format!("{} ({})\n{title}\n", meta.id, meta.severity);
    for (heading, section) in [("What", what), ("Why", why), ("Bad", bad), ("Good", good)] {
        if !section.is_empty() {
            write!(text, "\n# {heading}\n{section}\n").expect("a string takes every write");
        }
    }
    text
}
