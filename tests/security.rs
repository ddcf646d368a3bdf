//! What docs/security.md says: its tests exist, and what is true of the sources as a whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust source below a folder, with its path from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    let read = |path: PathBuf| {
        let shown = path.strip_prefix(root()).expect("below").to_string_lossy().into_owned();
        (shown, std::fs::read_to_string(&path).expect("a source"))
    };
    found.into_iter().map(read).collect()
}

/// Product code alone: without tests and without the sandbox.
fn product() -> Vec<(String, String)> {
    let is_test = |path: &str| path.ends_with("tests.rs") || path.contains("/tests/") || path.contains("/testing");
    let files = sources("src").into_iter().filter(|(path, _)| !path.starts_with("src/sandbox/") && !is_test(path));
    files.map(|(path, text)| (path, text.split("\n#[cfg(test)]").next().unwrap_or_default().to_owned())).collect()
}

/// The names of all tests: functions under an attribute that ends in `test]` or has `test(`.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, text) in sources("src").into_iter().chain(sources("tests")) {
        let mut marked = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[") {
                marked |= line.ends_with("test]") || line.contains("::test(");
                continue;
            }
            if let Some((_, rest)) = line.split_once("fn ").filter(|_| marked) {
                names.insert(rest.split(['(', '<']).next().unwrap_or_default().to_owned());
            }
            marked = false;
        }
    }
    names
}

/// What others call so: a rule of poutine's, an event of GitHub's.
const NOT_OURS: [&str; 2] = ["confused_deputy_auto_merge", "pull_request_target"];

/// Words between backticks that can only be names of tests.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split('`').skip(1).step_by(2).map(str::to_owned);
    let is_name = |word: &String| {
        word.matches('_').count() >= 2
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    words.filter(is_name).filter(|word| !NOT_OURS.contains(&word.as_str())).collect()
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let (document, tests) = (read("docs/security.md"), tests());
    assert!(tests.len() > 500, "the tests were found: {}", tests.len());
    let names = named(&document);
    assert!(names.len() > 60, "the names were found: {}", names.len());
    let gone: Vec<_> = names.difference(&tests).collect();
    assert!(gone.is_empty(), "docs/security.md names tests that do not exist: {gone:#?}");
    let (_, threats) = document.split_once("## What happened to others").expect("the tables of threats");
    let rows: Vec<_> = threats.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| attack")).collect();
    assert!(rows.len() > 30, "the rows were found: {}", rows.len());
    for row in rows {
        let shown = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        assert!(!named(shown).is_empty(), "no test is named: {row}");
    }
}

#[test]
fn every_attack_that_we_know_of_has_its_row() {
    let document = read("docs/security.md");
    for source in [
        "CVE-2022-24912",
        "v0.8.3",
        "f04df0d53",
        "GHSA-7v86-958w-j7hj",
        "CVE-2024-52009",
        "#5509",
        "#1508",
        "DoorDash",
        "copy-pr-bot",
        "Weaponizing Dependabot",
        "CVE-2025-30066",
        "elementary-data",
        "policy-bot",
        "GO-2024-3077",
        "CVE-2021-41254",
        "#17698",
    ] {
        let rows = document.lines().filter(|line| line.starts_with("| ") && line.contains(source)).count();
        assert_eq!(rows, 1, "{source}");
    }
}

/// `kustomize` for rendering and `git` for the command line's `--base-rev`, with their arguments as a list.
#[test]
fn no_shell_is_started_and_programs_only_where_they_belong() {
    let mut starting = Vec::new();
    for (path, text) in product() {
        if text.contains("Command::new(") && text.contains("process::") {
            starting.push(path.clone());
        }
        for shell in ["\"sh\"", "\"bash\"", "\"/bin/sh\"", "\"-c\", &format", "arg(\"-c\")"] {
            assert!(!text.contains(shell), "{path} starts {shell}");
        }
    }
    starting.sort();
    assert_eq!(starting, ["src/cli/check/revision.rs", "src/render/mod.rs"]);
}

#[test]
fn commit_statuses_are_never_written() {
    let mut deployments = 0;
    for (path, text) in product() {
        assert!(!text.contains("/statuses/{sha}") && !text.contains("repo}/statuses"), "{path}");
        deployments += text.matches("/deployments/{deployment_id}/statuses").count();
    }
    assert!(deployments > 0, "routes are found by this look");
}

#[test]
fn the_server_starts_nothing_of_the_sandbox() {
    let mut users: Vec<String> = product()
        .into_iter()
        .filter(|(path, text)| text.contains("sandbox::") && path != "src/lib.rs")
        .map(|(path, _)| path)
        .collect();
    users.sort();
    assert!(!users.is_empty(), "the demo uses it");
    assert!(users.iter().all(|path| path.starts_with("src/cli/demo/")), "{users:?}");
    for path in ["src/cli/serve.rs", "src/cli/server.rs"] {
        let text = read(path);
        assert!(!text.contains("demo::") && !text.contains("sandbox"), "{path}");
    }
}

#[test]
fn our_own_workflows_give_strangers_nothing() {
    let folder = root().join(".github/workflows");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a workflow");
        for trigger in ["pull_request_target", "issue_comment", "workflow_run", "secrets."] {
            assert!(!text.contains(trigger), "{}: {trigger}", path.display());
        }
        assert!(text.contains("\npermissions: {}\n"), "{}: nothing is granted to all jobs", path.display());
        assert!(!text.contains("write"), "{}: no job writes", path.display());
        for line in text.lines().filter(|line| line.contains("uses: ")) {
            let (_, pinned) = line.split_once('@').expect("a version");
            let hash = pinned.split(' ').next().unwrap_or_default();
            assert!(hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "not pinned: {line}");
        }
        // Text of others in a script is code.
        assert!(!text.contains("github.event"), "{}", path.display());
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn the_dependency_policy_is_checked_by_the_workflow() {
    let policy = read("deny.toml");
    for part in
        ["[advisories]", "[licenses]", "[bans]", "[sources]", "unknown-registry = \"deny\"", "unknown-git = \"deny\""]
    {
        assert!(policy.contains(part), "{part}");
    }
    assert!(read(".github/workflows/ci.yml").contains("make deny"));
    assert!(read("Makefile").contains("cargo deny --locked check"));
}
