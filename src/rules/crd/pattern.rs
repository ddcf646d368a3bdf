//! A pattern must be a regular expression that Go reads.
//!
//! # What
//! Reports each `pattern` that Go's `regexp` refuses: it cannot look ahead or behind (`(?=…)`, `(?!…)`) or refer back
//! (`\1`), knows no possessive or atomic groups, and repeats nothing more than 1,000 times.
//!
//! # Why
//! The API server checks patterns with Go and refuses a definition whose pattern it cannot read. A pattern that is good in
//! JavaScript, Python or Java may be none in Go.
//!
//! # Bad
//! ```yaml
//! name: {type: string, pattern: "^(?!kube-)[a-z-]+$"}
//! ```
//!
//! # Good
//! ```yaml
//! name: {type: string, pattern: "^[a-z-]+$"}
//! ```

use super::schemas::{Root, each_structural};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Pattern as Read, Refusal, Visit};

/// `crd/pattern`.
#[derive(Debug)]
pub struct Pattern;

const ID: RuleId = RuleId::new("crd/pattern");

impl Rule for Pattern {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("pattern.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each_structural(review, look)
    }
}

pub(super) fn look(root: &Root<'_>, at: &Visit<'_>, found: &mut Vec<Finding>) {
    let Some(node) = at.schema.get("pattern") else { return };
    let Some(pattern) = node.as_str() else { return };
    if let Err(Refusal(why)) = Read::new(pattern) {
        let message = format!("The pattern `{}` {why}.", shown(pattern));
        found.push(root.error(ID, node, format!("{}.pattern", at.path), message).with_help(HELP));
    }
}

const HELP: &str = "Write the pattern in the syntax of RE2, or say it with `x-kubernetes-validations`.";
