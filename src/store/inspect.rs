//! A look at a database from outside: nothing is made, migrated or written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection as _, Row as _};

use super::cause::{self, opening};
use super::open::{any, engine, file_is_there, postgres_pool, sqlite_file};
use super::{Counts, Engine, Store, StoreError, foreign, list, migrations, writable};

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

/// SQLite's code for a file that is none of its databases.
const NOT_A_DATABASE: i32 = 26;

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
        /// Why nothing can be written; `None` where it can. It is not tried in a database that has moved, nor in one
        /// of a newer version.
        unwritable: Option<String>,
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
        let engine = engine(url)?;
        if engine == Engine::Sqlite {
            let Some(file) = sqlite_file(url)? else { return Ok(Inspection::Memory) };
            if !file_is_there(&file)? {
                if file.exists() {
                    return Ok(Inspection::Empty);
                }
                let folder = file.parent().is_none_or(|folder| folder.as_os_str().is_empty() || folder.is_dir());
                return Ok(Inspection::Absent { file, folder });
            }
        }
        let pool = pool(engine, url).await?;
        let seen = read(engine, &cause::name(url), &pool).await;
        pool.close().await;
        let mut seen = seen?;
        if let Inspection::There { moved: false, counts: Some(_), unwritable, .. } = &mut seen {
            *unwritable = attempt(engine, url).await.err().map(|error| crate::redact::redacted(&told(&error)));
        }
        Ok(seen)
    }
}

/// An error and what caused it, in one line.
fn told(error: &StoreError) -> String {
    std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Connections to a database of ours, of this version, that write nothing.
pub(super) async fn pool_of_ours(url: &str) -> Result<AnyPool, StoreError> {
    let refused = |problem, remedy| StoreError::Open { database: cause::name(url), problem, remedy, source: None };
    let engine = engine(url)?;
    if engine == Engine::Sqlite && !file_is_there(&sqlite_file(url)?.unwrap_or_default())? {
        return Err(refused("holds nothing", "name the database that `serve` uses"));
    }
    let pool = pool(engine, url).await?;
    match read(engine, &cause::name(url), &pool).await? {
        Inspection::There { schema, .. } if schema.version > schema.ours => {
            Err(refused("was written by a newer version", "use that version"))
        }
        Inspection::There { schema, .. } if schema.version < schema.ours => {
            Err(refused("was written by an older version", "use that version, or start the server on it once"))
        }
        Inspection::There { .. } => Ok(pool),
        _ => Err(refused("holds nothing of Bailiwick's", "name the database that `serve` uses")),
    }
}

/// Refuses a SQLite file that is another program's, or no database, before anything is made beside it.
pub(super) async fn refuse_foreign(url: &str, file: &Path) -> Result<(), StoreError> {
    let options = any(&read_only(url, file))?;
    let connection = async {
        let mut connection = AnyConnection::connect_with(&options).await?;
        readable(&mut connection).await.map(|()| connection)
    };
    match connection.await {
        Ok(mut connection) => foreign::refuse(Engine::Sqlite, &mut connection, || cause::name(url)).await,
        Err(error) if cause::code(&error) == Some(NOT_A_DATABASE) => Err(opening(url)(error)),
        // Whatever else it is, the one who writes will see it too.
        Err(_) => Ok(()),
    }
}

/// Tries to write, and takes it back.
async fn attempt(engine: Engine, url: &str) -> Result<(), StoreError> {
    let (url_to_write, begin) = match engine {
        Engine::Sqlite => (format!("{}?mode=rw", bare(url)), "PRAGMA busy_timeout = 2000; BEGIN IMMEDIATE"),
        Engine::Postgres => (url.to_owned(), "SET statement_timeout = '8s'; BEGIN"),
    };
    let connection = AnyConnection::connect_with(&any(&url_to_write)?).await.map_err(opening(url))?;
    writable::attempt(connection, begin).await.map_err(opening(url))
}

/// One connection that writes nothing, and can read.
async fn pool(engine: Engine, url: &str) -> Result<AnyPool, StoreError> {
    match engine {
        Engine::Postgres => postgres_pool(url, 1, POSTGRES_SESSION).await,
        Engine::Sqlite => {
            let options = AnyPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE);
            let file = sqlite_file(url)?.unwrap_or_default();
            let pool = options.connect_with(any(&read_only(url, &file))?).await.map_err(opening(url))?;
            let mut connection = pool.acquire().await.map_err(opening(url))?;
            readable(&mut connection).await.map_err(opening(url))?;
            Ok(pool)
        }
    }
}

/// SQLite opens anything, and looks at it when it is first asked.
async fn readable(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT COUNT(*) AS tables FROM sqlite_master").execute(connection).await.map(drop)
}

/// The same file, to read only. SQLite reads a file in WAL mode with the help of two others beside it, and makes
/// them where they are missing. Where there is no `-wal` nobody has it open, and the file alone is enough.
fn read_only(url: &str, file: &Path) -> String {
    let mut wal = file.as_os_str().to_owned();
    wal.push("-wal");
    let alone = if Path::new(&wal).exists() { "" } else { "&immutable=true" };
    format!("{}?mode=ro{alone}", bare(url))
}

fn bare(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

async fn read(engine: Engine, database: &str, pool: &AnyPool) -> Result<Inspection, StoreError> {
    let mut connection = pool.acquire().await.map_err(StoreError::database("be read"))?;
    foreign::refuse(engine, &mut connection, || database.to_owned()).await?;
    drop(connection);
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
    Ok(Inspection::There { schema, counts, moved, unwritable: None })
}

async fn number(pool: &AnyPool, sql: &'static str, column: &str) -> Result<i64, StoreError> {
    let row = sqlx::query(sql).fetch_one(pool).await.map_err(StoreError::database("be read"))?;
    row.try_get(column).map_err(StoreError::database("be read"))
}
