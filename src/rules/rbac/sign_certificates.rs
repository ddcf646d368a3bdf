//! A role must not let its holders sign certificates.
//!
//! # What
//! Reports rules that allow `approve`, `sign` or `attest` on `signers`, unless `resourceNames` name
//! only signers that are not Kubernetes' own, and rules that allow updating
//! `certificatesigningrequests/approval` or `certificatesigningrequests/status`.
//!
//! # Why
//! A certificate of the signer `kubernetes.io/kube-apiserver-client` is a login to the API server with
//! any name and any group. The verbs on `signers` decide for which signer somebody may approve or sign;
//! updating the approval or the status of a request is the other half.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["certificates.k8s.io"], resources: ["signers"], verbs: ["approve"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - apiGroups: ["certificates.k8s.io"]
//!     resources: ["signers"]
//!     resourceNames: ["example.com/webhooks"]
//!     verbs: ["approve"]
//! ```

use super::power::{self, CHANGE, Names, Power};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/sign-certificates`.
#[derive(Debug)]
pub struct SignCertificates;

const ID: RuleId = RuleId::new("rbac/sign-certificates");

impl Rule for SignCertificates {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("sign_certificates.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[
    Power {
        effect: "get certificates with which they log in as anybody",
        remedy: "Name in `resourceNames` the signers that are needed, none of `kubernetes.io/`.",
        names: Names::Only(&["kubernetes.io/", "*"]),
        ..Power::cluster(&["approve", "sign", "attest"], &["certificates.k8s.io"], &["signers"])
    },
    Power {
        danger: Severity::Warning,
        effect: "approve or fill in certificates, once they may use a signer",
        remedy: "Remove the subresource.",
        ..Power::cluster(
            CHANGE,
            &["certificates.k8s.io"],
            &["certificatesigningrequests/approval", "certificatesigningrequests/status"],
        )
    },
];
