//! The REST API below `/api/v3`: one file per group of endpoints, each with its own small router.
//! What no router knows is answered with GitHub's 404.

mod app;
mod branches;
mod budget;
mod check_input;
mod check_runs;
mod comments;
mod commits;
mod contents;
mod deliveries;
mod deployments;
mod files;
mod hook;
mod keys;
mod members;
mod objects;
mod pulls;
mod refs;
mod repository;
mod schemas;
mod tokens;

use std::sync::Arc;

use super::answer::{Answer, Outcome};
use super::call::{At, Call};
use super::server::{self, Incoming};
use super::shared::Shared;

/// Answers one request; `path` is the part below `/api/v3`.
pub(crate) async fn handle(shared: &Arc<Shared>, path: String, incoming: Incoming) -> Answer {
    match server::call(shared, path, incoming) {
        Ok(call) => budget::spend(&call, route(&call)).await,
        Err(refusal) => refusal,
    }
}

async fn route(call: &Call) -> Outcome {
    let decoded: Vec<String> = call.path.split('/').skip(1).map(|segment| server::decode(segment.as_bytes())).collect();
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["repos", owner, name, rest @ ..] => in_repository(call, At { owner, name }, rest).await,
        ["repositories", id, rest @ ..] => {
            let (owner, name) = by_id(call, id)?;
            in_repository(call, At { owner: &owner, name: &name }, rest).await
        }
        ["app", "hook", "config"] => hook::config(call),
        ["app", "hook", "deliveries", rest @ ..] => deliveries::route(call, rest),
        ["app", "installations", id, "access_tokens"] => tokens::create(call, id),
        ["app", ..] => app::route(call, &segments),
        ["installation", rest @ ..] => tokens::route(call, rest),
        ["orgs", organization, "repos"] => repository::create(call, organization).await,
        ["orgs", rest @ ..] => members::organization(call, rest),
        ["users", login] => members::user(call, login),
        ["meta"] => Ok(app::meta()),
        ["rate_limit"] => budget::route(call),
        _ => Err(Answer::not_found()),
    }
}

/// The name that belongs to an id now.
fn by_id(call: &Call, id: &str) -> Outcome<(String, String)> {
    let id: u64 = id.parse().map_err(|_| Answer::not_found())?;
    let state = call.shared.state();
    let repository = state.repositories.get(&id).ok_or_else(Answer::not_found)?;
    Ok((state.login(repository.owner).to_owned(), repository.name.clone()))
}

async fn in_repository(call: &Call, at: At<'_>, rest: &[&str]) -> Outcome {
    match rest {
        [] | ["installation"] => repository::route(call, at, rest),
        ["pulls", rest @ ..] => pulls::route(call, at, rest).await,
        ["issues", rest @ ..] => comments::route(call, at, rest),
        ["check-runs" | "check-suites", ..] => check_runs::route(call, at, rest).await,
        ["commits", .., "check-runs"] if rest.len() > 2 => check_runs::route(call, at, rest).await,
        ["commits" | "compare", ..] => commits::route(call, at, rest).await,
        ["branches", rest @ ..] => branches::route(call, at, rest).await,
        ["rules", "branches", branch @ ..] => branches::rules(call, at, &branch.join("/")),
        ["contents", path @ ..] => contents::route(call, at, path).await,
        ["git", "ref" | "refs" | "matching-refs", ..] => refs::route(call, at, &rest[1..]).await,
        ["git", rest @ ..] => objects::route(call, at, rest).await,
        ["keys", rest @ ..] => keys::route(call, at, rest),
        ["collaborators", rest @ ..] => members::collaborator(call, at, rest),
        ["deployments", rest @ ..] => deployments::route(call, at, rest).await,
        _ => Err(Answer::not_found()),
    }
}

/// A number from the path.
fn number(text: &str) -> Outcome<u64> {
    text.parse().map_err(|_| Answer::not_found())
}
