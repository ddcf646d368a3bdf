//! Which Flux `Kustomization`s apply a file, and how.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Fact, SyncFact, WhenGone, directory};
use super::reach::{MAXIMUM_STEPS, ancestors, is_left_out_by_default};
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

/// The Flux `Kustomization`s of a repository. To make it costs a look at each file.
#[derive(Debug)]
pub struct Syncs<'i> {
    index: &'i RepositoryIndex,
    layout: Layout,
    /// By their names.
    facts: BTreeMap<String, Vec<(RepoPath, SyncFact)>>,
    /// The names of those that start from a directory, or from a component's.
    starting: BTreeMap<String, BTreeSet<String>>,
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
    /// The Flux `Kustomization`s that stand here. Looks at all files.
    pub fn syncs(&self) -> Syncs<'_> {
        let mut syncs = Syncs { index: self, layout: self.layout(), facts: BTreeMap::new(), starting: BTreeMap::new() };
        for file in self.files() {
            for fact in file.facts() {
                if let Fact::Sync(fact) = fact {
                    syncs.add(file.path(), fact);
                }
            }
        }
        syncs
    }
}

impl Syncs<'_> {
    fn add(&mut self, file: RepoPath, fact: SyncFact) {
        let base = fact.directory();
        let components = fact.components.iter().map(|(component, _)| directory(&format!("{base}/{component}")));
        for directory in components.chain([base.clone()]) {
            self.starting.entry(directory).or_default().insert(fact.name.clone());
        }
        self.facts.entry(fact.name.clone()).or_default().push((file, fact));
    }

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
        if is_left_out_by_default(at) {
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
            if unseen && (self.layout != Layout::Unknown || self.facts.is_empty()) {
                found.starts.insert(directory.to_owned());
            }
        }
    }

    /// Those that take a directory from this repository.
    fn starting_at<'s>(&'s self, wanted: &'s str) -> impl Iterator<Item = Sync> + use<'s> {
        let names = self.starting.get(wanted).into_iter().flatten();
        let facts = names.filter_map(|name| self.facts.get(name)).flatten();
        let here = facts.filter(move |(file, fact)| self.is_here(file, fact, wanted));
        here.map(|(file, fact)| Sync::of(self.index, file, fact.clone()))
    }

    fn is_here(&self, file: &RepoPath, fact: &SyncFact, wanted: &str) -> bool {
        let base = fact.directory();
        let is_component = |(component, _): &(String, Position)| directory(&format!("{base}/{component}")) == wanted;
        if base != wanted && !fact.components.iter().any(is_component) {
            return false;
        }
        let index = self.index;
        // A patch without a path leaves that of what it patches.
        let is_patch = fact.path.is_none() && index.is_only_patch_or_data(file);
        // Most roots that are named are those of other repositories.
        let from_here = || !index.is_foreign(file, fact) && (!wanted.is_empty() || index.is_own(file, fact));
        !is_patch && from_here()
    }

    /// What is written of a `Kustomization`, in one file or several.
    fn written<'s>(&'s self, sync: &'s Sync) -> impl Iterator<Item = &'s SyncFact> {
        let facts = self.facts.get(&sync.name).into_iter().flatten();
        let same = facts.filter(|(file, fact)| {
            sync.is_called(fact.namespace.as_deref(), &fact.name, cluster(file).as_deref()) || *file == sync.file
        });
        same.map(|(_, fact)| fact)
    }

    /// Whether there is such a `Kustomization`.
    pub fn contains(&self, sync: &Sync) -> bool {
        self.written(sync).next().is_some()
    }

    /// Whether it deletes what it does not find any more. What nothing says counts as yes.
    pub fn prunes(&self, sync: &Sync) -> bool {
        let mut all = self.written(sync).map(|fact| fact.prune).peekable();
        let silent = all.peek().is_some();
        let said: Vec<bool> = all.flatten().collect();
        silent && (said.is_empty() || said.contains(&true))
    }

    /// Whether it takes what it has applied with it when it goes itself.
    pub fn takes_along(&self, sync: &Sync) -> bool {
        self.written(sync).any(|fact| match fact.when_gone {
            WhenGone::Deleted => true,
            WhenGone::Pruned => fact.prune != Some(false),
            WhenGone::Left => false,
        })
    }

    /// Whether it deletes and makes anew what the API server does not let it change.
    pub fn forces(&self, sync: &Sync) -> bool {
        self.written(sync).any(|fact| fact.force)
    }
}

#[cfg(test)]
mod tests;
