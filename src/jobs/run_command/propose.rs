//! A commit on a branch of the bot's own, and the pull request for it: made, or brought up to date.

use crate::forge::{FileChange, ForgeError, NewCommit, NewPull, PullState, PullUpdate, Repo};
use crate::jobs::JobError;
use crate::names::{BranchName, CommitId, IssueNumber};
use crate::scaffold::{self, ChangeSet};

/// The files of a change set as those of a commit.
pub(super) fn files(changes: &ChangeSet) -> Vec<FileChange> {
    let file = |file: &scaffold::FileChange| match &file.after {
        Some(text) => FileChange::write(file.path.clone(), text.clone()),
        None => FileChange::delete(file.path.clone()),
    };
    changes.files.iter().map(file).collect()
}

/// Brings the branch to the commit. Where nothing is known of the branch and it is there (a store
/// that was lost, a run that was cut), it is looked at and brought up to date.
pub(super) async fn commit(repo: &Repo, mut new: NewCommit, seen_before: bool) -> Result<CommitId, JobError> {
    if seen_before {
        new.expected = repo.branch_head(&new.branch).await?;
    }
    let made = repo.commit_files(&new).await;
    let Err(ForgeError::Conflict { .. }) = made else { return Ok(made?.id) };
    new.expected = repo.branch_head(&new.branch).await?;
    match repo.commit_files(&new).await {
        Err(error @ ForgeError::Conflict { .. }) => Err(JobError::retry(error.to_string())),
        made => Ok(made?.id),
    }
}

/// Opens the pull request, or brings the one that is open for its branch up to date. Returns its
/// number and whether it was there.
pub(super) async fn open_or_update(
    repo: &Repo,
    new: NewPull,
    seen_before: bool,
) -> Result<(IssueNumber, bool), JobError> {
    let mut open = if seen_before { open_pull(repo, &new.head).await? } else { None };
    if open.is_none() {
        match repo.create_pull(&new).await {
            Ok(pull) => return Ok((pull.number, false)),
            Err(error @ ForgeError::Conflict { .. }) => {
                open = Some(open_pull(repo, &new.head).await?.ok_or_else(|| JobError::fail(error.to_string()))?);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let number = open.expect("there, or it was opened");
    let update = PullUpdate { body: Some(new.body), ..PullUpdate::default() };
    repo.update_pull(number, &update).await?;
    Ok((number, true))
}

async fn open_pull(repo: &Repo, branch: &BranchName) -> Result<Option<IssueNumber>, JobError> {
    let pulls = repo.pulls_with_head(branch).await?;
    Ok(pulls.into_iter().find(|pull| pull.state == PullState::Open).map(|pull| pull.number))
}
