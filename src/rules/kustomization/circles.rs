//! Directories that lead back to themselves.

use std::collections::BTreeSet;

use super::cannot_build::finding;
use crate::finding::Finding;
use crate::manifest::{EntryPlace, EntryRole, Kustomization, ManifestFile};
use crate::names::RepoPath;
use crate::rules::shown;
use crate::tenancy::RepositoryIndex;

const HELP: &str = "Name only what belongs here, from one side.";

/// The entries of a kustomization that name a directory in which it lies itself, or one on the way to it:
/// kustomize refuses every directory that holds one that it has come past
/// (`api/internal/loader/fileloader.go`, `errIfArgEqualOrHigher`).
pub(super) fn of_file(file: &ManifestFile, kustomization: &Kustomization, index: &RepositoryIndex) -> Vec<Finding> {
    let led = |role| matches!(role, EntryRole::Resource | EntryRole::Configuration);
    let mut directories = kustomization
        .entries
        .iter()
        .filter(|entry| led(entry.role) && entry.place == EntryPlace::Local)
        .filter_map(|entry| Some((entry, RepoPath::resolve(file.path.directory(), &entry.text)?)))
        .filter(|(_, target)| !index.contains_file(target) && index.kustomization_of(target.as_str()).is_some())
        .peekable();
    if directories.peek().is_none() {
        return Vec::new();
    }
    let passed = index.built_into(&file.path);
    let holders = holders(&file.path, index);
    let circle = directories.filter_map(|(entry, target)| {
        let what = leads_back(&file.path, &target, &passed).or_else(|| brings(&target, &holders))?;
        let message = format!("The entry `{}` {what}: kustomize refuses the circle.", shown(&entry.text));
        Some(finding(&file.path, entry.node.start, entry.field, message, HELP))
    });
    circle.collect()
}

fn holds(directory: &RepoPath, file: &RepoPath) -> bool {
    file.below(directory.as_str()).is_some()
}

/// What an entry names, where that holds this kustomization or one that builds it.
fn leads_back(own: &RepoPath, target: &RepoPath, passed: &BTreeSet<RepoPath>) -> Option<String> {
    if target.as_str() == own.directory() {
        return Some("names this directory itself".to_owned());
    }
    if holds(target, own) {
        return Some(format!("names `{target}`, in which this directory lies"));
    }
    let back = passed.iter().find(|above| holds(target, above))?;
    Some(format!("leads back to this directory, which is a part of `{back}`"))
}

/// A directory that holds another one, and the directories that build it.
type Holder = (RepoPath, BTreeSet<RepoPath>);

/// How many directories up are looked at.
const HEIGHT: usize = 32;

/// The directories above a kustomization's own that others build, with these.
fn holders(own: &RepoPath, index: &RepositoryIndex) -> Vec<Holder> {
    let above = std::iter::successors(own.parent(), RepoPath::parent).skip(1).take(HEIGHT);
    let built = |directory: RepoPath| {
        let kustomization = index.kustomization_of(directory.as_str())?;
        let by = index.built_into(&kustomization).into_iter().filter_map(|by| by.parent());
        Some((directory, by.collect()))
    };
    above.filter_map(built).collect()
}

/// A directory below an entry's that holds this one.
fn brings(target: &RepoPath, holders: &[Holder]) -> Option<String> {
    let (holder, _) = holders.iter().find(|(holder, by)| holder != target && by.contains(target))?;
    Some(format!("brings `{holder}`, in which this directory lies"))
}
