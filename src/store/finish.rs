//! The ways in which a run ends. Each needs the current lease.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row as _;

use super::jobs::insert_jobs;
use super::lease::one_row;
use super::model::reason_for_storage;
use super::turns::Turns;
use super::{JobId, Lease, NewJob, Store, StoreError, Tx};

const ENDING: &str = "record how a job ended";

/// How a job goes back to the waiting ones.
struct PutBack<'a> {
    run_at: i64,
    /// The new payload; the old one where absent.
    payload: Option<&'a Value>,
    attempts: u32,
    reason: Option<String>,
}

impl Store {
    /// The job is done; `follow_up` jobs are added in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], or the database failed; then nothing has changed.
    pub async fn complete(&self, lease: &Lease, follow_up: &[NewJob]) -> Result<(), StoreError> {
        let mut tx = self.begin(ENDING).await?;
        end(&mut tx, lease, "done", None, self.now()).await?;
        insert_jobs(&mut tx, follow_up, self.now()).await?;
        self.inner.commit_and_wake(tx, ENDING).await
    }

    /// The run went well and wants to go on at `at` with `payload`: not a failure, attempts count
    /// anew. Where a newer request already waits, that one goes on instead, with its own payload.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], or the database failed; then nothing has changed.
    pub async fn reschedule(&self, lease: &Lease, at: Timestamp, payload: &Value) -> Result<(), StoreError> {
        let run_at = at.as_millisecond();
        self.put_back(lease, PutBack { run_at, payload: Some(payload), attempts: 0, reason: None }).await
    }

    /// The run failed and is tried again at `at`. Where a newer request already waits, that one
    /// stands for both.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], or the database failed; then nothing has changed.
    pub async fn retry(&self, lease: &Lease, at: Timestamp, reason: &str) -> Result<(), StoreError> {
        let reason = Some(reason_for_storage(reason));
        let run_at = at.as_millisecond();
        self.put_back(lease, PutBack { run_at, payload: None, attempts: lease.attempt, reason }).await
    }

    /// The run came to nothing through no fault of its own: it waits until `at`, and the attempt does
    /// not count. Where a newer request already waits, that one stands for both.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], or the database failed; then nothing has changed.
    pub async fn postpone(&self, lease: &Lease, at: Timestamp, reason: &str) -> Result<(), StoreError> {
        let (attempts, reason) = (lease.attempt.saturating_sub(1), Some(reason_for_storage(reason)));
        self.put_back(lease, PutBack { run_at: at.as_millisecond(), payload: None, attempts, reason }).await
    }

    /// The run was broken off through no fault of its own (shutdown): it waits again, due at once,
    /// and the attempt does not count.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], or the database failed; then nothing has changed.
    pub async fn hand_back(&self, lease: &Lease) -> Result<(), StoreError> {
        let attempts = lease.attempt.saturating_sub(1);
        self.put_back(lease, PutBack { run_at: self.now(), payload: None, attempts, reason: None }).await
    }

    /// The job is given up: a dead letter that people can look at.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], or the database failed; then nothing has changed.
    pub async fn bury(&self, lease: &Lease, reason: &str) -> Result<(), StoreError> {
        let mut tx = self.begin(ENDING).await?;
        end(&mut tx, lease, "dead", Some(reason_for_storage(reason)), self.now()).await?;
        self.inner.commit_and_wake(tx, ENDING).await
    }

    async fn put_back(&self, lease: &Lease, back: PutBack<'_>) -> Result<(), StoreError> {
        let mut tx = self.begin(ENDING).await?;
        match follower(&mut tx, lease).await? {
            Some(follower) => give_way(&mut tx, lease, follower, (back.run_at, self.now())).await?,
            None => wait_again(&mut tx, lease, back, self.now()).await?,
        }
        self.inner.commit_and_wake(tx, ENDING).await
    }
}

/// The waiting job with the same kind and merge key as the leased one.
async fn follower(tx: &mut Tx, lease: &Lease) -> Result<Option<JobId>, StoreError> {
    let row = sqlx::query(
        "SELECT waiting.id AS id FROM jobs JOIN jobs AS waiting \
         ON waiting.kind = jobs.kind AND waiting.merge_key = jobs.merge_key AND waiting.state = 'waiting' \
         WHERE jobs.id = $1",
    )
    .bind(lease.job.get())
    .fetch_optional(&mut **tx)
    .await
    .map_err(StoreError::database(ENDING))?;
    row.map(|row| row.try_get("id").map(JobId)).transpose().map_err(StoreError::database(ENDING))
}

async fn end(
    tx: &mut Tx,
    lease: &Lease,
    state: &'static str,
    reason: Option<String>,
    now: i64,
) -> Result<(), StoreError> {
    let ended = sqlx::query(
        "UPDATE jobs SET state = $1, reason = $2, finished_at = $3, lease_owner = NULL, lease_until = NULL \
         WHERE id = $4 AND fence = $5 AND state = 'running'",
    )
    .bind(state)
    .bind(reason)
    .bind(now)
    .bind(lease.job.get())
    .bind(lease.fence)
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database(ENDING))?;
    one_row(ended.rows_affected(), lease)
}

/// It gets a turn like a new request, so that one which asks again and again cannot keep others waiting.
async fn wait_again(tx: &mut Tx, lease: &Lease, back: PutBack<'_>, now: i64) -> Result<(), StoreError> {
    let lane = (lease.priority.rank(), lease.repository.map(|id| id.get().cast_signed()));
    let turn = Turns::default().next(tx, lane, now).await?;
    let updated = sqlx::query(
        "UPDATE jobs SET state = 'waiting', run_at = $1, payload = COALESCE($2, payload), attempts = $3, reason = $4, \
         turn = $7, lease_owner = NULL, lease_until = NULL WHERE id = $5 AND fence = $6 AND state = 'running'",
    )
    .bind(back.run_at)
    .bind(back.payload.map(Value::to_string))
    .bind(i64::from(back.attempts))
    .bind(back.reason)
    .bind(lease.job.get())
    .bind(lease.fence)
    .bind(turn)
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database(ENDING))?;
    one_row(updated.rows_affected(), lease)
}

/// The leased job ends and `follower` stands for it: it answers its deliveries too, and runs no
/// later than the leased one would have. `times`: when that was, and now.
async fn give_way(tx: &mut Tx, lease: &Lease, follower: JobId, (run_at, now): (i64, i64)) -> Result<(), StoreError> {
    end(tx, lease, "done", Some(format!("continued by job {follower}")), now).await?;
    sqlx::query(
        "UPDATE jobs SET run_at = CASE WHEN run_at > $3 THEN $3 ELSE run_at END, \
         priority = CASE WHEN priority > (SELECT old.priority FROM jobs AS old WHERE old.id = $1) \
           THEN (SELECT old.priority FROM jobs AS old WHERE old.id = $1) ELSE priority END WHERE id = $2",
    )
    .bind(lease.job.get())
    .bind(follower.get())
    .bind(run_at)
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database(ENDING))?;
    answer_for(tx, lease.job, follower).await
}

/// From now on `follower` answers the deliveries of `job` too.
pub(super) async fn answer_for(tx: &mut Tx, job: JobId, follower: JobId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO delivery_jobs (delivery, job) \
         SELECT delivery, $2 FROM delivery_jobs WHERE job = $1 ON CONFLICT DO NOTHING",
    )
    .bind(job.get())
    .bind(follower.get())
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database(ENDING))?;
    Ok(())
}
