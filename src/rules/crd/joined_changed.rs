//! What `allOf`, `anyOf`, `oneOf` or `not` ask has changed.
//!
//! # What
//! Reports an existing part of a schema whose joined schemas are other ones than before.
//!
//! # Why
//! Whether the new conditions take everything that the old ones took cannot be told in general: existing
//! objects may be invalid from then on.
//!
//! # Bad
//! ```yaml
//! oneOf:
//!   - required: [inline]
//!   - required: [secretRef]
//!   - required: [url] # new: objects with `url` and another one become invalid
//! ```
//!
//! # Good
//! ```yaml
//! oneOf:
//!   - required: [inline]
//!   - required: [secretRef]
//! ```

use super::replaced::Differing;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Aspect;

/// `crd/joined-changed`.
#[derive(Debug)]
pub struct JoinedChanged;

const ID: RuleId = RuleId::new("crd/joined-changed");

impl Rule for JoinedChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("joined_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::Joined).map(|differing| told(&differing)).collect()
    }
}

fn told(differing: &Differing<'_>) -> Finding {
    let difference = &differing.difference;
    let what = match (difference.old, difference.new) {
        (None, _) => "is new",
        (_, None) => "is gone",
        _ => "asks for something else",
    };
    differing
        .finding((ID, Severity::Error), |field, version| {
            let keyword = difference.keyword;
            format!("In {version}, `{keyword}` of {field} {what}: whether existing objects fit cannot be told from it.")
        })
        .with_help("Keep it as it was, or change it in a new version of the API.")
}
