//! A role must not change the admission webhooks.
//!
//! # What
//! Reports rules that allow creating, changing or deleting ValidatingWebhookConfigurations and
//! MutatingWebhookConfigurations. Where `resourceNames` names them it is a warning.
//!
//! # Why
//! A webhook sees every object that goes into the cluster, the content of secrets included, and a
//! mutating one changes it. Who deletes one switches off what it checks, Gatekeeper for example.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["admissionregistration.k8s.io"], resources: ["mutatingwebhookconfigurations"], verbs: ["create"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - apiGroups: ["admissionregistration.k8s.io"]
//!     resources: ["mutatingwebhookconfigurations"]
//!     verbs: ["get", "list", "watch"]
//! ```

use super::power::{self, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/admission-webhooks`.
#[derive(Debug)]
pub struct AdmissionWebhooks;

const ID: RuleId = RuleId::new("rbac/admission-webhooks");

impl Rule for AdmissionWebhooks {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("admission_webhooks.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    effect: "read and change every object on its way into the cluster, or switch its checks off",
    remedy: "Keep get, list and watch, and name the webhook that is its own in `resourceNames` of another entry.",
    ..Power::cluster(
        WRITE,
        &["admissionregistration.k8s.io"],
        &["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
    )
}];
