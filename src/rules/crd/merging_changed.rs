//! Lists or maps are merged otherwise than before.
//!
//! # What
//! Reports an existing field whose `x-kubernetes-list-type`, `-list-map-keys` or `-map-type` has changed.
//!
//! # Why
//! Server-side apply, which Flux uses, merges by these: an item that several managers own becomes one
//! manager's, or the other way round, and existing objects with two items of one key become invalid.
//!
//! # Bad
//! ```yaml
//! ports: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name]} # was atomic
//! ```
//!
//! # Good
//! ```yaml
//! ports: {type: array, x-kubernetes-list-type: atomic}
//! ```

use super::replaced::Differing;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Aspect;

/// `crd/merging-changed`.
#[derive(Debug)]
pub struct MergingChanged;

const ID: RuleId = RuleId::new("crd/merging-changed");

impl Rule for MergingChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("merging_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Differing::of(review, Aspect::Merging).map(|differing| told(&differing)).collect()
    }
}

fn told(differing: &Differing<'_>) -> Finding {
    let keyword = differing.difference.keyword;
    differing
        .finding((ID, Severity::Error), |field, version| {
            format!("In {version}, `{keyword}` of {field} has changed: what several managers have applied is merged otherwise.")
        })
        .with_help("Keep it as it was, or change it in a new version of the API.")
}
