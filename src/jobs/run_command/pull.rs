//! The pull request that a decision is about, as whoever decides has seen it.

use super::Call;
use crate::forge::{Access, PullRequest, PullState, Repo};
use crate::jobs::JobError;
use crate::jobs::review_pull_request::{Place, seen_since};
use crate::report::comment;

/// The open pull request under the command, where its head had been judged before the comment was written: somebody may
/// have pushed after that, and then the decision is about something else. The inner error is the answer.
///
/// GitHub says in whole seconds when a comment was written, cut and not rounded: a verdict of the same second is taken
/// for a later one.
pub(super) async fn as_seen(call: &Call<'_>, command: &str) -> Result<Result<(Repo, PullRequest), String>, JobError> {
    if !call.job.is_pull {
        return Ok(Err(comment::not_here(command, "Write it on a pull request.")));
    }
    let at = (call.job.repository, call.job.repository_name.clone());
    let repo = call.context.forge.repo(call.job.installation, at, Access::REVIEW);
    let pull = repo.pull(call.job.issue).await?;
    if pull.state != PullState::Open {
        return Ok(Err(comment::not_here(command, "This pull request is not open.")));
    }
    let place = Place::pull(call.job.repository, call.job.issue);
    let seen = seen_since(&call.context.store, &place, (&pull.head.sha, &pull.base.branch)).await?;
    let in_time = matches!((seen, call.written), (Some(seen), Some(written)) if seen <= written);
    Ok(if in_time { Ok((repo, pull)) } else { Err(comment::head_not_seen(command, &pull.head.sha)) })
}
