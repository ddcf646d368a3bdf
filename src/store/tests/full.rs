//! A disk that is full, and has room again.

use super::*;

/// SQLite ends the transaction by itself where the disk is full, and the driver does not notice
/// (<https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction>).
#[tokio::test]
async fn a_transaction_that_the_database_has_undone_stops_nothing_after_it() {
    let world = World::sqlite().await;
    let mut tx = world.store.begin("try").await.expect("begun");
    sqlx::query("ROLLBACK").execute(&mut *tx).await.expect("undone");
    assert!(tx.commit().await.is_err(), "there is nothing to commit");
    for guid in ["first", "second"] {
        assert_eq!(world.store.accept(&delivery(guid), &[review(guid)]).await.expect("stored"), Accepted::New);
    }
    assert_eq!(world.take().await.subject, "first");
}

#[tokio::test]
async fn what_could_not_be_stored_for_want_of_room_can_be_once_there_is() {
    let world = World::sqlite().await;
    // SQLite answers as on a full disk once its file has so many pages.
    let limit = |pages: &'static str| sqlx::query(pages).execute(&world.store.inner.writer);
    limit("PRAGMA max_page_count = 1").await.expect("told");
    let jobs: Vec<NewJob> = (0..400).map(|number| review(&format!("pull/{number}"))).collect();
    let error = world.store.accept(&delivery("full"), &jobs).await.expect_err("no room");
    assert!(matches!(error, StoreError::Database { .. }), "{error}");
    limit("PRAGMA max_page_count = 1073741823").await.expect("told");
    assert_eq!(world.store.accept(&delivery("full"), &jobs).await.expect("stored"), Accepted::New);
}
