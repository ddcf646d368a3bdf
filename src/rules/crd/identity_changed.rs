//! A CustomResourceDefinition cannot become that of another kind.
//!
//! # What
//! Reports a definition whose group, plural name, scope or kind is another one than before.
//!
//! # Why
//! The API server refuses it: where objects live and what they are called cannot change. With `force`
//! Flux deletes the definition and makes it anew, and every custom resource is deleted with it.
//!
//! # Bad
//! ```yaml
//! scope: Cluster # was Namespaced
//! ```
//!
//! # Good
//! ```yaml
//! # a definition with another name, beside the old one
//! metadata: {name: clusterwidgets.example.org}
//! ```

use super::error;
use super::replaced::{Replaced, replaced, written};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::same;

/// `crd/identity-changed`.
#[derive(Debug)]
pub struct IdentityChanged;

const ID: RuleId = RuleId::new("crd/identity-changed");
const FIELDS: [&[&str]; 4] = [&["group"], &["scope"], &["names", "plural"], &["names", "kind"]];

impl Rule for IdentityChanged {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("identity_changed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        replaced(review).flat_map(|pair| FIELDS.iter().filter_map(move |path| told(pair, path))).collect()
    }
}

fn told(pair: Replaced<'_>, path: &[&str]) -> Option<Finding> {
    let old = pair.old.spec(path)?;
    let new = pair.new.spec(path);
    if new.is_some_and(|new| same(old, new)) {
        return None;
    }
    let field = format!("spec.{}", path.join("."));
    let now = new.map_or_else(|| "is gone".to_owned(), |new| format!("is now {}", written(new)));
    let message = format!(
        "`{field}` was {} and {now}: the API server refuses that, and forcing it deletes every object.",
        written(old)
    );
    let finding = error(ID, pair.new.object, new.unwrap_or_else(|| pair.new.nearest(path)), message);
    Some(
        finding
            .with_field(field)
            .with_help("Write a new definition beside this one, move the objects, then remove this one."),
    )
}
