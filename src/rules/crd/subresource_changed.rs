//! The status or the scale of a custom resource is a part of its own, or is it no more.
//!
//! # What
//! Reports an existing version whose `subresources` have another `status` or `scale` than before.
//!
//! # Why
//! With a status subresource, writes to the object itself do not change its status and the other way
//! round: controllers that do not know this lose what they write. Without `scale`, autoscalers and
//! `kubectl scale` stop working.
//!
//! # Bad
//! ```yaml
//! subresources: {} # had `status: {}`
//! ```
//!
//! # Good
//! ```yaml
//! subresources: {status: {}}
//! ```

use super::error;
use super::replaced::{Replaced, replaced};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::{Version, same};

/// `crd/subresource-changed`.
#[derive(Debug)]
pub struct SubresourceChanged;

const ID: RuleId = RuleId::new("crd/subresource-changed");

impl Rule for SubresourceChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("subresource_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let told = |pair: Replaced<'_>| {
            let versions = pair.versions();
            versions
                .flat_map(|versions| ["status", "scale"].into_iter().filter_map(move |name| told(pair, versions, name)))
                .collect::<Vec<_>>()
        };
        replaced(review).flat_map(told).collect()
    }
}

fn told(pair: Replaced<'_>, (old, new): (Version<'_>, Version<'_>), name: &str) -> Option<Finding> {
    let path = ["subresources", name];
    let what = match (old.at(&path), new.at(&path)) {
        (None, None) => return None,
        (Some(old), Some(new)) if same(old, new) => return None,
        (None, Some(_)) => "is new",
        (Some(_), None) => "is gone",
        (Some(_), Some(_)) => "reads other fields than before",
    };
    let node = new.at(&path).or_else(|| new.at(&path[..1])).unwrap_or(new.node);
    let message = format!(
        "In {}, the subresource `{name}` {what}: controllers and tools that know it otherwise fail.",
        new.called()
    );
    let finding = error(ID, pair.new.object, node, message);
    Some(
        finding
            .with_field(new.field(&path.join(".")))
            .with_help("Keep it as it was, or change it in a new version of the API."),
    )
}
