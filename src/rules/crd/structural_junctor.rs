//! allOf, anyOf, oneOf and not may judge values, but not describe fields.
//!
//! # What
//! Reports `type`, `title`, `description`, `nullable`, `additionalProperties` and every `x-kubernetes-` word inside of
//! `allOf`, `anyOf`, `oneOf` or `not`. The two patterns that say "integer or string" may have their types.
//!
//! # Why
//! A schema must be structural: what a field is must be clear without asking which alternative holds. The API server
//! refuses a definition that describes fields inside of alternatives.
//!
//! # Bad
//! ```yaml
//! port: {anyOf: [{type: integer, minimum: 1}, {type: string}]}
//! ```
//!
//! # Good
//! ```yaml
//! port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
//! ```

use std::collections::HashSet;

use super::schemas::{Root, called, counts, each_structural, says};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule};
use crate::schema::{Additional, Junctor, Schema, Visit};

/// `crd/structural-junctor`.
#[derive(Debug)]
pub struct StructuralJunctor;

const ID: RuleId = RuleId::new("crd/structural-junctor");

impl Rule for StructuralJunctor {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("structural_junctor.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut excused = Excused::new();
        each_structural(review, |root, at, found| look(&mut excused, root, at, found))
    }
}

/// The parts of the patterns that say "integer or string", by their address.
pub(super) type Excused = HashSet<*const Node>;

pub(super) fn look(excused: &mut Excused, root: &Root<'_>, at: &Visit<'_>, found: &mut Vec<Finding>) {
    if !at.place.joined {
        excused.extend(patterns(at.schema).into_iter().map(std::ptr::from_ref));
    } else if !excused.contains(&std::ptr::from_ref(at.schema.node())) {
        check_joined(root, at, found);
    }
}

/// What describes a field, in the order of the catalogue, with what to do.
const WORDS: [(&str, &str); 12] = [
    (
        "type",
        "Move the type out of the alternatives; where it may be a number or a text, use `x-kubernetes-int-or-string`.",
    ),
    ("additionalProperties", "Move it out of the alternatives."),
    ("title", "Remove it here."),
    ("description", "Remove it here, or write a comment."),
    ("nullable", "Move it out of the alternatives."),
    ("x-kubernetes-preserve-unknown-fields", "Move it out of the alternatives."),
    ("x-kubernetes-embedded-resource", "Move it out of the alternatives."),
    ("x-kubernetes-int-or-string", "Move it out of the alternatives."),
    ("x-kubernetes-list-map-keys", "Move it out of the alternatives."),
    ("x-kubernetes-list-type", "Move it out of the alternatives."),
    ("x-kubernetes-map-type", "Move it out of the alternatives."),
    ("x-kubernetes-validations", "Move the rules out of the alternatives."),
];

fn check_joined(root: &Root<'_>, at: &Visit<'_>, found: &mut Vec<Finding>) {
    for (key, help) in WORDS {
        let Some(node) = at.schema.get(key) else { continue };
        let refused = match key {
            "additionalProperties" => !matches!(at.schema.additional(), Some(Additional::Allowed(false))),
            "x-kubernetes-list-type" | "x-kubernetes-map-type" => true,
            _ => says(at.schema, key),
        };
        if refused {
            let message = format!(
                "`{key}` stands inside of allOf, anyOf, oneOf or not of {}, where only values may be judged.",
                called(at)
            );
            found.push(root.error(ID, node, format!("{}.{key}", at.path), message).with_help(help));
        }
    }
}

/// The schemas of the two patterns that say "integer or string": `anyOf` of the two types, in this order and without
/// anything else, either directly or in the first part of `allOf`.
fn patterns(schema: Schema<'_>) -> Vec<&Node> {
    let direct = int_or_string(schema);
    let first = schema.joined(Junctor::AllOf).next().map(int_or_string).unwrap_or_default();
    direct.into_iter().chain(first).collect()
}

fn int_or_string(schema: Schema<'_>) -> Vec<&Node> {
    let parts: Vec<Schema<'_>> = schema.joined(Junctor::AnyOf).collect();
    let counted = |part: Schema<'_>, key: &str| match key {
        "type" => false,
        "properties" => part.get(key).is_some(),
        "additionalProperties" => !matches!(part.additional(), None | Some(Additional::Allowed(false))),
        _ => counts(part, key),
    };
    let bare = |part: &Schema<'_>, name: &str| {
        let mut keys = part.node().entries().filter_map(|(key, _)| key.text());
        part.type_name() == Some(name) && !keys.any(|key| counted(*part, key))
    };
    let matches = parts.len() == 2 && bare(&parts[0], "integer") && bare(&parts[1], "string");
    if matches { parts.into_iter().map(Schema::node).collect() } else { Vec::new() }
}
