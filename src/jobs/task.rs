//! A job as a small typed value, and how it becomes a row of the queue.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Context, JobError};
use crate::forge::at_priority;
use crate::names::RepositoryId;
use crate::queue::{Handler, Outcome};
use crate::store::{Lease, NewJob, Priority};

/// What a job wants after a run that went well.
#[derive(Debug)]
pub enum Next<T> {
    /// It is done; these jobs come after it, in the same transaction.
    Done(Vec<NewJob>),
    /// It waits for the world: run it again at this time, as this value. That is no failure.
    Again(Timestamp, T),
}

impl<T> Next<T> {
    /// Done, and nothing follows.
    pub const fn done() -> Self {
        Self::Done(Vec::new())
    }
}

/// One kind of job. It may run twice, so it looks before it acts.
#[async_trait]
pub trait Task: Serialize + DeserializeOwned + Send + Sync + Sized + 'static {
    /// The kind, as it stands in the store.
    const KIND: &'static str;
    /// Which jobs go first.
    const PRIORITY: Priority;
    /// Whether it is a sweep, which begins again for ever and is never given up.
    const ENDLESS: bool = false;

    /// What never runs twice at the same time.
    fn subject(&self) -> String;

    /// Waiting jobs with one key are one job.
    fn key(&self) -> String;

    /// The repository that it belongs to, for fairness.
    fn repository(&self) -> Option<RepositoryId> {
        None
    }

    /// Does it.
    async fn run(self, context: &Context, lease: &Lease) -> Result<Next<Self>, JobError>;

    /// Tells people that it was given up.
    async fn buried(self, _context: &Context, _lease: &Lease, _reason: &str) -> Result<(), JobError> {
        Ok(())
    }

    /// The row of the queue.
    fn to_job(&self) -> NewJob {
        NewJob {
            kind: Self::KIND.to_owned(),
            subject: self.subject(),
            merge_key: self.key(),
            payload: serde_json::to_value(self).expect("a job is a plain value"),
            priority: Self::PRIORITY,
            repository: self.repository(),
            run_at: None,
        }
    }
}

/// The queue's handler for one kind of job.
pub(super) struct TaskHandler<T> {
    context: Arc<Context>,
    kind: std::marker::PhantomData<fn() -> T>,
}

impl<T: Task> TaskHandler<T> {
    pub(super) fn boxed(context: Arc<Context>) -> Arc<dyn Handler> {
        Arc::new(Self { context, kind: std::marker::PhantomData })
    }
}

#[async_trait]
impl<T: Task> Handler for TaskHandler<T> {
    fn kind(&self) -> &'static str {
        T::KIND
    }

    fn is_endless(&self) -> bool {
        T::ENDLESS
    }

    async fn run(&self, lease: &Lease) -> Outcome {
        let task: T = match serde_json::from_value(lease.payload.clone()) {
            Ok(task) => task,
            Err(error) => return Outcome::Fail { reason: format!("the stored job cannot be read: {error}") },
        };
        match at_priority(lease.priority, task.run(&self.context, lease)).await {
            Ok(Next::Done(follow_up)) => Outcome::Done { follow_up },
            Ok(Next::Again(at, task)) => match serde_json::to_value(&task) {
                Ok(payload) => Outcome::Reschedule { at, payload },
                Err(error) => Outcome::Fail { reason: format!("the job cannot be written: {error}") },
            },
            // Whatever failed while the forge is down may have failed for that: a fetch, for example.
            Err(error) => error.into_outcome(&lease.payload, self.context.forge.down_until()),
        }
    }

    async fn buried(&self, lease: &Lease, reason: &str) {
        let Ok(task) = serde_json::from_value::<T>(lease.payload.clone()) else { return };
        if let Err(error) = at_priority(lease.priority, task.buried(&self.context, lease, reason)).await {
            tracing::error!(job.kind = T::KIND, job.id = %lease.job, "people could not be told that a job was given up: {error}");
        }
    }
}
