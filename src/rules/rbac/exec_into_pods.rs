//! A role must not let its holders into other people's pods.
//!
//! # What
//! Reports rules that allow `create` or `get` on `pods/exec` and `pods/attach`, changing
//! `pods/ephemeralcontainers`, and, as a warning, `pods/portforward`, `pods/proxy` and
//! `services/proxy`.
//!
//! # Why
//! A shell in a container has the token of its service account and all of its secrets. `get` is enough:
//! the connection may be opened by a WebSocket, which is a GET. Kubernetes asks for `create` as well
//! only since 1.35; Where the configuration says that the cluster is as new, `get` alone is not
//! reported; on the proxies it is enough in every version.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["pods", "pods/exec"], verbs: ["get"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["pods", "pods/log"], verbs: ["get"]}
//! ```

use super::power::{self, CHANGE, CORE, Power};
use crate::finding::{Finding, RuleId, Severity};
use crate::names::KubernetesVersion;
use crate::rules::{Meta, Review, Rule};

/// `rbac/exec-into-pods`.
#[derive(Debug)]
pub struct ExecIntoPods;

const ID: RuleId = RuleId::new("rbac/exec-into-pods");

impl Rule for ExecIntoPods {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("exec_into_pods.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let is_get_enough = review.kubernetes.is_none_or(|version| version < GET_IS_NOT_ENOUGH);
        let count = if is_get_enough { POWERS.len() } else { POWERS.len() - 1 };
        power::check(review, ID, &POWERS[..count])
    }
}

/// From here on a WebSocket to a pod needs `create` as well (feature `AuthorizePodWebsocketUpgradeCreatePermission`,
/// kubernetes/kubernetes, pkg/features/kube_features.go).
const GET_IS_NOT_ENOUGH: KubernetesVersion = KubernetesVersion::new(35);

/// What is found; the last one is that `get` is enough.
pub(super) const POWERS: &[Power<'_>] = &[
    Power {
        effect: "run commands in the pods of others, with their accounts and secrets",
        remedy: "Remove the subresource; `pods/log` is what reading needs.",
        ..Power::namespaced(&["create"], CORE, &["pods/exec", "pods/attach"])
    },
    Power {
        effect: "put containers of their own into the pods of others, with their accounts and secrets",
        remedy: "Remove `pods/ephemeralcontainers`.",
        ..Power::namespaced(CHANGE, CORE, &["pods/ephemeralcontainers"])
    },
    Power {
        danger: Severity::Warning,
        effect: "reach what listens in pods, past network policies",
        remedy: "Remove the subresource.",
        ..Power::namespaced(
            &["create", "get", "update", "patch", "delete"],
            CORE,
            &["pods/portforward", "pods/proxy", "services/proxy"],
        )
    },
    Power {
        effect: "run commands in the pods of others, with their accounts and secrets",
        remedy: "Remove the subresource; `pods/log` is what reading needs.",
        ..Power::namespaced(&["get"], CORE, &["pods/exec", "pods/attach"])
    },
];
