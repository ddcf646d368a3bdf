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
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Shared;
use crate::store::Store;

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

/// How long an answer holds of whether the store takes what is written: probes may come often.
const WRITTEN_FOR: Duration = Duration::from_secs(5);

/// Whether the store took a write, and when that was tried.
#[derive(Debug, Default)]
pub(super) struct Written(Mutex<Option<(Instant, Result<(), String>)>>);

impl Written {
    /// Whether the store answers now, and took a write a short while ago.
    async fn check(&self, store: &Store) -> Result<(), String> {
        store.ping().await.map_err(|error| error.to_string())?;
        // Those who come together wait for one try.
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < WRITTEN_FOR
        {
            return answer.clone();
        }
        let answer = store.check_writable().await.map_err(|error| error.to_string());
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

/// `GET /healthz`: the process is alive.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 where the store answers and can be written and all checks are fine, else 503; which one is not
/// is in the body.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let mut checks =
        Map::from_iter([("store".to_owned(), in_time(shared.written.check(&shared.receiver.store)).await)]);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SeededEntropy, SystemClock};

    #[tokio::test]
    async fn an_answer_holds_for_a_while() {
        let store = Store::open("sqlite::memory:", Arc::new(SystemClock), Arc::new(SeededEntropy::new(1)));
        let store = store.await.expect("a database");
        let remembered = Err("it was read-only".to_owned());
        let written = Written(Mutex::new(Some((Instant::now(), remembered.clone()))));
        assert_eq!(written.check(&store).await, remembered);
        let before = Instant::now().checked_sub(WRITTEN_FOR).expect("a machine that has run for a while");
        *written.0.lock().await = Some((before, remembered));
        assert_eq!(written.check(&store).await, Ok(()));
    }
}
