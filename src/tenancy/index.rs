//! The index itself: persistent maps, so that a copy costs nothing and a change costs only itself.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use super::facts::Fact;
use super::relation::Relation;
use super::{FileSummary, ObjectId, Team};
use crate::manifest::{EntryRole, KUSTOMIZATION_NAMES, ObjectScope, builtin_scope};
use crate::names::{RepoPath, RepositoryName};

/// What a repository holds. A clone shares everything, and [`RepositoryIndex::with`] costs only
/// what the changed files (and, for a team's file, the other files of that team) cost.
#[derive(Debug, Clone, Default)]
pub struct RepositoryIndex {
    pub(super) cluster_path: Option<RepoPath>,
    files: OrdMap<RepoPath, File>,
    objects: Relation<ObjectId>,
    /// Which kustomizations name a path in which role.
    pub(super) referrers: Relation<(RepoPath, EntryRole)>,
    /// Which kustomizations put their objects into a namespace.
    pub(super) forcing: Relation<String>,
    definitions: Relation<(String, String)>,
    pub(super) flux_paths: Relation<String>,
    teams: OrdMap<RepoPath, Arc<Team>>,
    namespaces: Relation<String>,
    repositories: Relation<String>,
}

/// Two files are the same where they are one summary: contents are not compared.
#[derive(Debug, Clone)]
struct File(Arc<FileSummary>);

impl PartialEq for File {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl RepositoryIndex {
    /// The index of a repository's files.
    pub fn from_files(files: impl IntoIterator<Item = (RepoPath, Arc<FileSummary>)>) -> Self {
        Self::default().with(files.into_iter().map(|(path, summary)| (path, Some(summary))))
    }

    /// The index of the same files with a cluster path that is given, not seen.
    #[must_use]
    pub fn with_cluster_path(&self, path: RepoPath) -> Self {
        let files = self.files.iter().map(|(path, file)| (path.clone(), Some(Arc::clone(&file.0))));
        Self { cluster_path: Some(path), ..Self::default() }.with(files)
    }

    /// The index after some files were written (`Some`) or deleted (`None`).
    #[must_use]
    pub fn with(&self, changes: impl IntoIterator<Item = (RepoPath, Option<Arc<FileSummary>>)>) -> Self {
        let mut after = self.clone();
        let mut teams = BTreeSet::new();
        for (path, summary) in changes {
            teams.extend(after.team_directory(&path));
            after.replace(path, summary);
        }
        for directory in teams {
            after.read_team(&directory);
        }
        after
    }

    fn replace(&mut self, path: RepoPath, summary: Option<Arc<FileSummary>>) {
        let old = match summary.clone() {
            Some(summary) => self.files.insert(path.clone(), File(summary)),
            None => self.files.remove(&path),
        };
        if let Some(old) = old {
            self.relate(&path, &old.0, false);
        }
        if let Some(new) = summary {
            self.relate(&path, &new, true);
        }
    }

    /// Writes a file into the maps that lead back to it, or takes it out of them.
    fn relate(&mut self, path: &RepoPath, summary: &FileSummary, present: bool) {
        for object in &summary.objects {
            self.objects.set(object.id.clone(), path, present);
        }
        for entry in &summary.entries {
            if let Some(target) = &entry.target {
                self.referrers.set((target.clone(), entry.role), path, present);
            }
        }
        if let Some(namespace) =
            summary.kustomization.as_ref().and_then(|kustomization| kustomization.namespace.clone())
        {
            self.forcing.set(namespace, path, present);
        }
        for definition in &summary.definitions {
            self.definitions.set((definition.group.clone(), definition.kind.clone()), path, present);
        }
        for fact in &summary.facts {
            if let Fact::Sync(sync) = fact {
                // Most teams name the root, and mean that of their own repository.
                let directory = Some(sync.directory()).filter(|directory| !directory.is_empty());
                directory.into_iter().for_each(|directory| self.flux_paths.set(directory, path, present));
            }
        }
    }

    /// The team's directory in which a path lies, whether or not there is a team.
    fn team_directory(&self, path: &RepoPath) -> Option<RepoPath> {
        let parents = match &self.cluster_path {
            Some(cluster) => [cluster.as_str(), "tenants/base"],
            None => ["cluster", "tenants/base"],
        };
        parents.into_iter().find_map(|parent| {
            let (directory, _) = path.below(parent)?.split_once('/')?;
            RepoPath::resolve(parent, directory)
        })
    }

    fn read_team(&mut self, directory: &RepoPath) {
        let namespace =
            self.kustomization_of(directory.as_str()).and_then(|path| self.file(path)?.kustomization.as_ref());
        let namespace = namespace.and_then(|kustomization| kustomization.namespace.as_deref());
        let team = Team::of(directory, namespace, self.files_below(directory.as_str())).map(Arc::new);
        let old = match team.clone() {
            Some(team) => self.teams.insert(directory.clone(), team),
            None => self.teams.remove(directory),
        };
        for (team, present) in [(old, false), (team, true)] {
            let Some(team) = team else { continue };
            for namespace in &team.namespaces {
                self.namespaces.set(namespace.as_str().to_owned(), directory, present);
            }
            if let Some(repository) = &team.repository {
                self.repositories.set(repository.as_str().to_ascii_lowercase(), directory, present);
            }
        }
    }

    /// The summary of a file.
    pub fn file(&self, path: &RepoPath) -> Option<&FileSummary> {
        self.files.get(path).map(|file| &*file.0)
    }

    /// How many files there are.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// Every file, in the order of the paths.
    pub fn files(&self) -> impl Iterator<Item = (&RepoPath, &FileSummary)> {
        self.files.iter().map(|(path, file)| (path, &*file.0))
    }

    /// The files below a directory, in the order of their paths; all for the empty directory.
    pub fn files_below(&self, directory: &str) -> impl Iterator<Item = (&RepoPath, &FileSummary)> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let from_here = self.files.range::<_, str>((Bound::Included(prefix.as_str()), Bound::Unbounded));
        from_here.take_while(move |(path, _)| path.as_str().starts_with(&prefix)).map(|(path, file)| (path, &*file.0))
    }

    /// Whether there is a file of this path.
    pub fn contains_file(&self, path: &RepoPath) -> bool {
        self.files.contains_key(path)
    }

    /// Whether there is a directory of this path, that is any file below it.
    pub fn contains_directory(&self, path: &RepoPath) -> bool {
        self.has_directory(path.as_str())
    }

    pub(super) fn has_directory(&self, directory: &str) -> bool {
        self.files_below(directory).next().is_some()
    }

    /// The kustomization file of a directory (empty for the root).
    pub fn kustomization_of(&self, directory: &str) -> Option<&RepoPath> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        KUSTOMIZATION_NAMES
            .iter()
            .find_map(|name| self.files.get_key_value(format!("{prefix}{name}").as_str()))
            .map(|(path, _)| path)
    }

    /// The files that hold an object of this id as written.
    pub fn objects_with_id(&self, id: &ObjectId) -> impl Iterator<Item = &RepoPath> {
        self.objects.get(id.clone())
    }

    /// Files that `before` has and this index has not. Costs only the difference, where one was
    /// made from the other.
    pub fn removed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a RepoPath> {
        before.files.diff(&self.files).filter_map(|change| match change {
            DiffItem::Remove(path, _) => Some(path),
            DiffItem::Add(..) | DiffItem::Update { .. } => None,
        })
    }

    /// Where the objects of a kind live: from Kubernetes' own kinds, else from a CRD in this
    /// repository; `None` where neither says it.
    pub fn scope_of(&self, group: &str, kind: &str) -> Option<ObjectScope> {
        builtin_scope(group, kind).or_else(|| {
            let path = self.definitions.get((group.to_owned(), kind.to_owned())).next()?;
            let mut definitions = self.file(path)?.definitions.iter();
            definitions.find(|definition| definition.group == group && definition.kind == kind).map(|found| found.scope)
        })
    }

    /// The teams, in the order of their directories.
    pub fn teams(&self) -> impl Iterator<Item = &Team> {
        self.teams.values().map(|team| &**team)
    }

    /// The team of a name.
    pub fn team(&self, name: &str) -> Option<&Team> {
        let parents = [self.cluster_path.as_ref().map_or("cluster", RepoPath::as_str), "tenants/base"];
        let mut directories = parents.into_iter().filter_map(|parent| RepoPath::resolve(parent, name));
        directories.find_map(|directory| self.team_in(&directory)).filter(|team| team.name.as_str() == name)
    }

    fn team_in(&self, directory: &RepoPath) -> Option<&Team> {
        self.teams.get(directory).map(|team| &**team)
    }

    /// The team in whose directory a path lies; for `tenants/<environment>/<team>/` the team of
    /// that name.
    pub fn team_of_path(&self, path: &RepoPath) -> Option<&Team> {
        let own = self.team_directory(path).and_then(|directory| self.team_in(&directory));
        own.or_else(|| {
            let mut parts = path.below("tenants")?.splitn(3, '/').skip(1);
            let (team, _rest) = (parts.next()?, parts.next()?);
            self.team(team)
        })
    }

    /// The teams that own a namespace: those that declare it, else those that use it. More than
    /// one where two directories claim it.
    pub fn owners_of_namespace(&self, namespace: &str) -> Vec<&Team> {
        let claims = self.namespaces.get(namespace.to_owned()).filter_map(|directory| self.team_in(directory));
        let (declare, use_only): (Vec<&Team>, Vec<&Team>) = claims.partition(|team| self.declares(team, namespace));
        if declare.is_empty() { use_only } else { declare }
    }

    fn declares(&self, team: &Team, namespace: &str) -> bool {
        let mut declarations = self.declarations_of_namespace(namespace);
        declarations.any(|path| path.below(team.directory.as_str()).is_some())
    }

    /// The team that owns a namespace.
    pub fn owner_of_namespace(&self, namespace: &str) -> Option<&Team> {
        self.owners_of_namespace(namespace).into_iter().next()
    }

    /// The team whose manifests come from a repository; GitHub ignores case here.
    pub fn team_of_repository(&self, repository: &RepositoryName) -> Option<&Team> {
        self.teams_of_repository(repository).next()
    }

    /// All teams whose manifests come from a repository; GitHub ignores case here.
    pub fn teams_of_repository(&self, repository: &RepositoryName) -> impl Iterator<Item = &Team> {
        let directories = self.repositories.get(repository.as_str().to_ascii_lowercase());
        directories.filter_map(|directory| self.team_in(directory))
    }

    /// The files that declare a namespace (a `Namespace` object).
    pub fn declarations_of_namespace(&self, namespace: &str) -> impl Iterator<Item = &RepoPath> {
        let id = ObjectId {
            group: String::new(),
            kind: "Namespace".to_owned(),
            namespace: None,
            name: namespace.to_owned(),
        };
        self.objects.get(id)
    }
}
