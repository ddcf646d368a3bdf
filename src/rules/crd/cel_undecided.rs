//! What CEL rules cost, only the cluster can say.
//!
//! # What
//! Notes, once for each definition, that it has rules in `x-kubernetes-validations`, and how many. Nothing is noted
//! of a definition that the cluster takes in a dry run (`clusters[].dry_run: definitions`).
//!
//! # Why
//! Names, types and syntax are judged here as far as they are sure. The API server also estimates what each expression
//! costs in the worst case and refuses a definition whose rules may cost too much, which depends on its version. A list
//! without `maxItems` or a text without `maxLength` is the usual cause.
//!
//! # Bad
//! ```yaml
//! names:
//!   type: array
//!   items: {type: string}
//!   x-kubernetes-validations: [{rule: "self.all(one, self.exists_one(other, one == other))"}]
//! ```
//!
//! # Good
//! ```yaml
//! names: {type: array, maxItems: 20, x-kubernetes-list-type: set, items: {type: string, maxLength: 63}}
//! ```

use super::rules_of::each_rule;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::trials::{Answer, answer};
use crate::rules::{Meta, Review, Rule};

/// `crd/cel-undecided`.
#[derive(Debug)]
pub struct CelUndecided;

const ID: RuleId = RuleId::new(super::CEL_UNDECIDED);

impl Rule for CelUndecided {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Note, source: include_str!("cel_undecided.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut counted: Vec<(Finding, usize)> = Vec::new();
        each_rule(review, |root, rule, _| {
            let object = root.definition.object;
            if matches!(answer(review, object), Some((_, Answer::Accepted { .. }))) {
                return;
            }
            let note = root.error(ID, rule.node, rule.path.clone(), String::new()).with_help(HELP);
            match counted.last_mut() {
                Some((first, count)) if first.object == note.object && first.location.file == object.file => {
                    *count += 1
                }
                _ => counted.push((note, 1)),
            }
        });
        counted.into_iter().map(|(first, count)| summary(first, count)).collect()
    }
}

fn summary(first: Finding, count: usize) -> Finding {
    let rules = if count == 1 { "1 rule".to_owned() } else { format!("{count} rules") };
    let message = format!(
        "The definition has {rules} in CEL; what they cost at most, and whether that is too much, only the cluster can say."
    );
    Finding { severity: Severity::Note, message, ..first }
}

const HELP: &str = "Apply it with `kubectl apply --dry-run=server` to a cluster first; limit lists, maps and texts.";
