//! `POST /webhooks/github`: verify, store, 202.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::Shared;
use super::body::{MAX_BODY, Received, Unread, read};
use super::health::Verdict;
use crate::forge::event::EventError;
use crate::jobs::{Incoming, TakeInError, Taken, chain, take_in};
use crate::names::DeliveryId;
use crate::store::StoreError;

/// Why a request was refused.
#[derive(Debug)]
enum Refusal {
    /// This server fetches its deliveries; anybody may have sent this one.
    Pulls,
    Unread(Unread),
    Unsigned,
    Header(&'static str),
    Misfit(EventError),
    Store(StoreError),
    Panicked,
}

pub(super) async fn receive(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    // A task of its own: the server drops this future when the client goes away.
    let task = tokio::spawn({
        let shared = Arc::clone(&shared);
        async move { answer(&shared, admit(&shared, request).await) }
    });
    match task.await {
        Ok(response) => response,
        Err(_) => answer(&shared, Err(Refusal::Panicked)),
    }
}

fn answer(shared: &Shared, result: Result<Taken, Refusal>) -> Response {
    shared.tally.count(match &result {
        Ok(Taken::New) => Verdict::Accepted,
        Ok(Taken::Duplicate { .. }) => Verdict::Duplicate,
        Ok(Taken::Ignored) => Verdict::Ignored,
        Err(Refusal::Unsigned | Refusal::Pulls) => Verdict::Unsigned,
        Err(Refusal::Unread(_) | Refusal::Header(_) | Refusal::Misfit(_)) => Verdict::Malformed,
        Err(Refusal::Store(_) | Refusal::Panicked) => Verdict::Failed,
    });
    match result {
        Ok(taken) => accepted(taken),
        Err(refusal) => {
            refusal.log();
            refusal.into_response()
        }
    }
}

async fn admit(shared: &Shared, request: Request) -> Result<Taken, Refusal> {
    let secrets = shared.receiver.secrets.as_ref().ok_or(Refusal::Pulls)?;
    let (parts, body) = request.into_parts();
    // `held` is the body's part of the memory budget: kept until the body is stored.
    let Received { bytes, held: _held } =
        read(shared.body_time, body, &shared.budget).await.map_err(Refusal::Unread)?;
    let delivery = secrets.verify(&parts.headers, bytes).map_err(|_| Refusal::Unsigned)?;
    let guid: DeliveryId = header(&parts.headers, "x-github-delivery")?.parse().map_err(|_| DELIVERY)?;
    let incoming = Incoming { guid, event: event_name(&parts.headers)?, delivery };
    take_in(&shared.receiver.store, &*shared.receiver.plan, incoming).await.map_err(|error| match error {
        TakeInError::Misfit(error) => Refusal::Misfit(error),
        TakeInError::Store(error) => Refusal::Store(error),
    })
}

const DELIVERY: Refusal =
    Refusal::Header("the header X-GitHub-Delivery must be 1 to 64 letters, digits, '-', '_' or '.'");
const EVENT: Refusal = Refusal::Header("the header X-GitHub-Event must be 1 to 64 lower-case letters and '_'");

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(name).into_iter();
    match (values.next().map(http::HeaderValue::to_str), values.next()) {
        (Some(Ok(text)), None) => Ok(text),
        _ => Err(Refusal::Header("the headers X-GitHub-Event and X-GitHub-Delivery must be there, once each")),
    }
}

fn event_name(headers: &HeaderMap) -> Result<&str, Refusal> {
    let name = header(headers, "x-github-event")?;
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (1..=64).contains(&name.len()) && name.bytes().all(fits) { Ok(name) } else { Err(EVENT) }
}

/// A delivery that was taken in is answered with 202, whatever it asks for.
fn accepted(taken: Taken) -> Response<Body> {
    let status = match taken {
        Taken::New => "accepted",
        Taken::Duplicate { .. } => "duplicate",
        Taken::Ignored => "ignored",
    };
    (StatusCode::ACCEPTED, Json(json!({ "status": status }))).into_response()
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Pulls => StatusCode::NOT_FOUND,
            Self::Unread(Unread::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unread(Unread::TooSlow) => StatusCode::REQUEST_TIMEOUT,
            Self::Unread(Unread::Broken) | Self::Header(_) | Self::Misfit(_) => StatusCode::BAD_REQUEST,
            Self::Unsigned => StatusCode::UNAUTHORIZED,
            Self::Unread(Unread::Busy) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// For the sender. Of our own troubles it learns nothing.
    fn words(&self) -> String {
        match self {
            Self::Pulls => "no webhooks are received here: this server fetches its deliveries from GitHub's own \
                list (github.webhook: pull)"
                .to_owned(),
            Self::Unread(Unread::TooLarge) => format!("the body is larger than {MAX_BODY} bytes"),
            Self::Unread(Unread::TooSlow) => "the body did not arrive in time".to_owned(),
            Self::Unread(Unread::Broken) => "the body broke off".to_owned(),
            Self::Unread(Unread::Busy) => "too many large bodies at one time; send it again later".to_owned(),
            Self::Unsigned => "the signature in X-Hub-Signature-256 is missing, malformed or wrong; \
                is the webhook's secret the one in github.webhook_secrets?"
                .to_owned(),
            Self::Header(problem) => (*problem).to_owned(),
            Self::Misfit(error) => error.to_string(),
            Self::Store(_) | Self::Panicked => "the delivery could not be stored; send it again later".to_owned(),
        }
    }

    fn log(&self) {
        match self {
            Self::Store(error) => {
                tracing::error!(error = chain(error), "a delivery could not be stored");
            }
            Self::Panicked => tracing::error!("taking in a delivery panicked"),
            _ => tracing::warn!(reason = self.words(), "a webhook request was refused"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        (self.status(), Json(json!({ "error": self.words() }))).into_response()
    }
}
