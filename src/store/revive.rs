//! Dead letters that are taken up again: by a person, or because GitHub delivers their event once more.

use sqlx::Row as _;

use super::audit::{announce, append_by_hand};
use super::list::repository;
use super::turns::Turns;
use super::{Accepted, Action, Actor, AuditEntry, JobId, JobState, Store, StoreError, Tx};

const REVIVING: &str = "take up a dead letter";

impl Store {
    /// A job that was given up waits again, due at once, with attempts counted anew. Where a newer request of
    /// its key waits, that one stands for it. The audit log says that it was `by` this person. Gives `false`
    /// where there is no such dead letter.
    ///
    /// # Errors
    /// [`StoreError::Moved`], or the database failed: nothing has changed.
    pub async fn revive(&self, job: JobId, by: &Actor) -> Result<bool, StoreError> {
        let mut tx = self.begin(REVIVING).await?;
        super::transfer::refuse_moved(&mut tx).await?;
        let Some(entry) = entry(&mut tx, job, by).await? else { return Ok(false) };
        let revived = revive_job(&mut tx, job, self.now()).await?;
        let written = append_by_hand(&mut tx, &entry, self.now()).await?;
        self.inner.commit_and_wake(tx, REVIVING).await?;
        announce(&written);
        Ok(revived)
    }
}

/// What the audit log will say; `None` where there is no such dead letter.
async fn entry(tx: &mut Tx, job: JobId, by: &Actor) -> Result<Option<AuditEntry>, StoreError> {
    let row = sqlx::query("SELECT kind, subject, repository, reason FROM jobs WHERE id = $1 AND state = 'dead'")
        .bind(job.get())
        .fetch_optional(&mut **tx)
        .await
        .map_err(StoreError::database(REVIVING))?;
    let Some(row) = row else { return Ok(None) };
    let failed = StoreError::database;
    let kind: String = row.try_get("kind").map_err(failed(REVIVING))?;
    let subject: String = row.try_get("subject").map_err(failed(REVIVING))?;
    let what = format!("job {job}: {kind} of {subject}");
    Ok(Some(AuditEntry {
        repository_id: repository(&row, "repository")?,
        proof: Some("command line".to_owned()),
        reason: row.try_get("reason").map_err(failed(REVIVING))?,
        ..AuditEntry::new(by.clone(), Action::DeadLetterRetried, what)
    }))
}

/// What a redelivery finds: jobs that are not done go on, those that were given up too.
pub(super) async fn revive_of_delivery(tx: &mut Tx, guid: &str, now: i64) -> Result<Accepted, StoreError> {
    let rows = sqlx::query(
        "SELECT jobs.id AS id, jobs.state AS state FROM delivery_jobs JOIN jobs ON jobs.id = delivery_jobs.job \
         WHERE delivery_jobs.delivery = $1 AND jobs.state <> 'done' ORDER BY jobs.id",
    )
    .bind(guid)
    .fetch_all(&mut **tx)
    .await
    .map_err(StoreError::database("look up a delivery"))?;
    for row in &rows {
        let state: String = row.try_get("state").map_err(StoreError::database(REVIVING))?;
        if JobState::parse(&state) == Some(JobState::Dead) {
            let job = JobId(row.try_get("id").map_err(StoreError::database(REVIVING))?);
            revive_job(tx, job, now).await?;
        }
    }
    Ok(Accepted::Duplicate { unfinished: !rows.is_empty() })
}

async fn revive_job(tx: &mut Tx, job: JobId, now: i64) -> Result<bool, StoreError> {
    let found = sqlx::query(
        "SELECT dead.priority AS priority, dead.repository AS repository, waiting.id AS follower FROM jobs AS dead \
         LEFT JOIN jobs AS waiting ON waiting.kind = dead.kind AND waiting.merge_key = dead.merge_key \
           AND waiting.state = 'waiting' \
         WHERE dead.id = $1 AND dead.state = 'dead'",
    )
    .bind(job.get())
    .fetch_optional(&mut **tx)
    .await
    .map_err(StoreError::database(REVIVING))?;
    let Some(row) = found else { return Ok(false) };
    let failed = StoreError::database;
    let follower: Option<i64> = row.try_get("follower").map_err(failed(REVIVING))?;
    if let Some(follower) = follower {
        let reason = format!("continued by job {follower}");
        sqlx::query("UPDATE jobs SET state = 'done', reason = $1, finished_at = $2 WHERE id = $3")
            .bind(reason)
            .bind(now)
            .bind(job.get())
            .execute(&mut **tx)
            .await
            .map_err(failed(REVIVING))?;
        super::finish::answer_for(tx, job, JobId(follower)).await?;
        return Ok(true);
    }
    let lane =
        (row.try_get("priority").map_err(failed(REVIVING))?, row.try_get("repository").map_err(failed(REVIVING))?);
    let turn = Turns::default().next(tx, lane, now).await?;
    sqlx::query(
        "UPDATE jobs SET state = 'waiting', attempts = 0, run_at = $1, turn = $2, finished_at = NULL WHERE id = $3",
    )
    .bind(now)
    .bind(turn)
    .bind(job.get())
    .execute(&mut **tx)
    .await
    .map_err(failed(REVIVING))?;
    Ok(true)
}
