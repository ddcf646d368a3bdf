//! `bailiwick jobs` and `bailiwick migrate`, the real binary on real databases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use bailiwick::clock::{OsEntropy, SystemClock};
use bailiwick::store::{JobState, NewDelivery, NewJob, Store};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _};

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

/// What a folder holds, with the bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path());
    entries.map(|path| (path.clone(), std::fs::read(&path).expect("readable"))).collect()
}

async fn sql(url: &str, statement: &'static str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.expect("a database");
    sqlx::raw_sql(statement).execute(&mut connection).await.expect("done");
    connection.close().await.expect("closed");
}

#[tokio::test]
async fn another_programs_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let ours = tempfile::tempdir().expect("a folder");
    let ours = format!("sqlite://{}", ours.path().join("b.db").display());
    fill(&ours).await;
    for (name, schema) in [
        ("songs.db", "CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('x')"),
        ("jobs.db", "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT)"),
        (
            "sqlx.db",
            "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL); \
             INSERT INTO _sqlx_migrations VALUES (1, 'songs'); CREATE TABLE songs (title TEXT)",
        ),
        ("other.db", "CREATE TABLE _sqlx_migrations (x TEXT); CREATE TABLE songs (title TEXT)"),
    ] {
        let url = format!("sqlite://{}", folder.path().join(name).display());
        sql(&format!("{url}?mode=rwc"), schema).await;
        let before = files(folder.path());
        for arguments in [
            vec!["audit", "verify", "--database", &url],
            vec!["audit", "export", "--database", &url],
            vec!["jobs", "list", "--database", &url],
            vec!["jobs", "retry", "--all", "--database", &url],
            vec!["migrate", "--from", &url, "--to", "sqlite::memory:"],
            vec!["migrate", "--from", &ours, "--to", &url],
        ] {
            let refused = bailiwick(&arguments);
            let err = text(&refused.stderr);
            assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {err}");
            assert!(err.contains(name) && err.contains("another program's tables"), "{arguments:?}: {err}");
            assert!(files(folder.path()) == before, "{arguments:?} wrote something");
        }
    }
    let kept = bailiwick(&["jobs", "list", "--database", &ours]);
    assert!(kept.status.success(), "the move was refused as a whole: {}", text(&kept.stderr));
}

#[tokio::test]
async fn a_schema_of_postgres_with_a_table_of_our_name_is_refused() {
    let url = tokio::task::spawn_blocking(postgres::database).await.expect("a server");
    sql(&url, "CREATE TABLE songs (title TEXT)").await;
    let empty = bailiwick(&["jobs", "list", "--database", &url]);
    assert!(text(&empty.stderr).contains("holds nothing of Bailiwick's"), "{}", text(&empty.stderr));
    sql(&url, "CREATE TABLE facts (title TEXT)").await;
    for command in [&["jobs", "retry", "--all"][..], &["jobs", "list"], &["audit", "verify"]] {
        let refused = bailiwick(&[command, &["--database", &url]].concat());
        let err = text(&refused.stderr);
        assert!(err.contains("another program's tables, such as") && err.contains("facts"), "{err}");
    }
    sql(&url, "DROP TABLE facts").await;
    open(&url).await.close().await;
    assert!(bailiwick(&["jobs", "list", "--database", &url]).status.success(), "beside other tables");
}

#[tokio::test]
async fn who_only_looks_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("b.db").display());
    fill(&url).await;
    let look = [&["jobs", "list"][..], &["jobs", "show", "1"], &["audit", "verify"], &["audit", "export"]];
    let before = files(folder.path());
    for command in look {
        let output = bailiwick(&[command, &["--database", &url]].concat());
        assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    }
    assert!(files(folder.path()) == before, "looked at");
    sql(&url, "DROP TABLE audit; DELETE FROM _sqlx_migrations WHERE version >= 3").await;
    let before = files(folder.path());
    for command in look {
        let output = bailiwick(&[command, &["--database", &url]].concat());
        assert!(text(&output.stderr).contains("b.db was written by an older version"), "{}", text(&output.stderr));
    }
    assert!(files(folder.path()) == before, "not brought up to date");
    std::fs::write(folder.path().join("b.db"), "").expect("emptied");
    for command in look {
        let output = bailiwick(&[command, &["--database", &url]].concat());
        assert!(text(&output.stderr).contains("b.db holds nothing"), "{}", text(&output.stderr));
    }
}

/// As an account that may only read: root may write whatever the rights say.
#[tokio::test]
async fn a_copy_that_cannot_be_written_can_be_looked_at() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("b.db");
    let url = format!("sqlite://{}", file.display());
    fill(&url).await;
    let program = folder.path().join("bailiwick");
    std::fs::copy(env!("CARGO_BIN_EXE_bailiwick"), &program).expect("copied");
    for extra in ["lock", "workers"] {
        let _ = std::fs::remove_file(file.with_added_extension(extra));
    }
    let rights = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    };
    rights(&file, 0o444);
    rights(&program, 0o555);
    rights(folder.path(), 0o555);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).args(["--database", &url]).current_dir("/");
        if let Some((uid, gid)) = postgres::unprivileged() {
            command.uid(uid).gid(gid);
        }
        command.output().expect("the binary runs")
    };
    for command in [&["jobs", "list"][..], &["audit", "verify"]] {
        let output = run(command);
        assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    }
    let refused = run(&["jobs", "retry", "--all"]);
    let err = text(&refused.stderr);
    assert!(!refused.status.success() && err.contains("b.db cannot be"), "{err}");
    rights(folder.path(), 0o755);
}

#[tokio::test]
async fn the_cause_is_told_and_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let note = folder.path().join("note.db");
    std::fs::write(&note, "This is a text of some length, and no database at all.\n".repeat(20)).expect("written");
    let locked = folder.path().join("locked.db");
    let url = |path: &Path| format!("sqlite://{}", path.display());
    sqlx::any::install_default_drivers();
    let mut other = AnyConnection::connect(&format!("{}?mode=rwc", url(&locked))).await.expect("a database");
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.expect("locked");
    for (path, problem) in [
        (folder.path(), "is a directory; name a regular file"),
        (Path::new("/dev/zero"), "/dev/zero: is a device"),
        (&note, "note.db is no SQLite database; name another file"),
        (&locked, "locked.db is locked by another program; stop that program"),
    ] {
        let refused = bailiwick(&["jobs", "retry", "--all", "--database", &url(path)]);
        let err = text(&refused.stderr);
        assert!(err.contains(problem) && !err.contains("timed out"), "{err}");
    }
    assert!(!folder.path().join("note.db.lock").exists(), "nothing is made beside a file that is no database");
    other.close().await.expect("closed");
    let away = bailiwick(&["jobs", "retry", "--all", "--database", "postgres://nobody:hunter2@127.0.0.1:1/none"]);
    let err = text(&away.stderr);
    assert!(err.contains("the database none at 127.0.0.1:1 cannot be reached") && err.contains("refused"), "{err}");
    assert!(!err.contains("hunter2"), "{err}");
}
