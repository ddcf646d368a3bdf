//! List types and map types must be ones that the API server has, at lists and maps.
//!
//! # What
//! Reports an `x-kubernetes-map-type` that is not `atomic` or `granular` or stands at something else than an object, an
//! `x-kubernetes-list-type` that is not `atomic`, `set` or `map` or stands at something else than an array, a list of type
//! `map` without keys or without items that are objects, keys that are no fields of the items, that are lists or objects
//! themselves or stand there twice, and `x-kubernetes-list-map-keys` at other lists.
//!
//! # Why
//! These words say how server-side apply merges. The API server refuses a definition in which they cannot hold.
//!
//! # Bad
//! ```yaml
//! ports: {type: array, x-kubernetes-list-type: map, items: {type: object, properties: {name: {type: string}}}}
//! ```
//!
//! # Good
//! ```yaml
//! ports:
//!   type: array
//!   x-kubernetes-list-type: map
//!   x-kubernetes-list-map-keys: [name]
//!   items: {type: object, required: [name], properties: {name: {type: string}}}
//! ```

use std::collections::BTreeSet;

use super::schemas::{Root, called, each, opening};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Schema, Visit};

/// `crd/list-and-map-type`.
#[derive(Debug)]
pub struct ListAndMapType;

const ID: RuleId = RuleId::new("crd/list-and-map-type");

impl Rule for ListAndMapType {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("list_and_map_type.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each(review, |root, at, found| {
            let mut here = Here { root, at, found };
            here.kinds(MAP, "object", &["atomic", "granular"]);
            here.kinds(LIST, "array", &["atomic", "set", "map"]);
            here.keys();
        })
    }
}

const MAP: &str = "x-kubernetes-map-type";
const LIST: &str = "x-kubernetes-list-type";
const KEYS: &str = "x-kubernetes-list-map-keys";

struct Here<'h, 'a> {
    root: &'h Root<'a>,
    at: &'h Visit<'a>,
    found: &'h mut Vec<Finding>,
}

impl<'a> Here<'_, 'a> {
    fn say(&mut self, node: &Node, path: &str, message: String, help: &str) {
        let path = format!("{}.{path}", self.at.path);
        self.found.push(self.root.error(ID, node, path, message).with_help(help));
    }

    /// Whether one of the two words has a value, and stands at a type, that it may have.
    fn kinds(&mut self, key: &str, wanted: &str, values: &[&str]) {
        let schema = self.at.schema;
        let Some(node) = schema.get(key) else { return };
        let here = opening(self.at);
        let written = node.text().unwrap_or("…");
        if schema.type_name() != Some(wanted) {
            let message = format!("{here} has `{key}`, but is not of `type: {wanted}`.");
            let help = format!("Write `type: {wanted}`, or remove `{key}`.");
            self.say(schema.get("type").unwrap_or(node), "type", message, &help);
        }
        if !values.contains(&written) {
            let message = format!("{here} has `{key}: {}`, which the API server does not know.", shown(written));
            let help = format!("Write one of {}.", values.join(", "));
            self.say(node, key, message, &help);
        }
    }

    fn keys(&mut self) {
        let schema = self.at.schema;
        let is_map = schema.list_type() == Some("map");
        let first = schema.get(KEYS).filter(|keys| keys.items().next().is_some());
        if let Some(keys) = first.filter(|_| !is_map) {
            let message = format!("{} has `{KEYS}`, but is not of `{LIST}: map`.", opening(self.at));
            self.say(
                schema.get(LIST).unwrap_or(keys),
                LIST,
                message,
                "Write `x-kubernetes-list-type: map`, or remove the keys.",
            );
        }
        if !is_map {
            return;
        }
        let node = schema.get(LIST).unwrap_or(schema.node());
        if first.is_none() {
            let message = format!("{} is a list of type `map`, but does not say by which keys.", opening(self.at));
            self.say(
                node,
                KEYS,
                message,
                "Add `x-kubernetes-list-map-keys` with the fields that tell the items apart.",
            );
        }
        match schema.items() {
            None => {
                let message = format!(
                    "{} is a list of type `map`, but its items are not described by one schema.",
                    opening(self.at)
                );
                self.say(schema.get("items").unwrap_or(node), "items", message, "Add `items` with `type: object`.");
            }
            Some(items) if items.type_name() != Some("object") => {
                let message = format!("{} is a list of type `map`, but its items are no objects.", opening(self.at));
                let place = items.get("type").unwrap_or(items.node());
                self.say(place, "items.type", message, "Write `type: object` for the items.");
            }
            Some(items) => self.fields(schema, items),
        }
    }

    fn fields(&mut self, schema: Schema<'a>, items: Schema<'a>) {
        let mut seen = BTreeSet::new();
        for (key, node) in schema.list_map_keys() {
            let name = shown(key);
            match items.property(key) {
                None => {
                    let message = format!("The key `{name}` of {} is no field of its items.", called(self.at));
                    self.say(node, KEYS, message, "Name fields that stand under `items.properties`.");
                }
                Some(field) if matches!(field.type_name(), Some("array" | "object")) => {
                    let message = format!("The key `{name}` of {} is no plain value.", called(self.at));
                    let path = format!("items.properties[{key}].type");
                    self.say(
                        field.get("type").unwrap_or(field.node()),
                        &path,
                        message,
                        "Take a text, a number or a boolean as key.",
                    );
                }
                Some(_) => {}
            }
            if !seen.insert(key) {
                let message = format!("The key `{name}` of {} stands there twice.", called(self.at));
                self.say(node, KEYS, message, "Remove one.");
            }
        }
    }
}
