//! A role must name what it allows instead of using `*`.
//!
//! # What
//! Reports `*` in `verbs`, `resources`, `apiGroups` and `nonResourceURLs` of Roles and
//! ClusterRoles. A ClusterRole that may write every resource, be it with `*` or with all verbs
//! spelled out, is an error, the rest a warning.
//!
//! # Why
//! `*` also allows what does not exist yet: the next custom resource, the next verb. On roles it
//! includes `escalate` and `bind`, on users `impersonate`. A ClusterRole with `*` everywhere is
//! cluster-admin under another name.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "list", "watch"]}
//! ```

use super::{Entry, entries, listed, milder};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule};

/// `rbac/wildcard`.
#[derive(Debug)]
pub struct Wildcard;

const ID: RuleId = RuleId::new("rbac/wildcard");

const WRITE: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];

/// Without `deletecollection`, which people leave out when they spell everything out.
const ALL: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete"];

impl Rule for Wildcard {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("wildcard.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        entries(review).flat_map(|entry| check_entry(&entry)).collect()
    }
}

fn check_entry(entry: &Entry<'_>) -> Vec<Finding> {
    if let Some(node) = entry.resources.star()
        && entry.reaches_group(&[""])
        && let Some(allowed) = allowed_writes(entry)
    {
        return vec![everything(entry, node, &allowed)];
    }
    let fields = [
        ("verbs", &entry.verbs, "every verb, also those that later versions of Kubernetes add"),
        ("resources", &entry.resources, "every resource of its API groups, also those that are added later"),
        ("apiGroups", &entry.groups, "every API group, also those of custom resources that are added later"),
        ("nonResourceURLs", &entry.urls, "every path of the API server"),
    ];
    let starred = fields.into_iter().filter_map(|(field, words, reach)| Some((field, words.star()?, reach)));
    starred
        .map(|(field, node, reach)| {
            entry
                .finding(ID, Severity::Warning, (field, node), format!("`*` in `{field}` allows {reach}."))
                .with_help(format!("Write the {} that are needed instead of `*`.", plain(field)))
        })
        .collect()
}

/// What the entry may do beyond reading, in words; nothing where it only reads.
fn allowed_writes(entry: &Entry<'_>) -> Option<String> {
    if entry.verbs.star().is_some() {
        return Some("everything".to_owned());
    }
    if ALL.iter().all(|verb| entry.verbs.find(&[verb]).is_some()) {
        return Some("everything (all verbs are spelled out)".to_owned());
    }
    let writes: Vec<&str> = WRITE.iter().copied().filter(|verb| entry.verbs.find(&[verb]).is_some()).collect();
    (!writes.is_empty()).then(|| listed(&writes))
}

fn everything(entry: &Entry<'_>, node: &Node, allowed: &str) -> Finding {
    let place = if entry.cluster_wide() { "in every namespace and on the cluster itself" } else { "in its namespace" };
    let groups = if entry.groups.star().is_some() { "every API group" } else { "the core API group" };
    let message = format!("This rule allows {allowed} on every resource of {groups}, {place}.");
    let severity = if entry.cluster_wide() { Severity::Error } else { milder(Severity::Error) };
    entry
        .finding(ID, severity, ("resources", node), message)
        .with_help("Write the API groups, resources and verbs that are needed instead of `*`.")
}

fn plain(field: &str) -> &str {
    match field {
        "apiGroups" => "API groups",
        "nonResourceURLs" => "paths",
        other => other,
    }
}
