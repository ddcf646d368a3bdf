//! What of CEL rules only the cluster can say.
//!
//! # What
//! Notes, once for each definition, that it has rules in `x-kubernetes-validations`, how many, and which defaults were not
//! held against them. Nothing is noted of a definition that the cluster takes in a dry run (`clusters[].dry_run: definitions`).
//!
//! # Why
//! Names, types, literals and syntax are judged here as far as they are sure; a default is held against the rules of its
//! schema where they can be evaluated here. The API server refuses a default that breaks a rule. It also estimates what each expression
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

use super::default_value::default_of;
use super::rules_of::each_rule;
use super::schemas::{called, each};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::trials::{Answer, answer};
use crate::rules::{Meta, Review, Rule};
use crate::schema::cel::hold;

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
                Some((first, count)) if is_same(first, &note) => *count += 1,
                _ => counted.push((note, 1)),
            }
        });
        let open = if counted.is_empty() { Vec::new() } else { open_defaults(review) };
        counted.into_iter().map(|(first, count)| summary(first, count, &open)).collect()
    }
}

/// Whether two findings are of the same definition.
fn is_same(one: &Finding, other: &Finding) -> bool {
    one.object == other.object && one.location.file == other.location.file
}

/// The defaults with rules that cannot be evaluated here: a finding of the definition, and the field.
fn open_defaults(review: &Review<'_>) -> Vec<(Finding, String)> {
    let mut open = Vec::new();
    each(review, |root, at, _| {
        let default = default_of(at).filter(|default| hold(default, at.schema).open > 0);
        if let Some(default) = default.filter(|_| open.len() < MOST) {
            open.push((root.error(ID, default, String::new(), String::new()), called(at)));
        }
    });
    open
}

/// So many defaults are looked for.
const MOST: usize = 1_000;
/// So many of them are named.
const NAMED: usize = 5;

fn summary(first: Finding, count: usize, open: &[(Finding, String)]) -> Finding {
    let rules = if count == 1 { "1 rule".to_owned() } else { format!("{count} rules") };
    let own: Vec<&str> =
        open.iter().filter(|(finding, _)| is_same(finding, &first)).map(|(_, field)| field.as_str()).collect();
    let more = if own.len() > NAMED { format!(" and {} more", own.len() - NAMED) } else { String::new() };
    let defaults = match own.as_slice() {
        [] => String::new(),
        [one] => format!(", and whether the default of {one} keeps them"),
        many => format!(", and whether the defaults of {}{more} keep them", many[..many.len().min(NAMED)].join(", ")),
    };
    let message = format!(
        "The definition has {rules} in CEL. Syntax, names, types and literals were looked at as far as they are sure here; \
         the rest only the cluster can say, what the rules cost at most and whether that is too much{defaults}."
    );
    Finding { severity: Severity::Note, message, ..first }
}

const HELP: &str = "Apply it with `kubectl apply --dry-run=server` to a cluster first; limit lists, maps and texts.";
