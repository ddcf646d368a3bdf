//! A field is gone from a CustomResourceDefinition.
//!
//! # What
//! Reports a field that a version of a definition had and has no more.
//!
//! # Why
//! The API server prunes what the schema does not name: what existing objects hold in that field is
//! lost at their next write, and manifests that set it are refused by Flux, which applies strictly.
//!
//! # Bad
//! ```yaml
//! # `spec.mode` was here
//! properties: {size: {type: integer}}
//! ```
//!
//! # Good
//! ```yaml
//! # the field stays, and a new version of the API leaves it out
//! properties: {size: {type: integer}, mode: {type: string, description: Deprecated. Has no effect.}}
//! ```

use super::replaced::Differing;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Aspect;

/// `crd/field-removed`.
#[derive(Debug)]
pub struct FieldRemoved;

const ID: RuleId = RuleId::new("crd/field-removed");

impl Rule for FieldRemoved {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("field_removed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::FieldRemoved).map(|gone| told(&gone)).collect()
    }
}

fn told(gone: &Differing<'_>) -> Finding {
    let stays = gone.difference.after.preserves_unknown_fields();
    gone.finding((ID, Severity::Error), |field, version| {
        if stays {
            format!(
                "{field} is gone from {version}: existing objects keep what they hold there, and nothing checks it."
            )
        } else {
            format!("{field} is gone from {version}: the API server drops what existing objects hold there.")
        }
    })
    .with_help("Keep the field, or remove it in a new version of the API and leave this one as it is.")
}
