//! Is the process alive, is it ready, and what became of the deliveries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Shared;

/// How long a check may take before it counts as failed.
const CHECK_TIME: Duration = Duration::from_secs(5);

/// Something that must be fine before this process is ready.
#[async_trait]
pub trait ReadyCheck: Send + Sync {
    /// Its name in the answer.
    fn name(&self) -> &'static str;

    /// Fine, or what is wrong and what to do: anybody can read it, so it holds no secret.
    async fn check(&self) -> Result<(), String>;
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    Duplicate,
    Ignored,
    Unsigned,
    Malformed,
    Failed,
}

impl Verdict {
    pub(super) const ALL: [(Self, &'static str); 6] = [
        (Self::Accepted, "accepted"),
        (Self::Duplicate, "duplicate"),
        (Self::Ignored, "ignored"),
        (Self::Unsigned, "unsigned"),
        (Self::Malformed, "malformed"),
        (Self::Failed, "failed"),
    ];
}

/// How many deliveries there were of each kind since the start.
#[derive(Debug, Default)]
pub(super) struct Tally([AtomicU64; Verdict::ALL.len()]);

impl Tally {
    pub(super) fn count(&self, verdict: Verdict) {
        self.0[verdict as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn of(&self, verdict: Verdict) -> u64 {
        self.0[verdict as usize].load(Ordering::Relaxed)
    }
}

/// `GET /healthz`: the process is alive.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 where the store answers and all checks are fine, else 503; which one is not
/// is in the body.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let store = async { shared.receiver.store.ping().await.map_err(|error| error.to_string()) };
    let mut checks = Map::from_iter([("store".to_owned(), in_time(store).await)]);
    for check in &shared.receiver.checks {
        checks.insert(check.name().to_owned(), in_time(check.check()).await);
    }
    let ready = checks.values().all(|answer| answer == "ok");
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "checks": checks }))).into_response()
}

async fn in_time(check: impl Future<Output = Result<(), String>> + Send) -> Value {
    match tokio::time::timeout(CHECK_TIME, check).await {
        Ok(Ok(())) => "ok".into(),
        Ok(Err(problem)) => problem.into(),
        Err(_) => format!("no answer within {} s", CHECK_TIME.as_secs()).into(),
    }
}
