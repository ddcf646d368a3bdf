//! A role for the whole cluster must not delete what cannot be brought back.
//!
//! # What
//! Reports rules that allow `delete` or `deletecollection` on Namespaces, PersistentVolumes,
//! PersistentVolumeClaims and traces (`events`, `pods/log`), where they hold in every namespace or in
//! one of the cluster's own.
//!
//! # Why
//! With a namespace goes everything in it, with a claim its data. Events and logs are what tells
//! afterwards who did it.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["namespaces"], verbs: ["delete"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "watch"]}
//! ```

use super::power::{self, CORE, DELETE, Local, Power};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/destroy`.
#[derive(Debug)]
pub struct Destroy;

const ID: RuleId = RuleId::new("rbac/destroy");

impl Rule for Destroy {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("destroy.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[
    Power {
        danger: Severity::Warning,
        effect: "delete the data of every team for good",
        remedy: "Remove the verb, or bind it in the namespaces that are needed, by RoleBindings.",
        local: Local::Usual,
        ..Power::namespaced(DELETE, CORE, &["namespaces", "persistentvolumes", "persistentvolumeclaims"])
    },
    Power {
        danger: Severity::Warning,
        effect: "take away the traces of what they did",
        remedy: "Remove the verb.",
        local: Local::Usual,
        ..Power::namespaced(DELETE, &["", "events.k8s.io"], &["events", "pods/log"])
    },
];
