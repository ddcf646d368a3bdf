//! The daemons of Flux v1. Their arguments usually stand in a patch, their accounts in what that patches.

use std::collections::BTreeSet;

use super::doubts::{DAEMON, OPERATOR, doubt};
use super::model::{Applier, Model, Takes};
use super::placing::{Placing, all_above, contexts};
use super::settings::is_for;
use crate::manifest::EntryRole;
use crate::names::RepoPath;
use crate::tenancy::facts::{Fact, FluxV1Fact};
use crate::tenancy::{Place, RepositoryIndex, Root};

impl Model {
    /// What a daemon applies, once for each way on which it comes to run.
    pub(super) fn take_daemon(&mut self, index: &RepositoryIndex, path: &RepoPath, fact: &FluxV1Fact) {
        if fact.is_operator {
            self.doubts.insert(doubt(OPERATOR, Place { file: path.clone(), line: fact.position.line }));
            return;
        }
        if Placing::of(index, path).renames() {
            self.doubts.insert(doubt(DAEMON, Place { file: path.clone(), line: fact.position.line }));
        }
        for (by, namespace) in contexts(index, path) {
            let below = index.files_named_by(by.iter().cloned().collect());
            self.doubt_patches(index, by.as_ref(), &below, fact);
            let Some(url) = &fact.url else { continue };
            let same = below.iter().filter_map(|path| index.file(path)).flat_map(|file| file.facts());
            let mut accounts = same.filter_map(|other| match other {
                Fact::FluxV1(other) if other.name == fact.name => other.account,
                _ => None,
            });
            let account = fact.account.clone().or_else(|| accounts.next());
            let namespace = namespace.or_else(|| fact.namespace.clone()).unwrap_or_else(|| "default".to_owned());
            self.appliers.push(Applier {
                kind: fact.kind,
                name: fact.name.clone(),
                namespace,
                // The account of a pod that names none.
                account: Some(account.unwrap_or_else(|| "default".to_owned())),
                takes: Takes::Repository { url: url.clone(), branch: fact.branch.clone() },
                allowed: fact.allowed.clone(),
                elsewhere: false,
                suspended: false,
                place: Place { file: path.clone(), line: fact.position.line },
            });
        }
    }

    /// Patches on the way that are no daemon themselves, and change how this one is started.
    fn doubt_patches(
        &mut self,
        index: &RepositoryIndex,
        by: Option<&RepoPath>,
        below: &BTreeSet<RepoPath>,
        fact: &FluxV1Fact,
    ) {
        let above = by.into_iter().flat_map(|by| all_above(index, by)).filter_map(|root| match root {
            Root::Kustomization(path) => Some(path),
            Root::Scan(_) => None,
        });
        let all: BTreeSet<RepoPath> = above.chain(below.iter().cloned()).collect();
        for path in all {
            let Some(file) = index.file(&path).filter(|file| file.kustomization().is_some()) else { continue };
            for other in file.facts() {
                let Fact::Patch(patch) = other else { continue };
                let is_unfollowed = !patch.changes.is_empty() || patch.targeted && patch.path.is_some();
                if is_unfollowed && is_for(&patch, fact.kind, &fact.name) {
                    self.doubts.insert(doubt(DAEMON, Place { file: path.clone(), line: patch.line }));
                }
            }
            let patches = file.entries().filter(|entry| entry.role == EntryRole::Patch);
            for (path, file) in patches.filter_map(|entry| Some((entry.target.clone()?, index.file(&entry.target?)?))) {
                let is_daemon = file.facts().any(|it| matches!(it, Fact::FluxV1(it) if it.name == fact.name));
                for other in file.facts().filter(|_| !is_daemon) {
                    let Fact::Patch(patch) = other else { continue };
                    let named = patch.name.is_some() && is_for(&patch, fact.kind, &fact.name);
                    if named && !patch.changes.is_empty() {
                        self.doubts.insert(doubt(DAEMON, Place { file: path.clone(), line: patch.line }));
                    }
                }
            }
        }
    }
}
