//! One request of the REST API: who asks, what for, and whether they may.

use std::sync::Arc;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value};

use super::access::{Level, Need, Role};
use super::answer::{Answer, Outcome};
use super::input::{self, Field};
use super::model::{Grant, Repository, Token};
use super::shapes::Show;
use super::shared::Shared;

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    Nobody,
    /// The App itself, with its JWT.
    App,
    /// The App in one organisation, with an installation token.
    Installation(Grant),
    User(u64),
}

/// One request.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    pub(crate) method: Method,
    /// The path below `/api/v3`, as it came.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) caller: Caller,
}

/// A repository as the path names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) owner: &'a str,
    pub(crate) name: &'a str,
}

impl Shared {
    /// Who sends these headers; a wrong token is refused even where none is needed.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Outcome<Caller> {
        let Some(header) = headers.get(http::header::AUTHORIZATION) else { return Ok(Caller::Nobody) };
        let header = header.to_str().map_err(|_| Answer::bad_credentials())?;
        let (scheme, value) = header.split_once(' ').ok_or_else(Answer::bad_credentials)?;
        let token = match scheme.to_ascii_lowercase().as_str() {
            "bearer" | "token" => value.trim().to_owned(),
            "basic" => basic_password(value).ok_or_else(Answer::bad_credentials)?,
            _ => return Err(Answer::bad_credentials()),
        };
        self.caller_of(&token)
    }

    /// Who has this token.
    pub(crate) fn caller_of(&self, token: &str) -> Outcome<Caller> {
        if token.starts_with("ey") {
            let verdict = self.app.check_jwt(token, self.clock.now());
            return verdict.map(|()| Caller::App).map_err(|why| Answer::refuse(StatusCode::UNAUTHORIZED, why));
        }
        let state = self.state();
        match state.tokens.get(token) {
            Some(Token::User(id)) => Ok(Caller::User(*id)),
            Some(Token::Installation(grant)) if grant.expires_at > self.clock.now() => {
                let suspended = state.installations.get(&grant.installation).is_none_or(|it| it.suspended);
                if suspended {
                    return Err(Answer::forbidden("This installation has been suspended"));
                }
                Ok(Caller::Installation(grant.clone()))
            }
            _ => Err(Answer::bad_credentials()),
        }
    }

    /// Whether the caller may do that in the repository.
    pub(crate) fn may(&self, caller: &Caller, repository: &Repository, need: Need) -> Outcome<()> {
        let writes = need.any.iter().any(|(_, level)| *level == Level::Write);
        match caller {
            Caller::Nobody | Caller::App if repository.private => return Err(Answer::not_found()),
            Caller::Nobody | Caller::App if writes || need.role > Some(Role::Read) => {
                return Err(Answer::refuse(StatusCode::UNAUTHORIZED, "Requires authentication"));
            }
            Caller::Nobody | Caller::App => {}
            Caller::Installation(grant) => self.integration_may(grant, repository, need, writes)?,
            Caller::User(user) => self.person_may(*user, repository, need)?,
        }
        if repository.archived && writes {
            return Err(Answer::forbidden("Repository was archived so is read-only."));
        }
        Ok(())
    }

    fn integration_may(&self, grant: &Grant, repository: &Repository, need: Need, writes: bool) -> Outcome<()> {
        let state = self.state();
        if !state.reaches(grant, repository) {
            return match (repository.private, writes) {
                (true, _) => Err(Answer::not_found()),
                (false, true) => Err(Answer::not_for_integration()),
                (false, false) => Ok(()),
            };
        }
        let has = state.effective(grant);
        let satisfied = need.any.iter().any(|(name, level)| has.get(*name).is_some_and(|has| has >= level));
        if satisfied { Ok(()) } else { Err(Answer::not_for_integration()) }
    }

    fn person_may(&self, user: u64, repository: &Repository, need: Need) -> Outcome<()> {
        let role = self.state().role(user, repository);
        match need.role {
            _ if role == Role::None => Err(Answer::not_found()),
            None => Err(Answer::forbidden("You must authenticate via a GitHub App.")),
            Some(wanted) if role >= wanted => Ok(()),
            // Settings do not exist for those who may not see them.
            Some(Role::Admin) => Err(Answer::not_found()),
            Some(_) => Err(Answer::forbidden("Must have push access to repository")),
        }
    }
}

impl Call {
    /// The repository's id, if the caller may do that there.
    pub(crate) fn repository(&self, at: At<'_>, need: Need) -> Outcome<u64> {
        let found = {
            let state = self.shared.state();
            match state.repository(at.owner, at.name) {
                Some(repository) => repository.clone(),
                None => return Err(self.moved(state.renamed(at.owner, at.name))),
            }
        };
        self.shared.may(&self.caller, &found, need)?;
        Ok(found.id)
    }

    /// A renamed repository redirects to its id: 301 for reading, 307 for all else.
    fn moved(&self, renamed: Option<&Repository>) -> Answer {
        let Some(repository) = renamed else { return Answer::not_found() };
        let rest = self.path.splitn(5, '/').nth(4).map(|rest| format!("/{rest}")).unwrap_or_default();
        let url = format!("{}/api/v3/repositories/{}{rest}", self.shared.base, repository.id);
        let (status, message) = if self.method == Method::GET {
            (StatusCode::MOVED_PERMANENTLY, "Moved Permanently")
        } else {
            (StatusCode::TEMPORARY_REDIRECT, "Temporary Redirect")
        };
        let mut answer = Answer::refuse(status, message).header("location", &url);
        if let super::answer::Body::Json(body) = &mut answer.body {
            body["url"] = url.into();
        }
        answer
    }

    /// Looks at a repository's state and makes an answer of it.
    pub(crate) fn with<T>(&self, id: u64, look: impl FnOnce(&Show<'_>, &Repository) -> T) -> Outcome<T> {
        let state = self.shared.state();
        let repository = state.repositories.get(&id).ok_or_else(Answer::not_found)?;
        Ok(look(&self.shared.show(&state), repository))
    }

    /// The account that acts: the person, or the App's bot.
    pub(crate) fn actor(&self) -> Outcome<u64> {
        match &self.caller {
            Caller::User(id) => Ok(*id),
            Caller::Installation(_) => Ok(self.shared.app.bot),
            Caller::App | Caller::Nobody => Err(Answer::refuse(StatusCode::UNAUTHORIZED, "Requires authentication")),
        }
    }

    /// Whether an App's token asks.
    pub(crate) fn is_app(&self) -> bool {
        matches!(self.caller, Caller::Installation(_))
    }

    /// The body as a JSON object; an empty one counts as `{}`.
    pub(crate) fn json(&self) -> Outcome<Map<String, Value>> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(Value::Null) => Ok(Map::new()),
            Ok(_) => Err(Answer::refuse(StatusCode::BAD_REQUEST, "Body should be a JSON object")),
            Err(_) => Err(Answer::refuse(StatusCode::BAD_REQUEST, "Problems parsing JSON")),
        }
    }

    /// The body as the endpoint's schema allows it.
    pub(crate) fn input(&self, fields: &[Field]) -> Outcome<Map<String, Value>> {
        let body = self.json()?;
        input::check(&body, fields)?;
        Ok(body)
    }

    /// The first query parameter of that name.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the client wants this media type, as in `Accept: application/vnd.github.raw+json`.
    pub(crate) fn accepts(&self, kind: &str) -> bool {
        let accept = self.headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        accept.contains(&format!("vnd.github.{kind}")) || accept.contains(&format!("vnd.github.v3.{kind}"))
    }
}

/// A text field.
pub(crate) fn text<'a>(body: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    body.get(field).and_then(Value::as_str)
}

/// A text field that the schema check has seen.
pub(crate) fn required<'a>(body: &'a Map<String, Value>, field: &str) -> Outcome<&'a str> {
    match body.get(field) {
        Some(Value::String(text)) => Ok(text),
        None => Err(Answer::invalid_request(format!("\"{field}\" wasn't supplied."))),
        Some(other) => Err(Answer::invalid_request(format!("For 'properties/{field}', {other} is not a string."))),
    }
}

fn basic_password(value: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    // Git clients also put the token in the user's place.
    Some(if password.is_empty() || password == "x-oauth-basic" { user.to_owned() } else { password.to_owned() })
}
