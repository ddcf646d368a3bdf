//! The admin repository at one commit: its files, its teams, and what a new team would change.

use std::collections::BTreeMap;

use super::{Context, JobError};
use crate::config::ClusterConfig;
use crate::forge::{Access, Repo};
use crate::git::{GitError, Mirror, Remote, Snapshot};
use crate::names::{CommitId, RepoPath};
use crate::rules::{Policy, PolicyError};
use crate::scaffold::{self, Existing, Outcome, ScaffoldError, Taken, TeamRequest};
use crate::tenancy::RepositoryIndex;

/// Where a repository may keep its policy: read from the base branch only.
pub(super) const POLICY_FILE: &str = ".bailiwick/policy.yaml";

/// A policy's text as a policy, as of today.
pub(super) fn policy(context: &Context, text: &str) -> Result<Policy, PolicyError> {
    let today = context.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    Policy::parse(&POLICY_FILE.parse().expect("a path inside the repository"), text, today)
}

/// The repository at one commit.
pub(super) struct Base {
    pub(super) commit: CommitId,
    pub(super) index: RepositoryIndex,
    pub(super) snapshot: Snapshot,
    pub(super) mirror: Mirror,
}

/// At the tip of the branch that the cluster tracks.
pub(super) async fn tip(context: &Context, config: &ClusterConfig) -> Result<Base, JobError> {
    let (repo, facts) = context.repository_facts(&config.admin_repository, Access::READ).await?;
    let mirror = context.mirrors.open(facts.id)?;
    let tip = {
        let token = repo.git_token().await?;
        let remote = Remote { clone_url: &facts.clone_url, token: Some(&token) };
        mirror.branch_tip(&remote, &config.branch).await?
    };
    let Some(tip) = tip else {
        let problem = format!("{} has no branch {}", config.admin_repository, config.branch);
        return Err(JobError::fail(format!("{problem}: correct `branch` of cluster {}", config.name)));
    };
    fetch(&repo, &mirror, &facts.clone_url, std::slice::from_ref(&tip)).await?;
    open(context, config, &facts.id, mirror, tip).await
}

/// At a commit that is on, or was on, that branch.
pub(super) async fn at(context: &Context, config: &ClusterConfig, commit: &CommitId) -> Result<Base, JobError> {
    let (repo, facts) = context.repository_facts(&config.admin_repository, Access::READ).await?;
    let mirror = context.mirrors.open(facts.id)?;
    fetch(&repo, &mirror, &facts.clone_url, std::slice::from_ref(commit)).await?;
    open(context, config, &facts.id, mirror, commit.clone()).await
}

async fn open(
    context: &Context,
    config: &ClusterConfig,
    id: &crate::names::RepositoryId,
    mirror: Mirror,
    commit: CommitId,
) -> Result<Base, JobError> {
    let snapshot = mirror.snapshot(&commit)?;
    let index = context.indexes.of(*id, &snapshot).await?.with_cluster_path(config.path.clone());
    Ok(Base { commit, index, snapshot, mirror })
}

/// Fetches commits with the installation's token; a token that was refused is made anew, once.
pub(super) async fn fetch(
    repo: &Repo,
    mirror: &Mirror,
    clone_url: &str,
    wants: &[CommitId],
) -> Result<(), JobError> {
    let token = repo.git_token().await?;
    match mirror.fetch(&Remote { clone_url, token: Some(&token) }, wants).await {
        Err(GitError::Refused { .. }) => {
            repo.forget_git_token(&token).await;
            let token = repo.git_token().await?;
            mirror.fetch(&Remote { clone_url, token: Some(&token) }, wants).await?;
        }
        other => {
            other?;
        }
    }
    Ok(())
}

impl Base {
    /// The paths that this commit changed against its first parent: for a merge, what it brought in.
    pub(super) async fn changed_by_commit(&self) -> Result<Vec<RepoPath>, JobError> {
        let Some(parent) = self.mirror.first_parent(&self.commit)? else { return Ok(Vec::new()) };
        let before = self.mirror.snapshot(&parent)?;
        let after = self.snapshot.clone();
        let changed = tokio::task::spawn_blocking(move || after.changed_since(&before, 10_000)).await;
        let changed = changed.map_err(|error| JobError::retry(error.to_string()))??;
        Ok(changed.paths.into_iter().map(|change| change.path).collect())
    }

    /// The repository's own policy, where it has one.
    pub(super) fn policy(&self, context: &Context) -> Result<Option<Policy>, JobError> {
        let text = self.text(&POLICY_FILE.parse().expect("a path inside the repository"))?;
        text.map(|text| policy(context, &text)).transpose().map_err(|error| JobError::fail(error.to_string()))
    }

    /// A text file of this commit.
    pub(super) fn text(&self, path: &RepoPath) -> Result<Option<String>, JobError> {
        let blob = self.snapshot.read(path)?;
        Ok(blob.and_then(|blob| String::from_utf8(blob.bytes?).ok()))
    }
}

/// What a new team would change here.
pub(super) fn plan_team(
    base: &Base,
    config: &ClusterConfig,
    request: &TeamRequest,
) -> Result<Result<Outcome, ScaffoldError>, JobError> {
    let existing = existing(base, config, request)?;
    Ok(scaffold::plan(request, &existing))
}

fn existing(base: &Base, config: &ClusterConfig, request: &TeamRequest) -> Result<Existing, JobError> {
    let at = config.path.as_str();
    let Some(path) = base.index.kustomization_of(at) else {
        let problem = format!("{at}/kustomization.yaml is missing on {}: add it and try again", config.branch);
        return Err(JobError::fail(problem));
    };
    let mut taken = BTreeMap::new();
    for (file, _) in base.index.files_below(at) {
        if let Some((directory, _)) = file.below(at).and_then(|rest| rest.split_once('/')) {
            taken.insert(directory.to_lowercase(), Taken::Directory(format!("{at}/{directory}")));
        }
    }
    for team in base.index.teams() {
        for namespace in &team.namespaces {
            taken.entry(namespace.to_string()).or_insert_with(|| Taken::Namespace(team.directory.to_string()));
        }
    }
    let mut team_files = BTreeMap::new();
    for (file, _) in base.index.files_below(&format!("{at}/{}", request.team)) {
        if let Some(text) = base.text(file)? {
            team_files.insert(file.clone(), text);
        }
    }
    let kustomization = base.text(path)?.unwrap_or_default();
    Ok(Existing { cluster_path: config.path.clone(), kustomization_path: path.clone(), kustomization, taken, team_files })
}
