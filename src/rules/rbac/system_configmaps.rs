//! A role must not change the cluster's own ConfigMaps.
//!
//! # What
//! Reports rules that allow writing ConfigMaps in `kube-system`: those of a ClusterRole that holds in
//! every namespace, and those of a Role there. Where `resourceNames` is written, only the names of the
//! cluster's own count.
//!
//! # Why
//! In `kube-system` ConfigMaps decide who may log in (`aws-auth` on EKS), where names lead (`coredns`),
//! and whom the API server trusts as a proxy (`extension-apiserver-authentication`).
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["configmaps"], verbs: ["create", "update"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: Role
//! rules:
//!   - {apiGroups: [""], resources: ["configmaps"], verbs: ["create", "update"]}
//! ```

use super::power::{self, CORE, Local, Names, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/system-configmaps`.
#[derive(Debug)]
pub struct SystemConfigmaps;

const ID: RuleId = RuleId::new("rbac/system-configmaps");

impl Rule for SystemConfigmaps {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("system_configmaps.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// Those that Kubernetes, kubeadm and EKS have in `kube-system`.
const OWN: &[&str] =
    &["aws-auth", "cluster-info", "coredns", "extension-apiserver-authentication", "kube", "kubelet-config"];

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    danger: Severity::Warning,
    effect: "change how the cluster works, by ConfigMaps in kube-system such as coredns and aws-auth",
    remedy: "Use a Role in the namespace that is meant, or name the ConfigMaps in `resourceNames`.",
    names: Names::Only(OWN),
    local: Local::Only("kube-system"),
    ..Power::namespaced(WRITE, CORE, &["configmaps"])
}];
