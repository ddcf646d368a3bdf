//! A role must not change which server answers for an API.
//!
//! # What
//! Reports rules that allow creating, changing or deleting APIServices. Where `resourceNames` names
//! them it is a warning.
//!
//! # Why
//! An APIService sends all requests for an API group to a server that it names: who writes one reads
//! and answers them, with the identity of everybody who asks.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["apiregistration.k8s.io"], resources: ["apiservices"], verbs: ["patch"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["apiregistration.k8s.io"], resources: ["apiservices"], verbs: ["get", "list", "watch"]}
//! ```

use super::power::{self, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/api-services`.
#[derive(Debug)]
pub struct ApiServices;

const ID: RuleId = RuleId::new("rbac/api-services");

impl Rule for ApiServices {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("api_services.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    effect: "answer requests for an API group in place of the cluster",
    remedy: "Keep get, list and watch.",
    ..Power::cluster(WRITE, &["apiregistration.k8s.io"], &["apiservices"])
}];
