//! A role must not change the definitions of custom resources.
//!
//! # What
//! Reports rules that allow creating, changing or deleting CustomResourceDefinitions. Where
//! `resourceNames` names them it is a warning.
//!
//! # Why
//! With a definition go all of its objects, in every namespace: delete one of Flux's and everything
//! that Flux applied may follow. A conversion webhook in a definition reads and changes every object of
//! its kind.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: ["create", "delete"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: ["get", "list", "watch"]}
//! ```

use super::power::{self, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/write-definitions`.
#[derive(Debug)]
pub struct WriteDefinitions;

const ID: RuleId = RuleId::new("rbac/write-definitions");

impl Rule for WriteDefinitions {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("write_definitions.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    effect: "delete every object of a kind with its definition, or read and change them by a conversion webhook",
    remedy: "Keep get, list and watch, and put the definitions into this repository.",
    ..Power::cluster(WRITE, &["apiextensions.k8s.io"], &["customresourcedefinitions"])
}];
