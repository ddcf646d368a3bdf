//! The paths that a change opens. Only the teams that the change may concern are looked at, and of the repository only
//! what decides over these: a change costs what it touches.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::graph::{FLUX_NAMESPACE, Graph, Who};
use super::model::Model;
use super::{IsolationPath, Step, Target, TeamIsolation, patched, search};
use crate::manifest::{EntryRole, is_kustomization};
use crate::names::{RepoPath, TeamName};
use crate::rbac::{Subject, difference};
use crate::tenancy::facts::flux::CONTROLLERS;
use crate::tenancy::facts::{Fact, SourceName};
use crate::tenancy::rights::about;
use crate::tenancy::stored::list;
use crate::tenancy::{ObjectId, Place, RepositoryIndex, Rights, Team};

/// How many teams are looked at. What concerns all concerns the first ones as well.
const TEAMS: usize = 50;

/// A path that was not there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPath {
    /// From whose repository.
    pub team: TeamName,
    /// The path; none of its steps is assumed.
    pub path: IsolationPath,
    /// Where the change opens it.
    pub at: Place,
}

/// The paths that a change opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPaths {
    /// By teams.
    pub paths: Vec<NewPath>,
    /// How many teams the change may concern beyond those that were looked at.
    pub unseen: usize,
}

impl NewPaths {
    /// Those of a change of some files; `rights` says what it gives and takes, and is asked where it may.
    pub fn between<'r>(
        before: &RepositoryIndex,
        after: &RepositoryIndex,
        changed: &BTreeSet<RepoPath>,
        rights: impl FnOnce() -> &'r Rights,
    ) -> Self {
        let sides = [before, after];
        if !sides.iter().any(|index| changed.iter().any(|path| matters(index, path))) {
            return Self::default();
        }
        let mut concerned = Concerned::default();
        sides.iter().for_each(|index| concerned.by_files(index, changed));
        let mut gaining = BTreeSet::new();
        if sides.iter().any(|index| changed.iter().any(|path| may_move_rights(index, path))) {
            let rights = rights();
            let changes = difference(&rights.before, &rights.after).changes;
            gaining
                .extend(changes.iter().filter(|change| !change.gained.is_empty()).map(|change| change.subject.clone()));
            concerned.by_subjects(after, &gaining);
        }
        let (teams, unseen) = concerned.chosen(after);
        if teams.is_empty() {
            return Self::default();
        }
        let files: BTreeSet<RepoPath> =
            sides.into_iter().flat_map(|index| files_of(index, &teams)).chain(changed.iter().cloned()).collect();
        let subjects: BTreeSet<Subject> =
            sides.into_iter().flat_map(|index| accounts_of(index, &teams, &files)).chain(gaining).collect();
        let who = |index| {
            let mut places = Vec::new();
            let world = about(index, &files, &subjects, &mut places);
            patched::with_patches(index, Who { world, places }, Some(&files))
        };
        let (was, said) = side(before, &teams, &files, &who(before));
        let (is, _) = side(after, &teams, &files, &who(after));
        Self { paths: opened((was, said), is, changed), unseen }
    }
}

/// The proven paths that were not there, and where they are opened.
fn opened(
    (was, said): (Vec<TeamIsolation>, HashSet<String>),
    is: Vec<TeamIsolation>,
    changed: &BTreeSet<RepoPath>,
) -> Vec<NewPath> {
    let was: BTreeMap<TeamName, TeamIsolation> = was.into_iter().map(|one| (one.team.clone(), one)).collect();
    let mut paths = Vec::new();
    for TeamIsolation { team, paths: found, .. } in is {
        let had = |target: &Target| was.get(&team).is_some_and(|was| was.paths.iter().any(|path| covers(path, target)));
        for path in found.into_iter().filter(|path| !path.assumed && !had(&path.to)) {
            let Some(at) = opened_at(&path.steps, &said, changed) else { continue };
            paths.push(NewPath { team: team.clone(), path, at });
        }
    }
    paths
}

/// Whether a file may give or take rights.
fn may_move_rights(index: &RepositoryIndex, path: &RepoPath) -> bool {
    let Some(file) = index.file(path) else { return false };
    is_kustomization(path) || file.facts().any(|fact| matches!(fact, Fact::Rights(_) | Fact::Sync(_)))
}

/// Whether somebody who had a path had what another target is: a path that was not sure then was none.
fn covers(path: &IsolationPath, target: &Target) -> bool {
    !path.assumed && (path.to == *target || path.to == Target::Cluster)
}

/// Whether a file can open a path.
fn matters(index: &RepositoryIndex, path: &RepoPath) -> bool {
    let Some(file) = index.file(path) else { return false };
    is_kustomization(path) || file.facts().any(|fact| !matches!(fact, Fact::Ignore(_)))
}

/// The teams that a change may concern; those that it concerns most surely first.
#[derive(Debug, Default)]
struct Concerned {
    names: Vec<TeamName>,
    known: BTreeSet<TeamName>,
    everybody: bool,
}

impl Concerned {
    fn add(&mut self, team: impl IntoIterator<Item = Team>) {
        self.extend(team.into_iter().map(|team| team.name));
    }

    fn extend(&mut self, names: impl IntoIterator<Item = TeamName>) {
        for name in names {
            if self.known.insert(name.clone()) {
                self.names.push(name);
            }
        }
    }

    /// Those that are looked at, and how many are not.
    fn chosen(mut self, index: &RepositoryIndex) -> (BTreeSet<TeamName>, usize) {
        let mut all = self.names.len();
        if self.everybody {
            self.extend(index.teams().map(|team| team.name).take(TEAMS));
            all = all.max(index.team_count());
        }
        let teams: BTreeSet<TeamName> = self.names.into_iter().take(TEAMS).collect();
        let unseen = all.saturating_sub(teams.len());
        (teams, unseen)
    }

    fn by_files(&mut self, index: &RepositoryIndex, changed: &BTreeSet<RepoPath>) {
        for path in changed {
            let own = index.team_of_path(path);
            let is_of_team = own.is_some();
            self.add(own);
            for fact in index.file(path).into_iter().flat_map(|file| file.facts()) {
                match fact {
                    // How Flux is started, and what is put over many teams at once.
                    Fact::Controller(_) | Fact::Patch(_) if !is_of_team => self.everybody = true,
                    Fact::Sync(sync) => self.by_source(index, sync.source.as_ref(), sync.namespace.as_deref()),
                    Fact::Flux(flux) => {
                        let namespace = flux.namespace.as_deref();
                        self.extend(owners(index, namespace.unwrap_or_default()));
                        flux.names.iter().for_each(|name| self.by_source(index, Some(name), namespace));
                    }
                    Fact::Source(source) => self.by_address(index, &source.url),
                    Fact::FluxV1(daemon) => self.by_address(index, daemon.url.as_deref().unwrap_or_default()),
                    _ => {}
                }
            }
        }
    }

    /// Those whose source something takes.
    fn by_source(&mut self, index: &RepositoryIndex, source: Option<&SourceName>, own: Option<&str>) {
        let Some(source) = source else { return };
        let written = source.namespace.as_deref().or(own);
        for kind in ["GitRepository", "OCIRepository", "Bucket"] {
            for namespace in [written, None].into_iter().collect::<BTreeSet<_>>() {
                let id = ObjectId {
                    group: "source.toolkit.fluxcd.io".to_owned(),
                    kind: kind.to_owned(),
                    namespace: namespace.map(str::to_owned),
                    name: source.name.clone(),
                };
                for file in index.objects_with_id(&id).take(TEAMS) {
                    self.add(index.team_of_path(&file));
                }
            }
        }
    }

    /// Those whose repository has an address.
    fn by_address(&mut self, index: &RepositoryIndex, url: &str) {
        let repository = crate::tenancy::parse_git_url(url);
        let teams = repository.iter().flat_map(|name| index.teams_of_repository(name)).take(TEAMS);
        self.extend(teams.map(|team| team.name));
    }

    /// Those whose accounts have rights that differ.
    fn by_subjects(&mut self, index: &RepositoryIndex, subjects: &BTreeSet<Subject>) {
        for subject in subjects {
            match subject {
                Subject::ServiceAccount { namespace, .. } => self.extend(owners(index, namespace)),
                Subject::Group(name) => match name.strip_prefix("system:serviceaccounts") {
                    Some("") => self.everybody = true,
                    Some(of) => self.extend(owners(index, of.trim_start_matches(':'))),
                    None if name == "system:authenticated" => self.everybody = true,
                    None => {}
                },
                Subject::User(_) => {}
            }
        }
    }
}

fn owners(index: &RepositoryIndex, namespace: &str) -> Vec<TeamName> {
    index.owners_of_namespace(namespace).into_iter().map(|team| team.name).collect()
}

/// The files that say what some teams can reach.
fn files_of(index: &RepositoryIndex, teams: &BTreeSet<TeamName>) -> BTreeSet<RepoPath> {
    let mut files = BTreeSet::new();
    let teams = teams.iter().filter_map(|name| index.team(name.as_str()));
    for team in teams.flat_map(|team| together(index, team)) {
        files.extend(index.files_below(team.directory.as_str()).map(|file| file.path()));
        let own = index.kustomization_of(team.directory.as_str());
        files.extend(index.files_named_by(own.iter().cloned().collect()));
        if let Some(source) = &team.source {
            files.extend(index.paths(list::TAKEN, source.name.as_bytes()).take(TEAMS));
        }
    }
    let kustomizations: Vec<RepoPath> = files.iter().filter(|path| is_kustomization(path)).cloned().collect();
    for file in kustomizations.iter().filter_map(|path| index.file(path)) {
        let patches = file.entries().filter(|entry| entry.role == EntryRole::Patch);
        files.extend(patches.filter_map(|entry| entry.target));
    }
    files
}

/// Whoever may act for the teams, as far as their files name it, and Flux's controllers.
fn accounts_of(index: &RepositoryIndex, teams: &BTreeSet<TeamName>, files: &BTreeSet<RepoPath>) -> BTreeSet<Subject> {
    let mut names = BTreeSet::from(["default".to_owned()]);
    for file in files.iter().filter_map(|path| index.file(path)) {
        let accounts = file.objects().filter(|object| object.id.kind == "ServiceAccount");
        names.extend(accounts.map(|object| object.id.name));
        names.extend(file.facts().filter_map(|fact| match fact {
            Fact::Sync(fact) => fact.service_account,
            Fact::Flux(fact) => fact.account,
            Fact::FluxV1(fact) => fact.account,
            Fact::Patch(fact) => fact.account,
            _ => None,
        }));
    }
    let teams: Vec<Team> =
        teams.iter().filter_map(|name| index.team(name.as_str())).flat_map(|team| together(index, team)).collect();
    let namespaces = teams.iter().flat_map(|team| team.namespaces.iter().map(|namespace| namespace.as_str()));
    let mut subjects = BTreeSet::new();
    for namespace in namespaces.chain([FLUX_NAMESPACE]) {
        subjects.extend(names.iter().map(|name| Subject::account(namespace, name)));
        subjects.insert(Subject::group(&format!("system:serviceaccounts:{namespace}")));
    }
    subjects.extend(CONTROLLERS.map(|name| Subject::account(FLUX_NAMESPACE, name)));
    subjects
}

/// A team, and those with the same repository.
fn together(index: &RepositoryIndex, team: Team) -> Vec<Team> {
    let same = team.repository.iter().flat_map(|name| index.teams_of_repository(name));
    let others: Vec<Team> = same.filter(|other| other.directory != team.directory).take(TEAMS).collect();
    std::iter::once(team).chain(others).collect()
}

/// What the teams reach on one side, and every step that was looked at there.
fn side(
    index: &RepositoryIndex,
    names: &BTreeSet<TeamName>,
    files: &BTreeSet<RepoPath>,
    who: &Who,
) -> (Vec<TeamIsolation>, HashSet<String>) {
    let teams = names.iter().filter_map(|name| index.team(name.as_str()));
    let mut all: Vec<Team> = Vec::new();
    for team in teams.flat_map(|team| together(index, team)) {
        if !all.iter().any(|known| known.directory == team.directory) {
            all.push(team);
        }
    }
    let model = Model::of(index, all, files);
    let mut graph = Graph::new(index, &model, who);
    let wanted: Vec<usize> =
        (0..model.teams.len()).filter(|number| names.contains(&model.teams[*number].name)).collect();
    let found = wanted.into_iter().map(|number| search::of_team(&mut graph, number)).collect();
    (found, graph.said())
}

/// Where the change opens a path: at the first step that is new and stands in a changed file.
fn opened_at(steps: &[Step], said: &HashSet<String>, changed: &BTreeSet<RepoPath>) -> Option<Place> {
    let new = steps.iter().filter(|step| !said.contains(&step.words));
    let mut places = new.chain(steps).flat_map(|step| &step.places);
    let place = places.find(|place| changed.contains(&place.file)).cloned();
    // What is gone opens it: the file then says nothing.
    place.or_else(|| changed.iter().next().map(|file| Place { file: file.clone(), line: 1 }))
}
