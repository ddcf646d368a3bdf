//! One entry of a role's `rules`, with the places of its words.

use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
use crate::rbac::PolicyRule;
use crate::rbac::read;
pub(super) use crate::rbac::read::one_or_many;
use crate::rules::shown;

/// A word with its place.
pub(super) type Word<'a> = (&'a str, &'a Node);

/// One of the lists of words in an entry.
#[derive(Debug)]
pub(super) struct Words<'a>(pub(super) Vec<Word<'a>>);

impl<'a> Words<'a> {
    fn of(entry: &'a Node, field: &str) -> Self {
        // Go decodes a null in a list of strings to the empty string, which is the core group.
        let word = |node: &'a Node| if node.is_null() { Some(("", node)) } else { Some((node.text()?, node)) };
        Self(entry.get(field).map(one_or_many).unwrap_or_default().into_iter().filter_map(word).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first word that is one of `wanted`.
    pub(super) fn find(&self, wanted: &[&str]) -> Option<Word<'a>> {
        self.0.iter().find(|(word, _)| wanted.contains(word)).copied()
    }

    pub(super) fn star(&self) -> Option<&'a Node> {
        self.find(&["*"]).map(|(_, node)| node)
    }
}

/// One entry of `rules`. Words are compared as Kubernetes does: with case, and `*` is the only
/// wildcard (`pods/*` matches nothing).
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) object: &'a Object,
    pub(super) index: usize,
    pub(super) node: &'a Node,
    pub(super) groups: Words<'a>,
    pub(super) resources: Words<'a>,
    pub(super) verbs: Words<'a>,
    pub(super) names: Words<'a>,
    pub(super) urls: Words<'a>,
}

impl<'a> Entry<'a> {
    /// Every entry of `rules` of a role.
    pub(super) fn all(object: &'a Object) -> Vec<Self> {
        let rules = object.node.get("rules").map(one_or_many).unwrap_or_default();
        rules.into_iter().enumerate().map(|(index, node)| Self::new(object, index, node)).collect()
    }

    fn new(object: &'a Object, index: usize, node: &'a Node) -> Self {
        let words = |field| Words::of(node, field);
        Self {
            object,
            index,
            node,
            groups: words("apiGroups"),
            resources: words("resources"),
            verbs: words("verbs"),
            names: words("resourceNames"),
            urls: words("nonResourceURLs"),
        }
    }

    /// The entry as the evaluator takes it.
    pub(super) fn rule(&self) -> PolicyRule {
        read::rule(self.node)
    }

    /// Whether the entry reaches one of these API groups. An entry without groups is refused by
    /// Kubernetes; until somebody fills it in, it may mean any.
    pub(super) fn reaches_group(&self, groups: &[&str]) -> bool {
        self.groups.is_empty() || self.groups.star().is_some() || self.groups.find(groups).is_some()
    }

    pub(super) fn finding(
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
pub(super) fn milder(severity: Severity) -> Severity {
    if severity == Severity::Error { Severity::Warning } else { Severity::Note }
}

/// How many words a message lists.
const MAXIMUM_LISTED: usize = 6;

/// "`a`, `b` and `c`", each once; of very many the first ones.
pub(super) fn listed(words: &[&str]) -> String {
    let mut once: Vec<&str> = Vec::new();
    let mut more = 0;
    for word in words {
        match once.contains(word) {
            true => {}
            false if once.len() < MAXIMUM_LISTED => once.push(word),
            false => more += 1,
        }
    }
    let mut quoted: Vec<String> = once.iter().map(|word| format!("`{}`", shown(word))).collect();
    if more > 0 {
        quoted.push(format!("{more} more"));
    }
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
