//! Every version of a CustomResourceDefinition must have a schema.
//!
//! # What
//! Reports each version without `schema.openAPIV3Schema`, or with an empty one.
//!
//! # Why
//! Since `apiextensions.k8s.io/v1` the API server refuses a definition in which a version has no
//! schema: without one, every field of every custom resource would be stored unchecked. A schema
//! under `spec.validation` belongs to v1beta1 and is not read any more.
//!
//! # Bad
//! ```yaml
//! versions:
//!   - {name: v1, served: true, storage: true}
//! ```
//!
//! # Good
//! ```yaml
//! versions:
//!   - name: v1
//!     served: true
//!     storage: true
//!     schema:
//!       openAPIV3Schema:
//!         type: object
//!         properties:
//!           spec: {type: object, properties: {replicas: {type: integer}}}
//! ```

use super::{current_definitions, error};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
use crate::rules::{Meta, Review, Rule};

/// `crd/missing-schema`.
#[derive(Debug)]
pub struct MissingSchema;

const ID: RuleId = RuleId::new("crd/missing-schema");

impl Rule for MissingSchema {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("missing_schema.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        current_definitions(review).flat_map(check_definition).collect()
    }
}

fn check_definition(object: &Object) -> Vec<Finding> {
    let versions = object.node.at(&["spec", "versions"]).into_iter().flat_map(Node::items);
    versions.enumerate().filter_map(|(index, version)| check_version(object, index, version)).collect()
}

fn check_version(object: &Object, index: usize, version: &Node) -> Option<Finding> {
    let schema = version.get("schema");
    let root = schema.and_then(|schema| schema.get("openAPIV3Schema"));
    if root.is_some_and(|root| root.entries().next().is_some()) {
        return None;
    }
    let node = root.or(schema).unwrap_or(version);
    let name = version.get("name").and_then(Node::text).unwrap_or("(without a name)");
    let help = if object.node.at(&["spec", "validation"]).is_some() {
        "Move the schema from `spec.validation` into `schema` of this version."
    } else {
        "Add `schema.openAPIV3Schema` with `type: object` and the fields of the kind."
    };
    let message = match root {
        Some(_) => format!("The schema of version `{name}` is empty."),
        None => format!("Version `{name}` has no schema."),
    };
    let field = format!("spec.versions[{index}].schema.openAPIV3Schema");
    Some(error(ID, object, node, message).with_field(field).with_help(help))
}
