//! Moving a living installation to another database (`bailiwick migrate`).

use std::collections::BTreeMap;

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::audit::{announce, append_by_hand};
use super::sql::Sql;
use super::{Action, Actor, AuditEntry, Engine, Store, StoreError, Tx};

const COPYING: &str = "copy a table";

/// How many rows of each table were copied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transferred(pub BTreeMap<&'static str, u64>);

/// How a column's values are read and written.
#[derive(Clone, Copy)]
enum Column {
    Text(&'static str),
    Number(&'static str),
    Bytes(&'static str),
}
use Column::{Bytes, Number, Text};

/// Every table with its columns and the key by which it is read piece by piece, in an order in which references hold.
const TABLES: &[(&str, &[Column])] = &[
    (
        "deliveries",
        &[
            Text("guid"),
            Text("event"),
            Text("action"),
            Bytes("body"),
            Number("received_at"),
            Number("installation"),
            Number("repository_id"),
            Text("coding"),
        ],
    ),
    (
        "jobs",
        &[
            Number("id"),
            Text("kind"),
            Text("subject"),
            Text("merge_key"),
            Text("payload"),
            Number("priority"),
            Number("repository"),
            Text("state"),
            Number("attempts"),
            Number("run_at"),
            Text("lease_owner"),
            Number("lease_until"),
            Number("fence"),
            Text("reason"),
            Number("created_at"),
            Number("finished_at"),
            Number("turn"),
        ],
    ),
    ("delivery_jobs", &[Text("delivery"), Number("job")]),
    ("effects", &[Text("kind"), Text("key"), Text("state"), Text("value"), Number("updated_at")]),
    ("facts", &[Text("kind"), Text("key"), Text("value"), Number("updated_at")]),
    (
        "audit",
        &[
            Number("seq"),
            Number("at"),
            Text("action"),
            Text("what"),
            Text("actor_kind"),
            Number("actor_id"),
            Text("actor_name"),
            Number("repository_id"),
            Text("repository_name"),
            Number("issue"),
            Text("head"),
            Text("proof"),
            Text("decision"),
            Text("reason"),
            Text("effects"),
            Text("delivery"),
            Number("job"),
            Text("step"),
            Text("prev_hash"),
            Text("hash"),
        ],
    ),
];

/// The names of the tables that move.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|(table, _)| *table)
}

/// The columns that order each table uniquely.
const KEYS: &[usize] = &[1, 1, 2, 2, 2, 1];
/// Rows of one statement: bodies may be large.
const PIECE: i64 = 32;

/// Copies everything from one database to another, empty one, and marks the old one as moved: from then on
/// it takes nothing in and leases nothing. Meanwhile the old one's queue stands still; what runs there ends
/// with [`StoreError::Moved`] or a lost lease and runs again at the new place. The audit logs of both end with
/// the same entry, which says that it was `by` this person.
///
/// # Errors
/// [`StoreError::NotEmpty`] for a target that holds something, [`StoreError::Moved`] for a source that was moved
/// before, or one of the databases failed. Then neither has changed.
pub async fn transfer(from: &Store, to: &Store, by: &Actor) -> Result<Transferred, StoreError> {
    let mut source = from.begin(COPYING).await?;
    refuse_moved(&mut source).await?;
    if from.inner.engine == Engine::Postgres {
        // Effects and facts are written beside the queue's lock.
        let lock = "LOCK TABLE effects, facts IN EXCLUSIVE MODE";
        sqlx::query(lock).execute(&mut *source).await.map_err(StoreError::database(COPYING))?;
    }
    let mut target = to.begin(COPYING).await?;
    let mut transferred = Transferred::default();
    for ((table, _), _) in TABLES.iter().zip(KEYS) {
        if count(&mut target, table).await? > 0 {
            return Err(StoreError::NotEmpty { table });
        }
    }
    let what = format!("from {} to {}", from.inner.engine.name(), to.inner.engine.name());
    let proof = Some("command line".to_owned());
    let entry = AuditEntry { proof, ..AuditEntry::new(by.clone(), Action::Migration, what) };
    let written = append_by_hand(&mut source, &entry, from.now()).await?;
    for ((table, columns), keys) in TABLES.iter().zip(KEYS) {
        let copied = copy(&mut source, &mut target, table, (columns, *keys)).await?;
        let there = count(&mut target, table).await?;
        if there != copied || there != count(&mut source, table).await? {
            return Err(StoreError::unreadable("a table that was not copied whole"));
        }
        transferred.0.insert(table, copied);
    }
    continue_numbers(to.inner.engine, &mut target).await?;
    mark_moved(&mut source, from.now()).await?;
    // The target first: if this process dies in between, nothing is lost and the source still serves.
    target.commit().await.map_err(StoreError::database(COPYING))?;
    source.commit().await.map_err(StoreError::database(COPYING))?;
    announce(&written);
    Ok(transferred)
}

/// Refuses to go on in a database that was moved elsewhere.
///
/// # Errors
/// [`StoreError::Moved`], or the database failed.
pub(super) async fn refuse_moved(tx: &mut Tx) -> Result<(), StoreError> {
    let moved = sqlx::query("SELECT at FROM moved LIMIT 1").fetch_optional(&mut **tx).await;
    match moved.map_err(StoreError::database("be read"))? {
        Some(_) => Err(StoreError::Moved),
        None => Ok(()),
    }
}

async fn mark_moved(tx: &mut Tx, now: i64) -> Result<(), StoreError> {
    let marked = sqlx::query("INSERT INTO moved (at) VALUES ($1)").bind(now).execute(&mut **tx).await;
    marked.map(drop).map_err(StoreError::database(COPYING))
}

async fn count(tx: &mut Tx, table: &'static str) -> Result<u64, StoreError> {
    let mut query = Sql::new("SELECT COUNT(*) AS number FROM ");
    query.push(table);
    let row = query.build().fetch_one(&mut **tx).await.map_err(StoreError::database(COPYING))?;
    row.try_get::<i64, _>("number").map(i64::cast_unsigned).map_err(StoreError::database(COPYING))
}

async fn copy(
    source: &mut Tx,
    target: &mut Tx,
    table: &'static str,
    (columns, keys): (&'static [Column], usize),
) -> Result<u64, StoreError> {
    let (mut copied, mut last): (u64, Option<AnyRow>) = (0, None);
    loop {
        let mut query = Sql::new("SELECT * FROM ");
        query.push(table);
        if let Some(row) = &last {
            push_names(query.push(" WHERE ("), &columns[..keys]).push(") > (");
            push_values(&mut query, row, &columns[..keys])?.push(")");
        }
        push_names(query.push(" ORDER BY "), &columns[..keys]).push(" LIMIT ").bind(PIECE);
        let rows = query.build().fetch_all(&mut **source).await.map_err(StoreError::database(COPYING))?;
        if rows.is_empty() {
            return Ok(copied);
        }
        let mut insert = Sql::new("INSERT INTO ");
        push_names(insert.push(table).push(" ("), columns).push(") VALUES ");
        for (place, row) in rows.iter().enumerate() {
            insert.push(if place == 0 { "(" } else { ", (" });
            push_values(&mut insert, row, columns)?.push(")");
        }
        let inserted = insert.build().execute(&mut **target).await.map_err(StoreError::database(COPYING))?;
        copied += inserted.rows_affected();
        last = rows.into_iter().next_back();
    }
}

fn push_names<'a>(query: &'a mut Sql, columns: &[Column]) -> &'a mut Sql {
    for (place, column) in columns.iter().enumerate() {
        query.push(if place == 0 { "" } else { ", " });
        let (Text(name) | Number(name) | Bytes(name)) = column;
        query.push(name);
    }
    query
}

fn push_values<'a>(query: &'a mut Sql, row: &AnyRow, columns: &[Column]) -> Result<&'a mut Sql, StoreError> {
    let failed = StoreError::database;
    for (place, column) in columns.iter().enumerate() {
        query.push(if place == 0 { "" } else { ", " });
        match column {
            Text(name) => query.bind(row.try_get::<Option<String>, _>(*name).map_err(failed(COPYING))?),
            Number(name) => query.bind(row.try_get::<Option<i64>, _>(*name).map_err(failed(COPYING))?),
            Bytes(name) => query.bind(row.try_get::<Option<Vec<u8>>, _>(*name).map_err(failed(COPYING))?),
        };
    }
    Ok(query)
}

/// New jobs get numbers after the copied ones. SQLite sees to that itself (AUTOINCREMENT).
async fn continue_numbers(engine: Engine, target: &mut Tx) -> Result<(), StoreError> {
    if engine == Engine::Postgres {
        let next =
            "SELECT setval(pg_get_serial_sequence('jobs', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM jobs), false)";
        sqlx::query(next).execute(&mut **target).await.map_err(StoreError::database(COPYING))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::store::testing::{World, on_both};

    /// What says how the database stands and not what the installation knows: `moved` is true of the old one alone.
    const OF_THE_DATABASE: &[&str] = &["moved", "_sqlx_migrations", "sqlite_sequence", "sqlite_stat1"];

    /// Whoever adds a table or a column has to say whether it moves.
    async fn every_column_of_every_table_moves(world: World) {
        let columns = match world.store.inner.engine {
            Engine::Sqlite => {
                "SELECT tables.name AS t, columns.name AS c FROM sqlite_master AS tables \
                 JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"
            }
            Engine::Postgres => {
                "SELECT table_name::text AS t, column_name::text AS c FROM information_schema.columns \
                 WHERE table_schema = current_schema()"
            }
        };
        let mut there: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in sqlx::query(columns).fetch_all(&world.store.inner.reader).await.expect("the schema") {
            there.entry(row.get("t")).or_default().insert(row.get("c"));
        }
        there.retain(|table, _| !OF_THE_DATABASE.contains(&table.as_str()));
        let name = |column: &Column| {
            let (Text(name) | Number(name) | Bytes(name)) = column;
            (*name).to_owned()
        };
        let moving = TABLES.iter().map(|(table, columns)| ((*table).to_owned(), columns.iter().map(name).collect()));
        assert_eq!(there, moving.collect());
        assert_eq!(TABLES.len(), KEYS.len());
    }

    on_both!(every_column_of_every_table_moves);
}
