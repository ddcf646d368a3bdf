//! Rules of the family `rbac/`: rights that reach further than a team, or further than they look.
//!
//! Flux applies everything with the rights of cluster-admin, so Kubernetes' own protection against
//! escalation does not hold for what is merged: these rules are the only check.

mod cluster_admin_binding;
mod escalation_verbs;
mod read_secrets;
mod system_subject;
mod wildcard;

pub use cluster_admin_binding::ClusterAdminBinding;
pub use escalation_verbs::EscalationVerbs;
pub use read_secrets::ReadSecrets;
pub use system_subject::SystemSubject;
pub use wildcard::Wildcard;

use super::Review;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object, Value};

/// The API group of roles and bindings.
const GROUP: &str = "rbac.authorization.k8s.io";

/// Roles and bindings of any API version in the new and changed files.
fn objects<'a>(review: &Review<'a>, kinds: &'static [&'static str]) -> impl Iterator<Item = &'a Object> + use<'a> {
    review.objects().filter(move |object| object.group() == GROUP && kinds.contains(&object.kind.as_str()))
}

/// Every entry of `rules` in the Roles and ClusterRoles of the new and changed files.
fn entries<'a>(review: &Review<'a>) -> impl Iterator<Item = Entry<'a>> + use<'a> {
    objects(review, &["Role", "ClusterRole"]).flat_map(|object| {
        let rules = object.node.get("rules").map(one_or_many).unwrap_or_default();
        rules.into_iter().enumerate().map(|(index, node)| Entry::new(object, index, node))
    })
}

/// A list's items; anything else counts as a list of itself. Kubernetes refuses a scalar where a
/// list belongs, but a mistyped field must not hide from the judge what it says.
fn one_or_many(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::Sequence(items) => items.iter().collect(),
        _ if node.is_null() => Vec::new(),
        _ => vec![node],
    }
}

/// One of the lists of words in an entry.
#[derive(Debug)]
struct Words<'a>(Vec<(&'a str, &'a Node)>);

impl<'a> Words<'a> {
    fn of(entry: &'a Node, field: &str) -> Self {
        // Go decodes a null in a list of strings to the empty string, which is the core group.
        let word = |node: &'a Node| if node.is_null() { Some(("", node)) } else { Some((node.text()?, node)) };
        Self(entry.get(field).map(one_or_many).unwrap_or_default().into_iter().filter_map(word).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first word that is one of `wanted`.
    fn find(&self, wanted: &[&str]) -> Option<(&'a str, &'a Node)> {
        self.0.iter().find(|(word, _)| wanted.contains(word)).copied()
    }

    fn star(&self) -> Option<&'a Node> {
        self.find(&["*"]).map(|(_, node)| node)
    }
}

/// One entry of `rules`. Words are compared as Kubernetes does: with case, and `*` is the only
/// wildcard (`pods/*` matches nothing).
#[derive(Debug)]
struct Entry<'a> {
    object: &'a Object,
    index: usize,
    groups: Words<'a>,
    resources: Words<'a>,
    verbs: Words<'a>,
    names: Words<'a>,
    urls: Words<'a>,
}

impl<'a> Entry<'a> {
    fn new(object: &'a Object, index: usize, node: &'a Node) -> Self {
        let words = |field| Words::of(node, field);
        Self {
            object,
            index,
            groups: words("apiGroups"),
            resources: words("resources"),
            verbs: words("verbs"),
            names: words("resourceNames"),
            urls: words("nonResourceURLs"),
        }
    }

    /// Whether the entry reaches one of these API groups. An entry without groups is refused by
    /// Kubernetes; until somebody fills it in, it may mean any.
    fn reaches_group(&self, groups: &[&str]) -> bool {
        self.groups.is_empty() || self.groups.star().is_some() || self.groups.find(groups).is_some()
    }

    /// Which of these resources the entry reaches, as written: `*`, or their names.
    fn reached(&self, resources: &[&str]) -> Vec<&'a str> {
        if self.resources.star().is_some() {
            return vec!["*"];
        }
        let mut reached: Vec<&str> =
            self.resources.0.iter().map(|(word, _)| *word).filter(|word| resources.contains(word)).collect();
        reached.dedup();
        reached
    }

    /// Whether the role holds in every namespace.
    fn cluster_wide(&self) -> bool {
        self.object.kind == "ClusterRole"
    }

    /// An error in a ClusterRole, a warning in a Role.
    fn severity(&self) -> Severity {
        if self.cluster_wide() { Severity::Error } else { Severity::Warning }
    }

    fn finding(
        &self,
        rule: RuleId,
        severity: Severity,
        (field, node): (&str, &Node),
        message: impl Into<String>,
    ) -> Finding {
        Finding::new(rule, severity, self.object.location(node), message)
            .with_object(self.object.reference())
            .with_field(format!("rules[{}].{field}", self.index))
    }
}

/// The next milder severity.
fn milder(severity: Severity) -> Severity {
    if severity == Severity::Error { Severity::Warning } else { Severity::Note }
}

/// "`a`, `b` and `c`".
fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests;
