//! Texts must look otherwise than before.
//!
//! # What
//! Reports a pattern of an existing field that is new or another one. A pattern that is gone is no finding.
//!
//! # Why
//! Whether the new pattern takes everything that the old one took cannot be told from the two: existing
//! objects may be invalid from then on.
//!
//! # Bad
//! ```yaml
//! name: {type: string, pattern: '^[a-z]+$'} # was '^[a-z0-9]+$'
//! ```
//!
//! # Good
//! ```yaml
//! name: {type: string, pattern: '^[a-z0-9]+$'}
//! ```

use super::replaced::{Differing, written};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Aspect;

/// `crd/pattern-changed`.
#[derive(Debug)]
pub struct PatternChanged;

const ID: RuleId = RuleId::new("crd/pattern-changed");

impl Rule for PatternChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("pattern_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::Pattern).filter_map(|differing| told(&differing)).collect()
    }
}

fn told(differing: &Differing<'_>) -> Option<Finding> {
    let new = written(differing.difference.new?);
    let was =
        differing.difference.old.map_or_else(|| "there was none".to_owned(), |old| format!("was {}", written(old)));
    let finding = differing.finding((ID, Severity::Error), |field, version| {
        format!("In {version}, the pattern of {field} is now {new} ({was}): existing objects may not fit it.")
    });
    Some(finding.with_help("Keep the pattern, or ask for another one in a new version of the API."))
}
