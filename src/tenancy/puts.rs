//! What changes objects on their way: what Flux's `Kustomization`s put in at its end, and where something is found by
//! what kustomizations make of it.
//!
//! kustomize-controller writes `spec.targetNamespace`, `spec.namePrefix` and `spec.nameSuffix` into the kustomization at
//! the top, in the place of what stands there (fluxcd/pkg, `kustomize/kustomize_generator.go`), and puts
//! `spec.commonMetadata.labels` on what was built, over the labels that are there (`ssa/utils/meta.go`,
//! `SetCommonMetadata`).

use std::collections::BTreeSet;

use super::facts::SyncFact;
use super::reach::{Reach, ancestors};
use super::stored::list;
use super::stored::puts::putting_key;
use super::syncs::facts_in;
use super::{KustomizationSummary, RepositoryIndex};
use crate::manifest::Node;
use crate::names::RepoPath;
use crate::rbac::{self, Labels};

/// What `flux bootstrap` calls the repository that it writes itself into.
pub(super) const BOOTSTRAP: &str = "flux-system";

/// Longer names are none, and how many names are tried for one that was changed.
const LONGEST_NAME: usize = 253;
const MOST_NAMES: usize = 500;

/// What a Flux `Kustomization` puts into all that it applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Puts {
    namespace: Option<String>,
    prefix: String,
    suffix: String,
    labels: Labels,
}

impl Puts {
    pub(super) fn of(sync: &SyncFact) -> Self {
        let SyncFact { target_namespace: namespace, prefix, suffix, labels, .. } = sync.clone();
        Self { namespace, prefix, suffix, labels }
    }

    /// A way with that at its end; `top` is the kustomization whose prefix and suffix it takes the place of.
    pub(super) fn over(&self, way: &Reach, top: &KustomizationSummary) -> Reach {
        let mut way = way.clone();
        if self.namespace.is_some() {
            way.namespace.clone_from(&self.namespace);
        }
        if !self.prefix.is_empty() {
            let below = way.prefix.strip_prefix(&top.prefix).unwrap_or(&way.prefix);
            way.prefix = format!("{}{below}", self.prefix);
        }
        if !self.suffix.is_empty() {
            let below = way.suffix.strip_suffix(&top.suffix).unwrap_or(&way.suffix);
            way.suffix = format!("{below}{}", self.suffix);
        }
        way.labels.append(&mut self.labels.clone());
        way
    }
}

/// The labels that a kustomization file puts on everything. Those of `commonLabels` are put on last, which kustomize 5.5
/// shows.
pub(super) fn labels_of_kustomization(root: &Node) -> Labels {
    let pairs = root.get("labels").into_iter().flat_map(Node::items).filter_map(|item| item.get("pairs"));
    pairs.chain(root.get("commonLabels")).flat_map(rbac::read::labels).collect()
}

impl RepositoryIndex {
    /// What is put into what a file holds, or a kustomization builds, by each that takes it where Flux begins; and
    /// whether the kustomization is itself the one into which it is written. Nothing, once, where nothing is known.
    pub(super) fn puts_over(&self, at: &RepoPath) -> BTreeSet<(Puts, bool)> {
        let mut found = BTreeSet::new();
        let starts = || ancestors(at.directory());
        let puts = |directory: &str| self.find(list::PUTTING, &putting_key(directory)).next().is_some();
        let changes = |directory: &str| puts(directory) && self.takes(directory, at);
        if self.may_list(list::PUTTING) && starts().any(changes) {
            for directory in starts().filter(|directory| self.takes(directory, at)) {
                let own = self.kustomization_of(directory).is_some();
                found.extend(self.syncs_taking(directory).iter().map(|sync| (Puts::of(sync), own)));
            }
        }
        if found.is_empty() {
            found.insert((Puts::default(), false));
        }
        found
    }

    /// The Flux `Kustomization`s that take a directory from this repository. Of those of the root only the ones that
    /// change something, and the others of their sources.
    fn syncs_taking(&self, directory: &str) -> Vec<SyncFact> {
        let key = directory.as_bytes();
        let files: BTreeSet<RepoPath> = if directory.is_empty() {
            let putting = self.find(list::PUTTING, &putting_key("")).flat_map(|(file, _)| facts_in(file));
            let own = putting.filter(|(file, sync)| self.takes_here(file, sync, ""));
            let sources: BTreeSet<String> = own.filter_map(|(_, sync)| sync.source).map(|source| source.name).collect();
            sources.iter().flat_map(|name| self.paths(list::TAKEN, name.as_bytes())).collect()
        } else {
            self.paths(list::FLUX_PATHS, key).chain(self.paths(list::COMPONENTS, key)).collect()
        };
        let facts = files.iter().filter_map(|path| self.file(path)).flat_map(facts_in);
        facts.filter(|(file, sync)| self.takes_here(file, sync, directory)).map(|(_, sync)| sync).collect()
    }

    /// What Flux takes where it is pointed to a directory, and what that names.
    pub(super) fn files_from(&self, directory: &str) -> BTreeSet<RepoPath> {
        let taken: Vec<RepoPath> = match self.kustomization_of(directory) {
            Some(own) => vec![own],
            None => {
                self.files_below(directory).map(|file| file.path()).filter(|path| self.takes(directory, path)).collect()
            }
        };
        let mut found = self.files_named_by(taken.clone());
        found.extend(taken);
        found
    }

    /// What a Flux `Kustomization` applies of this repository.
    pub(super) fn files_of_sync(&self, file: &RepoPath, sync: &SyncFact) -> BTreeSet<RepoPath> {
        let directories: BTreeSet<String> = sync.directories().collect();
        let here = directories.iter().filter(|directory| self.takes_here(file, sync, directory));
        here.flat_map(|directory| self.files_from(directory)).collect()
    }

    /// The files below the kustomizations with a key, and those that Flux's apply with it of which `is_meant` says yes.
    pub(super) fn files_changed_by(
        &self,
        list: usize,
        key: &[u8],
        is_meant: impl Fn(&SyncFact) -> bool,
    ) -> BTreeSet<RepoPath> {
        let changing: Vec<RepoPath> = self.paths(list, key).collect();
        let syncs: Vec<_> = changing.iter().filter_map(|path| self.file(path)).flat_map(facts_in).collect();
        let mut files = self.files_named_by(changing);
        for (path, sync) in syncs.iter().filter(|(_, sync)| is_meant(sync)) {
            files.extend(self.files_of_sync(path, sync));
        }
        files
    }

    /// Whether anything changes names.
    pub(super) fn may_rename(&self) -> bool {
        self.may_list(list::PREFIXES) || self.may_list(list::SUFFIXES)
    }

    /// The names that something may be written with that has a name once it is applied.
    pub(super) fn written_as(&self, name: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::from([name.to_owned()]);
        if !self.may_rename() || name.len() > LONGEST_NAME {
            return names;
        }
        let ends = self.cuts(list::SUFFIXES, name.len(), |from, to| name.get(to..from), 0..name.len());
        for start in self.cuts(list::PREFIXES, 0, |from, to| name.get(from..to), 0..name.len()) {
            let rests = ends.iter().filter_map(|end| name.get(start..*end)).filter(|rest| !rest.is_empty());
            names.extend(rests.take(MOST_NAMES - names.len().min(MOST_NAMES)).map(str::to_owned));
        }
        names
    }

    /// Where a name may begin, or end, without what was put there: `between` says what stands between two places.
    fn cuts<'n>(
        &self,
        list: usize,
        start: usize,
        between: impl Fn(usize, usize) -> Option<&'n str>,
        places: std::ops::Range<usize>,
    ) -> BTreeSet<usize> {
        let mut found = BTreeSet::from([start]);
        let mut waiting = vec![start];
        while let Some(from) = waiting.pop() {
            for to in places.clone() {
                let put = between(from, to).filter(|put| !put.is_empty());
                if put.is_some_and(|put| self.paths(list, put.as_bytes()).next().is_some()) && found.insert(to) {
                    waiting.push(to);
                }
            }
        }
        found
    }
}
