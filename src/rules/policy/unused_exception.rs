//! An exception hides something, or it goes.
//!
//! # What
//! Reports exceptions in the policy that hide nothing. Where a whole repository is judged, that is every exception of
//! which nothing is found, but for rules that only judge changes or ask a cluster. A change is asked less, because it
//! shows only a part of the repository: reported are exceptions whose object or file it takes away, and those that it
//! brings or changes, where their object or file is not there. Exceptions for a rule that is off are reported too.
//!
//! A policy counts in the reviews of the teams' repositories as well, which are not looked at here. Where there are
//! such teams, an exception for something that this repository does not have is only noted.
//!
//! # Why
//! It lies there until something comes that it fits, perhaps a new object of an old name, and hides that from the
//! person who would have to decide about it.
//!
//! # Bad
//! ```yaml
//! exceptions:
//! - rule: rbac/wildcard
//!   object: {kind: ClusterRole, name: removed-last-year}
//!   reason: the operator was reviewed
//! ```
//!
//! # Good
//! ```yaml
//! exceptions: []
//! ```

use std::collections::BTreeMap;

use super::own::LOOKED_AT;
use super::presence::{Presence, presence};
use super::{Exception, JudgedPolicy};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, Scope};

/// `policy/unused-exception`.
#[derive(Debug)]
pub struct UnusedException;

const ID: RuleId = RuleId::new("policy/unused-exception");

/// Rules that find nothing where a whole repository is judged without a cluster.
const OF_CHANGES: [&str; 34] = [
    "crd/breaks-objects",
    "crd/cluster-warns",
    "crd/conversion-changed",
    "crd/default-changed",
    "crd/deleted",
    "crd/enum-narrowed",
    "crd/field-removed",
    "crd/field-typed",
    "crd/identity-changed",
    "crd/joined-changed",
    "crd/limit-tightened",
    "crd/merging-changed",
    "crd/moved-between-kustomizations",
    "crd/not-tried",
    "crd/nullable-changed",
    "crd/owner-changed",
    "crd/pattern-changed",
    "crd/recreated-by-force",
    "crd/refused-by-cluster",
    "crd/required-added",
    "crd/served-versions-differ",
    "crd/storage-version-changed",
    "crd/stored-version-removed",
    "crd/subresource-changed",
    "crd/type-changed",
    "crd/unhandled-change",
    "crd/unknown-fields-changed",
    "crd/validation-changed",
    "crd/version-unserved",
    "kustomization/source-ignore",
    "rbac/binds-power",
    "tenancy/path-cluster",
    "tenancy/path-team",
    "tenancy/repository-changed",
];

/// Whether a rule finds something only in changes, or in what a cluster says: where a whole repository is judged, an
/// exception for it is not yet unused because nothing is found.
pub fn is_of_changes(rule: RuleId) -> bool {
    OF_CHANGES.contains(&rule.as_str())
}

impl Rule for UnusedException {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("unused_exception.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let Some(policy) = review.policy else { return Vec::new() };
        let idle = idle(policy);
        let there = presence(review, policy, &idle);
        let judged = Judged { policy, holds_elsewhere: holds_elsewhere(review) };
        let unused = idle.iter().zip(there).filter_map(|(exception, there)| judged.finding(exception, there));
        unused.chain(left_over(policy)).collect()
    }
}

/// The exceptions that hold and for which nothing is found.
fn idle(policy: JudgedPolicy<'_>) -> Vec<&Exception> {
    let mut idle: BTreeMap<RuleId, Vec<&Exception>> = BTreeMap::new();
    for exception in policy.exceptions().filter(|exception| !exception.expired) {
        idle.entry(exception.rule).or_default().push(exception);
    }
    for finding in policy.found() {
        if let Some(of_rule) = idle.get_mut(&finding.rule) {
            of_rule.retain(|exception| !exception.fits(finding));
        }
    }
    idle.into_values().flatten().collect()
}

/// Whether the policy counts for other repositories too, the teams'.
fn holds_elsewhere(review: &Review<'_>) -> bool {
    matches!(review.scope, Scope::Admin) && review.after.teams().any(|team| team.source.is_some())
}

struct Judged<'a> {
    policy: JudgedPolicy<'a>,
    holds_elsewhere: bool,
}

impl Judged<'_> {
    fn finding(&self, exception: &Exception, there: Presence) -> Option<Finding> {
        let (why, doubt) = self.why(exception, there)?;
        let severity = if doubt.is_empty() { Severity::Warning } else { Severity::Note };
        let help = if doubt.is_empty() { "Delete the entry." } else { "Delete the entry if it is not needed there." };
        let message = format!("{exception} hides nothing: {why}{doubt}.");
        Some(Finding::new(ID, severity, exception.place.clone(), message).with_help(help))
    }

    /// Why it is unused, and what is not known about that.
    fn why(&self, exception: &Exception, there: Presence) -> Option<(&'static str, &'static str)> {
        let asked = self.policy.is_whole() || self.policy.is_new(exception);
        let is_off = |policy: &super::Policy| policy.is_off(exception.rule);
        let was_off = self.policy.own.before.as_ref().is_some_and(is_off);
        if self.policy.after().is_some_and(is_off) && (asked || !was_off) {
            return Some(("the rule is off", ""));
        }
        match there {
            Presence { after: false, before: true } if !self.policy.is_whole() => Some((GOES, "")),
            Presence { after: false, .. } if asked && self.holds_elsewhere => Some((NOT_THERE, ELSEWHERE)),
            Presence { after: false, .. } if asked => Some((NOT_THERE, "")),
            Presence { after: true, .. } if self.policy.is_whole() && !is_of_changes(exception.rule) => {
                Some((NOT_FOUND, if self.policy.own.unbuilt { UNBUILT } else { "" }))
            }
            Presence { .. } => None,
        }
    }
}

const GOES: &str = "what it was for goes with this change";
const NOT_THERE: &str = "what it is for is not in this repository";
const NOT_FOUND: &str = "nothing of that is found there";
const ELSEWHERE: &str = ", though it counts for the teams' repositories too, and those were not looked at";
const UNBUILT: &str = ", though what kustomize makes of the files was not looked at";

/// What is said where there are too many entries to look at.
fn left_over(policy: JudgedPolicy<'_>) -> Option<Finding> {
    let all = &policy.after()?.exceptions;
    let next =
        all.get(LOOKED_AT).filter(|_| policy.is_whole() || all[LOOKED_AT..].iter().any(|one| policy.is_new(one)))?;
    let message =
        format!("{} more exceptions begin here, and whether they are of use was not looked at.", all.len() - LOOKED_AT);
    Some(
        Finding::new(ID, Severity::Note, next.place.clone(), message)
            .with_help("Delete the entries that are not needed."),
    )
}
