//! A role must not limit a right to the empty name.
//!
//! # What
//! Reports the empty text, or nothing, among `resourceNames`.
//!
//! # Why
//! A request that names no object has the empty name: `list` of all, `watch` of all, `create` and
//! `deletecollection`. So an entry with an empty name looks limited to a few objects, and lists them
//! all.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - apiGroups: [""]
//!     resources: ["secrets"]
//!     resourceNames: ["registry", ""]
//!     verbs: ["get", "list"]
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - apiGroups: [""]
//!     resources: ["configmaps"]
//!     resourceNames: ["settings"]
//!     verbs: ["get"]
//! ```

use super::entry::Entry;
use super::judged::JudgedRole;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Prepared, Review, Rule};

/// `rbac/empty-resource-name`.
#[derive(Debug)]
pub struct EmptyResourceName;

const ID: RuleId = RuleId::new("rbac/empty-resource-name");

impl Rule for EmptyResourceName {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("empty_resource_name.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let entries =
                prepared.roles.roles.iter().flat_map(|role| role.entries.iter().map(move |entry| (role, entry)));
            entries.flat_map(|(role, entry)| check(role, entry)).collect()
        })
    }
}

fn check(role: &JudgedRole<'_>, entry: &Entry<'_>) -> Vec<Finding> {
    let Some((_, node)) = entry.names.find(&[""]) else { return Vec::new() };
    let severity = if role.reach.is_full() { Severity::Error } else { Severity::Warning };
    let message =
        "The empty name matches every request without a name: `list` and `watch` of all objects, and `create`.";
    let finding = entry.finding(ID, severity, ("resourceNames", node), message);
    vec![finding.with_help("Remove the empty name.")]
}
