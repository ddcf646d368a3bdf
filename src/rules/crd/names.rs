//! The names of a custom kind must be such as Kubernetes can use.
//!
//! # What
//! Reports in `spec.names` a missing kind; a kind or listKind that is not 1 to 63 letters, digits and `-`,
//! starting with a letter and not ending with `-`; a singular, short name or category that is not so in lower
//! case; and a listKind that is the kind. Of the plural speaks `crd/name`.
//!
//! # Why
//! The API server refuses the definition. `singular` and `listKind` have defaults, the kind in lower case and
//! the kind with `List` behind it; so a kind of 60 letters has a listKind that is too long.
//!
//! # Bad
//! ```yaml
//! names: {kind: My_Widget, plural: widgets, shortNames: [WD]}
//! ```
//!
//! # Good
//! ```yaml
//! names: {kind: MyWidget, plural: widgets, shortNames: [wd]}
//! ```

use super::{current, error, is_label_1035, text};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::Definition;

/// `crd/names`.
#[derive(Debug)]
pub struct Names;

const ID: RuleId = RuleId::new("crd/names");

impl Rule for Names {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("names.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        current(review).flat_map(check_definition).collect()
    }
}

fn check_definition(definition: Definition<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = check_kind(definition).into_iter().collect();
    findings.extend(check_list_kind(definition));
    findings.extend(check_singular(definition));
    for list in ["shortNames", "categories"] {
        let entries = definition.spec(&["names", list]).into_iter().flat_map(Node::items);
        findings.extend(entries.enumerate().filter_map(|(index, node)| check_entry(definition, list, index, node)));
    }
    findings
}

fn written<'a>(definition: Definition<'a>, name: &str) -> Option<&'a str> {
    text(&definition.object.node, &["spec", "names", name])
}

fn finding(definition: Definition<'_>, name: &str, message: String) -> Finding {
    error(ID, definition.object, definition.nearest(&["names", name]), message).with_field(format!("spec.names.{name}"))
}

fn must(name: &str, value: &str, case: &str) -> String {
    let value = if value.is_empty() { "empty".to_owned() } else { format!("`{}`", shown(value)) };
    format!(
        "`spec.names.{name}` is {value}: it must be 1 to 63 {case}, digits and `-`, starting with a letter and not \
         ending with `-`."
    )
}

fn check_kind(definition: Definition<'_>) -> Option<Finding> {
    let kind = written(definition, "kind")?;
    let help = "Write the kind in the singular and with capitals, such as `Widget`.";
    if kind.is_empty() {
        let message = "`spec.names.kind` is missing; the API server refuses a definition without it.".to_owned();
        return Some(finding(definition, "kind", message).with_help(help));
    }
    (!is_mixed(kind)).then(|| finding(definition, "kind", must("kind", kind, "letters")).with_help(help))
}

fn check_list_kind(definition: Definition<'_>) -> Option<Finding> {
    let list_kind = written(definition, "listKind")?;
    let kind = written(definition, "kind").filter(|kind| is_mixed(kind));
    if list_kind.is_empty() {
        let long = kind.filter(|kind| !is_mixed(&format!("{kind}List")))?;
        let message = format!(
            "The kind has {} letters, so the default of `spec.names.listKind`, the kind and `List`, is longer than 63.",
            long.len()
        );
        return Some(finding(definition, "listKind", message).with_help("Write a shorter `listKind`."));
    }
    let help = "Leave `listKind` out: it is the kind with `List` behind it.";
    if !is_mixed(list_kind) {
        return Some(finding(definition, "listKind", must("listKind", list_kind, "letters")).with_help(help));
    }
    let message = "`spec.names.listKind` is the kind itself; the API server could not tell an object from a list.";
    (kind == Some(list_kind)).then(|| finding(definition, "listKind", message.to_owned()).with_help(help))
}

fn check_singular(definition: Definition<'_>) -> Option<Finding> {
    let singular = written(definition, "singular").filter(|name| !name.is_empty() && !is_label_1035(name))?;
    let message = must("singular", singular, "lower-case letters");
    let help = "Leave `singular` out: it is the kind in lower case.";
    Some(finding(definition, "singular", message).with_help(help))
}

fn check_entry(definition: Definition<'_>, list: &str, index: usize, node: &Node) -> Option<Finding> {
    let name = if node.is_null() { "" } else { node.as_str()? };
    if is_label_1035(name) {
        return None;
    }
    let place = format!("{list}[{index}]");
    let message = must(&place, name, "lower-case letters");
    let finding = error(ID, definition.object, node, message).with_field(format!("spec.names.{place}"));
    Some(finding.with_help("Write the word in lower case and without `_` and `.`."))
}

/// A DNS label in which capitals may stand.
fn is_mixed(name: &str) -> bool {
    is_label_1035(&name.to_lowercase())
}
