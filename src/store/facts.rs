//! What jobs remember between runs.

use serde_json::Value;
use sqlx::Row as _;

use super::effects::value;
use super::{Row, Store, StoreError};

const FACT: &str = "record a fact";

impl Store {
    /// Remembers `value`: a cursor or a hint. No lease guards facts, so never use one as the proof
    /// that something was done; that is what effects are for.
    ///
    /// # Errors
    /// The database failed.
    pub async fn set_fact(&self, kind: &str, key: &str, value: &Value) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO facts (kind, key, value, updated_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        )
        .bind(kind)
        .bind(key)
        .bind(value.to_string())
        .bind(self.now())
        .execute(&self.inner.writer)
        .await
        .map_err(StoreError::database(FACT))?;
        Ok(())
    }

    /// The remembered value.
    ///
    /// # Errors
    /// The database failed.
    pub async fn fact(&self, kind: &str, key: &str) -> Result<Option<Value>, StoreError> {
        let row = sqlx::query("SELECT value FROM facts WHERE kind = $1 AND key = $2")
            .bind(kind)
            .bind(key)
            .fetch_optional(&self.inner.reader)
            .await
            .map_err(StoreError::database("look up a fact"))?;
        row.as_ref().map(value).transpose()
    }

    /// All remembered values of a kind, ordered by key.
    ///
    /// # Errors
    /// The database failed.
    pub async fn facts(&self, kind: &str) -> Result<Vec<(String, Value)>, StoreError> {
        let doing = "look up facts";
        let rows = sqlx::query("SELECT key, value FROM facts WHERE kind = $1 ORDER BY key")
            .bind(kind)
            .fetch_all(&self.inner.reader)
            .await
            .map_err(StoreError::database(doing))?;
        let read = |row: &Row| Ok((row.try_get("key").map_err(StoreError::database(doing))?, value(row)?));
        rows.iter().map(read).collect()
    }

    /// The keys of a kind that start with `prefix` and go on with digits, in order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn facts_numbered(&self, kind: &str, prefix: &str) -> Result<Vec<u64>, StoreError> {
        let doing = "look up facts";
        // Behind the digits comes the colon.
        let rows = sqlx::query("SELECT key FROM facts WHERE kind = $1 AND key >= $2 AND key < $3 ORDER BY key")
            .bind(kind)
            .bind(format!("{prefix}0"))
            .bind(format!("{prefix}:"))
            .fetch_all(&self.inner.reader)
            .await
            .map_err(StoreError::database(doing))?;
        let number = |row: &Row| -> Result<Option<u64>, StoreError> {
            let key: String = row.try_get("key").map_err(StoreError::database(doing))?;
            Ok(key.strip_prefix(prefix).and_then(|number| number.parse().ok()))
        };
        rows.iter().filter_map(|row| number(row).transpose()).collect()
    }

    /// Forgets a remembered value.
    ///
    /// # Errors
    /// The database failed.
    pub async fn remove_fact(&self, kind: &str, key: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM facts WHERE kind = $1 AND key = $2")
            .bind(kind)
            .bind(key)
            .execute(&self.inner.writer)
            .await
            .map_err(StoreError::database(FACT))?;
        Ok(())
    }
}
