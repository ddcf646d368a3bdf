//! One run of one job: under a renewed lease, with panics caught, and its end recorded.

use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::worker::Inner;
use super::{Handler, Outcome};
use crate::store::{Lease, StoreError};

/// What became of a run.
#[derive(Debug)]
pub(super) enum Ended {
    Done,
    Rescheduled,
    Retried,
    Dead,
    /// Somebody else has the job now.
    Lost,
    /// Broken off by a shutdown.
    HandedBack,
    /// The store failed: the lease will run out and the job will run again.
    NotRecorded(StoreError),
}

/// How the handler's part ended.
enum Stopped<T> {
    Returned(T),
    Panicked(String),
    LeaseLost,
    OutOfTime,
}

impl Inner {
    /// Runs a leased job and records how it ended.
    pub(super) async fn run(&self, lease: Lease, shutdown: &CancellationToken) -> Ended {
        let span = tracing::info_span!(
            "job",
            job.id = lease.job.get(),
            job.kind = lease.kind,
            job.subject = lease.subject,
            job.attempt = lease.attempt
        );
        self.run_in_span(Arc::new(lease), shutdown).instrument(span).await
    }

    async fn run_in_span(&self, lease: Arc<Lease>, shutdown: &CancellationToken) -> Ended {
        let Some(handler) = self.handlers.get(lease.kind.as_str()).cloned() else {
            return self.hand_back(&lease).await;
        };
        if lease.attempt > self.settings.max_attempts {
            let reason = "every attempt began and none ended: does the job end the process or outlive its lease?";
            return self.give_up(&handler, &lease, reason.to_owned(), shutdown).await;
        }
        let work = {
            let (handler, lease) = (Arc::clone(&handler), Arc::clone(&lease));
            async move { handler.run(&lease).await }
        };
        let outcome = match self.supervise(work, &lease, shutdown).await {
            Stopped::Returned(outcome) => outcome,
            Stopped::Panicked(message) => Outcome::retry(format!("the job panicked: {message}")),
            Stopped::LeaseLost => return lost(),
            Stopped::OutOfTime => return self.hand_back(&lease).await,
        };
        self.record(outcome, &handler, &lease, shutdown).await
    }

    async fn record(
        &self,
        outcome: Outcome,
        handler: &Arc<dyn Handler>,
        lease: &Arc<Lease>,
        shutdown: &CancellationToken,
    ) -> Ended {
        match outcome {
            Outcome::Done { follow_up } => recorded(self.store.complete(lease, &follow_up).await, Ended::Done),
            Outcome::Reschedule { at, payload } => {
                recorded(self.store.reschedule(lease, at, &payload).await, Ended::Rescheduled)
            }
            Outcome::Postpone { at, reason } => {
                tracing::info!(job.run_at = %at, reason = ?reason, "the job is put off");
                recorded(self.store.postpone(lease, at, &reason).await, Ended::Rescheduled)
            }
            Outcome::Retry { at, reason } if lease.attempt < self.settings.max_attempts => {
                tracing::warn!(reason = ?reason, "the job failed and is tried again");
                let pause = self.settings.backoff.pause(lease.attempt, &*self.entropy);
                let at = at.unwrap_or_else(|| self.clock.now().saturating_add(pause).unwrap_or(jiff::Timestamp::MAX));
                recorded(self.store.retry(lease, at, &reason).await, Ended::Retried)
            }
            Outcome::Retry { reason, .. } => {
                let reason = format!("gave up after {} attempts: {reason}", lease.attempt);
                self.give_up(handler, lease, reason, shutdown).await
            }
            Outcome::Fail { reason } => self.give_up(handler, lease, reason, shutdown).await,
        }
    }

    /// Tells the handler while the lease still holds, so that it can record effects; then buries. A sweep rests.
    async fn give_up(
        &self,
        handler: &Arc<dyn Handler>,
        lease: &Arc<Lease>,
        reason: String,
        shutdown: &CancellationToken,
    ) -> Ended {
        if handler.is_endless() {
            tracing::error!(reason = ?reason, "a sweep did not come to its end; it begins again later");
            let later = self.clock.now().saturating_add(self.settings.backoff.cap).unwrap_or(jiff::Timestamp::MAX);
            return recorded(self.store.reschedule(lease, later, &lease.payload).await, Ended::Rescheduled);
        }
        tracing::error!(reason = ?reason, "the job is given up");
        let farewell = {
            let (handler, lease, reason) = (Arc::clone(handler), Arc::clone(lease), reason.clone());
            async move { handler.buried(&lease, &reason).await }
        };
        match self.supervise(farewell, lease, shutdown).await {
            Stopped::Returned(()) => {}
            Stopped::Panicked(message) => tracing::error!(panic = ?message, "telling about the given up job panicked"),
            Stopped::LeaseLost => return lost(),
            Stopped::OutOfTime => return self.hand_back(lease).await,
        }
        recorded(self.store.bury(lease, &reason).await, Ended::Dead)
    }

    async fn hand_back(&self, lease: &Lease) -> Ended {
        recorded(self.store.hand_back(lease).await, Ended::HandedBack)
    }

    /// Runs `work` on a task of its own (where it cannot hold up the renewal of its lease) until it
    /// ends, the lease is lost, or a shutdown's grace is over. It has stopped when this returns.
    async fn supervise<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        lease: &Lease,
        shutdown: &CancellationToken,
    ) -> Stopped<T> {
        let mut task = JoinSet::new();
        task.spawn(work.in_current_span());
        let third = self.settings.lease / 3;
        let mut renewal = interval_at(Instant::now() + third, third.max(std::time::Duration::from_millis(1)));
        let mut grace = std::pin::pin!(async {
            shutdown.cancelled().await;
            tokio::time::sleep(self.settings.grace).await;
        });
        let stopped = loop {
            tokio::select! {
                biased;
                Some(ended) = task.join_next() => {
                    return match ended {
                        Ok(returned) => Stopped::Returned(returned),
                        Err(error) => Stopped::Panicked(panic_message(error)),
                    };
                }
                _ = renewal.tick() => match self.store.renew(lease, self.settings.lease).await {
                    Ok(()) => {}
                    Err(StoreError::LeaseLost { .. }) => break Stopped::LeaseLost,
                    Err(error) => {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(error, "the lease could not be renewed; trying again");
                    }
                },
                () = &mut grace => break Stopped::OutOfTime,
            }
        };
        task.shutdown().await;
        stopped
    }
}

fn lost() -> Ended {
    tracing::warn!("the lease was lost; another worker has the job");
    Ended::Lost
}

fn recorded(result: Result<(), StoreError>, ended: Ended) -> Ended {
    match result {
        Ok(()) => ended,
        Err(StoreError::LeaseLost { .. }) => lost(),
        Err(error) => Ended::NotRecorded(error),
    }
}

fn panic_message(error: JoinError) -> String {
    let Ok(payload) = error.try_into_panic() else { return "its task was cancelled".to_owned() };
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
