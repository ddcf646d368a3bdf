//! Null was a value and is none, or the other way round.
//!
//! # What
//! Reports an existing field whose `nullable` has changed.
//!
//! # Why
//! Where null is no value any more, existing objects that hold it are invalid or lose the field. Where
//! it is one from now on, clients read a null that they do not know.
//!
//! # Bad
//! ```yaml
//! mode: {type: string} # was nullable
//! ```
//!
//! # Good
//! ```yaml
//! mode: {type: string, nullable: true}
//! ```

use super::replaced::Differing;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Aspect;

/// `crd/nullable-changed`.
#[derive(Debug)]
pub struct NullableChanged;

const ID: RuleId = RuleId::new("crd/nullable-changed");

impl Rule for NullableChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("nullable_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::Nullable).map(|differing| told(&differing)).collect()
    }
}

fn told(differing: &Differing<'_>) -> Finding {
    let allowed = differing.difference.after.is_nullable();
    differing
        .finding((ID, Severity::Error), |field, version| {
            if allowed {
                format!("In {version}, {field} may be null from now on: clients that do not know this fail on it.")
            } else {
                format!(
                    "In {version}, {field} may not be null any more: existing objects that hold null become invalid."
                )
            }
        })
        .with_help("Keep `nullable` as it was, or change it in a new version of the API.")
}
