//! A schema has named fields or fields of any name, not both.
//!
//! # What
//! Reports a schema with `properties` and an `additionalProperties` that is not plainly `true`.
//!
//! # Why
//! Fields that are not named are dropped; a schema that also says something about them contradicts that, and the API
//! server refuses it. `additionalProperties: false` beside `properties` is refused too: unknown fields are dropped anyway.
//!
//! # Bad
//! ```yaml
//! spec: {type: object, properties: {size: {type: integer}}, additionalProperties: false}
//! ```
//!
//! # Good
//! ```yaml
//! spec: {type: object, properties: {size: {type: integer}}}
//! ```

use super::schemas::{called, each, says};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Additional;

/// `crd/properties-and-additional`.
#[derive(Debug)]
pub struct PropertiesAndAdditional;

const ID: RuleId = RuleId::new("crd/properties-and-additional");

impl Rule for PropertiesAndAdditional {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("properties_and_additional.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each(review, |root, at, found| {
            let Some(node) = at.schema.get("additionalProperties") else { return };
            let plain = matches!(at.schema.additional(), Some(Additional::Allowed(true)));
            if plain || !says(at.schema, "properties") {
                return;
            }
            let message = format!(
                "The schema of {} has both `properties` and `additionalProperties`, which exclude each other.",
                called(at)
            );
            found.push(root.error(ID, node, format!("{}.additionalProperties", at.path), message).with_help(HELP));
        })
    }
}

const HELP: &str =
    "Remove `additionalProperties`; to keep unknown fields, write `x-kubernetes-preserve-unknown-fields: true`.";
