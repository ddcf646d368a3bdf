//! An object's fields must be ones that its kind has.
//!
//! # What
//! Reports fields that an object of one of Kubernetes' own kinds has and its kind has not, in the configured
//! version of Kubernetes, else in every version that Bailiwick knows. For custom kinds `crd/unknown-field` does.
//!
//! # Why
//! Flux writes with server-side apply, which refuses an object with a field that it does not know, and with it
//! the whole sync. A misspelt or misplaced field does nothing anyway.
//!
//! # Bad
//! ```yaml
//! kind: Deployment
//! spec: {replica: 2}
//! ```
//!
//! # Good
//! ```yaml
//! kind: Deployment
//! spec: {replicas: 2}
//! ```

use super::{Answer, One, at_problem, each};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};

/// `object/unknown-field`.
#[derive(Debug)]
pub struct UnknownField;

const ID: RuleId = RuleId::new("object/unknown-field");

impl Rule for UnknownField {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("unknown_field.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each(review, |one, found| {
            if !one.is_custom {
                found.extend(unknown_fields(ID, one));
            }
        })
    }
}

/// A finding of `rule` for each field that the object's kind does not have.
pub(in crate::rules) fn unknown_fields(rule: RuleId, one: &One<'_>) -> Vec<Finding> {
    let Answer::Verdict(verdict) = &one.answer else { return Vec::new() };
    let told = verdict.unknown.iter().map(|problem| {
        let message = format!(
            "{} has no field `{}`; server-side apply, which Flux uses, refuses the object.",
            with_article(&shown(&one.object.kind)),
            problem.field
        );
        let meant = problem.meant.map(|name| format!("Did you mean `{name}`? Write it so."));
        let help = meant.unwrap_or_else(|| "Remove it, or move it to where it belongs.".to_owned());
        at_problem((rule, Severity::Error), one.object, problem, message).with_help(help)
    });
    told.collect()
}

/// `A Pod`, `An Ingress`.
fn with_article(kind: &str) -> String {
    let article = if kind.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) { "An" } else { "A" };
    format!("{article} {kind}")
}
