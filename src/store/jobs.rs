//! Jobs on their way in: inserted or merged.

use sqlx::{Row as _, Sqlite, Transaction};

use super::{JobId, NewJob, Store, StoreError};

impl Store {
    /// Adds jobs, all or none; a waiting job with the same kind and merge key is merged.
    ///
    /// # Errors
    /// The database failed: no job was added.
    pub async fn enqueue(&self, jobs: &[NewJob]) -> Result<(), StoreError> {
        let doing = "store jobs";
        let mut tx = self.begin(doing).await?;
        insert_jobs(&mut tx, jobs, self.now()).await?;
        tx.commit().await.map_err(StoreError::database(doing))?;
        self.wake();
        Ok(())
    }
}

/// Inserts jobs, or merges each into the waiting one with its key: the newer payload wins, the
/// earlier time and the higher priority too, and attempts count anew, because it is a new request.
pub(super) async fn insert_jobs(
    tx: &mut Transaction<'static, Sqlite>,
    jobs: &[NewJob],
    now: i64,
) -> Result<Vec<JobId>, StoreError> {
    let mut ids = Vec::with_capacity(jobs.len());
    for job in jobs {
        let row = sqlx::query(
            "INSERT INTO jobs (kind, subject, merge_key, payload, priority, repository, state, run_at, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8) \
             ON CONFLICT (kind, merge_key) WHERE state = 'waiting' DO UPDATE SET \
               subject = excluded.subject, payload = excluded.payload, attempts = 0, reason = NULL, \
               repository = excluded.repository, \
               priority = CASE WHEN excluded.priority < jobs.priority THEN excluded.priority ELSE jobs.priority END, \
               run_at = CASE WHEN excluded.run_at < jobs.run_at THEN excluded.run_at ELSE jobs.run_at END \
             RETURNING id",
        )
        .bind(&job.kind)
        .bind(&job.subject)
        .bind(&job.merge_key)
        .bind(job.payload.to_string())
        .bind(job.priority.rank())
        .bind(job.repository.map(|id| id.get().cast_signed()))
        .bind(job.run_at.map_or(now, |at| at.as_millisecond()))
        .bind(now)
        .fetch_one(&mut **tx)
        .await
        .map_err(StoreError::database("store a job"))?;
        ids.push(JobId(row.try_get("id").map_err(StoreError::database("read a job's number"))?));
    }
    Ok(ids)
}
