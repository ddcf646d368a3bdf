//! Runs the rules and applies the policy.

use serde::Serialize;

use super::policy::{self, Policy, Verdict};
use super::{Prepared, RULES, Request, Review, RightsDifference, Rule, requests, rights};
use crate::finding::{Finding, Severity};
use crate::names::Login;

/// What the rules found, after the policy.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// What stands, sorted by file, line, column and rule.
    pub findings: Vec<Finding>,
    /// What an exception of the policy lets pass, in the same order, and then what people do.
    pub waived: Vec<Waived>,
    /// What the change asks of the cluster's definitions, by their names.
    pub requests: Vec<Request>,
    /// Who gains and loses which rights; of a repository that is judged whole, nothing.
    pub rights: RightsDifference,
    /// The numbers.
    pub summary: Summary,
}

/// A finding that an exception of the policy, or a person, lets pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// The finding.
    pub finding: Finding,
    /// Why.
    pub reason: String,
    /// Who lets it pass on this pull request; `None` for the policy.
    pub person: Option<Login>,
}

/// How much was judged and found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// Files that were judged.
    pub files: usize,
    /// Those of them that are no part of the change: Flux applies them only since it.
    pub reached: usize,
    /// Objects in them.
    pub objects: usize,
    /// Findings that must not be merged.
    pub errors: usize,
    /// Findings that a person should look at.
    pub warnings: usize,
    /// Findings that are good to know.
    pub notes: usize,
    /// Findings that an exception, or a person, lets pass.
    pub waived: usize,
}

impl Judgement {
    /// Takes in another judgement of the same files, as when two clusters sync them, without saying
    /// anything twice.
    pub fn absorb(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.findings.sort_by(|a, b| order(a).cmp(&order(b)));
        self.findings.dedup();
        self.waived.extend(other.waived);
        self.waived.sort_by(|a, b| order(&a.finding).cmp(&order(&b.finding)));
        self.waived.dedup();
        for request in other.requests {
            match self.requests.iter_mut().find(|known| known.name == request.name) {
                Some(known) => known.absorb(request),
                None => self.requests.push(request),
            }
        }
        self.requests.sort_by(|a, b| a.name.cmp(&b.name));
        self.rights.absorb(other.rights);
        self.count();
    }

    /// Counts the findings anew.
    pub(super) fn count(&mut self) {
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        self.summary.errors = count(Severity::Error);
        self.summary.warnings = count(Severity::Warning);
        self.summary.notes = count(Severity::Note);
        self.summary.waived = self.waived.len();
    }
}

/// Judges a review by every rule and applies the policy. A file that could not be read gives
/// findings of `yaml/unreadable` and is not judged further, because it has no objects.
pub fn judge(review: &Review<'_>, policy: &Policy) -> Judgement {
    let prepared = Prepared::of(review);
    let review = &Review { prepared: Some(&prepared), powerful_kinds: policy.powerful_kinds(), ..*review };
    let mut judgement = found(review, policy, RULES.iter().copied());
    judgement.requests = requests::of(review, &judgement);
    judgement.rights = rights::of_change(review);
    judgement.summary.files = review.files.len();
    judgement.summary.objects = review.objects().count();
    judgement.count();
    judgement
}

/// The same by the rules about the policy itself alone, which need to know what all others found.
pub(super) fn judge_policy(review: &Review<'_>, policy: &Policy) -> Judgement {
    let own = RULES.iter().copied().filter(|rule| policy::is_own(rule.meta().id));
    let mut judgement = found(review, policy, own);
    judgement.count();
    judgement
}

/// What some rules find, after the policy.
fn found<'r>(review: &Review<'_>, policy: &Policy, rules: impl Iterator<Item = &'r dyn Rule>) -> Judgement {
    let rules = rules.filter(|rule| !policy.is_off(rule.meta().id));
    let mut all: Vec<Finding> = rules.flat_map(|rule| rule.check(review)).collect();
    // A template becomes an object when a team is made of it, and is judged then.
    all.retain(|finding| !review.after.is_template(&finding.location.file));
    all.sort_by(|a, b| order(a).cmp(&order(b)));
    all.dedup();
    let mut judgement = Judgement::default();
    for finding in all {
        match policy.apply(finding) {
            Verdict::Stands(finding) => judgement.findings.push(finding),
            Verdict::Waived(waived) => judgement.waived.push(waived),
        }
    }
    judgement
}

fn order(finding: &Finding) -> impl Ord + '_ {
    (&finding.location, finding.rule, &finding.field, &finding.message)
}
