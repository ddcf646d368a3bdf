//! Which kustomizations kustomize has to build, because they change what they list.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::{EntryPlace, Kustomization, ManifestFile, Node, is_kustomization};
use crate::names::RepoPath;
use crate::tenancy::RepositoryIndex;

use super::tree::Tree;

/// What a kustomization may hold and still only list.
const LISTING: [&str; 7] = ["apiVersion", "kind", "metadata", "resources", "bases", "buildMetadata", "sortOptions"];
/// The annotation in which kustomize tells where an object comes from.
pub(super) const ORIGIN: &str = "config.kubernetes.io/origin";

/// A kustomization to be built.
#[derive(Debug)]
pub(super) struct Unit {
    /// Its file.
    pub(super) by: RepoPath,
    /// Whether it is a component, which is listed in another way.
    pub(super) is_component: bool,
    /// Every file that goes into it, itself included.
    pub(super) below: BTreeSet<RepoPath>,
    /// One of them that cannot be read as a manifest.
    pub(super) unreadable: Option<RepoPath>,
}

/// The kustomizations of a repository.
pub(super) struct Kustomizations<'t> {
    tree: &'t Tree,
    index: &'t RepositoryIndex,
    changing: BTreeSet<&'t RepoPath>,
}

impl<'t> Kustomizations<'t> {
    pub(super) fn of(tree: &'t Tree, index: &'t RepositoryIndex) -> Self {
        let files = tree.files.values().map(|loaded| &loaded.file);
        let changing = files.filter(|file| Kustomization::of(file).is_some() && changes(file)).map(|file| &file.path);
        Self { tree, index, changing: changing.collect() }
    }

    /// The files that go into a kustomization that changes what it lists and that were not read as manifests.
    pub(super) fn data(&self) -> BTreeSet<RepoPath> {
        let named = self.changing.iter().flat_map(|path| self.below(path));
        named.filter(|path| !self.tree.files.contains_key(path)).collect()
    }

    /// The topmost of those that change what they list and that Flux builds, beginning with `roots`; with `touched`
    /// only those that one of these paths ends up in.
    pub(super) fn units(&self, roots: Option<&[String]>, touched: Option<&BTreeSet<RepoPath>>) -> Vec<Unit> {
        let starts: Vec<&RepoPath> = match touched {
            Some(touched) => touched.iter().collect(),
            None => self.changing.iter().copied().collect(),
        };
        let mut known = BTreeMap::new();
        let mut is_built = |path: &RepoPath| {
            self.changing.contains(path)
                && *known.entry(path.clone()).or_insert_with(|| self.index.is_applied(path, roots))
        };
        let candidates: BTreeSet<RepoPath> = starts.into_iter().flat_map(|path| self.above(path)).collect();
        let built: Vec<RepoPath> = candidates.into_iter().filter(|path| is_built(path)).collect();
        let topmost = built.into_iter().filter(|path| !self.above(path).iter().any(|one| one != path && is_built(one)));
        topmost.collect::<Vec<_>>().into_iter().map(|by| self.unit(by)).collect()
    }

    fn unit(&self, by: RepoPath) -> Unit {
        let below = self.below(&by);
        let file = |path: &RepoPath| self.tree.files.get(path).map(|loaded| &loaded.file);
        let is_component = file(&by).and_then(Kustomization::of).is_some_and(|it| it.is_component);
        let unreadable = below.iter().find(|path| file(path).is_some_and(|file| !file.problems.is_empty())).cloned();
        Unit { by, is_component, below, unreadable }
    }

    /// A path and every kustomization that it ends up in, in whatever role.
    fn above(&self, path: &RepoPath) -> BTreeSet<RepoPath> {
        let mut found = BTreeSet::from([path.clone()]);
        let mut waiting = vec![path.clone()];
        while let Some(path) = waiting.pop() {
            let directory = path.parent().filter(|_| is_kustomization(&path));
            for target in std::iter::once(path).chain(directory) {
                let named = self.index.named_by(&target).map(|(by, _)| by).filter(|by| found.insert(by.clone()));
                waiting.extend(named.collect::<Vec<_>>());
            }
        }
        found
    }

    /// A kustomization and everything that it names, in whatever role, itself or through others.
    fn below(&self, path: &RepoPath) -> BTreeSet<RepoPath> {
        let mut found = BTreeSet::from([path.clone()]);
        let mut waiting = vec![path.clone()];
        while let Some(path) = waiting.pop() {
            let file = self.tree.files.get(&path).map(|loaded| &loaded.file);
            let entries = file.and_then(Kustomization::of).into_iter().flat_map(|it| it.entries);
            for entry in entries.filter(|entry| entry.place == EntryPlace::Local) {
                let Some(target) = RepoPath::resolve(path.directory(), &entry.text) else { continue };
                let target = self.index.kustomization_of(target.as_str()).unwrap_or(target);
                if found.insert(target.clone()) {
                    waiting.push(target);
                }
            }
        }
        found
    }

    /// Whether the repository itself writes where objects come from, so that it cannot be believed.
    pub(super) fn forges_origins(&self) -> bool {
        let mut documents = self.tree.files.values().flat_map(|loaded| &loaded.file.documents);
        documents.any(says_origin)
    }
}

fn changes(file: &ManifestFile) -> bool {
    let mut fields = file.documents.iter().flat_map(|root| root.entries());
    fields.any(|(field, _)| field.as_str().is_none_or(|field| !LISTING.contains(&field)))
}

fn says_origin(node: &Node) -> bool {
    let in_text = node.text().is_some_and(|text| text.contains(ORIGIN));
    in_text
        || node.items().any(says_origin)
        || node.entries().any(|(key, value)| says_origin(key) || says_origin(value))
}
