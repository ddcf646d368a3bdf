//! Where Flux is installed: the clusters of a repository, each with the controllers that come to run there.

use std::collections::{BTreeMap, BTreeSet};

use super::building::{Builder, held, is_about_flux, owned};
use super::graph::FLUX_NAMESPACE;
use super::running::Running;
use super::settings::Cluster;
use crate::manifest::is_kustomization;
use crate::names::RepoPath;
use crate::tenancy::facts::Fact;
use crate::tenancy::facts::flux::{CONTROLLERS, INSTANCE};
use crate::tenancy::reach::ancestors;
use crate::tenancy::stored::list;
use crate::tenancy::{Layout, RepositoryIndex};

/// The clusters of a repository. `starts` are files with controllers, or kustomizations that may fetch these.
pub(super) fn clusters(index: &RepositoryIndex, starts: BTreeSet<RepoPath>) -> Vec<Cluster> {
    let mut found: BTreeMap<String, Vec<Running>> = BTreeMap::new();
    let starts: BTreeSet<RepoPath> = starts.into_iter().filter(|path| is_start(index, path)).collect();
    let mut above = BTreeSet::new();
    let tops: Vec<(RepoPath, BTreeSet<RepoPath>)> =
        starts.iter().map(|start| (start.clone(), tops(index, start, &mut above))).collect();
    let mut built: BTreeSet<RepoPath> = BTreeSet::new();
    for (start, tops) in &tops {
        for top in tops.iter().filter(|top| counts(index, top)) {
            if !built.insert(top.clone()) {
                continue;
            }
            let mut builder = Builder { index, files: &starts, above: &above, steps: 0 };
            let mut all = if is_kustomization(top) { builder.build(top) } else { held(index, top) };
            synced(index, &mut builder, top, &mut all);
            found
                .entry(holder(index, top, start))
                .or_default()
                .extend(all.into_iter().flat_map(|one| made(index, one)));
        }
    }
    named(index, found)
}

/// Whether a file holds controllers, whole, or what is fetched for them.
fn is_start(index: &RepositoryIndex, path: &RepoPath) -> bool {
    if !is_kustomization(path) {
        return !index.is_only_patch_or_data(path);
    }
    let Some(file) = index.file(path) else { return false };
    let is_elsewhere = |target: Option<RepoPath>| {
        target.is_none_or(|target| !index.contains_file(&target) && index.kustomization_of(target.as_str()).is_none())
    };
    let patches: Vec<_> =
        file.facts().filter_map(|fact| if let Fact::Patch(patch) = fact { Some(patch) } else { None }).collect();
    file.entries().any(|entry| is_elsewhere(entry.target)) && is_about_flux(path, &patches)
}

/// Where the ways on which a file is applied end: at kustomizations, or at the file itself.
fn tops(index: &RepositoryIndex, start: &RepoPath, above: &mut BTreeSet<RepoPath>) -> BTreeSet<RepoPath> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([start.clone()]);
    let mut waiting = vec![start.clone()];
    while let Some(path) = waiting.pop() {
        let is_list = is_kustomization(&path);
        if is_list {
            above.insert(path.clone());
        }
        let by: BTreeSet<RepoPath> = index.appliers_of(&path).collect();
        let ends = if is_list { index.is_flux_path(path.directory()) } else { index.is_scanned(&path) };
        if ends || by.is_empty() && is_list {
            found.insert(path);
        }
        waiting.extend(by.into_iter().filter(|by| seen.insert(by.clone())));
    }
    found
}

/// Whether Flux, or whoever installs it, takes what stands there.
fn counts(index: &RepositoryIndex, top: &RepoPath) -> bool {
    top.directory().split('/').any(|part| part == FLUX_NAMESPACE) || index.is_applied(top, None)
}

/// What the Flux `Kustomization`s that apply something make of it.
fn synced(index: &RepositoryIndex, builder: &mut Builder<'_>, top: &RepoPath, all: &mut Vec<Running>) {
    for directory in ancestors(top.directory()).filter(|directory| index.takes(directory, top)) {
        for (file, _) in index.find(list::FLUX_PATHS, directory.as_bytes()) {
            let path = file.path();
            if index.team_of_path(&path).is_some() {
                continue;
            }
            for fact in file.facts() {
                let Fact::Sync(sync) = fact else { continue };
                if sync.directory() != directory {
                    continue;
                }
                for (component, _) in &sync.components {
                    match index.kustomization_of(&sync.component(component)) {
                        Some(component) => builder.onto(&component, all, 1),
                        None => all.iter_mut().for_each(Running::forget),
                    }
                }
                owned(index, &path, &sync.name, all);
            }
        }
    }
}

/// What runs: the Flux operator makes each controller.
fn made(index: &RepositoryIndex, one: Running) -> Vec<Running> {
    if one.role != INSTANCE {
        return vec![one];
    }
    let mut all: Vec<Running> = CONTROLLERS.iter().map(|role| one.made_by(role)).collect();
    let path = one.place.file.clone();
    owned(index, &path, one.name(), &mut all);
    all
}

/// The directory of a cluster: that which holds the one of Flux.
fn holder(index: &RepositoryIndex, top: &RepoPath, start: &RepoPath) -> String {
    let before = |path: &RepoPath| {
        let parts: Vec<&str> = path.directory().split('/').collect();
        let place = parts.iter().position(|part| *part == FLUX_NAMESPACE)?;
        Some(parts[..place].join("/"))
    };
    let is_there = |path: &RepoPath| top.below("clusters").is_none() || path.below("clusters").is_some();
    let own = before(top).or_else(|| before(start).filter(|_| is_there(start)));
    own.unwrap_or_else(|| {
        let sync = ancestors(top.directory()).find(|directory| index.is_flux_path(directory));
        sync.map(str::to_owned).or_else(|| below_clusters(top)).unwrap_or_else(|| top.directory().to_owned())
    })
}

fn below_clusters(path: &RepoPath) -> Option<String> {
    path.below("clusters")?.split_once('/').map(|(name, _)| format!("clusters/{name}"))
}

/// The clusters by their names, with those of which nothing is said.
fn named(index: &RepositoryIndex, mut found: BTreeMap<String, Vec<Running>>) -> Vec<Cluster> {
    if index.layout() == Layout::Environments {
        let names: BTreeSet<String> =
            index.files_below("clusters").filter_map(|file| below_clusters(&file.path())).collect();
        for name in names {
            let below = format!("{name}/");
            if !found.keys().any(|known| *known == name || known.starts_with(&below)) {
                found.insert(name, Vec::new());
            }
        }
    }
    if found.is_empty() {
        return vec![Cluster::default()];
    }
    let is_one = found.len() == 1;
    let named = |(holder, running): (String, Vec<Running>)| {
        let name = match holder.strip_prefix("clusters/") {
            Some(name) => Some(name.to_owned()),
            None if is_one => None,
            None => Some(holder),
        };
        Cluster { name, running }
    };
    found.into_iter().map(named).collect()
}
