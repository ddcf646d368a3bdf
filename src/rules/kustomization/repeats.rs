//! The same object through two entries of a kustomization.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::cannot_build::finding;
use crate::finding::Finding;
use crate::manifest::{EntryPlace, EntryRole, Kustomization, ManifestFile, Position};
use crate::names::RepoPath;
use crate::rules::{Review, shown};
use crate::tenancy::{KustomizationSummary, Meeting, ObjectId, ObjectSummary, RepositoryIndex};

const HELP: &str = "Keep one of the two entries.";

/// Remote entries that a kustomization has twice; what they bring is not seen.
pub(super) fn fetched_twice(file: &ManifestFile, kustomization: &Kustomization) -> Vec<Finding> {
    let mut seen = BTreeMap::new();
    let fetched = kustomization.entries.iter().filter(|entry| {
        entry.place == EntryPlace::Remote && entry.role == EntryRole::Resource && entry.field != "components"
    });
    fetched
        .filter_map(|entry| {
            let line = *seen.get(entry.text.as_str()).unwrap_or(&0);
            seen.entry(entry.text.as_str()).or_insert(entry.node.start.line);
            (line > 0).then(|| {
                let message = format!(
                    "The entry `{}` stands in line {line} already: kustomize refuses the same objects twice.",
                    shown(&entry.text)
                );
                finding(&file.path, entry.node.start, entry.field, message, HELP)
            })
        })
        .collect()
}

/// Entries through which a kustomization gets an object that it has already, where the change brings that.
pub(super) fn of_review(review: &Review<'_>) -> Vec<Finding> {
    let mut told: BTreeSet<(RepoPath, Position)> = BTreeSet::new();
    let mut findings = Vec::new();
    for path in changed_parts(review) {
        let objects = objects(review.after, &path);
        if objects.is_empty() {
            continue;
        }
        let meetings = review.after.meetings(&path);
        let same = |meeting: &&Meeting| objects.iter().any(|object| meeting.is_same(object));
        let before = OnceCell::new();
        for meeting in meetings.iter().filter(same) {
            let before = || before.get_or_init(|| old_meetings(review.before, &path));
            let place = (meeting.by.clone(), meeting.second.position);
            if !told.contains(&place) && !before().iter().any(|old| is_alike(old, meeting)) {
                told.insert(place);
                findings.push(repeat(&path, meeting));
            }
        }
    }
    findings
}

/// The files that the change may bring in twice: those of the change, and what new entries reach.
fn changed_parts(review: &Review<'_>) -> BTreeSet<RepoPath> {
    let mut parts: BTreeSet<RepoPath> = review.files.iter().map(|file| file.path.clone()).collect();
    let mut reached = Vec::new();
    for file in review.files {
        reached.extend(new_targets(&file.path, review));
    }
    parts.extend(reached.iter().cloned());
    parts.extend(review.after.files_named_by(reached));
    parts
}

/// What a kustomization names that it did not name before, or as often; all, where it does something else to
/// it now.
fn new_targets(path: &RepoPath, review: &Review<'_>) -> Vec<RepoPath> {
    let targets = |index: &RepositoryIndex| -> Vec<RepoPath> {
        let entries = index.file(path).into_iter().flat_map(|file| file.entries());
        entries.filter(|entry| entry.role == EntryRole::Resource).filter_map(|entry| entry.target).collect()
    };
    let summary = |index: &RepositoryIndex| index.file(path).and_then(|file| file.kustomization());
    let mut known: BTreeMap<RepoPath, usize> = BTreeMap::new();
    if does_the_same(summary(review.before), summary(review.after)) {
        targets(review.before).into_iter().for_each(|target| *known.entry(target).or_default() += 1);
    }
    let is_new = |target: &RepoPath| match known.get_mut(target) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    };
    let new = targets(review.after).into_iter().filter(is_new);
    new.map(|target| review.after.kustomization_of(target.as_str()).unwrap_or(target)).collect()
}

fn does_the_same(before: Option<KustomizationSummary>, after: Option<KustomizationSummary>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    (before.namespace, before.prefix, before.suffix) == (after.namespace, after.prefix, after.suffix)
}

/// The objects of a file; one that stands for all where they are not known.
fn objects(index: &RepositoryIndex, path: &RepoPath) -> Vec<ObjectSummary> {
    let Some(file) = index.file(path) else { return Vec::new() };
    let kustomization = file.kustomization();
    let unknown = file.is_unreadable() || kustomization.as_ref().is_some_and(|one| one.generates);
    let namespace = kustomization.and_then(|one| one.namespace);
    let stand_in = || {
        let (group, kind, name) = (String::new(), "ConfigMap".to_owned(), String::new());
        ObjectSummary { id: ObjectId { group, kind, namespace, name }, line: 1 }
    };
    file.objects().chain(unknown.then(stand_in)).collect()
}

/// Where a file came in twice before the change.
fn old_meetings(before: &RepositoryIndex, path: &RepoPath) -> Vec<Meeting> {
    let objects = objects(before, path);
    let mut meetings = if objects.is_empty() { Vec::new() } else { before.meetings(path) };
    meetings.retain(|meeting| objects.iter().any(|object| meeting.is_same(object)));
    meetings
}

fn is_alike(one: &Meeting, other: &Meeting) -> bool {
    one.by == other.by && (&one.first.target, &one.second.target) == (&other.first.target, &other.second.target)
}

fn repeat(path: &RepoPath, Meeting { by, first, second, .. }: &Meeting) -> Finding {
    let (one, other) = (shown(&first.text), shown(&second.text));
    let line = first.position.line;
    let message = if first.target == second.target {
        format!(
            "The entry `{other}` names the same as `{one}` in line {line}: kustomize refuses the same object twice."
        )
    } else {
        format!(
            "The entry `{other}` brings {path}, and so does `{one}` in line {line}: kustomize refuses the same object twice."
        )
    };
    finding(by, second.position, &second.field, message, HELP)
}
