//! Every version of a CustomResourceDefinition must have a schema.
//!
//! # What
//! Reports each version without `schema.openAPIV3Schema`, or with an empty one. Where the definition had a
//! version without a schema before, only the served versions need one.
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

use super::{current, error, old_definition};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::{Definition, Version};

/// `crd/missing-schema`.
#[derive(Debug)]
pub struct MissingSchema;

const ID: RuleId = RuleId::new("crd/missing-schema");

impl Rule for MissingSchema {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("missing_schema.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let check = |definition: Definition<'_>| -> Vec<Finding> {
            let old = old_definition(review, definition.object);
            definition.versions().filter_map(|version| check_version(definition, old, version)).collect()
        };
        current(review).flat_map(check).collect()
    }
}

fn check_version(definition: Definition<'_>, old: Option<Definition<'_>>, version: Version<'_>) -> Option<Finding> {
    let root = version.schema();
    if root.is_some_and(|root| root.node().entries().next().is_some()) || is_kept(definition, old, version) {
        return None;
    }
    let help = if definition.spec(&["validation"]).is_some() {
        "Move the schema from `spec.validation` into `schema` of this version."
    } else {
        "Add `schema.openAPIV3Schema` with `type: object` and the fields of the kind."
    };
    let name = version.called();
    let message = match root {
        Some(_) => format!("The schema of {name} is empty."),
        None => format!("{} has no schema.", name.replacen('v', "V", 1)),
    };
    let node = version.node.nearest(&["schema", "openAPIV3Schema"]);
    let field = version.field("schema.openAPIV3Schema");
    Some(error(ID, definition.object, node, message).with_field(field).with_help(help))
}

/// What was allowed once is not taken back: a definition that lacked a schema may lack it in versions that
/// are not served, and everywhere while it keeps unknown fields.
fn is_kept(definition: Definition<'_>, old: Option<Definition<'_>>, version: Version<'_>) -> bool {
    let lacked = old.is_some_and(|old| old.versions().any(|version| version.schema().is_none()));
    let keeps = definition.preserves_unknown_fields();
    match version.schema() {
        None => lacked && (keeps || !version.is_served()),
        Some(_) => keeps && old.is_some_and(|old| old.preserves_unknown_fields() && has_empty_schema(old)),
    }
}

fn has_empty_schema(definition: Definition<'_>) -> bool {
    definition.versions().filter_map(Version::schema).any(|root| root.node().entries().next().is_none())
}
