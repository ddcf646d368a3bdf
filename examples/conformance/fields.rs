//! Fields that the description does not name. JSON Schema lets them pass; but a field that the
//! client sends and GitHub ignores is a mistake, and so is one that only the sandbox knows.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::description::Description;
use crate::pointer::{join, without_indexes};

/// What GitHub sends though its description leaves it out at some places: repositories inside pull
/// requests have custom properties in all of `@octokit/webhooks-examples`, and the list of an App's
/// installations is described by an old copy of what single ones are.
const UNDESCRIBED: &[&str] = &["client_id", "custom_properties", "merge_queues", "user_view_type"];

/// Everything that the schemas of one value say about its members.
#[derive(Default)]
struct Shape {
    /// Any field may be there.
    open: bool,
    fields: BTreeMap<String, Vec<String>>,
    items: Vec<String>,
}

/// Adds a message for every field of `value`, at any depth, that the schema at `pointer` does not
/// name in any of its alternatives.
pub(crate) fn unknown(description: &Description<'_>, pointer: &str, value: &Value, messages: &mut Vec<String>) {
    walk(description, &[pointer.to_owned()], (value, ""), messages);
}

fn walk(description: &Description<'_>, schemas: &[String], (value, at): (&Value, &str), messages: &mut Vec<String>) {
    let mut shape = Shape::default();
    for schema in schemas {
        gather(description, schema, &mut shape);
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let place = join(at, name);
                match shape.fields.get(name) {
                    Some(schemas) => walk(description, schemas, (value, &place), messages),
                    None if shape.open || UNDESCRIBED.contains(&name.as_str()) => {}
                    None => messages.push(format!("{}: the description has no such field", without_indexes(&place))),
                }
            }
        }
        Value::Array(items) if !shape.items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                walk(description, &shape.items, (item, &join(at, &index.to_string())), messages);
            }
        }
        _ => {}
    }
}

fn gather(description: &Description<'_>, pointer: &str, shape: &mut Shape) {
    let Some((pointer, schema)) = description.at(pointer) else { return };
    let own = schema["properties"].as_object();
    for name in own.into_iter().flat_map(|fields| fields.keys()) {
        shape.fields.entry(name.clone()).or_default().push(join(&join(&pointer, "properties"), name));
    }
    if schema["items"].is_object() {
        shape.items.push(join(&pointer, "items"));
    }
    let mut alternatives = false;
    let open = shape.open;
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for index in 0..schema[keyword].as_array().map_or(0, Vec::len) {
            alternatives = true;
            gather(description, &join(&join(&pointer, keyword), &index.to_string()), shape);
        }
    }
    if own.is_some() {
        // Alternatives beside named fields only say which of them belong together.
        shape.open = open;
    }
    let more = &schema["additionalProperties"];
    let free = own.is_none() && !alternatives && schema.get("enum").is_none();
    shape.open |= more.is_object() || *more == Value::Bool(true) || free && *more != Value::Bool(false);
}
