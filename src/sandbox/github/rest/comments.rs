//! Issues, their comments, and reactions to comments.

use http::{Method, StatusCode};
use serde_json::Value;

use super::super::access::{ISSUES_READ, ISSUES_WRITE, Need, PULLS_WRITE, Role, TALK_READ};
use super::super::answer::{Answer, Outcome};
use super::super::call::{At, Call, Caller, required};
use super::super::model::{Comment, Reaction};
use super::schemas::{COMMENT, REACTION};

pub(super) fn route(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::GET, ["comments", id]) => {
            let comment = find(call, at, super::number(id)?, false)?;
            Ok(Answer::ok(shown(call, comment.id)?))
        }
        (&Method::PATCH, ["comments", id]) => {
            let comment = may_change(call, find(call, at, super::number(id)?, true)?)?;
            let body = call.input(COMMENT)?;
            let new = required(&body, "body")?;
            call.shared.edit_comment(comment.id, new, call.actor()?)?;
            Ok(Answer::ok(shown(call, comment.id)?))
        }
        (&Method::DELETE, ["comments", id]) => {
            let comment = may_change(call, find(call, at, super::number(id)?, true)?)?;
            call.shared.delete_comment(comment.id, call.actor()?)?;
            Ok(Answer::no_content())
        }
        (&Method::POST, ["comments", id, "reactions"]) => react(call, at, super::number(id)?),
        (&Method::GET, ["comments", id, "reactions"]) => {
            let comment = find(call, at, super::number(id)?, false)?;
            let reactions = {
                let state = call.shared.state();
                let show = call.shared.show(&state);
                let fits = |it: &&Reaction| call.param("content").is_none_or(|content| content == it.content);
                comment.reactions.iter().filter(fits).map(|it| show.reaction(it)).collect()
            };
            call.page(reactions)
        }
        (&Method::DELETE, ["comments", id, "reactions", reaction]) => {
            let comment = find(call, at, super::number(id)?, true)?;
            call.shared.take_back(comment.id, super::number(reaction)?, call.actor()?)?;
            Ok(Answer::no_content())
        }
        (&Method::GET, [number]) => {
            let number = super::number(number)?;
            let id = readable(call, at, number)?;
            call.with(id, |show, repository| repository.issues.get(&number).map(|issue| show.issue(repository, issue)))?
                .map(Answer::ok)
                .ok_or_else(Answer::not_found)
        }
        (&Method::GET, [number, "comments"]) => list(call, at, super::number(number)?),
        (&Method::POST, [number, "comments"]) => create(call, at, super::number(number)?),
        _ => Err(Answer::not_found()),
    }
}

/// What an issue needs, which is less where it is a pull request: then either permission will do.
fn need(call: &Call, at: At<'_>, number: u64, write: bool) -> Need {
    let state = call.shared.state();
    let issue = state.repository(at.owner, at.name).and_then(|it| it.issues.get(&number));
    let is_pull = issue.is_some_and(|issue| issue.pull.is_some());
    match (is_pull, write) {
        (true, false) => TALK_READ,
        (true, true) => TALK_WRITE,
        (false, false) => ISSUES_READ,
        (false, true) => ISSUES_WRITE,
    }
}

const TALK_WRITE: Need = Need { any: &[ISSUES_WRITE.any[0], PULLS_WRITE.any[0]], role: Some(Role::Read) };

fn readable(call: &Call, at: At<'_>, number: u64) -> Outcome<u64> {
    call.repository(at, need(call, at, number, false))
}

fn list(call: &Call, at: At<'_>, number: u64) -> Outcome {
    let id = readable(call, at, number)?;
    let since = call.param("since").and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let comments = {
        let state = call.shared.state();
        state.issue(id, number).ok_or_else(Answer::not_found)?;
        let show = call.shared.show(&state);
        let fits = |it: &&Comment| {
            it.repository == id && it.number == number && since.is_none_or(|since| it.updated_at >= since)
        };
        state.comments.values().filter(fits).map(|comment| show.comment(comment)).collect()
    };
    call.page(comments)
}

fn create(call: &Call, at: At<'_>, number: u64) -> Outcome {
    let id = call.repository(at, need(call, at, number, true))?;
    let body = call.input(COMMENT)?;
    let comment = call.shared.comment(id, number, required(&body, "body")?, call.actor()?)?;
    Ok(Answer::created(shown(call, comment)?))
}

fn shown(call: &Call, id: u64) -> Outcome<Value> {
    let state = call.shared.state();
    let comment = state.comments.get(&id).ok_or_else(Answer::not_found)?;
    Ok(call.shared.show(&state).comment(comment))
}

/// The comment, if the caller may read or write there.
fn find(call: &Call, at: At<'_>, id: u64, write: bool) -> Outcome<Comment> {
    let comment = call.shared.state().comments.get(&id).cloned();
    // Where there is no such comment, the repository's own refusals still come first; whether it was on an
    // issue or a pull request is then not known, and either permission will do to learn that it is gone.
    let need = match &comment {
        Some(comment) => need(call, at, comment.number, write),
        None if write => TALK_WRITE,
        None => TALK_READ,
    };
    let repository = call.repository(at, need)?;
    comment.filter(|comment| comment.repository == repository).ok_or_else(Answer::not_found)
}

/// People change their own comments, and those of others with write access; an App only its own.
fn may_change(call: &Call, comment: Comment) -> Outcome<Comment> {
    let state = call.shared.state();
    let repository = state.repositories.get(&comment.repository).ok_or_else(Answer::not_found)?;
    let allowed = match &call.caller {
        Caller::User(user) => *user == comment.user || state.role(*user, repository) >= Role::Write,
        _ => comment.user == call.shared.app.bot,
    };
    drop(state);
    if allowed { Ok(comment) } else { Err(Answer::not_for_integration()) }
}

fn react(call: &Call, at: At<'_>, id: u64) -> Outcome {
    let comment = find(call, at, id, true)?;
    let body = call.input(REACTION)?;
    let (new, reaction) = call.shared.react(comment.id, required(&body, "content")?, call.actor()?)?;
    let state = call.shared.state();
    let body = call.shared.show(&state).reaction(&reaction);
    Ok(Answer::json(if new { StatusCode::CREATED } else { StatusCode::OK }, body))
}
