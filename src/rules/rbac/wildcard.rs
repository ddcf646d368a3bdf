//! A role must name what it allows instead of using `*`.
//!
//! # What
//! Reports `*` in `verbs`, `resources`, `apiGroups` and `nonResourceURLs` of Roles and
//! ClusterRoles. A ClusterRole that may write every resource, be it with `*` or with all verbs
//! spelled out, is an error, the rest a warning. A ClusterRole whose `aggregationRule` selects every
//! other ClusterRole, or those that Kubernetes brings along (`kubernetes.io/bootstrapping`), is an
//! error as well.
//!
//! # Why
//! `*` also allows what does not exist yet: the next custom resource, the next verb. On roles it
//! includes `escalate` and `bind`, on users `impersonate`. A ClusterRole with `*` everywhere is
//! cluster-admin under another name. So is one that takes in all others: cluster-admin is among them.
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

use super::{Entry, entries, listed, milder, objects, one_or_many};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
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
        let aggregated = objects(review, &["ClusterRole"]).flat_map(check_aggregation);
        entries(review).flat_map(|entry| check_entry(&entry)).chain(aggregated).collect()
    }
}

/// The label of the roles that Kubernetes brings along, cluster-admin among them
/// (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings>).
const DEFAULT_ROLES: &str = "kubernetes.io/bootstrapping";

fn check_aggregation(object: &Object) -> Vec<Finding> {
    let selectors = object.node.at(&["aggregationRule", "clusterRoleSelectors"]);
    let selectors = selectors.map(one_or_many).unwrap_or_default().into_iter().enumerate();
    selectors
        .filter(|(_, selector)| selects_everything(selector))
        .map(|(index, selector)| {
            let message = "This selector takes the rights of every ClusterRole into this one, cluster-admin included.";
            Finding::new(ID, Severity::Error, object.location(selector), message)
                .with_object(object.reference())
                .with_field(format!("aggregationRule.clusterRoleSelectors[{index}]"))
                .with_help("Select by a label that only the roles carry that are meant.")
        })
        .collect()
}

/// Whether nothing in a selector keeps cluster-admin out: it is empty, says only what a role must
/// not carry, or names the label of the default roles.
fn selects_everything(selector: &Node) -> bool {
    let labels: Vec<&str> = selector.get("matchLabels").map(keys).unwrap_or_default();
    let expressions = selector.get("matchExpressions").map(one_or_many).unwrap_or_default();
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    let wide = |expression: &&Node| {
        let negative =
            text(expression, "operator").is_some_and(|operator| ["NotIn", "DoesNotExist"].contains(&&*operator));
        negative || text(expression, "key").is_some_and(|key| key == DEFAULT_ROLES)
    };
    labels.iter().all(|label| *label == DEFAULT_ROLES) && expressions.iter().all(wide)
}

fn keys(node: &Node) -> Vec<&str> {
    node.entries().filter_map(|(key, _)| key.text()).collect()
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
