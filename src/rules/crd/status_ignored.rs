//! The status in the manifest of a CustomResourceDefinition does nothing.
//!
//! # What
//! Reports a CustomResourceDefinition whose `status` says something. The empty status that older generators
//! write is left alone.
//!
//! # Why
//! The API server takes nothing of it: accepted names, conditions and stored versions are its own. A status
//! in Git is nearly always an object copied out of a cluster, and what else was copied deserves a look.
//!
//! # Bad
//! ```yaml
//! status:
//!   storedVersions: [v1alpha1, v1]
//! ```
//!
//! # Good
//! ```yaml
//! metadata: {name: widgets.example.org}
//! spec: {group: example.org}
//! ```

use super::current;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Scalar, Value};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Definition;

/// `crd/status-ignored`.
#[derive(Debug)]
pub struct StatusIgnored;

const ID: RuleId = RuleId::new("crd/status-ignored");

impl Rule for StatusIgnored {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Note, source: include_str!("status_ignored.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        current(review).filter_map(check_definition).collect()
    }
}

fn check_definition(definition: Definition<'_>) -> Option<Finding> {
    let object = definition.object;
    let status = object.node.get("status").filter(|status| says_something(status))?;
    let message = "The API server ignores the status of a manifest; it keeps its own.";
    let finding = Finding::new(ID, Severity::Note, object.location(status), message).with_object(object.reference());
    Some(finding.with_field("status").with_help("Remove `status`."))
}

fn says_something(node: &Node) -> bool {
    match &node.value {
        Value::Mapping(entries) => entries.iter().any(|(_, value)| says_something(value)),
        Value::Sequence(items) => items.iter().any(says_something),
        Value::Scalar { value: Scalar::Null, .. } => false,
        Value::Scalar { text, .. } => !text.is_empty(),
    }
}
