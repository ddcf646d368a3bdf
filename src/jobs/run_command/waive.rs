//! `/waive`: lets the findings of one rule on one object pass, on this pull request.
//!
//! *Who may*: in the admin repository whoever the configuration allows. In a team's repository only the members of a team
//! of the organisation that it names: a right on their own repository would let a team waive what keeps it apart from
//! the others.
//!
//! *What*: the head is judged again, and each finding of the rule on the object is bound to what it says and to the object as
//! it is there. When either changes, the waiver is gone; what was pushed after the comment was written is not waived.

use super::Call;
use super::pull::as_seen;
use crate::command::Waive;
use crate::finding::{Finding, ObjectRef};
use crate::jobs::JobError;
use crate::jobs::decisions::{Decisions, MOST_WAIVERS};
use crate::jobs::review_pull_request::{Judged, Proposal, part};
use crate::report::comment;
use crate::rules::yaml::UNREADABLE;
use crate::store::NewJob;

/// Runs the command; returns the answer.
pub(super) async fn run(call: &Call<'_>, command: &Waive, follow_up: &mut Vec<NewJob>) -> Result<String, JobError> {
    // What is not judged is never green, whoever says so; the policy can name the file.
    if command.rule == UNREADABLE {
        return Ok(comment::never_waived(UNREADABLE));
    }
    let (repo, pull) = match as_seen(call, "waive").await? {
        Ok(seen) => seen,
        Err(answer) => return Ok(answer),
    };
    let name = call.context.known_as(call.job.repository, &call.job.repository_name);
    let Some(part) = part(call.context, &name, &pull.base.branch).await? else {
        return Ok(comment::not_here("waive", "Nothing is judged on this base branch."));
    };
    let judged = match Proposal::of(&pull)? {
        Ok(proposal) => part.role.judged(call.context, &repo, proposal).await?,
        Err(report) => Err(report),
    };
    match judged {
        Ok(judged) => decide(call, command, &judged, follow_up).await,
        Err(report) => Ok(comment::nothing_judged("waive", &report.title)),
    }
}

async fn decide(
    call: &Call<'_>,
    command: &Waive,
    judged: &Judged,
    follow_up: &mut Vec<NewJob>,
) -> Result<String, JobError> {
    let found: Vec<&Finding> = judged.findings().iter().filter(|finding| is_meant(command, finding)).collect();
    if found.is_empty() {
        let rule = |finding: &&Finding| finding.rule.as_str() == command.rule;
        let others: Vec<&ObjectRef> =
            judged.findings().iter().filter(rule).filter_map(|one| one.object.as_ref()).collect();
        return Ok(comment::nothing_to_waive(&command.rule, &command.object(), &others));
    }
    let waivers = found.iter().filter_map(|finding| judged.waiver(finding, &call.job.login, &command.reason));
    let waivers: Vec<_> = waivers.collect();
    if waivers.len() != found.len() {
        return Ok(comment::cannot_be_bound(&command.object()));
    }
    let place = (call.job.repository, call.job.issue);
    let mut decisions = Decisions::of(&call.context.store, place.0, place.1).await?;
    waivers.into_iter().for_each(|waiver| decisions.waive(waiver));
    if decisions.waivers.len() > MOST_WAIVERS {
        return Ok(comment::too_many_waivers(MOST_WAIVERS));
    }
    // The log first: no waiver holds of which it says nothing.
    call.record_waiver(command, judged.head().clone(), found.len()).await?;
    decisions.keep(&call.context.store, call.lease, place).await?;
    follow_up.push(call.review_again());
    Ok(comment::waived(&command.rule, &command.object(), found.len()))
}

/// Whether a finding is of the rule and the object. A namespace that is not written in the command may be any: an object
/// need not name its own.
fn is_meant(command: &Waive, finding: &Finding) -> bool {
    let named = |object: &ObjectRef| {
        object.kind == command.kind
            && object.name == command.name
            && (command.namespace.is_none() || object.namespace == command.namespace)
    };
    finding.rule.as_str() == command.rule && finding.object.as_ref().is_some_and(named)
}
