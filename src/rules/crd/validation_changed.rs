//! A rule in CEL is new, another one, or gone.
//!
//! # What
//! Reports rules of `x-kubernetes-validations` that are new or changed at an existing place of the
//! schema, and those that are gone. What a rule says to people is no difference.
//!
//! # Why
//! Existing objects that break a new rule cannot be changed any more, except where the API server
//! leaves unchanged parts alone (ratcheting, Kubernetes 1.30 and later). A rule that is gone lets values
//! in that controllers were promised never to see.
//!
//! # Bad
//! ```yaml
//! x-kubernetes-validations:
//!   - rule: self.min <= self.max # new
//! ```
//!
//! # Good
//! ```yaml
//! # a new version of the API has the rule, this one stays as it is
//! ```

use super::replaced::{Differing, written};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule};
use crate::schema::{Aspect, same};

/// `crd/validation-changed`.
#[derive(Debug)]
pub struct ValidationChanged;

const ID: RuleId = RuleId::new("crd/validation-changed");

impl Rule for ValidationChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("validation_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::Validations).flat_map(|differing| told(&differing)).collect()
    }
}

fn told(differing: &Differing<'_>) -> Vec<Finding> {
    let rules = |node: Option<&'_ Node>| node.into_iter().flat_map(Node::items).cloned().collect::<Vec<Node>>();
    let (old, new) = (rules(differing.difference.old), rules(differing.difference.new));
    let added = new.iter().filter(|rule| !old.iter().any(|other| is_same(rule, other)));
    let gone = old.iter().filter(|rule| !new.iter().any(|other| is_same(rule, other)));
    let added = added.map(|rule| {
        differing
            .finding_at((ID, Severity::Error), rule, |field, version| {
                format!("In {version}, {field} has the new rule {}: existing objects may break it.", shown(rule))
            })
            .with_help("Ask for it in a new version of the API, or make sure that every existing object keeps it.")
    });
    let gone = gone.map(|rule| {
        differing
            .finding((ID, Severity::Error), |field, version| {
                format!("In {version}, {field} has lost the rule {}: values come in that were never seen.", shown(rule))
            })
            .with_help("Keep the rule, or make sure that whatever reads these objects copes without it.")
    });
    added.chain(gone).collect()
}

fn shown(rule: &Node) -> String {
    rule.get("rule").map_or_else(|| "(empty)".to_owned(), written)
}

/// Whether two rules decide the same.
fn is_same(one: &Node, other: &Node) -> bool {
    ["rule", "reason", "optionalOldSelf"].iter().all(|key| match (one.get(key), other.get(key)) {
        (Some(one), Some(other)) => same(one, other),
        (one, other) => one.is_none() && other.is_none(),
    })
}
