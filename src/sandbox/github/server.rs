//! The HTTP server: one port, three parts (REST, Git, pages), and around them the faults, the
//! headers of every answer, and the log.

use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::answer::{Answer, Body};
use super::call::Call;
use super::faults::Effect;
use super::listener::Line;
use super::recorder::LoggedRequest;
use super::shared::Shared;
use super::{git, pages, rest};

/// Pushes are the biggest requests.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// One request, read completely.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The one handler behind all paths.
pub(crate) async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    if shared.stop.is_cancelled() {
        line.cut();
        return Response::new(HttpBody::empty());
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return into_response(&shared, Answer::refuse(StatusCode::PAYLOAD_TOO_LARGE, "Too large"));
    };
    let incoming = Incoming {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    };
    let (path, part) = match incoming.path.strip_prefix("/api/v3") {
        Some(path) => (path.to_owned(), Part::Rest),
        None if incoming.path.contains(".git/") => (incoming.path.clone(), Part::Git),
        None => return pages::handle(&shared, incoming).await,
    };
    let (method, query, asked) = (incoming.method.to_string(), incoming.query.clone(), incoming.body.clone());
    let mut logged = LoggedRequest { method, path: path.clone(), query, status: 0 };
    let effect = shared.faults.for_request(&incoming.method, &path, &*shared.entropy);
    match with_effect(&shared, effect.as_ref(), (part, path), incoming).await {
        Some(answer) => {
            logged.status = answer.status.as_u16();
            // What goes wrong on purpose is no example of how GitHub speaks.
            if effect.is_none() && part == Part::Rest {
                record(&shared, &logged, &asked, &answer);
            }
            shared.recorder.add(logged);
            into_response(&shared, answer)
        }
        None => {
            line.cut();
            shared.recorder.add(logged);
            Response::new(HttpBody::empty())
        }
    }
}

/// Which part of the server a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Rest,
    Git,
}

/// The answer, or nothing where a fault cuts the connection.
async fn with_effect(
    shared: &Arc<Shared>,
    effect: Option<&Effect>,
    (part, path): (Part, String),
    incoming: Incoming,
) -> Option<Answer> {
    match effect {
        Some(Effect::Cut) => return None,
        Some(Effect::Slow(time)) => tokio::time::sleep(*time).await,
        _ => {}
    }
    let failure = effect.and_then(|effect| failure(shared, effect));
    let answer = match (failure, part) {
        (Some(failure), _) => failure,
        (None, Part::Git) => git::http::handle(shared, incoming).await,
        (None, Part::Rest) => rest::handle(shared, path, incoming).await,
    };
    match effect {
        Some(Effect::CutAfter) => None,
        Some(Effect::StatusAfter(code)) => Some(Answer::refuse(status(*code), "Server Error")),
        _ => Some(answer),
    }
}

fn record(shared: &Shared, logged: &LoggedRequest, asked: &[u8], answer: &Answer) {
    let body = match &answer.body {
        Body::Json(body) => body.clone(),
        Body::Empty => Value::Null,
        Body::Raw(..) => return,
    };
    let headers: Vec<&str> = answer.headers.iter().map(|(name, _)| *name).collect();
    shared.recorder.exchange(logged, asked, (body, &headers));
}

/// The answer of a fault that keeps the request from being handled.
fn failure(shared: &Shared, effect: &Effect) -> Option<Answer> {
    let secondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    Some(match effect {
        Effect::Status(code) => Answer::refuse(status(*code), "Server Error"),
        Effect::Refuse { status: code, message } => Answer::refuse(status(*code), message.as_str()),
        Effect::SecondaryLimit { retry_after } => {
            Answer::forbidden(secondary).header("retry-after", retry_after.to_string())
        }
        Effect::TooManyRequests { retry_after } => {
            Answer::refuse(StatusCode::TOO_MANY_REQUESTS, secondary).header("retry-after", retry_after.to_string())
        }
        Effect::PrimaryLimit { reset_in } => {
            let reset = shared.clock.now().as_second().saturating_add(i64::try_from(*reset_in).unwrap_or(3600));
            Answer::forbidden("API rate limit exceeded for installation.")
                .header("x-ratelimit-remaining", "0")
                .header("x-ratelimit-reset", reset.to_string())
        }
        Effect::Cut | Effect::CutAfter | Effect::StatusAfter(_) | Effect::Slow(_) => return None,
    })
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Makes an HTTP answer with the headers that GitHub puts on every one.
fn into_response(shared: &Shared, answer: Answer) -> Response {
    let (bytes, content_type) = match answer.body {
        Body::Empty => (Vec::new(), None),
        Body::Json(body) => (body.to_string().into_bytes(), Some("application/json; charset=utf-8")),
        Body::Raw(bytes, content_type) => (bytes, Some(content_type)),
    };
    let mut response = Response::new(HttpBody::from(bytes));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    if let Some(content_type) = content_type {
        set("content-type", content_type);
    }
    set("date", &shared.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    set("server", "github.com");
    set("x-github-media-type", "github.v3; format=json");
    set("x-github-request-id", &shared.entropy.uuid().replace('-', ":").to_uppercase());
    set("x-github-api-version-selected", "2022-11-28");
    for (name, value) in &answer.headers {
        set(name, value);
    }
    response
}

/// A request of the REST API with its caller known.
pub(crate) fn call(shared: &Arc<Shared>, path: String, incoming: Incoming) -> Result<Call, Answer> {
    let caller = shared.caller(&incoming.headers)?;
    Ok(Call {
        shared: Arc::clone(shared),
        method: incoming.method,
        path,
        query: parse_query(incoming.query.as_bytes()),
        headers: incoming.headers,
        body: incoming.body,
        caller,
    })
}

/// `a=1&b=2`, decoded; also the body of a form.
pub(crate) fn parse_query(query: &[u8]) -> Vec<(String, String)> {
    let pairs = query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let mut next = || decode(&halves.next().unwrap_or_default().iter().map(space).collect::<Vec<_>>());
            (next(), next())
        })
        .collect()
}

fn space(byte: &u8) -> u8 {
    if *byte == b'+' { b' ' } else { *byte }
}

/// Percent-decodes; what is no UTF-8 becomes the replacement character.
pub(crate) fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| hex::decode(hex).ok());
        match (text[at], hex) {
            (b'%', Some(byte)) => {
                bytes.extend(byte);
                at += 3;
            }
            (byte, _) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{decode, parse_query};

    #[test]
    fn queries_and_paths_are_decoded() {
        let pairs = parse_query(b"a=1+2&b=%2Fx%zz&c");
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("a", "1 2"), ("b", "/x%zz"), ("c", "")]);
        assert_eq!(decode(b"a%2fb+%"), "a/b+%");
    }
}
