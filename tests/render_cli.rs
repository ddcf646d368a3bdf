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

const WIDENED: &str = "cluster/common/roles.yaml:4 rbac/wildcard: `*` in `verbs` allows every verb, also those that later \
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
    let missing = |finding: &&String| finding.starts_with("cluster/common/roles.yaml:4 object/invalid: ");
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

/// What an exception lets pass in a file is not what a patch makes of it.
#[test]
fn an_exception_for_one_thing_hides_nothing_else() {
    let policy = |folder: &TempDir, exceptions: &str| {
        let file = folder.path().join("policy.yaml");
        fs::write(&file, format!("exceptions:\n{exceptions}")).expect("written");
    };
    let unseen =
        "  - {rule: kustomization/not-evaluated, path: cluster/common/kustomization.yaml, reason: looked at}\n";
    // The same field, and another thing is wrong with it.
    let role = ROLE.replace("[\"\"]", "[rbac.authorization.k8s.io]").replace("[pods]", "[clusterroles]");
    let role = role.replace("verbs: [get]", "resourceNames: [view]\n    verbs: [bind]");
    let patch =
        WIDENS.replace("op: replace, path: /rules/0/verbs, value: [\"*\"]", "op: remove, path: /rules/0/resourceNames");
    let folder = repository(&patch, &role);
    policy(&folder, unseen);
    let (status, findings, said) = check(folder.path(), &[]);
    assert_eq!(status, Some(1), "{findings:#?} {said}");

    // An object of the same file whose name is a part of the other one's.
    let two =
        format!("{}---\n{}", ROLE.replace("[pods]", "[secrets]"), ROLE.replace("name: reader", "name: big-reader"));
    let patch = "resources: [roles.yaml]\npatches:\n  - target: {kind: ClusterRole, name: big-reader}\n    patch: |\n      - {op: \
                 replace, path: /rules/0/resources, value: [secrets]}\n";
    let folder = repository(patch, &two);
    policy(
        &folder,
        &format!(
            "{unseen}  - {{rule: rbac/read-secrets, object: {{kind: ClusterRole, name: reader}}, reason: looked at}}\n"
        ),
    );
    let (status, findings, said) = check(folder.path(), &[]);
    assert_eq!(status, Some(1), "{findings:#?} {said}");
}

/// The file of a generator is no manifest, and a replacement writes from it.
#[test]
fn data_that_ends_up_in_an_object_is_looked_at() {
    let kustomization = "resources: [roles.yaml]\nconfigMapGenerator:\n  - {name: c, namespace: default, envs: [c.env]}\n\
                         replacements:\n  - source: {kind: ConfigMap, name: c, fieldPath: data.VERB}\n    targets:\n      \
                         - select: {kind: ClusterRole}\n        fieldPaths: [rules.0.verbs.0]\n";
    let with = |verb: &str| {
        let folder = repository(kustomization, ROLE);
        fs::write(folder.path().join("cluster/common/c.env"), format!("VERB={verb}\n")).expect("written");
        folder
    };
    let (before, after) = (with("get"), with("*"));
    let (_, findings, _) = check(after.path(), &["--base", &before.path().to_string_lossy()]);
    assert!(findings.iter().any(|finding| finding.contains("rbac/wildcard")), "{findings:#?}");
    let (_, findings, _) = check(before.path(), &["--base", &before.path().to_string_lossy()]);
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn what_flux_does_not_apply_hides_nothing() {
    let folder = repository(WIDENS, ROLE);
    let aside = folder.path().join("test");
    fs::create_dir_all(&aside).expect("a folder");
    fs::write(aside.join("kustomization.yaml"), format!("{HEAD}namePrefix: x-\nresources: [../cluster/common]\n"))
        .expect("written");
    let (_, findings, _) = check(folder.path(), &["--render", "always"]);
    assert!(findings.contains(&WIDENED.to_owned()), "{findings:#?}");
}

#[test]
fn a_component_is_built_where_flux_builds_it() {
    let folder = repository("", ROLE);
    let component = format!("{HEAD}{WIDENS}").replace("v1beta1\nkind: Kustomization", "v1alpha1\nkind: Component");
    fs::write(folder.path().join("cluster/common/kustomization.yaml"), component).expect("written");
    fs::remove_file(folder.path().join("cluster/kustomization.yaml")).expect("removed");
    let (_, findings, said) = check(folder.path(), &["--render", "always"]);
    assert!(findings.contains(&WIDENED.to_owned()), "{findings:#?} {said}");
}

#[test]
fn where_an_object_comes_from_cannot_be_forged() {
    let folder = repository(WIDENS, ROLE);
    let forged = folder.path().join("cluster/common/other.yaml");
    fs::write(&forged, ROLE.replace("name: reader", "name: dev-reader")).expect("written");
    let annotated = format!(
        "  name: reader\n  annotations:\n    config.kubernetes.io/origin: 'path: ../..{}'\n",
        forged.canonicalize().expect("it is there").display()
    );
    write(folder.path(), WIDENS, &ROLE.replace("  name: reader\n", &annotated));
    let (_, findings, _) = check(folder.path(), &[]);
    let widened =
        findings.iter().find(|finding| finding.contains("rbac/wildcard")).unwrap_or_else(|| panic!("{findings:#?}"));
    assert!(widened.starts_with("cluster/common/kustomization.yaml:1 "), "{widened}");
}

#[test]
fn what_lies_outside_or_cannot_be_read_is_not_built() {
    let outside = repository("resources: [roles.yaml]\n", ROLE);
    let target = outside.path().canonicalize().expect("it is there");
    let inside = repository("", ROLE);
    let up = "../".repeat(inside.path().canonicalize().expect("it is there").components().count() + 1);
    let listing = format!("namePrefix: a-\nresources: [roles.yaml, {up}{}/cluster/common]\n", target.display());
    write(inside.path(), &listing, ROLE);
    let (status, findings, said) = check(inside.path(), &["--render", "always"]);
    assert_eq!(status, Some(2), "{findings:#?} {said}");
    assert!(said.contains("outside of the repository") && !said.contains(&*target.to_string_lossy()), "{said}");

    let bomb = repository(&WIDENS.replace("[roles.yaml]", "[roles.yaml, bomb.yaml]"), ROLE);
    fs::write(bomb.path().join("cluster/common/bomb.yaml"), "a: &a [x, x]\nb: &b [*a, *a]\n").expect("written");
    let (status, findings, said) = check(bomb.path(), &["--render", "always"]);
    assert_eq!(status, Some(1), "{findings:#?} {said}");
    assert!(said.contains("cluster/common/bomb.yaml cannot be read"), "{said}");
}
