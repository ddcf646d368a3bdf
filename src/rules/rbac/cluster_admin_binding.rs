//! Nobody must be bound to cluster-admin.
//!
//! # What
//! Reports a ClusterRoleBinding to the ClusterRole `cluster-admin`, or to any role that allows
//! everything as it does (error), and a RoleBinding to one (warning), and a ClusterRoleBinding to
//! `admin` or `edit` (warning). In `kube-system`, `flux-system` and the like a RoleBinding to any of
//! them is an error, because who has such a namespace has the cluster.
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

use super::judged::JudgedBinding;
use super::power::held_already;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rbac::{PolicyRule, minus};
use crate::rules::{Meta, Prepared, Review, Rule};
use crate::tenancy::Rights;

/// `rbac/cluster-admin-binding`.
#[derive(Debug)]
pub struct ClusterAdminBinding;

const ID: RuleId = RuleId::new("rbac/cluster-admin-binding");

impl Rule for ClusterAdminBinding {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("cluster_admin_binding.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let judged = &prepared.roles;
            let rights = prepared.rights(review);
            let found = |binding: &JudgedBinding<'_>| {
                let (gives, finding) = check_binding(rights, binding)?;
                let had = gives == Gives::Everything && binding.had(&rights.before, &everything(), &judged.fuel);
                Some(if had { held_already(finding) } else { finding })
            };
            judged.bindings.iter().filter_map(found).collect()
        })
    }
}

/// What a binding gives, of what this rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gives {
    /// What cluster-admin has.
    Everything,
    /// What `admin` or `edit` has.
    Most,
}

/// Whether this rule reports what a binding gives.
pub(super) fn tells(rights: &Rights, binding: &JudgedBinding<'_>) -> bool {
    gives(rights, binding).is_some()
}

fn everything() -> PolicyRule {
    let star = || vec!["*".to_owned()];
    PolicyRule { verbs: star(), api_groups: star(), resources: star(), ..PolicyRule::default() }
}

fn gives(rights: &Rights, binding: &JudgedBinding<'_>) -> Option<Gives> {
    let role = binding.object.node.get("roleRef")?;
    // A Role of that name is the namespace's own. A missing or misspelt kind stays suspicious.
    let is_role = !binding.is_cluster_wide() && role.get("kind").and_then(Node::text) == Some("Role");
    let all = everything();
    let covers = |rules: &[PolicyRule]| minus([&all], rules).is_empty();
    match role.get("name").and_then(Node::text)? {
        "cluster-admin" if !is_role => Some(Gives::Everything),
        "admin" | "edit" if !is_role && binding.is_full() => Some(Gives::Most),
        _ => {
            let mut parts = binding.applied.iter().flat_map(|applied| rights.after.parts(&applied.role).roles);
            parts.any(|part| covers(&part.rules)).then_some(Gives::Everything)
        }
    }
}

const ONE_ROLE: &str =
    "Bind a ClusterRole with only the rights that are needed, or use a RoleBinding in the team's namespace.";

fn check_binding(rights: &Rights, binding: &JudgedBinding<'_>) -> Option<(Gives, Finding)> {
    let name = binding.role_name()?;
    let gives = gives(rights, binding)?;
    let (severity, message, help) = match (gives, binding.is_cluster_wide(), binding.is_full()) {
        (Gives::Everything, true, _) => {
            (Severity::Error, "This binding gives its subjects everything in every namespace of the cluster.", ONE_ROLE)
        }
        (Gives::Most, true, _) => (
            Severity::Warning,
            "This binding lets its subjects read and change what is in every namespace of the cluster, secrets included.",
            "Use a RoleBinding in the namespaces that are meant.",
        ),
        (_, false, true) => (
            Severity::Error,
            "This binding gives its subjects a namespace of the cluster itself, and with its accounts and secrets the cluster.",
            "Use a RoleBinding in the team's namespace.",
        ),
        (_, false, false) => (
            Severity::Warning,
            "This binding gives its subjects everything in the namespace, also its quota, network policies and roles, which are the admins'.",
            "Write `name: admin`, and bind a small role of your own for what is missing.",
        ),
    };
    Some((gives, binding.finding(ID, severity, ("roleRef.name", name), message).with_help(help)))
}
