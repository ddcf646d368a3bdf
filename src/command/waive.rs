use std::fmt;

use super::arguments::Arguments;
use super::{Command, Permission, Spec};
use crate::names::show;
use crate::rules;

/// A finding that stands keeps a change from being merged: those who maintain the repository may let it pass, where the
/// configuration says nothing.
pub(super) const SPEC: Spec = Spec {
    name: "waive",
    usage: "/waive RULE KIND/[NAMESPACE/]NAME REASON…",
    help: "Lets the findings of one rule on one object of the pull request pass, as long as the object stays as it is.",
    allow: Permission::Maintain,
    parse,
};

/// Characters of a reason: less than that says nothing to those who read it in a year.
const SHORTEST_REASON: usize = 8;

/// `/waive RULE KIND/[NAMESPACE/]NAME REASON…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waive {
    /// The rule's id.
    pub rule: String,
    /// The object's kind, as manifests spell it.
    pub kind: String,
    /// Its namespace, where it is written.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Why the findings may pass.
    pub reason: String,
}

impl Waive {
    /// The object as it is written in the command.
    pub fn object(&self) -> String {
        let namespace = self.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        format!("{}/{namespace}{}", self.kind, self.name)
    }
}

/// Its arguments.
impl fmt::Display for Waive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.rule, self.object(), self.reason)
    }
}

fn parse(mut arguments: Arguments<'_>) -> Result<Command, String> {
    let rule = arguments.positional("the rule")?;
    if rules::rule(rule).is_none() {
        return Err(format!("{} is no rule; the check's findings name theirs, such as `rbac/wildcard`", show(rule)));
    }
    let object = arguments.positional("the object")?;
    let parts: Vec<&str> = object.split('/').collect();
    let (kind, namespace, name) = match parts.as_slice() {
        [kind, name] if !kind.is_empty() && !name.is_empty() => (kind, None, name),
        [kind, namespace, name] if parts.iter().all(|part| !part.is_empty()) => (kind, Some(namespace), name),
        _ => return Err(format!("{} is no object; write `ClusterRole/NAME` or `Role/NAMESPACE/NAME`", show(object))),
    };
    let reason = arguments.rest();
    if reason.chars().count() < SHORTEST_REASON {
        return Err(
            "say behind the object why this may pass: others read it in the check and in the audit log".to_owned()
        );
    }
    Ok(Command::Waive(Waive {
        rule: rule.to_owned(),
        kind: (*kind).to_owned(),
        namespace: namespace.map(|namespace| (*namespace).to_owned()),
        name: (*name).to_owned(),
        reason,
    }))
}
