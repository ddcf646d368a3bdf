//! A CustomResourceDefinition must say whether its objects live in namespaces.
//!
//! # What
//! Reports a CustomResourceDefinition whose `spec.scope` is neither `Namespaced` nor `Cluster`.
//!
//! # Why
//! There is no default: the API server refuses the definition. The words are case-sensitive.
//!
//! # Bad
//! ```yaml
//! spec:
//!   scope: namespaced
//! ```
//!
//! # Good
//! ```yaml
//! spec:
//!   scope: Namespaced
//! ```

use super::{current, error, text};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::Definition;

/// `crd/scope`.
#[derive(Debug)]
pub struct Scope;

const ID: RuleId = RuleId::new("crd/scope");

impl Rule for Scope {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("scope.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        current(review).filter_map(check_definition).collect()
    }
}

fn check_definition(definition: Definition<'_>) -> Option<Finding> {
    let message = match text(&definition.object.node, &["spec", "scope"])? {
        "Namespaced" | "Cluster" => return None,
        "" => "`spec.scope` is missing; the API server has no default for it.".to_owned(),
        other => format!("`spec.scope` is `{}`; the API server knows only `Namespaced` and `Cluster`.", shown(other)),
    };
    let finding = error(ID, definition.object, definition.nearest(&["scope"]), message).with_field("spec.scope");
    Some(finding.with_help("Write `scope: Namespaced` where the objects belong to teams, else `scope: Cluster`."))
}
