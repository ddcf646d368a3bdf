//! Jobs on their way in: inserted or merged.

use std::collections::HashMap;

use sqlx::Row as _;

use super::deliveries::pieces;
use super::sql::Sql;
use super::turns::Turns;
use super::{JobId, NewJob, Store, StoreError, Tx};

const STORING: &str = "store a job";

impl Store {
    /// Adds jobs, all or none; a waiting job with the same kind and merge key is merged.
    ///
    /// # Errors
    /// The database failed: no job was added.
    pub async fn enqueue(&self, jobs: &[NewJob]) -> Result<(), StoreError> {
        let doing = "store jobs";
        let mut tx = self.begin(doing).await?;
        insert_jobs(&mut tx, jobs, self.now()).await?;
        self.inner.commit_and_wake(tx, doing).await
    }
}

/// A job and the turn that it gets if it is merged with none.
struct Turned {
    job: NewJob,
    run_at: i64,
    turn: i64,
}

/// Inserts jobs, or merges each into the waiting one with its key: the newer payload wins, the
/// earlier time and the higher priority too, and attempts count anew, because it is a new request.
/// Gives the number of each, in their order.
pub(super) async fn insert_jobs(tx: &mut Tx, jobs: &[NewJob], now: i64) -> Result<Vec<JobId>, StoreError> {
    let (merged, places) = merge(jobs, now);
    let mut turns = Turns::default();
    let mut turned = Vec::with_capacity(merged.len());
    for (job, run_at) in merged {
        let lane = (job.priority.rank(), job.repository.map(|id| id.get().cast_signed()));
        let turn = turns.next(tx, lane, now).await?;
        turned.push(Turned { job, run_at, turn });
    }
    let mut ids = HashMap::new();
    for some in pieces(&turned) {
        insert(tx, some, now, &mut ids).await?;
    }
    let id = |place: usize| {
        let Turned { job, .. } = &turned[place];
        ids.get(&(job.kind.clone(), job.merge_key.clone())).copied()
    };
    places.into_iter().map(|place| id(place).ok_or_else(|| StoreError::unreadable("a job's number"))).collect()
}

/// The jobs with those of one key made one (a statement may touch a row only once), each with the time from
/// which it is due; and for each of `jobs` the place of its one.
fn merge(jobs: &[NewJob], now: i64) -> (Vec<(NewJob, i64)>, Vec<usize>) {
    let mut merged: Vec<(NewJob, i64)> = Vec::with_capacity(jobs.len());
    let mut known: HashMap<(&str, &str), usize> = HashMap::new();
    let mut places = Vec::with_capacity(jobs.len());
    for job in jobs {
        let run_at = job.run_at.map_or(now, |at| at.as_millisecond());
        let place = *known.entry((&job.kind, &job.merge_key)).or_insert(merged.len());
        match merged.get_mut(place) {
            Some((earlier, due)) => {
                let priority = earlier.priority.min(job.priority);
                *earlier = NewJob { priority, ..job.clone() };
                *due = run_at.min(*due);
            }
            None => merged.push((job.clone(), run_at)),
        }
        places.push(place);
    }
    (merged, places)
}

async fn insert(
    tx: &mut Tx,
    jobs: &[Turned],
    now: i64,
    ids: &mut HashMap<(String, String), JobId>,
) -> Result<(), StoreError> {
    let mut query = Sql::new(
        "INSERT INTO jobs (kind, subject, merge_key, payload, priority, repository, state, run_at, turn, created_at) \
         VALUES ",
    );
    for (place, Turned { job, run_at, turn }) in jobs.iter().enumerate() {
        query.push(if place == 0 { "(" } else { ", (" });
        query.bind(job.kind.clone()).push(", ").bind(job.subject.clone()).push(", ").bind(job.merge_key.clone());
        query.push(", ").bind(job.payload.to_string()).push(", ").bind(job.priority.rank()).push(", ");
        query.bind(job.repository.map(|id| id.get().cast_signed())).push(", 'waiting', ");
        query.bind(*run_at).push(", ").bind(*turn).push(", ").bind(now).push(")");
    }
    query.push(
        " ON CONFLICT (kind, merge_key) WHERE state = 'waiting' DO UPDATE SET \
           subject = excluded.subject, payload = excluded.payload, attempts = 0, reason = NULL, \
           repository = excluded.repository, \
           turn = CASE WHEN excluded.priority < jobs.priority THEN excluded.turn ELSE jobs.turn END, \
           priority = CASE WHEN excluded.priority < jobs.priority THEN excluded.priority ELSE jobs.priority END, \
           run_at = CASE WHEN excluded.run_at < jobs.run_at THEN excluded.run_at ELSE jobs.run_at END \
         RETURNING id, kind, merge_key",
    );
    let failed = StoreError::database;
    for row in query.build().fetch_all(&mut **tx).await.map_err(failed(STORING))? {
        let key = (row.try_get("kind").map_err(failed(STORING))?, row.try_get("merge_key").map_err(failed(STORING))?);
        ids.insert(key, JobId(row.try_get("id").map_err(failed(STORING))?));
    }
    Ok(())
}
