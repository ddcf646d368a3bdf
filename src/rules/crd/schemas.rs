//! What the rules about schemas share: every schema of every definition that is judged, and what the definition was
//! before the change.

use std::cell::OnceCell;

use super::structural::is_structural;
use super::{current, error, old_definition};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Review, shown};
use crate::schema::{Definition, Schema, Version, Visit, walk};

/// So many findings of one rule in one schema are told: nobody reads more, and a manifest of 3 MiB can hold half a million.
const MOST: usize = 500;

/// One version's schema, and whose it is.
pub(super) struct Root<'a> {
    pub(super) definition: Definition<'a>,
    /// The definition before the change.
    pub(super) old: Option<Definition<'a>>,
    pub(super) schema: Schema<'a>,
    /// The path of the schema in the object.
    pub(super) path: String,
    old_fashioned: OnceCell<bool>,
    had: OnceCell<bool>,
}

/// The schemas of the definitions in new and changed files.
pub(super) fn roots<'a>(review: &Review<'a>) -> Vec<Root<'a>> {
    current(review).flat_map(|definition| roots_of(definition, old_definition(review, definition.object))).collect()
}

/// The schemas of one definition, seen as one that replaces another or none.
pub(super) fn roots_of<'a>(
    definition: Definition<'a>,
    old: Option<Definition<'a>>,
) -> impl Iterator<Item = Root<'a>> + use<'a> {
    definition.versions().filter_map(move |version| {
        let schema = version.schema()?;
        let path = version.field("schema.openAPIV3Schema");
        Some(Root { definition, old, schema, path, old_fashioned: OnceCell::new(), had: OnceCell::new() })
    })
}

/// What a look at every schema finds.
pub(super) fn each<'a>(
    review: &Review<'a>,
    mut look: impl FnMut(&Root<'a>, &Visit<'a>, &mut Vec<Finding>),
) -> Vec<Finding> {
    let mut found = Vec::new();
    for root in roots(review) {
        let mut few = Few::default();
        root.walk(&mut |at| few.add(|found| look(&root, at, found)));
        found.extend(few.told());
    }
    found
}

/// The findings of one rule in one schema, of which the last one says how many more there are.
#[derive(Default)]
struct Few {
    told: Vec<Finding>,
    /// How many are not told, and how severe the worst of them is.
    more: usize,
    worst: Option<Severity>,
}

impl Few {
    fn add(&mut self, look: impl FnOnce(&mut Vec<Finding>)) {
        if self.told.len() < MOST {
            return look(&mut self.told);
        }
        let mut more = Vec::new();
        look(&mut more);
        self.more += more.len();
        self.worst = self.worst.max(more.iter().map(|finding| finding.severity).max());
    }

    fn told(mut self) -> Vec<Finding> {
        if let Some((last, worst)) = self.told.last_mut().zip(self.worst) {
            last.severity = last.severity.max(worst);
            last.message.push_str(&format!(" There are {} more like this one in this schema.", self.more));
        }
        self.told
    }
}

/// The same for what a schema must be to be structural, where the server asks for that.
pub(super) fn each_structural<'a>(
    review: &Review<'a>,
    mut look: impl FnMut(&Root<'a>, &Visit<'a>, &mut Vec<Finding>),
) -> Vec<Finding> {
    each(review, |root, at, found| {
        if !root.is_old_fashioned() {
            look(root, at, found);
        }
    })
}

impl<'a> Root<'a> {
    pub(super) fn walk(&self, see: &mut dyn FnMut(&Visit<'a>)) {
        walk(self.schema, &self.path, see);
    }

    /// An error at a node below a schema.
    pub(super) fn error(&self, id: RuleId, node: &Node, path: String, message: String) -> Finding {
        error(id, self.definition.object, node, message).with_field(path)
    }

    /// Whether this is a definition from the time before structural schemas, and was one before: it has
    /// `preserveUnknownFields: true`, which no new one may have, nothing that needs a structure, and replaces one that
    /// had a schema without structure. The server does not ask such a one to become structural
    /// (`requireStructuralSchema` of apiextensions' `validation.go`).
    pub(super) fn is_old_fashioned(&self) -> bool {
        *self.old_fashioned.get_or_init(|| {
            self.definition.preserves_unknown_fields()
                && !has(self.definition, needs_structure)
                && self.old.is_some_and(|old| !is_structural(old))
        })
    }

    /// Whether the definition had this fault already before the change, in any of its schemas: then the server lets
    /// it be. Looked for once: a rule asks for one and the same `fault`.
    pub(super) fn had(&self, fault: impl Fn(Schema<'_>) -> bool) -> bool {
        *self.had.get_or_init(|| self.old.is_some_and(|old| has(old, fault)))
    }
}

fn needs_structure(schema: Schema<'_>) -> bool {
    const KEYS: [&str; 5] = [
        "default",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-validations",
    ];
    schema.is_embedded_resource() || schema.is_int_or_string() || KEYS.iter().any(|key| schema.get(key).is_some())
}

/// Whether any schema of a definition is such a one.
pub(super) fn has(definition: Definition<'_>, fault: impl Fn(Schema<'_>) -> bool) -> bool {
    let mut any = false;
    for schema in definition.versions().filter_map(Version::schema) {
        walk(schema, "", &mut |at| any = any || fault(at.schema));
    }
    any
}

/// What people call a schema: the field that it describes.
pub(super) fn called(at: &Visit<'_>) -> String {
    if at.field.is_empty() { "the root".to_owned() } else { format!("`{}`", shown(&at.field)) }
}

/// The same at the beginning of a sentence.
pub(super) fn opening(at: &Visit<'_>) -> String {
    if at.field.is_empty() { "The root".to_owned() } else { called(at) }
}

/// Whether a key of a schema says anything: what is null, empty or false does not, to Go.
pub(super) fn says(schema: Schema<'_>, key: &str) -> bool {
    schema.get(key).is_some_and(|node| !is_zero(node))
}

/// What leaves no trace in Go's schema where it is empty or false; everything else counts as soon as it is written.
const VANISHING: [&str; 20] = [
    "$schema",
    "allOf",
    "anyOf",
    "definitions",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "id",
    "nullable",
    "oneOf",
    "pattern",
    "patternProperties",
    "properties",
    "title",
    "type",
    "uniqueItems",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
];

/// Whether a key of a schema says anything where Go compares whole schemas.
pub(super) fn counts(schema: Schema<'_>, key: &str) -> bool {
    let written = schema.get(key).is_some_and(|node| !node.is_null());
    says(schema, key) || (written && !VANISHING.contains(&key))
}

fn is_zero(node: &Node) -> bool {
    let empty =
        (node.is_mapping() && node.entries().next().is_none()) || (node.is_sequence() && node.items().next().is_none());
    node.is_null() || node.as_bool() == Some(false) || node.as_str() == Some("") || empty
}
