//! The Kubernetes API over HTTP, for the kinds in the store.

mod discovery;
mod list;
mod object;
mod page;
mod patch;
mod path;
mod review;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use serde_json::Value;

use self::path::{Path, Target};
use super::Shared;
use super::store::rbac::{Action, User, allows};
use super::store::{Refusal, definition};

/// The largest body that the API server reads (`--max-request-body-bytes` is about 3 MiB).
const BODY_LIMIT: usize = 3 << 20;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(serve).with_state(shared)
}

/// One request, with everything that its answer depends on.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) user: User,
    pub(super) query: Query,
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

/// The query parameters, decoded; the last of a name counts.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    fn of(request: &Request) -> Self {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(request.uri());
        Self(pairs.map(|pairs| pairs.0).unwrap_or_default())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1"))
    }
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let wants_page = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if request.uri().path() == "/" && wants_page.is_some_and(|accept| accept.contains("text/html")) {
        return Html(shared.store(|store| page::page(store))).into_response();
    }
    match answer(&shared, request).await {
        Ok(response) => response,
        Err(refusal) => json_response(refusal.code, &refusal.status()),
    }
}

async fn answer(shared: &Arc<Shared>, request: Request) -> Result<Response, Refusal> {
    let (token, path) = credentials(&request).ok_or_else(|| Refusal::of_code(401))?;
    let user = shared.user_of(&token).ok_or_else(|| Refusal::of_code(401))?;
    shared.faults.delay().await;
    if let Some(code) = shared.faults.next_failure(request.method()) {
        return Err(Refusal::of_code(code));
    }
    let query = Query::of(&request);
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim().to_owned();
    let method = request.method().clone();
    let body = axum::body::to_bytes(request.into_body(), BODY_LIMIT)
        .await
        .map_err(|_| Refusal::new(413, "RequestEntityTooLarge", format!("limit is {BODY_LIMIT}")))?;
    let call = Call { method, user, query, content_type, body };
    match Path::parse(&path) {
        Some(Path::Resource(target)) => {
            let answer = resource(shared, &call, &target);
            if shared.faults.loses_answer(&call.method) { Err(Refusal::of_code(504)) } else { answer }
        }
        Some(path) => discover(shared, &path),
        None => Ok(unknown_path()),
    }
}

/// The bearer token and the path of a request. kubectl sends no token without TLS, so a token may
/// also stand at the start of the path: `/token/<token>/api/v1/…`; the sandbox listens on loopback only.
fn credentials(request: &Request) -> Option<(String, String)> {
    let path = request.uri().path();
    if let Some(rest) = path.strip_prefix("/token/") {
        let (token, rest) = rest.split_once('/').unwrap_or((rest, ""));
        return Some((token.to_owned(), format!("/{rest}")));
    }
    let header = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    Some((header.strip_prefix("Bearer ")?.to_owned(), path.to_owned()))
}

fn discover(shared: &Shared, path: &Path) -> Result<Response, Refusal> {
    let found = shared.store(|store| discovery::answer(&store.kinds, path));
    Ok(match found {
        Some(discovery::Answer::Json(value)) => json_response(200, &value),
        Some(discovery::Answer::Text(text)) => text.into_response(),
        None => unknown_path(),
    })
}

fn resource(shared: &Arc<Shared>, call: &Call, target: &Target) -> Result<Response, Refusal> {
    if review::is_review(call, target) {
        return shared.store(|store| review::answer(store, call)).map(|review| json_response(201, &review));
    }
    let known = shared.store(|store| store.kinds.by_resource(&target.group, &target.version, &target.plural).cloned());
    // A path with a namespace for a kind that has none (or the other way for one object) is unknown.
    let fits = known.filter(|kind| match (kind.namespaced, target.namespace.is_empty()) {
        (true, true) => target.name.is_empty() && call.method == Method::GET,
        (false, false) => false,
        _ => target.subresource.is_empty() || (kind.status && target.subresource == "status"),
    });
    let Some(kind) = fits else { return Ok(unknown_path()) };
    let verb = verb(call, target).ok_or_else(|| {
        let message = "the server does not allow this method on the requested resource";
        Refusal::new(405, "MethodNotAllowed", message)
    })?;
    let name_of = |slash: &str| format!("{}{slash}{}", kind.plural, target.subresource);
    let resource = if target.subresource.is_empty() { kind.plural.clone() } else { name_of("/") };
    let action = Action {
        verb,
        group: &kind.group,
        resource: &resource,
        // A namespace itself is asked for within itself, so that a Role in it may allow it.
        namespace: if kind.kind == "Namespace" { &target.name } else { &target.namespace },
        name: &target.name,
    };
    if !shared.store(|store| allows(store, &call.user, action)) {
        return Err(Refusal::forbidden(&kind, &target.name, &action.refused(&call.user)));
    }
    match verb {
        "watch" => watch::answer(shared, call, target, &kind),
        "list" => shared.store(|store| list::answer(store, call, target, &kind)).map(|list| json_response(200, &list)),
        _ => {
            let (code, object) = object::answer(shared, call, target, &kind)?;
            let mut response = json_response(code, &object);
            let warning = Some(&target.name).filter(|_| definition::is_definition(&kind) && call.method != Method::GET);
            if let Some(text) = warning.and_then(|name| shared.faults.warning_of_definition(name)) {
                let value = format!("299 - \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
                let value = header::HeaderValue::from_str(&value);
                response.headers_mut().extend(value.ok().map(|value| (header::WARNING, value)));
            }
            Ok(response)
        }
    }
}

/// The RBAC verb of a request.
fn verb(call: &Call, target: &Target) -> Option<&'static str> {
    let one = !target.name.is_empty();
    Some(match (&call.method, one) {
        (&Method::GET, true) => "get",
        (&Method::GET, false) if call.query.is_true("watch") => "watch",
        (&Method::GET, false) => "list",
        (&Method::POST, false) => "create",
        (&Method::PUT, true) => "update",
        (&Method::PATCH, true) => "patch",
        (&Method::DELETE, true) => "delete",
        _ => return None,
    })
}

/// The answer of an API server to a path that nothing is registered for.
fn unknown_path() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

fn json_response(code: u16, value: &Value) -> Response {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let retry = if code == StatusCode::TOO_MANY_REQUESTS { Some((header::RETRY_AFTER, "1")) } else { None };
    let mut response =
        (code, [(header::CONTENT_TYPE, "application/json")], Body::from(value.to_string())).into_response();
    if let Some((name, seconds)) = retry {
        response.headers_mut().insert(name, header::HeaderValue::from_static(seconds));
    }
    response
}
