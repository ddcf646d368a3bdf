//! A role must not let its holders run pods as other accounts.
//!
//! # What
//! Reports rules that allow creating or changing pods, or what makes pods: Deployments, DaemonSets,
//! StatefulSets, ReplicaSets, ReplicationControllers, Jobs and CronJobs.
//!
//! # Why
//! A pod may use any service account of its namespace and mount any of its secrets, so who can start
//! one has all of that. In every namespace that includes the controllers of Kubernetes and of Flux, and
//! with them the cluster.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["apps"], resources: ["deployments"], verbs: ["create", "patch"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "list", "watch"]}
//! ```

use super::power::{self, PUT, Power};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/run-pods`.
#[derive(Debug)]
pub struct RunPods;

const ID: RuleId = RuleId::new("rbac/run-pods");

impl Rule for RunPods {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("run_pods.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    effect: "run their own code as any service account, and read the secrets that it mounts",
    remedy: "Keep get, list and watch; or bind it in the namespaces that are needed, by RoleBindings.",
    ..Power::namespaced(
        PUT,
        &["", "apps", "batch", "extensions"],
        &[
            "pods",
            "replicationcontrollers",
            "deployments",
            "daemonsets",
            "statefulsets",
            "replicasets",
            "jobs",
            "cronjobs",
        ],
    )
}];
