//! Judges a value against a schema as the API server does when a custom resource is written, or when a
//! definition with a default comes in.
//!
//! Facts: kubernetes/kube-openapi `pkg/validation/validate` (what the server validates with),
//! kubernetes/apiextensions-apiserver `pkg/apiserver/validation`, `pkg/apiserver/schema/pruning`, `.../listtype`,
//! `.../objectmeta` and `.../defaulting`. Where the server's arithmetic is odd, so is this one: a manifest is judged by
//! what happens to it.

mod format;
mod junctor;
mod kind;
mod list;
mod meta;
mod number;
mod prune;
mod text;

use std::collections::{HashMap, HashSet};

pub use format::{Format, is_known as is_known_format};
pub use kind::Kind;
pub use number::Number;

use super::pattern::Pattern;
use super::{Additional, Schema};
use crate::manifest::Node;

/// What is judged, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purpose {
    /// Whether the value is a `default` of a definition. Those are validated without the steps that a custom resource
    /// goes through before: no null is dropped, uniqueness of lists is not looked at.
    pub default: bool,
    /// Whether the value is a whole resource, or embedded as one: with apiVersion, kind and metadata.
    pub resource: bool,
}

/// The words of a field that must be there and is not.
pub const MISSING: &str = "is required, but missing";

/// The words of a field that nobody knows.
pub const UNKNOWN: &str = "is not a field of the schema";

/// One thing that is wrong with a value, or that nobody can say without the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem<'v> {
    /// The node: the value itself, or the key of an unknown field.
    pub node: &'v Node,
    /// The path of the field, as `spec.ports[0].name`.
    pub field: String,
    /// What is wrong, to stand behind the field's name: `must be …`.
    pub words: String,
    /// The name that somebody may have meant, where the field is unknown.
    pub meant: Option<&'static str>,
}

impl<'v> Problem<'v> {
    /// A problem of a field.
    pub fn new(node: &'v Node, field: impl Into<String>, words: impl Into<String>) -> Self {
        Self { node, field: field.into(), words: words.into(), meant: None }
    }
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict<'v> {
    /// What the server refuses.
    pub invalid: Vec<Problem<'v>>,
    /// Fields that the schema does not have: the server drops them, or refuses them under strict validation.
    pub unknown: Vec<Problem<'v>>,
    /// What only the server can say, such as a format of whose rules this program does not know all.
    pub undecided: Vec<Problem<'v>>,
}

/// Judges a value. `path` is the value's own path, which those of the problems begin with; it may be empty.
pub fn validate<'v>(value: &'v Node, schema: Schema<'_>, purpose: Purpose, path: &str) -> Verdict<'v> {
    let dropped = if purpose.default { HashSet::new() } else { prune::dropped_nulls(value, schema) };
    let mut judge = Judge { purpose, dropped, patterns: HashMap::new() };
    let mut found = Found::default();
    let at = At { node: value, path, base: Some(schema), resource: purpose.resource, joined: false };
    judge.value(at, schema, &mut found);
    let unknown = prune::unknown(value, schema, purpose.resource, path);
    Verdict { invalid: found.invalid, unknown, undecided: found.undecided }
}

/// The value that is judged, and where it stands.
#[derive(Debug, Clone, Copy)]
struct At<'v, 'p> {
    node: &'v Node,
    path: &'p str,
    /// The schema of this place outside of alternatives, which has the defaults.
    base: Option<Schema<'p>>,
    /// Whether it is a whole resource.
    resource: bool,
    /// Inside allOf, anyOf, oneOf or not, where only values are judged.
    joined: bool,
}

impl<'v, 'p> At<'v, 'p> {
    /// The same value for a part of its schema.
    const fn joined(self) -> Self {
        Self { joined: true, resource: false, ..self }
    }

    /// A value inside of this one.
    const fn inner<'q>(self, node: &'v Node, path: &'q str, base: Option<Schema<'q>>) -> At<'v, 'q> {
        At { node, path, base, resource: false, joined: self.joined }
    }
}

#[derive(Debug, Default)]
struct Found<'v> {
    invalid: Vec<Problem<'v>>,
    undecided: Vec<Problem<'v>>,
}

impl<'v> Found<'v> {
    fn invalid(&mut self, node: &'v Node, path: &str, words: impl Into<String>) {
        self.invalid.push(Problem::new(node, path, words));
    }

    fn undecided(&mut self, node: &'v Node, path: &str, words: impl Into<String>) {
        self.undecided.push(Problem::new(node, path, words));
    }
}

struct Judge {
    purpose: Purpose,
    /// Nulls that the server drops before it validates, by their address.
    dropped: HashSet<*const Node>,
    /// Compiled once each: a list of a thousand items has the same one a thousand times.
    patterns: HashMap<String, Option<Pattern>>,
}

impl Judge {
    fn value<'v>(&mut self, at: At<'v, '_>, schema: Schema<'_>, found: &mut Found<'v>) {
        let kind = Kind::of(at.node);
        let format = self.format(schema);
        self.kind(at, schema, format, found);
        if kind != Kind::Null {
            self.junctors(at, schema, found);
        }
        match kind {
            Kind::String => self.text(at, schema, format, found),
            Kind::Integer | Kind::Number => number::check(at, schema, found),
            Kind::Array => self.items(at, schema, found),
            Kind::Object => self.fields(at, schema, found),
            Kind::Null | Kind::Boolean => {}
        }
        let base = at.base.filter(|_| !self.purpose.default);
        kind::check_enum(At { base, ..at }, schema, found);
        if !at.joined && (at.resource || schema.is_embedded_resource()) {
            meta::check(at.node, at.path, at.resource && !self.purpose.default, found);
        }
    }

    /// The format that counts: a custom resource's unknown ones are dropped, a default's are not.
    fn format<'s>(&self, schema: Schema<'s>) -> &'s str {
        let written = schema.text("format").unwrap_or_default();
        if !self.purpose.default && !is_known_format(schema_type(schema), written) { "" } else { written }
    }

    fn fields<'v>(&mut self, at: At<'v, '_>, schema: Schema<'_>, found: &mut Found<'v>) {
        let mut there = 0_usize;
        for (key, node) in at.node.entries() {
            if self.is_dropped(node) {
                continue;
            }
            there += 1;
            let name = key.text().unwrap_or_default();
            let field = below(at.path, name);
            let inner = at.inner(node, &field, at.base.and_then(|base| of_field(base, name)));
            match (schema.property(name), schema.additional()) {
                (Some(own), _) => self.value(inner, own, found),
                (None, Some(Additional::Schema(other))) => self.value(inner, other, found),
                (None, Some(Additional::Allowed(false))) => {
                    found.invalid(key, &field, "is not allowed, because `additionalProperties` is false");
                }
                (None, _) => {}
            }
        }
        there += self.defaults(at).count();
        Limits { keys: ["minProperties", "maxProperties"], count: there, unit: "field" }.check(at, schema, found);
        for (name, _) in schema.required() {
            let given = at.node.get(name).is_some_and(|node| !self.is_dropped(node));
            if !given && !self.defaults(at).any(|default| default == name) {
                found.invalid(at.node, &below(at.path, name), MISSING);
            }
        }
    }

    fn is_dropped(&self, node: &Node) -> bool {
        self.dropped.contains(&std::ptr::from_ref(node))
    }

    /// The fields of an object that are not there and that the server sets before it validates.
    fn defaults<'s>(&'s self, at: At<'s, 's>) -> impl Iterator<Item = &'s str> {
        let base = at.base.filter(|_| !self.purpose.default);
        let fields = base.into_iter().flat_map(Schema::properties);
        let with = fields.filter(|(_, schema)| schema.get("default").is_some());
        with.filter_map(|(key, _)| key.text())
            .filter(move |name| at.node.get(name).is_none_or(|node| self.is_dropped(node)))
    }

    fn items<'v>(&mut self, at: At<'v, '_>, schema: Schema<'_>, found: &mut Found<'v>) {
        if let Some(items) = schema.items() {
            for (index, node) in at.node.items().enumerate() {
                let path = format!("{}[{index}]", at.path);
                self.value(at.inner(node, &path, at.base.and_then(Schema::items)), items, found);
            }
        }
        let count = at.node.items().count();
        Limits { keys: ["minItems", "maxItems"], count, unit: "item" }.check(at, schema, found);
        if !at.joined && !self.purpose.default {
            list::check(at.node, schema, at.path, found);
        }
    }
}

/// The schema of a field, named or not.
fn of_field<'s>(schema: Schema<'s>, name: &str) -> Option<Schema<'s>> {
    let other = || match schema.additional() {
        Some(Additional::Schema(other)) => Some(other),
        _ => None,
    };
    schema.property(name).or_else(other)
}

/// The one type that the server resolves for formats; none where there are two.
fn schema_type(schema: Schema<'_>) -> Option<&str> {
    if schema.is_int_or_string() { Some("int-or-string") } else { schema.type_name() }
}

/// A lower and an upper limit of a count.
struct Limits {
    keys: [&'static str; 2],
    count: usize,
    unit: &'static str,
}

impl Limits {
    fn check<'v>(self, at: At<'v, '_>, schema: Schema<'_>, found: &mut Found<'v>) {
        let Self { keys: [least, most], count, unit } = self;
        let count = i128::try_from(count).unwrap_or(i128::MAX);
        let limit = |key| schema.get(key).and_then(Number::whole);
        let many = |limit: i128| if limit == 1 { format!("1 {unit}") } else { format!("{limit} {unit}s") };
        if let Some(least) = limit(least).filter(|least| count < *least) {
            found.invalid(at.node, at.path, format!("must have at least {}, but has {count}", many(least)));
        }
        if let Some(most) = limit(most).filter(|most| count > *most) {
            found.invalid(at.node, at.path, format!("must have at most {}, but has {count}", many(most)));
        }
    }
}

pub(super) fn below(path: &str, name: &str) -> String {
    let name = shown(name);
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

/// Words of a manifest made fit for a message: one line, and not endless.
fn shown(text: &str) -> String {
    let fit = |character: char| if character.is_control() || character == '`' { '?' } else { character };
    let mut shown: String = text.chars().take(80).map(fit).collect();
    if text.chars().nth(80).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
