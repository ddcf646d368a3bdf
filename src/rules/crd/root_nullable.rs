//! The root of a schema must not be nullable.
//!
//! # What
//! Reports `nullable: true` at the root of a version's schema.
//!
//! # Why
//! A custom resource is an object and never null, so the API server refuses the definition.
//!
//! # Bad
//! ```yaml
//! openAPIV3Schema: {type: object, nullable: true}
//! ```
//!
//! # Good
//! ```yaml
//! openAPIV3Schema: {type: object}
//! ```

use super::schemas::each;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};

/// `crd/root-nullable`.
#[derive(Debug)]
pub struct RootNullable;

const ID: RuleId = RuleId::new("crd/root-nullable");

impl Rule for RootNullable {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("root_nullable.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each(review, |root, at, found| {
            let node = at.schema.get("nullable").filter(|_| at.place.root && at.schema.is_nullable());
            found.extend(node.map(|node| {
                let message = "The root of the schema is nullable, but a custom resource is never null.".to_owned();
                root.error(ID, node, format!("{}.nullable", at.path), message).with_help("Remove `nullable`.")
            }));
        })
    }
}
