//! What Flux surely applies: the way up from a file to a directory that Flux starts from.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Fact, SyncFact};
use super::puts::BOOTSTRAP;
use super::reach::ancestors;
use super::stored::list;
use super::{ObjectId, RepositoryIndex, SummaryEntry};
use crate::manifest::{EntryRole, PatchTarget, is_kustomization};
use crate::names::RepoPath;

/// How many kustomizations one way up may pass: they may name each other in circles.
const MAXIMUM_STEPS: usize = 1000;

/// Answers whether a file is applied, and remembers the answers. In doubt it is not: what is taken
/// for new here is judged once more, what is not would never be.
pub(super) struct Live<'a> {
    index: &'a RepositoryIndex,
    /// The directories that Flux starts from, where they are known; else the layout says it.
    roots: Option<&'a [String]>,
    known: RefCell<BTreeMap<RepoPath, bool>>,
}

impl<'a> Live<'a> {
    pub(super) fn new(index: &'a RepositoryIndex, roots: Option<&'a [String]>) -> Self {
        Self { index, roots, known: RefCell::default() }
    }

    /// Whether the objects in a file, or what a kustomization names, are applied.
    pub(super) fn applies(&self, path: &RepoPath) -> bool {
        let mut seen = BTreeSet::new();
        let live = self.climb(path, &mut seen);
        let mut known = self.known.borrow_mut();
        if live {
            known.insert(path.clone(), true);
        } else if seen.len() < MAXIMUM_STEPS {
            // Nothing above leads anywhere, so none of them does.
            known.extend(seen.into_iter().map(|dead| (dead, false)));
        }
        live
    }

    /// Whether something that is applied changes these objects by this file.
    pub(super) fn patches_with(&self, path: &RepoPath, patched: Option<&PatchTarget>) -> bool {
        let by_patch = |(by, entry): (RepoPath, SummaryEntry)| {
            // A `.flux.yaml` is Flux's own, and no kustomization names it.
            let live = || by.file_name() == ".flux.yaml" || self.applies(&by);
            entry.role == EntryRole::Patch && entry.patched.as_ref() == patched && live()
        };
        self.index.named_by(path).any(by_patch)
    }

    /// Whether something that is applied is told by this file which fields it changes.
    pub(super) fn is_configured_by(&self, path: &RepoPath) -> bool {
        self.index.named_by(path).any(|(by, entry)| entry.is_configuration() && self.applies(&by))
    }

    fn climb(&self, path: &RepoPath, seen: &mut BTreeSet<RepoPath>) -> bool {
        if let Some(known) = self.known.borrow().get(path) {
            return *known;
        }
        if seen.len() >= MAXIMUM_STEPS || !seen.insert(path.clone()) {
            return false;
        }
        self.is_started_from(path, seen) || self.index.appliers_of(path).any(|by| self.climb(&by, seen))
    }

    /// Whether Flux takes the file by itself from a directory that it starts from.
    fn is_started_from(&self, path: &RepoPath, seen: &mut BTreeSet<RepoPath>) -> bool {
        let mut above = ancestors(path.directory());
        !self.index.is_left_out(path)
            && above.any(|directory| self.index.takes(directory, path) && self.is_start(directory, seen))
    }

    fn is_start(&self, directory: &str, seen: &mut BTreeSet<RepoPath>) -> bool {
        let named = match self.roots {
            Some(roots) => roots.iter().any(|root| root == directory),
            None => self.index.layout().starts_at(directory),
        };
        named || self.index.syncs_of(directory).any(|by| self.climb(&by, seen))
    }
}

impl RepositoryIndex {
    /// Whether Flux applies a file, as far as the repository says; `roots` are the directories that it starts
    /// from, `None` where the layout says it.
    pub fn is_applied(&self, path: &RepoPath, roots: Option<&[String]>) -> bool {
        Live::new(self, roots).applies(path)
    }

    /// The kustomizations that apply what a path holds.
    pub(super) fn appliers_of(&self, path: &RepoPath) -> impl Iterator<Item = RepoPath> {
        let directory = path.parent().filter(|_| is_kustomization(path));
        let targets = [Some(path.clone()), directory].into_iter().flatten();
        targets.flat_map(|target| self.referrers(&target, EntryRole::Resource)).filter(move |by| by != path)
    }

    /// Whether Flux takes this file where it is pointed to a directory: the kustomization there, or
    /// else each manifest and each directory's kustomization below it
    /// (<https://fluxcd.io/flux/components/kustomize/kustomizations/#generating-a-kustomizationyaml-file>).
    pub(super) fn takes(&self, directory: &str, path: &RepoPath) -> bool {
        if let Some(own) = self.kustomization_of(directory) {
            return own == *path;
        }
        let first = usize::from(is_kustomization(path));
        let is_taken = first == 1 || path.as_str().ends_with(".yaml") || path.as_str().ends_with(".yml");
        let mut between = ancestors(path.directory()).skip(first).take_while(|above| *above != directory);
        is_taken && !between.any(|above| self.kustomization_of(above).is_some())
    }

    /// The files in which a Flux `Kustomization` takes a directory from this repository.
    fn syncs_of(&self, directory: &str) -> impl Iterator<Item = RepoPath> {
        let files = self.find(list::FLUX_PATHS, directory.as_bytes());
        let files = files.filter(move |(file, _)| {
            let syncs = file.facts().filter_map(|fact| if let Fact::Sync(sync) = fact { Some(sync) } else { None });
            let mut here = syncs.filter(|sync| sync.directory() == directory);
            here.any(|sync| self.is_own(&file.path(), &sync))
        });
        files.map(|(file, _)| file.path())
    }

    /// Whether a Flux `Kustomization` surely takes its files from this repository: nothing here says
    /// that its source is another one.
    pub(super) fn is_own(&self, file: &RepoPath, sync: &SyncFact) -> bool {
        let Some(source) = sync.source.as_ref().filter(|_| sync.from_git) else { return false };
        let declared = |namespace: Option<&String>| {
            let id = ObjectId {
                group: "source.toolkit.fluxcd.io".to_owned(),
                kind: "GitRepository".to_owned(),
                namespace: namespace.cloned(),
                name: source.name.clone(),
            };
            self.objects_with_id(&id).next().is_some()
        };
        let places = [None, source.namespace.as_ref(), sync.namespace.as_ref()];
        let bootstrap = source.name == BOOTSTRAP;
        !self.is_foreign(file, sync) && (bootstrap || !places.into_iter().any(declared))
    }

    /// Whether a Flux `Kustomization` surely takes its files from elsewhere: from a team's repository,
    /// or from something that is no Git repository.
    pub(super) fn is_foreign(&self, file: &RepoPath, sync: &SyncFact) -> bool {
        let team = self.team_of_path(file).and_then(|team| team.source);
        let of_team = team.is_some_and(|own| sync.source.as_ref().is_some_and(|source| source.name == own.name));
        of_team || sync.source.is_some() && !sync.from_git
    }
}
