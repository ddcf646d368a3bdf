//! Deliveries: stored once, together with their jobs.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sqlx::{Sqlite, Transaction};

use super::jobs::insert_jobs;
use super::{Accepted, NewDelivery, NewJob, Pruned, Store, StoreError};

impl Store {
    /// Stores a delivery and its jobs in one transaction; when this returns they are on disk.
    /// A GUID that is known stores nothing and tells whether the first copy's work is done.
    ///
    /// # Errors
    /// The database failed: nothing is stored.
    pub async fn accept(&self, delivery: &NewDelivery, jobs: &[NewJob]) -> Result<Accepted, StoreError> {
        let doing = "store a delivery";
        let mut tx = self.begin(doing).await?;
        if !insert_delivery(&mut tx, delivery, self.now()).await? {
            let unfinished = has_unfinished_jobs(&mut tx, delivery).await?;
            tx.rollback().await.map_err(StoreError::database(doing))?;
            return Ok(Accepted::Duplicate { unfinished });
        }
        for job in insert_jobs(&mut tx, jobs, self.now()).await? {
            // Two of the jobs may have been merged into one.
            sqlx::query("INSERT INTO delivery_jobs (delivery, job) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(delivery.guid.as_str())
                .bind(job.get())
                .execute(&mut *tx)
                .await
                .map_err(StoreError::database(doing))?;
        }
        tx.commit().await.map_err(StoreError::database(doing))?;
        self.wake();
        Ok(Accepted::New)
    }

    /// Forgets jobs that were done before `before`, and deliveries received before it that no
    /// remaining job answers. Dead letters stay. A forgotten GUID would be taken as new, so keep
    /// deliveries longer than GitHub redelivers (3 days, 7 on enterprise servers).
    ///
    /// # Errors
    /// The database failed: nothing is forgotten.
    pub async fn prune(&self, before: Timestamp) -> Result<Pruned, StoreError> {
        let doing = "forget old jobs";
        let mut tx = self.begin(doing).await?;
        let jobs = sqlx::query("DELETE FROM jobs WHERE state = 'done' AND finished_at < $1")
            .bind(before.as_millisecond())
            .execute(&mut *tx)
            .await
            .map_err(StoreError::database(doing))?;
        let deliveries = sqlx::query(
            "DELETE FROM deliveries WHERE received_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM delivery_jobs WHERE delivery_jobs.delivery = deliveries.guid)",
        )
        .bind(before.as_millisecond())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(doing))?;
        tx.commit().await.map_err(StoreError::database(doing))?;
        Ok(Pruned { jobs: jobs.rows_affected(), deliveries: deliveries.rows_affected() })
    }
}

/// Whether the delivery was new.
async fn insert_delivery(
    tx: &mut Transaction<'static, Sqlite>,
    delivery: &NewDelivery,
    now: i64,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO deliveries (guid, event, action, body_sha256, body, received_at, installation, repository_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (guid) DO NOTHING",
    )
    .bind(delivery.guid.as_str())
    .bind(&delivery.event)
    .bind(&delivery.action)
    .bind(hex::encode(Sha256::digest(&delivery.body)))
    .bind(&delivery.body)
    .bind(now)
    .bind(delivery.installation.map(|id| id.get().cast_signed()))
    .bind(delivery.repository.map(|id| id.get().cast_signed()))
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database("store a delivery"))?;
    Ok(inserted.rows_affected() == 1)
}

async fn has_unfinished_jobs(
    tx: &mut Transaction<'static, Sqlite>,
    delivery: &NewDelivery,
) -> Result<bool, StoreError> {
    let found = sqlx::query(
        "SELECT 1 FROM delivery_jobs JOIN jobs ON jobs.id = delivery_jobs.job \
         WHERE delivery_jobs.delivery = $1 AND jobs.state <> 'done' LIMIT 1",
    )
    .bind(delivery.guid.as_str())
    .fetch_optional(&mut **tx)
    .await
    .map_err(StoreError::database("look up a delivery"))?;
    Ok(found.is_some())
}
