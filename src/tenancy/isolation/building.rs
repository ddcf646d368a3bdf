//! What kustomizations make of Flux's controllers: from the top of what Flux applies down to where these stand, and up
//! again with every patch on the way, in kustomize's order.

use std::collections::BTreeSet;

use super::running::Running;
use crate::manifest::{EntryPlace, EntryRole};
use crate::names::RepoPath;
use crate::tenancy::facts::Fact;
use crate::tenancy::facts::flux::{CONTROLLERS, INSTANCE};
use crate::tenancy::facts::patches::PatchFact;
use crate::tenancy::facts::starts::{Change, ControllerFact, Does};
use crate::tenancy::{Place, RepositoryIndex};

/// How deep kustomizations may lie in each other.
const DEEP: usize = 40;

/// How many kustomizations and files are looked at.
const STEPS: usize = 5_000;

/// Where the controllers stand, and what names them.
pub(super) struct Builder<'a> {
    pub(super) index: &'a RepositoryIndex,
    /// The files that hold controllers, whole.
    pub(super) files: &'a BTreeSet<RepoPath>,
    /// The kustomizations above these.
    pub(super) above: &'a BTreeSet<RepoPath>,
    pub(super) steps: usize,
}

/// The controllers that a file holds.
pub(super) fn held(index: &RepositoryIndex, path: &RepoPath) -> Vec<Running> {
    let facts = index.file(path).into_iter().flat_map(|file| file.facts());
    let found = facts.filter_map(|fact| match fact {
        Fact::Controller(fact) => Some(Running::written(fact, path)),
        _ => None,
    });
    found.collect()
}

impl Builder<'_> {
    /// The controllers of a kustomization.
    pub(super) fn build(&mut self, kustomization: &RepoPath) -> Vec<Running> {
        let mut all = Vec::new();
        self.onto(kustomization, &mut all, 0);
        all
    }

    /// What a kustomization adds to controllers, and makes of them.
    pub(super) fn onto(&mut self, path: &RepoPath, all: &mut Vec<Running>, depth: usize) {
        self.steps += 1;
        if depth > DEEP || self.steps > STEPS {
            all.iter_mut().for_each(Running::forget);
            return;
        }
        let Some(file) = self.index.file(path) else { return };
        let entries: Vec<_> = file.entries().filter(|entry| entry.role == EntryRole::Resource).collect();
        let patches: Vec<PatchFact> = patches_of(self.index, path);
        let mut own = Vec::new();
        let mut missing = None;
        for entry in entries.iter().filter(|entry| entry.field != "components") {
            let Some(target) = &entry.target else {
                let place = Place { file: path.clone(), line: entry.position.line };
                missing = missing.or((entry.place == EntryPlace::Remote).then_some(place));
                continue;
            };
            match self.index.kustomization_of(target.as_str()) {
                Some(below) if self.above.contains(&below) && below != *path => self.onto(&below, &mut own, depth + 1),
                Some(_) => {}
                None if self.files.contains(target) => own.extend(held(self.index, target)),
                None if !self.index.contains_file(target) => {
                    missing = missing.or(Some(Place { file: path.clone(), line: entry.position.line }));
                }
                None => {}
            }
        }
        if let Some(place) = missing.filter(|_| own.is_empty() && is_about_flux(path, &patches)) {
            own.extend(CONTROLLERS.map(|role| Running::elsewhere(role, place.clone())));
        }
        all.extend(own);
        for entry in entries.iter().filter(|entry| entry.field == "components") {
            let component = entry.target.as_ref().and_then(|target| self.index.kustomization_of(target.as_str()));
            match component {
                Some(component) if component != *path => self.onto(&component, all, depth + 1),
                // What it does stands nowhere here.
                _ => all.iter_mut().for_each(Running::forget),
            }
        }
        if file.is_unreadable() {
            all.iter_mut().for_each(Running::forget);
        }
        self.patch(path, &patches, all);
        let kustomization = file.kustomization().unwrap_or_default();
        for running in all {
            running.put(kustomization.namespace.as_ref(), &kustomization.prefix, &kustomization.suffix);
        }
    }

    /// What patches make of controllers.
    pub(super) fn patch(&self, path: &RepoPath, patches: &[PatchFact], all: &mut [Running]) {
        for patch in patches {
            for (target, changes, file) in self.written(patch, path) {
                all.iter_mut().for_each(|running| running.patched(&target, &changes, &file));
            }
        }
    }

    /// What a patch does and to what; what stands in a file of its own stands there.
    fn written(&self, patch: &PatchFact, path: &RepoPath) -> Vec<(PatchFact, Vec<Change>, RepoPath)> {
        let Some(named) = &patch.path else { return vec![(patch.clone(), patch.changes.clone(), path.clone())] };
        let unknown = || vec![(patch.clone(), vec![Change::whole(Does::Unknown, patch.line)], path.clone())];
        let Some(target) = RepoPath::resolve(path.directory(), named) else { return unknown() };
        let Some(file) = self.index.file(&target).filter(|file| file.is_manifest() && !file.is_unreadable()) else {
            return unknown();
        };
        let mut found = Vec::new();
        for fact in file.facts() {
            let (does, changes) = match fact {
                Fact::Patch(does) if does.owner.is_none() && does.path.is_none() => (does.clone(), does.changes),
                Fact::Controller(fact) if fact.role == INSTANCE => {
                    (target_of(&fact), vec![Change::whole(Does::Unknown, fact.line)])
                }
                Fact::Controller(fact) => (target_of(&fact), fact.changes),
                _ => continue,
            };
            let what = if patch.targeted { patch.clone() } else { does };
            found.push((what, changes, target.clone()));
        }
        found
    }
}

/// What a Deployment is for where it is a patch.
fn target_of(fact: &ControllerFact) -> PatchFact {
    let kind = if fact.role == INSTANCE { INSTANCE } else { "Deployment" };
    PatchFact {
        kind: Some(kind.to_owned()),
        name: Some(regex::escape(&fact.name)),
        namespace: fact.namespace.as_deref().map(regex::escape),
        ..PatchFact::default()
    }
}

/// The patches of a kustomization.
fn patches_of(index: &RepositoryIndex, path: &RepoPath) -> Vec<PatchFact> {
    let facts = index.file(path).into_iter().flat_map(|file| file.facts());
    let patches = facts.filter_map(|fact| match fact {
        Fact::Patch(patch) if patch.owner.is_none() => Some(patch),
        _ => None,
    });
    patches.collect()
}

/// Whether what a kustomization fetches may be Flux.
pub(super) fn is_about_flux(path: &RepoPath, patches: &[PatchFact]) -> bool {
    let changes = |patch: &PatchFact| {
        let place = Place { file: path.clone(), line: patch.line };
        let is_for = |role: &&str| Running::elsewhere(role, place.clone()).may_be_for(patch);
        !patch.changes.is_empty() && CONTROLLERS.iter().any(is_for)
    };
    path.directory().split('/').any(|part| part == super::graph::FLUX_NAMESPACE) || patches.iter().any(changes)
}

/// What the patches that an object of Flux's has itself make of controllers.
pub(super) fn owned(index: &RepositoryIndex, path: &RepoPath, owner: &str, all: &mut [Running]) {
    let facts = index.file(path).into_iter().flat_map(|file| file.facts());
    for fact in facts {
        let Fact::Patch(patch) = fact else { continue };
        if patch.owner.as_deref() == Some(owner) {
            all.iter_mut().for_each(|running| running.patched(&patch, &patch.changes, path));
        }
    }
}
