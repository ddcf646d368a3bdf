//! What a new team puts into files that are there: the list of teams, lists of namespaces, lists of allowed addresses.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use super::template::{Beside, Entry, Field, Missing, Objects, Target};
use super::values::Values;
use super::{FileChange, ScaffoldError, Survey};
use crate::manifest::{EditError, Spot, insert_list_entry, insert_list_value, insert_text_line};
use crate::names::RepoPath;

/// A kustomization file that lists nothing yet.
const EMPTY: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

/// The files with the entries in them; those that have them already are left out. The lists of directories come last.
pub(super) fn changes(
    entries: &[(&Entry, Values)],
    survey: &Survey<'_>,
    namespace: &str,
) -> Result<Vec<FileChange>, ScaffoldError> {
    let mut editor =
        Editor { survey, namespace, teams: survey.team_namespaces(), texts: BTreeMap::new(), order: Vec::new() };
    let is_list = |entry: &Entry| matches!(entry.target, Target::File(..));
    for lists in [false, true] {
        for (entry, values) in entries.iter().filter(|(entry, _)| is_list(entry) == lists) {
            editor.enter(entry, values)?;
        }
    }
    let Editor { mut texts, order, .. } = editor;
    let change = |path: RepoPath| {
        let before = survey.files().get(&path).cloned();
        let after = texts.remove(&path)?;
        (before.as_ref() != Some(&after)).then_some(FileChange { path, before, after: Some(after) })
    };
    Ok(order.into_iter().filter_map(change).collect())
}

struct Editor<'a> {
    survey: &'a Survey<'a>,
    /// The new team's.
    namespace: &'a str,
    /// The namespaces of the other teams.
    teams: BTreeSet<String>,
    /// Files as they are to be.
    texts: BTreeMap<RepoPath, String>,
    order: Vec<RepoPath>,
}

impl Editor<'_> {
    fn enter(&mut self, entry: &Entry, values: &Values) -> Result<(), ScaffoldError> {
        let fill = |text: &str| values.fill(text).unwrap_or_default();
        let add = fill(&entry.add);
        if add.is_empty() {
            return Ok(());
        }
        match (&entry.target, &entry.field) {
            (Target::File(pattern, missing), Field::Lists(lists)) => {
                let Some(path) = pattern.path(values) else { return Ok(()) };
                let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
                self.list(&path, *missing, &lists, &add)
            }
            (Target::Objects(objects), field) => {
                let covers = entry.covers.as_deref().map(fill).unwrap_or_default();
                self.objects(objects, (field, entry.beside), &add, &covers)
            }
            (Target::File(..), Field::Lines(_)) => Ok(()),
        }
    }

    fn list(&mut self, path: &RepoPath, missing: Missing, lists: &[&str], add: &str) -> Result<(), ScaffoldError> {
        let directory = path.parent();
        let found = match &directory {
            Some(directory) => self.survey.kustomization(directory)?,
            None => None,
        };
        let (path, text) = match (found, missing) {
            (Some((path, text)), _) => (path.clone(), text.to_owned()),
            (None, Missing::Create) => (path.clone(), EMPTY.to_owned()),
            (None, Missing::Skip) => return Ok(()),
            (None, Missing::Refuse) => {
                return Err(ScaffoldError::NoKustomization(directory.unwrap_or_else(|| path.clone())));
            }
        };
        let text = self.texts.get(&path).cloned().unwrap_or(text);
        let edited = insert_list_entry(&text, lists, add).map_err(|problem| edit(&path, problem))?;
        self.changes_nothing_else(&path, &edited)?;
        self.put(path, edited);
        Ok(())
    }

    /// A kustomization that puts all that it lists into one namespace, or renames it, would do so with the new team.
    fn changes_nothing_else(&self, path: &RepoPath, text: &str) -> Result<(), ScaffoldError> {
        let Ok(file) = serde_yaml::from_str::<Value>(text) else { return Ok(()) };
        for field in ["namespace", "namePrefix", "nameSuffix"] {
            let value = file[field].as_str().filter(|value| !value.is_empty());
            if let Some(value) = value.filter(|value| field != "namespace" || *value != self.namespace) {
                let (path, value) = (path.clone(), value.to_owned());
                return Err(ScaffoldError::Forced { path, field, value });
            }
        }
        Ok(())
    }

    fn objects(
        &mut self,
        objects: &Objects,
        (field, beside): (&Field, Beside),
        add: &str,
        covers: &str,
    ) -> Result<(), ScaffoldError> {
        let keys = match field {
            Field::Lists(lists) => lists.first().map(String::as_str).unwrap_or_default(),
            Field::Lines(keys) => keys,
        };
        let keys: Vec<&str> = keys.split('.').collect();
        for (path, document, object) in self.survey.objects(objects)? {
            let value = keys.iter().fold(&object, |value, key| &value[*key]);
            let wanted = match field {
                Field::Lists(_) => self.list_wants(value, beside, add),
                Field::Lines(_) => !is_covered(value, covers, add),
            };
            if !wanted {
                continue;
            }
            let text = self.texts.get(&path).or_else(|| self.survey.files().get(&path)).cloned().unwrap_or_default();
            let spot = Spot { document, path: &keys };
            let edited = match field {
                Field::Lists(_) => insert_list_value(&text, spot, add),
                Field::Lines(_) => insert_text_line(&text, spot, add),
            };
            let edited = edited.map_err(|problem| edit(&path, problem))?;
            self.put(path, edited);
        }
        Ok(())
    }

    /// Whether a list of namespaces takes the new one: it has others, and none that means it already.
    fn list_wants(&self, list: &Value, beside: Beside, add: &str) -> bool {
        let Some(items) = list.as_sequence() else { return false };
        let holds = |name: &str| items.iter().filter_map(Value::as_str).any(|item| means(item, name));
        let among_teams = || self.teams.iter().any(|team| holds(team));
        !holds(add) && (beside == Beside::Anything || among_teams())
    }

    fn put(&mut self, path: RepoPath, text: String) {
        if !self.texts.contains_key(&path) {
            self.order.push(path.clone());
        }
        self.texts.insert(path, text);
    }
}

fn edit(path: &RepoPath, problem: EditError) -> ScaffoldError {
    ScaffoldError::Edit { path: path.clone(), problem }
}

/// Whether an item of a list of namespaces means a name; Gatekeeper takes `*` at its beginning or end
/// (`pkg/mutation/match` of its sources, `wildcard`).
fn means(item: &str, name: &str) -> bool {
    match (item.strip_prefix('*'), item.strip_suffix('*')) {
        (Some(end), None) => name.ends_with(end),
        (None, Some(start)) => name.starts_with(start),
        (Some(middle), Some(_)) => name.contains(middle.trim_end_matches('*')),
        (None, None) => item == name,
    }
}

/// Whether a line of a text is the beginning of what is to be covered, or is there already.
fn is_covered(text: &Value, covers: &str, add: &str) -> bool {
    let lines = || text.as_str().unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
    lines().any(|line| line == add || !covers.is_empty() && covers.starts_with(line))
}

#[cfg(test)]
mod tests {
    use super::means;

    #[test]
    fn wildcards_of_gatekeeper() {
        for (item, name, yes) in [
            ("team1", "team1", true),
            ("team1", "team11", false),
            ("team-*", "team-a", true),
            ("*-dev", "a-dev", true),
            ("*team*", "my-team-1", true),
            ("*", "x", true),
            ("kube-*", "team1", false),
        ] {
            assert_eq!(means(item, name), yes, "{item} {name}");
        }
    }
}
