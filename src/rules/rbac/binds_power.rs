//! A binding must not give a dangerous role to others.
//!
//! # What
//! Reports new and changed bindings to a role that is no part of the change and lets its holders do
//! what the rules about single rights call an error: for the whole cluster, or in a namespace of the
//! cluster's own. The worst is named. Bindings to `cluster-admin`, `admin` and `edit` are reported by
//! `rbac/cluster-admin-binding`.
//!
//! # Why
//! A role that was accepted for one controller is not harmless in other hands. Nobody looks at the role
//! when only a binding changes.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRoleBinding
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads-all-secrets}
//! subjects:
//!   - {kind: ServiceAccount, namespace: team1, name: app}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRoleBinding
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads-nodes}
//! subjects:
//!   - {kind: ServiceAccount, namespace: team1, name: app}
//! ```

use super::judged::{Judged, JudgedBinding};
use super::power::{Local, Power, held_already};
use super::powerful_kinds::OwnKinds;
use super::{cluster_admin_binding, powers};
use crate::finding::{Finding, RuleId, Severity};
use crate::rbac::PolicyRule;
use crate::rules::{Meta, Prepared, Review, Rule, shown};
use crate::tenancy::Rights;

/// `rbac/binds-power`.
#[derive(Debug)]
pub struct BindsPower;

const ID: RuleId = RuleId::new("rbac/binds-power");

impl Rule for BindsPower {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("binds_power.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let own = OwnKinds::of(review);
        let own = own.powers();
        Prepared::with(review, |prepared| {
            let judged = &prepared.roles;
            let rights = || prepared.rights(review);
            judged.bindings.iter().filter_map(|binding| check(&own, rights(), judged, binding)).collect()
        })
    }
}

fn check(own: &[Power<'_>], rights: &Rights, judged: &Judged<'_>, binding: &JudgedBinding<'_>) -> Option<Finding> {
    let node = binding.role_name()?;
    if !binding.is_full() || cluster_admin_binding::tells(rights, binding) {
        return None;
    }
    let role = binding.applied.iter().map(|applied| &applied.role).find(|role| !judged.has_role(role))?;
    let rules: Vec<&PolicyRule> = rights
        .after
        .parts(role)
        .roles
        .into_iter()
        .filter(|part| !judged.has_role(&part.key))
        .flat_map(|part| &part.rules)
        .collect();
    let mut found = powers::all(own, rules.iter().copied());
    found.retain(|power| {
        power.danger == Severity::Error && (binding.is_cluster_wide() || power.local != Local::Nothing)
    });
    let worst = found.first()?;
    let more = match found.len() - 1 {
        0 => String::new(),
        1 => ", and one thing more of this kind".to_owned(),
        more => format!(", and {more} things more of this kind"),
    };
    let message = format!("With the role `{}` one can {}{more}.", shown(&role.name), worst.effect);
    let finding = binding.finding(ID, Severity::Error, ("roleRef.name", node), message).with_help(
        "Give a role with only what is needed, or bind it in the namespaces that are needed, by RoleBindings.",
    );
    let had = rules.iter().all(|rule| binding.had(&rights.before, rule, &judged.fuel));
    Some(if had { held_already(finding) } else { finding })
}
