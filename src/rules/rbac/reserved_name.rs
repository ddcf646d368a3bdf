//! Roles and bindings must keep off the names that Kubernetes and Flux use themselves.
//!
//! # What
//! Reports roles and bindings that take a name of Kubernetes' own (`system:…`, and the ClusterRoles
//! `cluster-admin`, `admin`, `edit` and `view`) without being, word for word, what Kubernetes has under
//! it; as a warning those of Flux's installation, the label `kubernetes.io/bootstrapping` and the
//! annotation `rbac.authorization.kubernetes.io/autoupdate`.
//!
//! # Why
//! A role named `system:…` looks built-in, is exempt from many scanners, and may replace a real one for
//! everybody who is bound to it. The label makes it one of those that others gather; the annotation
//! decides whether the API server repairs it.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! metadata:
//!   name: system:monitoring-agent
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! metadata:
//!   name: monitoring-agent
//! ```

use super::judged::finding;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Object;
use crate::rbac::{self, bootstrap};
use crate::rules::{Meta, Prepared, Review, Rule};

/// `rbac/reserved-name`.
#[derive(Debug)]
pub struct ReservedName;

const ID: RuleId = RuleId::new("rbac/reserved-name");

impl Rule for ReservedName {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("reserved_name.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let judged = &prepared.roles;
            let keys = |role: &rbac::Role| role.key.clone();
            let roles = judged.roles.iter().map(|role| (role.object, role.applied.iter().map(keys).collect()));
            let keys = |binding: &rbac::Binding| binding.key.clone();
            let bindings = judged.bindings.iter().map(|one| (one.object, one.applied.iter().map(keys).collect()));
            roles.chain(bindings).flat_map(|(object, keys): (&Object, Vec<_>)| check(object, &keys)).collect()
        })
    }
}

const BUILT_IN: &[&str] = &["cluster-admin", "admin", "edit", "view"];

fn check(object: &Object, keys: &[rbac::Key]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = check_name(object, keys).into_iter().collect();
    let marks = [
        (
            ["metadata", "labels", "kubernetes.io/bootstrapping"],
            "This label says that Kubernetes brings the object along: roles that gather those take it in.",
            "Remove the label.",
        ),
        (
            ["metadata", "annotations", "rbac.authorization.kubernetes.io/autoupdate"],
            "This annotation decides whether the API server repairs its own roles and bindings; on others it does nothing.",
            "Remove the annotation.",
        ),
    ];
    findings.extend(marks.into_iter().filter_map(|(path, message, help)| {
        let node = object.node.at(&path)?;
        Some(finding(object, (ID, Severity::Warning), (&path.join("."), node), message).with_help(help))
    }));
    findings
}

fn check_name(object: &Object, keys: &[rbac::Key]) -> Option<Finding> {
    let node = object.node.at(&["metadata", "name"])?;
    let is = |name: &dyn Fn(&str) -> bool| keys.iter().any(|key| name(&key.name));
    let is_cluster_role = object.kind == "ClusterRole";
    let (severity, message, help) = if is(&|name| name.starts_with("system:")) {
        (
            Severity::Error,
            "Names that start with `system:` belong to Kubernetes: this one may replace a built-in role or binding.",
            "Choose a name without `system:`.",
        )
    } else if is_cluster_role && is(&|name| BUILT_IN.contains(&name)) {
        (
            Severity::Error,
            "This replaces a ClusterRole that Kubernetes ships, for everybody who is bound to it.",
            "Choose another name; to add rights to it, label a role of your own with `rbac.authorization.k8s.io/aggregate-to-…`.",
        )
    } else if keys.iter().any(|key| is_of_flux(key, object.kind.ends_with("Role"))) {
        (
            Severity::Warning,
            "This is the name of a part of Flux's own installation, with another content than Flux gives it.",
            "Take the file that `flux install --export` writes, or choose another name.",
        )
    } else {
        return None;
    };
    Some(finding(object, (ID, severity), ("metadata.name", node), message).with_help(help))
}

fn is_of_flux(key: &rbac::Key, is_role: bool) -> bool {
    bootstrap::flux().any(|known| match known {
        rbac::Object::Role(role) => is_role && role.key == *key,
        rbac::Object::Binding(binding) => !is_role && binding.key == *key,
    })
}
