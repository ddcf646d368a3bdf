//! An object's fields must hold what its kind asks for.
//!
//! # What
//! Reports, in objects of Kubernetes' own kinds and of kinds that a definition in the repository describes, values
//! of the wrong type, values that the schema refuses, fields that are required and missing, items that are told apart
//! by a key and have the same, and names, labels and annotations that no object may have. Patches, data of generators
//! and encrypted values are not looked at.
//!
//! # Why
//! The API server refuses such an object, and with it the whole sync of the Flux `Kustomization` in which it
//! stands fails.
//!
//! # Bad
//! ```yaml
//! kind: Deployment
//! spec: {replicas: "2"}
//! ```
//!
//! # Good
//! ```yaml
//! kind: Deployment
//! spec: {replicas: 2}
//! ```

use super::{Answer, One, at_problem, called, each};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `object/invalid`.
#[derive(Debug)]
pub struct Invalid;

const ID: RuleId = RuleId::new("object/invalid");

impl Rule for Invalid {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("invalid.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each(review, check_object)
    }
}

fn check_object(one: &One<'_>, found: &mut Vec<Finding>) {
    let Answer::Verdict(verdict) = &one.answer else { return };
    found.extend(verdict.invalid.iter().map(|problem| {
        let message = format!("{} {}.", called(problem), problem.words);
        at_problem((ID, Severity::Error), one.object, problem, message).with_help(if one.is_custom {
            "Write what the kind's definition asks for."
        } else {
            "Write what Kubernetes asks for; `kubectl explain` tells it."
        })
    }));
}
