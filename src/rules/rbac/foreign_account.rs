//! A team's namespace must not be open to the accounts of another team.
//!
//! # What
//! Reports RoleBindings to a service account of another team's namespace, and, in a team's own
//! repository, to one of a namespace that is not the team's. Accounts of namespaces that belong to no
//! team are not reported.
//!
//! # Why
//! The namespace is the border between teams. Whoever may start a pod in the other namespace has these
//! rights here, and nobody here sees it.
//!
//! # Bad
//! ```yaml
//! kind: RoleBinding
//! metadata: {name: readers, namespace: team1}
//! subjects:
//!   - {kind: ServiceAccount, namespace: team2, name: app}
//! ```
//!
//! # Good
//! ```yaml
//! kind: RoleBinding
//! metadata: {name: readers, namespace: team1}
//! subjects:
//!   - {kind: ServiceAccount, namespace: team1, name: app}
//! ```

use super::judged::JudgedBinding;
use crate::finding::{Finding, RuleId, Severity};
use crate::rbac::Subject;
use crate::rules::{Meta, Prepared, Review, Rule, Scope, shown};
use crate::tenancy::{Team, is_system_namespace};

/// `rbac/foreign-account`.
#[derive(Debug)]
pub struct ForeignAccount;

const ID: RuleId = RuleId::new("rbac/foreign-account");

impl Rule for ForeignAccount {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("foreign_account.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            prepared.roles.bindings.iter().flat_map(|binding| check(review, binding)).collect()
        })
    }
}

fn check(review: &Review<'_>, binding: &JudgedBinding<'_>) -> Vec<Finding> {
    if !binding.is_whole {
        return Vec::new();
    }
    let strangers = binding.subjects().into_iter().filter_map(|(field, node, subject)| match subject {
        Subject::ServiceAccount { namespace, .. } if !is_system_namespace(&namespace) => {
            let (severity, whose) = binding.namespaces().find_map(|home| stranger(review, home, &namespace))?;
            Some((field, node, namespace, severity, whose))
        }
        _ => None,
    });
    strangers
        .map(|(field, node, namespace, severity, whose)| {
            let message = format!("This account is of the namespace `{}`, which {whose}.", shown(&namespace));
            let help = "Name an account of the binding's own namespace.";
            binding.finding(ID, severity, (&field, node), message).with_help(help)
        })
        .collect()
}

/// Whose the account's namespace is, where it is another team's than the binding's.
fn stranger(review: &Review<'_>, home: &str, namespace: &str) -> Option<(Severity, String)> {
    if home == namespace {
        return None;
    }
    if let Scope::Team(team) = review.scope {
        return (!team.owns(namespace)).then(|| (Severity::Warning, "is not the team's".to_owned()));
    }
    let theirs = owners(review, namespace);
    let ours = owners(review, home);
    let other = theirs.iter().find(|team| ours.iter().all(|own| own.directory != team.directory))?;
    let severity = if ours.is_empty() && !is_system_namespace(home) { Severity::Warning } else { Severity::Error };
    Some((severity, format!("belongs to {}", other.name)))
}

fn owners(review: &Review<'_>, namespace: &str) -> Vec<Team> {
    [review.before, review.after].into_iter().flat_map(|index| index.owners_of_namespace(namespace)).collect()
}
