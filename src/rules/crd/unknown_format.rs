//! A format that the API server does not know is not checked.
//!
//! # What
//! Reports each `format` that the API server does not know for the type of its field, and each list of type `set` whose
//! items are objects or lists.
//!
//! # Why
//! The API server takes the definition with a warning, and never checks the format: values that it should keep out get
//! in. Sets of objects or lists are not supported by server-side apply. Only what is new in the definition is told.
//!
//! # Bad
//! ```yaml
//! address: {type: string, format: ip}
//! ```
//!
//! # Good
//! ```yaml
//! address: {type: string, format: ipv4}
//! ```

use std::collections::BTreeSet;

use super::schemas::{Root, called, each, opening};
use super::{current, old_definition};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::value::is_known_format;
use crate::schema::{Definition, Schema, Version, Visit, walk};

/// `crd/unknown-format`.
#[derive(Debug)]
pub struct UnknownFormat;

const ID: RuleId = RuleId::new("crd/unknown-format");

impl Rule for UnknownFormat {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("unknown_format.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let before: BTreeSet<_> = current(review)
            .filter_map(|definition| old_definition(review, definition.object))
            .flat_map(|old| faults(old).into_iter().map(move |fault| (old.object.name.as_str(), fault)))
            .collect();
        each(review, |root, at, found| {
            let had = |fault| before.contains(&(root.definition.object.name.as_str(), fault));
            found.extend(check_format(root, at, &had));
            found.extend(check_set(root, at, &had));
        })
    }
}

/// What the server warns about: a format, or the type of a set's items. Where the old object has the same
/// anywhere, it does not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault<'a> {
    Format(&'a str),
    SetOf(&'a str),
}

fn faults(definition: Definition<'_>) -> Vec<Fault<'_>> {
    let mut found = Vec::new();
    for schema in definition.versions().filter_map(Version::schema) {
        walk(schema, "", &mut |at| {
            found.extend(unknown(at.schema).map(Fault::Format));
            found.extend(set_of(at.schema).map(Fault::SetOf));
        });
    }
    found
}

fn unknown(schema: Schema<'_>) -> Option<&str> {
    schema.text("format").filter(|format| !format.is_empty() && !is_known_format(schema.type_name(), format))
}

fn check_format<'a>(root: &Root<'a>, at: &Visit<'a>, had: &dyn Fn(Fault<'a>) -> bool) -> Option<Finding> {
    let format = unknown(at.schema)?;
    if had(Fault::Format(format)) {
        return None;
    }
    let kind = at.schema.type_name().unwrap_or("string");
    let message = format!(
        "The format `{}` of {} is not known for the type `{}`, so that nothing checks it.",
        shown(format),
        called(at),
        shown(kind)
    );
    let node = at.schema.get("format")?;
    Some(warning(
        root.error(ID, node, format!("{}.format", at.path), message)
            .with_help("Use a format that Kubernetes knows, or a `pattern`."),
    ))
}

fn set_of(schema: Schema<'_>) -> Option<&str> {
    let items = schema.items().filter(|_| schema.list_type() == Some("set"))?;
    items.type_name().filter(|name| matches!(*name, "object" | "array"))
}

fn check_set<'a>(root: &Root<'a>, at: &Visit<'a>, had: &dyn Fn(Fault<'a>) -> bool) -> Option<Finding> {
    let name = set_of(at.schema)?;
    if had(Fault::SetOf(name)) {
        return None;
    }
    let message =
        format!("{} is a set of items of the type `{name}`, which server-side apply does not support.", opening(at));
    let node = at.schema.get("x-kubernetes-list-type")?;
    let path = format!("{}.x-kubernetes-list-type", at.path);
    Some(warning(root.error(ID, node, path, message).with_help("Use a list of type `map` or `atomic`.")))
}

/// The server warns, but takes it.
fn warning(finding: Finding) -> Finding {
    Finding { severity: Severity::Warning, ..finding }
}
