//! What `create-team` and `init` write, as data: `bot-config/templates/<layout>/<part>/`, or the same folder in an admin
//! repository's `.bailiwick/templates/`, which replaces the built-in one.

mod built_in;
mod error;
mod manifest;
mod overrides;
mod parse;
mod settings;

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use super::condition::Condition;
use super::pattern::Pattern;
use super::values::Values;
use super::{Layout, Parameter, render};
use crate::names::RepoPath;

pub use error::TemplateError;
pub(super) use manifest::{Beside, Missing, Objects};
pub use overrides::OVERRIDES;
pub use settings::{Preset, setting_name};

/// What a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A team in an admin repository.
    Team,
    /// A new repository of a team.
    TeamRepository,
    /// A new admin repository.
    Admin,
}

impl Part {
    /// The name of its folder: `team`, `team-repo` or `admin`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::TeamRepository => "team-repo",
            Self::Admin => "admin",
        }
    }
}

/// A template: its parameters, its files and its entries in files that are there.
#[derive(Debug, Clone)]
pub struct Template {
    /// The folder that it was read from, with a slash at its end.
    origin: String,
    part: Part,
    parameters: BTreeMap<String, Parameter>,
    files: Vec<TemplateFile>,
    entries: Vec<Entry>,
    /// Settings that do not go together.
    refusals: Vec<manifest::Refusal>,
    /// The placeholders in it.
    names: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct TemplateFile {
    name: String,
    about: String,
    to: Pattern,
    keep: bool,
    when: Condition,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    Documents(Vec<Value>),
    /// A text that is no YAML.
    Text(String),
}

/// Something that is put into a file that is there.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) target: Target,
    pub(super) field: Field,
    /// The text with placeholders that is put in.
    pub(super) add: String,
    /// The text with placeholders that a line may cover already, by beginning like it.
    pub(super) covers: Option<String>,
    pub(super) beside: Beside,
    when: Condition,
}

#[derive(Debug, Clone)]
pub(super) enum Target {
    /// A kustomization file.
    File(Pattern, Missing),
    /// Every object like this.
    Objects(Objects),
}

#[derive(Debug, Clone)]
pub(super) enum Field {
    /// Lists, the preferred one first; for objects one list, by its keys with dots between.
    Lists(Vec<String>),
    /// A text of lines, by its keys with dots between.
    Lines(String),
}

/// A file that a template makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendered {
    pub(super) path: RepoPath,
    /// The directory that is the team's alone.
    pub(super) owned: Option<RepoPath>,
    /// Whether one that is there stays as it is.
    pub(super) keep: bool,
    pub(super) text: String,
}

impl Template {
    /// The template for a layout: the repository's own where it has one, else the one that comes with Bailiwick.
    ///
    /// # Errors
    /// Where the repository's own is broken: it never gives way to the built-in one in silence.
    pub fn find(layout: Layout, part: Part, files: &BTreeMap<RepoPath, String>) -> Result<Self, TemplateError> {
        match overrides::find(layout, part, files)? {
            Some((origin, files)) => Self::parse(&origin, part, &files),
            None => Self::built_in(layout, part),
        }
    }

    /// The template that comes with Bailiwick.
    ///
    /// # Errors
    /// Never, as a test shows.
    pub fn built_in(layout: Layout, part: Part) -> Result<Self, TemplateError> {
        let files = built_in::files(layout, part).iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Self::parse(&format!("{layout}/{}/", part.as_str()), part, &files.collect())
    }

    /// What may be set, by name.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.parameters.iter().map(|(name, parameter)| (name.as_str(), parameter))
    }

    /// Whether a placeholder of that name stands anywhere in it.
    pub(super) fn uses(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The entries that are wanted, each with the values for it: once for every environment where its file is named
    /// after one.
    pub(super) fn entries(&self, values: &Values, environments: &[String]) -> Vec<(&Entry, Values)> {
        let wanted = self.entries.iter().filter(|entry| entry.when.holds(values));
        let each = |entry: &Entry| match &entry.target {
            Target::File(pattern, _) => spread(pattern, values, environments),
            Target::Objects(_) => vec![values.clone()],
        };
        wanted.flat_map(|entry| each(entry).into_iter().map(move |values| (entry, values))).collect()
    }

    /// Every entry, wanted or not.
    pub(super) fn all_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The files that are called after the team, or lie in a directory that is, wanted or not.
    pub(super) fn files_of_team(&self, values: &Values, environments: &[String]) -> Vec<RepoPath> {
        let named = self.files.iter().filter(|file| file.to.names("team") || file.to.names("namespace"));
        let paths = named.flat_map(|file| {
            spread(&file.to, values, environments).into_iter().filter_map(|values| file.to.path(&values))
        });
        paths.collect()
    }

    /// Every path that the template's patterns for files lead to, conditions or not, with the directory that is the
    /// team's alone.
    pub(super) fn places(
        &self,
        values: &Values,
        environments: &[String],
    ) -> Result<Vec<(RepoPath, Option<RepoPath>)>, TemplateError> {
        let files = self.files.iter().flat_map(|file| {
            spread(&file.to, values, environments).into_iter().map(move |values| self.place(file, &values))
        });
        files.collect()
    }

    fn place(&self, file: &TemplateFile, values: &Values) -> Result<(RepoPath, Option<RepoPath>), TemplateError> {
        let path = file.to.path(values).ok_or_else(|| {
            self.broken(&file.name, None, format!("{} is no path inside the repository", file.to.as_str()))
        })?;
        Ok((path, file.to.owned(values)))
    }

    /// The files with their placeholders filled and a comment that says what each is for.
    pub(super) fn render(&self, values: &Values, environments: &[String]) -> Result<Vec<Rendered>, TemplateError> {
        let mut rendered = Vec::new();
        for file in self.files.iter().filter(|file| file.when.holds(values)) {
            for values in spread(&file.to, values, environments) {
                let (path, owned) = self.place(file, &values)?;
                let filled = match &file.body {
                    Body::Documents(documents) => {
                        render::documents(documents, &values).map(|text| self.head(file, &values) + &text)
                    }
                    Body::Text(text) => values.fill(text),
                };
                let unknown = |name| self.broken(&file.name, None, format!("${{{name}}} has no value here"));
                rendered.push(Rendered { path, owned, keep: file.keep, text: filled.map_err(unknown)? });
            }
        }
        Ok(rendered)
    }

    fn head(&self, file: &TemplateFile, values: &Values) -> String {
        let team = values.get("team").unwrap_or_default();
        let made = match self.part {
            Part::Team => format!("Made by `create-team {team}`; admins change it from here on."),
            Part::TeamRepository => format!("Made by `create-team {team}`; the team changes it from here on."),
            Part::Admin => "Made by `bailiwick init`; admins change it from here on.".to_owned(),
        };
        let about: String = file.about.lines().map(|line| format!("# {line}\n")).collect();
        format!("{about}# {made}\n")
    }

    fn broken(&self, file: &str, line: Option<usize>, problem: impl Into<String>) -> TemplateError {
        TemplateError::broken(&self.origin, file, line, problem)
    }
}

/// The names of a built-in template's files.
#[cfg(test)]
pub(super) fn built_in_names(layout: Layout, part: Part) -> Vec<String> {
    built_in::files(layout, part).iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// The values once, or once for every environment where the pattern names one.
fn spread(pattern: &Pattern, values: &Values, environments: &[String]) -> Vec<Values> {
    if pattern.names("environment") {
        environments.iter().map(|environment| values.with("environment", environment)).collect()
    } else {
        vec![values.clone()]
    }
}
