//! A schema's type must be one that OpenAPI has.
//!
//! # What
//! Reports each `type` in a schema that is not `array`, `boolean`, `integer`, `number`, `object` or `string`; `null` is
//! none of them.
//!
//! # Why
//! The API server refuses the definition. It looks away only where the definition had such a type already before.
//!
//! # Bad
//! ```yaml
//! size: {type: int}
//! ```
//!
//! # Good
//! ```yaml
//! size: {type: integer}
//! ```

use super::schemas::{Root, each, opening};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Schema, Visit};

/// `crd/schema-type`.
#[derive(Debug)]
pub struct SchemaType;

const ID: RuleId = RuleId::new("crd/schema-type");

impl Rule for SchemaType {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("schema_type.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each(review, |root, at, found| found.extend(check_type(root, at)))
    }
}

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

fn check_type(root: &Root<'_>, at: &Visit<'_>) -> Option<Finding> {
    let node = at.schema.get("type")?;
    // What is no text, `crd/unknown-field` speaks of.
    let name = node.as_str()?;
    // `null` is refused always, others only where they are new.
    if !is_wrong(at.schema) || (name != "null" && root.had(is_wrong)) {
        return None;
    }
    let message = format!("{} has the type `{}`, which OpenAPI does not have.", opening(at), shown(name));
    let help = match name {
        "null" => "Write the type of the other values, and `nullable: true`.",
        "int" | "int32" | "int64" | "long" => "Write `type: integer`.",
        "bool" => "Write `type: boolean`.",
        "float" | "double" => "Write `type: number`.",
        "map" | "struct" => "Write `type: object`.",
        "list" => "Write `type: array`.",
        _ => HELP,
    };
    Some(root.error(ID, node, format!("{}.type", at.path), message).with_help(help))
}

const HELP: &str = "Write one of array, boolean, integer, number, object, string.";

fn is_wrong(schema: Schema<'_>) -> bool {
    schema.type_name().is_some_and(|name| !TYPES.contains(&name))
}
