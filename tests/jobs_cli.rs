//! `bailiwick jobs` and `bailiwick migrate`, the real binary on real databases.

use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use bailiwick::clock::{OsEntropy, SystemClock};
use bailiwick::store::{JobState, NewDelivery, NewJob, Store};
use serde_json::{Value, json};

#[path = "support/postgres.rs"]
mod postgres;

fn bailiwick(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bailiwick")).args(arguments).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn open(url: &str) -> Store {
    Store::open(url, Arc::new(SystemClock), Arc::new(OsEntropy)).await.expect("opened")
}

/// A store with a waiting job and one that was given up, whose reason and payload are hostile.
async fn fill(url: &str) -> i64 {
    let store = open(url).await;
    let delivery = NewDelivery {
        guid: "72d3162e-cc78-11e3-81ab-4c9367dc0958".parse().expect("a GUID"),
        event: "pull_request".to_owned(),
        action: Some("opened".to_owned()),
        body: b"{}".to_vec(),
        installation: None,
        repository: None,
    };
    let job = NewJob::new("review_pull_request", "pull/7/1", json!({"title": "\u{1b}[31mred"}));
    store.accept(&delivery, &[job]).await.expect("stored");
    let lease = store.lease("test", &["review_pull_request"], Duration::from_secs(60)).await.expect("an answer");
    let lease = lease.expect("a job");
    store.bury(&lease, "the forge said no\nbecause \u{202e}of this").await.expect("ours");
    store.enqueue(&[NewJob::new("refresh", "refresh/dev", json!({}))]).await.expect("stored");
    store.close().await;
    lease.job.get()
}

#[tokio::test]
async fn dead_letters_are_listed_shown_and_taken_up_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("b.db").display());
    let dead = fill(&url).await.to_string();

    let list = bailiwick(&["jobs", "list", "--database", &url, "--state", "dead"]);
    let shown = text(&list.stdout);
    assert!(list.status.success(), "{}", text(&list.stderr));
    assert!(shown.contains("review_pull_request") && shown.contains("the forge said no"), "{shown}");
    assert!(!shown.contains("refresh") && !shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");

    let show = text(&bailiwick(&["jobs", "show", &dead, "--database", &url]).stdout);
    assert!(show.contains("72d3162e-cc78-11e3-81ab-4c9367dc0958 pull_request.opened"), "{show}");
    assert!(!show.contains('\u{1b}') && !show.contains('\u{202e}'), "{show}");
    let list = bailiwick(&["jobs", "list", "--database", &url, "--format", "json"]);
    let list: Value = serde_json::from_slice(&list.stdout).expect("JSON");
    assert_eq!(list["jobs"].as_array().map(Vec::len), Some(2));

    let retry = bailiwick(&["jobs", "retry", &dead, "--database", &url]);
    assert!(retry.status.success(), "{}", text(&retry.stdout));
    let again = bailiwick(&["jobs", "retry", &dead, "4711", "--database", &url]);
    assert_eq!(again.status.code(), Some(1), "neither is a dead letter");
    let none = bailiwick(&["jobs", "retry", "--all", "--database", &url]);
    assert_eq!((none.status.code(), text(&none.stdout).as_str()), (Some(0), "No job was given up.\n"));
    let missing = bailiwick(&["jobs", "show", "4711", "--database", &url]);
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(text(&missing.stderr).lines().count(), 1, "one clear line: {}", text(&missing.stderr));
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("no.db");
    let url = format!("sqlite://{}", file.display());
    for arguments in
        [vec!["jobs", "list", "--database", &url], vec!["migrate", "--from", &url, "--to", "sqlite::memory:"]]
    {
        let refused = bailiwick(&arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(text(&refused.stderr).contains("no.db"), "{}", text(&refused.stderr));
    }
    assert!(!file.exists());
    let odd = bailiwick(&["jobs", "list", "--database", "mysql://root:hunter2@db/x"]);
    assert_eq!(odd.status.code(), Some(2));
    assert!(!text(&odd.stderr).contains("hunter2"), "{}", text(&odd.stderr));
}

#[tokio::test]
async fn an_installation_moves_and_the_old_database_takes_nothing_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let from = format!("sqlite://{}", folder.path().join("b.db").display());
    fill(&from).await;
    let to = tokio::task::spawn_blocking(postgres::database).await.expect("a server");
    let moved = bailiwick(&["migrate", "--from", &from, "--to", &to]);
    assert!(moved.status.success(), "{}", text(&moved.stderr));
    assert!(text(&moved.stdout).contains("2 rows of jobs"), "{}", text(&moved.stdout));
    let store = open(&to).await;
    let states: Vec<_> = store.jobs(&Default::default()).await.expect("a list").iter().map(|job| job.state).collect();
    assert_eq!(states, [JobState::Waiting, JobState::Dead]);
    store.close().await;

    let twice = bailiwick(&["migrate", "--from", &from, "--to", &to]);
    assert_eq!(twice.status.code(), Some(2));
    assert!(text(&twice.stderr).contains("moved"), "{}", text(&twice.stderr));
    let back = bailiwick(&["migrate", "--from", &to, "--to", &from]);
    assert!(text(&back.stderr).contains("not empty"), "{}", text(&back.stderr));
}
