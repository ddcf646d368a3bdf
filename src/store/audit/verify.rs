//! Walking the chain from its first entry to its last.

use super::{AuditRecord, GENESIS, PIECE, READING};
use crate::store::{Row, Store, StoreError};

/// A chain without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intact {
    /// How many entries there are.
    pub entries: i64,
    /// The last one's hash; 64 zeros where there is none.
    pub last_hash: String,
    /// The number of the entry with the hash that was asked for.
    pub expected: Option<i64>,
}

/// The first fault of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The number of the entry at which it shows.
    pub seq: i64,
    /// What is wrong there.
    pub problem: &'static str,
}

/// How far the walk is.
struct Walk<'a> {
    seq: i64,
    hash: String,
    expect: Option<&'a str>,
    expected: Option<i64>,
}

impl Walk<'_> {
    /// One entry on.
    fn step(&mut self, row: &Row) -> Result<(), Broken> {
        let seq = self.seq + 1;
        let broken = |problem| Broken { seq, problem };
        let record = AuditRecord::read(row).map_err(|_| broken("it holds values that are never written"))?;
        if record.seq != seq {
            return Err(broken("it is missing"));
        }
        if record.prev_hash != self.hash {
            return Err(broken("it does not follow the entry before it: that one was changed or exchanged"));
        }
        if record.digest().as_ref() != Some(&record.hash) {
            return Err(broken("its hash does not fit what it says: it was changed"));
        }
        self.seq = seq;
        if self.expect == Some(record.hash.as_str()) {
            self.expected = Some(seq);
        }
        self.hash = record.hash;
        Ok(())
    }
}

impl Store {
    /// Walks the audit log and says whether it is one unbroken chain; `expect` is looked for among the hashes. An
    /// intact chain may have been cut at its end: only a hash that was noted elsewhere tells.
    ///
    /// # Errors
    /// The database failed.
    pub async fn verify_audit(&self, expect: Option<&str>) -> Result<Result<Intact, Broken>, StoreError> {
        let expected = (expect == Some(GENESIS)).then_some(0);
        let mut walk = Walk { seq: 0, hash: GENESIS.to_owned(), expect, expected };
        let mut after = i64::MIN;
        loop {
            let rows = sqlx::query("SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2")
                .bind(after)
                .bind(PIECE)
                .fetch_all(&self.inner.reader)
                .await
                .map_err(StoreError::database(READING))?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                if let Err(broken) = walk.step(row) {
                    return Ok(Err(broken));
                }
            }
            after = walk.seq;
        }
        let Walk { seq, hash, expected, .. } = walk;
        Ok(Ok(Intact { entries: seq, last_hash: hash, expected }))
    }
}
