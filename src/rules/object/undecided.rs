//! Some of an object only the cluster can judge.
//!
//! # What
//! Names what was not judged of an object that was judged otherwise: values that Flux fills in, fields that a
//! patch may add, formats whose rules are not known, and, once for each kind, the rules in CEL of its definition.
//!
//! # Why
//! What nobody has judged must not look fine.
//!
//! # Bad
//! ```yaml
//! kind: Deployment
//! spec: {replicas: "${replicas}"}
//! ```
//!
//! # Good
//! ```yaml
//! kind: Deployment
//! spec: {replicas: 2}
//! ```

use super::{Answer, at_problem, called};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Prepared, Review, Rule, shown};

/// `object/undecided`.
#[derive(Debug)]
pub struct Undecided;

const ID: RuleId = RuleId::new("object/undecided");

impl Rule for Undecided {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Note, source: include_str!("undecided.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let mut found = Vec::new();
            for one in &prepared.objects.objects {
                let Answer::Verdict(verdict) = &one.answer else { continue };
                found.extend(verdict.undecided.iter().map(|problem| {
                    let message = format!("{} {}.", called(problem), problem.words);
                    at_problem((ID, Severity::Note), one.object, problem, message)
                }));
            }
            for (object, rules, objects) in prepared.objects.with_cel.values() {
                let others = if *objects > 1 { format!(", nor against {} more", objects - 1) } else { String::new() };
                let message = format!(
                    "The definition of {} has rules in CEL ({rules}), which only the cluster evaluates: they were not held against this object{others}.",
                    shown(&object.kind)
                );
                let finding = Finding::new(ID, Severity::Note, object.location(&object.node), message);
                found.push(finding.with_object(object.reference()));
            }
            found
        })
    }
}
