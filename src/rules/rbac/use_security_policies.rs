//! A role must not use policies that let pods do everything.
//!
//! # What
//! Reports `use` on SecurityContextConstraints (OpenShift), and as a note on PodSecurityPolicies, which
//! no longer do anything.
//!
//! # Why
//! Who may use a SecurityContextConstraint runs pods as it allows: `privileged` is the node itself.
//! PodSecurityPolicies are gone since Kubernetes 1.25, so a rule about them protects nothing; Pod
//! Security is set by labels of namespaces.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["security.openshift.io"], resources: ["securitycontextconstraints"], verbs: ["use"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - apiGroups: ["security.openshift.io"]
//!     resources: ["securitycontextconstraints"]
//!     resourceNames: ["restricted-v2"]
//!     verbs: ["use"]
//! ```

use super::power::{self, Local, Names, Power};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/use-security-policies`.
#[derive(Debug)]
pub struct UseSecurityPolicies;

const ID: RuleId = RuleId::new("rbac/use-security-policies");

impl Rule for UseSecurityPolicies {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("use_security_policies.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[
    Power {
        danger: Severity::Warning,
        effect: "run pods that may do anything on their nodes",
        remedy: "Name the constraint that is needed in `resourceNames`, not `privileged` and none of `host…`.",
        names: Names::Only(&["privileged", "host", "anyuid", "node-exporter"]),
        local: Local::Same,
        at_verb: true,
        ..Power::namespaced(&["use"], &["security.openshift.io"], &["securitycontextconstraints"])
    },
    Power {
        danger: Severity::Note,
        effect: "use PodSecurityPolicies, which do nothing since Kubernetes 1.25",
        remedy: "Remove the entry, and set Pod Security by labels of the namespaces.",
        names: Names::Same,
        local: Local::Same,
        at_verb: true,
        ..Power::namespaced(&["use"], &["policy", "extensions"], &["podsecuritypolicies"])
    },
];
