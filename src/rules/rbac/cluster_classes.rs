//! A role must not change the classes that everybody uses.
//!
//! # What
//! Reports rules that allow writing PriorityClasses, RuntimeClasses, StorageClasses, CSIDrivers,
//! IngressClasses, DeviceClasses, ClusterTrustBundles, FlowSchemas and PriorityLevelConfigurations.
//!
//! # Why
//! These objects are everybody's. A higher priority drives the pods of others off their nodes, a
//! storage class decides where data is kept, a trust bundle who is trusted, a flow schema whose
//! requests are answered.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["scheduling.k8s.io"], resources: ["priorityclasses"], verbs: ["create"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["scheduling.k8s.io"], resources: ["priorityclasses"], verbs: ["get", "list"]}
//! ```

use super::power::{self, Power, WRITE};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/cluster-classes`.
#[derive(Debug)]
pub struct ClusterClasses;

const ID: RuleId = RuleId::new("rbac/cluster-classes");

impl Rule for ClusterClasses {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("cluster_classes.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    danger: Severity::Warning,
    effect: "change what the pods of every team rely on",
    remedy: "Keep get, list and watch, and put the objects into this repository.",
    ..Power::cluster(
        WRITE,
        &[
            "scheduling.k8s.io",
            "node.k8s.io",
            "storage.k8s.io",
            "networking.k8s.io",
            "resource.k8s.io",
            "certificates.k8s.io",
            "flowcontrol.apiserver.k8s.io",
        ],
        &[
            "priorityclasses",
            "runtimeclasses",
            "storageclasses",
            "csidrivers",
            "ingressclasses",
            "deviceclasses",
            "clustertrustbundles",
            "flowschemas",
            "prioritylevelconfigurations",
        ],
    )
}];
