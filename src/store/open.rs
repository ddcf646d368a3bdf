//! Opening the database and bringing its schema up to date.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AnyConnection, AnyPool, Connection as _};

use super::cause::{self, opening};
use super::wake::Wake;
use super::{Engine, Inner, Store, StoreError, foreign, ingest, inspect, migrations};
use crate::clock::{Clock, Entropy};
use crate::files;

/// How long a caller waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(8);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 8;
/// A statement waits up to 5 s for another process that has the file locked. The log is written back after 8 MiB: the
/// pages that every transaction changes are then written once for some thousand deliveries.
const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 2048";
/// Durable whatever the server's default is. A process that is stopped in the middle of a transaction holds
/// the queue's lock: after 5 s PostgreSQL ends that transaction, and the others go on.
const POSTGRES_SESSION: &str = "SET synchronous_commit = on; SET idle_in_transaction_session_timeout = '5s'; \
     SET lock_timeout = '20s'; SET statement_timeout = '60s'; SET default_transaction_isolation = 'read committed'; \
     SET application_name = 'bailiwick'";

impl Store {
    /// Opens (or, for SQLite, creates) the database that `url` names and brings its schema up to date.
    /// `sqlite://<file>`, `postgres://…`, or `sqlite::memory:` for one that dies with the store.
    ///
    /// # Errors
    /// The URL is not one of these, the database cannot be opened, or its schema is a newer one.
    pub async fn open(url: &str, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let engine = engine(url)?;
        let (writer, reader) = match engine {
            Engine::Sqlite => open_sqlite(url).await?,
            Engine::Postgres => open_postgres(url).await?,
        };
        let wake = match engine {
            Engine::Sqlite => Wake::here(),
            Engine::Postgres => Wake::everywhere(url)?,
        };
        Ok(Self::over((engine, wake), (writer, reader), clock, &*entropy))
    }

    /// Opens a database that is there to be looked at: it is neither made, migrated nor written, and may be a copy
    /// that this account cannot write. Whatever would write fails.
    ///
    /// # Errors
    /// There is none, it is another program's or of another version, or it cannot be read.
    pub async fn open_to_read(url: &str, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let pool = inspect::pool_of_ours(url).await?;
        Ok(Self::over((engine(url)?, Wake::here()), (pool.clone(), pool), clock, &*entropy))
    }

    fn over(
        (engine, wake): (Engine, Wake),
        (writer, reader): (AnyPool, AnyPool),
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
    ) -> Self {
        let instance = entropy.uuid().chars().take(8).collect::<String>().into();
        let inner = Arc::new(Inner { engine, writer, reader, clock, instance, wake });
        let ingest = ingest::start(Arc::clone(&inner));
        Self { inner, ingest }
    }
}

pub(super) fn engine(url: &str) -> Result<Engine, StoreError> {
    let unreadable = |source| StoreError::Url { problem: "cannot be read", source: Some(source) };
    if url.starts_with("sqlite:") {
        return SqliteConnectOptions::from_str(url).map(|_| Engine::Sqlite).map_err(unreadable);
    }
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        return PgConnectOptions::from_str(url).map(|_| Engine::Postgres).map_err(unreadable);
    }
    Err(StoreError::Url { problem: "has no known scheme", source: None })
}

async fn open_sqlite(url: &str) -> Result<(AnyPool, AnyPool), StoreError> {
    let options = any(url)?;
    let file = sqlite_file(url)?;
    let lock = match &file {
        Some(file) => {
            if file_is_there(file)? {
                inspect::refuse_foreign(url, file).await?;
            }
            let lock = migration_lock(file.clone()).await.map_err(|error| opening(url)(error.into()))?;
            try_session(&options, SQLITE_SESSION).await.map_err(opening(url))?;
            Some(lock)
        }
        None => None,
    };
    let writer = sqlite_pool(1).connect_with(options.clone()).await.map_err(opening(url))?;
    migrations::run(Engine::Sqlite, &writer).await?;
    drop(lock);
    let reader = if file.is_none() { writer.clone() } else { sqlite_pool(SQLITE_READERS).connect_lazy_with(options) };
    Ok((writer, reader))
}

/// Whether there is a file with something in it. What is there and no file is an error: SQLite would open a pipe
/// and wait.
pub(super) fn file_is_there(file: &Path) -> Result<bool, StoreError> {
    match files::check(file, u64::MAX) {
        Ok(()) => Ok(std::fs::metadata(file).is_ok_and(|metadata| metadata.len() > 0)),
        Err(error) if error.problem() == files::Problem::Missing => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// One connection and its first statements, for the cause where they fail: a pool tries them again and again, and
/// then tells only that its time is up.
async fn try_session(options: &AnyConnectOptions, statements: &'static str) -> Result<(), sqlx::Error> {
    let mut connection = AnyConnection::connect_with(options).await?;
    session(&mut connection, statements).await?;
    connection.close().await
}

/// The file of a SQLite database; `None` for one in memory.
pub(super) fn sqlite_file(url: &str) -> Result<Option<PathBuf>, StoreError> {
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Ok(None);
    }
    let options = SqliteConnectOptions::from_str(url);
    let options = options.map_err(|source| StoreError::Url { problem: "cannot be read", source: Some(source) })?;
    Ok(Some(options.get_filename().to_owned()))
}

async fn open_postgres(url: &str) -> Result<(AnyPool, AnyPool), StoreError> {
    let pool = postgres_pool(url, POSTGRES_CONNECTIONS, POSTGRES_SESSION).await?;
    let mut connection = pool.acquire().await.map_err(opening(url))?;
    foreign::refuse(Engine::Postgres, &mut connection, || cause::name(url)).await?;
    drop(connection);
    migrations::run(Engine::Postgres, &pool).await?;
    Ok((pool.clone(), pool))
}

/// A pool of connections that begin with these statements.
pub(super) async fn postgres_pool(
    url: &str,
    connections: u32,
    statements: &'static str,
) -> Result<AnyPool, StoreError> {
    let options = any(url)?;
    let pool = AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .after_connect(move |connection, _| Box::pin(session(connection, statements)))
        .connect_with(options.clone())
        .await;
    match pool {
        Err(sqlx::Error::PoolTimedOut) => {
            let cause = tokio::time::timeout(ACQUIRE, try_session(&options, statements)).await;
            Err(opening(url)(cause.ok().and_then(Result::err).unwrap_or(sqlx::Error::PoolTimedOut)))
        }
        pool => pool.map_err(opening(url)),
    }
}

pub(super) fn any(url: &str) -> Result<AnyConnectOptions, StoreError> {
    AnyConnectOptions::from_str(url)
        .map_err(|source| StoreError::Url { problem: "cannot be read", source: Some(source) })
}

pub(super) async fn session(connection: &mut sqlx::AnyConnection, statements: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(statements).execute(connection).await.map(drop)
}

/// Connections live as long as the store: an in-memory database would die with its connection.
fn sqlite_pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(session(connection, SQLITE_SESSION)))
}

/// Creates the database's file, and locks a file beside it until the schema is up to date: of several processes
/// that start at the same time one does it, the others wait.
async fn migration_lock(file: PathBuf) -> std::io::Result<File> {
    let locked = tokio::task::spawn_blocking(move || {
        create_private(&file)?;
        let lock = create_private(&file.with_added_extension("lock"))?;
        lock.lock()?;
        Ok(lock)
    });
    locked.await.map_err(std::io::Error::other)?
}

/// Creates the file for its owner only: it holds payloads of private repositories. SQLite gives its
/// companions (`-wal`, `-shm`) the same mode. A file that exists keeps its mode.
pub(super) fn create_private(file: &Path) -> std::io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}
