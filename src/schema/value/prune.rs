//! Fields that a schema does not have. The server takes them away, without a word or with one.

use std::collections::HashSet;

use super::{Problem, UNKNOWN, below, of_field};
use crate::manifest::Node;
use crate::schema::{Additional, Schema, builtin};

/// The unknown fields of a value. Those inside of an unknown field are not told.
pub(super) fn unknown<'v>(value: &'v Node, schema: Schema<'_>, resource: bool, path: &str) -> Vec<Problem<'v>> {
    let mut found = Vec::new();
    let at = At { schema: Some(schema), resource, preserve: schema.preserves_unknown_fields() };
    step(value, at, path, &mut found);
    found
}

#[derive(Clone, Copy)]
struct At<'s> {
    schema: Option<Schema<'s>>,
    resource: bool,
    /// Inside a list of what is preserved, the items are.
    preserve: bool,
}

impl<'s> At<'s> {
    fn new(schema: Schema<'s>) -> Self {
        Self { schema: Some(schema), resource: false, preserve: schema.preserves_unknown_fields() }
    }
}

fn step<'v>(value: &'v Node, at: At<'_>, path: &str, found: &mut Vec<Problem<'v>>) {
    if value.is_mapping() {
        fields(value, at, path, found);
        return;
    }
    for (index, item) in value.items().enumerate() {
        let items = at.schema.and_then(Schema::items);
        let inner = match items {
            Some(items) if at.preserve => At { preserve: true, ..At::new(items) },
            Some(items) => At::new(items),
            None if at.preserve => continue,
            None => At { schema: None, resource: false, preserve: false },
        };
        step(item, inner, &format!("{path}[{index}]"), found);
    }
}

fn fields<'v>(value: &'v Node, at: At<'_>, path: &str, found: &mut Vec<Problem<'v>>) {
    let resource = at.resource || at.schema.is_some_and(Schema::is_embedded_resource);
    for (key, node) in value.entries() {
        let name = key.text().unwrap_or_default();
        let field = below(path, name);
        if resource && matches!(name, "apiVersion" | "kind" | "metadata") {
            if name == "metadata" && node.is_mapping() {
                found.extend(builtin::validate_metadata(node, &field).unknown);
            }
            continue;
        }
        let own = at.schema.and_then(|schema| schema.property(name));
        match (own, at.schema.and_then(Schema::additional)) {
            (Some(own), _) => step(node, At::new(own), &field, found),
            (None, Some(Additional::Schema(other))) => step(node, At::new(other), &field, found),
            (None, Some(Additional::Allowed(_))) => {
                step(node, At { schema: None, resource: false, preserve: false }, &field, found);
            }
            (None, None) if at.preserve => {}
            (None, None) => found.push(Problem::new(key, field, UNKNOWN)),
        }
    }
}

/// The nulls that the server takes away from a custom resource before it validates: those of fields that may not be
/// null. Where a default stands, it is set instead.
pub(super) fn dropped_nulls(value: &Node, schema: Schema<'_>) -> HashSet<*const Node> {
    let mut found = HashSet::new();
    drop_nulls(value, schema, &mut found);
    found
}

fn drop_nulls(value: &Node, schema: Schema<'_>, found: &mut HashSet<*const Node>) {
    for (key, node) in value.entries() {
        let Some(field) = key.text().and_then(|name| of_field(schema, name)) else { continue };
        if node.is_null() && !field.is_nullable() {
            found.insert(std::ptr::from_ref(node));
        } else {
            drop_nulls(node, field, found);
        }
    }
    if let Some(items) = schema.items() {
        value.items().for_each(|node| drop_nulls(node, items, found));
    }
}
