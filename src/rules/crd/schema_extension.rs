//! The x-kubernetes words of a schema must fit together.
//!
//! # What
//! Reports `x-kubernetes-preserve-unknown-fields: false`, and `x-kubernetes-int-or-string: true` together with
//! `x-kubernetes-preserve-unknown-fields: true` or `x-kubernetes-embedded-resource: true`.
//!
//! # Why
//! Unknown fields are either kept or, if nothing is said, dropped: `false` is no value of this word. A number or a text
//! has no fields. The API server refuses a definition with either.
//!
//! # Bad
//! ```yaml
//! spec: {type: object, x-kubernetes-preserve-unknown-fields: false}
//! ```
//!
//! # Good
//! ```yaml
//! spec: {type: object}
//! ```

use super::schemas::{Root, called, each};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule};
use crate::schema::Visit;

/// `crd/schema-extension`.
#[derive(Debug)]
pub struct SchemaExtension;

const ID: RuleId = RuleId::new("crd/schema-extension");

impl Rule for SchemaExtension {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("schema_extension.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each(review, look)
    }
}

pub(super) fn look(root: &Root<'_>, at: &Visit<'_>, found: &mut Vec<Finding>) {
    let here = called(at);
    let preserve = at.schema.get("x-kubernetes-preserve-unknown-fields");
    if let Some(node) = preserve.filter(|node| node.as_bool() == Some(false)) {
        let message = format!(
            "The schema of {here} says `x-kubernetes-preserve-unknown-fields: false`, which is no value of it."
        );
        let path = format!("{}.x-kubernetes-preserve-unknown-fields", at.path);
        found.push(root.error(ID, node, path, message).with_help("Remove it: unknown fields are dropped without it."));
    }
    if !at.schema.is_int_or_string() || at.place.joined || root.is_old_fashioned() {
        return;
    }
    for key in ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] {
        let Some(node) = at.schema.get(key).filter(|node| Node::as_bool(node) == Some(true)) else { continue };
        let message = format!(
            "The schema of {here} has `{key}`, but also `x-kubernetes-int-or-string`: a number or a text has no fields."
        );
        found.push(root.error(ID, node, format!("{}.{key}", at.path), message).with_help("Remove one of the two."));
    }
}
