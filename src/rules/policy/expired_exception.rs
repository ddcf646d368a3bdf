//! An exception that has expired is of no use any more.
//!
//! # What
//! Reports exceptions in the policy whose day is past; on the day itself an exception still holds. Where a whole
//! repository is judged that is all of them, in a change those that it brings or changes, and those for something that
//! is found in it.
//!
//! # Why
//! What it was for is reported again since that day. Somebody has to mend it, or to say anew that it may stay; an entry
//! that does nothing only looks like a decision.
//!
//! # Bad
//! ```yaml
//! exceptions:
//! - rule: rbac/wildcard
//!   object: {kind: ClusterRole, name: operator}
//!   reason: the next release asks for less
//!   expires: 2020-12-31
//! ```
//!
//! # Good
//! ```yaml
//! exceptions: []
//! ```

use super::{Exception, JudgedPolicy};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `policy/expired-exception`.
#[derive(Debug)]
pub struct ExpiredException;

const ID: RuleId = RuleId::new("policy/expired-exception");

impl Rule for ExpiredException {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("expired_exception.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let Some(policy) = review.policy else { return Vec::new() };
        policy.exceptions().filter_map(|exception| finding(policy, exception)).collect()
    }
}

fn finding(policy: JudgedPolicy<'_>, exception: &Exception) -> Option<Finding> {
    let day = exception.expires.filter(|_| exception.expired)?;
    let comes_up = policy.standing().any(|finding| exception.fits(finding));
    if !comes_up && !policy.is_whole() && !policy.is_new(exception) {
        return None;
    }
    let message = format!("{exception} expired after {day} and hides nothing any more.");
    let help = if comes_up {
        "Mend what it was for and delete the entry, or give `expires` a later day."
    } else {
        "Delete the entry."
    };
    Some(Finding::new(ID, Severity::Warning, exception.place.clone(), message).with_help(help))
}
