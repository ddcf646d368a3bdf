//! A rule of x-kubernetes-validations must be CEL that compiles.
//!
//! # What
//! Reports each `rule` and `messageExpression` that is no CEL, uses a field that the schema does not have, a name that is
//! not declared or a function that Kubernetes does not have, uses a function or an operator with types that it is not for,
//! has literals of several types in one list or map, converts a literal into what it is not (`duration('1d')`), has a
//! pattern that Go does not read or a format that does not fit its values, or does not give true or false (a rule) or a
//! text (a message).
//!
//! # Why
//! The API server compiles every expression with the types of the schema and refuses the definition if one does not
//! compile. Only what is surely wrong is reported; what an expression costs, only the cluster can say.
//!
//! # Bad
//! ```yaml
//! type: object
//! properties: {min: {type: integer}, max: {type: integer}}
//! x-kubernetes-validations: [{rule: self.minimum <= self.max}]
//! ```
//!
//! # Good
//! ```yaml
//! type: object
//! properties: {min: {type: integer}, max: {type: integer}}
//! x-kubernetes-validations: [{rule: self.min <= self.max}]
//! ```

use super::rules_of::{Rule as Written, each_rule};
use super::schemas::Root;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, quoted};
use crate::schema::cel::Wanted;

/// `crd/cel`.
#[derive(Debug)]
pub struct Cel;

const ID: RuleId = RuleId::new("crd/cel");

impl Rule for Cel {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("cel.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each_rule(review, |root, rule, found| {
            check_expression(root, rule, ("rule", Wanted::Bool), found);
            check_expression(root, rule, ("messageExpression", Wanted::String), found);
        })
    }
}

fn check_expression(root: &Root<'_>, rule: &Written<'_>, (key, wanted): (&str, Wanted), found: &mut Vec<Finding>) {
    let Some(node) = rule.node.get(key) else { return };
    let Some(reading) = rule.read(key, wanted) else { return };
    let called = if key == "rule" { "The rule" } else { "The message expression" };
    for fault in reading.faults {
        let expression = quoted(rule.text(key).unwrap_or_default().trim());
        let message = format!("{called} {expression} {fault}.");
        found.push(root.error(ID, node, format!("{}.{key}", rule.path), message).with_help(HELP));
    }
}

const HELP: &str = "Mend the expression; in names of fields write `__dash__` for `-` and `__dot__` for `.`.";
