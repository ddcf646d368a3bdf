//! Trouble with the store.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::cli::demo::world::World;
use bailiwick::clock::{OsEntropy, SystemClock};
use bailiwick::store::{NewJob, Store};
use sqlx::AnyPool;

use crate::world::{Seen, doctor, doctor_with, files, stop, world};

async fn open(url: &str) -> Store {
    Store::open(url, Arc::new(SystemClock), Arc::new(OsEntropy)).await.expect("opened")
}

/// A world without a server, and its database.
async fn stopped() -> (World, String) {
    let mut world = world().await;
    stop(&mut world).await;
    let url = format!("sqlite://{}", world.directory().join("bailiwick.db").display());
    (world, url)
}

async fn sql(url: &str, statement: &'static str) {
    sqlx::any::install_default_drivers();
    let pool = AnyPool::connect(url).await.expect("a database");
    sqlx::query(statement).execute(&pool).await.expect("done");
    pool.close().await;
}

/// Looks, and nothing becomes of the files.
async fn unchanged(world: &World) -> Seen {
    world.write_configuration().expect("a configuration");
    let before = files(world.directory());
    let seen = doctor(world).await;
    assert_eq!(files(world.directory()), before);
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_were_given_up() {
    let (world, url) = stopped().await;
    let store = open(&url).await;
    store.enqueue(&[NewJob::new("test", "test/1", serde_json::json!({}))]).await.expect("stored");
    let lease = store.lease("test", &["test"], Duration::from_secs(60)).await.expect("an answer").expect("a job");
    store.bury(&lease, "\u{1b}no").await.expect("ours");
    store.close().await;
    let line = unchanged(&world).await.just("warning", "1 job given up");
    assert!(line.contains("bailiwick jobs list --state dead"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_there_is_not_made() {
    let (mut world, _) = stopped().await;
    let file = world.directory().join("new.db");
    world.database = Some(format!("sqlite://{}", file.display()));
    let seen = unchanged(&world).await;
    assert_eq!(seen.status, 0, "{}", seen.out);
    seen.line("ok", "`serve` makes it");
    assert!(!file.exists());
    world.database = Some(format!("sqlite://{}", world.directory().join("no/such/folder.db").display()));
    unchanged(&world).await.just("PROBLEM", "its folder is not there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_another_version() {
    let (world, url) = stopped().await;
    sql(&url, "UPDATE _sqlx_migrations SET version = 99 WHERE version = 4").await;
    let line = unchanged(&world).await.just("PROBLEM", "schema 99, of a newer version");
    assert!(line.contains("run the newer Bailiwick"), "{line}");
    sql(&url, "DELETE FROM _sqlx_migrations WHERE version = 99").await;
    let older = unchanged(&world).await;
    assert_eq!(older.status, 0, "{}", older.out);
    older.line("ok", "`serve` brings it to 4 when it starts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_database() {
    let (mut world, _) = stopped().await;
    let file = world.directory().join("odd.db");
    std::fs::write(&file, "This is a text of some length, and no database at all.\n".repeat(20)).expect("room");
    world.database = Some(format!("sqlite://{}", file.display()));
    unchanged(&world).await.just("PROBLEM", "database: sqlite cannot be used");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_programs_database() {
    let (mut world, _) = stopped().await;
    let url = format!("sqlite://{}", world.directory().join("songs.db").display());
    sql(&format!("{url}?mode=rwc"), "CREATE TABLE songs (title TEXT)").await;
    world.database = Some(url);
    unchanged(&world).await.just("PROBLEM", "songs.db holds another program's tables");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_nothing() {
    let (world, url) = stopped().await;
    let refuse = "CREATE TRIGGER closed BEFORE INSERT ON facts BEGIN SELECT RAISE(ABORT, 'closed for repairs'); END";
    sql(&url, refuse).await;
    let line = unchanged(&world).await.just("PROBLEM", "nothing can be written: ");
    assert!(line.contains("closed for repairs"), "{line}");
    sql(&url, "DROP TRIGGER closed").await;
    assert_eq!(unchanged(&world).await.status, 0);
    sql(&url, "INSERT INTO moved (at) VALUES (1)").await;
    unchanged(&world).await.just("PROBLEM", "this installation was moved to another one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_looked_at_and_not_migrated() {
    let (mut world, _) = stopped().await;
    let url = tokio::task::spawn_blocking(crate::postgres::database).await.expect("a server");
    world.database = Some(url.clone());
    let empty = doctor(&world).await;
    assert_eq!(empty.status, 0, "{}", empty.out);
    empty.line("ok", "postgres, empty");
    doctor(&world).await.line("ok", "postgres, empty");
    open(&url).await.close().await;
    doctor(&world).await.line("ok", "postgres, schema 4");
    world.database = Some("{env: BAILIWICK_TEST_DATABASE}".to_owned());
    let away = doctor_with(&world, str::to_owned, |command| {
        command.env("BAILIWICK_TEST_DATABASE", "postgres://nobody:hunter2@127.0.0.1:1/none");
    })
    .await;
    let line = away.just("PROBLEM", "database: postgres cannot be used");
    assert!(
        line.contains("the database none at 127.0.0.1:1 cannot be reached") && !line.contains("timed out"),
        "{line}"
    );
    assert!(!away.out.contains("hunter2"), "{}", away.out);
}
