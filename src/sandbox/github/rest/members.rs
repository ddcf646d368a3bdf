//! Who is who: collaborators' roles, team memberships, organisations, users.

use http::Method;
use serde_json::json;

use super::super::access::{Level, METADATA, Role};
use super::super::answer::{Answer, Outcome};
use super::super::call::{At, Call, Caller};
use super::super::model::AccountKind;
use super::app::only_app;

/// `GET /repos/…/collaborators/{user}/permission`.
pub(super) fn collaborator(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    let (&Method::GET, [login, "permission"]) = (&call.method, path) else { return Err(Answer::not_found()) };
    let id = call.repository(at, METADATA)?;
    if let Caller::User(user) = call.caller {
        let pushes = call.with(id, |show, repository| show.state.role(user, repository) >= Role::Write)?;
        if !pushes {
            return Err(Answer::forbidden("Must have push access to view collaborator permission."));
        }
    }
    call.with(id, |show, repository| {
        let account = show.state.account(login).filter(|it| !matches!(it.kind, AccountKind::Organization(_)));
        let account = account.ok_or_else(Answer::not_found)?;
        let role = show.state.role(account.id, repository);
        let mut user = show.user(account.id);
        user["permissions"] = json!({
            "admin": role >= Role::Admin,
            "maintain": role >= Role::Maintain,
            "push": role >= Role::Write,
            "triage": role >= Role::Triage,
            "pull": role >= Role::Read,
        });
        user["role_name"] = json!(role.name());
        Ok(Answer::ok(json!({"permission": role.legacy(), "role_name": role.name(), "user": user})))
    })?
}

/// `/orgs/…`.
pub(super) fn organization(call: &Call, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::GET, [login]) => {
            let state = call.shared.state();
            let account = state.account(login).filter(|it| matches!(it.kind, AccountKind::Organization(_)));
            let account = account.ok_or_else(Answer::not_found)?;
            let full = match &call.caller {
                Caller::User(user) => state.organization(account.id).is_some_and(|it| it.members.contains_key(user)),
                Caller::Installation(grant) => {
                    let administers = state.effective(grant).contains_key("organization_administration");
                    administers && state.installations.get(&grant.installation).map(|it| it.account) == Some(account.id)
                }
                Caller::App | Caller::Nobody => false,
            };
            Ok(Answer::ok(call.shared.show(&state).organization(account, full)))
        }
        (&Method::GET, [login, "installation"]) => {
            only_app(call)?;
            let state = call.shared.state();
            let account = state.account(login).ok_or_else(Answer::not_found)?.id;
            let installation = state.installations.values().find(|it| it.account == account);
            Ok(Answer::ok(call.shared.show(&state).installation(installation.ok_or_else(Answer::not_found)?)))
        }
        (&Method::GET, [organization, "teams", slug, "memberships", login]) => {
            membership(call, organization, slug, login)
        }
        _ => Err(Answer::not_found()),
    }
}

/// Needs Members: read of that organisation; owners count as maintainers of every team.
fn membership(call: &Call, organization: &str, slug: &str, login: &str) -> Outcome {
    let state = call.shared.state();
    let account = state.account(organization).ok_or_else(Answer::not_found)?;
    let organization = state.organization(account.id).ok_or_else(Answer::not_found)?;
    match &call.caller {
        Caller::Installation(grant) => {
            let own = state.installations.get(&grant.installation).is_some_and(|it| it.account == account.id);
            if !own {
                return Err(Answer::not_found());
            }
            if state.effective(grant).get("members") < Some(&Level::Read) {
                return Err(Answer::not_for_integration());
            }
        }
        Caller::User(user) if organization.members.contains_key(user) => {}
        _ => return Err(Answer::not_found()),
    }
    let team = state.teams.iter().find(|team| team.organization == account.id && team.slug == slug);
    let team = team.ok_or_else(Answer::not_found)?;
    let user = state.account(login).ok_or_else(Answer::not_found)?;
    let active = team.members.get(&user.id).ok_or_else(Answer::not_found)?;
    let owner = organization.members.get(&user.id) == Some(&true);
    Ok(Answer::ok(json!({
        "state": if *active { "active" } else { "pending" },
        "role": if owner { "maintainer" } else { "member" },
        "url": call.shared.show(&state).api(&format!("/organizations/{}/team/{}/memberships/{}", account.id, team.id, user.login)),
    })))
}

/// `GET /users/{login}`.
pub(super) fn user(call: &Call, login: &str) -> Outcome {
    if call.method != Method::GET {
        return Err(Answer::not_found());
    }
    let state = call.shared.state();
    let account = state.account(login).ok_or_else(Answer::not_found)?;
    let show = call.shared.show(&state);
    let mut shown = show.user(account.id);
    let created = super::super::shapes::time(account.created_at);
    for (field, value) in [
        ("name", json!(account.login)),
        ("company", json!(null)),
        ("blog", json!("")),
        ("location", json!(null)),
        ("email", json!(null)),
        ("hireable", json!(null)),
        ("bio", json!(null)),
        ("public_repos", json!(0)),
        ("public_gists", json!(0)),
        ("followers", json!(0)),
        ("following", json!(0)),
        ("created_at", json!(created)),
        ("updated_at", json!(created)),
    ] {
        shown[field] = value;
    }
    Ok(Answer::ok(shown))
}
