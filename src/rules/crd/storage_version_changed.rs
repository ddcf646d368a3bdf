//! Objects are stored in another version than before.
//!
//! # What
//! Reports a definition whose `storage: true` stands in another version than before.
//!
//! # Why
//! Existing objects stay stored in the old version until somebody writes them again. Without a
//! conversion webhook the API server changes only their `apiVersion`: fields that the two versions do
//! not share are dropped. The old version cannot be removed before that is done.
//!
//! # Bad
//! ```yaml
//! versions:
//!   - {name: v1beta1, served: true, storage: false} # stored the objects until now
//!   - {name: v1, served: true, storage: true}
//! ```
//!
//! # Good
//! ```yaml
//! # the same, with a plan for writing every object again
//! ```

use super::replaced::{Replaced, replaced};
use super::warning;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `crd/storage-version-changed`.
#[derive(Debug)]
pub struct StorageVersionChanged;

const ID: RuleId = RuleId::new("crd/storage-version-changed");

impl Rule for StorageVersionChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("storage_version_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        replaced(review).filter_map(told).collect()
    }
}

fn told(pair: Replaced<'_>) -> Option<Finding> {
    let old = pair.old.versions().find(|version| version.is_stored())?;
    let new = pair.new.versions().find(|version| version.is_stored())?;
    if old.name() == new.name() {
        return None;
    }
    let message = format!(
        "Objects are stored in {} from now on and were in {} before: existing ones stay as they are.",
        new.called(),
        old.called()
    );
    let finding = warning(ID, pair.new.object, new.at(&["storage"]).unwrap_or(new.node), message);
    Some(finding.with_field(new.field("storage")).with_help(
        "After the merge write every object again (Kubernetes' storage version migration), before the old version is removed.",
    ))
}
