//! A role that takes the rules of others must have none of its own.
//!
//! # What
//! Reports ClusterRoles with an `aggregationRule` and with `rules`, as a note.
//!
//! # Why
//! A controller writes the rules that it gathers over those that stand there. What is written here is
//! not what holds, and Flux and the controller overwrite each other.
//!
//! # Bad
//! ```yaml
//! kind: ClusterRole
//! aggregationRule:
//!   clusterRoleSelectors:
//!     - matchLabels: {example.org/part-of-monitoring: "true"}
//! rules:
//!   - {apiGroups: [""], resources: ["pods"], verbs: ["get"]}
//! ```
//!
//! # Good
//! ```yaml
//! kind: ClusterRole
//! aggregationRule:
//!   clusterRoleSelectors:
//!     - matchLabels: {example.org/part-of-monitoring: "true"}
//! rules: []
//! ```

use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Prepared, Review, Rule};

/// `rbac/overwritten-rules`.
#[derive(Debug)]
pub struct OverwrittenRules;

const ID: RuleId = RuleId::new("rbac/overwritten-rules");

impl Rule for OverwrittenRules {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Note, source: include_str!("overwritten_rules.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let roles = prepared.roles.roles.iter().filter(|role| !role.entries.is_empty());
            let aggregating = roles.filter(|role| role.applied.iter().any(|applied| applied.aggregation.is_some()));
            aggregating
                .filter_map(|role| {
                    let node = role.object.node.get("rules")?;
                    let message =
                        "These rules do not hold: a controller writes over them what the `aggregationRule` gathers.";
                    let help = "Write `rules: []`, and put the rules into a ClusterRole with a label that is gathered.";
                    Some(role.finding(ID, Severity::Note, ("rules", node), message).with_help(help))
                })
                .collect()
        })
    }
}
