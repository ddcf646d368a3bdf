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

use super::schemas::{Root, called, each, opening};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::value::is_known_format;
use crate::schema::{Schema, Visit};

/// `crd/unknown-format`.
#[derive(Debug)]
pub struct UnknownFormat;

const ID: RuleId = RuleId::new("crd/unknown-format");

impl Rule for UnknownFormat {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Warning, source: include_str!("unknown_format.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each(review, |root, at, found| {
            found.extend(check_format(root, at));
            found.extend(check_set(root, at));
        })
    }
}

fn unknown(schema: Schema<'_>) -> Option<&str> {
    schema.text("format").filter(|format| !format.is_empty() && !is_known_format(schema.type_name(), format))
}

fn check_format(root: &Root<'_>, at: &Visit<'_>) -> Option<Finding> {
    let format = unknown(at.schema)?;
    if root.had(|schema| unknown(schema) == Some(format)) {
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

fn check_set(root: &Root<'_>, at: &Visit<'_>) -> Option<Finding> {
    let name = set_of(at.schema)?;
    if root.had(|schema| set_of(schema) == Some(name)) {
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
