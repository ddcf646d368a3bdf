//! A version is not answered for any more.
//!
//! # What
//! Reports a version that was served and is not.
//!
//! # Why
//! Manifests, controllers and people who use that version are refused from then on; Flux stops at the
//! first such manifest.
//!
//! # Bad
//! ```yaml
//! - {name: v1beta1, served: false, storage: false} # was served
//! ```
//!
//! # Good
//! ```yaml
//! - {name: v1beta1, served: true, storage: false, deprecated: true}
//! ```

use super::error;
use super::replaced::{Replaced, replaced};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `crd/version-unserved`.
#[derive(Debug)]
pub struct VersionUnserved;

const ID: RuleId = RuleId::new("crd/version-unserved");

impl Rule for VersionUnserved {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("version_unserved.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        replaced(review).flat_map(told).collect()
    }
}

fn told(pair: Replaced<'_>) -> Vec<Finding> {
    let unserved = pair.versions().filter(|(old, new)| old.is_served() && !new.is_served());
    let one = |(_, new): (_, crate::schema::Version<'_>)| {
        let node = new.at(&["served"]).unwrap_or(new.node);
        let message = format!("{} was served and is not any more: whoever uses it is refused.", capital(&new.called()));
        error(ID, pair.new.object, node, message)
            .with_field(new.field("served"))
            .with_help("Serve it until nobody uses it any more; `deprecated: true` warns people until then.")
    };
    unserved.map(one).collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
