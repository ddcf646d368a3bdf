//! `bailiwick config check`, as people run it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn check(file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .args(["config", "check"])
        .arg(file)
        .env("BAILIWICK_WEBHOOK_SECRET", "hunter2")
        .output()
        .expect("bailiwick runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The example beside a key, in a folder of its own.
fn example() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/bot-config/bailiwick.yaml"), folder.path().join("bailiwick.yaml"))
        .expect("copied");
    let key = "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n";
    fs::write(folder.path().join("key.pem"), key).expect("written");
    folder
}

#[test]
fn a_good_file_is_fine_and_its_secrets_stay_unseen() {
    let folder = example();
    let output = check(&folder.path().join("bailiwick.yaml"));
    let out = text(&output.stdout);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(out.lines().next().is_some_and(|line| line.ends_with("bailiwick.yaml: fine")), "{out}");
    assert!(out.contains("cluster dev: org/dev-cluster, branch main, path cluster; flux-v2"), "{out}");
    assert!(out.contains("/create-team: permission:maintain, team:org/platform"), "{out}");
    assert!(!out.contains("hunter2"), "{out}");
}

#[test]
fn a_bad_file_is_told_with_file_and_line() {
    let folder = example();
    let file = folder.path().join("bailiwick.yaml");
    let good = fs::read_to_string(&file).expect("readable");
    for (from, to, expected) in [
        ("branch: main  ", "brnch: main  ", "unknown key \"brnch\"; did you mean `branch`?"),
        ("key.pem", "none.pem", "none.pem\" does not exist"),
        ("{env: BAILIWICK_WEBHOOK_SECRET}", "hunter2", "a secret stands here in clear"),
        (
            "BAILIWICK_WEBHOOK_SECRET",
            "BAILIWICK_NO_SUCH_VARIABLE",
            "the variable \"BAILIWICK_NO_SUCH_VARIABLE\" does not exist",
        ),
        (
            "webhook: push",
            "webhook: poll",
            "github.webhook: \"poll\" is no way for deliveries to come in; write push or pull",
        ),
        ("https://api.github.com\n", "http://api.github.com\n", "would send tokens in clear"),
    ] {
        assert!(good.contains(from), "{from}");
        fs::write(&file, good.replace(from, to)).expect("written");
        let output = check(&file);
        let err = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
        assert!(err.contains("bailiwick.yaml:") && err.contains(expected), "{err}");
        assert!(!err.contains("hunter2"), "{err}");
    }
}

#[test]
fn a_server_that_fetches_its_deliveries_needs_no_webhook_secret() {
    let folder = example();
    let file = folder.path().join("bailiwick.yaml");
    let good = fs::read_to_string(&file).expect("readable");
    let secrets = "  webhook_secrets:\n    - {env: BAILIWICK_WEBHOOK_SECRET}\n";
    assert!(good.contains(secrets));
    fs::write(&file, good.replace("webhook: push", "webhook: pull").replace(secrets, "")).expect("written");
    let output = check(&file);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let out = text(&output.stdout);
    assert!(out.contains("App 1 at https://api.github.com, deliveries fetched (pull)"), "{out}");
}

#[test]
fn a_missing_file_is_named() {
    let output = check(Path::new("no/such.yaml"));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("no/such.yaml: cannot be read"), "{}", text(&output.stderr));
}
