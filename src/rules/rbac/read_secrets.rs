//! A role must not read secrets that are not its own.
//!
//! # What
//! Reports rules of Roles and ClusterRoles that allow `get`, `list` or `watch` on secrets, by name
//! or through `*`. In a ClusterRole this is an error, in a Role a warning; where `resourceNames`
//! limits it, one level milder.
//!
//! # Why
//! Secrets hold the tokens of service accounts, deploy keys and certificates: who reads them all
//! can act as everybody. `list` and `watch` show the content just as `get` does.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["configmaps", "secrets"], verbs: ["get", "list", "watch"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"]}
//! ```

use super::{Entry, entries, listed, milder};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `rbac/read-secrets`.
#[derive(Debug)]
pub struct ReadSecrets;

const ID: RuleId = RuleId::new("rbac/read-secrets");

impl Rule for ReadSecrets {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("read_secrets.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        entries(review).filter_map(|entry| check_entry(&entry)).collect()
    }
}

fn check_entry(entry: &Entry<'_>) -> Option<Finding> {
    // The core group is written as the empty string.
    if !entry.reaches_group(&[""]) {
        return None;
    }
    let (resource, node) = entry.resources.find(&["secrets"]).or_else(|| entry.resources.find(&["*"]))?;
    let verbs: Vec<&str> =
        ["*", "get", "list", "watch"].into_iter().filter(|verb| entry.verbs.find(&[verb]).is_some()).collect();
    if verbs.is_empty() {
        return None;
    }
    let reach = match (entry.cluster_wide(), entry.names.is_empty()) {
        (true, true) => "every secret of every namespace",
        (true, false) => "the named secrets of every namespace",
        (false, true) => "every secret of its namespace",
        (false, false) => "the named secrets of its namespace",
    };
    let severity = if entry.names.is_empty() { entry.severity() } else { milder(entry.severity()) };
    let message = format!("{} on `{resource}` reads {reach}.", listed(&verbs));
    let help = match (resource, entry.cluster_wide()) {
        ("*", _) => "Write the resources that are needed instead of `*`, without secrets.",
        (_, true) => "Remove `secrets`; where one is needed, name it in `resourceNames` of a Role in its namespace.",
        (_, false) => "Name the secrets that are needed in `resourceNames`, with the verb `get` only.",
    };
    Some(entry.finding(ID, severity, ("resources", node), message).with_help(help))
}
