//! Every field of a schema must say its type.
//!
//! # What
//! Reports a root, a field, an item of a list or a value of a map without `type`, a root whose type is not `object`, a
//! list without `items`, and `additionalProperties` at the root. Fields with `x-kubernetes-int-or-string` or
//! `x-kubernetes-preserve-unknown-fields` need no type.
//!
//! # Why
//! A schema must be structural: the API server has to know what stands where, to drop unknown fields and to set defaults.
//! It refuses a definition that is not.
//!
//! # Bad
//! ```yaml
//! openAPIV3Schema:
//!   type: object
//!   properties:
//!     spec: {properties: {names: {type: array}}}
//! ```
//!
//! # Good
//! ```yaml
//! openAPIV3Schema:
//!   type: object
//!   properties:
//!     spec: {type: object, properties: {names: {type: array, items: {type: string}}}}
//! ```

use super::schemas::{Root, called, each_structural};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::Visit;

/// `crd/structural-type`.
#[derive(Debug)]
pub struct StructuralType;

const ID: RuleId = RuleId::new("crd/structural-type");

impl Rule for StructuralType {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("structural_type.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each_structural(review, look)
    }
}

pub(super) fn look(root: &Root<'_>, at: &Visit<'_>, found: &mut Vec<Finding>) {
    if at.place.joined {
        return;
    }
    found.extend(check_type(root, at));
    found.extend(check_items(root, at));
    found.extend(check_additional(root, at));
}

fn check_type(root: &Root<'_>, at: &Visit<'_>) -> Option<Finding> {
    let schema = at.schema;
    let (message, help) = match schema.type_name() {
        // An embedded resource has a rule of its own.
        None if schema.is_embedded_resource() || schema.is_int_or_string() || schema.preserves_unknown_fields() => {
            return None;
        }
        // What is no text has another rule.
        None if schema.get("type").is_some_and(|node| node.as_str().is_none()) => return None,
        None => (format!("The schema of {} has no `type`.", called(at)), help(root, at)),
        Some(name) if at.place.root && name != "object" => (
            format!("The root of the schema has the type `{}`, but a custom resource is an object.", shown(name)),
            "Write `type: object`.",
        ),
        Some(_) => return None,
    };
    let node = schema.get("type").unwrap_or(schema.node());
    Some(root.error(ID, node, format!("{}.type", at.path), message).with_help(help))
}

fn help(_: &Root<'_>, at: &Visit<'_>) -> &'static str {
    let schema = at.schema;
    if at.place.root || schema.get("properties").is_some() || schema.get("additionalProperties").is_some() {
        "Add `type: object`."
    } else if schema.get("items").is_some() {
        "Add `type: array`."
    } else {
        "Add `type`; for anything at all write `x-kubernetes-preserve-unknown-fields: true`."
    }
}

fn check_items(root: &Root<'_>, at: &Visit<'_>) -> Option<Finding> {
    // `items` that is a list of schemas is refused by another rule, an empty list is nothing.
    let has_items = at.schema.get("items").is_some_and(|items| !items.is_sequence() || items.items().next().is_some());
    if at.schema.type_name() != Some("array") || has_items {
        return None;
    }
    let message = format!("The schema of {} is a list, but does not say what its items are.", called(at));
    let node = at.schema.get("items").unwrap_or(at.schema.node());
    Some(
        root.error(ID, node, format!("{}.items", at.path), message)
            .with_help("Add `items` with the schema of one item."),
    )
}

fn check_additional(root: &Root<'_>, at: &Visit<'_>) -> Option<Finding> {
    let node = at.schema.get("additionalProperties").filter(|_| at.place.root)?;
    let message = "The root of the schema has `additionalProperties`, but a custom resource has named fields only.";
    let help =
        "Name the fields under `properties`; to keep unknown ones, write `x-kubernetes-preserve-unknown-fields: true`.";
    Some(root.error(ID, node, format!("{}.additionalProperties", at.path), message.to_owned()).with_help(help))
}
