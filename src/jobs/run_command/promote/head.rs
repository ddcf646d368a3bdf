//! The head of the team's pull request: what it adds and changes.

use std::sync::Arc;

use crate::forge::{PullRequest, Repo};
use crate::git::{Blob, Changed, Changes, GitError, Snapshot};
use crate::jobs::{Context, JobError, admin, indexes};
use crate::manifest::{self, EntryRole, ManifestFile};
use crate::names::{BranchName, CommitId, NameError, RepoPath};
use crate::scaffold::promote::{self, Gathered, Pull};
use crate::tenancy::{FileSummary, RepositoryIndex};

/// Changed files that are looked at; GitHub lists no more of a pull request.
const MOST_FILES: usize = 3_000;
/// Bytes of changed manifests, as in a review.
const MOST_BYTES: usize = 8 << 20;

/// Reads what the head changes against its common ancestor with the base branch; the inner error is a sentence that
/// says why there is no answer.
pub(super) async fn gather(
    context: &Context,
    repo: &Repo,
    pull: &PullRequest,
) -> Result<Result<Gathered, String>, JobError> {
    let (Some(base), Some(clone_url)) = (&pull.base.repo, pull.base.clone_url()) else {
        return Ok(Err("The base repository is gone.".to_owned()));
    };
    let mirror = context.mirrors.open(base.id);
    let branch: BranchName = pull.base.branch.parse().map_err(|error: NameError| JobError::fail(error.to_string()))?;
    let Some(tip) = admin::branch_tip(repo, &mirror, clone_url, &branch).await? else {
        return Ok(Err("The base branch is gone.".to_owned()));
    };
    let head = pull.head.sha.clone();
    match admin::fetch(repo, &mirror, clone_url, (&[tip.clone(), head.clone()], &pull.refs())).await {
        Err(JobError::Fail { reason }) => return Ok(Err(format!("The head cannot be read: {reason}"))),
        fetched => fetched?,
    }
    let (bases, after) = (mirror.clone(), mirror.snapshot(&head).await?);
    let ancestors: Vec<CommitId> = blocking(move || bases.merge_bases(&tip, &head)).await?;
    let [ancestor] = ancestors.as_slice() else {
        return Ok(Err("The branch and its base have not one common ancestor: rebase it.".to_owned()));
    };
    let before = mirror.snapshot(ancestor).await?;
    let index = context.indexes.of(base.id, None, &before).await?;
    blocking(move || read(&index, &before, &after)).await
}

/// Work that reads the disk, away from the threads that answer webhooks.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GitError> + Send + 'static,
) -> Result<T, JobError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| JobError::retry(error.to_string()))??)
}

fn read(index: &RepositoryIndex, before: &Snapshot, after: &Snapshot) -> Result<Result<Gathered, String>, GitError> {
    let Changes { paths, unreadable, truncated } = after.changed_since(before, MOST_FILES)?;
    if truncated {
        return Ok(Err(format!("It changes more than {MOST_FILES} files: split it into several pull requests.")));
    }
    if let Some(path) = unreadable.first() {
        return Ok(Err(format!("The name of a changed file cannot be read (`{path}`): rename it.")));
    }
    let mut changed = Read::default();
    let (manifests, others) = paths.into_iter().partition(|change| manifest::is_manifest(&change.path));
    let index = index.with(changed.take(manifests, (before, after))?);
    // A file of any name is a manifest where a kustomization lists it.
    let listed = |change: &Changed| index.referrers_of(&change.path).any(|(_, role)| role == EntryRole::Resource);
    let others = others.into_iter().filter(listed).collect();
    let index = index.with(changed.take(others, (before, after))?);
    if changed.bytes > MOST_BYTES {
        return Ok(Err("It changes more than 8 MiB of manifests: split it into several pull requests.".to_owned()));
    }
    Ok(Ok(promote::gather(Pull { index: &index, files: &changed.files, before: &changed.before })))
}

/// A file that was written (`Some`) or deleted (`None`), for the index.
type Written = (RepoPath, Option<Arc<FileSummary>>);

/// The changed manifests, as they are and as they were.
#[derive(Default)]
struct Read {
    files: Vec<ManifestFile>,
    before: Vec<ManifestFile>,
    bytes: usize,
}

impl Read {
    /// Reads changed files, as long as they are not too much; gives what the index has to know of them.
    fn take(
        &mut self,
        changes: Vec<Changed>,
        (before, after): (&Snapshot, &Snapshot),
    ) -> Result<Vec<Written>, GitError> {
        let mut summaries = Vec::with_capacity(changes.len());
        for Changed { path, before: old, after: new } in changes {
            let Some(new) = new else {
                summaries.push((path, None));
                continue;
            };
            let blob = after.read_id(new.kind, new.id)?;
            let old = old.map(|old| before.read_id(old.kind, old.id)).transpose()?;
            self.bytes += [Some(&blob), old.as_ref()].into_iter().flatten().map(size).sum::<usize>();
            if self.bytes > MOST_BYTES {
                break;
            }
            let file = indexes::read_blob(&path, &blob);
            self.before.extend(old.map(|old| indexes::read_blob(&path, &old)));
            summaries.push((path, Some(Arc::new(FileSummary::of(&file)))));
            self.files.push(file);
        }
        Ok(summaries)
    }
}

fn size(blob: &Blob) -> usize {
    blob.bytes.as_ref().map_or(0, Vec::len)
}
