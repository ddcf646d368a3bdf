//! What a template has put elsewhere for the team: files, lists of namespaces, addresses that Flux may follow.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use super::leaving::Leaving;
use super::tree::Tree;
use super::{RemoveError, RemoveRequest, surveyed};
use crate::manifest::{EditError, Spot, remove_list_items, remove_text_line};
use crate::names::{GitUrl, RepoPath};
use crate::scaffold::survey::objects_in;
use crate::scaffold::template::{Field, Target};
use crate::scaffold::values::Values;
use crate::scaffold::{Part, ScaffoldError, Survey, Template, team};

/// The template that the team was made by: a broken one keeps nobody here.
fn template(leaving: &Leaving, survey: &Survey<'_>) -> Option<Template> {
    let own = Template::find(leaving.layout, Part::Team, survey.files());
    own.or_else(|_| Template::built_in(leaving.layout, Part::Team)).ok()
}

fn values(leaving: &Leaving, survey: &Survey<'_>) -> Values {
    let url = leaving.url.as_deref().and_then(|url| url.parse::<GitUrl>().ok());
    let text = |name: &str, value: String| (name.to_owned(), value);
    let mut values = vec![
        text("team", leaving.team.to_string()),
        text("namespace", leaving.team.namespace().to_string()),
        text("cluster_path", survey.cluster_path().to_string()),
    ];
    if let Some(url) = url {
        values.push(text("git_prefix", team::prefix(&url)));
        values.push(text("git_url", url.to_string()));
    }
    Values::new(values.into_iter().collect::<BTreeMap<_, _>>())
}

/// The files outside of the team's directories that are there for it alone.
pub(super) fn files(tree: &Tree<'_>, leaving: &Leaving, survey: &Survey<'_>) -> Vec<RepoPath> {
    let Some(template) = template(leaving, survey) else { return Vec::new() };
    let files = template.files_of_team(&values(leaving, survey), &survey.environments());
    files.into_iter().filter(|path| tree.text(path).is_some() && !leaving.owns(path)).collect()
}

/// Takes the team out of lists and texts of objects; gives what stays and why.
pub(super) fn remove(
    tree: &mut Tree<'_>,
    leaving: &Leaving,
    (request, survey): (&RemoveRequest, &Survey<'_>),
) -> Result<Vec<String>, RemoveError> {
    let Some(template) = template(leaving, survey) else { return Ok(Vec::new()) };
    let (values, mut notes) = (values(leaving, survey), Vec::new());
    for entry in template.all_entries() {
        let Target::Objects(objects) = &entry.target else { continue };
        let Some(add) = values.fill(&entry.add).ok().filter(|add| !add.is_empty()) else { continue };
        let keys = match &entry.field {
            Field::Lists(lists) => lists.first().cloned().unwrap_or_default(),
            Field::Lines(keys) => keys.clone(),
        };
        let keys: Vec<&str> = keys.split('.').collect();
        for (path, document, object) in objects_in(tree.all(), objects).map_err(surveyed)? {
            let value = keys.iter().fold(&object, |value, key| &value[*key]);
            let spot = Spot { document, path: &keys };
            let place = Place { path: &path, spot, value };
            match &entry.field {
                Field::Lists(_) => notes.extend(place.without_name(tree, &add)?),
                Field::Lines(_) => notes.extend(place.without_address(tree, leaving, (request, &add))?),
            }
        }
    }
    Ok(notes)
}

/// A list or a text of one object.
struct Place<'a> {
    path: &'a RepoPath,
    spot: Spot<'a>,
    value: &'a Value,
}

impl Place<'_> {
    /// Takes a namespace out of a list. One that is alone in it stays: Gatekeeper takes an empty list for all namespaces
    /// (`pkg/mutation/match` of its sources).
    fn without_name(&self, tree: &mut Tree<'_>, name: &str) -> Result<Option<String>, RemoveError> {
        let items = self.value.as_sequence().map(Vec::as_slice).unwrap_or_default();
        let is_it = |item: &Value| item.as_str() == Some(name);
        let numbers: BTreeSet<usize> =
            items.iter().enumerate().filter(|(_, item)| is_it(item)).map(|(number, _)| number).collect();
        if numbers.is_empty() {
            return Ok(None);
        }
        if numbers.len() == items.len() {
            let keys = self.spot.path.join(".");
            return Ok(Some(format!(
                "{}: {keys} names only {name}, and an empty list means every namespace; decide what is to hold, and change it \
                 by hand",
                self.path
            )));
        }
        let text = tree.text(self.path).unwrap_or_default();
        let text = remove_list_items(text, self.spot, &numbers).map_err(|problem| self.edit(problem))?;
        tree.write(self.path, text);
        Ok(None)
    }

    /// Takes away what lets Flux follow the team's repository, and nobody else's.
    fn without_address(
        &self,
        tree: &mut Tree<'_>,
        leaving: &Leaving,
        (request, prefix): (&RemoveRequest, &str),
    ) -> Result<Option<String>, RemoveError> {
        let Some(url) = &leaving.url else { return Ok(None) };
        let lines = || self.value.as_str().unwrap_or_default().lines().map(str::trim);
        let written = [url.as_str(), url.trim_end_matches(".git"), prefix];
        let Some(line) = lines().find(|line| written.contains(line)) else { return Ok(None) };
        let others = tree.before.teams().filter(|other| other.name != leaving.team).filter_map(|other| other.source);
        let mut urls = others.map(|source| source.url);
        let own = request.own_url.as_ref().map(GitUrl::with_scheme);
        if urls.any(|url| url.starts_with(line)) || own.as_ref().is_some_and(|own| own.as_str().starts_with(line)) {
            return Ok(None);
        }
        if lines().filter(|line| !line.is_empty()).count() == 1 || own.is_none() && line == prefix {
            return Ok(Some(format!(
                "{} still lets teams follow what begins with {line}, which no other team does; remove that line where it is \
                 not for teams to come",
                self.path
            )));
        }
        let text = tree.text(self.path).unwrap_or_default();
        let text = remove_text_line(text, self.spot, line).map_err(|problem| self.edit(problem))?;
        tree.write(self.path, text);
        Ok(None)
    }

    fn edit(&self, problem: EditError) -> RemoveError {
        surveyed(ScaffoldError::Edit { path: self.path.clone(), problem })
    }
}
