//! Whether a database is another program's: found out before anything is written into it.

use sqlx::{AnyConnection, Row as _};

use super::{Engine, StoreError, migrations, transfer};
use crate::names::show;

/// Tables are looked at by their names, which are few.
const TABLES: [(Engine, &str); 2] = [
    (
        Engine::Sqlite,
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_' \
         ORDER BY name LIMIT 1000",
    ),
    (
        Engine::Postgres,
        "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables \
         WHERE table_schema = current_schema() ORDER BY 1 LIMIT 10000",
    ),
];

/// sqlx's own table, which other programs have too.
const MIGRATIONS: &str = "_sqlx_migrations";

/// Refuses a database that has tables, and not ours. `database` is what people call it.
///
/// # Errors
/// [`StoreError::Foreign`], or the database cannot be read.
pub(super) async fn refuse(
    engine: Engine,
    connection: &mut AnyConnection,
    database: impl FnOnce() -> String,
) -> Result<(), StoreError> {
    match found(engine, connection).await.map_err(StoreError::database("be read"))? {
        Some(table) => Err(StoreError::Foreign { database: database(), table: show(&table) }),
        None => Ok(()),
    }
}

/// A table that is not ours, where none says that the database is. A schema of PostgreSQL is often shared: there
/// only a table counts that has one of our names.
async fn found(engine: Engine, connection: &mut AnyConnection) -> Result<Option<String>, sqlx::Error> {
    let sql = TABLES.iter().find(|(of, _)| *of == engine).map_or("", |(_, sql)| *sql);
    let rows = sqlx::query(sql).fetch_all(&mut *connection).await?;
    let mut names = rows.iter().map(|row| row.try_get("name")).collect::<Result<Vec<String>, _>>()?;
    let migrated = names.iter().any(|name| name == MIGRATIONS);
    names.retain(|name| name != MIGRATIONS);
    if migrated {
        match first_step(connection).await? {
            Some(step) if step == migrations::first() => return Ok(None),
            Some(_) => return Ok(Some(MIGRATIONS.to_owned())),
            None => {}
        }
    }
    Ok(match engine {
        Engine::Sqlite => names.into_iter().next(),
        Engine::Postgres => names.into_iter().find(|name| transfer::tables().any(|ours| ours == name)),
    })
}

/// What the first step is called that sqlx took there; `None` where it took none yet.
async fn first_step(connection: &mut AnyConnection) -> Result<Option<String>, sqlx::Error> {
    let sql = "SELECT description FROM _sqlx_migrations ORDER BY version LIMIT 1";
    match sqlx::query(sql).fetch_optional(connection).await {
        Ok(row) => row.map(|row| row.try_get("description")).transpose(),
        // A table of the same name that is not sqlx's.
        Err(sqlx::Error::Database(_)) => Ok(Some(String::new())),
        Err(error) => Err(error),
    }
}
