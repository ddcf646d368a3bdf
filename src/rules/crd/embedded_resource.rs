//! An embedded resource must be described as a resource.
//!
//! # What
//! Reports `x-kubernetes-embedded-resource: true` at a schema that is not `type: object`, that has
//! `additionalProperties`, that has neither `properties` nor `x-kubernetes-preserve-unknown-fields: true`, or that stands
//! inside of metadata.
//!
//! # Why
//! The API server reads kind, apiVersion and metadata of such a field as those of a resource, and refuses a definition
//! where that cannot be.
//!
//! # Bad
//! ```yaml
//! template: {type: object, x-kubernetes-embedded-resource: true}
//! ```
//!
//! # Good
//! ```yaml
//! template: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
//! ```

use super::schemas::{Root, each, opening, says};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::Visit;

/// `crd/embedded-resource`.
#[derive(Debug)]
pub struct EmbeddedResource;

const ID: RuleId = RuleId::new("crd/embedded-resource");

impl Rule for EmbeddedResource {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("embedded_resource.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut metadata: Vec<String> = Vec::new();
        each(review, |root, at, found| {
            if at.place.root {
                metadata.clear();
            }
            let inside = metadata.iter().any(|path| at.path.starts_with(path.as_str()));
            if at.schema.is_embedded_resource() {
                check_embedded(root, at, inside, found);
            }
            if at.place.root || at.schema.is_embedded_resource() {
                let names = ["metadata", "kind", "apiVersion"];
                metadata.extend(names.map(|name| format!("{}.properties[{name}]", at.path)));
            }
        })
    }
}

pub(super) fn check_embedded(root: &Root<'_>, at: &Visit<'_>, inside: bool, found: &mut Vec<Finding>) {
    let (schema, here) = (at.schema, opening(at));
    let node = schema.get("x-kubernetes-embedded-resource").unwrap_or(schema.node());
    let mut say = |node, key: &str, message: String, help: &str| {
        found.push(root.error(ID, node, format!("{}.{key}", at.path), message).with_help(help));
    };
    if inside {
        let message = format!("{here} is an embedded resource inside of metadata, where none may be.");
        say(node, "x-kubernetes-embedded-resource", message, "Remove `x-kubernetes-embedded-resource`.");
    }
    if at.place.joined || root.is_old_fashioned() {
        return;
    }
    if schema.type_name() != Some("object") {
        let is = schema.type_name().map_or("no type".to_owned(), |name| format!("the type `{}`", shown(name)));
        let message = format!("{here} is an embedded resource with {is}, but a resource is an object.");
        say(schema.get("type").unwrap_or(node), "type", message, "Write `type: object`.");
    }
    if let Some(additional) = schema.get("additionalProperties") {
        let message = format!("{here} is an embedded resource, which cannot have `additionalProperties`.");
        let help = "Write `x-kubernetes-preserve-unknown-fields: true` instead.";
        say(additional, "additionalProperties", message, help);
    }
    if !schema.preserves_unknown_fields() && !says(schema, "properties") {
        let message = format!("{here} is an embedded resource without any field, so that all of it would be dropped.");
        let help = "Add `x-kubernetes-preserve-unknown-fields: true`, or `properties`.";
        say(node, "properties", message, help);
    }
}
