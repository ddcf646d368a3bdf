//! Roles and bindings must be such that Kubernetes takes them.
//!
//! # What
//! Reports entries without verbs, API groups or resources, entries for paths in a Role or mixed with
//! resources, an `aggregationRule` without selectors, a `roleRef` or a subject with a wrong kind or API
//! group or without a name, a service account without a namespace in a ClusterRoleBinding, and a
//! `roleRef` that changes.
//!
//! # Why
//! Kubernetes refuses such an object, and then Flux applies nothing of its whole Kustomization. A
//! `roleRef` cannot be changed at all: the binding has to be deleted and made anew.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRoleBinding
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
//! subjects:
//!   - {kind: ServiceAccount, name: app}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRoleBinding
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
//! subjects:
//!   - {kind: ServiceAccount, namespace: team1, name: app}
//! ```

use std::collections::BTreeMap;

use super::entry::{Entry, one_or_many};
use super::judged::finding;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
use crate::rbac::read::GROUP;
use crate::rules::{Meta, Review, Rule, shown};

/// `rbac/invalid`.
#[derive(Debug)]
pub struct Invalid;

const ID: RuleId = RuleId::new("rbac/invalid");

impl Rule for Invalid {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("invalid.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let old: BTreeMap<_, _> = review.old_objects().filter(is_binding).map(|old| (id(old), old)).collect();
        let objects = review.objects().filter(|object| object.group() == GROUP);
        // A patch may yet add what is missing, and what is a patch itself is not whole.
        let whole = objects.filter(|one| review.holds_whole_objects(&one.file) && !review.may_be_patched(&one.file));
        whole
            .flat_map(|object| match object.kind.as_str() {
                "Role" | "ClusterRole" => check_role(object),
                "RoleBinding" | "ClusterRoleBinding" => check_binding(object, old.get(&id(object)).copied()),
                _ => Vec::new(),
            })
            .collect()
    }
}

fn is_binding(object: &&Object) -> bool {
    object.group() == GROUP && object.kind.ends_with("Binding")
}

fn id(object: &Object) -> (&str, Option<&str>, &str) {
    (&object.kind, object.namespace.as_deref(), &object.name)
}

fn error(object: &Object, field: &str, node: &Node, message: &str, help: &str) -> Finding {
    finding(object, (ID, Severity::Error), (field, node), message).with_help(help)
}

/// Source: kubernetes/kubernetes, pkg/apis/rbac/validation/validation.go.
fn check_role(object: &Object) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Entry::all(object).iter().flat_map(|entry| check_entry(object, entry)).collect();
    let aggregation = object.node.get("aggregationRule").filter(|node| !node.is_null() && object.kind == "ClusterRole");
    if let Some(node) =
        aggregation.filter(|node| node.get("clusterRoleSelectors").is_none_or(|list| one_or_many(list).is_empty()))
    {
        let message = "An `aggregationRule` needs at least one selector.";
        findings.push(error(
            object,
            "aggregationRule",
            node,
            message,
            "Add a selector, or remove the `aggregationRule`.",
        ));
    }
    findings
}

fn check_entry(object: &Object, entry: &Entry<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |field: &str, message: &str, help: &str| {
        let node = entry.node.nearest(&[field]);
        findings.push(error(object, &format!("rules[{}].{field}", entry.index), node, message, help));
    };
    if entry.verbs.is_empty() && is_written(entry.node, "verbs") {
        say("verbs", "An entry needs at least one verb.", "Write the verbs that are needed, or remove the entry.");
    }
    if !entry.urls.is_empty() {
        if object.kind == "Role" {
            say(
                "nonResourceURLs",
                "A Role cannot give paths, which are in no namespace.",
                "Move the entry to a ClusterRole.",
            );
        }
        if !entry.groups.is_empty() || !entry.resources.is_empty() || !entry.names.is_empty() {
            let help = "Make two entries, one for the paths and one for the resources.";
            say("nonResourceURLs", "An entry is either for paths or for resources.", help);
        }
        return findings;
    }
    if entry.groups.is_empty() {
        let help = "Write the API groups that are meant; the core group is `\"\"`.";
        say("apiGroups", "An entry for resources needs at least one API group.", help);
    }
    if entry.resources.is_empty() {
        say(
            "resources",
            "An entry needs at least one resource.",
            "Write the resources that are needed, or remove the entry.",
        );
    }
    findings
}

/// What has to be written and is not is reported by `object/invalid`.
fn is_written(node: &Node, field: &str) -> bool {
    node.get(field).is_some_and(|value| !value.is_null())
}

fn text<'a>(node: &'a Node, field: &str) -> &'a str {
    node.get(field).and_then(Node::text).unwrap_or_default()
}

fn check_binding(object: &Object, old: Option<&Object>) -> Vec<Finding> {
    let cluster_wide = object.kind == "ClusterRoleBinding";
    let mut findings = Vec::new();
    let role = object.node.nearest(&["roleRef"]);
    let (group, kind, name) = (text(role, "apiGroup"), text(role, "kind"), text(role, "name"));
    if !group.is_empty() && group != GROUP {
        let message = format!("`{}` is not the API group of roles.", shown(group));
        findings.push(error(
            object,
            "roleRef.apiGroup",
            role.nearest(&["apiGroup"]),
            &message,
            "Write `apiGroup: rbac.authorization.k8s.io`.",
        ));
    }
    if is_written(role, "kind") && kind != "ClusterRole" && (cluster_wide || kind != "Role") {
        let (message, help) = match cluster_wide {
            true => ("A ClusterRoleBinding gives a ClusterRole and nothing else.", "Write `kind: ClusterRole`."),
            false => ("A RoleBinding gives a Role or a ClusterRole.", "Write `kind: Role` or `kind: ClusterRole`."),
        };
        findings.push(error(object, "roleRef.kind", role.nearest(&["kind"]), message, help));
    }
    if is_written(role, "name") && (name.is_empty() || [".", ".."].contains(&name) || name.contains(['/', '%'])) {
        let message = "The name of the role is missing, or none that an object can have.";
        findings.push(error(object, "roleRef.name", role.nearest(&["name"]), message, "Write the name of a role."));
    }
    let subjects = object.node.get("subjects").map(one_or_many).unwrap_or_default();
    findings.extend(subjects.into_iter().enumerate().flat_map(|subject| check_subject(object, cluster_wide, subject)));
    findings.extend(old.and_then(|old| changed_role(object, role, old)));
    findings
}

fn check_subject(object: &Object, cluster_wide: bool, (index, subject): (usize, &Node)) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |field: &str, message: &str, help: &str| {
        findings.push(error(object, &format!("subjects[{index}].{field}"), subject.nearest(&[field]), message, help));
    };
    if is_written(subject, "name") && text(subject, "name").is_empty() {
        say("name", "A subject needs a name.", "Write the name, or remove the subject.");
    }
    let group = text(subject, "apiGroup");
    match text(subject, "kind") {
        "ServiceAccount" => {
            if !group.is_empty() {
                say("apiGroup", "A ServiceAccount has no API group.", "Remove `apiGroup`.");
            }
            if cluster_wide && text(subject, "namespace").is_empty() {
                say(
                    "namespace",
                    "A ServiceAccount in a ClusterRoleBinding needs its namespace.",
                    "Write the namespace of the account.",
                );
            }
        }
        "User" | "Group" if group.is_empty() || group == GROUP => {}
        "User" | "Group" => say(
            "apiGroup",
            "Users and groups are of the API group of roles.",
            "Write `apiGroup: rbac.authorization.k8s.io`.",
        ),
        _ if !is_written(subject, "kind") => {}
        _ => say("kind", "A subject is a User, a Group or a ServiceAccount.", "Write one of these kinds."),
    }
    findings
}

/// The annotation that has Flux delete and make anew what cannot be changed
/// (<https://fluxcd.io/flux/components/kustomize/kustomizations/#force>).
const FORCE: &str = "kustomize.toolkit.fluxcd.io/force";

fn changed_role(object: &Object, role: &Node, old: &Object) -> Option<Finding> {
    let was = old.node.get("roleRef")?;
    let is_made_anew = object.node.at(&["metadata", "annotations", FORCE]).and_then(Node::text) == Some("Enabled");
    let differs = ["kind", "name"].iter().any(|field| text(role, field) != text(was, field));
    (differs && !is_made_anew).then(|| {
        let message = format!(
            "The role of a binding cannot be changed: it was {} `{}`.",
            shown(text(was, "kind")),
            shown(text(was, "name"))
        );
        let help = "Give the binding another name: Flux then deletes the old one and makes the new one.";
        error(object, "roleRef", role, &message, help)
    })
}
