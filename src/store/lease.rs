//! Leases: who may run which job, and for how long.

use std::time::Duration;

use sqlx::Row as _;

use super::list::{count, payload, repository};
use super::sql::Sql;
use super::{JobId, Lease, Priority, Row, Store, StoreError, Tx};

const LEASING: &str = "lease a job";

impl Store {
    /// Leases the next job of `kinds` that is due, for `ttl` unless it is renewed: by priority,
    /// then by turn (repositories take turns), then by time and age. Never one whose subject has a running job; one whose lease has
    /// run out is taken over. `worker` names the holder in lists.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lease(&self, worker: &str, kinds: &[&str], ttl: Duration) -> Result<Option<Lease>, StoreError> {
        if kinds.is_empty() {
            return Ok(None);
        }
        let now = self.now();
        let mut tx = self.begin(LEASING).await?;
        super::transfer::refuse_moved(&mut tx).await?;
        let Some(job) = next(&mut tx, kinds, now).await? else {
            tx.rollback().await.map_err(StoreError::database(LEASING))?;
            return Ok(None);
        };
        let row = sqlx::query(
            "UPDATE jobs SET state = 'running', attempts = attempts + 1, fence = fence + 1, \
             lease_owner = $1, lease_until = $2 WHERE id = $3 \
             RETURNING id, kind, subject, payload, priority, repository, attempts, fence",
        )
        .bind(format!("{worker}@{}", self.inner.instance))
        .bind(until(now, ttl))
        .bind(job.get())
        .fetch_one(&mut *tx)
        .await
        .map_err(StoreError::database(LEASING))?;
        let lease = read_lease(&row)?;
        tx.commit().await.map_err(StoreError::database(LEASING))?;
        Ok(Some(lease))
    }

    /// Lets the lease hold for `ttl` from now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], or the database failed.
    pub async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<(), StoreError> {
        let renewed =
            sqlx::query("UPDATE jobs SET lease_until = $1 WHERE id = $2 AND fence = $3 AND state = 'running'")
                .bind(until(self.now(), ttl))
                .bind(lease.job.get())
                .bind(lease.fence)
                .execute(&self.inner.writer)
                .await
                .map_err(StoreError::database("renew a lease"))?;
        one_row(renewed.rows_affected(), lease)
    }
}

fn until(now: i64, ttl: Duration) -> i64 {
    now.saturating_add(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX))
}

/// The update of a leased job touched its row, or the lease is lost.
pub(super) fn one_row(affected: u64, lease: &Lease) -> Result<(), StoreError> {
    if affected == 1 { Ok(()) } else { Err(StoreError::LeaseLost { job: lease.job }) }
}

/// The first in line: among the waiting ones and among those whose holder has gone silent.
/// Asked separately, because each question has an index and their union has none.
async fn next(tx: &mut Tx, kinds: &[&str], now: i64) -> Result<Option<JobId>, StoreError> {
    let waiting = "SELECT id, priority, turn, run_at FROM jobs WHERE state = 'waiting' AND NOT EXISTS \
         (SELECT 1 FROM jobs AS other WHERE other.subject = jobs.subject AND other.state = 'running') AND run_at <= ";
    let expired = "SELECT id, priority, turn, run_at FROM jobs WHERE state = 'running' AND lease_until <= ";
    let candidates = [first(tx, waiting, kinds, now).await?, first(tx, expired, kinds, now).await?];
    Ok(candidates.into_iter().flatten().min().map(|[.., id]| JobId(id)))
}

async fn first(tx: &mut Tx, select: &'static str, kinds: &[&str], now: i64) -> Result<Option<[i64; 4]>, StoreError> {
    let mut query = Sql::new(select);
    query.bind(now).push(" AND kind IN (").bind_all(kinds.iter().map(|kind| (*kind).to_owned()));
    query.push(") ORDER BY priority, turn, run_at, id LIMIT 1");
    let row = query.build().fetch_optional(&mut **tx).await.map_err(StoreError::database(LEASING))?;
    let read =
        |row: Row| Ok([row.try_get("priority")?, row.try_get("turn")?, row.try_get("run_at")?, row.try_get("id")?]);
    row.map(read).transpose().map_err(StoreError::database(LEASING))
}

fn read_lease(row: &Row) -> Result<Lease, StoreError> {
    let failed = StoreError::database;
    Ok(Lease {
        job: JobId(row.try_get("id").map_err(failed(LEASING))?),
        kind: row.try_get("kind").map_err(failed(LEASING))?,
        subject: row.try_get("subject").map_err(failed(LEASING))?,
        payload: payload(row)?,
        priority: Priority::from_rank(row.try_get("priority").map_err(failed(LEASING))?),
        repository: repository(row, "repository")?,
        attempt: count(row, "attempts")?,
        fence: row.try_get("fence").map_err(failed(LEASING))?,
    })
}
