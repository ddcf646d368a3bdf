//! A role must not change the admission policies.
//!
//! # What
//! Reports rules that allow creating, changing or deleting ValidatingAdmissionPolicies,
//! MutatingAdmissionPolicies and their bindings. Where `resourceNames` names them it is a warning.
//!
//! # Why
//! These policies decide what may go into the cluster. Without them nothing is refused, and a mutating
//! one changes what others apply.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["admissionregistration.k8s.io"], resources: ["validatingadmissionpolicies"], verbs: ["delete"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["admissionregistration.k8s.io"], resources: ["validatingadmissionpolicies"], verbs: ["get", "list"]}
//! ```

use super::power::{self, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/admission-policies`.
#[derive(Debug)]
pub struct AdmissionPolicies;

const ID: RuleId = RuleId::new("rbac/admission-policies");

impl Rule for AdmissionPolicies {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("admission_policies.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    effect: "switch off what the cluster refuses, or change what others apply",
    remedy: "Keep get, list and watch.",
    ..Power::cluster(
        WRITE,
        &["admissionregistration.k8s.io"],
        &[
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
        ],
    )
}];
