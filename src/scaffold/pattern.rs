use super::values::{Values, placeholders};
use crate::names::RepoPath;

/// The names that may stand in a path.
const NAMES: [&str; 4] = ["cluster_path", "team", "namespace", "environment"];

/// A path in a repository with placeholders in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(String);

impl Pattern {
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(name) = placeholders(text).find(|name| !NAMES.contains(name)) {
            return Err(format!(
                "${{{name}}} cannot stand in a path; it may hold {}",
                NAMES.map(|name| format!("${{{name}}}")).join(", ")
            ));
        }
        let example = text.replace("${", "").replace('}', "");
        match RepoPath::resolve("", &example).is_some_and(|path| path.as_str() == example) {
            true => Ok(Self(text.to_owned())),
            false => Err(format!("{text} is no path inside the repository")),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a placeholder stands in it.
    pub(super) fn names(&self, name: &str) -> bool {
        placeholders(&self.0).any(|placeholder| placeholder == name)
    }

    /// The path that it leads to.
    pub(super) fn path(&self, values: &Values) -> Option<RepoPath> {
        values.fill(&self.0).ok()?.parse().ok()
    }

    /// The directory on the way that is called after the team, where there is one.
    pub(super) fn owned(&self, values: &Values) -> Option<RepoPath> {
        let (directory, _) = self.0.rsplit_once('/')?;
        let parts: Vec<&str> = directory.split('/').collect();
        let last = parts.iter().position(|part| *part == "${team}" || *part == "${namespace}")?;
        values.fill(&parts[..=last].join("/")).ok()?.parse().ok()
    }
}
