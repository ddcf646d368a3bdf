//! What alternatives judge must be described outside of them.
//!
//! # What
//! Reports a field or the items of a list that stand inside of `allOf`, `anyOf`, `oneOf` or `not` of the root, but not in
//! the schema itself.
//!
//! # Why
//! The API server drops fields that the schema itself does not describe, so that nothing would be left to judge, and
//! refuses the definition. It looks only at the alternatives that stand at the root.
//!
//! # Bad
//! ```yaml
//! openAPIV3Schema:
//!   type: object
//!   anyOf: [{properties: {spec: {minProperties: 1}}}]
//! ```
//!
//! # Good
//! ```yaml
//! openAPIV3Schema:
//!   type: object
//!   properties: {spec: {type: object}}
//!   anyOf: [{properties: {spec: {minProperties: 1}}}]
//! ```

use super::schemas::{Root, roots};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Junctor, Schema};

/// `crd/structural-complete`.
#[derive(Debug)]
pub struct StructuralComplete;

const ID: RuleId = RuleId::new("crd/structural-complete");

impl Rule for StructuralComplete {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("structural_complete.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        for root in roots(review).iter().filter(|root| !root.is_old_fashioned()) {
            look(root, &mut found);
        }
        found
    }
}

pub(super) fn look(root: &Root<'_>, found: &mut Vec<Finding>) {
    junctors(root, root.schema, Some(root.schema), &root.path, found);
}

/// Looks at the alternatives of one schema. `described` is what the schema itself says of the same place.
fn junctors(root: &Root<'_>, schema: Schema<'_>, described: Option<Schema<'_>>, path: &str, found: &mut Vec<Finding>) {
    for junctor in Junctor::ALL {
        for (index, part) in schema.joined(junctor).enumerate() {
            let number = if junctor == Junctor::Not { String::new() } else { format!("[{index}]") };
            nested(root, part, described, &format!("{path}.{}{number}", junctor.key()), found);
        }
    }
}

fn nested(root: &Root<'_>, part: Schema<'_>, described: Option<Schema<'_>>, path: &str, found: &mut Vec<Finding>) {
    junctors(root, part, described, path, found);
    if let Some(items) = part.items() {
        let path = format!("{path}.items");
        match described.and_then(Schema::items) {
            Some(described) => nested(root, items, Some(described), &path, found),
            None => found.push(
                root.error(
                    ID,
                    items.node(),
                    path,
                    "The items of a list are judged here, but the schema itself does not describe them.".to_owned(),
                )
                .with_help("Describe them under `items` outside of the alternatives too."),
            ),
        }
    }
    for (key, field) in part.properties() {
        let name = key.text().unwrap_or_default();
        let path = format!("{path}.properties[{name}]");
        match described.and_then(|described| described.property(name)) {
            Some(described) => nested(root, field, Some(described), &path, found),
            None => found.push(
                root.error(
                    ID,
                    key,
                    path,
                    format!("The field `{}` is judged here, but the schema itself does not describe it.", shown(name)),
                )
                .with_help("Describe it under `properties` outside of the alternatives too."),
            ),
        }
    }
}
