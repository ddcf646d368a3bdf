//! A role for the whole cluster must not redirect traffic.
//!
//! # What
//! Reports rules that allow writing Services, Endpoints, EndpointSlices, Ingresses and NetworkPolicies
//! in every namespace or in one of the cluster's own. In a team's namespaces that is usual, and not
//! reported.
//!
//! # Why
//! Who changes them sends the requests of others to pods of their own, with passwords and tokens, or
//! opens what a network policy closes.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["update"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: Role
//! rules:
//!   - {apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["update"]}
//! ```

use super::power::{self, Local, PUT, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/redirect-traffic`.
#[derive(Debug)]
pub struct RedirectTraffic;

const ID: RuleId = RuleId::new("rbac/redirect-traffic");

impl Rule for RedirectTraffic {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("redirect_traffic.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[
    Power {
        danger: Severity::Warning,
        effect: "send the traffic of others to pods of their own",
        remedy: "Bind it in the namespaces that are needed, by RoleBindings.",
        local: Local::Usual,
        ..Power::namespaced(
            PUT,
            &["", "discovery.k8s.io", "networking.k8s.io", "extensions"],
            &["services", "endpoints", "endpointslices", "ingresses"],
        )
    },
    Power {
        danger: Severity::Warning,
        effect: "open what network policies close",
        remedy: "Bind it in the namespaces that are needed, by RoleBindings.",
        local: Local::Usual,
        ..Power::namespaced(WRITE, &["networking.k8s.io", "extensions"], &["networkpolicies"])
    },
];
