//! Every field of a CustomResourceDefinition and of a custom resource must be one that somebody knows.
//!
//! # What
//! Reports, everywhere in the definition and in its schemas, a field that does not exist, a value of the wrong
//! kind (a text where `true` or `false` must stand, a number where a text must stand, and so on), and two items
//! with the same key in a list whose items are told apart by it. What stands under `default`, `enum` and
//! `example` is data and may be anything. In custom resources, reports a field that the schema of their definition
//! does not name, also below `metadata`.
//!
//! # Why
//! Flux writes with server-side apply, which refuses an object with unknown fields. Below `items` and
//! `additionalProperties` it does not look: there the API server drops an unknown field without a word, so a
//! misspelt `x-kubernetes-…` or `maxLength` checks nothing (a warning). Values of the wrong kind are refused
//! everywhere.
//!
//! # Bad
//! ```yaml
//! settings: {type: object, x-kubernetes-preserve-unkown-fields: true}
//! size: {type: integer, minimum: "1"}
//! ```
//!
//! # Good
//! ```yaml
//! settings: {type: object, x-kubernetes-preserve-unknown-fields: true}
//! size: {type: integer, minimum: 1}
//! ```

use std::collections::BTreeSet;

use super::shape::{CONVERSION, DEFINITION, Kind, SCHEMA, SPEC, Shape, VERSION};
use super::{current, error, text, warning};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object, Scalar, Value};
use crate::rules::{Meta, Prepared, Review, Rule, object, shown};
use crate::schema::{NO_BASE64, decode_base64, is_time, nearest_name};

/// `crd/unknown-field`.
#[derive(Debug)]
pub struct UnknownField;

const ID: RuleId = RuleId::new("crd/unknown-field");

impl Rule for UnknownField {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("unknown_field.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for definition in current(review) {
            let mut checked = Checked { object: definition.object, findings: &mut findings };
            checked.root();
        }
        let of_resources = Prepared::with(review, |prepared| {
            prepared.objects.custom_resources().flat_map(|one| object::unknown_fields(ID, one)).collect::<Vec<_>>()
        });
        findings.extend(of_resources);
        findings
    }
}

/// A place in the object.
#[derive(Debug, Clone, Default)]
struct At {
    path: String,
    /// Whether server-side apply looks here; else only the decoder does, which drops what it does not know.
    is_unwatched: bool,
}

impl At {
    fn field(&self, name: &str) -> Self {
        let name = shown(name);
        let path = if self.path.is_empty() { name } else { format!("{}.{name}", self.path) };
        Self { path, is_unwatched: self.is_unwatched }
    }

    fn entry(&self, key: &str) -> Self {
        Self { path: format!("{}[{}]", self.path, shown(key)), is_unwatched: self.is_unwatched }
    }

    fn unwatched(&self) -> Self {
        Self { is_unwatched: true, ..self.clone() }
    }
}

struct Checked<'a> {
    object: &'a Object,
    findings: &'a mut Vec<Finding>,
}

impl Checked<'_> {
    /// What tells Flux how to decrypt goes when it does; `yaml/encrypted` speaks of it.
    fn root(&mut self) {
        let object = self.object;
        let entries = object.node.entries();
        self.entries(
            entries.filter(|(key, _)| !object.encrypted || key.text() != Some("sops")),
            &DEFINITION,
            &At::default(),
        );
    }

    fn fields(&mut self, node: &Node, shape: &Shape, at: &At) {
        self.entries(node.entries(), shape, at);
    }

    fn entries<'n>(&mut self, entries: impl Iterator<Item = (&'n Node, &'n Node)>, shape: &Shape, at: &At) {
        for (key, value) in entries {
            let name = key.text().unwrap_or_default();
            match shape.field(name) {
                Some(kind) => self.value(value, kind, &at.field(name)),
                None => self.unknown(key, shape, name, &at.field(name)),
            }
        }
    }

    fn value(&mut self, node: &Node, kind: &Kind, at: &At) {
        if node.is_null() {
            return;
        }
        match (kind, &node.value) {
            (Kind::Object(shape), Value::Mapping(_)) => self.fields(node, shape, at),
            (Kind::Map(kind), Value::Mapping(_)) => {
                for (key, value) in node.entries() {
                    self.value(value, kind, &at.entry(key.text().unwrap_or_default()));
                }
            }
            (Kind::List(kind), Value::Sequence(items)) => self.items(items, kind, at),
            (Kind::Set, Value::Sequence(items)) => {
                self.keyed_items(items, &Kind::Text, at);
                self.doubles(items, &[], at);
            }
            (Kind::Keyed(shape, key), Value::Sequence(items)) => {
                self.keyed_items(items, &Kind::Object(shape), at);
                self.doubles(items, &[key], at);
            }
            (Kind::SchemaOrTruth | Kind::SchemaOrList | Kind::SchemaOrTexts, Value::Mapping(_)) => {
                self.fields(node, &SCHEMA, &at.unwatched());
            }
            (Kind::SchemaOrList, Value::Sequence(items)) => self.items(items, &Kind::Object(&SCHEMA), &at.unwatched()),
            (Kind::SchemaOrTexts, Value::Sequence(items)) => self.items(items, &Kind::Text, &at.unwatched()),
            (Kind::Any, _) | (Kind::Marker, Value::Mapping(_)) => {}
            (kind, Value::Scalar { value, .. }) if takes(kind, value) => {}
            _ => self.wrong(node, kind, at),
        }
    }

    fn items(&mut self, items: &[Node], kind: &Kind, at: &At) {
        for (index, item) in items.iter().enumerate() {
            self.value(item, kind, &at.entry(&index.to_string()));
        }
    }

    /// Where items are told apart, null is none.
    fn keyed_items(&mut self, items: &[Node], kind: &Kind, at: &At) {
        self.items(items, kind, at);
        for (index, item) in items.iter().enumerate().filter(|(_, item)| item.is_null() && !at.is_unwatched) {
            self.wrong(item, kind, &at.entry(&index.to_string()));
        }
    }

    /// Server-side apply tells the items apart by the text at a path in each.
    fn doubles(&mut self, items: &[Node], key: &[&str], at: &At) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate().filter(|_| !at.is_unwatched) {
            let Some(name) = text(item, key) else { continue };
            if seen.insert(name) {
                continue;
            }
            let what =
                key.first().map_or("the same text twice".to_owned(), |key| format!("two items with the same `{key}`"));
            let message = format!("`{}` has {what}; server-side apply, which Flux uses, refuses that.", at.path);
            let finding = error(ID, self.object, item.nearest(key), message);
            self.findings.push(finding.with_field(at.entry(&index.to_string()).path).with_help("Remove one of them."));
        }
    }

    fn unknown(&mut self, key: &Node, shape: &Shape, name: &str, at: &At) {
        let what = shape.what;
        let field = format!("There is no field `{}` in {what}", shown(name));
        let finding = if at.is_unwatched {
            let message = format!("{field}; the API server drops it without a word, so it does nothing.");
            warning(ID, self.object, key, message)
        } else {
            error(ID, self.object, key, format!("{field}; server-side apply, which Flux uses, refuses the object."))
        };
        self.findings.push(finding.with_field(at.path.clone()).with_help(remedy(shape, name)));
    }

    fn wrong(&mut self, node: &Node, kind: &Kind, at: &At) {
        let message = match unfit(kind, node) {
            Some(words) => format!("`{}` {words}.", at.path),
            None => format!("`{}` must be {}, and is {}.", at.path, wanted(kind), found(node, kind)),
        };
        let help = match (kind, &node.value) {
            _ if node.is_null() => "Remove it.",
            (Kind::Bytes, _) if node.as_str().is_some() => "Encode the bytes in base64, in one line.",
            (Kind::Time, _) if node.as_str().is_some() => "Remove it, or write the time so.",
            (Kind::Text | Kind::Bytes | Kind::Time, Value::Scalar { .. }) if node.as_str().is_none() => {
                "Put it into quotes."
            }
            (Kind::Truth | Kind::Whole | Kind::Number, Value::Scalar { .. }) if unquoted(node) => "Remove the quotes.",
            (Kind::Truth, Value::Scalar { .. }) => "Write `true` or `false`.",
            (Kind::List(_) | Kind::Set, Value::Scalar { .. }) => "Put `[` and `]` around it.",
            _ => "Look at its indentation, or remove it.",
        };
        let finding = error(ID, self.object, node, message);
        self.findings.push(finding.with_field(at.path.clone()).with_help(help));
    }
}

/// Whether a text in quotes would be read without them as what is wanted.
fn unquoted(node: &Node) -> bool {
    node.as_str().is_some_and(|text| matches!(text, "true" | "false") || text.parse::<f64>().is_ok())
}

/// What is wrong with a text that should be one of a certain form.
fn unfit(kind: &Kind, node: &Node) -> Option<&'static str> {
    match kind {
        Kind::Bytes => node.as_str().map(|_| NO_BASE64),
        Kind::Time => node.as_str().map(|_| "is no time such as `2030-01-31T12:00:00Z`"),
        _ => None,
    }
}

fn takes(kind: &Kind, value: &Scalar) -> bool {
    match (kind, value) {
        (Kind::Text, Scalar::String(_)) | (Kind::Truth | Kind::SchemaOrTruth, Scalar::Bool(_)) => true,
        (Kind::Number, Scalar::Int(_) | Scalar::Float(_)) => true,
        (Kind::Whole, Scalar::Int(number)) => i64::try_from(*number).is_ok(),
        (Kind::Whole, Scalar::Float(number)) => number.fract() == 0.0 && number.abs() < 9.2e18,
        (Kind::Bytes, Scalar::String(text)) => decode_base64(text).is_some(),
        (Kind::Time, Scalar::String(text)) => is_time(text),
        _ => false,
    }
}

fn wanted(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "a text",
        Kind::Truth => "`true` or `false`",
        Kind::Whole => "a whole number",
        Kind::Number => "a number",
        Kind::Bytes => "a text in base64",
        Kind::Time => "a time such as `2030-01-31T12:00:00Z`",
        Kind::Any => "anything",
        Kind::Marker | Kind::Object(_) | Kind::Map(_) => "a mapping",
        Kind::List(_) | Kind::Set | Kind::Keyed(..) => "a list",
        Kind::SchemaOrTruth => "a schema, `true` or `false`",
        Kind::SchemaOrList => "a schema",
        Kind::SchemaOrTexts => "a schema or a list of names",
    }
}

fn found(node: &Node, kind: &Kind) -> &'static str {
    match &node.value {
        Value::Scalar { value: Scalar::Int(_) | Scalar::Float(_), .. } if matches!(kind, Kind::Whole) => {
            "another number"
        }
        Value::Mapping(_) => "a mapping",
        Value::Sequence(_) => "a list",
        Value::Scalar { value: Scalar::Null, .. } => "null",
        Value::Scalar { value: Scalar::Bool(_), .. } => "`true` or `false`",
        Value::Scalar { value: Scalar::Int(_) | Scalar::Float(_), .. } => "a number",
        Value::Scalar { value: Scalar::String(_), .. } => "a text",
    }
}

/// Where fields went that people know from v1beta1 or write one step too high.
const MOVED: [(&Shape, &str, &str); 9] = [
    (&SPEC, "version", "Remove it; the versions stand in `spec.versions`."),
    (&SPEC, "validation", "Move it into every item of `spec.versions`, as `schema`."),
    (&SPEC, "subresources", "Move it into every item of `spec.versions`."),
    (&SPEC, "additionalPrinterColumns", "Move it into every item of `spec.versions`."),
    (&SPEC, "selectableFields", "Move it into every item of `spec.versions`."),
    (&CONVERSION, "webhookClientConfig", "Move it to `webhook.clientConfig`."),
    (&CONVERSION, "conversionReviewVersions", "Move it to `webhook.conversionReviewVersions`."),
    (&VERSION, "openAPIV3Schema", "Move it below `schema`."),
    (&SCHEMA, "const", "Write `enum` with this one value."),
];

fn remedy(shape: &Shape, name: &str) -> String {
    let moved = MOVED.iter().find(|(known, field, _)| known.what == shape.what && *field == name);
    if let Some((_, _, help)) = moved {
        return (*help).to_owned();
    }
    match nearest_name(name, shape.fields.iter().map(|(known, _)| *known)) {
        Some(known) => format!("Did you mean `{known}`? Write it so."),
        None => "Remove it, or move it to where it belongs.".to_owned(),
    }
}
