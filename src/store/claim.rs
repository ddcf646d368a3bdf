//! Who may work on a SQLite file: one process at a time.

use std::fs::File;
use std::path::PathBuf;

use super::open::sqlite_file;
use super::{Engine, Store, StoreError};

const CLAIMING: &str = "be claimed for its workers";

/// The right of this process to run workers on the database. It ends with the process, however that ends.
#[derive(Debug)]
pub struct Claim {
    _lock: Option<File>,
}

impl Store {
    /// Claims the database for this process's workers.
    ///
    /// On SQLite only one process may have workers, so whatever is leased now belongs to one that is dead: those
    /// leases end at once, and the jobs need not wait until they run out. On PostgreSQL, where replicas
    /// share the work, there is nothing to claim.
    ///
    /// # Errors
    /// [`StoreError::Claimed`] while another process works on the file, or the database failed.
    pub async fn claim_workers(&self, url: &str) -> Result<Claim, StoreError> {
        let Some(file) = (match self.inner.engine {
            Engine::Sqlite => sqlite_file(url)?,
            Engine::Postgres => None,
        }) else {
            return Ok(Claim { _lock: None });
        };
        let lock = tokio::task::spawn_blocking(move || lock(file.with_added_extension("workers"))).await;
        let lock = lock.map_err(|_| StoreError::closed())??;
        self.end_leases().await?;
        Ok(Claim { _lock: Some(lock) })
    }

    async fn end_leases(&self) -> Result<(), StoreError> {
        let ended = sqlx::query("UPDATE jobs SET lease_until = $1 WHERE state = 'running' AND lease_until > $1")
            .bind(self.now())
            .execute(&self.inner.writer)
            .await
            .map_err(StoreError::database(CLAIMING))?;
        if ended.rows_affected() > 0 {
            tracing::info!(jobs = ended.rows_affected(), "jobs of a process that died are taken up again");
        }
        Ok(())
    }
}

fn lock(path: PathBuf) -> Result<File, StoreError> {
    let io = |error: std::io::Error| StoreError::database(CLAIMING)(error.into());
    let file = super::open::create_private(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Claimed),
        Err(std::fs::TryLockError::Error(error)) => Err(io(error)),
    }
}
