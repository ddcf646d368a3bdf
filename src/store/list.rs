//! Looking at the queue: lists, counts, and when the next job is due.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AnyPool, Row as _};

use super::sql::Sql;
use super::{Counts, JobFilter, JobId, JobRecord, JobState, Priority, Row, Store, StoreError, timestamp};
use crate::names::{InstallationId, RepositoryId};

const LISTING: &str = "list jobs";
const DEFAULT_LIMIT: u32 = 1_000;

impl Store {
    /// The jobs that fit `filter`, newest first.
    ///
    /// # Errors
    /// The database failed, or holds what cannot be read.
    pub async fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, StoreError> {
        let mut query = Sql::new("SELECT * FROM jobs WHERE 1 = 1");
        if let Some(state) = filter.state {
            query.push(" AND state = ").bind(state.as_str());
        }
        if let Some(kind) = &filter.kind {
            query.push(" AND kind = ").bind(kind.clone());
        }
        if let Some(subject) = &filter.subject {
            query.push(" AND subject = ").bind(subject.clone());
        }
        if let Some(repository) = filter.repository {
            query.push(" AND repository = ").bind(repository.get().cast_signed());
        }
        query.push(" ORDER BY id DESC LIMIT ").bind(i64::from(filter.limit.unwrap_or(DEFAULT_LIMIT)));
        let rows = query.build().fetch_all(&self.inner.reader).await.map_err(StoreError::database(LISTING))?;
        rows.iter().map(record).collect()
    }

    /// One job.
    ///
    /// # Errors
    /// The database failed, or holds what cannot be read.
    pub async fn job(&self, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM jobs WHERE id = $1")
            .bind(id.get())
            .fetch_optional(&self.inner.reader)
            .await
            .map_err(StoreError::database(LISTING))?;
        row.as_ref().map(record).transpose()
    }

    /// How many jobs are in which state.
    ///
    /// # Errors
    /// The database failed.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        counts(&self.inner.reader).await
    }

    /// How many deliveries are stored.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delivery_count(&self) -> Result<u64, StoreError> {
        let doing = "count deliveries";
        let row = sqlx::query("SELECT COUNT(*) AS deliveries FROM deliveries")
            .fetch_one(&self.inner.reader)
            .await
            .map_err(StoreError::database(doing))?;
        let deliveries: i64 = row.try_get("deliveries").map_err(StoreError::database(doing))?;
        Ok(deliveries.cast_unsigned())
    }

    /// The earliest time at which a job of `kinds` can be leased as far as the others allow it:
    /// a waiting one whose subject is free, or a running one whose holder goes silent.
    ///
    /// # Errors
    /// The database failed.
    pub async fn next_due(&self, kinds: &[&str]) -> Result<Option<Timestamp>, StoreError> {
        let waiting = "SELECT MIN(run_at) AS due FROM jobs WHERE state = 'waiting' AND NOT EXISTS \
             (SELECT 1 FROM jobs AS other WHERE other.subject = jobs.subject AND other.state = 'running') AND kind IN (";
        let running = "SELECT MIN(lease_until) AS due FROM jobs WHERE state = 'running' AND kind IN (";
        let times = [self.due(waiting, kinds).await?, self.due(running, kinds).await?];
        Ok(times.into_iter().flatten().min().map(timestamp))
    }

    async fn due(&self, select: &'static str, kinds: &[&str]) -> Result<Option<i64>, StoreError> {
        let doing = "look for the next job";
        if kinds.is_empty() {
            return Ok(None);
        }
        let mut query = Sql::new(select);
        query.bind_all(kinds.iter().map(|kind| (*kind).to_owned())).push(")");
        let row = query.build().fetch_one(&self.inner.reader).await.map_err(StoreError::database(doing))?;
        row.try_get("due").map_err(StoreError::database(doing))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.inner.reader).await.map_err(StoreError::database("be reached"))?;
        Ok(())
    }
}

/// How many jobs are in which state.
pub(super) async fn counts(reader: &AnyPool) -> Result<Counts, StoreError> {
    let doing = "count jobs";
    let rows = sqlx::query("SELECT state, COUNT(*) AS jobs FROM jobs GROUP BY state")
        .fetch_all(reader)
        .await
        .map_err(StoreError::database(doing))?;
    let mut counts = Counts::default();
    for row in rows {
        let jobs: i64 = row.try_get("jobs").map_err(StoreError::database(doing))?;
        let place = match state(&row)? {
            JobState::Waiting => &mut counts.waiting,
            JobState::Running => &mut counts.running,
            JobState::Done => &mut counts.done,
            JobState::Dead => &mut counts.dead,
        };
        *place = jobs.cast_unsigned();
    }
    Ok(counts)
}

fn record(row: &Row) -> Result<JobRecord, StoreError> {
    let failed = StoreError::database;
    let time = |column| row.try_get::<Option<i64>, _>(column).map_err(failed(LISTING));
    Ok(JobRecord {
        id: JobId(row.try_get("id").map_err(failed(LISTING))?),
        kind: row.try_get("kind").map_err(failed(LISTING))?,
        subject: row.try_get("subject").map_err(failed(LISTING))?,
        merge_key: row.try_get("merge_key").map_err(failed(LISTING))?,
        payload: payload(row)?,
        priority: Priority::from_rank(row.try_get("priority").map_err(failed(LISTING))?),
        repository: repository(row, "repository")?,
        state: state(row)?,
        attempts: count(row, "attempts")?,
        run_at: timestamp(row.try_get("run_at").map_err(failed(LISTING))?),
        turn: row.try_get("turn").map_err(failed(LISTING))?,
        lease_owner: row.try_get("lease_owner").map_err(failed(LISTING))?,
        lease_until: time("lease_until")?.map(timestamp),
        fence: row.try_get("fence").map_err(failed(LISTING))?,
        reason: row.try_get("reason").map_err(failed(LISTING))?,
        created_at: timestamp(row.try_get("created_at").map_err(failed(LISTING))?),
        finished_at: time("finished_at")?.map(timestamp),
    })
}

fn state(row: &Row) -> Result<JobState, StoreError> {
    let text: String = row.try_get("state").map_err(StoreError::database(LISTING))?;
    JobState::parse(&text).ok_or_else(|| StoreError::unreadable("a job's state"))
}

pub(super) fn payload(row: &Row) -> Result<Value, StoreError> {
    let text: String = row.try_get("payload").map_err(StoreError::database(LISTING))?;
    serde_json::from_str(&text)
        .map_err(|source| StoreError::Unreadable { what: "a job's payload", source: Some(source) })
}

pub(super) fn repository(row: &Row, column: &str) -> Result<Option<RepositoryId>, StoreError> {
    let id: Option<i64> = row.try_get(column).map_err(StoreError::database(LISTING))?;
    Ok(id.map(|id| RepositoryId::new(id.cast_unsigned())))
}

pub(super) fn installation(row: &Row) -> Result<Option<InstallationId>, StoreError> {
    let id: Option<i64> = row.try_get("installation").map_err(StoreError::database(LISTING))?;
    Ok(id.map(|id| InstallationId::new(id.cast_unsigned())))
}

pub(super) fn count(row: &Row, column: &str) -> Result<u32, StoreError> {
    let number: i64 = row.try_get(column).map_err(StoreError::database(LISTING))?;
    u32::try_from(number).map_err(|_| StoreError::unreadable("a count below zero"))
}
