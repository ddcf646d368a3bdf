//! Both databases for tests.

use super::*;
use crate::clock::{ManualClock, SeededEntropy};

#[path = "../../tests/support/postgres.rs"]
mod postgres;

/// A store on a real database that goes away with it.
pub(super) struct World {
    pub(super) store: Store,
    pub(super) clock: Arc<ManualClock>,
    pub(super) url: String,
    /// Where SQLite's file is.
    pub(super) folder: tempfile::TempDir,
}

impl World {
    pub(super) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::at(url, folder).await
    }

    pub(super) async fn postgres() -> Self {
        let url = tokio::task::spawn_blocking(postgres::database).await.expect("a server");
        Self::at(url, tempfile::tempdir().expect("a temporary folder")).await
    }

    async fn at(url: String, folder: tempfile::TempDir) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let store = open(&url, &clock).await;
        Self { store, clock, url, folder }
    }

    /// Another, empty one of the same engine.
    pub(super) async fn another(&self) -> Self {
        match self.store.inner.engine {
            Engine::Sqlite => Self::sqlite().await,
            Engine::Postgres => Self::postgres().await,
        }
    }

    /// The same database, as another process sees it.
    pub(super) async fn replica(&self) -> Store {
        open(&self.url, &self.clock).await
    }
}

async fn open(url: &str, clock: &Arc<ManualClock>) -> Store {
    Store::open(url, clock.clone(), Arc::new(SeededEntropy::new(1))).await.expect("opened")
}

/// Runs each test, a function of a [`World`], on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(super::World::sqlite().await).await; })*
        }
        mod postgres {
            $(#[tokio::test] async fn $name() { super::$name(super::World::postgres().await).await; })*
        }
    };
}
pub(super) use on_both;
