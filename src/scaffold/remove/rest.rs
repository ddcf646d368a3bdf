//! The second step: everything that is left of the team.

use std::collections::BTreeSet;

use super::leaving::{Leaving, is_aside};
use super::named::unname;
use super::tree::Tree;
use super::{RemoveError, RemoveRequest, lists, patches};
use crate::manifest::Node;
use crate::names::RepoPath;
use crate::scaffold::Survey;
use crate::scaffold::issue_form::FORM;
use crate::scaffold::survey::mentions;
use crate::tenancy::{ObjectId, flux_path};

/// So many places that still mention the team are told.
const MOST_MENTIONS: usize = 10;

/// Takes all of it away; gives what is left to look at.
pub(super) fn remove(
    tree: &mut Tree<'_>,
    leaving: &Leaving,
    (request, survey): (&RemoveRequest, &Survey<'_>),
) -> Result<Vec<String>, RemoveError> {
    let (files, mut notes) = (lists::files(tree, leaving, survey), Vec::new());
    let own = leaving.directories.iter().flat_map(|directory| tree.below(directory));
    let mut gone: BTreeSet<RepoPath> = own.chain(files).collect();
    let elsewhere = elsewhere(tree, leaving)?;
    let above = patches::above(&tree.index, gone.iter().chain(&elsewhere).cloned());
    let objects = gone.iter().filter_map(|path| tree.index.file(path)).flat_map(|file| file.objects());
    let mut lost: BTreeSet<ObjectId> = objects.map(|object| object.id).collect();
    tree.delete(gone.iter().cloned());
    for path in elsewhere.into_iter().filter(|path| !gone.contains(path)).collect::<Vec<_>>() {
        let file = tree.read(&path)?;
        let objects = || {
            file.objects
                .iter()
                .filter(|object| is_inside(leaving, object.namespace.as_deref()) || leads_into(leaving, &object.node))
        };
        lost.extend(objects().map(ObjectId::of));
        let roots: Vec<&Node> = objects().map(|object| &object.node).collect();
        if !roots.is_empty() && tree.without(&file, &roots)? {
            gone.insert(path);
        }
    }
    gone.extend(leaving.directories.iter().cloned());
    unname(tree, leaving, &gone)?;
    patches::settle(tree, leaving, (&lost, &above))?;
    notes.extend(lists::remove(tree, leaving, (request, survey))?);
    notes.extend(left(tree, leaving));
    Ok(notes)
}

fn is_inside(leaving: &Leaving, namespace: Option<&str>) -> bool {
    namespace.is_some_and(|namespace| leaving.namespaces.contains(namespace))
}

/// The files elsewhere with objects in the team's namespaces, which cannot be applied without these, and with
/// Kustomizations of Flux that apply the team's directories.
fn elsewhere(tree: &Tree<'_>, leaving: &Leaving) -> Result<Vec<RepoPath>, RemoveError> {
    let mut found = Vec::new();
    for file in tree.index.files() {
        let path = file.path();
        if leaving.owns(&path) {
            continue;
        }
        let inside = file.objects().any(|object| is_inside(leaving, object.id.namespace.as_deref()));
        let name = |directory: &RepoPath| tree.text(&path).is_some_and(|text| text.contains(directory.file_name()));
        let is_sync = |id: &ObjectId| id.group == "kustomize.toolkit.fluxcd.io" && id.kind == "Kustomization";
        let leads = || file.objects().any(|object| is_sync(&object.id)) && leaving.directories.iter().any(name);
        if !(inside || leads()) || is_aside(&tree.index, &path) {
            continue;
        }
        if let Some(other) = leaving.other_team(&tree.index, &path) {
            if inside {
                return Err(
                    leaving.shared(&path, format!("of team {} has objects in the team's namespace", other.name))
                );
            }
            continue;
        }
        found.push(path);
    }
    Ok(found)
}

/// Whether an object is a Kustomization of Flux that applies one of the team's directories.
fn leads_into(leaving: &Leaving, object: &Node) -> bool {
    let api = object.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    let path = object.at(&["spec", "path"]).and_then(Node::as_str).map(|path| flux_path(path).join("/"));
    let inside = |path: &String| {
        let own = |directory: &RepoPath| {
            path == directory.as_str()
                || path.strip_prefix(directory.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        leaving.directories.iter().any(own)
    };
    api.starts_with("kustomize.toolkit.fluxcd.io/") && path.as_ref().is_some_and(inside)
}

/// What still has the team's name in it; but for the form in which people ask for a team, whose example may be called so.
fn left(tree: &Tree<'_>, leaving: &Leaving) -> Vec<String> {
    let name = leaving.team.as_str();
    let line = |text: &str| text.lines().position(|line| mentions(line, name)).map(|line| line + 1);
    let found: Vec<String> = tree
        .all()
        .filter(|(path, text)| text.contains(name) && path.as_str() != FORM)
        .filter_map(|(path, text)| Some(format!("{path}:{}", line(text)?)))
        .collect();
    let more = found.len().saturating_sub(MOST_MENTIONS);
    let mut notes: Vec<String> = found
        .into_iter()
        .take(MOST_MENTIONS)
        .map(|place| format!("{place} has the word {name} too and stays as it is; look whether it is still right"))
        .collect();
    if more > 0 {
        notes.push(format!("{more} more files have the word {name}"));
    }
    notes
}
