//! A schema must leave kind, apiVersion and metadata to Kubernetes.
//!
//! # What
//! Reports a root whose `metadata` says more than `type: object` and restrictions of `name` and `generateName`, a
//! `metadata` that is no object or a `kind` or `apiVersion` that is no string at the root or in an embedded resource, and
//! `metadata` inside of `allOf`, `anyOf`, `oneOf` or `not`.
//!
//! # Why
//! The metadata of a custom resource belong to Kubernetes and are validated by it. The API server refuses a definition
//! that restricts them in other ways.
//!
//! # Bad
//! ```yaml
//! properties:
//!   metadata: {type: object, properties: {labels: {type: object}}}
//! ```
//!
//! # Good
//! ```yaml
//! properties:
//!   metadata: {type: object, properties: {name: {type: string, maxLength: 40}}}
//! ```

use super::schemas::{Root, counts, each_structural};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Schema, Visit};

/// `crd/schema-metadata`.
#[derive(Debug)]
pub struct SchemaMetadata;

const ID: RuleId = RuleId::new("crd/schema-metadata");

impl Rule for SchemaMetadata {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("schema_metadata.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each_structural(review, look)
    }
}

pub(super) fn look(root: &Root<'_>, at: &Visit<'_>, found: &mut Vec<Finding>) {
    if at.place.joined {
        found.extend(check_joined(root, at));
    } else if at.place.root || at.schema.is_embedded_resource() {
        check_types(root, at, found);
        found.extend(check_root(root, at));
    }
}

fn check_joined(root: &Root<'_>, at: &Visit<'_>) -> Option<Finding> {
    let (key, _) = at.schema.get("properties")?.entry("metadata")?;
    let message = "`metadata` is judged inside of allOf, anyOf, oneOf or not, where nothing may be said of it.";
    let path = format!("{}.properties[metadata]", at.path);
    Some(root.error(ID, key, path, message.to_owned()).with_help("Remove it here."))
}

fn check_types(root: &Root<'_>, at: &Visit<'_>, found: &mut Vec<Finding>) {
    for (name, wanted) in [("kind", "string"), ("apiVersion", "string"), ("metadata", "object")] {
        let Some(schema) = at.schema.property(name) else { continue };
        if schema.type_name() == Some(wanted) {
            continue;
        }
        let node = schema.get("type").unwrap_or(schema.node());
        let message = format!("`{name}` must be described as `type: {wanted}`, which it is in every resource.");
        let path = format!("{}.properties[{name}].type", at.path);
        found.push(
            root.error(ID, node, path, message).with_help(format!("Write `type: {wanted}`, or leave `{name}` out.")),
        );
    }
}

fn check_root(root: &Root<'_>, at: &Visit<'_>) -> Option<Finding> {
    let metadata = at.schema.property("metadata").filter(|_| at.place.root)?;
    let (node, word) = first_excess(metadata)?;
    let message = format!(
        "The schema of `metadata` says `{}`, but only `name` and `generateName` may be restricted.",
        shown(word)
    );
    let path = format!("{}.properties[metadata]", at.path);
    Some(root.error(ID, node, path, message).with_help("Leave it at `metadata: {type: object}`."))
}

/// The first word that is too much.
fn first_excess(metadata: Schema<'_>) -> Option<(&Node, &str)> {
    let words = metadata.node().entries().filter_map(|(key, _)| Some((key, key.text()?)));
    let excess = |(_, word): &(&Node, &str)| match *word {
        "type" | "default" => false,
        "properties" => metadata.properties().any(|(key, _)| !matches!(key.text(), Some("name" | "generateName"))),
        word => counts(metadata, word),
    };
    let (node, word) = words.into_iter().find(excess)?;
    if word != "properties" {
        return Some((node, word));
    }
    let other = |key: &&Node| !matches!(key.text(), Some("name" | "generateName"));
    let key = metadata.properties().map(|(key, _)| key).find(other)?;
    Some((key, key.text()?))
}
