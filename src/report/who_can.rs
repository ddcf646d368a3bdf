//! Who may do something, for a terminal and for scripts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::difference::{places, subject_json, way_json, with_rule};
use super::visible;
use crate::names::RepoPath;
use crate::rbac::{PolicyRule, Subject};
use crate::redact::redact_value;
use crate::rules::Way;

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// `get secrets in namespace team1`.
    pub words: String,
    /// The verb.
    pub verb: &'a str,
    /// The groups that the resource was looked for in; the empty text is the core group.
    pub groups: &'a [String],
    /// The resource with its subresource, or a path that is none.
    pub resource: &'a str,
    /// The name of the one object, where it is about one.
    pub name: Option<&'a str>,
    /// The namespace; `None` for the whole cluster.
    pub namespace: Option<&'a str>,
}

/// A subject that may do what was asked for, and the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanDo {
    /// Who.
    pub subject: Subject,
    /// Where the binding holds; `None` for the whole cluster.
    pub namespace: Option<String>,
    /// The rule that allows it.
    pub rule: Option<PolicyRule>,
    /// Through what.
    pub way: Way,
}

/// Verbs of requests (kubernetes.io/docs/reference/access-authn-authz/authorization, "Request Verbs"), of paths that
/// are no resources, and those that only access checks ask for.
const VERBS: [&str; 20] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "post",
    "put",
    "head",
    "options",
    "use",
    "bind",
    "escalate",
    "impersonate",
    "approve",
    "sign",
    "attest",
    "*",
];

/// For a terminal. `unknown` are bindings of which nobody can say it.
pub fn who_can_text(asked: &Question<'_>, holders: &[CanDo], (unknown, unread): (&[Way], &[RepoPath])) -> String {
    let words = visible(&asked.words);
    let mut text = match holders.len() {
        0 => format!("Nobody can {words}.\n"),
        _ => format!("Who can {words}:\n"),
    };
    for CanDo { subject, way, .. } in holders {
        writeln!(text, "  {}\n    by {}", visible(&subject.to_string()), visible(&placed(way)))
            .expect("a string takes every write");
    }
    if let Some(doubt) = doubt(asked.verb, holders) {
        writeln!(text, "\n{}", visible(&doubt)).expect("a string takes every write");
    }
    if !unknown.is_empty() {
        text.push_str("\nNobody can say what these give:\n");
        for way in unknown {
            writeln!(text, "  {}", visible(&placed(way))).expect("a string takes every write");
        }
    }
    if !unread.is_empty() {
        text.push_str("\nThese files cannot be read, so there may be others:\n");
        for file in unread {
            writeln!(text, "  {}", visible(file.as_str())).expect("a string takes every write");
        }
    }
    text
}

fn placed(way: &Way) -> String {
    let places = places(way).unwrap_or_else(|| "every cluster has it".to_owned());
    format!("{} ({places})", way.words)
}

/// A verb may be anything that some program asks for; one that Kubernetes does not know and no rule names may be
/// mistyped.
fn doubt(verb: &str, holders: &[CanDo]) -> Option<String> {
    let is_named = |holder: &CanDo| holder.rule.as_ref().is_some_and(|rule| rule.verbs.iter().any(|one| one == verb));
    if VERBS.contains(&verb) || holders.iter().any(is_named) {
        return None;
    }
    let near = VERBS.iter().max_by(|a, b| strsim::jaro_winkler(verb, a).total_cmp(&strsim::jaro_winkler(verb, b)))?;
    let near = if strsim::jaro_winkler(verb, near) > 0.8 { format!(" Did you mean {near}?") } else { String::new() };
    let only = if holders.is_empty() { "" } else { ": it is only part of `*`" };
    Some(format!("Kubernetes knows no verb {verb}, and no rule names it for this{only}.{near}"))
}

/// For scripts.
pub fn who_can_json(asked: &Question<'_>, holders: &[CanDo], (unknown, unread): (&[Way], &[RepoPath])) -> Value {
    let holder = |CanDo { subject, namespace, rule, way }: &CanDo| {
        let mut value = json!({
            "subject": subject_json(subject),
            "namespace": namespace,
            "who": subject.to_string(),
            "through": way_json(way),
        });
        with_rule(&mut value, rule.as_ref());
        value
    };
    redact_value(json!({
        "asked": asked.words,
        "verb": asked.verb,
        "apiGroups": asked.groups,
        "resource": asked.resource,
        "resourceName": asked.name,
        "namespace": asked.namespace,
        "holders": holders.iter().map(holder).collect::<Vec<_>>(),
        "unknown": unknown.iter().map(way_json).collect::<Vec<_>>(),
        "unread": unread.iter().map(RepoPath::as_str).collect::<Vec<_>>(),
    }))
}
