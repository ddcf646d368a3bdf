//! The index itself: layers of packed tables, so that a copy costs nothing, a change costs only
//! itself, and a large repository takes little memory.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use super::facts::Fact;
use super::stored::{self, StoredSummary, list, path_again, team as stored_team};
use super::table::{Builder, FoldedLayers, Layers, Reader, Row};
use super::{Definition, FileSummary, ObjectId, Team};
use crate::manifest::{EntryRole, KUSTOMIZATION_NAMES, ObjectScope, builtin_scope};
use crate::names::{RepoPath, RepositoryName};

/// What a repository holds. A clone shares everything, and [`RepositoryIndex::with`] costs only
/// what the changed files (and, for a team's file, the other files of that team) cost. Values are made
/// when they are asked for.
#[derive(Debug, Clone, Default)]
pub struct RepositoryIndex {
    pub(super) cluster_path: Option<RepoPath>,
    files: Layers,
    /// By their directories.
    teams: Layers,
}

/// An index that nobody looks at, packed.
#[derive(Debug)]
pub struct FoldedIndex {
    cluster_path: Option<RepoPath>,
    files: FoldedLayers,
    teams: FoldedLayers,
}

impl FoldedIndex {
    /// The index that was folded; at 10,000 teams it takes some milliseconds.
    pub fn unfold(&self) -> RepositoryIndex {
        let (files, teams) = (self.files.unfold(), self.teams.unfold());
        RepositoryIndex { cluster_path: self.cluster_path.clone(), files, teams }
    }

    /// How much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.files.bytes() + self.teams.bytes()
    }
}

/// A file that was written (`Some`) or deleted (`None`).
type Written = (RepoPath, Option<Arc<FileSummary>>);

impl RepositoryIndex {
    /// The index of a repository's files.
    pub fn from_files(files: impl IntoIterator<Item = (RepoPath, Arc<FileSummary>)>) -> Self {
        Self::default().with(files.into_iter().map(|(path, summary)| (path, Some(summary))))
    }

    /// The index of the same files with a cluster path that is given, not seen.
    #[must_use]
    pub fn with_cluster_path(&self, path: RepoPath) -> Self {
        let mut index = Self { cluster_path: Some(path), files: self.files.clone(), teams: Layers::default() };
        let directories = index.files().filter_map(|file| index.team_directory(&file.path())).collect();
        index.read_teams(directories);
        index
    }

    /// The index after some files were written or deleted.
    #[must_use]
    pub fn with(&self, changes: impl IntoIterator<Item = Written>) -> Self {
        let sure: Result<Self, Infallible> = self.try_with(changes.into_iter().map(Ok));
        sure.unwrap_or_else(|never| match never {})
    }

    /// The same for changes that may fail to be read. They are taken one after the other, so that no
    /// more than one need be in memory.
    ///
    /// # Errors
    /// The first one among the changes.
    pub fn try_with<E>(&self, changes: impl IntoIterator<Item = Result<Written, E>>) -> Result<Self, E> {
        let mut after = self.clone();
        let mut teams = BTreeSet::new();
        let mut files = Builder::default();
        for change in changes {
            let (path, summary) = change?;
            teams.extend(after.team_directory(&path));
            files.add(path.as_str(), summary.map(|summary| stored::content(&path, &summary)).as_ref());
        }
        after.files.push(files.build());
        after.read_teams(teams);
        Ok(after)
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

    fn read_teams(&mut self, directories: BTreeSet<RepoPath>) {
        let mut teams = Builder::default();
        for directory in directories {
            let team = self.read_team(&directory);
            if team.is_some() || self.teams.get(directory.as_str()).is_some() {
                teams.add(directory.as_str(), team.map(|team| stored_team::content(&team)).as_ref());
            }
        }
        self.teams.push(teams.build());
    }

    fn read_team(&self, directory: &RepoPath) -> Option<Team> {
        let kustomization = self.kustomization_of(directory.as_str());
        let kustomization = kustomization.and_then(|path| self.file(&path)?.kustomization());
        let namespace = kustomization.and_then(|kustomization| kustomization.namespace);
        let facts: Vec<(RepoPath, Fact)> = self
            .files_below(directory.as_str())
            .flat_map(|file| file.facts().map(move |fact| (file.path(), fact)))
            .collect();
        Team::of(directory, namespace.as_deref(), facts.iter().map(|(path, fact)| (path, fact)))
    }

    /// The summary of a file.
    pub fn file(&self, path: &RepoPath) -> Option<StoredSummary<'_>> {
        self.files.get(path.as_str()).map(StoredSummary::new)
    }

    /// How many files there are.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// The same, packed, for a time in which nobody looks at it.
    pub fn fold(&self) -> FoldedIndex {
        let (files, teams) = (self.files.fold(), self.teams.fold());
        FoldedIndex { cluster_path: self.cluster_path.clone(), files, teams }
    }

    /// How much memory it takes, in bytes. Clones and later indexes share most of it.
    pub fn bytes(&self) -> usize {
        self.files.bytes() + self.teams.bytes()
    }

    /// Every file, in the order of the paths.
    pub fn files(&self) -> impl Iterator<Item = StoredSummary<'_>> {
        self.files_below("")
    }

    /// The files below a directory, in the order of their paths; all for the empty directory.
    pub fn files_below(&self, directory: &str) -> impl Iterator<Item = StoredSummary<'_>> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        self.files.starting(prefix).map(StoredSummary::new)
    }

    /// Whether there is a file of this path.
    pub fn contains_file(&self, path: &RepoPath) -> bool {
        self.files.get(path.as_str()).is_some()
    }

    /// Whether there is a directory of this path, that is any file below it.
    pub fn contains_directory(&self, path: &RepoPath) -> bool {
        self.has_directory(path.as_str())
    }

    pub(super) fn has_directory(&self, directory: &str) -> bool {
        self.files_below(directory).next().is_some()
    }

    /// The kustomization file of a directory (empty for the root).
    pub fn kustomization_of(&self, directory: &str) -> Option<RepoPath> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let mut paths = KUSTOMIZATION_NAMES.iter().map(|name| format!("{prefix}{name}"));
        paths.find(|path| self.files.get(path).is_some()).map(path_again)
    }

    /// The files with a key, each once, with what stands behind the key.
    pub(super) fn find<'i>(
        &'i self,
        list: usize,
        key: &[u8],
    ) -> impl Iterator<Item = (StoredSummary<'i>, Reader<'i>)> + use<'i> {
        let mut last = None;
        let places = self.files.find(list, key).filter(move |(row, _)| last.replace(row.path) != Some(row.path));
        places.map(|(row, behind)| (StoredSummary::new(row), behind))
    }

    /// The files with any key in a list, in the order of their paths.
    pub(super) fn listed(&self, list: usize) -> impl Iterator<Item = StoredSummary<'_>> {
        self.files.listed(list).map(StoredSummary::new)
    }

    /// Whether any file has a key in a list, or once had.
    pub(super) fn may_list(&self, list: usize) -> bool {
        self.files.may_list(list)
    }

    /// The files with a key, by their paths.
    pub(super) fn paths<'i>(&'i self, list: usize, key: &[u8]) -> impl Iterator<Item = RepoPath> + use<'i> {
        self.find(list, key).map(|(file, _)| file.path())
    }

    /// Every place where a kustomization names a path in a role.
    pub(super) fn entries_for<'i>(
        &'i self,
        target: &RepoPath,
        role: EntryRole,
    ) -> impl Iterator<Item = (StoredSummary<'i>, Reader<'i>)> + use<'i> {
        let places = self.files.find(list::ENTRIES, &stored::entry_key(target, role));
        places.map(|(row, behind)| (StoredSummary::new(row), behind))
    }

    /// The kustomizations that name a path in a role.
    pub(super) fn referrers<'i>(
        &'i self,
        target: &RepoPath,
        role: EntryRole,
    ) -> impl Iterator<Item = RepoPath> + use<'i> {
        self.paths(list::ENTRIES, &stored::entry_key(target, role))
    }

    /// The files that hold an object of this id as written.
    pub fn objects_with_id<'i>(&'i self, id: &ObjectId) -> impl Iterator<Item = RepoPath> + use<'i> {
        self.paths(list::OBJECTS, &stored::object_key(id))
    }

    /// Files that `before` has and this index has not. Costs only the difference, where one was
    /// made from the other.
    pub fn removed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = RepoPath> {
        self.files.removed_since(&before.files).map(path_again)
    }

    /// Where the objects of a kind live: from Kubernetes' own kinds, else from a CRD in this
    /// repository; `None` where neither says it.
    pub fn scope_of(&self, group: &str, kind: &str) -> Option<ObjectScope> {
        builtin_scope(group, kind).or_else(|| {
            let (file, _) = self.find(list::DEFINITIONS, &stored::definition_key(group, kind)).next()?;
            let mut definitions = file.definitions();
            definitions.find(|definition| definition.group == group && definition.kind == kind).map(|found| found.scope)
        })
    }

    /// The kinds of a group that definitions in this repository define, each with its file.
    pub fn definitions_in<'i>(&'i self, group: &str) -> impl Iterator<Item = (RepoPath, Definition)> + use<'i> {
        let wanted = group.to_owned();
        let files = self.find(list::DEFINED_GROUPS, group.as_bytes());
        let all = files.flat_map(|(file, _)| file.definitions().map(move |definition| (file.path(), definition)));
        all.filter(move |(_, definition)| definition.group == wanted)
    }

    /// Every definition of a kind, each with its file. Costs what they are, not what the repository is.
    pub fn definitions(&self) -> impl Iterator<Item = (RepoPath, Definition)> {
        self.listed(list::DEFINITIONS)
            .flat_map(|file| file.definitions().map(move |definition| (file.path(), definition)))
    }

    /// The files that define a kind.
    pub fn files_defining<'i>(&'i self, group: &str, kind: &str) -> impl Iterator<Item = RepoPath> + use<'i> {
        let wanted = kind.to_owned();
        let defining = self.definitions_in(group).filter(move |(_, definition)| definition.kind == wanted);
        defining.map(|(path, _)| path)
    }

    /// Every object of some kinds (groups and kinds), with its file. Looks at all files, where there are kinds.
    pub fn objects_of(&self, kinds: &BTreeSet<(&str, &str)>) -> impl Iterator<Item = (RepoPath, ObjectId)> {
        let files = (!kinds.is_empty()).then(|| self.files()).into_iter().flatten();
        let all = files.flat_map(|file| file.objects().map(move |object| (file.path(), object.id)));
        all.filter(|(_, id)| kinds.contains(&(id.group.as_str(), id.kind.as_str())))
    }

    /// The teams, in the order of their directories.
    pub fn teams(&self) -> impl Iterator<Item = Team> {
        self.teams.starting(String::new()).map(stored_team::team)
    }

    /// How many teams there are.
    pub(super) fn team_count(&self) -> usize {
        self.teams.len()
    }

    /// The team of a name.
    pub fn team(&self, name: &str) -> Option<Team> {
        let parents = [self.cluster_path.as_ref().map_or("cluster", RepoPath::as_str), "tenants/base"];
        let mut directories = parents.into_iter().filter_map(|parent| RepoPath::resolve(parent, name));
        directories.find_map(|directory| self.team_in(&directory)).filter(|team| team.name.as_str() == name)
    }

    fn team_in(&self, directory: &RepoPath) -> Option<Team> {
        self.teams.get(directory.as_str()).map(stored_team::team)
    }

    fn teams_with<'i>(&'i self, list: usize, key: &[u8]) -> impl Iterator<Item = Team> + use<'i> {
        self.teams.find(list, key).map(|(row, _): (Row<'_>, _)| stored_team::team(row))
    }

    /// The team in whose directory a path lies; for `tenants/<environment>/<team>/` the team of
    /// that name.
    pub fn team_of_path(&self, path: &RepoPath) -> Option<Team> {
        let own = self.team_directory(path).and_then(|directory| self.team_in(&directory));
        own.or_else(|| {
            let mut parts = path.below("tenants")?.splitn(3, '/').skip(1);
            let (team, _rest) = (parts.next()?, parts.next()?);
            self.team(team)
        })
    }

    /// The teams that own a namespace: those that declare it, else those that use it. More than
    /// one where two directories claim it.
    pub fn owners_of_namespace(&self, namespace: &str) -> Vec<Team> {
        let claims = self.teams_with(stored_team::list::NAMESPACES, namespace.as_bytes());
        let (declare, use_only): (Vec<Team>, Vec<Team>) = claims.partition(|team| self.declares(team, namespace));
        if declare.is_empty() { use_only } else { declare }
    }

    fn declares(&self, team: &Team, namespace: &str) -> bool {
        let mut declarations = self.declarations_of_namespace(namespace);
        declarations.any(|path| path.below(team.directory.as_str()).is_some())
    }

    /// The team that owns a namespace.
    pub fn owner_of_namespace(&self, namespace: &str) -> Option<Team> {
        self.owners_of_namespace(namespace).into_iter().next()
    }

    /// The teams whose manifests come from a repository; GitHub ignores case here. There should be one.
    pub fn teams_of_repository(&self, repository: &RepositoryName) -> impl Iterator<Item = Team> {
        self.teams_with(stored_team::list::REPOSITORIES, &stored_team::repository_key(repository.as_str()))
    }

    /// The team whose manifests come from a repository.
    pub fn team_of_repository(&self, repository: &RepositoryName) -> Option<Team> {
        self.teams_of_repository(repository).next()
    }

    /// The files that declare a namespace (a `Namespace` object).
    pub fn declarations_of_namespace<'i>(&'i self, namespace: &str) -> impl Iterator<Item = RepoPath> + use<'i> {
        self.objects_with_id(&ObjectId {
            group: String::new(),
            kind: "Namespace".to_owned(),
            namespace: None,
            name: namespace.to_owned(),
        })
    }
}
