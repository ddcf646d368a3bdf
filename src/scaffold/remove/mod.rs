//! What a team's leaving changes in an admin repository: two change sets, one after the other.
//!
//! The first takes away only what makes Flux apply the team's repository, so that Flux prunes what it has applied with the
//! rights that it still has. Where the account goes first, Flux logs that it is unable to prune and leaves everything
//! behind (kustomize-controller, `finalize`). The second takes away all the rest.

mod error;
mod leaving;
mod lists;
mod named;
mod patches;
mod rest;
mod show;
mod sync;
mod told;
mod tree;

use std::collections::BTreeMap;

use super::{ChangeSet, ScaffoldError, Survey};
use crate::names::{Engine, GitUrl, RepoPath, RepositoryName, TeamName};
use crate::tenancy::{RepositoryIndex, TeamSource, TeamSync};
use leaving::Leaving;
use tree::Tree;

pub use error::RemoveError;
pub use told::{Lost, Told, Warning};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct RemoveRequest {
    /// The team.
    pub team: TeamName,
    /// Whether it is known that this was a team, though nothing in the repository makes Flux apply it any more.
    pub was_team: bool,
    /// The address of its repository, for where the repository says it no more.
    pub git_url: Option<GitUrl>,
    /// The address of the admin repository itself: what lets Flux follow that stays.
    pub own_url: Option<GitUrl>,
}

impl RemoveRequest {
    /// A team of which nothing else is known.
    pub const fn new(team: TeamName) -> Self {
        Self { team, was_team: false, git_url: None, own_url: None }
    }
}

/// How a team leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The team.
    pub team: TeamName,
    /// The generation of Flux that runs it.
    pub engine: Engine,
    /// The directories that are its own.
    pub directories: Vec<RepoPath>,
    /// The namespaces that go with it.
    pub namespaces: Vec<String>,
    /// Its repository, where that is on the forge.
    pub repository: Option<RepositoryName>,
    /// Where its manifests come from; `None` once the first step is done.
    pub source: Option<TeamSource>,
    /// What applies them; `None` once the first step is done, and for Flux v1.
    pub sync: Option<TeamSync>,
    /// What ends that Flux applies the team; without files where that is done.
    pub first: ChangeSet,
    /// Everything else, once the first one is done.
    pub second: ChangeSet,
    /// What people have to know before.
    pub told: Told,
    /// What is left to look at, one sentence each, without a full stop.
    pub notes: Vec<String>,
    /// Whether objects that Git has no more are deleted from the cluster. Flux v1 does so only where it is told to
    /// (`--sync-garbage-collection`).
    pub collected: bool,
}

/// Decides what a team's leaving changes, in a repository with these files, which `index` is of.
///
/// # Errors
/// Where there is no such team, something of it is used by another one, or a file cannot be edited. Nothing is to be
/// written then.
pub fn plan(request: &RemoveRequest, survey: &Survey<'_>, index: &RepositoryIndex) -> Result<Removal, RemoveError> {
    let leaving = Leaving::find(request, survey, index)?;
    leaving.is_alone(survey, index)?;
    let mut tree = Tree::new(survey.files(), index);
    leaving.is_readable(&tree)?;
    sync::end(&mut tree, &leaving)?;
    let first = tree.changes();
    let middle = tree.texts();
    let notes = rest::remove(&mut tree, &leaving, (request, survey))?;
    let second = tree.changes_since(&middle);
    let told = told::told(survey.files(), (index, &leaving), [&first, &second]);
    let collects = |text: &String| text.contains("--sync-garbage-collection");
    let collected = leaving.engine == Engine::FluxV2 || survey.files().values().any(collects);
    let team = index.team(request.team.as_str());
    let (source, sync) = team.map_or((None, None), |team| (team.source, team.sync));
    Ok(Removal {
        team: request.team.clone(),
        engine: leaving.engine,
        namespaces: leaving.namespaces.iter().cloned().collect(),
        repository: leaving.repository,
        directories: leaving.directories,
        source,
        sync,
        first,
        second,
        told,
        notes,
        collected,
    })
}

/// The files after a change set.
///
/// # Panics
/// Never.
pub fn applied(files: &BTreeMap<RepoPath, String>, changes: &ChangeSet) -> BTreeMap<RepoPath, String> {
    let mut files = files.clone();
    for change in &changes.files {
        match &change.after {
            Some(text) => files.insert(change.path.clone(), text.clone()),
            None => files.remove(&change.path),
        };
    }
    files
}

/// A file of the repository cannot be surveyed.
fn surveyed(error: ScaffoldError) -> RemoveError {
    RemoveError::Repository(Box::new(error))
}

#[cfg(test)]
mod tests;
