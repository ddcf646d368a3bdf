//! What is a team's own, and whether it is nobody else's.

use std::collections::BTreeSet;

use super::tree::Tree;
use super::{RemoveError, RemoveRequest, surveyed};
use crate::manifest::is_kustomization;
use crate::names::{Engine, RepoPath, RepositoryName, TeamName};
use crate::scaffold::survey::mentions;
use crate::scaffold::{Layout, Survey, Wanted};
use crate::schema::nearest_name;
use crate::tenancy::{ObjectId, RepositoryIndex, Team, parse_git_url};

/// A team that is to leave.
pub(super) struct Leaving {
    pub(super) team: TeamName,
    pub(super) engine: Engine,
    pub(super) layout: Layout,
    /// Its directories: the first one, then those of the environments.
    pub(super) directories: Vec<RepoPath>,
    /// The namespaces that they declare.
    pub(super) namespaces: BTreeSet<String>,
    /// The address of its repository.
    pub(super) url: Option<String>,
    pub(super) repository: Option<RepositoryName>,
}

impl Leaving {
    pub(super) fn find(
        request: &RemoveRequest,
        survey: &Survey<'_>,
        index: &RepositoryIndex,
    ) -> Result<Self, RemoveError> {
        let layout = survey.layout(Wanted::Seen).map_err(surveyed)?;
        let (name, known) = (request.team.as_str(), index.team(request.team.as_str()));
        let mut directories = places(name, layout, survey);
        directories.retain(|directory| index.contains_directory(directory));
        if directories.is_empty() || known.is_none() && !request.was_team {
            let names: Vec<String> = index.teams().map(|team| team.name.as_str().to_owned()).collect();
            let near = nearest_name(name, names.iter().map(String::as_str).filter(|other| *other != name));
            let near = near.map(str::to_owned);
            return Err(RemoveError::Unknown { team: request.team.clone(), near, teams: names.len() });
        }
        let namespaces = declared(index, &directories);
        let engine = known.as_ref().map_or_else(|| layout.engine(), |team| team.engine);
        let source = known.as_ref().and_then(|team| team.source.as_ref()).map(|source| source.url.clone());
        let given = || request.git_url.as_ref().map(ToString::to_string);
        let seen = || survey.git_url(&request.team).map(|url| url.to_string());
        let url = source.or_else(given).or_else(seen);
        let repository = known.and_then(|team| team.repository).or_else(|| parse_git_url(url.as_deref()?));
        Ok(Self { team: request.team.clone(), engine, layout, directories, namespaces, url, repository })
    }

    /// Whether a path is in one of the team's directories.
    pub(super) fn owns(&self, path: &RepoPath) -> bool {
        self.directories.iter().any(|directory| path.below(directory.as_str()).is_some())
    }

    /// The other team in whose directory a path lies.
    pub(super) fn other_team(&self, index: &RepositoryIndex, path: &RepoPath) -> Option<Team> {
        index.team_of_path(path).filter(|other| other.name != self.team)
    }

    /// A refusal: others use something of the team.
    pub(super) fn shared(&self, place: impl ToString, what: String) -> RemoveError {
        RemoveError::Shared { team: self.team.clone(), place: place.to_string(), what }
    }

    /// Whether every file can be read that may have to be changed: one that is passed over would go on naming what is
    /// gone.
    pub(super) fn is_readable(&self, tree: &Tree<'_>) -> Result<(), RemoveError> {
        for file in tree.before.files().filter(|file| file.is_unreadable()) {
            let path = file.path();
            let text = tree.text(&path).unwrap_or_default();
            let names = std::iter::once(self.team.as_str()).chain(self.namespaces.iter().map(String::as_str));
            if names.into_iter().any(|name| mentions(text, name)) || self.owns(&path) {
                tree.read(&path)?;
            }
        }
        Ok(())
    }

    /// Whether nobody else uses what is the team's own.
    pub(super) fn is_alone(&self, survey: &Survey<'_>, index: &RepositoryIndex) -> Result<(), RemoveError> {
        for namespace in &self.namespaces {
            self.is_own(namespace, index)?;
        }
        let files = survey.files().keys().filter(|path| self.owns(path));
        for path in files.chain(&self.directories) {
            for (by, _) in index.referrers_of(path) {
                if let Some(other) = self.other_team(index, &by) {
                    return Err(self.shared(by, format!("names {path} for team {}", other.name)));
                }
            }
        }
        Ok(())
    }

    fn is_own(&self, namespace: &str, index: &RepositoryIndex) -> Result<(), RemoveError> {
        if let Some(path) = index.declarations_of_namespace(namespace).find(|path| !self.owns(path)) {
            return Err(self.shared(path, format!("declares the namespace {namespace} too")));
        }
        let other = index.teams().find(|other| other.name != self.team && other.owns(namespace));
        other.map_or(Ok(()), |other| {
            let file = other.sync.map(|sync| sync.file).or_else(|| other.source.map(|source| source.file));
            let place = file.unwrap_or(other.directory);
            Err(self.shared(place, format!("uses the namespace {namespace} for team {}", other.name)))
        })
    }
}

/// Where a team of this name has its directories, there or not.
fn places(name: &str, layout: Layout, survey: &Survey<'_>) -> Vec<RepoPath> {
    let parents = match layout {
        Layout::FluxV1 | Layout::FluxV2 => vec![survey.cluster_path().to_string()],
        Layout::FluxV2Environments => {
            let environments = survey.environments().into_iter().map(|name| format!("tenants/{name}"));
            std::iter::once("tenants/base".to_owned()).chain(environments).collect()
        }
    };
    parents.iter().filter_map(|parent| RepoPath::resolve(parent, name)).collect()
}

/// The namespaces that are declared in these directories.
fn declared(index: &RepositoryIndex, directories: &[RepoPath]) -> BTreeSet<String> {
    let files = directories.iter().flat_map(|directory| index.files_below(directory.as_str()));
    let objects = files.filter(|file| !is_aside(index, &file.path())).flat_map(|file| file.objects());
    let is_namespace = |id: &ObjectId| id.group.is_empty() && id.kind == "Namespace";
    objects.map(|object| object.id).filter(is_namespace).map(|id| id.name).collect()
}

/// Whether a file's objects are none of the cluster: patches, data, templates.
pub(super) fn is_aside(index: &RepositoryIndex, path: &RepoPath) -> bool {
    path.below(".github").is_some()
        || is_kustomization(path)
        || index.is_only_patch_or_data(path)
        || index.is_template(path)
}
