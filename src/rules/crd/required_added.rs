//! A field must be there that could be left out before.
//!
//! # What
//! Reports an existing part of a schema in which a field has become required that has no default.
//!
//! # Why
//! Existing objects without the field are invalid from then on: they cannot be changed any more
//! without adding it, and manifests that leave it out are refused. A field with a default is filled in by the API server
//! before it looks at what is required.
//!
//! # Bad
//! ```yaml
//! spec:
//!   required: [size, mode] # was [size]
//! ```
//!
//! # Good
//! ```yaml
//! spec:
//!   required: [size, mode]
//!   properties: {mode: {type: string, default: Auto}}
//! ```

use super::replaced::Differing;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::Aspect;

/// `crd/required-added`.
#[derive(Debug)]
pub struct RequiredAdded;

const ID: RuleId = RuleId::new("crd/required-added");

impl Rule for RequiredAdded {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("required_added.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::Required).flat_map(|differing| told(&differing)).collect()
    }
}

fn told(differing: &Differing<'_>) -> Vec<Finding> {
    let (before, after) = (differing.difference.before, differing.difference.after);
    let filled = |name: &str| after.property(name).is_some_and(|field| field.get("default").is_some());
    let new = after.required().filter(|(name, _)| !before.requires(name) && !filled(name));
    let one = |(name, node)| {
        differing
            .finding_at((ID, Severity::Error), node, |field, version| {
                format!(
                    "In {version}, `{}` of {field} must be there from now on: existing objects without it become invalid.",
                    shown(name)
                )
            })
            .with_help("Leave it optional, or require it in a new version of the API.")
    };
    new.map(one).collect()
}
