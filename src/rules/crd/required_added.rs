//! A field must be there that could be left out before.
//!
//! # What
//! Reports an existing part of a schema in which a field has become required. Where the field has a default, the finding
//! says so.
//!
//! # Why
//! Existing objects without the field are invalid from then on: they cannot be changed any more
//! without adding it, and manifests that leave it out are refused. A default is filled in before the API server looks
//! at what is required, so there the objects stay valid; but what was generated from the old definition, and what reads
//! objects elsewhere than from the API server, does not know that the field has to be there.
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
//!   required: [size]
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
    let new = after.required().filter(|(name, _)| !before.requires(name));
    let one = |(name, node)| {
        differing
            .finding_at((ID, Severity::Error), node, |field, version| {
                let who = match filled(name) {
                    true => "its default fills it in for existing objects, and other programs have to know of it",
                    false => "existing objects without it become invalid",
                };
                format!("In {version}, `{}` of {field} must be there from now on: {who}.", shown(name))
            })
            .with_help("Leave it optional, or require it in a new version of the API.")
    };
    new.map(one).collect()
}
