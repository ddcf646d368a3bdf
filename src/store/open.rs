//! Opening the database and bringing its schema up to date.

use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::watch;

use super::{Store, StoreError};
use crate::clock::{Clock, Entropy};

/// How long a statement waits for another process that has the file locked.
const BUSY: Duration = Duration::from_secs(5);
/// How long a caller waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);
const READERS: u32 = 4;

/// Every migration, oldest first; never change one that was released.
fn migrator() -> Migrator {
    let first = include_str!("../../migrations/sqlite/0001_deliveries_and_jobs.sql");
    let named = |version, name: &'static str, sql: &'static str| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![named(1, "deliveries and jobs", first)])
}

impl Store {
    /// Opens (or creates) the database that `url` names and brings its schema up to date.
    /// `sqlite://<file>`, or `sqlite::memory:` for one that dies with the store.
    ///
    /// # Errors
    /// The URL is not one of these, the file cannot be opened, or its schema is a newer one.
    pub async fn open(url: &str, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, StoreError> {
        let options = options(url)?;
        if !is_memory(url) {
            create_private(options.get_filename()).map_err(|error| StoreError::database("be created")(error.into()))?;
        }
        let writer = pool(1).connect_with(options.clone()).await.map_err(StoreError::database("be opened"))?;
        migrator().run(&writer).await.map_err(StoreError::Migrate)?;
        let reader = if is_memory(url) { writer.clone() } else { pool(READERS).connect_lazy_with(options) };
        let instance = entropy.uuid().chars().take(8).collect::<String>().into();
        Ok(Self { writer, reader, clock, instance, wake: Arc::new(watch::Sender::new(0)) })
    }
}

/// Creates the file for its owner only: it holds payloads of private repositories. SQLite gives its
/// companions (`-wal`, `-shm`) the same mode. A file that exists keeps its mode.
fn create_private(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

fn is_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

fn options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    if !url.starts_with("sqlite:") {
        let postgres = url.starts_with("postgres");
        let problem =
            if postgres { "is for PostgreSQL, which this build does not have" } else { "has no known scheme" };
        return Err(StoreError::Url { problem, source: None });
    }
    let parsed = SqliteConnectOptions::from_str(url)
        .map_err(|source| StoreError::Url { problem: "cannot be read", source: Some(source) })?;
    Ok(parsed
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY))
}

/// Connections live as long as the store: an in-memory database would die with its connection.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}
