//! Wake-up calls for workers: inside the process, and on PostgreSQL between processes.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::StoreError;

/// Sent with the transaction that makes a job runnable: PostgreSQL delivers it after the commit.
pub(super) const NOTIFY: &str = "NOTIFY bailiwick_jobs";
const CHANNEL: &str = "bailiwick_jobs";
/// Between two tries to listen again, while the database cannot be reached. Workers poll meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// Who waits for news, and the task that hears of other processes' news.
#[derive(Debug)]
pub(super) struct Wake {
    version: Arc<watch::Sender<u64>>,
    stop: CancellationToken,
}

impl Wake {
    /// News of this process alone: nobody else has the database open, or polling finds it.
    pub(super) fn here() -> Self {
        Self { version: Arc::new(watch::Sender::new(0)), stop: CancellationToken::new() }
    }

    /// News of every process on the same PostgreSQL database.
    ///
    /// # Errors
    /// The URL is none.
    pub(super) fn everywhere(url: &str) -> Result<Self, StoreError> {
        let wake = Self::here();
        // One connection of its own: a listener keeps it.
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy(url);
        let pool = pool.map_err(|source| StoreError::Url { problem: "cannot be read", source: Some(source) })?;
        let (version, stop) = (Arc::clone(&wake.version), wake.stop.clone());
        tokio::spawn(async move {
            stop.run_until_cancelled(listen(&pool, &version)).await;
            pool.close().await;
        });
        Ok(wake)
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(super) fn now(&self) {
        wake(&self.version);
    }

    pub(super) fn stop(&self) {
        self.stop.cancel();
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn wake(version: &watch::Sender<u64>) {
    version.send_modify(|version| *version = version.wrapping_add(1));
}

/// Listens for ever. What was said while nobody listened is made up for by one wake-up call.
async fn listen(pool: &PgPool, version: &watch::Sender<u64>) {
    loop {
        if let Err(error) = listen_once(pool, version).await {
            tracing::debug!(error = %error, "wake-up calls of other processes are not heard; polling goes on");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(pool: &PgPool, version: &watch::Sender<u64>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        wake(version);
        // `None`: the connection broke and stands again; something may have been missed.
        listener.try_recv().await?;
    }
}
