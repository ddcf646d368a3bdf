//! `bailiwick who-can` and `bailiwick diff` as people and scripts run them.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

struct Run {
    status: i32,
    out: String,
    err: String,
}

fn bailiwick(arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_bailiwick")).args(arguments).output().expect("it runs");
    Run {
        status: output.status.code().expect("it ends by itself"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

const COMMON: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - roles.yaml\n";
const ROLES: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: certificates
  labels: {rbac.authorization.k8s.io/aggregate-to-view: \"true\"}
rules:
  - apiGroups: [\"\"]
    resources: [secrets]
    verbs: [get, list]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: later, namespace: team2}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: nobody-knows}
subjects:
  - {kind: Group, name: team2, apiGroup: rbac.authorization.k8s.io}
";
const TEAM: &str =
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: team1\nresources:\n  - rbac.yaml\n";
const VIEW: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: viewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
  - {kind: ServiceAccount, name: flux, namespace: team1}
  - {kind: Group, name: team1, apiGroup: rbac.authorization.k8s.io}
";

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    }
}

/// A repository with a team that may look at its namespace, and with what stands in `roles`.
fn repository(roles: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    write(
        folder.path(),
        &[
            ("cluster/common/kustomization.yaml", COMMON),
            ("cluster/common/roles.yaml", roles),
            ("cluster/team1/kustomization.yaml", TEAM),
            ("cluster/team1/rbac.yaml", VIEW),
        ],
    );
    folder
}

fn of(folder: &TempDir) -> &str {
    folder.path().to_str().expect("UTF-8")
}

#[test]
fn who_can_names_the_subjects_and_the_way_with_file_and_line() {
    let folder = repository(ROLES);
    let run = bailiwick(&["who-can", "get", "secrets", "-n", "team1", of(&folder)]);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
    let json = bailiwick(&["who-can", "get", "secrets", "-n", "team1", "--format", "json", of(&folder)]);
    let json: Value = serde_json::from_str(&json.out).expect("JSON");
    let flux = json["holders"].as_array().expect("a list").iter().find(|one| one["who"] == "ServiceAccount team1/flux");
    let flux = flux.expect("the team's Flux");
    assert_eq!(flux["subject"], json!({"kind": "ServiceAccount", "namespace": "team1", "name": "flux"}));
    let parts = ["namespace", "verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"];
    assert_eq!(json!(parts.map(|part| &flux[part])), json!(["team1", ["get", "list"], [""], ["secrets"], [], []]));
    let question = ["verb", "apiGroups", "resource", "resourceName", "namespace"];
    assert_eq!(json!(question.map(|part| &json[part])), json!(["get", [""], "secrets", null, "team1"]));
    let way = &flux["through"];
    assert_eq!(
        (way["binding"]["file"].as_str(), way["role"]["line"].as_u64()),
        (Some("cluster/team1/rbac.yaml"), Some(1))
    );
}

#[test]
fn who_can_knows_groups_names_subresources_and_paths() {
    let folder = repository(ROLES);
    let asked = |arguments: &[&str]| bailiwick(&[&["who-can"], arguments, &[of(&folder)]].concat()).out;
    assert!(asked(&["create", "deployments", "-n", "team1"]).contains("deployments of apps in namespace team1"));
    assert!(!asked(&["create", "deployments", "-n", "team1"]).contains("team1/flux"), "view creates nothing");
    assert!(asked(&["list", "deployments", "-n", "team1"]).contains("ServiceAccount team1/flux"));
    assert!(asked(&["create", "pods/exec", "-n", "team1"]).contains("Group system:masters"));
    assert!(asked(&["get", "/healthz"]).contains("ClusterRole system:public-info-viewer"));
    assert!(
        asked(&["get", "secrets", "-n", "team2"]).contains("RoleBinding team2/later gives ClusterRole nobody-knows")
    );
    assert!(asked(&["get", "gadgets.example.org", "--name", "x"]).contains("get gadgets.example.org named x"));
}

/// Programs may ask for verbs of their own.
#[test]
fn who_can_doubts_a_verb_that_nobody_names() {
    let folder = repository(&ROLES.replace("verbs: [get, list]", "verbs: [get, list, frobnicate]"));
    let asked = |verb: &str| {
        let run = bailiwick(&["who-can", verb, "secrets", "-n", "team1", of(&folder)]);
        assert_eq!((run.status, run.err.as_str()), (0, ""));
        run.out
    };
    let doubt =
        "\nKubernetes knows no verb gett, and no rule names it for this: it is only part of `*`. Did you mean get?\n";
    assert!(asked("gett").ends_with(doubt), "{}", asked("gett"));
    assert!(asked("zzz").ends_with("it is only part of `*`.\n"));
    assert!(!asked("frobnicate").contains("knows no verb") && !asked("watch").contains("knows no verb"));
}

/// Everybody who gains something has rights and ways of their own.
#[test]
fn diff_for_scripts_has_every_right_by_itself() {
    let url = "  - {nonResourceURLs: [/metrics], verbs: [get]}\n";
    let bound = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: all}\n\
                 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: certificates}\nsubjects:\n\
                 - {kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}\n";
    let named = "    verbs: [get, list]\n    resourceNames: [tls]\n";
    let before = repository(&ROLES.replace("name: nobody-knows", "name: nobody-knew"));
    let after = repository(&format!("{}{bound}", ROLES.replace("    verbs: [get, list]\n", &format!("{named}{url}"))));
    let run = bailiwick(&["diff", of(&after), "--base", of(&before), "--format", "json"]);
    let json: Value = serde_json::from_str(&run.out).expect("JSON");
    let row = |right: &Value| {
        let parts =
            ["change", "subject", "namespace", "verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"];
        let parts: Vec<String> = parts.iter().map(|part| right[part].to_string()).collect();
        format!("{} | {} | {}", parts.join(" "), right["right"], right["through"][0]["way"])
    };
    let rows: Vec<String> = json["rights"].as_array().expect("a list").iter().map(row).collect();
    insta::assert_snapshot!(rows.join("\n"));
    assert_eq!(json["complete"], true);
}

#[test]
fn diff_says_which_objects_change_and_who_gains_what() {
    let (before, after) = (repository(&ROLES.replace("[get, list]", "[get]")), repository(ROLES));
    let base = of(&before);
    let run = bailiwick(&["diff", of(&after), "--base", base]);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
    let markdown = bailiwick(&["diff", of(&after), "--base", base, "--format", "markdown", "--exit-code"]);
    assert_eq!(markdown.status, 1);
    insta::assert_snapshot!("diff_in_markdown", markdown.out);
    let json = bailiwick(&["diff", of(&after), "--base", base, "--format", "json"]);
    insta::assert_snapshot!("diff_in_json", json.out);
}

/// A Flux `Kustomization` that applies a directory of its own repository.
fn sync(spec: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps, namespace: flux-system}}\n\
         spec: {{path: ./apps, prune: true, sourceRef: {{kind: GitRepository, name: flux-system}}{spec}}}\n"
    )
}

/// The same repository with a directory that Flux applies by `spec`; nothing there says a namespace or a label.
fn applied_by_flux(spec: &str) -> TempDir {
    let folder = repository(ROLES);
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: gadgets}\nrules:\n\
                - {apiGroups: [x.example.org], resources: [gadgets], verbs: [get]}\n";
    let helpers = VIEW
        .replace("name: viewers", "name: helpers, namespace: helpers")
        .replace("name: view}", "name: certificates}");
    let apps = format!("{helpers}---\n{role}");
    write(folder.path(), &[("cluster/flux-system/apps.yaml", &sync(spec)), ("apps/rights.yaml", &apps)]);
    folder
}

/// The subjects of whom an answer says that they hold something by what stands in the directory.
fn by_apps(folder: &TempDir, arguments: &[&str]) -> Vec<String> {
    let run = bailiwick(&[&["who-can"], arguments, &["--format", "json", of(folder)]].concat());
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    let json: Value = serde_json::from_str(&run.out).expect("JSON");
    let of_tree = |one: &&Value| one["through"].to_string().contains("apps/rights.yaml");
    let holders = json["holders"].as_array().expect("a list").iter().filter(of_tree);
    holders.map(|one| one["who"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn who_can_and_diff_follow_the_target_namespace_of_flux() {
    let (plain, moved) = (applied_by_flux(""), applied_by_flux(", targetNamespace: monitoring"));
    let everybody = ["Group team1", "ServiceAccount team1/flux"];
    let in_namespace = |folder, namespace| by_apps(folder, &["get", "secrets", "-n", namespace]);
    assert_eq!(
        (in_namespace(&plain, "helpers"), in_namespace(&plain, "monitoring")),
        (everybody.map(str::to_owned).to_vec(), vec![])
    );
    assert_eq!(
        (in_namespace(&moved, "helpers"), in_namespace(&moved, "monitoring")),
        (vec![], everybody.map(str::to_owned).to_vec())
    );
    let diff = bailiwick(&["diff", "--base", of(&plain), of(&moved)]);
    assert_eq!((diff.status, diff.err.as_str()), (0, ""));
    insta::assert_snapshot!(diff.out);
}

#[test]
fn who_can_and_diff_follow_the_labels_that_flux_puts_on() {
    let labels = ", commonMetadata: {labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}}";
    let (plain, labelled) = (applied_by_flux(""), applied_by_flux(labels));
    let question = ["get", "gadgets.x.example.org", "-n", "team1"];
    assert_eq!(by_apps(&plain, &question), Vec::<String>::new());
    assert_eq!(by_apps(&labelled, &question), ["Group team1", "ServiceAccount team1/flux"]);
    let diff = bailiwick(&["diff", "--base", of(&plain), of(&labelled)]);
    assert_eq!((diff.status, diff.err.as_str()), (0, ""));
    insta::assert_snapshot!(diff.out);
}

#[test]
fn diff_of_what_is_the_same_is_nothing() {
    let folder = repository(ROLES);
    let run = bailiwick(&["diff", of(&folder), "--base", of(&folder), "--exit-code"]);
    assert_eq!((run.status, run.out.as_str()), (0, "No object changes.\n\nNobody's rights change.\n"));
}

#[test]
fn wrong_usage_is_told_in_one_line() {
    let folder = TempDir::new().expect("a folder");
    let missing = folder.path().join("nowhere");
    let run = bailiwick(&["who-can", "get", "secrets", missing.to_str().expect("UTF-8")]);
    assert_eq!((run.status, run.out.as_str(), run.err.lines().count()), (2, "", 1), "{}", run.err);
    let run = bailiwick(&["diff", of(&folder)]);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("--base"), "{}", run.err);
}

/// What is not read or not followed may change anything: the answer must not look whole.
#[test]
fn what_cannot_be_followed_is_said() {
    let anchor = ROLES.replace("verbs: [get, list]", "verbs: &all [get, list]");
    let (before, unread) = (repository(ROLES), repository(&anchor));
    let text = bailiwick(&["diff", "--base", of(&before), of(&unread)]).out;
    assert!(text.contains("more may change than is told:\n  cluster/common/roles.yaml:"), "{text}");
    let markdown = bailiwick(&["diff", "--base", of(&before), "--format", "markdown", of(&unread)]).out;
    assert!(markdown.contains("### Not followed") && markdown.contains("- `cluster/common/roles.yaml:"), "{markdown}");
    let json = bailiwick(&["diff", "--base", of(&before), "--format", "json", of(&unread)]).out;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["complete"], json!(false));
    assert_eq!(json["not_followed"][0]["file"], json!("cluster/common/roles.yaml"));
    let exit = bailiwick(&["diff", "--base", of(&before), "--exit-code", of(&unread)]);
    assert_eq!(exit.status, 1);

    let patched = repository(ROLES);
    let patches = format!(
        "{COMMON}patches:\n  - target: {{kind: ClusterRole}}\n    patch: '[{{op: replace, path: /rules/0/resources, value: [\"*\"]}}]'\n"
    );
    write(patched.path(), &[("cluster/common/kustomization.yaml", &patches)]);
    let text = bailiwick(&["diff", "--base", of(&before), of(&patched)]).out;
    assert!(text.contains("Nobody's rights change.") && text.contains("could not be followed"), "{text}");

    let who = bailiwick(&["who-can", "get", "secrets", of(&unread)]).out;
    assert!(
        who.contains("These files cannot be read, so there may be others:\n  cluster/common/roles.yaml\n"),
        "{who}"
    );
    let who = bailiwick(&["who-can", "get", "secrets", "--format", "json", of(&unread)]).out;
    let who: Value = serde_json::from_str(&who).expect("JSON");
    assert_eq!(who["unread"], json!(["cluster/common/roles.yaml"]));
}
