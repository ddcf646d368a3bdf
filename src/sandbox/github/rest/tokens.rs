//! Installation tokens: made for an hour, for some repositories, with some permissions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::super::access::Level;
use super::super::answer::{Answer, Outcome};
use super::super::call::{Call, Caller};
use super::super::model::{Grant, Installation, State, Token};
use super::super::shapes::{permissions, time};
use super::app::only_app;
use super::schemas::NEW_TOKEN;

/// A token's life.
const HOUR: Duration = Duration::from_secs(3600);
/// GitHub's limit of repositories per token.
const MAX_REPOSITORIES: usize = 500;

pub(super) fn route(call: &Call, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::DELETE, ["token"]) => revoke(call),
        (&Method::GET, ["repositories"]) => repositories(call),
        _ => Err(Answer::not_found()),
    }
}

/// `POST /app/installations/{id}/access_tokens`.
pub(super) fn create(call: &Call, id: &str) -> Outcome {
    if call.method != Method::POST {
        return Err(Answer::not_found());
    }
    only_app(call)?;
    let body = call.input(NEW_TOKEN)?;
    let mut state = call.shared.state();
    let installation = state.installations.get(&super::number(id)?).ok_or_else(Answer::not_found)?;
    if installation.suspended {
        return Err(Answer::forbidden("This installation has been suspended"));
    }
    let repositories = wanted_repositories(&state, installation, &body)?;
    let granted = wanted_permissions(installation, &body)?;
    let now = call.shared.now();
    let expires_at = now.checked_add(HOUR).unwrap_or(now);
    let token = stateless_token(call, installation.id);
    let grant =
        Grant { installation: installation.id, repositories: repositories.clone(), permissions: granted, expires_at };
    let selected = repositories.is_some() || installation.selected.is_some();
    let mut shown = json!({
        "token": token,
        "expires_at": time(expires_at),
        "permissions": permissions(&grant.permissions),
        "repository_selection": if selected { "selected" } else { "all" },
    });
    if let Some(repositories) = &repositories {
        let show = call.shared.show(&state);
        let listed = repositories.iter().filter_map(|id| state.repositories.get(id));
        shown["repositories"] = listed.map(|it| show.repository(it)).collect();
    }
    state.minted.push(grant.clone());
    state.tokens.insert(token, Token::Installation(grant));
    Ok(Answer::json(StatusCode::CREATED, shown))
}

fn wanted_repositories(
    state: &State,
    installation: &Installation,
    body: &Map<String, Value>,
) -> Outcome<Option<BTreeSet<u64>>> {
    let refuse = || {
        Answer::unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    };
    let mut wanted = BTreeSet::new();
    let owned = state.repositories.values().filter(|it| it.owner == installation.account);
    let accessible: BTreeMap<u64, String> =
        owned.filter(|it| installation.covers(it.id)).map(|it| (it.id, it.name.to_ascii_lowercase())).collect();
    let (ids, names) = (body.get("repository_ids"), body.get("repositories"));
    for id in ids.and_then(Value::as_array).into_iter().flatten() {
        let id = id.as_u64().filter(|id| accessible.contains_key(id)).ok_or_else(refuse)?;
        wanted.insert(id);
    }
    for name in names.and_then(Value::as_array).into_iter().flatten() {
        let name = name.as_str().unwrap_or_default().to_ascii_lowercase();
        let found = accessible.iter().find(|(_, known)| **known == name).ok_or_else(refuse)?;
        wanted.insert(*found.0);
    }
    if wanted.len() > MAX_REPOSITORIES {
        return Err(Answer::unprocessable("A maximum of 500 repositories can be given."));
    }
    Ok(if ids.is_some() || names.is_some() { Some(wanted) } else { None })
}

fn wanted_permissions(installation: &Installation, body: &Map<String, Value>) -> Outcome<BTreeMap<String, Level>> {
    let refuse = || Answer::unprocessable("The permissions requested are not granted to this installation.");
    let Some(wanted) = body.get("permissions").and_then(Value::as_object).filter(|it| !it.is_empty()) else {
        return Ok(installation.permissions.clone());
    };
    let mut granted = BTreeMap::new();
    for (name, level) in wanted {
        let level = level.as_str().and_then(Level::parse).ok_or_else(refuse)?;
        if installation.permissions.get(name).is_none_or(|has| *has < level) {
            return Err(refuse());
        }
        granted.insert(name.clone(), level);
    }
    // Every token may read metadata.
    granted.entry("metadata".to_owned()).or_insert(Level::Read);
    Ok(granted)
}

/// A token in the long form that GitHub rolls out since 2026: `ghs_<app>_<JWT>`, about 520
/// characters with dots, underscores and dashes. Nothing may count on its form.
fn stateless_token(call: &Call, installation: u64) -> String {
    let entropy = &call.shared.entropy;
    let mut random = [0; 24];
    entropy.fill(&mut random);
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let claims = json!({"jti": hex::encode(random), "sub": installation, "iss": "github-sandbox"});
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    let mut signature = [0; 256];
    entropy.fill(&mut signature);
    format!("ghs_{}_{header}.{claims}.{}", call.shared.app.id, URL_SAFE_NO_PAD.encode(signature))
}

fn revoke(call: &Call) -> Outcome {
    let Caller::Installation(grant) = &call.caller else {
        return Err(Answer::bad_credentials());
    };
    let header = call.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| header.split_once(' ')).map(|(_, token)| token.trim().to_owned());
    if let Some(token) = token {
        tracing::debug!(installation.id = grant.installation, "An installation token is revoked");
        call.shared.state().tokens.remove(&token);
    }
    Ok(Answer::no_content())
}

fn repositories(call: &Call) -> Outcome {
    let Caller::Installation(grant) = &call.caller else {
        return Err(Answer::forbidden(
            "You must authenticate with an installation access token in order to list repositories for an installation.",
        ));
    };
    let repositories = {
        let state = call.shared.state();
        let show = call.shared.show(&state);
        let reached = state.repositories.values().filter(|it| state.reaches(grant, it));
        reached.map(|it| show.repository(it)).collect()
    };
    call.page_in("repositories", repositories)
}
