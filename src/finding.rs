//! What a rule says: always a rule id, a severity, a file and a line.

use std::fmt;

use serde::Serialize;

use crate::names::{CommitId, RepoPath, RepositoryName};

/// A rule's id, `<family>/<name>`, as `bailiwick explain` and the policy file take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RuleId(&'static str);

impl RuleId {
    /// A rule's id; the list of rules is checked by a test.
    pub const fn new(id: &'static str) -> Self {
        Self(id)
    }

    /// The id as text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

/// How bad a finding is; ordered, an error is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Note,
    /// A person should look at it.
    Warning,
    /// Must not be merged.
    Error,
}

impl Severity {
    /// `note`, `warning` or `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Which Kubernetes object a finding is about, as its manifest spells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// `apiVersion`, such as `rbac.authorization.k8s.io/v1`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`, where there is one.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            _ if self.name.is_empty() => formatter.write_str(&self.kind),
            Some(namespace) => write!(formatter, "{} {namespace}/{}", self.kind, self.name),
            None => write!(formatter, "{} {}", self.kind, self.name),
        }
    }
}

/// Where in a repository: lines and columns count from 1, lines in `\n` as GitHub does, columns in
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file.
    pub file: RepoPath,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// A place in another repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Afar {
    /// The repository.
    pub repository: RepositoryName,
    /// The address of its pages, without a slash at the end.
    pub web: String,
    /// The commit.
    pub commit: CommitId,
    /// The file there.
    pub file: RepoPath,
    /// The line, from 1.
    pub line: u32,
}

/// One thing that a rule found. It cannot be made without a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: RuleId,
    /// How bad, after the policy.
    pub severity: Severity,
    /// What is wrong, in one plain sentence.
    pub message: String,
    /// Where.
    pub location: Location,
    /// About which object, where it is about one.
    pub object: Option<ObjectRef>,
    /// The field's path in the object, such as `spec.versions[0].name`; empty where it is about the whole.
    pub field: String,
    /// The smallest thing that mends it.
    pub help: String,
    /// The line of the change that makes Flux apply the file, where the file itself is no part of the
    /// change.
    pub reached: Option<Location>,
    /// The place in another repository that it speaks of.
    pub afar: Option<Afar>,
}

impl Finding {
    /// A finding of `rule` at `location`; the rest is added by the `with_` functions.
    pub fn new(rule: RuleId, severity: Severity, location: Location, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity,
            message: message.into(),
            location,
            object: None,
            field: String::new(),
            help: String::new(),
            reached: None,
            afar: None,
        }
    }

    /// The finding with the object that it is about.
    #[must_use]
    pub fn with_object(mut self, object: ObjectRef) -> Self {
        self.object = Some(object);
        self
    }

    /// The finding with the path of the field that it is about.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    /// The finding with the place in another repository that it speaks of.
    #[must_use]
    pub fn with_afar(mut self, afar: Option<Afar>) -> Self {
        self.afar = afar;
        self
    }

    /// The finding with what mends it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::ObjectRef;

    #[test]
    fn an_object_without_a_name_is_called_by_its_kind() {
        let object = |name: &str| ObjectRef {
            api_version: "v1".to_owned(),
            kind: "List".to_owned(),
            namespace: None,
            name: name.to_owned(),
        };
        assert_eq!((object("").to_string(), object("x").to_string()), ("List".to_owned(), "List x".to_owned()));
    }
}
