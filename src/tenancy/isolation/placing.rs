//! Where objects end up, and what patches make of them: what the kustomizations on the ways to them do.

use std::collections::BTreeSet;

use super::model::Name;
use crate::manifest::EntryRole;
use crate::names::RepoPath;
use crate::tenancy::facts::Fact;
use crate::tenancy::rights::ways_of;
use crate::tenancy::stored::list;
use crate::tenancy::{Reach, RepositoryIndex, Root};

/// Where the objects of a file end up, on each way on which it is applied.
pub(super) struct Placing {
    ways: Vec<Reach>,
}

impl Placing {
    pub(super) fn of(index: &RepositoryIndex, path: &RepoPath) -> Self {
        Self { ways: ways_of(index, path) }
    }

    /// The namespaces and names that an object comes to have. kustomize renames what Flux's objects are called, and not
    /// what they name.
    pub(super) fn names(&self, namespace: Option<&str>, name: &str) -> BTreeSet<Name> {
        let one = |way: &Reach| {
            let namespace = way.namespace.as_deref().or(namespace).unwrap_or("default");
            (namespace.to_owned(), format!("{}{name}{}", way.prefix, way.suffix))
        };
        self.ways.iter().map(one).collect()
    }

    /// Whether names are changed on any of the ways.
    pub(super) fn renames(&self) -> bool {
        self.ways.iter().any(Reach::renames)
    }
}

/// The namespaces that kustomizations put into a file's objects, by each way on which it is applied.
fn namespaces(index: &RepositoryIndex, path: &RepoPath) -> BTreeSet<Option<String>> {
    ways_of(index, path).into_iter().map(|way| way.namespace).collect()
}

/// Where the ways on which a file is applied end.
pub(super) fn tops(index: &RepositoryIndex, path: &RepoPath) -> BTreeSet<Root> {
    let ends = |root: &Root| match root {
        Root::Scan(_) => true,
        Root::Kustomization(path) => index.appliers_of(path).next().is_none() || index.is_flux_path(path.directory()),
    };
    index.reaches(path).into_iter().map(|reach| reach.root).filter(ends).collect()
}

/// A kustomization and everything above it.
pub(super) fn all_above(index: &RepositoryIndex, by: &RepoPath) -> BTreeSet<Root> {
    let above = index.reaches(by).into_iter().map(|reach| reach.root);
    above.chain([Root::Kustomization(by.clone())]).collect()
}

/// The accounts that patch files give to an object, each with the kustomization that names the patch.
pub(super) fn patches_of(
    index: &RepositoryIndex,
    path: &RepoPath,
    kind: &str,
    name: &str,
) -> Vec<(Option<String>, RepoPath)> {
    if kind != "Kustomization" {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (file, _) in index.find(list::SYNCS, name.as_bytes()) {
        let other = file.path();
        if other == *path {
            continue;
        }
        let accounts: Vec<String> = file
            .facts()
            .filter_map(|fact| match fact {
                Fact::Sync(sync) if sync.name == name => sync.service_account,
                _ => None,
            })
            .collect();
        for by in index.referrers(&other, EntryRole::Patch) {
            found.extend(accounts.iter().map(|account| (Some(account.clone()), by.clone())));
        }
    }
    found
}

/// The kustomizations by which a daemon's file comes to be applied, with the namespace that they put in.
pub(super) fn contexts(index: &RepositoryIndex, path: &RepoPath) -> BTreeSet<(Option<RepoPath>, Option<String>)> {
    let by_patch = index.referrers(path, EntryRole::Patch).flat_map(|by| {
        let own = index.file(&by).and_then(|file| file.kustomization()).and_then(|it| it.namespace);
        let above: BTreeSet<Option<String>> = namespaces(index, &by);
        let above = if above.is_empty() { BTreeSet::from([None]) } else { above };
        above.into_iter().map(move |above| (Some(by.clone()), above.or_else(|| own.clone())))
    });
    let by_patch: BTreeSet<_> = by_patch.collect();
    let whole = ways_of(index, path).into_iter().map(|way| match way.root {
        Root::Kustomization(by) => (Some(by), way.namespace),
        Root::Scan(_) => (None, way.namespace),
    });
    by_patch.into_iter().chain(whole).collect()
}
