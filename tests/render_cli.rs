//! `bailiwick check --render`: what the real kustomize makes of files is judged too.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: reader\nrules:\n  - \
                    apiGroups: [\"\"]\n    resources: [pods]\n    verbs: [get]\n";
const HEAD: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
/// Every verb, in a patch that no rule reads.
const WIDENS: &str = "namePrefix: dev-\nresources: [roles.yaml]\npatches:\n  - target: {kind: ClusterRole}\n    patch: |\n      \
                      - {op: replace, path: /rules/0/verbs, value: [\"*\"]}\n";

/// An admin repository with that kustomization and that role in `cluster/common`.
fn repository(kustomization: &str, role: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), kustomization, role);
    folder
}

fn write(folder: &Path, kustomization: &str, role: &str) {
    let common = folder.join("cluster/common");
    fs::create_dir_all(&common).expect("a folder");
    let files = [
        ("../kustomization.yaml", format!("{HEAD}resources: [common]\n")),
        ("kustomization.yaml", format!("{HEAD}{kustomization}")),
        ("roles.yaml", role.to_owned()),
    ];
    for (name, text) in files {
        fs::write(common.join(name), text).expect("written");
    }
}

/// How a run ended, its findings as `file:line rule: message`, and what it said beside them.
fn check(folder: &Path, more: &[&str]) -> (Option<i32>, Vec<String>, String) {
    check_with(Command::new(env!("CARGO_BIN_EXE_bailiwick")), folder, more)
}

fn check_with(mut command: Command, folder: &Path, more: &[&str]) -> (Option<i32>, Vec<String>, String) {
    let output = command.arg("check").arg(folder).args(["--format", "json"]).args(more).output().expect("it runs");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let line = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        format!("{}:{} {}: {}", text("file"), finding["line"], text("rule"), text("message"))
    };
    let findings = json["findings"].as_array().map(|all| all.iter().map(line).collect()).unwrap_or_default();
    (output.status.code(), findings, String::from_utf8_lossy(&output.stderr).into_owned())
}

const WIDENED: &str = "cluster/common/roles.yaml:1 rbac/wildcard: `*` in `verbs` allows every verb, also those that later \
                       versions of Kubernetes add. So it is once kustomize has built cluster/common.";

#[test]
fn what_a_patch_makes_is_judged_at_the_object_that_it_changes() {
    let folder = repository(WIDENS, ROLE);
    for render in ["auto", "always"] {
        let (_, findings, _) = check(folder.path(), &["--render", render]);
        assert!(findings.contains(&WIDENED.to_owned()), "{findings:#?}");
    }
    let (_, findings, _) = check(folder.path(), &["--render", "never"]);
    assert!(findings.iter().all(|finding| finding.contains("kustomization/not-evaluated")), "{findings:#?}");
}

#[test]
fn what_no_patch_adds_is_missing() {
    let incomplete = ROLE.replace("    verbs: [get]\n", "");
    let patch = "resources: [roles.yaml]\npatches:\n  - target: {kind: ClusterRole}\n    patch: |\n      - {op: add, path: \
                 /metadata/labels, value: {a: b}}\n";
    let folder = repository(patch, &incomplete);
    let (_, as_files, _) = check(folder.path(), &["--render", "never"]);
    assert!(as_files.iter().any(|finding| finding.contains("object/undecided")), "{as_files:#?}");
    let (status, built, _) = check(folder.path(), &[]);
    let missing = |finding: &&String| finding.starts_with("cluster/common/roles.yaml:1 object/invalid: ");
    assert!(built.iter().any(|finding| missing(&finding)), "{built:#?}");
    assert_eq!(status, Some(1));
}

#[test]
fn what_kustomize_refuses_is_an_error() {
    let patch = WIDENS.replace("op: replace, path: /rules/0/verbs, value: [\"*\"]", "op: remove, path: /rules/7");
    let folder = repository(&patch, ROLE);
    let (status, findings, _) = check(folder.path(), &[]);
    let refused = "cluster/common/kustomization.yaml:1 kustomization/cannot-build: kustomize cannot build this: ";
    let complaint =
        findings.iter().find_map(|finding| finding.strip_prefix(refused)).unwrap_or_else(|| panic!("{findings:#?}"));
    assert!(complaint.contains("/rules/7") && !complaint.contains("command failed"), "{complaint}");
    assert_eq!(status, Some(1));
    assert!(
        !findings.join("\n").contains(&*folder.path().to_string_lossy()),
        "no paths of this machine: {findings:#?}"
    );
}

#[test]
fn what_is_said_already_is_not_said_again() {
    let folder = repository(&WIDENS.replace("[roles.yaml]", "[roles.yaml, gone.yaml]"), ROLE);
    let (_, findings, _) = check(folder.path(), &[]);
    assert!(findings.iter().any(|finding| finding.contains("missing-resource")), "{findings:#?}");
    assert!(!findings.iter().any(|finding| finding.contains("cannot-build")), "{findings:#?}");
}

#[test]
fn with_a_base_only_what_is_new_is_told() {
    let (before, after) = (repository(WIDENS, ROLE), repository(WIDENS, ROLE));
    // Another right; the verbs were as wide before.
    fs::write(after.path().join("cluster/common/roles.yaml"), ROLE.replace("[pods]", "[pods, nodes]"))
        .expect("written");
    let base = before.path().to_string_lossy().into_owned();
    let (_, findings, _) = check(after.path(), &["--base", &base]);
    assert!(!findings.contains(&WIDENED.to_owned()), "{findings:#?}");

    write(before.path(), &WIDENS.replace("\"*\"", "list"), ROLE);
    let (_, findings, _) = check(after.path(), &["--base", &base]);
    assert!(findings.contains(&WIDENED.to_owned()), "{findings:#?}");
}

#[test]
fn a_revision_is_built_too() {
    let folder = repository(WIDENS, ROLE);
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder.path()).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
        assert!(command.args(arguments).output().expect("git runs").status.success(), "git {arguments:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "All of it"]);
    fs::write(folder.path().join("cluster/common/roles.yaml"), ROLE.replace("[pods]", "[nodes]")).expect("written");
    let (_, findings, _) = check(folder.path(), &["--base-rev", "HEAD"]);
    assert!(!findings.contains(&WIDENED.to_owned()), "it was so before: {findings:#?}");
    let (_, findings, _) = check(folder.path(), &[]);
    assert!(findings.contains(&WIDENED.to_owned()), "{findings:#?}");
}

#[test]
fn without_kustomize_it_is_said_what_was_not_built() {
    let bare = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
        command.env("PATH", "");
        command
    };
    let folder = repository(WIDENS, ROLE);
    let (status, findings, said) = check_with(bare(), folder.path(), &[]);
    assert!(said.starts_with("note: 1 kustomization judged as files only: neither"), "{said}");
    assert!(!findings.is_empty() && status == Some(1), "{findings:#?}");
    let (status, findings, said) = check_with(bare(), folder.path(), &["--render", "always"]);
    assert_eq!((status, findings.len(), said.lines().count()), (Some(2), 0, 1), "{said}");
    assert!(said.contains("--render always: neither kustomize nor kubectl is on the PATH"), "{said}");

    // Where kustomizations only list, nothing is built and nothing is missed.
    let folder = repository("resources: [roles.yaml]\n", ROLE);
    let (status, _, said) = check_with(bare(), folder.path(), &["--render", "always"]);
    assert_eq!((status, said.as_str()), (Some(0), ""));
}

#[test]
fn nothing_is_fetched() {
    let remote = "resources: [roles.yaml, \"https://127.0.0.1:9/base.yaml\"]\nnamePrefix: a-\n";
    let folder = repository(remote, ROLE);
    let (_, _, said) = check(folder.path(), &[]);
    assert!(said.starts_with("note: cluster/common/kustomization.yaml is judged as a file only: "), "{said}");
    assert!(said.contains("fetched from the network"), "{said}");
    let (status, _, said) = check(folder.path(), &["--render", "always"]);
    assert_eq!(status, Some(2), "{said}");
}

#[test]
fn what_flux_does_not_apply_is_not_built() {
    let folder = repository("resources: [roles.yaml]\n", ROLE);
    let aside = folder.path().join("docs/example");
    fs::create_dir_all(&aside).expect("a folder");
    fs::write(aside.join("kustomization.yaml"), format!("{HEAD}{WIDENS}")).expect("written");
    fs::write(aside.join("roles.yaml"), ROLE).expect("written");
    let (status, findings, said) = check(folder.path(), &["--render", "always"]);
    assert_eq!(status, Some(0), "{findings:#?} {said}");
}
