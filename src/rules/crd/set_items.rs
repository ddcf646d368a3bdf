//! The items of a set must be merged as a whole.
//!
//! # What
//! Reports a list of type `set` whose items are objects without `x-kubernetes-map-type: atomic`, or lists with an
//! `x-kubernetes-list-type` other than `atomic`.
//!
//! # Why
//! In a set an item is there or not; it has no parts that could be owned apart. The API server refuses a definition that
//! says otherwise, unless it did so already before.
//!
//! # Bad
//! ```yaml
//! x-kubernetes-list-type: set
//! items: {type: object, properties: {name: {type: string}}}
//! ```
//!
//! # Good
//! ```yaml
//! x-kubernetes-list-type: set
//! items: {type: object, x-kubernetes-map-type: atomic, properties: {name: {type: string}}}
//! ```

use super::schemas::{each, opening};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Schema;

/// `crd/set-items`.
#[derive(Debug)]
pub struct SetItems;

const ID: RuleId = RuleId::new("crd/set-items");

impl Rule for SetItems {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("set_items.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each(review, |root, at, found| {
            // At something else than a list, the list type itself is wrong and nothing more is said.
            let Some(key) = fault(at.schema).filter(|_| at.schema.type_name() == Some("array")) else { return };
            let Some(items) = at.schema.items().filter(|_| !root.had(|schema| fault(schema).is_some())) else { return };
            let node = items.get(key).unwrap_or(items.node());
            let message = format!("{} is a set, but its items are not merged as a whole.", opening(at));
            let help = format!("Write `{key}: atomic` for the items.");
            found.push(root.error(ID, node, format!("{}.items.{key}", at.path), message).with_help(help));
        })
    }
}

/// The word of the items that should be `atomic` and is not.
fn fault(schema: Schema<'_>) -> Option<&'static str> {
    let items = schema.items().filter(|_| schema.list_type() == Some("set"))?;
    match items.type_name() {
        Some("array") if items.list_type().is_some_and(|name| name != "atomic") => Some("x-kubernetes-list-type"),
        Some("object") if items.map_type() != Some("atomic") => Some("x-kubernetes-map-type"),
        _ => None,
    }
}
