//! `GET /repos/{owner}/{repo}` and its installation.

use http::Method;

use super::super::access::{METADATA, Role};
use super::super::answer::{Answer, Outcome};
use super::super::call::{At, Call, Caller};
use super::app::only_app;

pub(super) fn route(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    if call.method != Method::GET {
        return Err(Answer::not_found());
    }
    if path == ["installation"] {
        only_app(call)?;
        let state = call.shared.state();
        let repository = state.repository(at.owner, at.name).ok_or_else(Answer::not_found)?;
        let installation = state.installation_of(repository).ok_or_else(Answer::not_found)?;
        return Ok(Answer::ok(call.shared.show(&state).installation(installation)));
    }
    let id = call.repository(at, METADATA)?;
    call.with(id, |show, repository| {
        let role = match call.caller {
            Caller::User(user) => show.state.role(user, repository),
            // Installation tokens see no role of a person here.
            _ => Role::None,
        };
        Answer::ok(show.full_repository(repository, role))
    })
}
