//! `bailiwick config check`, as people run it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;

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
    fs::write(folder.path().join("key.pem"), key()).expect("written");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/bot-config/policy.yaml"), folder.path().join("policy.yaml"))
        .expect("copied");
    folder
}

/// A key as GitHub makes them.
fn key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("a document");
        let packed = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{packed}\n-----END PRIVATE KEY-----\n")
    })
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
    assert!(out.contains("private key: signs") && out.contains("policy.yaml, readable"), "{out}");
    assert!(!out.contains("hunter2") && !out.contains(&key()[40..60]), "{out}");
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
        (
            "# dry_run: definitions",
            "dry_run: everything",
            "clusters[0].dry_run: \"everything\" is nothing that can be tried; write definitions, or leave it out",
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
fn what_is_tried_on_a_cluster_is_told_and_needs_a_way_to_it() {
    let folder = example();
    let file = folder.path().join("bailiwick.yaml");
    let good = fs::read_to_string(&file).expect("readable");
    assert!(!text(&check(&file).stdout).contains("tried"), "it is off where nobody asks for it");
    let tried = good.replace("# dry_run: definitions", "dry_run: definitions");
    fs::write(&file, &tried).expect("written");
    let output = check(&file);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(
        text(&output.stdout).contains("with deploy keys; definitions are tried there\n"),
        "{}",
        text(&output.stdout)
    );
    for (from, to, expected) in [
        ("    kubeconfig: {in_cluster: true}\n", "", "nothing can be tried on a cluster without `kubeconfig`; add it"),
        ("engine: flux-v2", "engine: flux-v1", "definitions are tried as Flux v2 applies them"),
    ] {
        assert!(tried.contains(from), "{from}");
        fs::write(&file, tried.replace(from, to)).expect("written");
        let output = check(&file);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
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
    assert!(text(&output.stderr).starts_with("no/such.yaml: does not exist; "), "{}", text(&output.stderr));
}

/// What is wrong with a file that the configuration names has a line of its own, and nothing of it is shown.
#[test]
fn what_a_configuration_names_is_read_too() {
    let folder = example();
    let file = folder.path().join("bailiwick.yaml");
    let good = fs::read_to_string(&file).expect("readable");
    let named = good.replace("kubeconfig: {in_cluster: true}", "kubeconfig: {file: kube, context: dev}");
    fs::write(&file, named).expect("written");
    fs::write(folder.path().join("kube"), "users:\n- name: me\n  user:\n    token: hunter2\n    x: [\n")
        .expect("written");
    fs::write(folder.path().join("policy.yaml"), "severity: {no/such-rule: warning}\n").expect("written");
    let broken = "-----BEGIN RSA PRIVATE KEY-----\naHVudGVyMg==\n-----END RSA PRIVATE KEY-----\n";
    fs::write(folder.path().join("key.pem"), broken).expect("written");
    let output = check(&file);
    let err = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()), "{err}");
    let lines: Vec<&str> = err.lines().collect();
    assert!(lines.len() == 3 && lines.iter().all(|line| line.contains("bailiwick.yaml: ")), "{err}");
    assert!(lines[0].contains("github.private_key: this is no usable RSA key in PEM"), "{err}");
    assert!(lines[1].contains("policy: policy.yaml:1") && lines[1].contains("no/such-rule"), "{err}");
    assert!(lines[2].contains("kubeconfig of cluster dev: ") && lines[2].contains("line 5"), "{err}");
    assert!(!err.contains("hunter2") && !err.contains("aHVudGVyMg"), "{err}");
}

#[test]
fn the_servers_files_may_be_elsewhere() {
    let folder = example();
    let file = folder.path().join("bailiwick.yaml");
    fs::remove_file(folder.path().join("policy.yaml")).expect("removed");
    let output = check(&file);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(err.contains("policy.yaml: does not exist") && err.contains("--elsewhere"), "{err}");
    let output = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .args(["config", "check", "--elsewhere", "bailiwick.yaml"])
        .current_dir(folder.path())
        .env("BAILIWICK_WEBHOOK_SECRET", "hunter2")
        .output()
        .expect("bailiwick runs");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(text(&output.stdout).contains("policy: policy.yaml is not on this machine: not checked"));
}

/// The policy stands beside the configuration, from wherever that is named.
#[test]
fn paths_are_relative_to_the_configuration() {
    let folder = example();
    let output = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .args(["config", "check"])
        .arg(Path::new(folder.path().file_name().expect("a name")).join("bailiwick.yaml"))
        .current_dir(folder.path().parent().expect("a folder"))
        .env("BAILIWICK_WEBHOOK_SECRET", "hunter2")
        .output()
        .expect("bailiwick runs");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = example();
    let file = folder.path().join("bailiwick.yaml");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    for odd in [Path::new("/dev/zero"), &pipe, folder.path()] {
        let output = check(odd);
        let err = text(&output.stderr);
        assert!(output.status.code() == Some(2) && err.contains("name a regular file"), "{err}");
    }
    let good = fs::read_to_string(&file).expect("readable");
    for (from, to) in [
        ("key.pem", "/dev/zero"),
        ("key.pem", "pipe"),
        ("policy: policy.yaml", "policy: pipe"),
        ("policy: policy.yaml", "policy: /dev/zero"),
        ("kubeconfig: {in_cluster: true}", "kubeconfig: {file: pipe}"),
        ("kubeconfig: {in_cluster: true}", "kubeconfig: {file: /dev/zero}"),
    ] {
        assert!(good.contains(from), "{from}");
        fs::write(&file, good.replace(from, to)).expect("written");
        let output = check(&file);
        let err = text(&output.stderr);
        assert!(output.status.code() == Some(2) && err.contains("is a device, a pipe or a socket"), "{to}: {err}");
    }
}
