//! A look at a database from outside: nothing is made, migrated or written.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Row as _};

use super::open::{any, engine, session, sqlite_file};
use super::{Counts, Engine, Store, StoreError, list, migrations};

/// How long a connection may take.
const ACQUIRE: Duration = Duration::from_secs(8);
/// A statement that would write fails, whatever it is.
const POSTGRES_SESSION: &str = "SET default_transaction_read_only = on; SET statement_timeout = '8s'; \
     SET application_name = 'bailiwick doctor'";
/// A table's rows cannot be counted before it is known that there is such a table.
const TABLES: [(Engine, &str); 2] = [
    (Engine::Sqlite, "SELECT COUNT(*) AS tables FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'"),
    (
        Engine::Postgres,
        "SELECT COUNT(*) AS tables FROM information_schema.tables WHERE table_schema = current_schema() \
         AND table_name = '_sqlx_migrations'",
    ),
];

/// What there is under a database's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspection {
    /// It lives in memory, as long as its process.
    Memory,
    /// There is no such file yet.
    Absent {
        /// The file.
        file: PathBuf,
        /// Whether its folder is there, so that it can be made.
        folder: bool,
    },
    /// It answers, and nothing was ever stored in it.
    Empty,
    /// It answers.
    There {
        /// How old its schema is.
        schema: Schema,
        /// The jobs in it; `None` where its schema is a newer one, which this program cannot read.
        counts: Option<Counts>,
        /// Whether the installation has moved elsewhere.
        moved: bool,
    },
}

/// The version of a schema, against the one that this program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// The database's.
    pub version: i64,
    /// This program's.
    pub ours: i64,
}

impl Store {
    /// Looks at the database that `url` names, without making, migrating or writing anything.
    ///
    /// # Errors
    /// The URL is none that can be opened, or the database cannot be reached or read.
    pub async fn inspect(url: &str) -> Result<Inspection, StoreError> {
        sqlx::any::install_default_drivers();
        match engine(url)? {
            Engine::Postgres => {
                let pool = pool()
                    .after_connect(|connection, _| Box::pin(session(connection, POSTGRES_SESSION)))
                    .connect_with(any(url)?);
                look(Engine::Postgres, pool.await.map_err(StoreError::database("be reached"))?).await
            }
            Engine::Sqlite => {
                let Some(file) = sqlite_file(url)? else { return Ok(Inspection::Memory) };
                if !file.exists() {
                    let folder = file.parent().is_none_or(|folder| folder.as_os_str().is_empty() || folder.is_dir());
                    return Ok(Inspection::Absent { file, folder });
                }
                let pool = pool().connect_with(any(&read_only(url, &file))?);
                look(Engine::Sqlite, pool.await.map_err(StoreError::database("be opened"))?).await
            }
        }
    }
}

fn pool() -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE)
}

/// The same file, to read only. SQLite reads a file in WAL mode with the help of two others beside it, and makes
/// them where they are missing. Where there is no `-wal` nobody has it open, and the file alone is enough.
fn read_only(url: &str, file: &std::path::Path) -> String {
    let bare = url.split('?').next().unwrap_or(url);
    let mut wal = file.as_os_str().to_owned();
    wal.push("-wal");
    let alone = if std::path::Path::new(&wal).exists() { "" } else { "&immutable=true" };
    format!("{bare}?mode=ro{alone}")
}

async fn look(engine: Engine, pool: AnyPool) -> Result<Inspection, StoreError> {
    let seen = read(engine, &pool).await;
    pool.close().await;
    seen
}

async fn read(engine: Engine, pool: &AnyPool) -> Result<Inspection, StoreError> {
    let tables = TABLES.iter().find(|(of, _)| *of == engine).map_or("", |(_, sql)| *sql);
    if number(pool, tables, "tables").await? == 0 {
        return Ok(Inspection::Empty);
    }
    let version = "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) AS version FROM _sqlx_migrations";
    let schema = Schema { version: number(pool, version, "version").await?, ours: migrations::newest() };
    if schema.version == 0 {
        return Ok(Inspection::Empty);
    }
    let counts = if schema.version > schema.ours { None } else { Some(list::counts(pool).await?) };
    let moved = (migrations::MOVED..=schema.ours).contains(&schema.version)
        && number(pool, "SELECT COUNT(*) AS moves FROM moved", "moves").await? > 0;
    Ok(Inspection::There { schema, counts, moved })
}

async fn number(pool: &AnyPool, sql: &'static str, column: &str) -> Result<i64, StoreError> {
    let row = sqlx::query(sql).fetch_one(pool).await.map_err(StoreError::database("be read"))?;
    row.try_get(column).map_err(StoreError::database("be read"))
}
