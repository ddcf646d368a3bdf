//! A field takes another kind of value than before.
//!
//! # What
//! Reports an existing field whose type or format is another one, or that is no longer (or only now)
//! an int-or-string or an embedded resource.
//!
//! # Why
//! Existing objects hold the old kind of value: they are invalid from then on, and clients that read
//! the new kind fail on them.
//!
//! # Bad
//! ```yaml
//! port: {type: string} # was integer
//! ```
//!
//! # Good
//! ```yaml
//! port: {type: integer}
//! portName: {type: string} # a field of its own
//! ```

use super::replaced::{Differing, written};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Aspect;

/// `crd/type-changed`.
#[derive(Debug)]
pub struct TypeChanged;

const ID: RuleId = RuleId::new("crd/type-changed");

impl Rule for TypeChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("type_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::Type).map(|differing| told(&differing)).collect()
    }
}

fn told(differing: &Differing<'_>) -> Finding {
    let difference = &differing.difference;
    let keyword = difference.keyword;
    let what = match (difference.old, difference.new) {
        (Some(old), Some(new)) => format!("`{keyword}` is now {} and was {}", written(new), written(old)),
        (None, Some(new)) => format!("`{keyword}` is now {}, where there was none", written(new)),
        (Some(old), None) => format!("`{keyword}` was {} and is gone", written(old)),
        (None, None) => format!("`{keyword}` is another one"),
    };
    differing
        .finding((ID, Severity::Error), |field, version| {
            format!("In {version}, of {field} {what}: existing objects and clients know the old kind of value.")
        })
        .with_help("Keep it as it was, and add a field of its own for the new kind of value.")
}
