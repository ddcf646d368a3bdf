//! The version in which objects are stored cannot go.
//!
//! # What
//! Reports a version that is gone from a definition, and in which objects were stored until now or may
//! have been before.
//!
//! # Why
//! The API server refuses to drop a version that `status.storedVersions` still names: objects are stored
//! in it. Git says only which version was the stored one last; of the others only the cluster knows.
//!
//! # Bad
//! ```yaml
//! versions:
//!   - {name: v1, served: true, storage: true} # v1beta1 was the stored version, and is gone
//! ```
//!
//! # Good
//! ```yaml
//! versions:
//!   - {name: v1, served: true, storage: true}
//!   - {name: v1beta1, served: false, storage: false} # until every object is stored as v1
//! ```

use super::error;
use super::replaced::{Replaced, replaced};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::Version;

/// `crd/stored-version-removed`.
#[derive(Debug)]
pub struct StoredVersionRemoved;

const ID: RuleId = RuleId::new("crd/stored-version-removed");

impl Rule for StoredVersionRemoved {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("stored_version_removed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let gone = |pair: Replaced<'_>| {
            let versions = pair.old.versions();
            let gone = versions.filter(|old| old.name().is_some_and(|name| pair.new.version(name).is_none()));
            gone.map(|old| told(pair, old)).collect::<Vec<_>>()
        };
        replaced(review).flat_map(gone).collect()
    }
}

fn told(pair: Replaced<'_>, old: Version<'_>) -> Finding {
    let name = shown(old.name().unwrap_or_default());
    let message = if old.is_stored() {
        format!("Version `{name}` is gone, and objects were stored in it until now: the API server refuses that.")
    } else if old.is_served() {
        format!(
            "Version `{name}` is gone: whoever uses it is refused, and the API server refuses the change where objects are stored in it."
        )
    } else {
        format!("Version `{name}` is gone: the API server refuses that where `status.storedVersions` still names it.")
    };
    let mut finding = error(ID, pair.new.object, pair.new.nearest(&["versions"]), message);
    if !old.is_stored() && !old.is_served() {
        finding.severity = Severity::Warning;
    }
    finding.with_field("spec.versions").with_help(
        "Keep the version with `served: false` until every object was written again and `status.storedVersions` does not name it.",
    )
}
