//! With a status subresource the outermost schema may say only certain things.
//!
//! # What
//! Reports, in a version with `subresources.status`, what may not stand in the outermost schema: a type other
//! than object, junctors (`allOf`, `anyOf`, `oneOf`, `not`), `additionalProperties`, `default`, `enum`,
//! `minProperties`, `maxProperties`, and the marks of lists, maps and embedded resources. Where all versions
//! have the same schema, one status subresource is enough.
//!
//! # Why
//! The API server checks the status alone, with the schema's part for it; what the outermost schema says
//! about the whole would be lost there, so the definition is refused.
//!
//! # Bad
//! ```yaml
//! subresources: {status: {}}
//! schema:
//!   openAPIV3Schema:
//!     type: object
//!     oneOf: [{required: [spec]}, {required: [template]}]
//! ```
//!
//! # Good
//! ```yaml
//! subresources: {status: {}}
//! schema:
//!   openAPIV3Schema:
//!     type: object
//!     properties:
//!       spec: {type: object, oneOf: [{required: [a]}, {required: [b]}]}
//! ```

use super::alike::alike;
use super::{current, error};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Scalar, Value};
use crate::rules::{Meta, Review, Rule};
use crate::schema::{Definition, Version};

/// `crd/status-root`.
#[derive(Debug)]
pub struct StatusRoot;

const ID: RuleId = RuleId::new("crd/status-root");

/// What a schema may say but the outermost one may not.
const FORBIDDEN: [&str; 22] = [
    "$ref",
    "$schema",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "definitions",
    "dependencies",
    "enum",
    "id",
    "maxProperties",
    "minProperties",
    "not",
    "nullable",
    "oneOf",
    "patternProperties",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
];

/// Those that are not there when they are false or an empty text.
const PLAIN: [&str; 5] = ["$schema", "id", "nullable", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"];

impl Rule for StatusRoot {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("status_root.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        current(review).flat_map(check_definition).collect()
    }
}

fn check_definition(definition: Definition<'_>) -> Vec<Finding> {
    if are_schemas_shared(definition) {
        // The API server keeps the first one, and holds it against every version.
        let first = definition.versions().next().filter(|_| definition.versions().any(has_status));
        return first.map_or_else(Vec::new, |version| check_version(definition, version));
    }
    let restricted = definition.versions().filter(|version| has_status(*version));
    restricted.flat_map(|version| check_version(definition, version)).collect()
}

fn has_status(version: Version<'_>) -> bool {
    version.at(&["subresources", "status"]).is_some()
}

/// Whether all versions have the same schema: then the API server keeps it once.
fn are_schemas_shared(definition: Definition<'_>) -> bool {
    let mut schemas = definition.versions().map(|version| version.at(&["schema"]));
    let first = schemas.next().flatten();
    schemas.all(|other| first.zip(other).is_some_and(|(one, other)| alike(one, other)))
}

fn check_version(definition: Definition<'_>, version: Version<'_>) -> Vec<Finding> {
    let Some(root) = version.schema() else { return Vec::new() };
    let mut findings = Vec::new();
    for (key, value) in root.node().entries() {
        let Some(name) = key.text().filter(|name| is_fault(name, value)) else { continue };
        let message = format!(
            "`{name}` cannot stand in the outermost schema of {}, as there is a status subresource.",
            version.called()
        );
        let help = match name {
            "type" => "Write `type: object`.",
            _ => {
                "Remove it, or move it into the schema of `spec`; a rule about the whole can be written in \
                  `x-kubernetes-validations`."
            }
        };
        let field = version.field(&format!("schema.openAPIV3Schema.{name}"));
        findings.push(error(ID, definition.object, key, message).with_field(field).with_help(help));
    }
    findings
}

fn is_fault(name: &str, value: &Node) -> bool {
    if name == "type" {
        return value.as_str().is_some_and(|kind| !matches!(kind, "" | "object"));
    }
    let nothing = match &value.value {
        Value::Scalar { value: Scalar::Null, .. } => true,
        Value::Scalar { value: Scalar::Bool(false), .. } => PLAIN.contains(&name),
        Value::Scalar { value: Scalar::String(text), .. } => text.is_empty() && PLAIN.contains(&name),
        _ => false,
    };
    FORBIDDEN.contains(&name) && !nothing
}
