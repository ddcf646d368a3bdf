//! Fields without a name of their own are treated otherwise than before.
//!
//! # What
//! Reports an existing part of a schema whose `x-kubernetes-preserve-unknown-fields` or
//! `additionalProperties` has changed.
//!
//! # Why
//! Where unknown fields were kept and are not any more, the API server drops what existing objects hold
//! in them at the next write. Where they are kept from now on, nothing checks them.
//!
//! # Bad
//! ```yaml
//! values: {type: object} # had x-kubernetes-preserve-unknown-fields: true
//! ```
//!
//! # Good
//! ```yaml
//! values: {type: object, x-kubernetes-preserve-unknown-fields: true}
//! ```

use super::replaced::Differing;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Aspect;

/// `crd/unknown-fields-changed`.
#[derive(Debug)]
pub struct UnknownFieldsChanged;

const ID: RuleId = RuleId::new("crd/unknown-fields-changed");

impl Rule for UnknownFieldsChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("unknown_fields_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::UnknownFields).map(|differing| told(&differing)).collect()
    }
}

fn told(differing: &Differing<'_>) -> Finding {
    let kept = differing.difference.after.preserves_unknown_fields()
        && !differing.difference.before.preserves_unknown_fields();
    let keyword = differing.difference.keyword;
    differing
        .finding((ID, Severity::Error), |field, version| {
            let follows = if kept { "nothing checks them any more" } else { "what existing objects hold in them may be dropped" };
            format!("In {version}, `{keyword}` of {field} has changed: of its fields without a name of their own, {follows}.")
        })
        .with_help("Keep it as it was, or change it in a new version of the API.")
}
