//! A role must name what it allows instead of using `*`.
//!
//! # What
//! Reports `*` in `verbs`, `resources`, `apiGroups` and `nonResourceURLs` of Roles and
//! ClusterRoles. A ClusterRole that may write every resource, be it with `*` or with all verbs
//! spelled out, is an error, the rest a warning. In a Role, and in a ClusterRole that is only bound
//! in namespaces of teams, all of it is a warning; reading all of some API groups is a note. What a
//! rule has through such a `*` for everything is said here at once, and not again by the rules about
//! single rights.
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

use super::entry::{Entry, listed, milder};
use super::judged::JudgedRole;
use super::power::{WRITE, held_already};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Prepared, Review, Rule};

/// `rbac/wildcard`.
#[derive(Debug)]
pub struct Wildcard;

const ID: RuleId = RuleId::new("rbac/wildcard");

/// Without `deletecollection`, which people leave out when they spell everything out.
const ALL: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete"];

impl Rule for Wildcard {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("wildcard.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let judged = &prepared.roles;
            let mut findings = Vec::new();
            for role in &judged.roles {
                for entry in &role.entries {
                    let found = check_entry(role, entry);
                    let had = !found.is_empty()
                        && role.reach.had(&prepared.rights(review).before, &entry.rule(), &judged.fuel);
                    findings.extend(found.into_iter().map(|one| if had { held_already(one) } else { one }));
                }
            }
            findings
        })
    }
}

/// Whether this rule tells at once what an entry has through `*` in `resources` and a verb, on resources of some
/// groups.
pub(super) fn tells(entry: &Entry<'_>, verb: &str, groups: &[&str]) -> bool {
    let is_meant = groups.contains(&"") || groups == ["*"] || entry.groups.star().is_some();
    is_meant && allows_everything(entry).is_some_and(|allowed| allowed.includes(verb))
}

/// What an entry may do with every resource, beyond reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Everything,
    EverythingSpelledOut,
    Writes,
}

impl Allowed {
    fn includes(self, verb: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::EverythingSpelledOut => ALL.contains(&verb) || WRITE.contains(&verb),
            Self::Writes => WRITE.contains(&verb),
        }
    }
}

/// Nothing where it only reads, or where not every resource of the core group is meant.
fn allows_everything(entry: &Entry<'_>) -> Option<Allowed> {
    entry.resources.star().filter(|_| entry.reaches_group(&[""]))?;
    if entry.verbs.star().is_some() {
        return Some(Allowed::Everything);
    }
    if ALL.iter().all(|verb| entry.verbs.find(&[verb]).is_some()) {
        return Some(Allowed::EverythingSpelledOut);
    }
    entry.verbs.find(WRITE).map(|_| Allowed::Writes)
}

fn check_entry(role: &JudgedRole<'_>, entry: &Entry<'_>) -> Vec<Finding> {
    if let Some(node) = entry.resources.star()
        && let Some(allowed) = allows_everything(entry)
    {
        return vec![everything(role, entry, (node, allowed))];
    }
    let fields = [
        ("verbs", &entry.verbs, "every verb, also those that later versions of Kubernetes add"),
        ("resources", &entry.resources, "every resource of its API groups, also those that are added later"),
        ("apiGroups", &entry.groups, "every API group, also those of custom resources that are added later"),
        ("nonResourceURLs", &entry.urls, "every path of the API server"),
    ];
    let starred: Vec<_> =
        fields.into_iter().filter_map(|(field, words, reach)| Some((field, words.star()?, reach))).collect();
    let Some((first, node, reach)) = starred.first().copied() else { return Vec::new() };
    let names: Vec<&str> = starred.iter().map(|(field, _, _)| *field).collect();
    let message = match starred.len() {
        1 => format!("`*` in `{first}` allows {reach}."),
        _ => format!("`*` in {} allows also what later versions and new custom resources add.", listed(&names)),
    };
    let plain: Vec<&str> = names.iter().map(|field| plain(field)).collect();
    let severity = if only_reads_some(entry) { Severity::Note } else { Severity::Warning };
    let help = format!("Write the {} that are needed instead of `*`.", plain.join(" and "));
    vec![entry.finding(ID, severity, (first, node), message).with_help(help)]
}

/// Whether a star stands for no more than reading what is in API groups that are named, the core group not among them.
fn only_reads_some(entry: &Entry<'_>) -> bool {
    let reads = |verb: &str| ["get", "list", "watch"].contains(&verb);
    !entry.reaches_group(&[""]) && entry.urls.is_empty() && entry.verbs.0.iter().all(|(verb, _)| reads(verb))
}

fn everything(role: &JudgedRole<'_>, entry: &Entry<'_>, (node, allowed): (&Node, Allowed)) -> Finding {
    let allowed = match allowed {
        Allowed::Everything => "everything".to_owned(),
        Allowed::EverythingSpelledOut => "everything (all verbs are spelled out)".to_owned(),
        Allowed::Writes => {
            let writes = entry.verbs.0.iter().map(|(verb, _)| *verb).filter(|verb| WRITE.contains(verb));
            listed(&writes.collect::<Vec<_>>())
        }
    };
    let place = match (role.reach.is_wide, role.is_cluster_role()) {
        (true, _) => "in every namespace and on the cluster itself",
        (false, true) => "in the namespaces where the role is bound",
        (false, false) => "in its namespace",
    };
    let groups = if entry.groups.star().is_some() { "every API group" } else { "the core API group" };
    let message = format!("This rule allows {allowed} on every resource of {groups}, {place}.");
    let severity = if role.reach.is_full() { Severity::Error } else { milder(Severity::Error) };
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
