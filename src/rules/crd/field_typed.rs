//! A field that could hold anything has a schema now.
//!
//! # What
//! Reports a field that is new in a version of a definition, where fields without a name of their own were
//! kept as they are (`x-kubernetes-preserve-unknown-fields`), and that may not hold everything.
//!
//! # Why
//! Existing objects may hold anything under that name, and nothing has checked it. Those that do not fit the new
//! schema become invalid: they cannot be written any more.
//!
//! # Bad
//! ```yaml
//! # before: {type: object, x-kubernetes-preserve-unknown-fields: true}
//! values: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {size: {type: integer}}}
//! ```
//!
//! # Good
//! ```yaml
//! values: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {size: {x-kubernetes-preserve-unknown-fields: true}}}
//! ```

use super::replaced::Differing;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::{Aspect, Schema};

/// `crd/field-typed`.
#[derive(Debug)]
pub struct FieldTyped;

const ID: RuleId = RuleId::new("crd/field-typed");

impl Rule for FieldTyped {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("field_typed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let added = Differing::of(review, Aspect::FieldAdded);
        let typed = added.filter(|added| added.difference.before.preserves_unknown_fields());
        typed
            .filter(|added| added.difference.new.is_some_and(|node| !takes_anything(Schema::new(node))))
            .map(told)
            .collect()
    }
}

/// Whether a schema asks for nothing but what it says in words.
fn takes_anything(schema: Schema<'_>) -> bool {
    let asks = |key: &str| {
        !matches!(Aspect::of(key), Aspect::Documentation | Aspect::Default)
            && !matches!(key, "x-kubernetes-preserve-unknown-fields" | "nullable")
    };
    schema.preserves_unknown_fields()
        && !schema.node().entries().any(|(key, value)| !value.is_null() && key.text().is_none_or(asks))
}

fn told(added: Differing<'_>) -> Finding {
    added
        .finding((ID, Severity::Error), |field, version| {
            format!(
                "In {version}, {field} has a schema of its own now; before, it could hold anything: existing objects that hold something else there become invalid."
            )
        })
        .with_help("Let the field hold anything, or give it its schema in a new version of the API.")
}
