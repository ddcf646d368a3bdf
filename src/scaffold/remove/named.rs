//! Entries of kustomizations that name what is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::RemoveError;
use super::leaving::Leaving;
use super::tree::{Tree, by_hand};
use crate::manifest::{Entry, EntryPlace, Kustomization, ManifestFile, Node};
use crate::names::RepoPath;

/// The lists at the root of a kustomization whose items can be taken out one by one.
const LISTS: [&str; 11] = [
    "resources",
    "bases",
    "components",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "patchesStrategicMerge",
    "patches",
    "patchesJson6902",
];

/// Takes out of every kustomization what names one of these files and directories, which are there no more.
pub(super) fn unname(tree: &mut Tree<'_>, leaving: &Leaving, gone: &BTreeSet<RepoPath>) -> Result<(), RemoveError> {
    let by: BTreeSet<RepoPath> =
        gone.iter().flat_map(|path| tree.index.referrers_of(path).collect::<Vec<_>>()).map(|(by, _)| by).collect();
    for path in by {
        if let Some(other) = leaving.other_team(tree.before, &path) {
            return Err(leaving.shared(path, format!("names files of the team for team {}", other.name)));
        }
        cut(tree, &path, &|entry: &Entry| target(&path, entry).is_some_and(|target| gone.contains(&target)))?;
    }
    Ok(())
}

/// The file or directory of the repository that an entry names.
pub(super) fn target(path: &RepoPath, entry: &Entry) -> Option<RepoPath> {
    let local = entry.place == EntryPlace::Local;
    local.then(|| RepoPath::resolve(path.directory(), &entry.text)).flatten()
}

/// Takes the entries that are meant out of a kustomization.
pub(super) fn cut(tree: &mut Tree<'_>, path: &RepoPath, is_meant: &dyn Fn(&Entry) -> bool) -> Result<(), RemoveError> {
    let file = tree.read(path)?;
    let Some(kustomization) = Kustomization::of(&file) else { return Ok(()) };
    let mut lists: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for entry in kustomization.entries.iter().filter(|entry| is_meant(entry)) {
        let number = LISTS.contains(&entry.field).then(|| number(&file, entry)).flatten();
        let Some(number) = number else {
            let what = format!("`{}` names {}, which is the team's", entry.field, crate::names::show(&entry.text));
            return Err(by_hand(&file, &entry.node, &what));
        };
        lists.entry(entry.field).or_default().insert(number);
    }
    lists.into_iter().try_for_each(|(list, numbers)| tree.without_items(path, list, &numbers))
}

/// The number of the item that holds an entry.
fn number(file: &ManifestFile, entry: &Entry) -> Option<usize> {
    let at = entry.node.start.offset;
    let holds = |item: &Node| item.start.offset == at || (item.start.offset..item.end.offset).contains(&at);
    file.documents.first()?.get(entry.field)?.items().position(holds)
}
