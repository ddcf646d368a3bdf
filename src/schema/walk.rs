//! Every schema inside a schema, with its place.

use super::{Additional, Junctor, Schema};
use crate::manifest::Node;

/// Where in a schema another one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Whether this is the outermost schema.
    pub root: bool,
    /// Whether it is inside `allOf`, `anyOf`, `oneOf` or `not`, at whatever depth: there only values are
    /// judged and nothing is structured.
    pub joined: bool,
    /// Whether it is the schema of a list's items.
    pub item: bool,
    /// Whether it is the schema of a map's values.
    pub additional: bool,
}

/// One schema and its place.
#[derive(Debug, Clone)]
pub struct Visit<'a> {
    /// The schema.
    pub schema: Schema<'a>,
    /// Its path in the object, as `spec.versions[0].schema.openAPIV3Schema.properties[spec].items`.
    pub path: String,
    /// Its place.
    pub place: Place,
    /// The names from the root to it where they are fields: `spec.replicas`; `*` stands for every item of a
    /// list and every value of a map. Empty for the root.
    pub field: String,
}

/// Visits a schema and all that are inside it, the outer before the inner, in the order in which they stand.
/// `path` is the root's own path.
pub fn walk<'a>(root: Schema<'a>, path: &str, visit: &mut dyn FnMut(&Visit<'a>)) {
    let place = Place { root: true, ..Place::default() };
    step(Visit { schema: root, path: path.to_owned(), place, field: String::new() }, visit);
}

fn step<'a>(at: Visit<'a>, visit: &mut dyn FnMut(&Visit<'a>)) {
    visit(&at);
    let inner = Place { root: false, item: false, additional: false, ..at.place };
    for (key, schema) in at.schema.properties() {
        let name = key.text().unwrap_or_default();
        let path = format!("{}.properties[{name}]", at.path);
        step(Visit { schema, path, place: inner, field: below(&at.field, name) }, visit);
    }
    if let Some(Additional::Schema(schema)) = at.schema.additional() {
        let path = format!("{}.additionalProperties", at.path);
        step(Visit { schema, path, place: Place { additional: true, ..inner }, field: below(&at.field, "*") }, visit);
    }
    items(&at, inner, visit);
    for junctor in Junctor::ALL {
        for (index, schema) in at.schema.joined(junctor).enumerate() {
            let number = if junctor == Junctor::Not { String::new() } else { format!("[{index}]") };
            let path = format!("{}.{}{number}", at.path, junctor.key());
            step(Visit { schema, path, place: Place { joined: true, ..inner }, field: at.field.clone() }, visit);
        }
    }
}

/// One schema for all items; a list of schemas is forbidden, and what is in it is visited all the same.
fn items<'a>(at: &Visit<'a>, inner: Place, visit: &mut dyn FnMut(&Visit<'a>)) {
    let place = Place { item: true, ..inner };
    let field = below(&at.field, "*");
    if let Some(schema) = at.schema.items() {
        step(Visit { schema, path: format!("{}.items", at.path), place, field }, visit);
        return;
    }
    for (index, node) in at.schema.get("items").into_iter().flat_map(Node::items).enumerate() {
        let path = format!("{}.items[{index}]", at.path);
        step(Visit { schema: Schema::new(node), path, place, field: field.clone() }, visit);
    }
}

fn below(field: &str, name: &str) -> String {
    if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") }
}
