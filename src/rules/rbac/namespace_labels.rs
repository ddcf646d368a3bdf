//! A role must not change the labels of namespaces.
//!
//! # What
//! Reports rules that allow updating or patching Namespaces. Where `resourceNames` names them it is a
//! warning.
//!
//! # Why
//! Labels of a namespace decide which pods Pod Security lets in, which network policies and webhooks
//! hold there, and whose it is: Flux marks a tenant's namespaces by one.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["namespaces"], verbs: ["patch"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "watch"]}
//! ```

use super::power::{self, CHANGE, CORE, Power};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/namespace-labels`.
#[derive(Debug)]
pub struct NamespaceLabels;

const ID: RuleId = RuleId::new("rbac/namespace-labels");

impl Rule for NamespaceLabels {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("namespace_labels.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    effect: "take Pod Security and other limits off a namespace by changing its labels",
    remedy: "Keep get, list and watch.",
    ..Power::namespaced(CHANGE, CORE, &["namespaces"])
}];
