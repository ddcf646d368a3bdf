//! Which Flux `Kustomization`s apply a file, and how.

use std::collections::BTreeSet;

use super::facts::{Fact, SyncFact, WhenGone};
use super::reach::{MAXIMUM_STEPS, ancestors};
use super::stored::{StoredSummary, list};
use super::{Layout, Marks, RepositoryIndex};
use crate::manifest::Position;
use crate::names::RepoPath;

/// A Flux `Kustomization` as a file writes it, be it whole or a patch of one.
#[derive(Debug, Clone)]
pub struct Sync {
    /// Its name.
    pub name: String,
    /// Its namespace: what kustomizations put in, else as written; `None` where nothing says it, or several things.
    pub namespace: Option<String>,
    /// The directory below `clusters/` in which it stands: two clusters may have one each of the same name.
    pub cluster: Option<String>,
    /// The file that writes it.
    pub file: RepoPath,
    /// Where its path is written; the object where it is not.
    pub path_at: Position,
    fact: SyncFact,
}

impl Sync {
    fn of(index: &RepositoryIndex, file: &RepoPath, fact: SyncFact) -> Self {
        let put: BTreeSet<Option<String>> = index.reaches(file).into_iter().map(|reach| reach.namespace).collect();
        let mut put = put.into_iter().flatten();
        let namespace = match (put.next(), put.next()) {
            (None, _) => fact.namespace.clone(),
            (Some(namespace), None) => Some(namespace),
            (Some(_), Some(_)) => None,
        };
        Self {
            name: fact.name.clone(),
            namespace,
            cluster: cluster(file),
            file: file.clone(),
            path_at: fact.path_at,
            fact,
        }
    }

    /// Whether two are one object of one cluster, as far as both say it.
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_called(other.namespace.as_deref(), &other.name, other.cluster.as_deref())
    }

    fn is_called(&self, namespace: Option<&str>, name: &str, cluster: Option<&str>) -> bool {
        let agree = |one: Option<&str>, other: Option<&str>| one.is_none() || other.is_none() || one == other;
        self.name == name && agree(self.namespace.as_deref(), namespace) && agree(self.cluster.as_deref(), cluster)
    }

    /// The name of its source.
    pub fn source(&self) -> Option<&str> {
        self.fact.source.as_ref().map(|source| source.name.as_str())
    }

    /// The service account that it names.
    pub(super) fn account(&self) -> Option<&str> {
        self.fact.service_account.as_deref()
    }

    /// Whether it takes its files from a source of this name; without a namespace it is in its own.
    pub fn takes_from(&self, namespace: Option<&str>, name: &str) -> bool {
        let Some(source) = &self.fact.source else { return false };
        let own = source.namespace.as_deref().or(self.namespace.as_deref());
        source.name == name && (namespace.is_none() || own.is_none() || own == namespace)
    }

    /// What people call it: its namespace, where that is known, and its name.
    pub fn called(&self) -> String {
        let name =
            self.namespace.as_ref().map_or_else(|| self.name.clone(), |namespace| format!("{namespace}/{}", self.name));
        self.cluster.as_ref().map_or_else(|| name.clone(), |cluster| format!("{name} (of {cluster})"))
    }
}

/// The directory below `clusters/` in which a file lies.
fn cluster(file: &RepoPath) -> Option<String> {
    let (cluster, _) = file.below("clusters")?.split_once('/')?;
    Some(cluster.to_owned())
}

/// The Flux `Kustomization`s of a repository, looked up where they are asked for.
#[derive(Debug)]
pub struct Syncs<'i> {
    index: &'i RepositoryIndex,
    layout: Layout,
}

/// One that applies a file.
#[derive(Debug, Clone)]
pub struct Applying {
    /// It.
    pub sync: Sync,
    /// What it and the kustomizations on the way say of every object in the file.
    pub marks: Marks,
}

/// What applies some files.
#[derive(Debug, Clone, Default)]
pub struct Appliers {
    /// The `Kustomization`s.
    pub syncs: Vec<Applying>,
    /// The directories that Flux starts from, by a `Kustomization` that does not stand in the repository.
    pub starts: BTreeSet<String>,
}

impl Appliers {
    /// Those of several files together.
    pub fn absorb(&mut self, other: Self) {
        for applying in other.syncs {
            self.take(applying);
        }
        self.starts.extend(other.starts);
    }

    /// An object is kept where it is on every way, and forced where it is on one.
    fn take(&mut self, applying: Applying) {
        let is_known =
            |known: &&mut Applying| known.sync.file == applying.sync.file && known.sync.is_same(&applying.sync);
        let Some(known) = self.syncs.iter_mut().find(is_known) else {
            self.syncs.push(applying);
            return;
        };
        let force = known.marks.force || applying.marks.force;
        let kept = if known.marks.kept == Some(true) { applying.marks.kept } else { known.marks.kept };
        known.marks = Marks { force, kept };
    }

    /// Whether nothing applies them.
    pub fn is_empty(&self) -> bool {
        self.syncs.is_empty() && self.starts.is_empty()
    }
}

impl RepositoryIndex {
    /// The Flux `Kustomization`s that stand here.
    pub fn syncs(&self) -> Syncs<'_> {
        Syncs { index: self, layout: self.layout() }
    }

    /// Whether a file writes a Flux `Kustomization` that may take its files from this repository.
    pub fn may_sync_itself(&self, path: &RepoPath) -> bool {
        let Some(file) = self.file(path) else { return false };
        file.facts().any(|fact| matches!(fact, Fact::Sync(sync) if !self.is_foreign(path, &sync)))
    }

    /// Whether a Flux `Kustomization` takes a directory, and takes it from this repository.
    pub(super) fn takes_here(&self, file: &RepoPath, fact: &SyncFact, wanted: &str) -> bool {
        if fact.directories().all(|directory| directory != wanted) {
            return false;
        }
        // A patch without a path leaves that of what it patches.
        let is_patch = fact.path.is_none() && self.is_only_patch_or_data(file);
        // Most roots that are named are those of other repositories.
        let from_here = || !self.is_foreign(file, fact) && (!wanted.is_empty() || self.is_own(file, fact));
        !is_patch && from_here()
    }

    /// The files with a key that write Flux `Kustomization`s, and what they write.
    fn facts_of<'i>(&'i self, list: usize, key: &[u8]) -> impl Iterator<Item = (RepoPath, SyncFact)> + use<'i> {
        self.find(list, key).flat_map(|(file, _)| facts_in(file))
    }
}

pub(super) fn facts_in(file: StoredSummary<'_>) -> impl Iterator<Item = (RepoPath, SyncFact)> {
    file.facts().filter_map(move |fact| if let Fact::Sync(sync) = fact { Some((file.path(), sync)) } else { None })
}

impl Syncs<'_> {
    /// What applies a file.
    pub fn applying(&self, path: &RepoPath) -> Appliers {
        let mut found = Appliers::default();
        let mut seen = BTreeSet::new();
        let mut waiting = vec![(path.clone(), Marks::default())];
        while let Some((at, marks)) = waiting.pop() {
            if seen.len() > MAXIMUM_STEPS || !seen.insert((at.clone(), marks.number())) {
                continue;
            }
            let own = self.index.file(&at).and_then(|file| file.kustomization()).map(|it| it.marks).unwrap_or_default();
            let marks = marks.under(own);
            self.start_from(&at, marks, &mut found);
            waiting.extend(self.index.appliers_of(&at).map(|by| (by, marks)));
        }
        found
    }

    /// What starts from a directory whose kustomization or file this is.
    fn start_from(&self, at: &RepoPath, marks: Marks, found: &mut Appliers) {
        if self.index.is_left_out(at) {
            return;
        }
        for directory in ancestors(at.directory()).filter(|directory| self.index.takes(directory, at)) {
            let before = found.syncs.len();
            for sync in self.starting_at(directory) {
                let marks = marks.under(sync.fact.marks);
                found.take(Applying { sync, marks });
            }
            let unseen = self.layout.starts_at(directory) && found.syncs.len() == before;
            // Where no layout is known, the root is a guess.
            let is_guess = || self.layout == Layout::Unknown && self.index.listed(list::SYNCS).next().is_some();
            if unseen && !is_guess() {
                found.starts.insert(directory.to_owned());
            }
        }
    }

    /// Those that take a directory from this repository.
    fn starting_at(&self, wanted: &str) -> Vec<Sync> {
        let index = self.index;
        let mut facts: Vec<(RepoPath, SyncFact)> = if wanted.is_empty() {
            index.listed(list::SYNCS).flat_map(facts_in).collect()
        } else {
            let key = wanted.as_bytes();
            index.facts_of(list::FLUX_PATHS, key).chain(index.facts_of(list::COMPONENTS, key)).collect()
        };
        facts.retain(|(file, fact)| index.takes_here(file, fact, wanted));
        facts.into_iter().map(|(file, fact)| Sync::of(index, &file, fact)).collect()
    }

    /// What is written of a `Kustomization`, in one file or several.
    fn written(&self, sync: &Sync) -> Vec<SyncFact> {
        let facts = self.index.facts_of(list::SYNCS, sync.name.as_bytes()).filter(|(file, fact)| {
            sync.is_called(fact.namespace.as_deref(), &fact.name, cluster(file).as_deref())
                || *file == sync.file && fact.name == sync.name
        });
        facts.map(|(_, fact)| fact).collect()
    }

    /// Whether there is such a `Kustomization`.
    pub fn contains(&self, sync: &Sync) -> bool {
        !self.written(sync).is_empty()
    }

    /// Whether it deletes what it does not find any more. What nothing says counts as yes.
    pub fn prunes(&self, sync: &Sync) -> bool {
        let written = self.written(sync);
        let said: Vec<bool> = written.iter().filter_map(|fact| fact.prune).collect();
        !written.is_empty() && (said.is_empty() || said.contains(&true))
    }

    /// Whether it takes what it has applied with it when it goes itself.
    pub fn takes_along(&self, sync: &Sync) -> bool {
        self.written(sync).iter().any(|fact| match fact.when_gone {
            WhenGone::Deleted => true,
            WhenGone::Pruned => fact.prune != Some(false),
            WhenGone::Left => false,
        })
    }

    /// Whether it deletes and makes anew what the API server does not let it change.
    pub fn forces(&self, sync: &Sync) -> bool {
        self.written(sync).iter().any(|fact| fact.force)
    }
}

#[cfg(test)]
mod tests;
