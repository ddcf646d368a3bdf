//! A role must not reach the kubelets.
//!
//! # What
//! Reports every verb on `nodes/proxy`.
//!
//! # Why
//! Through `nodes/proxy` one talks to the kubelet itself: it runs commands in every container of the
//! node, and neither admission nor the audit log sees it. `get` does not mean reading only, because a
//! WebSocket is opened by a GET.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["nodes/proxy"], verbs: ["get"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["nodes/metrics", "nodes/stats"], verbs: ["get"]}
//! ```

use super::power::{self, CORE, Names, Power};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/nodes-proxy`.
#[derive(Debug)]
pub struct NodesProxy;

const ID: RuleId = RuleId::new("rbac/nodes-proxy");

impl Rule for NodesProxy {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("nodes_proxy.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        power::check(review, ID, POWERS)
    }
}

/// What is found.
pub(super) const POWERS: &[Power<'_>] = &[Power {
    effect: "run commands in every container of every node, which `get` is enough for",
    remedy: "Remove `nodes/proxy`; metrics need `nodes/metrics` and `nodes/stats`.",
    names: Names::Same,
    ..Power::cluster(&["get", "create", "update", "patch", "delete"], CORE, &["nodes/proxy"])
}];
