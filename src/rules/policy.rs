//! The policy file: the severity of each rule, and exceptions with a reason.

mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::engine::Waived;
use crate::finding::{Finding, ObjectRef, RuleId, Severity};
use crate::manifest::api_group;
use crate::names::RepoPath;

/// What an admin repository says about the rules. Without a policy every rule has its own
/// severity and there are no exceptions.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// `None` for a rule that is off.
    severities: BTreeMap<RuleId, Option<Severity>>,
    exceptions: Vec<Exception>,
}

/// One thing that may stay as it is.
#[derive(Debug, Clone)]
struct Exception {
    rule: RuleId,
    target: Target,
    reason: String,
    /// Who allowed it.
    by: Option<String>,
    /// The day after which it no longer holds, and whether that is past.
    expires: Option<Date>,
    expired: bool,
}

/// What an exception is for. It cannot be for everything: that is what `off` says openly.
/// Object and path narrow it together.
#[derive(Debug, Clone)]
struct Target {
    object: Option<TargetObject>,
    path: Option<String>,
}

#[derive(Debug, Clone)]
struct TargetObject {
    /// The API group; the empty text is the core group.
    group: Option<String>,
    kind: Option<String>,
    namespace: Option<String>,
    name: String,
}

/// Why a policy file was refused. The text names the file and the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message} {help}")]
pub struct PolicyError {
    /// The policy file.
    pub file: RepoPath,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What mends it.
    pub help: String,
}

/// What the policy makes of a finding.
pub(super) enum Verdict {
    Stands(Finding),
    Waived(Waived),
}

impl Policy {
    /// Reads a policy file. `today` decides which exceptions have expired: one holds up to and
    /// including its day.
    ///
    /// # Errors
    /// Where the text is not YAML, has an unknown key, rule or severity, or an exception without
    /// rule, reason, or target.
    pub fn parse(file: &RepoPath, text: &str, today: Date) -> Result<Self, PolicyError> {
        parse::parse(file, text, today)
    }

    /// Whether a rule is switched off.
    pub fn is_off(&self, rule: RuleId) -> bool {
        self.severities.get(&rule) == Some(&None)
    }

    /// A rule's severity by this policy: its own where nothing is said, `None` where it is off.
    pub fn severity_of(&self, rule: RuleId, own: Severity) -> Option<Severity> {
        self.severities.get(&rule).copied().unwrap_or(Some(own))
    }

    /// The finding with the policy's severity, or waived by an exception.
    pub(super) fn apply(&self, mut finding: Finding) -> Verdict {
        if let Some(Some(severity)) = self.severities.get(&finding.rule) {
            finding.severity = *severity;
        }
        let mut fitting = self.exceptions.iter().filter(|exception| exception.fits(&finding));
        if let Some(exception) = fitting.clone().find(|exception| !exception.expired) {
            let reason = match &exception.by {
                Some(by) => format!("{} ({by})", exception.reason),
                None => exception.reason.clone(),
            };
            return Verdict::Waived(Waived { finding, reason, person: None });
        }
        if let Some(day) = fitting.find_map(|exception| exception.expires) {
            let separator = if finding.help.is_empty() { "" } else { " " };
            finding.help = format!("{}{separator}The exception in the policy expired after {day}.", finding.help);
        }
        Verdict::Stands(finding)
    }
}

impl Exception {
    fn fits(&self, finding: &Finding) -> bool {
        let Target { object, path } = &self.target;
        self.rule == finding.rule
            && path.as_ref().is_none_or(|pattern| path_fits(pattern, finding.location.file.as_str()))
            && object.as_ref().is_none_or(|wanted| finding.object.as_ref().is_some_and(|found| wanted.is(found)))
    }
}

impl TargetObject {
    fn is(&self, object: &ObjectRef) -> bool {
        let group = api_group(&object.api_version);
        object.name == self.name
            && self.group.as_ref().is_none_or(|wanted| wanted == group)
            && self.kind.as_ref().is_none_or(|kind| *kind == object.kind)
            && self.namespace.as_ref().is_none_or(|namespace| Some(namespace) == object.namespace.as_ref())
    }
}

/// `*` stands for any part of one name, `**` for any number of directories; a directory's own
/// path fits everything below it.
fn path_fits(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    parts_fit(&pattern, &path)
}

fn parts_fit(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], _) => true,
        (["**", rest @ ..], _) => (0..=path.len()).any(|skip| parts_fit(rest, &path[skip..])),
        ([first, rest @ ..], [name, below @ ..]) => name_fits(first, name) && parts_fit(rest, below),
        (_, []) => false,
    }
}

fn name_fits(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
