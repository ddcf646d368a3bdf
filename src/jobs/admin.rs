//! The admin repository at one commit: its files, its teams, and what a new team would change.

use std::collections::BTreeMap;

use super::{Context, JobError};
use crate::config::ClusterConfig;
use crate::forge::{Access, Repo};
use crate::git::{BlobKind, GitError, Mirror, Remote, Snapshot};
use crate::manifest::ManifestFile;
use crate::names::{BranchName, CommitId, RepoPath};
use crate::rules::{Policy, PolicyError};
use crate::scaffold::remove::{self, Removal, RemoveError, RemoveRequest};
use crate::scaffold::{self, Outcome, ScaffoldError, Survey, TeamRequest};
use crate::tenancy::RepositoryIndex;

/// Where a repository may keep its policy: read from the base branch only.
pub(super) const POLICY_FILE: &str = ".bailiwick/policy.yaml";

/// A policy's text as a policy, as of today.
pub(super) fn policy(context: &Context, text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(&policy_path(), text, today(context))
}

/// The policy that a manifest is.
pub(super) fn policy_of(context: &Context, file: &ManifestFile) -> Result<Policy, PolicyError> {
    Policy::of(file, today(context))
}

fn today(context: &Context) -> jiff::civil::Date {
    context.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// [`POLICY_FILE`] as a path.
pub(super) fn policy_path() -> RepoPath {
    POLICY_FILE.parse().expect("a path inside the repository")
}

/// The text of a repository's own policy; the inner error is a policy that is there and cannot be read,
/// which must not pass for none.
pub(super) fn policy_text(snapshot: &Snapshot) -> Result<Option<Result<String, String>>, GitError> {
    let blob = snapshot.read(&policy_path())?;
    Ok(blob.map(|blob| match (blob.kind, blob.bytes.map(String::from_utf8)) {
        (BlobKind::File | BlobKind::Executable, Some(Ok(text))) => Ok(text),
        _ => Err(format!("{POLICY_FILE} on the base branch is no text file of at most 3 MiB: mend it there")),
    }))
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
    let mirror = context.mirrors.open(facts.id);
    let Some(tip) = branch_tip(&repo, &mirror, &facts.clone_url, &config.branch).await? else {
        let problem = format!("{} has no branch {}", config.admin_repository, config.branch);
        return Err(JobError::fail(format!("{problem}: correct `branch` of cluster {}", config.name)));
    };
    fetch(&repo, &mirror, &facts.clone_url, (std::slice::from_ref(&tip), &[config.branch.full_ref()])).await?;
    open(context, config, &facts.id, mirror, tip).await
}

/// At a commit that is on, or was on, that branch.
pub(super) async fn at(context: &Context, config: &ClusterConfig, commit: &CommitId) -> Result<Base, JobError> {
    let (repo, facts) = context.repository_facts(&config.admin_repository, Access::READ).await?;
    let mirror = context.mirrors.open(facts.id);
    fetch(&repo, &mirror, &facts.clone_url, (std::slice::from_ref(commit), &[config.branch.full_ref()])).await?;
    open(context, config, &facts.id, mirror, commit.clone()).await
}

async fn open(
    context: &Context,
    config: &ClusterConfig,
    id: &crate::names::RepositoryId,
    mirror: Mirror,
    commit: CommitId,
) -> Result<Base, JobError> {
    let snapshot = mirror.snapshot(&commit).await?;
    let index = context.indexes.of(*id, Some(&config.path), &snapshot).await?;
    Ok(Base { commit, index, snapshot, mirror })
}

/// The tip of a branch as the remote has it; a token that was refused is made anew, once.
pub(super) async fn branch_tip(
    repo: &Repo,
    mirror: &Mirror,
    clone_url: &str,
    branch: &BranchName,
) -> Result<Option<CommitId>, JobError> {
    let token = repo.git_token().await?;
    match mirror.branch_tip(&Remote { clone_url, token: Some(&token) }, branch).await {
        Err(GitError::Refused { .. }) => {
            repo.forget_git_token(&token).await;
            let token = repo.git_token().await?;
            Ok(mirror.branch_tip(&Remote { clone_url, token: Some(&token) }, branch).await?)
        }
        other => Ok(other?),
    }
}

/// Fetches commits with the installation's token, through `refs` where the server gives no bare
/// commits; a token that was refused is made anew, once.
pub(super) async fn fetch(
    repo: &Repo,
    mirror: &Mirror,
    clone_url: &str,
    (wants, refs): (&[CommitId], &[String]),
) -> Result<(), JobError> {
    let token = repo.git_token().await?;
    match mirror.fetch_through(&Remote { clone_url, token: Some(&token) }, wants, refs).await {
        Err(GitError::Refused { .. }) => {
            repo.forget_git_token(&token).await;
            let token = repo.git_token().await?;
            mirror.fetch_through(&Remote { clone_url, token: Some(&token) }, wants, refs).await?;
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
        let Some(parent) = self.mirror.first_parent(&self.commit).await? else { return Ok(Vec::new()) };
        let before = self.mirror.snapshot(&parent).await?;
        let after = self.snapshot.clone();
        let changed = tokio::task::spawn_blocking(move || after.changed_since(&before, 10_000)).await;
        let changed = changed.map_err(|error| JobError::retry(error.to_string()))??;
        Ok(changed.paths.into_iter().map(|change| change.path).collect())
    }

    /// The repository's own policy, where it has one.
    pub(super) async fn policy(&self, context: &Context) -> Result<Option<Policy>, JobError> {
        let snapshot = self.snapshot.clone();
        let read = tokio::task::spawn_blocking(move || policy_text(&snapshot)).await;
        let read = read.map_err(|error| JobError::retry(error.to_string()))??;
        let text = read.transpose().map_err(JobError::fail)?;
        text.map(|text| policy(context, &text)).transpose().map_err(|error| JobError::fail(error.to_string()))
    }
}

/// What a new team would change here, by the templates that this commit has or by the built-in ones. The whole
/// repository is read: a name may be taken anywhere.
pub(super) async fn plan_team(
    base: &Base,
    config: &ClusterConfig,
    request: &TeamRequest,
) -> Result<Result<Outcome, ScaffoldError>, JobError> {
    let (snapshot, path, request) = (base.snapshot.clone(), config.path.clone(), request.clone());
    let work = move || {
        let files = texts(&snapshot)?;
        Ok(scaffold::plan(&request, &Survey::new(&files, path)))
    };
    let planned: Result<_, GitError> =
        tokio::task::spawn_blocking(work).await.map_err(|error| JobError::retry(error.to_string()))?;
    Ok(planned?)
}

/// What a team's leaving would change here. The whole repository is read: the team may be named anywhere.
pub(super) async fn plan_removal(
    base: &Base,
    config: &ClusterConfig,
    request: &RemoveRequest,
) -> Result<Result<Removal, RemoveError>, JobError> {
    let (snapshot, path, request) = (base.snapshot.clone(), config.path.clone(), request.clone());
    let index = base.index.clone();
    let work = move || {
        let files = texts(&snapshot)?;
        Ok(remove::plan(&request, &Survey::new(&files, path), &index))
    };
    let planned: Result<_, GitError> =
        tokio::task::spawn_blocking(work).await.map_err(|error| JobError::retry(error.to_string()))?;
    Ok(planned?)
}

/// So many bytes of text a repository may hold for a team to be planned in it.
const MOST_TEXT: usize = 256 << 20;

/// Every text file.
fn texts(snapshot: &Snapshot) -> Result<BTreeMap<RepoPath, String>, GitError> {
    let (mut texts, mut bytes) = (BTreeMap::new(), 0);
    let walk = snapshot.walk("")?;
    if walk.truncated {
        return Err(GitError::TooLarge {
            what: format!("commit {}, its files", snapshot.commit().short()),
            limit: 200_000,
        });
    }
    for file in walk.files {
        let read = snapshot.read_id(file.kind, file.id)?.bytes;
        if let Some(text) = read.and_then(|bytes| String::from_utf8(bytes).ok()) {
            bytes += text.len();
            texts.insert(file.path, text);
        }
        if bytes > MOST_TEXT {
            let what = format!("commit {}, bytes of its text files", snapshot.commit().short());
            return Err(GitError::TooLarge { what, limit: MOST_TEXT as u64 });
        }
    }
    Ok(texts)
}
