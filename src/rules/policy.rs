//! The policy file: the severity of each rule, and exceptions with a reason. It is judged itself too.

mod expired_exception;
mod own;
mod parse;
mod path;
mod presence;
#[cfg(test)]
mod tests;
mod unreadable;
mod unused_exception;

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use super::engine::Waived;
use super::shown;
use crate::finding::{Finding, Location, ObjectRef, RuleId, Severity};
use crate::manifest::{ManifestFile, api_group, read};
use crate::names::RepoPath;

pub use expired_exception::ExpiredException;
pub use own::{JudgedPolicy, OwnPolicy};
pub use unreadable::Unreadable;
pub use unused_exception::{UnusedException, is_of_changes};

/// What an admin repository says about the rules. Without a policy every rule has its own
/// severity and there are no exceptions.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// `None` for a rule that is off.
    severities: BTreeMap<RuleId, Option<Severity>>,
    exceptions: Vec<Exception>,
    powerful_kinds: Vec<PowerfulKind>,
}

/// A kind whose objects a program with more rights than their authors obeys: for `rbac/powerful-kinds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerfulKind {
    /// The API group.
    pub group: String,
    /// The resource, as roles name it: `challenges`.
    pub resource: String,
    /// How bad it is to write it in the whole cluster.
    pub severity: Severity,
}

/// One thing that may stay as it is.
#[derive(Debug, Clone)]
struct Exception {
    /// Where the entry begins.
    place: Location,
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
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    object: Option<TargetObject>,
    path: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Whether a rule is about the policy itself.
pub(super) fn is_own(rule: RuleId) -> bool {
    rule.as_str().starts_with("policy/")
}

impl Policy {
    /// Reads a policy file. `today` decides which exceptions have expired: one holds up to and
    /// including its day.
    ///
    /// # Errors
    /// Where the text is not YAML, has an unknown key, rule or severity, or an exception without
    /// rule, reason, or target.
    pub fn parse(file: &RepoPath, text: &str, today: Date) -> Result<Self, PolicyError> {
        Self::of(&read(file.clone(), text.as_bytes()), today)
    }

    /// The policy that a file holds which was read already.
    ///
    /// # Errors
    /// Those of [`Policy::parse`], and what could not be opened.
    pub fn of(file: &ManifestFile, today: Date) -> Result<Self, PolicyError> {
        parse::parse(file, today)
    }

    /// Whether a rule is switched off.
    pub fn is_off(&self, rule: RuleId) -> bool {
        self.severities.get(&rule) == Some(&None)
    }

    /// The kinds that are powerful here, besides those that are so everywhere.
    pub fn powerful_kinds(&self) -> &[PowerfulKind] {
        &self.powerful_kinds
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
    /// Whether two entries say the same, wherever they stand.
    fn is_same(&self, other: &Self) -> bool {
        let Self { place: _, rule, target, reason, by, expires, expired: _ } = self;
        (rule, target, reason, by, expires) == (&other.rule, &other.target, &other.reason, &other.by, &other.expires)
    }

    fn fits(&self, finding: &Finding) -> bool {
        let Target { object, path } = &self.target;
        self.rule == finding.rule
            && path.as_ref().is_none_or(|pattern| path::fits(pattern, finding.location.file.as_str()))
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

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { object, path } = &self.target;
        write!(formatter, "The exception for `{}`", self.rule)?;
        if let Some(TargetObject { group, kind, namespace, name }) = object {
            let namespace = namespace.as_ref().map_or(String::new(), |namespace| format!("{namespace}/"));
            let object = format!("{} {namespace}{name}", kind.as_deref().unwrap_or("object"));
            write!(formatter, " on `{}`", shown(&object))?;
            if let Some(group) = group.as_ref().filter(|group| !group.is_empty()) {
                write!(formatter, " of `{}`", shown(group))?;
            }
        }
        path.as_ref().map_or(Ok(()), |path| write!(formatter, " in `{}`", shown(path)))
    }
}
