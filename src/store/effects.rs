//! What jobs did to the outside world.

use serde_json::Value;
use sqlx::Row as _;

use super::lease::one_row;
use super::{EffectState, Lease, Row, Store, StoreError, Tx};

const EFFECT: &str = "record an effect";

impl Store {
    /// What is known of the effect `key` of `kind`; where nothing is, the intent is on disk when
    /// this returns [`EffectState::New`], so that a crash in the middle is seen by the next run.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], or the database failed.
    pub async fn effect(&self, lease: &Lease, kind: &str, key: &str) -> Result<EffectState, StoreError> {
        let mut tx = self.inner.begin_beside(EFFECT).await?;
        hold(&mut tx, lease).await?;
        let inserted = sqlx::query(
            "INSERT INTO effects (kind, key, state, updated_at) VALUES ($1, $2, 'intent', $3) \
             ON CONFLICT (kind, key) DO NOTHING",
        )
        .bind(kind)
        .bind(key)
        .bind(self.now())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(EFFECT))?;
        let state = match inserted.rows_affected() {
            1 => EffectState::New,
            _ => known(&mut tx, kind, key).await?.map_or(EffectState::Unfinished, EffectState::Done),
        };
        tx.commit().await.map_err(StoreError::database(EFFECT))?;
        Ok(state)
    }

    /// The effect happened, with this result.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], or the database failed.
    pub async fn effect_done(&self, lease: &Lease, kind: &str, key: &str, value: &Value) -> Result<(), StoreError> {
        let mut tx = self.inner.begin_beside(EFFECT).await?;
        hold(&mut tx, lease).await?;
        sqlx::query(
            "INSERT INTO effects (kind, key, state, value, updated_at) VALUES ($1, $2, 'done', $3, $4) \
             ON CONFLICT (kind, key) DO UPDATE SET \
               state = 'done', value = excluded.value, updated_at = excluded.updated_at",
        )
        .bind(kind)
        .bind(key)
        .bind(value.to_string())
        .bind(self.now())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(EFFECT))?;
        tx.commit().await.map_err(StoreError::database(EFFECT))
    }

    /// The result of an effect that is known to have happened.
    ///
    /// # Errors
    /// The database failed.
    pub async fn effect_value(&self, kind: &str, key: &str) -> Result<Option<Value>, StoreError> {
        let row = sqlx::query("SELECT value FROM effects WHERE kind = $1 AND key = $2 AND state = 'done'")
            .bind(kind)
            .bind(key)
            .fetch_optional(&self.inner.reader)
            .await
            .map_err(StoreError::database("look up an effect"))?;
        row.as_ref().map(value).transpose()
    }

    /// Forgets an effect, because it is seen to be undone (a comment that somebody deleted).
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], or the database failed.
    pub async fn forget_effect(&self, lease: &Lease, kind: &str, key: &str) -> Result<(), StoreError> {
        let mut tx = self.inner.begin_beside(EFFECT).await?;
        hold(&mut tx, lease).await?;
        sqlx::query("DELETE FROM effects WHERE kind = $1 AND key = $2")
            .bind(kind)
            .bind(key)
            .execute(&mut *tx)
            .await
            .map_err(StoreError::database(EFFECT))?;
        tx.commit().await.map_err(StoreError::database(EFFECT))
    }
}

/// Inside a transaction: the lease is ours, and stays ours until the commit.
pub(super) async fn hold(tx: &mut Tx, lease: &Lease) -> Result<(), StoreError> {
    // An update and not a question: on PostgreSQL it locks the job's row.
    let held = sqlx::query("UPDATE jobs SET fence = fence WHERE id = $1 AND fence = $2 AND state = 'running'")
        .bind(lease.job.get())
        .bind(lease.fence)
        .execute(&mut **tx)
        .await
        .map_err(StoreError::database(EFFECT))?;
    one_row(held.rows_affected(), lease)
}

async fn known(tx: &mut Tx, kind: &str, key: &str) -> Result<Option<Value>, StoreError> {
    let row = sqlx::query("SELECT value FROM effects WHERE kind = $1 AND key = $2 AND state = 'done'")
        .bind(kind)
        .bind(key)
        .fetch_optional(&mut **tx)
        .await
        .map_err(StoreError::database(EFFECT))?;
    row.as_ref().map(value).transpose()
}

pub(super) fn value(row: &Row) -> Result<Value, StoreError> {
    let text: String = row.try_get("value").map_err(StoreError::database("read a value"))?;
    serde_json::from_str(&text).map_err(|source| StoreError::Unreadable { what: "a value", source: Some(source) })
}
