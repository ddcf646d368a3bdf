//! A binding must not give rights to everybody, nor to parts of the cluster itself.
//!
//! # What
//! Reports bindings whose subject is a built-in group or user: `system:masters`, everybody
//! (`system:anonymous`, `system:unauthenticated`, `system:authenticated`), all service accounts
//! (`system:serviceaccounts`, or those of a namespace), nodes and control plane, or a service
//! account disguised as a User.
//!
//! # Why
//! `system:masters` passes every check and cannot be limited. The groups for everybody include
//! people and pods that nobody thought of, other teams' among them. A User
//! `system:serviceaccount:team2:default` is team2's service account, only harder to notice.
//!
//! # Bad
//! ```yaml
//! kind: RoleBinding
//! subjects:
//!   - {kind: Group, apiGroup: rbac.authorization.k8s.io, name: "system:authenticated"}
//! ```
//!
//! # Good
//! ```yaml
//! kind: RoleBinding
//! subjects:
//!   - {kind: ServiceAccount, namespace: team1, name: frontend}
//! ```

use super::entry::one_or_many;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
use crate::rules::{Meta, Prepared, Review, Rule, shown};

/// `rbac/system-subject`.
#[derive(Debug)]
pub struct SystemSubject;

const ID: RuleId = RuleId::new("rbac/system-subject");

impl Rule for SystemSubject {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("system_subject.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            prepared.roles.bindings.iter().flat_map(|binding| check_subjects(binding.object)).collect()
        })
    }
}

fn check_subjects(object: &Object) -> Vec<Finding> {
    let subjects = object.node.get("subjects").map(one_or_many).unwrap_or_default();
    let check = |(index, subject): (usize, &Node)| {
        let name = subject.get("name")?;
        let (severity, message, help) = judge(object, subject, name.text()?)?;
        let finding = Finding::new(ID, severity, object.location(name), message).with_object(object.reference());
        Some(finding.with_field(format!("subjects[{index}].name")).with_help(help))
    };
    subjects.into_iter().enumerate().filter_map(check).collect()
}

const NAME_SOMEBODY: &str = "Name the people's own group, or the service accounts one by one.";

/// Severity, message and help for a subject; nothing for one of the cluster's own people.
fn judge(object: &Object, subject: &Node, name: &str) -> Option<(Severity, String, String)> {
    let rest = name.strip_prefix("system:")?;
    let name = &shown(name);
    if let Some(account) = rest.strip_prefix("serviceaccount:") {
        let (namespace, account) = account.split_once(':').unwrap_or(("", account));
        let message = format!("`{name}` is a service account written as a {}, which hides whose it is.", kind(subject));
        let help = format!("Write `kind: ServiceAccount`, `namespace: {namespace}`, `name: {account}`.");
        return Some((Severity::Error, message, help));
    }
    if let Some(namespace) = rest.strip_prefix("serviceaccounts:") {
        let message = format!(
            "`{name}` is every service account of the namespace `{namespace}`, also those that are made later."
        );
        return Some((severity_of_namespace(object, namespace), message, NAME_SOMEBODY.to_owned()));
    }
    let (severity, what) = match rest {
        "masters" => (Severity::Error, "passes every check of the API server and cannot be limited"),
        "anonymous" | "unauthenticated" => {
            (Severity::Error, "is everybody who reaches the API server, without any login")
        }
        "authenticated" => (Severity::Error, "is everybody with any login and every pod of every team"),
        "serviceaccounts" => {
            (Severity::Error, "is every service account of every namespace, so every pod of every team")
        }
        "nodes" => (Severity::Error, "is every node, and so whoever breaks out of one container"),
        _ if rest.starts_with("node:") => (Severity::Error, "is a node of the cluster"),
        _ if rest.starts_with("kube-") => (Severity::Error, "is a part of Kubernetes' control plane"),
        _ => (Severity::Warning, "is a name that Kubernetes keeps for itself"),
    };
    Some((severity, format!("The subject `{name}` {what}."), NAME_SOMEBODY.to_owned()))
}

fn kind(subject: &Node) -> &str {
    subject.get("kind").and_then(Node::text).unwrap_or("subject without a kind")
}

/// A namespace's own accounts in that namespace are usual; elsewhere they are strangers.
fn severity_of_namespace(object: &Object, namespace: &str) -> Severity {
    match object.kind.as_str() {
        "RoleBinding" if object.namespace.as_deref() == Some(namespace) => Severity::Note,
        "RoleBinding" => Severity::Warning,
        _ => Severity::Error,
    }
}
