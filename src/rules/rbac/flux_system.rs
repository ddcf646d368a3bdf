//! Nobody but Flux has anything to do in Flux's namespace.
//!
//! # What
//! Reports RoleBindings in `flux-system` (error) and Roles there (warning), and bindings of more rights
//! to a service account of `flux-system` (error). Those of Flux's own installation are not reported as
//! long as they are what Flux has.
//!
//! # Why
//! In `flux-system` lie the keys to the admin repository, and Flux's controllers run there with the
//! rights of cluster-admin. Who may change anything in it, or use one of its accounts, has the cluster.
//!
//! # Bad
//! ```yaml
//! kind: RoleBinding
//! metadata: {name: helpers, namespace: flux-system}
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
//! ```
//!
//! # Good
//! ```yaml
//! kind: RoleBinding
//! metadata: {name: helpers, namespace: team1}
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
//! ```

use super::entry::listed;
use super::judged::{JudgedBinding, JudgedRole};
use super::power::held_already;
use crate::finding::{Finding, RuleId, Severity};
use crate::rbac::Subject;
use crate::rules::{Meta, Prepared, Review, Rule};

/// `rbac/flux-system`.
#[derive(Debug)]
pub struct FluxSystem;

const ID: RuleId = RuleId::new("rbac/flux-system");

const NAMESPACE: &str = "flux-system";

impl Rule for FluxSystem {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("flux_system.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let judged = &prepared.roles;
            let mut findings: Vec<Finding> = judged.roles.iter().filter_map(check_role).collect();
            for binding in &judged.bindings {
                let rights = prepared.rights(review);
                let parts = binding.applied.iter().map(|applied| rights.after.parts(&applied.role));
                let rules: Vec<_> = parts.flat_map(|parts| parts.roles).flat_map(|role| &role.rules).collect();
                let had = !rules.is_empty() && rules.iter().all(|rule| binding.had(&rights.before, rule, &judged.fuel));
                let found = check_binding(binding);
                findings.extend(found.into_iter().map(|one| if had { held_already(one) } else { one }));
            }
            findings
        })
    }
}

fn check_role(role: &JudgedRole<'_>) -> Option<Finding> {
    let is_there = role.applied.iter().any(|applied| applied.key.scope.namespace() == Some(NAMESPACE));
    let node = role.object.node.nearest(&["metadata", "namespace"]);
    is_there.then(|| {
        let message = "This Role gives rights in Flux's own namespace, where the keys to this repository lie.";
        role.finding(ID, Severity::Warning, ("metadata.namespace", node), message)
            .with_help("Move it to the namespace of those who need it.")
    })
}

fn check_binding(binding: &JudgedBinding<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if binding.namespaces().any(|namespace| namespace == NAMESPACE) {
        let node = binding.object.node.nearest(&["metadata", "namespace"]);
        let message = "This binding gives rights in Flux's own namespace, whose controllers have the whole cluster.";
        let finding = binding.finding(ID, Severity::Error, ("metadata.namespace", node), message);
        findings.push(finding.with_help("Move it to the namespace of those who need it."));
    }
    let own = binding.subjects().into_iter().filter_map(|(field, node, subject)| match subject {
        Subject::ServiceAccount { namespace, name } if namespace == NAMESPACE => Some((field, node, name)),
        _ => None,
    });
    let own: Vec<_> = own.collect();
    if let Some((field, node, _)) = own.first() {
        let names: Vec<&str> = own.iter().map(|(_, _, name)| name.as_str()).collect();
        let message = format!("This gives more rights to {} of Flux's own namespace.", listed(&names));
        let help =
            "Make an account in the namespace of those who need the rights, and name it in `spec.serviceAccountName`.";
        findings.push(binding.finding(ID, Severity::Error, (field, node), message).with_help(help));
    }
    findings
}
