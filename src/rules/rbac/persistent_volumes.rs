//! A role must not make PersistentVolumes.
//!
//! # What
//! Reports rules that allow creating PersistentVolumes.
//!
//! # Why
//! A PersistentVolume may be a directory of a node (`hostPath`). Pod Security does not see that: it
//! forbids the same directory in a pod, but not a claim of a volume that has it. With the right
//! directory the node is taken over.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["persistentvolumes"], verbs: ["create"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: ["create"]}
//! ```

use super::power::{self, CORE, Power};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/persistent-volumes`.
#[derive(Debug)]
pub struct PersistentVolumes;

const ID: RuleId = RuleId::new("rbac/persistent-volumes");

impl Rule for PersistentVolumes {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("persistent_volumes.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    effect: "mount any directory of a node, past Pod Security, and so take nodes over",
    remedy: "Remove `create`; claims (`persistentvolumeclaims`) are enough where a storage class provides volumes.",
    ..Power::cluster(&["create"], CORE, &["persistentvolumes"])
}];
