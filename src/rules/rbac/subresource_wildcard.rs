//! A role must name the resources whose subresources it allows.
//!
//! # What
//! Reports `*/…` in `resources`, such as `*/exec` or `*/status`: a warning for `exec`, `attach`,
//! `proxy`, `token`, `approval`, `portforward`, `ephemeralcontainers` and `eviction`, else a note. What
//! it makes possible today is reported by the rule about that, too.
//!
//! # Why
//! `*/exec` is the subresource of every resource of the entry's API groups, also of those that are
//! added later. It is easily overlooked, because few know that Kubernetes takes it.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["*/proxy"], verbs: ["get"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! rules:
//!   - {apiGroups: [""], resources: ["services/proxy"], verbs: ["get"]}
//! ```

use super::entry::Entry;
use super::judged::JudgedRole;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Prepared, Review, Rule, shown};

/// `rbac/subresource-wildcard`.
#[derive(Debug)]
pub struct SubresourceWildcard;

const ID: RuleId = RuleId::new("rbac/subresource-wildcard");

impl Rule for SubresourceWildcard {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("subresource_wildcard.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let entries =
                prepared.roles.roles.iter().flat_map(|role| role.entries.iter().map(move |entry| (role, entry)));
            entries.flat_map(|(role, entry)| check(role, entry)).collect()
        })
    }
}

/// Subresources that are more than a view of their object.
const STRONG: &[&str] =
    &["exec", "attach", "proxy", "token", "approval", "portforward", "ephemeralcontainers", "eviction"];

fn check(_: &JudgedRole<'_>, entry: &Entry<'_>) -> Vec<Finding> {
    let stars = entry.resources.0.iter().filter_map(|(word, node)| Some((word.strip_prefix("*/")?, node)));
    stars
        .map(|(sub, node)| {
            let severity = if STRONG.contains(&sub) { Severity::Warning } else { Severity::Note };
            let sub = shown(sub);
            let message =
                format!("`*/{sub}` is the subresource `{sub}` of every resource of the API groups, also of those that are added later.");
            let help = format!("Write the resources that are needed, such as `pods/{sub}`.");
            entry.finding(ID, severity, ("resources", node), message).with_help(help)
        })
        .collect()
}
