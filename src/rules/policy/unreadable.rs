//! A change must not leave a policy that cannot be read.
//!
//! # What
//! Reports the repository's policy file where a change makes it one that cannot be read: no YAML, an unknown key, rule
//! or severity, an exception without rule, reason or target.
//!
//! # Why
//! A change is judged by the policy of the base branch, so this one does not count yet. Once it is merged it does, and
//! then nothing is judged any more until somebody mends it.
//!
//! # Bad
//! ```yaml
//! severity:
//!   rbac/wildcrad: warning
//! ```
//!
//! # Good
//! ```yaml
//! severity:
//!   rbac/wildcard: warning
//! ```

use super::PolicyError;
use crate::finding::{Finding, Location, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `policy/unreadable`.
#[derive(Debug)]
pub struct Unreadable;

const ID: RuleId = RuleId::new("policy/unreadable");

impl Rule for Unreadable {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("unreadable.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let error = review.policy.and_then(|policy| policy.own.after.as_ref().err());
        error.map(finding).into_iter().collect()
    }
}

fn finding(error: &PolicyError) -> Finding {
    let PolicyError { file, line, column, message, help } = error;
    let place = Location { file: file.clone(), line: *line, column: *column };
    let message = format!("{message} With this policy nothing would be judged any more.");
    Finding::new(ID, Severity::Error, place, message).with_help(help)
}
