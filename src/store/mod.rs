//! Deliveries, jobs, effects and facts on disk. Only this room has SQL.
//!
//! SQLite (WAL, `synchronous=FULL`) or PostgreSQL (`synchronous_commit=on`), by one set of statements:
//! what a call has returned as stored survives the death of the process and of the machine.
//! Every change of the queue is one transaction, and these follow one another: SQLite has one writer
//! (`BEGIN IMMEDIATE`), on PostgreSQL all replicas take one advisory lock. Concurrent deliveries share
//! a transaction (`ingest`), so that this costs no throughput.
//!
//! Promises about jobs, which the `queue` and the jobs build on (the first two are unique indexes
//! in `migrations/`, so that even a fault here cannot break them):
//! - at most one running job per subject;
//! - at most one waiting job per kind and merge key: a newer one replaces its payload, and a
//!   running one is followed by exactly one more;
//! - only the holder of the current lease can end a job or write its effects ([`StoreError::LeaseLost`]);
//! - within a priority, repositories take turns (`turns`).
//!
//! The audit log (`audit`) is a chain of entries that are only ever added, under the queue's lock.

mod audit;
mod cause;
mod claim;
mod coding;
mod deliveries;
mod effects;
mod error;
mod facts;
mod finish;
mod foreign;
mod ingest;
mod inspect;
mod jobs;
mod lease;
mod list;
mod migrations;
mod model;
mod open;
mod revive;
mod sql;
mod transfer;
mod turns;
mod wake;
mod writable;

use std::sync::Arc;

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyPool, Transaction};
use tokio::sync::{mpsc, watch};

use crate::clock::Clock;

pub use audit::{Action, Actor, AuditEffect, AuditEntry, AuditRecord, Broken, Decision, Intact};
pub use claim::Claim;
pub use error::StoreError;
pub use inspect::{Inspection, Schema};
pub use model::{
    Accepted, Counts, EffectState, JobFilter, JobId, JobRecord, JobState, Lease, NewDelivery, NewJob, Priority, Pruned,
    StoredDelivery,
};
pub use transfer::{Transferred, transfer};

use wake::Wake;

/// A transaction on either database.
type Tx = Transaction<'static, Any>;
/// A row of either database.
type Row = AnyRow;

/// The open database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// Deliveries on their way to the next shared transaction.
    ingest: mpsc::Sender<ingest::Pending>,
}

/// What the store and the task that takes in deliveries share.
#[derive(Debug)]
struct Inner {
    engine: Engine,
    writer: AnyPool,
    reader: AnyPool,
    clock: Arc<dyn Clock>,
    /// Tells this process's leases from those of another with the same worker names.
    instance: Arc<str>,
    wake: Wake,
}

/// Which database it is, for the few places where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

impl Store {
    /// Changes whenever a job may have become runnable: workers wait on it instead of polling.
    /// What happened since the receiver last looked is not missed.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.inner.wake.subscribe()
    }

    /// Closes all connections; every later call fails with [`StoreError::Database`].
    pub async fn close(&self) {
        self.inner.wake.stop();
        self.inner.writer.close().await;
        self.inner.reader.close().await;
    }

    fn now(&self) -> i64 {
        self.inner.now()
    }

    async fn begin(&self, doing: &'static str) -> Result<Tx, StoreError> {
        self.inner.begin(doing).await
    }
}

impl Inner {
    fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// A transaction on the queue. It takes the lock at once: a transaction that reads first and then
    /// wants to write could be refused halfway.
    async fn begin(&self, doing: &'static str) -> Result<Tx, StoreError> {
        let statement = match self.engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            // Any number will do, as long as all replicas agree; it is "bailiwik" in ASCII.
            Engine::Postgres => "BEGIN; SELECT pg_advisory_xact_lock(7089063202804689259)",
        };
        let begun = match self.writer.begin_with(statement).await {
            Err(sqlx::Error::InvalidSavePointStatement) if self.engine == Engine::Sqlite => {
                self.replace_writer().await.map_err(StoreError::database(doing))?;
                self.writer.begin_with(statement).await
            }
            begun => begun,
        };
        begun.map_err(StoreError::database(doing))
    }

    /// Where the disk is full, SQLite undoes the transaction by itself. The driver takes it for open ever after and
    /// refuses to begin another one on this connection, also once there is room again: it needs a new one.
    async fn replace_writer(&self) -> Result<(), sqlx::Error> {
        self.writer.acquire().await?.close().await
    }

    /// A transaction on rows that the caller locks itself, beside the queue's.
    async fn begin_beside(&self, doing: &'static str) -> Result<Tx, StoreError> {
        match self.engine {
            Engine::Sqlite => self.begin(doing).await,
            Engine::Postgres => self.writer.begin().await.map_err(StoreError::database(doing)),
        }
    }

    /// Commits, and tells the workers of this and of every other process that a job may be due.
    async fn commit_and_wake(&self, mut tx: Tx, doing: &'static str) -> Result<(), StoreError> {
        if self.engine == Engine::Postgres {
            sqlx::query(wake::NOTIFY).execute(&mut *tx).await.map_err(StoreError::database(doing))?;
        }
        tx.commit().await.map_err(StoreError::database(doing))?;
        self.wake.now();
        Ok(())
    }
}

fn timestamp(milliseconds: i64) -> Timestamp {
    let clamped = milliseconds.clamp(Timestamp::MIN.as_millisecond() + 1, Timestamp::MAX.as_millisecond());
    Timestamp::from_millisecond(clamped).unwrap_or_default()
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
