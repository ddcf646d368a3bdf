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
use crate::forge::event::{Event, EventError};
use crate::names::DeliveryId;
use crate::store::{Accepted, NewDelivery, StoreError};

/// What a delivery that was taken in is answered with, always with 202.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Accepted,
    Duplicate,
    /// It asks for no job. Nothing is stored: there is nothing to resume after a crash, and the
    /// store does not grow with events that the App never asked for.
    Ignored,
}

/// Why a request was refused.
#[derive(Debug)]
enum Refusal {
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
        async move { answer(&shared, take_in(&shared, request).await) }
    });
    match task.await {
        Ok(response) => response,
        Err(_) => answer(&shared, Err(Refusal::Panicked)),
    }
}

fn answer(shared: &Shared, result: Result<Taken, Refusal>) -> Response {
    shared.tally.count(match &result {
        Ok(Taken::Accepted) => Verdict::Accepted,
        Ok(Taken::Duplicate) => Verdict::Duplicate,
        Ok(Taken::Ignored) => Verdict::Ignored,
        Err(Refusal::Unsigned) => Verdict::Unsigned,
        Err(Refusal::Unread(_) | Refusal::Header(_) | Refusal::Misfit(_)) => Verdict::Malformed,
        Err(Refusal::Store(_) | Refusal::Panicked) => Verdict::Failed,
    });
    match result {
        Ok(taken) => taken.into_response(),
        Err(refusal) => {
            refusal.log();
            refusal.into_response()
        }
    }
}

async fn take_in(shared: &Shared, request: Request) -> Result<Taken, Refusal> {
    let (parts, body) = request.into_parts();
    // `held` is the body's part of the memory budget: kept until the body is stored.
    let Received { bytes, held: _held } = read(body, &shared.budget).await.map_err(Refusal::Unread)?;
    let verified = shared.receiver.secrets.verify(&parts.headers, bytes).map_err(|_| Refusal::Unsigned)?;
    let guid: DeliveryId = header(&parts.headers, "x-github-delivery")?.parse().map_err(|_| DELIVERY)?;
    let event = Event::parse(event_name(&parts.headers)?, verified.body()).map_err(Refusal::Misfit)?;
    let jobs = (shared.receiver.plan)(&event);
    if jobs.is_empty() {
        tracing::debug!(delivery.id = %guid, delivery.event = event.name(), "a delivery asks for nothing");
        return Ok(Taken::Ignored);
    }
    let delivery = NewDelivery {
        event: event.name().to_owned(),
        action: event.action().map(ToOwned::to_owned),
        installation: event.installation(),
        repository: event.repository().map(|repository| repository.id),
        body: verified.into_body(),
        guid,
    };
    let accepted = shared.receiver.store.accept(&delivery, &jobs).await.map_err(Refusal::Store)?;
    tracing::info!(
        delivery.id = %delivery.guid, delivery.event = delivery.event, delivery.action = delivery.action,
        jobs = jobs.len(), accepted = ?accepted, "a delivery came in"
    );
    Ok(match accepted {
        Accepted::New => Taken::Accepted,
        Accepted::Duplicate { .. } => Taken::Duplicate,
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

impl IntoResponse for Taken {
    fn into_response(self) -> Response<Body> {
        let status = match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
        };
        (StatusCode::ACCEPTED, Json(json!({ "status": status }))).into_response()
    }
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
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
                let error: &dyn std::error::Error = error;
                tracing::error!(error, "a delivery could not be stored");
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
