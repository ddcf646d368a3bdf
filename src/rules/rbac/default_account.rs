//! Rights must not go to the account that every pod has.
//!
//! # What
//! Reports bindings to a service account named `default`: an error for the whole cluster, in a
//! namespace a warning.
//!
//! # Why
//! Every pod that names no account runs as the `default` one of its namespace. So all of them get the
//! rights, also those that are started later and need none.
//!
//! # Bad
//! ```yaml
//! kind: RoleBinding
//! subjects:
//!   - {kind: ServiceAccount, namespace: team1, name: default}
//! ```
//!
//! # Good
//! ```yaml
//! kind: RoleBinding
//! subjects:
//!   - {kind: ServiceAccount, namespace: team1, name: deployer}
//! ```

use super::judged::JudgedBinding;
use crate::finding::{Finding, RuleId, Severity};
use crate::rbac::Subject;
use crate::rules::{Meta, Prepared, Review, Rule, shown};

/// `rbac/default-account`.
#[derive(Debug)]
pub struct DefaultAccount;

const ID: RuleId = RuleId::new("rbac/default-account");

impl Rule for DefaultAccount {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("default_account.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            prepared.roles.bindings.iter().flat_map(|binding| check(review, binding)).collect()
        })
    }
}

fn check(_: &Review<'_>, binding: &JudgedBinding<'_>) -> Vec<Finding> {
    let severity = if binding.is_full() { Severity::Error } else { Severity::Warning };
    let accounts = binding.subjects().into_iter().filter_map(|(field, node, subject)| match subject {
        Subject::ServiceAccount { namespace, name } if name == "default" => Some((field, node, namespace)),
        _ => None,
    });
    accounts
        .map(|(field, node, namespace)| {
            let message =
                format!("Every pod of `{}` that names no account of its own gets these rights.", shown(&namespace));
            let help = "Make a service account for what needs the rights, and name that.";
            binding.finding(ID, severity, (&field, node), message).with_help(help)
        })
        .collect()
}
