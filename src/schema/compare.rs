//! What differs between two schemas: each difference once, with what it is about, so that every one of them
//! finds a rule that judges it and none is passed over.

use std::collections::{BTreeSet, HashMap};

use super::{Additional, Canonical, Schema, same};
use crate::manifest::{Node, Scalar, Value};

/// What a difference is about: which rule judges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// A field is gone.
    FieldRemoved,
    /// A field is new.
    FieldAdded,
    /// Which values are allowed.
    Enum,
    /// What is filled in where nothing is written.
    Default,
    /// Smallest and largest values, lengths and numbers.
    Limit,
    /// Which fields must be there.
    Required,
    /// What kind of value it is, and of which format.
    Type,
    /// Which texts are allowed.
    Pattern,
    /// Whether null is a value.
    Nullable,
    /// The rules in CEL.
    Validations,
    /// What `allOf`, `anyOf`, `oneOf` and `not` ask.
    Joined,
    /// How lists and maps are merged.
    Merging,
    /// What becomes of fields that are not named.
    UnknownFields,
    /// Words for people.
    Documentation,
    /// Anything else.
    Other,
}

/// The keywords of each aspect; every other one is [`Aspect::Other`].
const KEYWORDS: [(Aspect, &[&str]); 12] = [
    (Aspect::Enum, &["enum"]),
    (Aspect::Default, &["default"]),
    (
        Aspect::Limit,
        &[
            "maximum",
            "maxLength",
            "maxItems",
            "maxProperties",
            "minimum",
            "minLength",
            "minItems",
            "minProperties",
            "exclusiveMaximum",
            "exclusiveMinimum",
            "multipleOf",
            "uniqueItems",
        ],
    ),
    (Aspect::Required, &["required"]),
    (Aspect::Type, &["type", "format", "x-kubernetes-int-or-string", "x-kubernetes-embedded-resource"]),
    (Aspect::Pattern, &["pattern"]),
    (Aspect::Nullable, &["nullable"]),
    (Aspect::Validations, &["x-kubernetes-validations"]),
    (Aspect::Joined, &["allOf", "anyOf", "oneOf", "not"]),
    (Aspect::Merging, &["x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"]),
    (Aspect::UnknownFields, &["additionalProperties", "x-kubernetes-preserve-unknown-fields"]),
    (Aspect::Documentation, &["description", "title", "example", "externalDocs"]),
];

impl Aspect {
    /// What a keyword of a schema is about.
    pub fn of(keyword: &str) -> Self {
        let found = KEYWORDS.iter().find(|(_, keywords)| keywords.contains(&keyword));
        found.map_or(Self::Other, |(aspect, _)| *aspect)
    }
}

/// One difference.
#[derive(Debug, Clone)]
pub struct Difference<'a> {
    /// What it is about.
    pub aspect: Aspect,
    /// The keyword that differs, or the name of the field that is gone or new.
    pub keyword: &'a str,
    /// The path of the schema in which it differs, as [`super::Visit::path`].
    pub path: String,
    /// The field that the schema is for, as [`super::Visit::field`].
    pub field: String,
    /// What was written; `None` where nothing was.
    pub old: Option<&'a Node>,
    /// What is written now.
    pub new: Option<&'a Node>,
    /// The key in the new manifest under which the schema stands, where it is a field's, that of items or of values.
    pub key: Option<&'a Node>,
    /// The schema before.
    pub before: Schema<'a>,
    /// The schema now.
    pub after: Schema<'a>,
}

impl<'a> Difference<'a> {
    /// The node to point at, in the new manifest: what is written now, of a list its key, and of what is not written any
    /// more that in which it is missing: `properties`, the field, or the schema.
    pub fn node(&self) -> &'a Node {
        let key = |name: &str| self.after.node().entry(name).map(|(key, _)| key);
        let missing = || {
            let fields = (self.aspect == Aspect::FieldRemoved).then(|| key("properties")).flatten();
            fields.or(self.key).unwrap_or_else(|| self.after.node())
        };
        match self.new {
            Some(new) if new.is_sequence() => key(self.keyword).unwrap_or(new),
            Some(new) => new,
            None => missing(),
        }
    }

    /// The path of what differs.
    pub fn place(&self) -> String {
        let keyword = self.keyword;
        match self.aspect {
            Aspect::FieldRemoved | Aspect::FieldAdded => format!("{}.properties[{keyword}]", self.path),
            _ => format!("{}.{keyword}", self.path),
        }
    }

    /// The name of the field that it is about; `None` where that is the whole object.
    pub fn named(&self) -> Option<String> {
        let name = match self.aspect {
            Aspect::FieldRemoved | Aspect::FieldAdded => {
                let dot = if self.field.is_empty() { "" } else { "." };
                format!("{}{dot}{}", self.field, self.keyword)
            }
            _ => self.field.clone(),
        };
        (!name.is_empty()).then_some(name)
    }
}

/// Every difference between two schemas of the same thing, outer ones before inner ones. `path` is the path of
/// the new one. Fields that are the same in other words (another order of keys, of required fields or of
/// allowed values, what is written as null or as an empty list) do not differ.
pub fn compare<'a>(before: Schema<'a>, after: Schema<'a>, path: &str) -> Vec<Difference<'a>> {
    let mut found = Vec::new();
    step(At { before, after, key: None, path: path.to_owned(), field: String::new() }, &mut found);
    found
}

struct At<'a> {
    key: Option<&'a Node>,
    before: Schema<'a>,
    after: Schema<'a>,
    path: String,
    field: String,
}

impl<'a> At<'a> {
    fn difference(
        &self,
        aspect: Aspect,
        keyword: &'a str,
        pair: (Option<&'a Node>, Option<&'a Node>),
    ) -> Difference<'a> {
        let (path, field) = (self.path.clone(), self.field.clone());
        let (key, before, after) = (self.key, self.before, self.after);
        Difference { aspect, keyword, path, field, old: pair.0, new: pair.1, key, before, after }
    }

    /// The key of the new schema under which another one stands.
    fn inside(&self, keyword: &str) -> Option<&'a Node> {
        self.after.node().entry(keyword).map(|(key, _)| key)
    }

    fn below(&self, name: &str) -> String {
        if self.field.is_empty() { name.to_owned() } else { format!("{}.{name}", self.field) }
    }
}

fn step<'a>(at: At<'a>, found: &mut Vec<Difference<'a>>) {
    keywords(&at, found);
    let (were, are) = (fields(at.before), fields(at.after));
    for (key, before) in at.before.properties() {
        let Some(name) = key.text() else { continue };
        let Some((key, after)) = are.get(name).copied() else {
            found.push(at.difference(Aspect::FieldRemoved, name, (Some(before.node()), None)));
            continue;
        };
        let (path, field) = (format!("{}.properties[{name}]", at.path), at.below(name));
        step(At { before, after, key: Some(key), path, field }, found);
    }
    for (key, after) in at.after.properties() {
        let Some(name) = key.text().filter(|name| !were.contains_key(name)) else { continue };
        found.push(at.difference(Aspect::FieldAdded, name, (None, Some(after.node()))));
    }
    if let (Some(before), Some(after)) = (at.before.items(), at.after.items()) {
        let (key, path) = (at.inside("items"), format!("{}.items", at.path));
        step(At { before, after, key, path, field: at.below("*") }, found);
    }
    if let (Some(Additional::Schema(before)), Some(Additional::Schema(after))) =
        (at.before.additional(), at.after.additional())
    {
        let (key, path) = (at.inside("additionalProperties"), format!("{}.additionalProperties", at.path));
        step(At { before, after, key, path, field: at.below("*") }, found);
    }
}

/// The fields by their names: a look at each of ten thousand would pass all others again and again.
fn fields(schema: Schema<'_>) -> HashMap<&str, (&Node, Schema<'_>)> {
    schema.properties().filter_map(|(key, schema)| Some((key.text()?, (key, schema)))).collect()
}

/// What is written in the two schemas themselves.
fn keywords<'a>(at: &At<'a>, found: &mut Vec<Difference<'a>>) {
    let written = |schema: Schema<'a>| schema.node().entries().filter_map(|(key, node)| Some((key.text()?, node)));
    let (were, are): (HashMap<_, _>, HashMap<_, _>) = (written(at.before).collect(), written(at.after).collect());
    let only_after = written(at.after).filter(|(key, _)| !were.contains_key(key));
    for (key, _) in written(at.before).chain(only_after) {
        let (old, new) = (said(key, were.get(key)), said(key, are.get(key)));
        let goes_deeper = match key {
            "properties" => true,
            "items" => at.before.items().is_some() && at.after.items().is_some(),
            "additionalProperties" => [at.before, at.after]
                .into_iter()
                .all(|schema| matches!(schema.additional(), Some(Additional::Schema(_)))),
            _ => false,
        };
        if !goes_deeper && !equal(key, old, new) {
            found.push(at.difference(Aspect::of(key), key, (old, new)));
        }
    }
}

/// What a schema says under a key; nothing where that is as good as nothing. A `default` may be anything.
fn said<'a>(key: &str, node: Option<&&'a Node>) -> Option<&'a Node> {
    let node = *node.filter(|node| !node.is_null())?;
    let empty = match &node.value {
        Value::Scalar { value: Scalar::Bool(value), .. } => !value && key != "additionalProperties",
        Value::Scalar { value: Scalar::String(text), .. } => text.is_empty(),
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(_) | Value::Scalar { .. } => false,
    };
    (key == "default" || !empty).then_some(node)
}

fn equal(key: &str, old: Option<&Node>, new: Option<&Node>) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return old.is_none() && new.is_none() };
    match key {
        // Sets, in whatever order they are written.
        "required" | "enum" => set(old) == set(new),
        _ => same(old, new),
    }
}

fn set(node: &Node) -> BTreeSet<Canonical<'_>> {
    node.items().map(Canonical::of).collect()
}

#[cfg(test)]
mod tests;
