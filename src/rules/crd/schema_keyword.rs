//! A schema must not use what CustomResourceDefinitions do not support.
//!
//! # What
//! Reports `$ref`, `$schema`, `id`, `definitions`, `dependencies`, `patternProperties`, `additionalItems`, a list of
//! schemas under `items`, and `uniqueItems: true`, wherever they stand in a schema.
//!
//! # Why
//! JSON Schema has these words, but a CustomResourceDefinition must do without, and the API server refuses it. Schemas
//! that were generated from Go or TypeScript have them often.
//!
//! # Bad
//! ```yaml
//! ports: {type: array, uniqueItems: true, items: {$ref: "#/definitions/port"}}
//! ```
//!
//! # Good
//! ```yaml
//! ports: {type: array, x-kubernetes-list-type: set, items: {type: integer}}
//! ```

use super::schemas::{Root, called, each, says};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Visit;

/// `crd/schema-keyword`.
#[derive(Debug)]
pub struct SchemaKeyword;

const ID: RuleId = RuleId::new("crd/schema-keyword");

impl Rule for SchemaKeyword {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("schema_keyword.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each(review, |root, at, found| {
            for (key, help) in KEYWORDS {
                found.extend(check_keyword(root, at, key, help));
            }
        })
    }
}

/// The words, each with what to do instead.
const KEYWORDS: [(&str, &str); 9] = [
    ("$ref", "Write the schema out in this place."),
    ("$schema", "Remove it."),
    ("id", "Remove it. A field of this name belongs under `properties`."),
    ("definitions", "Write the schemas out where they are used."),
    ("dependencies", "Say it with `x-kubernetes-validations`, such as `!has(self.a) || has(self.b)`."),
    ("patternProperties", "Use `additionalProperties` for fields of any name."),
    ("additionalItems", "Remove it, and let `items` be the schema of all items."),
    ("items", "Let `items` be one schema for all items."),
    ("uniqueItems", "Use `x-kubernetes-list-type: set`."),
];

fn check_keyword(root: &Root<'_>, at: &Visit<'_>, key: &str, help: &str) -> Option<Finding> {
    let node = at.schema.get(key)?;
    let refused = match key {
        "$ref" | "dependencies" | "additionalItems" => true,
        "items" => node.items().next().is_some(),
        "uniqueItems" => at.schema.is(key),
        _ => says(at.schema, key),
    };
    let what = match key {
        "items" => "a list of schemas under `items`".to_owned(),
        "uniqueItems" => "`uniqueItems: true`".to_owned(),
        _ => format!("`{key}`"),
    };
    refused.then(|| {
        let message = format!("The schema of {} has {what}, which the API server does not support.", called(at));
        root.error(ID, node, format!("{}.{key}", at.path), message).with_help(help)
    })
}
