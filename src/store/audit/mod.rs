//! The audit log: who did what, with which right, and what came of it.
//!
//! Entries are only added, under the queue's lock, so that they form one chain: each holds the hash of the one
//! before it. Triggers refuse every change; what somebody with the database's own rights does all the same is
//! found by [`Store::verify_audit`]. docs/audit.md says how the hash is made.

mod entry;
mod verify;

use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use super::effects::hold;
use super::sql::Sql;
use super::{JobId, Lease, Store, StoreError, Tx};

pub use entry::{Action, Actor, AuditEffect, AuditEntry, AuditRecord, Decision};
pub use verify::{Broken, Intact};

const WRITING: &str = "write the audit log";
const READING: &str = "read the audit log";
/// What stands before the first entry.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// How many entries are read at one time.
const PIECE: i64 = 500;

impl Store {
    /// Writes an entry for a step of a leased job. A second run that says the same of the same step writes
    /// nothing; one that decides otherwise or did something else does. Gives whether it was written.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], [`StoreError::Moved`], or the database failed: nothing is written.
    pub async fn record_audit(&self, lease: &Lease, step: &str, entry: &AuditEntry) -> Result<bool, StoreError> {
        let mut tx = self.begin(WRITING).await?;
        super::transfer::refuse_moved(&mut tx).await?;
        hold(&mut tx, lease).await?;
        let mut record = AuditRecord::of(entry, self.now());
        record.job = Some(lease.job.get());
        record.step = same_step(step, &record);
        if is_written(&mut tx, lease.job, &record.step).await? {
            return Ok(false);
        }
        if record.delivery.is_none() {
            record.delivery = first_delivery(&mut tx, lease.job).await?;
        }
        let written = append(&mut tx, record).await?;
        tx.commit().await.map_err(StoreError::database(WRITING))?;
        announce(&written);
        Ok(true)
    }

    /// Writes an entry for what somebody does at the command line.
    ///
    /// # Errors
    /// [`StoreError::Moved`], or the database failed: nothing is written.
    pub async fn record_audit_by_hand(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.begin(WRITING).await?;
        super::transfer::refuse_moved(&mut tx).await?;
        let written = append_by_hand(&mut tx, entry, self.now()).await?;
        tx.commit().await.map_err(StoreError::database(WRITING))?;
        announce(&written);
        Ok(())
    }

    /// Up to 500 entries after the one of number `after` that were written at `since` or later, oldest first.
    ///
    /// # Errors
    /// The database failed, or holds what cannot be read.
    pub async fn audit(&self, after: i64, since: Option<jiff::Timestamp>) -> Result<Vec<AuditRecord>, StoreError> {
        let mut query = Sql::new("SELECT * FROM audit WHERE seq > ");
        query.bind(after);
        if let Some(since) = since {
            query.push(" AND at >= ").bind(since.as_millisecond());
        }
        query.push(" ORDER BY seq LIMIT ").bind(PIECE);
        let rows = query.build().fetch_all(&self.inner.reader).await.map_err(StoreError::database(READING))?;
        rows.iter().map(AuditRecord::read).collect::<Result<_, _>>().map_err(StoreError::database(READING))
    }
}

/// The step with what makes two entries of it the same: the decision and the effects. Only then may the second
/// one be left out.
fn same_step(step: &str, record: &AuditRecord) -> String {
    let said = format!("{}\n{}\n{}", record.action, record.decision, record.effects);
    format!("{step}@{}", &hex::encode(Sha256::digest(said))[..12])
}

async fn is_written(tx: &mut Tx, job: JobId, step: &str) -> Result<bool, StoreError> {
    let found = sqlx::query("SELECT seq FROM audit WHERE job = $1 AND step = $2")
        .bind(job.get())
        .bind(step.to_owned())
        .fetch_optional(&mut **tx)
        .await;
    found.map(|row| row.is_some()).map_err(StoreError::database(WRITING))
}

async fn first_delivery(tx: &mut Tx, job: JobId) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "SELECT deliveries.guid AS guid FROM deliveries \
         JOIN delivery_jobs ON delivery_jobs.delivery = deliveries.guid \
         WHERE delivery_jobs.job = $1 ORDER BY deliveries.received_at, deliveries.guid LIMIT 1",
    )
    .bind(job.get())
    .fetch_optional(&mut **tx)
    .await
    .map_err(StoreError::database(WRITING))?;
    row.map(|row| row.try_get("guid")).transpose().map_err(StoreError::database(WRITING))
}

/// Writes an entry of the command line in a transaction that holds the queue's lock.
///
/// # Errors
/// The database failed.
pub(super) async fn append_by_hand(tx: &mut Tx, entry: &AuditEntry, now: i64) -> Result<AuditRecord, StoreError> {
    append(tx, AuditRecord { step: "by-hand".to_owned(), ..AuditRecord::of(entry, now) }).await
}

/// Puts a record at the end of the chain. The transaction holds the queue's lock, so nobody else is about to.
async fn append(tx: &mut Tx, mut record: AuditRecord) -> Result<AuditRecord, StoreError> {
    let last = sqlx::query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetch_optional(&mut **tx).await;
    let (seq, hash) = match last.map_err(StoreError::database(WRITING))? {
        Some(row) => {
            let seq: i64 = row.try_get("seq").map_err(StoreError::database(WRITING))?;
            (seq, row.try_get("hash").map_err(StoreError::database(WRITING))?)
        }
        None => (0, GENESIS.to_owned()),
    };
    record.seq = seq + 1;
    record.prev_hash = hash;
    record.hash = record.digest().ok_or_else(|| StoreError::unreadable("an audit entry"))?;
    insert(tx, &record).await?;
    Ok(record)
}

async fn insert(tx: &mut Tx, record: &AuditRecord) -> Result<(), StoreError> {
    let mut query = Sql::new(
        "INSERT INTO audit (seq, at, action, what, actor_kind, actor_id, actor_name, repository_id, repository_name, \
         issue, head, proof, decision, reason, effects, delivery, job, step, prev_hash, hash) VALUES (",
    );
    query.bind(record.seq).push(", ").bind(record.at).push(", ").bind(record.action.clone()).push(", ");
    query.bind(record.what.clone()).push(", ").bind(record.actor_kind.clone()).push(", ").bind(record.actor_id);
    query.push(", ").bind(record.actor_name.clone()).push(", ").bind(record.repository_id).push(", ");
    query.bind(record.repository_name.clone()).push(", ").bind(record.issue).push(", ").bind(record.head.clone());
    query.push(", ").bind(record.proof.clone()).push(", ").bind(record.decision.clone()).push(", ");
    query.bind(record.reason.clone()).push(", ").bind(record.effects.clone()).push(", ");
    query.bind(record.delivery.clone()).push(", ").bind(record.job).push(", ").bind(record.step.clone()).push(", ");
    query.bind(record.prev_hash.clone()).push(", ").bind(record.hash.clone()).push(")");
    query.build().execute(&mut **tx).await.map(drop).map_err(StoreError::database(WRITING))
}

/// Says in the log what was written: whoever keeps logs elsewhere has an anchor that the database's owner
/// cannot change.
pub(super) fn announce(record: &AuditRecord) {
    tracing::info!(
        audit.seq = record.seq,
        audit.hash = record.hash,
        audit.action = record.action,
        audit.decision = record.decision,
        "an audit entry was written"
    );
}

#[cfg(test)]
mod tests;
