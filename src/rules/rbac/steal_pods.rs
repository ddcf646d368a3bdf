//! A role must not move pods to other nodes.
//!
//! # What
//! Reports rules that allow writing nodes or `nodes/status` (error), evicting and binding pods
//! (`pods/eviction`, `pods/binding`, `bindings`: warning), and changing `pods/status` or
//! `services/status` (note).
//!
//! # Why
//! Who has taken over one node draws pods with strong accounts to it: by taints and labels of the
//! others, by evictions, or by binding pods to it. The status of a pod or of a service decides where
//! traffic goes.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["nodes"], verbs: ["patch"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"]}
//! ```

use super::power::{self, CHANGE, CORE, Local, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/steal-pods`.
#[derive(Debug)]
pub struct StealPods;

const ID: RuleId = RuleId::new("rbac/steal-pods");

impl Rule for StealPods {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("steal_pods.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[
    Power {
        effect: "drive pods from one node to another, to one that they have taken over",
        remedy: "Keep get, list and watch.",
        ..Power::cluster(WRITE, CORE, &["nodes", "nodes/status"])
    },
    Power {
        danger: Severity::Warning,
        effect: "drive pods from one node to another",
        remedy: "Remove the subresource.",
        local: Local::Usual,
        ..Power::namespaced(&["create"], CORE, &["pods/eviction", "pods/binding", "bindings"])
    },
    Power {
        danger: Severity::Note,
        effect: "send traffic elsewhere by what the status says",
        remedy: "Remove the subresource.",
        local: Local::Usual,
        ..Power::namespaced(CHANGE, CORE, &["pods/status", "services/status"])
    },
];
