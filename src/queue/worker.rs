//! The pool of workers: who waits for what, and how it stops.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::run::Ended;
use super::{Backoff, DrainError, Handler, Summary};
use crate::clock::{Clock, Entropy};
use crate::store::Store;

/// The most runs of one [`Worker::drain`].
const MOST_RUNS: u32 = if cfg!(test) { 200 } else { 10_000 };

/// How the workers work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How many jobs run at the same time.
    pub workers: usize,
    /// How long a job stays with a worker that gives no sign of life. A living one renews the lease
    /// three times in that time.
    pub lease: Duration,
    /// After so many failures in a row a job is given up.
    pub max_attempts: u32,
    /// How long running jobs may go on after a shutdown began.
    pub grace: Duration,
    /// The longest wait between two looks at the queue: the safety net under the wake-up calls, and
    /// the pause after the database failed.
    pub poll: Duration,
    /// The pause before the next attempt.
    pub backoff: Backoff,
}

impl Default for Settings {
    /// Fifteen attempts reach over two hours of an outage.
    fn default() -> Self {
        Self {
            workers: 4,
            lease: Duration::from_secs(60),
            max_attempts: 15,
            grace: Duration::from_secs(20),
            poll: Duration::from_secs(5),
            backoff: Backoff::default(),
        }
    }
}

/// The pool of workers. Clones share it.
#[derive(Clone)]
pub struct Worker {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) handlers: BTreeMap<&'static str, Arc<dyn Handler>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) settings: Settings,
    kinds: Vec<&'static str>,
}

impl Worker {
    /// A pool that runs the jobs that `handlers` are for, and no others.
    ///
    /// # Panics
    /// Where two handlers are for the same kind.
    pub fn new(
        store: Store,
        handlers: Vec<Arc<dyn Handler>>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: Settings,
    ) -> Self {
        let given = handlers.len();
        let handlers: BTreeMap<_, _> = handlers.into_iter().map(|handler| (handler.kind(), handler)).collect();
        assert_eq!(handlers.len(), given, "one handler per kind of job");
        let kinds = handlers.keys().copied().collect();
        Self { inner: Arc::new(Inner { store, handlers, clock, entropy, settings, kinds }) }
    }

    /// Works until `shutdown` is cancelled; then leases nothing more, lets running jobs go on for
    /// [`Settings::grace`], hands back those that are not finished by then, and returns.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut loops = JoinSet::new();
        for number in 1..=self.inner.settings.workers {
            let (inner, shutdown) = (Arc::clone(&self.inner), shutdown.clone());
            loops.spawn(async move { inner.work(&format!("worker-{number}"), &shutdown).await });
        }
        while let Some(ended) = loops.join_next().await {
            if let Err(error) = ended {
                tracing::error!(error = %error, "a worker has died; the others go on");
            }
        }
    }

    /// Runs everything that is due by the clock, one job after the other, also what that makes due,
    /// until nothing is. For tests and for one-shot commands.
    ///
    /// # Errors
    /// The store failed, or 10,000 runs did not empty the queue.
    pub async fn drain(&self) -> Result<Summary, DrainError> {
        let mut summary = Summary::default();
        for _ in 0..MOST_RUNS {
            let Some(lease) = self.inner.lease("drain").await? else { return Ok(summary) };
            let count = match self.inner.run(lease, &CancellationToken::new()).await {
                Ended::Done => &mut summary.done,
                Ended::Rescheduled => &mut summary.rescheduled,
                Ended::Retried => &mut summary.retried,
                Ended::Dead => &mut summary.dead,
                Ended::Lost | Ended::HandedBack => &mut summary.lost,
                Ended::NotRecorded(error) => return Err(error.into()),
            };
            *count += 1;
        }
        Err(DrainError::Endless { runs: MOST_RUNS })
    }
}

impl Inner {
    async fn lease(&self, worker: &str) -> Result<Option<crate::store::Lease>, crate::store::StoreError> {
        self.store.lease(worker, &self.kinds, self.settings.lease).await
    }

    async fn work(&self, name: &str, shutdown: &CancellationToken) {
        let mut news = self.store.watch();
        while !shutdown.is_cancelled() {
            // Before the look: what happens after it wakes us, what happened before it is seen.
            news.mark_unchanged();
            match self.lease(name).await {
                Ok(Some(lease)) => {
                    if let Ended::NotRecorded(error) = self.run(lease, shutdown).await {
                        log(&error, "the end of a job is not recorded; it will run again");
                    }
                }
                Ok(None) => self.idle(&mut news, shutdown).await,
                Err(error) => {
                    log(&error, "the queue cannot be read; trying again");
                    pause(self.settings.poll, shutdown).await;
                }
            }
        }
    }

    /// Waits for news, for the next job's time, or for the safety net.
    async fn idle(&self, news: &mut watch::Receiver<u64>, shutdown: &CancellationToken) {
        let due = self.store.next_due(&self.kinds).await.unwrap_or_default();
        let until_due = due.map(|due| Duration::try_from(due.duration_since(self.clock.now())).unwrap_or_default());
        let wait = until_due.unwrap_or(self.settings.poll).min(self.settings.poll);
        tokio::select! {
            _ = news.changed() => {}
            () = pause(wait, shutdown) => {}
        }
    }
}

/// With the whole chain of causes.
fn log(error: &(dyn std::error::Error + 'static), what: &'static str) {
    tracing::error!(error, "{what}");
}

async fn pause(time: Duration, shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}
