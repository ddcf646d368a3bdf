//! `bailiwick isolation` as people and scripts run it, on the layouts of the seed and of both generations of Flux v2's
//! own example (`fixtures/isolation/`). What `docs/isolation.md` shows is what is printed here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

struct Run {
    status: i32,
    out: String,
    err: String,
}

fn isolation(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
    let output = command.arg("isolation").args(arguments).output().expect("it runs");
    Run {
        status: output.status.code().expect("it ends by itself"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn fixture(layout: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/isolation").join(layout)
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copied(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("copied")),
        }
    }
}

/// A layout in which some files say something else.
fn altered(layout: &str, changes: &[(&str, &str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    copied(&fixture(layout), folder.path());
    for (path, from, to) in changes {
        let path = folder.path().join(path);
        let text = fs::read_to_string(&path).expect("a file");
        assert!(text.contains(from), "{} does not say {from}", path.display());
        fs::write(path, text.replace(from, to)).expect("written");
    }
    folder
}

fn of(folder: &TempDir) -> &str {
    folder.path().to_str().expect("UTF-8")
}

/// Whether the documentation shows what is printed.
fn is_documented(out: &str) {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/isolation.md")).expect("a file");
    assert!(text.contains(out.trim_end()), "docs/isolation.md does not show:\n{out}");
}

#[test]
fn the_three_layouts_are_isolated() {
    for layout in ["flux-v1", "flux-v2-first", "flux-v2-second"] {
        let run = isolation(&[fixture(layout).to_str().expect("UTF-8")]);
        assert_eq!((run.status, run.err.as_str()), (0, ""), "{}", run.out);
        insta::assert_snapshot!(layout, run.out);
        is_documented(&run.out);
    }
}

#[test]
fn a_lock_that_is_missing_in_one_cluster_is_a_path() {
    let flag = "        value: --default-service-account=default\n";
    let at = "clusters/staging/flux-system/kustomization.yaml";
    let folder = altered("flux-v2-first", &[(at, flag, "        value: --log-level=debug\n")]);
    let run = isolation(&[of(&folder)]);
    assert_eq!((run.status, run.err.as_str()), (1, ""), "{}", run.out);
    insta::assert_snapshot!(run.out);
    is_documented(&run.out);
    let one = isolation(&["--team", "ops-team", of(&folder), "--format", "json"]);
    assert_eq!(one.status, 1);
    let json: Value = serde_json::from_str(&one.out).expect("JSON");
    assert_eq!(json["teams"].as_array().expect("a list").len(), 1);
    assert_eq!(
        (json["teams"][0]["verdict"].as_str(), json["teams"][0]["paths"][0]["to"]["kind"].as_str()),
        (Some("reaches"), Some("cluster"))
    );
    insta::assert_snapshot!("one_team_in_json", one.out);
    let markdown = isolation(&[of(&folder), "--format", "markdown"]);
    insta::assert_snapshot!("in_markdown", markdown.out);
}

#[test]
fn a_daemon_of_flux_v1_with_too_many_rights_is_a_path() {
    let folder = altered("flux-v1", &[("cluster/team1/rbac.yaml", "flux-readonly", "flux")]);
    let run = isolation(&["--team", "team1", of(&folder)]);
    assert_eq!(run.status, 1);
    insta::assert_snapshot!(run.out);
    is_documented(&run.out);
    assert_eq!(isolation(&["--team", "team2", of(&folder)]).status, 0);
}

#[test]
fn what_the_repository_does_not_say_is_not_proven() {
    let folder = altered("flux-v2-second", &[]);
    for environment in ["staging", "production"] {
        fs::remove_dir_all(folder.path().join("clusters").join(environment).join("flux-system")).expect("removed");
    }
    let run = isolation(&["--team", "dev-team", of(&folder)]);
    assert_eq!(run.status, 1);
    insta::assert_snapshot!(run.out);
    is_documented(&run.out);
    let proven = isolation(&["--team", "dev-team", "--only-proven", of(&folder)]);
    assert_eq!(proven.status, 0, "{}", proven.out);
    assert!(proven.out.contains("only paths that the repository proves are told"), "{}", proven.out);
}

#[test]
fn wrong_usage_is_told_in_one_line() {
    let run = isolation(&["--team", "dev-tem", fixture("flux-v2-first").to_str().expect("UTF-8")]);
    assert_eq!(
        (run.status, run.out.as_str(), run.err.as_str()),
        (2, "", "bailiwick: there is no team dev-tem; did you mean dev-team?\n")
    );
    let run = isolation(&["--team", "zzzzzzzz", fixture("flux-v1").to_str().expect("UTF-8")]);
    assert_eq!(run.err, "bailiwick: there is no team zzzzzzzz; the first of 2 teams is team1\n");
    let folder = TempDir::new().expect("a folder");
    let run = isolation(&[of(&folder)]);
    assert_eq!(run.status, 0);
    assert!(run.out.starts_with("There are no teams in this repository.\n"), "{}", run.out);
    let run = isolation(&["--team", "team1", of(&folder)]);
    assert_eq!((run.status, run.err.lines().count()), (2, 1), "{}", run.err);
    let missing = folder.path().join("nowhere");
    assert_eq!(isolation(&[missing.to_str().expect("UTF-8")]).status, 2);
}
