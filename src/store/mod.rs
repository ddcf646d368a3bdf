//! Deliveries, jobs, effects and facts on disk. Only this room has SQL.
//!
//! SQLite in WAL mode with `synchronous=FULL`: what a call has returned as stored survives the
//! death of the process and of the machine. One connection writes, a few read; every change is one
//! `BEGIN IMMEDIATE` transaction.
//!
//! Promises about jobs, which the `queue` and the jobs build on (the first two are unique indexes
//! in `migrations/`, so that even a fault here cannot break them):
//! - at most one running job per subject;
//! - at most one waiting job per kind and merge key: a newer one replaces its payload, and a
//!   running one is followed by exactly one more;
//! - only the holder of the current lease can end a job or write its effects ([`StoreError::LeaseLost`]).

mod deliveries;
mod effects;
mod error;
mod finish;
mod jobs;
mod lease;
mod list;
mod model;
mod open;

use std::sync::Arc;

use jiff::Timestamp;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, Transaction};
use tokio::sync::watch;

use crate::clock::Clock;

pub use error::StoreError;
pub use model::{
    Accepted, Counts, EffectState, JobFilter, JobId, JobRecord, JobState, Lease, NewDelivery, NewJob, Priority, Pruned,
};

/// The open database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    writer: SqlitePool,
    reader: SqlitePool,
    clock: Arc<dyn Clock>,
    /// Tells this process's leases from those of another with the same worker names.
    instance: Arc<str>,
    wake: Arc<watch::Sender<u64>>,
}

impl Store {
    /// Changes whenever a job may have become runnable: workers wait on it instead of polling.
    /// What happened since the receiver last looked is not missed.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }

    /// Closes all connections; every later call fails with [`StoreError::Database`].
    pub async fn close(&self) {
        self.writer.close().await;
        self.reader.close().await;
    }

    fn wake(&self) {
        self.wake.send_modify(|version| *version = version.wrapping_add(1));
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// A write transaction. It takes the lock at once: a transaction that reads first and then
    /// wants to write could be refused halfway.
    async fn begin(&self, doing: &'static str) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::database(doing))
    }
}

fn timestamp(milliseconds: i64) -> Timestamp {
    let clamped = milliseconds.clamp(Timestamp::MIN.as_millisecond() + 1, Timestamp::MAX.as_millisecond());
    Timestamp::from_millisecond(clamped).unwrap_or_default()
}

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
