//! Keys and items of lists that are merged must always be there.
//!
//! # What
//! Reports a key of a list of type `map` that is neither required nor has a default, or that is nullable, and nullable
//! items in lists of type `map` or `set`.
//!
//! # Why
//! Without its key an item cannot be told apart from others. The API server refuses a definition that allows this, unless
//! it did so already before.
//!
//! # Bad
//! ```yaml
//! x-kubernetes-list-type: map
//! x-kubernetes-list-map-keys: [name]
//! items: {type: object, properties: {name: {type: string}}}
//! ```
//!
//! # Good
//! ```yaml
//! x-kubernetes-list-type: map
//! x-kubernetes-list-map-keys: [name]
//! items: {type: object, required: [name], properties: {name: {type: string}}}
//! ```

use super::schemas::{Root, called, each};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Schema, Visit};

/// `crd/map-keys`.
#[derive(Debug)]
pub struct MapKeys;

const ID: RuleId = RuleId::new("crd/map-keys");

impl Rule for MapKeys {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("map_keys.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each(review, |root, at, found| {
            if is_wrong(at.schema) && !root.had(is_wrong) {
                check_list(root, at, found);
            }
        })
    }
}

/// The items of a list of type map or set.
fn merged(schema: Schema<'_>) -> Option<Schema<'_>> {
    schema.items().filter(|_| matches!(schema.list_type(), Some("map" | "set")))
}

/// The keys of a list of type map that are fields of its items.
fn keys<'a>(schema: Schema<'a>, items: Schema<'a>) -> impl Iterator<Item = (&'a str, Schema<'a>)> {
    let is_map = schema.list_type() == Some("map");
    let keys = schema.list_map_keys().filter(move |_| is_map);
    keys.filter_map(move |(key, _)| Some((key, items.property(key)?)))
}

fn may_be_missing(items: Schema<'_>, key: &str, field: Schema<'_>) -> bool {
    !items.requires(key) && field.get("default").is_none()
}

fn is_wrong(schema: Schema<'_>) -> bool {
    merged(schema).is_some_and(|items| {
        let wrong = |(key, field): (&str, Schema<'_>)| field.is_nullable() || may_be_missing(items, key, field);
        items.is_nullable() || keys(schema, items).any(wrong)
    })
}

fn check_list(root: &Root<'_>, at: &Visit<'_>, found: &mut Vec<Finding>) {
    let Some(items) = merged(at.schema) else { return };
    let here = called(at);
    if let Some(node) = items.get("nullable").filter(|_| items.is_nullable()) {
        let message = format!("The items of {here} may be null, but the list is merged by them.");
        found
            .push(root.error(ID, node, format!("{}.items.nullable", at.path), message).with_help("Remove `nullable`."));
    }
    for (key, field) in keys(at.schema, items) {
        let path = format!("{}.items.properties[{key}]", at.path);
        let name = shown(key);
        if may_be_missing(items, key, field) {
            let message = format!("`{name}` is a key of {here}, but may be missing from an item.");
            let help = format!("Add `{name}` to `required` of the items, or give it a `default`.");
            found.push(root.error(ID, field.node(), path.clone(), message).with_help(help));
        }
        if let Some(node) = field.get("nullable").filter(|_| field.is_nullable()) {
            let message = format!("`{name}` is a key of {here}, but may be null.");
            found.push(root.error(ID, node, format!("{path}.nullable"), message).with_help("Remove `nullable`."));
        }
    }
}
