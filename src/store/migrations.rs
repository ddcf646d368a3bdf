//! The schema, step by step, for both databases.

use sqlx::AnyPool;
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::{Engine, StoreError};

/// Version, name, and the step for SQLite and for PostgreSQL. Oldest first; never change one that was released.
const STEPS: [(i64, &str, &str, &str); 4] = [
    (
        1,
        "deliveries and jobs",
        include_str!("../../migrations/sqlite/0001_deliveries_and_jobs.sql"),
        include_str!("../../migrations/postgres/0001_deliveries_and_jobs.sql"),
    ),
    (
        2,
        "turns and coding",
        include_str!("../../migrations/sqlite/0002_turns_and_coding.sql"),
        include_str!("../../migrations/postgres/0002_turns_and_coding.sql"),
    ),
    (
        3,
        "audit",
        include_str!("../../migrations/sqlite/0003_audit.sql"),
        include_str!("../../migrations/postgres/0003_audit.sql"),
    ),
    (
        4,
        "no digest",
        include_str!("../../migrations/sqlite/0004_no_digest.sql"),
        include_str!("../../migrations/postgres/0004_no_digest.sql"),
    ),
];

/// The version that this program writes.
pub(super) fn newest() -> i64 {
    STEPS.iter().map(|(version, ..)| *version).max().unwrap_or_default()
}

/// What the first step is called, by which our databases are known.
pub(super) const fn first() -> &'static str {
    STEPS[0].1
}

/// The step that brought the table `moved`.
pub(super) const MOVED: i64 = 2;

/// Brings the schema up to date. On PostgreSQL sqlx takes an advisory lock for that time, so that of several replicas
/// that start together one does it; for SQLite the caller holds a lock file ([`super::open`]).
pub(super) async fn run(engine: Engine, pool: &AnyPool) -> Result<(), StoreError> {
    let steps = STEPS.iter().map(|(version, name, sqlite, postgres)| {
        let sql = match engine {
            Engine::Sqlite => *sqlite,
            Engine::Postgres => *postgres,
        };
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(steps.collect()).run(pool).await.map_err(StoreError::Migrate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_get_the_same_steps_in_order() {
        for (place, (version, _, sqlite, postgres)) in STEPS.iter().enumerate() {
            assert_eq!(usize::try_from(*version).expect("small"), place + 1);
            let tables = |sql: &str| sql.matches("CREATE TABLE").count() + sql.matches("CREATE UNIQUE INDEX").count();
            assert_eq!(tables(sqlite), tables(postgres), "step {version}");
        }
    }
}
