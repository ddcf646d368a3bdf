//! A CustomResourceDefinition must be named after its plural and its group.
//!
//! # What
//! Reports a CustomResourceDefinition whose `metadata.name` is not `<spec.names.plural>.<spec.group>`,
//! whose group is not a lower-case DNS name with a dot, or whose plural is not a DNS label that
//! starts with a letter; and what is wrong in the rest of its metadata: labels, annotations, owner references,
//! finalizers and managed fields.
//!
//! # Why
//! The API server refuses the object. Two different spellings are nearly always a copied file in
//! which one place was forgotten.
//!
//! # Bad
//! ```yaml
//! metadata:
//!   name: canary.flagger.app
//! spec:
//!   group: flagger.app
//!   names: {plural: canaries, kind: Canary}
//! ```
//!
//! # Good
//! ```yaml
//! metadata:
//!   name: canaries.flagger.app
//! spec:
//!   group: flagger.app
//!   names: {plural: canaries, kind: Canary}
//! ```

use super::{definitions, error, is_label_1035, is_subdomain, metadata, old_definition};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
use crate::rules::{Meta, Review, Rule, shown};

/// `crd/name`.
#[derive(Debug)]
pub struct Name;

const ID: RuleId = RuleId::new("crd/name");

impl Rule for Name {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("name.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let check = |object: &Object| {
            let is_new = old_definition(review, object).is_none();
            let mut findings = check_definition(object);
            findings.extend(metadata::check(ID, object, is_new));
            findings
        };
        definitions(review).flat_map(check).collect()
    }
}

fn check_definition(object: &Object) -> Vec<Finding> {
    let group = field(object, &["spec", "group"]);
    let plural = field(object, &["spec", "names", "plural"]);
    let mut findings = Vec::new();
    if !group.text.contains('.') || !is_subdomain(group.text) {
        findings.push(group.finding(
            "must be a lower-case DNS name with at least one dot",
            "Write a domain that you own, such as `example.org`, and end `metadata.name` with it.",
        ));
    }
    if !is_label_1035(plural.text) {
        findings.push(plural.finding(
            "must be 1 to 63 lower-case letters, digits and `-`, starting with a letter and not ending with `-`",
            "Write the plural of the kind in lower case, such as `canaries`.",
        ));
    }
    if group.text.is_empty() || plural.text.is_empty() {
        return findings;
    }
    let name = field(object, &["metadata", "name"]);
    let expected = format!("{}.{}", plural.text, group.text);
    if name.text != expected {
        let expected = shown(&expected);
        let help = format!("Write `name: {expected}`, or mend `spec.names.plural` and `spec.group`.");
        findings.push(name.finding(&format!("must be plural and group, `{expected}`"), &help));
    } else if expected.len() > 253 {
        findings.push(name.finding("is longer than the 253 characters of a name", "Choose a shorter group."));
    }
    findings
}

/// A field of the definition, and the node to point at: the value, or else its nearest parent.
struct Field<'a> {
    object: &'a Object,
    path: String,
    text: &'a str,
    node: &'a Node,
}

impl Field<'_> {
    fn finding(&self, must: &str, help: &str) -> Finding {
        let message = match self.text {
            "" => format!("`{}` is missing: it {must}.", self.path),
            text => format!("`{}` is `{}`: it {must}.", self.path, shown(text)),
        };
        error(ID, self.object, self.node, message).with_field(self.path.clone()).with_help(help)
    }
}

fn field<'a>(object: &'a Object, path: &[&str]) -> Field<'a> {
    let mut node = &object.node;
    let mut depth = 0;
    while let Some(next) = path.get(depth).and_then(|key| node.get(key)) {
        node = next;
        depth += 1;
    }
    let found = depth == path.len() && !node.is_null();
    let text = if found { node.text().unwrap_or_default() } else { "" };
    Field { object, path: path.join("."), text, node }
}
