//! A default must be valid by its own schema.
//!
//! # What
//! Reports each `default` that has fields which its schema does not have, or that its schema does not allow: another
//! type, none of the enumeration, out of its limits, without a required field, or against a rule in CEL where that can be
//! evaluated here (`crd/cel-undecided` names the others). What only the cluster can say of a default is a note.
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
use crate::rules::{Meta, Review, Rule, quoted};
use crate::schema::cel;
use crate::schema::since::{Fate, of_format};
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
            if let Some(default) = default_of(at) {
                let before = found.len();
                check_default(root, at, default, found);
                if found.len() == before {
                    rules(root, at, default, found);
                    let undecided = judge(at.schema, default, at.place.root).undecided;
                    found.extend(undecided.into_iter().map(|problem| open(review, (root, at), problem)));
                }
            }
        })
    }
}

/// The default of a schema that the server judges: not inside of additionalProperties.
pub(super) fn default_of<'a>(at: &Visit<'a>) -> Option<&'a Node> {
    at.schema.get("default").filter(|_| !at.place.joined && !at.path.contains(".additionalProperties"))
}

/// The rules that a default breaks; the server evaluates them when nothing else is wrong.
fn rules(root: &Root<'_>, at: &Visit<'_>, default: &Node, found: &mut Vec<Finding>) {
    for rule in cel::hold(default, at.schema).broken {
        let message = format!("The default breaks the rule {}.", quoted(rule.trim()));
        found.push(root.error(ID, default, format!("{}.default", at.path), message).with_help(INVALID));
    }
}

/// What only the server can say. Names of the formats `k8s-…` are checked from 1.35 on, and by a cluster of no known
/// version.
fn open(review: &Review<'_>, (root, at): (&Root<'_>, &Visit<'_>), problem: Problem<'_>) -> Finding {
    let name = at.schema.text("format").and_then(of_format);
    let refused = problem.field.is_empty()
        && name.is_some_and(|since| review.kubernetes.is_none_or(|version| since.fate(version) == Fate::Works));
    let finding = if refused {
        let words = Problem { words: problem.words.replace("is checked by the server for", "must be of"), ..problem };
        told(root, at, words)
    } else {
        Finding { severity: Severity::Note, ..told(root, at, problem) }
    };
    finding.with_help(if refused { INVALID } else { OPEN })
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
        found.push(told(root, at, problem).with_help(help));
    }
}

fn told(root: &Root<'_>, at: &Visit<'_>, problem: Problem<'_>) -> Finding {
    let Problem { node, field, words, .. } = problem;
    let (message, path) = if field.is_empty() {
        (format!("The default {words}."), format!("{}.default", at.path))
    } else {
        let dot = if field.starts_with('[') { "" } else { "." };
        (format!("`{field}` of the default {words}."), format!("{}.default{dot}{field}", at.path))
    };
    root.error(ID, node, path, message)
}

const OPEN: &str = "Apply it with `kubectl apply --dry-run=server` to a cluster first.";

const INVALID: &str = "Change the default or the schema, so that the one allows the other.";
const UNKNOWN: &str = "Remove it from the default, or add it to the schema.";
