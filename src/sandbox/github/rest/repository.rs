//! `GET /repos/{owner}/{repo}`, its installation, and making a repository in an organisation.

use http::Method;

use super::super::access::{Level, METADATA, Role};
use super::super::answer::{Answer, Outcome};
use super::super::call::{At, Call, Caller, required, text};
use super::super::ops::repositories::NewRepository;
use super::app::only_app;
use super::schemas::NEW_REPOSITORY;

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

/// `POST /orgs/{org}/repos`: needs Administration: write there, or an owner of the organisation.
pub(super) async fn create(call: &Call, organization: &str) -> Outcome {
    if call.method != Method::POST {
        return Err(Answer::not_found());
    }
    let by = call.actor()?;
    let owner = {
        let state = call.shared.state();
        let owner = state.account(organization).ok_or_else(Answer::not_found)?.id;
        let members = &state.organization(owner).ok_or_else(Answer::not_found)?.members;
        match &call.caller {
            Caller::Installation(grant) => {
                if state.installations.get(&grant.installation).is_none_or(|it| it.account != owner) {
                    return Err(Answer::not_found());
                }
                if state.effective(grant).get("administration") < Some(&Level::Write) {
                    return Err(Answer::not_for_integration());
                }
            }
            _ if members.get(&by) == Some(&true) => {}
            _ => {
                return Err(Answer::forbidden(
                    "You need admin access to the organization before adding a repository to it.",
                ));
            }
        }
        owner
    };
    let body = call.input(NEW_REPOSITORY)?;
    let flag = |field| body.get(field).and_then(serde_json::Value::as_bool).unwrap_or_default();
    let private = flag("private") || text(&body, "visibility") == Some("private");
    let description = text(&body, "description");
    let new = NewRepository { owner, name: required(&body, "name")?, private, description, by };
    let id = call.shared.create_repository(new).await?;
    if flag("auto_init") {
        call.shared.auto_init(id, by).await?;
    }
    call.with(id, |show, repository| Answer::created(show.full_repository(repository, Role::None)))
}
