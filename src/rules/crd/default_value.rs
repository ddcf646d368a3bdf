//! A default must be valid by its own schema.
//!
//! # What
//! Reports each `default` that has fields which its schema does not have, or that its schema does not allow: another
//! type, none of the enumeration, out of its limits, without a required field. Rules in CEL are left to the cluster.
//!
//! # Why
//! The API server would have to set a value that it refuses itself, and so refuses the definition. Fields that a schema
//! does not have are allowed only where the definition had such defaults already before.
//!
//! # Bad
//! ```yaml
//! replicas: {type: integer, minimum: 1, default: 0}
//! ```
//!
//! # Good
//! ```yaml
//! replicas: {type: integer, minimum: 1, default: 1}
//! ```

use super::schemas::{Root, each_structural};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule};
use crate::schema::value::{Problem, Purpose, Verdict, validate};
use crate::schema::{Schema, Visit};

/// `crd/default-value`.
#[derive(Debug)]
pub struct DefaultValue;

const ID: RuleId = RuleId::new("crd/default-value");

impl Rule for DefaultValue {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("default_value.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each_structural(review, |root, at, found| {
            // Defaults inside of additionalProperties are not looked at by the server.
            let judged = !at.place.joined && !at.path.contains(".additionalProperties");
            if let Some(default) = at.schema.get("default").filter(|_| judged) {
                check_default(root, at, default, found);
            }
        })
    }
}

/// The default of a root is a whole resource to the server.
fn judge<'v>(schema: Schema<'_>, default: &'v Node, is_root: bool) -> Verdict<'v> {
    validate(default, schema, Purpose { default: true, resource: is_root || schema.is_embedded_resource() }, "")
}

fn check_default(root: &Root<'_>, at: &Visit<'_>, default: &Node, found: &mut Vec<Finding>) {
    let verdict = judge(at.schema, default, at.place.root);
    let unpruned = |schema: Schema<'_>| {
        schema.get("default").is_some_and(|default| !judge(schema, default, false).unknown.is_empty())
    };
    let had = !verdict.unknown.is_empty() && root.had(unpruned);
    let unknown = verdict.unknown.into_iter().filter(|_| !had).map(|problem| (problem, UNKNOWN));
    for (problem, help) in verdict.invalid.into_iter().map(|problem| (problem, INVALID)).chain(unknown) {
        let Problem { node, field, words, .. } = problem;
        let (message, path) = if field.is_empty() {
            (format!("The default {words}."), format!("{}.default", at.path))
        } else {
            let dot = if field.starts_with('[') { "" } else { "." };
            (format!("`{field}` of the default {words}."), format!("{}.default{dot}{field}", at.path))
        };
        found.push(root.error(ID, node, path, message).with_help(help));
    }
}

const INVALID: &str = "Change the default or the schema, so that the one allows the other.";
const UNKNOWN: &str = "Remove it from the default, or add it to the schema.";
