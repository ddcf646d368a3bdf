//! Another value is filled in where nothing is written.
//!
//! # What
//! Reports a default of an existing field that is new, is gone, or is another one.
//!
//! # Why
//! Objects that do not set the field change their meaning without anybody touching them: the API
//! server fills defaults in when it reads an object, too.
//!
//! # Bad
//! ```yaml
//! mode: {type: string, default: Unmanaged} # was Managed
//! ```
//!
//! # Good
//! ```yaml
//! mode: {type: string, default: Managed} # as before; a new version of the API may have another
//! ```

use super::replaced::{Differing, written};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Aspect;

/// `crd/default-changed`.
#[derive(Debug)]
pub struct DefaultChanged;

const ID: RuleId = RuleId::new("crd/default-changed");

impl Rule for DefaultChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("default_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::Default).map(|differing| told(&differing)).collect()
    }
}

fn told(differing: &Differing<'_>) -> Finding {
    let difference = &differing.difference;
    let what = match (difference.old, difference.new) {
        (Some(old), Some(new)) => format!("is now {} and was {}", written(new), written(old)),
        (None, Some(new)) => format!("is now {}, where there was none", written(new)),
        (Some(old), None) => format!("{} is gone", written(old)),
        (None, None) => "is another one".to_owned(),
    };
    differing
        .finding((ID, Severity::Error), |field, version| {
            format!(
                "In {version}, the default of {field} {what}: objects that do not set the field change their meaning."
            )
        })
        .with_help("Keep the default as it was, or change it in a new version of the API.")
}
