//! `/approve`: one of the people whom the check `bailiwick/grants` waits for.
//!
//! An approval is for one head, as whoever gives it has seen it: the head was judged before the comment was written, and
//! what it grants now is what the check has shown. Nobody approves what they had a hand in.

use super::Call;
use super::pull::as_seen;
use crate::command::Approve;
use crate::forge::{PullRequest, Repo};
use crate::jobs::decisions::{Approval, Decisions};
use crate::jobs::review_pull_request::{About, Granted, Grants, Part, Place, Proposal, part};
use crate::jobs::{JobError, hands};
use crate::report::comment;

/// Runs the command; returns the answer.
pub(super) async fn run(call: &Call<'_>, command: &Approve) -> Result<String, JobError> {
    if call.clusters.is_empty() {
        return Ok(comment::not_here("approve", "Write it on a pull request of the admin repository."));
    }
    if call.context.config.grants.is_none() {
        return Ok(comment::approve_off());
    }
    let (repo, pull) = match as_seen(call, "approve").await? {
        Ok(seen) => seen,
        Err(answer) => return Ok(answer),
    };
    if let Some(named) = command.commit.as_ref().filter(|named| !pull.head.sha.as_str().starts_with(named.as_str())) {
        return Ok(comment::approve_other_head(named, &pull.head.sha));
    }
    let name = call.context.known_as(call.job.repository, &call.job.repository_name);
    let Some(Part { role, check }) = part(call.context, &name, &pull.base.branch).await? else {
        return Ok(comment::not_here("approve", "Nothing is judged on this base branch."));
    };
    let place = Place::pull(call.job.repository, call.job.issue);
    let about = About { place: &place, head: &pull.head.sha, base: &pull.base.branch, name: &check, again: false };
    let Some(check) = Grants::asked(call.context, &role, &about) else { return Ok(comment::approve_off()) };
    let judged = match Proposal::of(&pull)? {
        Ok(proposal) => role.judged(call.context, &repo, proposal).await?,
        Err(report) => Err(report),
    };
    let granted = match judged {
        Ok(judged) => judged.grants(),
        Err(report) => Err(report.title),
    };
    match command.withdraw {
        true => withdraw(call, (&repo, &pull), &check, &granted).await,
        false => approve(call, (&repo, &pull), &check, &granted).await,
    }
}

async fn approve(
    call: &Call<'_>,
    (repo, pull): (&Repo, &PullRequest),
    check: &Grants<'_>,
    granted: &Granted,
) -> Result<String, JobError> {
    let (store, head) = (&call.context.store, &pull.head.sha);
    if let Some(why) = hand(call, pull).await? {
        call.record_approval((WHAT, head), Some(&why)).await?;
        return Ok(comment::approve_own(&why));
    }
    let grants = match granted {
        Ok(grants) => grants,
        Err(why) => return Ok(comment::approve_unknown(why)),
    };
    if !check.has_shown(store, grants).await? {
        check.publish((call.context, call.lease, repo), granted).await?;
        return Ok(comment::approve_changed());
    }
    if grants.is_empty() {
        return Ok(comment::approve_nothing());
    }
    let approval = Approval {
        by: call.job.author,
        login: call.job.login.clone(),
        head: head.clone(),
        base: pull.base.branch.clone(),
        gains: grants.digest(),
    };
    let at = (call.job.repository, call.job.issue);
    let mut decisions = Decisions::of(store, at.0, at.1).await?;
    decisions.approve(approval);
    // The log first: nothing is approved of which it says nothing.
    call.record_approval((WHAT, head), None).await?;
    decisions.keep(store, call.lease, at).await?;
    let number = check.publish((call.context, call.lease, repo), granted).await?;
    Ok(comment::approved(head, number, check.required()))
}

async fn withdraw(
    call: &Call<'_>,
    (repo, pull): (&Repo, &PullRequest),
    check: &Grants<'_>,
    granted: &Granted,
) -> Result<String, JobError> {
    let (store, at) = (&call.context.store, (call.job.repository, call.job.issue));
    let mut decisions = Decisions::of(store, at.0, at.1).await?;
    let was_there = decisions.withdraw(call.job.author);
    if was_there {
        call.record_approval((WITHDRAWN, &pull.head.sha), None).await?;
        decisions.keep(store, call.lease, at).await?;
    }
    // Also where nothing was there: a run that was cut may have come as far as that.
    check.publish((call.context, call.lease, repo), granted).await?;
    Ok(comment::approval_withdrawn(was_there))
}

const WHAT: &str = "what the head grants";
const WITHDRAWN: &str = "approval taken back";

/// What the person has done with the pull request beside approving it.
async fn hand(call: &Call<'_>, pull: &PullRequest) -> Result<Option<String>, JobError> {
    let me = call.job.author;
    if pull.author.as_ref().is_some_and(|author| author.id == me) {
        return Ok(Some("opened this pull request".to_owned()));
    }
    let hands = hands::of(&call.context.store, (call.job.repository, call.job.issue), &pull.head.sha).await?;
    let asked = hands.asked.contains(&me).then_some("asked for this pull request");
    let pushed = hands.pushed.contains(&me).then_some("pushed to this pull request");
    let twin = hands.head.contains(&me).then_some("have a pull request with the same head");
    Ok(asked.or(pushed).or(twin).map(str::to_owned))
}
