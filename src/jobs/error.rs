//! What a job's failure means: later, or never.

use jiff::Timestamp;
use serde_json::Value;

use crate::cluster::ClusterError;
use crate::forge::ForgeError;
use crate::git::GitError;
use crate::queue::Outcome;
use crate::redact::redacted;
use crate::store::StoreError;

/// Why a job stopped.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Trying again may help: at a time that somebody named, or with backoff.
    #[error("{reason}")]
    Retry {
        /// Not before this time.
        at: Option<Timestamp>,
        /// What happened, with its causes, without secrets.
        reason: String,
    },
    /// Trying again cannot help.
    #[error("{reason}")]
    Fail {
        /// What happened and what to do, without secrets.
        reason: String,
    },
}

impl JobError {
    /// A failure that stays one.
    pub fn fail(reason: impl Into<String>) -> Self {
        Self::Fail { reason: redacted(&reason.into()) }
    }

    /// A failure that may pass.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { at: None, reason: redacted(&reason.into()) }
    }

    /// When to try again, where somebody named a time.
    pub(super) const fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Retry { at, .. } => *at,
            Self::Fail { .. } => None,
        }
    }

    /// What the queue is told. Waiting until a time that the forge named is no failed attempt, nor is
    /// anything that fails while the forge is known to be down (`down_until`): an outage of two hours
    /// must not use up every job's attempts.
    pub(super) fn into_outcome(self, payload: &Value, down_until: Option<Timestamp>) -> Outcome {
        match self {
            Self::Retry { at: Some(at), reason } => {
                tracing::info!(job.run_at = %at, "a job waits as the forge asked: {reason}");
                Outcome::Reschedule { at, payload: payload.clone() }
            }
            Self::Retry { at: None, reason } => match down_until {
                Some(at) => Outcome::Postpone { at, reason },
                None => Outcome::Retry { at: None, reason },
            },
            Self::Fail { reason } => Outcome::Fail { reason },
        }
    }
}

/// An error with all its causes, on one line, without secrets: Display never holds the source.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    redacted(&text)
}

impl From<ForgeError> for JobError {
    fn from(error: ForgeError) -> Self {
        let reason = chain(&error);
        if error.is_temporary() { Self::Retry { at: error.retry_at(), reason } } else { Self::Fail { reason } }
    }
}

impl From<ClusterError> for JobError {
    fn from(error: ClusterError) -> Self {
        let reason = chain(&error);
        if error.is_transient() { Self::Retry { at: None, reason } } else { Self::Fail { reason } }
    }
}

impl From<GitError> for JobError {
    fn from(error: GitError) -> Self {
        let reason = chain(&error);
        if error.is_temporary() { Self::Retry { at: None, reason } } else { Self::Fail { reason } }
    }
}

/// A store that does not answer is never the job's fault: it is tried again.
impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::Retry { at: None, reason: chain(&error) }
    }
}
