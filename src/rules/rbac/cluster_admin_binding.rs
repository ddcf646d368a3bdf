//! Nobody must be bound to cluster-admin.
//!
//! # What
//! Reports a ClusterRoleBinding to the ClusterRole `cluster-admin` (error) and a RoleBinding to it
//! (warning), and a ClusterRoleBinding to `admin` or `edit` (warning).
//!
//! # Why
//! A ClusterRoleBinding to cluster-admin gives everything in every namespace, the other teams'
//! included. A RoleBinding gives everything in one namespace, which is more than a team needs: it
//! also removes the quota, the network policies and the roles that the admins put there. The role
//! `admin` leaves those to them. Bound for the whole cluster, `admin` and `edit` let their subjects
//! read the secrets of every team and run as any service account.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRoleBinding
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
//! ```
//!
//! # Good
//! ```yaml
//! kind: RoleBinding
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
//! ```

use super::objects;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
use crate::rules::{Meta, Review, Rule};

/// `rbac/cluster-admin-binding`.
#[derive(Debug)]
pub struct ClusterAdminBinding;

const ID: RuleId = RuleId::new("rbac/cluster-admin-binding");

impl Rule for ClusterAdminBinding {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("cluster_admin_binding.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        objects(review, &["ClusterRoleBinding", "RoleBinding"]).filter_map(check_binding).collect()
    }
}

fn check_binding(object: &Object) -> Option<Finding> {
    let role = object.node.get("roleRef")?;
    let name = role.get("name")?;
    let cluster_wide = object.kind == "ClusterRoleBinding";
    match name.text()? {
        "cluster-admin" => {}
        "admin" | "edit" if cluster_wide => return Some(whole_cluster(object, name)),
        _ => return None,
    }
    // A Role of that name is the namespace's own. A missing or misspelt kind stays suspicious.
    if !cluster_wide && role.get("kind").and_then(Node::text) == Some("Role") {
        return None;
    }
    let (severity, message, help) = if cluster_wide {
        (
            Severity::Error,
            "This binding gives its subjects everything in every namespace of the cluster.",
            "Bind a ClusterRole with only the rights that are needed, or use a RoleBinding in the team's namespace.",
        )
    } else {
        (
            Severity::Warning,
            "This binding gives its subjects everything in the namespace, also its quota, network policies and roles, which are the admins'.",
            "Write `name: admin`, and bind a small role of your own for what is missing.",
        )
    };
    let finding = Finding::new(ID, severity, object.location(name), message).with_object(object.reference());
    Some(finding.with_field("roleRef.name").with_help(help))
}

fn whole_cluster(object: &Object, name: &Node) -> Finding {
    let message =
        "This binding lets its subjects read and change what is in every namespace of the cluster, secrets included.";
    Finding::new(ID, Severity::Warning, object.location(name), message)
        .with_object(object.reference())
        .with_field("roleRef.name")
        .with_help("Use a RoleBinding in the namespaces that are meant.")
}
