//! A binding must give a role that is there.
//!
//! # What
//! Reports bindings to a role that is neither in the repository nor one that Kubernetes or Flux has by
//! itself. In a team's repository only Roles are looked for, because ClusterRoles are the admins'.
//!
//! # Why
//! Such a binding gives nothing today. It gives whatever somebody will write into a role of that name,
//! and nobody looks at the binding then. A role that a Helm chart or an operator makes is not known
//! here: an exception in the policy says so.
//!
//! # Bad
//! ```yaml
//! kind: RoleBinding
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: comes-later}
//! ```
//!
//! # Good
//! ```yaml
//! kind: RoleBinding
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
//! ```

use super::judged::JudgedBinding;
use crate::finding::{Finding, RuleId, Severity};
use crate::rbac;
use crate::rules::{Meta, Prepared, Review, Rule, Scope, shown};
use crate::tenancy::Rights;

/// `rbac/missing-role`.
#[derive(Debug)]
pub struct MissingRole;

const ID: RuleId = RuleId::new("rbac/missing-role");

impl Rule for MissingRole {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("missing_role.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let bindings = &prepared.roles.bindings;
            bindings.iter().filter_map(|binding| check(review, prepared.rights(review), binding)).collect()
        })
    }
}

fn check(review: &Review<'_>, rights: &Rights, binding: &JudgedBinding<'_>) -> Option<Finding> {
    let node = binding.role_name().filter(|_| binding.is_whole)?;
    let is_missing = |key: &rbac::Key| rights.after.roles(key).is_empty();
    let missing = binding.applied.iter().map(|applied| &applied.role).find(|key| is_missing(key))?;
    let is_cluster_role = missing.scope == rbac::Scope::Cluster;
    let is_elsewhere = is_cluster_role && matches!(review.scope, Scope::Team(_));
    // What `rbac/invalid` reports is nothing to look for.
    let is_invalid = missing.name.is_empty() || binding.is_cluster_wide() && !is_cluster_role;
    if is_elsewhere || is_invalid {
        return None;
    }
    let kind = if is_cluster_role { "ClusterRole" } else { "Role" };
    let message = format!(
        "There is no {kind} `{}` in this repository: whoever makes it later decides what this binding gives.",
        shown(&missing.name)
    );
    let help = "Add the role in the same change, or correct the name.";
    Some(binding.finding(ID, Severity::Warning, ("roleRef.name", node), message).with_help(help))
}
