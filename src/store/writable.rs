//! Whether the database takes what is written: tried, and taken back.

use sqlx::{AnyConnection, Connection as _};

use super::transfer::refuse_moved;
use super::{Store, StoreError};

const WRITING: &str = "be written";
/// Nothing of it stays: the transaction is rolled back.
const ATTEMPT: &str = "INSERT INTO facts (kind, key, value, updated_at) VALUES ('probe', 'writable', 'null', 0) \
     ON CONFLICT (kind, key) DO UPDATE SET updated_at = excluded.updated_at";

impl Store {
    /// Whether the database may be written, and is still the one that this installation uses.
    ///
    /// # Errors
    /// [`StoreError::Moved`], or the database refuses: it is read-only, its disk is full, or it is gone.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        let mut tx = self.inner.begin_beside(WRITING).await?;
        refuse_moved(&mut tx).await?;
        sqlx::raw_sql(ATTEMPT).execute(&mut *tx).await.map_err(StoreError::database(WRITING))?;
        tx.rollback().await.map_err(StoreError::database(WRITING))
    }
}

/// The same over a connection of its own, which `begin` gives a transaction that may write.
///
/// # Errors
/// The database refuses.
pub(super) async fn attempt(mut connection: AnyConnection, begin: &'static str) -> Result<(), sqlx::Error> {
    let tried = async {
        for statement in [begin, ATTEMPT, "ROLLBACK"] {
            sqlx::raw_sql(statement).execute(&mut connection).await?;
        }
        Ok(())
    };
    let tried = tried.await;
    connection.close().await?;
    tried
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Engine;
    use crate::store::testing::{World, on_both};

    async fn a_database_that_takes_nothing_is_noticed(world: World) {
        let store = &world.store;
        store.check_writable().await.expect("writable");
        assert!(store.facts("probe").await.expect("read").is_empty(), "nothing stays");
        let (close, open) = match store.inner.engine {
            Engine::Sqlite => ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
            Engine::Postgres => ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
        };
        // All connections that there may be: a pool hands them out in turns.
        let mut held = Vec::new();
        for _ in 0..store.inner.writer.options().get_max_connections() {
            let mut connection = store.inner.writer.acquire().await.expect("a connection");
            sqlx::raw_sql(close).execute(&mut *connection).await.expect("set");
            held.push(connection);
        }
        drop(held);
        let error = store.check_writable().await.expect_err("read-only");
        assert!(error.to_string().contains("could not be written"), "{error}");
        let mut connection = store.inner.writer.acquire().await.expect("a connection");
        sqlx::raw_sql(open).execute(&mut *connection).await.expect("set");
    }

    async fn a_database_that_was_moved_is_noticed(world: World) {
        let moved = "INSERT INTO moved (at) VALUES (1)";
        sqlx::query(moved).execute(&world.store.inner.writer).await.expect("marked");
        assert!(matches!(world.store.check_writable().await, Err(StoreError::Moved)));
    }

    on_both!(a_database_that_takes_nothing_is_noticed, a_database_that_was_moved_is_noticed);
}
