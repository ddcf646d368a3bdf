//! Fairness between repositories: start-time fair queueing, one queue per priority.
//!
//! Every waiting job has a *turn*. A new one gets the turn after the latest that was taken (leased), or
//! after the latest due one of its own repository, whichever is later; jobs are leased in the order of
//! their turns. So a repository that asks for a thousand jobs spreads them over a thousand turns, and another
//! one's first job goes next, while within a repository the order of asking is kept.

use std::collections::HashMap;

use sqlx::Row as _;

use super::{StoreError, Tx};

const DOING: &str = "give a job its turn";

/// Gives turns to jobs that are inserted in one transaction.
#[derive(Debug, Default)]
pub(super) struct Turns {
    last: HashMap<(i64, Option<i64>), i64>,
}

impl Turns {
    /// The turn of the next job of `repository` with priority `rank`.
    pub(super) async fn next(
        &mut self,
        tx: &mut Tx,
        (rank, repository): (i64, Option<i64>),
        now: i64,
    ) -> Result<i64, StoreError> {
        let known = self.last.get(&(rank, repository)).copied();
        let last = match known {
            Some(last) => last,
            None => last(tx, (rank, repository), now).await?,
        };
        self.last.insert((rank, repository), last + 1);
        Ok(last + 1)
    }
}

/// The latest turn that was taken, or of the repository's due jobs: those that wait for their time stand in nobody's
/// way. A database that was moved away gives none: it is asked in the same round trip.
async fn last(tx: &mut Tx, (rank, repository): (i64, Option<i64>), now: i64) -> Result<i64, StoreError> {
    let select = match repository {
        Some(_) => {
            "SELECT (SELECT COUNT(*) FROM moved) AS moved, \
             (SELECT MAX(turn) FROM jobs WHERE priority = $1 AND state <> 'waiting') AS taken, \
             (SELECT MAX(turn) FROM jobs \
              WHERE priority = $1 AND state = 'waiting' AND run_at <= $2 AND repository = $3) AS given"
        }
        None => {
            "SELECT (SELECT COUNT(*) FROM moved) AS moved, \
             (SELECT MAX(turn) FROM jobs WHERE priority = $1 AND state <> 'waiting') AS taken, \
             (SELECT MAX(turn) FROM jobs \
              WHERE priority = $1 AND state = 'waiting' AND run_at <= $2 AND repository IS NULL) AS given"
        }
    };
    let query = sqlx::query(select).bind(rank).bind(now);
    let query = if repository.is_some() { query.bind(repository) } else { query };
    let row = query.fetch_one(&mut **tx).await.map_err(StoreError::database(DOING))?;
    let moved: i64 = row.try_get("moved").map_err(StoreError::database(DOING))?;
    if moved > 0 {
        return Err(StoreError::Moved);
    }
    let turn = |name| row.try_get::<Option<i64>, _>(name).map_err(StoreError::database(DOING));
    Ok(turn("taken")?.max(turn("given")?).unwrap_or(0))
}
