//! Workers that lease jobs from the `store` and run them: renewal, retries, giving up, shutdown.
//!
//! A job may run twice (a worker can die between the work and its record), so handlers record
//! outside effects through `Store::effect` or look before they act. One retry policy is for all:
//! a failed run is repeated at the time that the handler names, else after a growing, jittered
//! pause; after [`Settings::max_attempts`] failures in a row the job becomes a dead letter.

mod backoff;
mod run;
mod worker;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::store::{Lease, NewJob, StoreError};

pub use backoff::Backoff;
pub use worker::{Settings, Worker};

/// The code behind one kind of job.
#[async_trait]
pub trait Handler: Send + Sync {
    /// The kind of job that it runs, as in `NewJob::kind`.
    fn kind(&self) -> &'static str;

    /// Runs the job. The future is dropped when the lease is lost or a shutdown's grace is over, so
    /// every await is a place where it may end. A panic counts as a failed attempt.
    async fn run(&self, job: &Lease) -> Outcome;

    /// Whether its jobs are sweeps, which begin again for ever: such a job is never given up. Where another job
    /// would be, it rests as long as the longest pause between attempts.
    fn is_endless(&self) -> bool {
        false
    }

    /// The job is being given up, still under its lease: the place to tell people. It may be called
    /// twice for one job, and whatever it does cannot save the job.
    async fn buried(&self, job: &Lease, reason: &str) {
        let _ = (job, reason);
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Finished.
    Done {
        /// Jobs that are stored in the same transaction.
        follow_up: Vec<NewJob>,
    },
    /// Going well, and to be continued: no failure, attempts count anew. Also the answer to a rate
    /// limit that names its end. Where a newer request of the same key waits, that one goes on.
    Reschedule {
        /// When.
        at: Timestamp,
        /// What the next run needs to know.
        payload: Value,
    },
    /// Could not go on for something that is no fault of the job's and known to everybody (the forge
    /// is down): tried again then. Such a run does not count as an attempt; those that failed before
    /// it still do.
    Postpone {
        /// When.
        at: Timestamp,
        /// Why, with all causes; it is logged and shown, so it holds no secret.
        reason: String,
    },
    /// Failed in a way that may pass.
    Retry {
        /// When to try again; after a growing pause where absent.
        at: Option<Timestamp>,
        /// Why, with all causes; it is logged and shown, so it holds no secret.
        reason: String,
    },
    /// Failed for good.
    Fail {
        /// Why, with all causes; it is logged and shown, so it holds no secret.
        reason: String,
    },
}

impl Outcome {
    /// Finished, with nothing to follow.
    pub const fn done() -> Self {
        Self::Done { follow_up: Vec::new() }
    }

    /// Failed in a way that may pass; tried again after a growing pause.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { at: None, reason: reason.into() }
    }

    /// Failed for good.
    pub fn fail(reason: impl Into<String>) -> Self {
        Self::Fail { reason: reason.into() }
    }
}

/// What [`Worker::drain`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Jobs that finished.
    pub done: u32,
    /// Runs that want to be continued.
    pub rescheduled: u32,
    /// Runs that failed and are tried again.
    pub retried: u32,
    /// Jobs that were given up.
    pub dead: u32,
    /// Runs whose lease was lost on the way.
    pub lost: u32,
}

/// Why a queue could not be drained.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// The store failed.
    #[error("the queue could not be drained because its store failed")]
    Store(#[from] StoreError),
    /// There is always another job due.
    #[error("the queue is never empty: {runs} runs and still a job is due; does one reschedule itself for now?")]
    Endless {
        /// How many runs there were.
        runs: u32,
    },
}

#[cfg(test)]
mod tests;
