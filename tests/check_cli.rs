//! `bailiwick check`, `rules` and `explain` as people and scripts run them.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

const BAD: &str = "fixtures/repos/dev-cluster";
const CLEAN: &str = "fixtures/repos/dev-cluster-clean";
const TEAM: &str = "fixtures/repos/dev-team1";

/// How a run ended, and what it wrote.
struct Run {
    status: i32,
    out: String,
    err: String,
}

impl Run {
    /// Wrong usage: status 2, nothing on stdout, one line on stderr, which is the answer.
    fn refused(self) -> String {
        assert_eq!((self.status, self.out.as_str()), (2, ""), "{}", self.err);
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        self.err
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }
}

fn bailiwick(arguments: &[&str]) -> Run {
    let output =
        Command::new(env!("CARGO_BIN_EXE_bailiwick")).args(arguments).env_remove("NO_COLOR").output().expect("it runs");
    Run {
        status: output.status.code().expect("it ends by itself"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A folder of our own, with the clean repository in it.
fn copy_of(repository: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    copy(Path::new(repository), folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

fn path(folder: &TempDir) -> &str {
    folder.path().to_str().expect("UTF-8")
}

fn write(folder: &TempDir, name: &str, text: &str) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("written");
}

/// "rule file:line" of every finding.
fn found(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("a list");
    findings.iter().map(|one| format!("{} {}:{}", one["rule"], one["file"], one["line"]).replace('"', "")).collect()
}

#[test]
fn the_faults_of_the_sample_are_found_on_their_lines() {
    let run = bailiwick(&["check", BAD, "--format", "json"]);
    assert_eq!((run.status, run.err.as_str()), (1, ""));
    insta::assert_snapshot!("sample.json", run.out);
}

#[test]
fn a_clean_repository_is_fine() {
    let run = bailiwick(&["check", CLEAN]);
    assert_eq!((run.status, run.err.as_str()), (0, ""), "{}", run.out);
    insta::assert_snapshot!(run.out);
}

#[test]
fn text_is_for_people() {
    insta::assert_snapshot!(bailiwick(&["check", BAD]).out);
}

#[test]
fn workflow_commands_are_for_github_actions() {
    insta::assert_snapshot!(bailiwick(&["check", BAD, "--format", "github"]).out);
}

#[test]
fn sarif_is_valid_by_its_schema() {
    let schema = serde_json::from_str(include_str!("../fixtures/schemas/sarif-2.1.0.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let run = bailiwick(&["check", BAD, "--format", "sarif"]);
    let report = run.json();
    let errors: Vec<String> =
        validator.iter_errors(&report).map(|error| format!("{} {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let (run, rules) = (&report["runs"][0], bailiwick(&["rules", "--format", "json"]).json());
    assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), rules.as_array().map(Vec::len));
    assert_eq!(
        run["results"].as_array().map(Vec::len),
        Some(found(&bailiwick(&["check", BAD, "--format", "json"]).json()).len())
    );
}

#[test]
fn fail_on_decides_the_status() {
    let folder = copy_of(CLEAN);
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nrules:\n  - {apiGroups: [example.org], resources: [widgets], verbs: ['*']}\n";
    write(&folder, "cluster/common/cluster-roles.yaml", role);
    for (fail_on, status) in [("error", 0), ("warning", 1), ("never", 0)] {
        assert_eq!(bailiwick(&["check", path(&folder), "--fail-on", fail_on]).status, status, "{fail_on}");
    }
    assert_eq!(bailiwick(&["check", BAD, "--fail-on", "never"]).status, 0);
}

#[test]
fn with_a_base_folder_only_what_differs_is_judged() {
    let run = bailiwick(&["check", BAD, "--base", BAD, "--format", "json"]);
    assert_eq!((run.status, &run.json()["summary"]["files"]), (0, &Value::from(0)));
    let run = bailiwick(&["check", BAD, "--base", CLEAN, "--format", "json"]);
    assert_eq!((run.status, &run.json()["summary"]["files"]), (1, &Value::from(3)));
}

#[test]
fn with_a_base_what_a_change_newly_lists_is_judged_too() {
    let (before, after) = (copy_of(CLEAN), copy_of(CLEAN));
    let greedy = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nrules:\n  - {apiGroups: ['*'], resources: ['*'], verbs: ['*']}\n";
    for folder in [&before, &after] {
        write(folder, "hidden/kustomization.yaml", "resources: [role.txt, role.yaml]\n");
        write(folder, "hidden/role.yaml", greedy);
        write(folder, "hidden/role.txt", greedy);
    }
    let kustomization = fs::read_to_string(before.path().join("cluster/kustomization.yaml")).expect("a file");
    write(&after, "cluster/kustomization.yaml", &format!("{}\n  - ../hidden\n", kustomization.trim_end()));
    let check = |format| bailiwick(&["check", path(&after), "--base", path(&before), "--format", format]);
    let run = check("json");
    assert_eq!(run.status, 1, "{}", run.err);
    let report = run.json();
    assert_eq!(report["summary"]["files"], Value::from(4));
    for file in ["role.txt", "role.yaml"] {
        assert!(found(&report).contains(&format!("rbac/wildcard hidden/{file}:5")), "{report:#}");
    }
    let findings = report["findings"].as_array().expect("a list");
    assert!(findings.iter().all(|one| one["reached"]["file"] == "cluster/kustomization.yaml"), "{report:#}");
    let text = check("text").out;
    assert!(text.contains("reached: cluster/kustomization.yaml:") && text.contains("(3 of them unchanged,"), "{text}");
    let github = check("github").out;
    assert!(github.contains("::error file=cluster/kustomization.yaml,"), "{github}");
    assert!(github.contains("There, in line 5:"), "{github}");
    let sarif = check("sarif").json();
    let related = &sarif["runs"][0]["results"][0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(related, "cluster/kustomization.yaml");
    // Without a base everything is judged once, and nothing is reached.
    let whole = bailiwick(&["check", path(&after), "--format", "json"]).json();
    assert!(whole["findings"].as_array().expect("a list").iter().all(|one| one["reached"].is_null()), "{whole:#}");
}

fn git(folder: &TempDir, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder.path()).args(["-c", "user.name=x", "-c", "user.email=x@example.org"]).args(arguments);
    assert!(command.output().expect("git runs").status.success(), "git {arguments:?}");
}

#[test]
fn with_a_base_revision_only_what_differs_is_judged() {
    let folder = copy_of(CLEAN);
    git(&folder, &["init", "--quiet", "--initial-branch=main"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "--quiet", "--message=clean"]);
    fs::copy(format!("{BAD}/cluster/common/crds.yaml"), folder.path().join("cluster/common/crds.yaml"))
        .expect("copied");
    let run = bailiwick(&["check", path(&folder), "--base-rev", "main", "--format", "json"]);
    assert_eq!((run.status, &run.json()["summary"]["files"]), (1, &Value::from(1)), "{}", run.err);
    let error = bailiwick(&["check", path(&folder), "--base-rev", "gone"]).refused();
    assert!(error.contains("\"gone\" does not exist"), "{error}");
    let error = bailiwick(&["check", path(&folder), "--base-rev=--output=x"]).refused();
    assert!(error.contains("does not exist"), "{error}");
    let outside = copy_of(CLEAN);
    let error = bailiwick(&["check", path(&outside), "--base-rev", "main"]).refused();
    assert!(error.contains("is not in a Git repository"), "{error}");
    // The folder may be a part of the repository.
    let part = folder.path().join("cluster");
    let run = bailiwick(&["check", part.to_str().expect("UTF-8"), "--base-rev", "HEAD", "--format", "json"]);
    assert_eq!(run.json()["summary"]["files"], 1, "{}", run.err);
}

#[test]
fn wrong_input_is_told_in_one_line() {
    let file = format!("{BAD}/README.md");
    let empty = TempDir::new().expect("a folder");
    for (arguments, words) in [
        (vec!["check", "no-such-folder"], "no-such-folder does not exist"),
        (vec!["check", "gone\n\u{1b}[31m"], "gone\\u{a}\\u{1b}[31m does not exist"),
        (vec!["check", &file], "README.md is a file"),
        (vec!["check", path(&empty)], "holds no YAML or JSON files"),
        (vec!["check", BAD, "--base", "no-such-folder"], "no-such-folder does not exist"),
        (vec!["check", BAD, "--policy", "no-such-file"], "no-such-file: does not exist"),
        (vec!["check", BAD, "--kube-version", "1.21"], "1.21 is too old"),
        (vec!["check", BAD, "--cluster-path", "clutser"], "--cluster-path clutser is no folder"),
        (vec!["check", TEAM, "--team-repo", "--admin", BAD, "--team", "team9"], "there is no team \"team9\""),
        (vec!["explain", "crd/nmae"], "did you mean crd/name?"),
        (vec!["explain", "wildcards"], "did you mean rbac/wildcard?"),
        (vec!["explain", "something else"], "`bailiwick rules` lists them"),
    ] {
        let error = bailiwick(&arguments).refused();
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
    for arguments in [vec!["check", BAD, "--kube-version", "new"], vec!["check", BAD, "--team-repo"], vec!["chekc"]] {
        assert_eq!(bailiwick(&arguments).status, 2, "{arguments:?}");
    }
    assert_eq!(bailiwick(&["check", BAD, "--kube-version", "1.34", "--render", "auto"]).status, 1);
}

#[test]
fn a_teams_repository_stays_in_its_namespace() {
    let arguments = |folder| ["check", folder, "--team-repo", "--admin", CLEAN, "--team", "team1", "--format", "json"];
    let run = bailiwick(&arguments(TEAM));
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
    let folder = copy_of(TEAM);
    write(&folder, "frontend.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  namespace: team2\n");
    write(&folder, "kustomization.yaml", "resources: [frontend.yaml]\n");
    let run = bailiwick(&arguments(path(&folder)));
    assert_eq!(
        (run.status, found(&run.json())),
        (1, vec!["tenancy/foreign-namespace frontend.yaml:5".to_owned()]),
        "{}",
        run.out
    );
}

#[test]
fn links_pipes_and_endless_files_are_named_and_not_opened() {
    let folder = copy_of(CLEAN);
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("cluster/common/link.yaml")).expect("a link");
    std::os::unix::fs::symlink("..", folder.path().join("cluster/common/up")).expect("a link");
    assert!(
        Command::new("mkfifo").arg(folder.path().join("cluster/common/pipe.yaml")).status().expect("mkfifo").success()
    );
    let endless = fs::File::create(folder.path().join("cluster/common/endless.yaml")).expect("a file");
    endless.set_len(1 << 40).expect("a hole");
    let run = bailiwick(&["check", path(&folder), "--format", "json"]);
    let unreadable: Vec<String> =
        found(&run.json()).into_iter().filter(|one| one.starts_with("yaml/unreadable")).collect();
    let expected = ["endless", "link", "pipe"].map(|name| format!("yaml/unreadable cluster/common/{name}.yaml:1"));
    assert_eq!((run.status, unreadable), (1, expected.to_vec()));
}

#[test]
fn what_source_controller_leaves_out_is_not_applied() {
    let (before, after) = (copy_of(CLEAN), copy_of(CLEAN));
    write(&after, ".sourceignore", "cluster/common/crds.yaml\n");
    let check = |base: &TempDir, head: &TempDir| {
        bailiwick(&["check", path(head), "--base", path(base), "--render", "never", "--format", "json"])
    };
    let hides = found(&check(&before, &after).json());
    let rules: Vec<&str> = hides.iter().filter_map(|one| one.split(' ').next()).collect();
    assert_eq!(rules, ["kustomization/source-ignore", "crd/deleted", "kustomization/missing-resource"], "{hides:?}");
    let shows = found(&check(&after, &before).json());
    assert_eq!(shows.first().map(String::as_str), Some("kustomization/source-ignore .sourceignore:1"), "{shows:?}");
}

#[test]
fn a_version_of_kubernetes_that_nobody_knows_is_said() {
    let run = bailiwick(&["check", CLEAN, "--render", "never", "--kube-version", "1.99"]);
    assert!(
        run.err.starts_with("warning: Kubernetes 1.99 is not known here: objects are judged as by 1."),
        "{}",
        run.err
    );
    assert_eq!(bailiwick(&["check", CLEAN, "--render", "never", "--kube-version", "1.30"]).err, "");
}

#[test]
fn what_is_shown_is_what_is_there() {
    let folder = copy_of(CLEAN);
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    write(&folder, "cluster/common/large.yaml", lfs);
    write(&folder, "cluster/common/list.yaml", "apiVersion: v1\nkind: List\nitems: 1\n");
    write(&folder, "cluster/common/tab.yaml", "a:\tb: c\n");
    std::os::unix::fs::symlink("large.yaml", folder.path().join("cluster/common/link.yaml")).expect("a link");
    let out = bailiwick(&["check", path(&folder), "--render", "never"]).out;
    for shown in [
        "This is a Git LFS pointer. The file",
        "  1 | a:→b: c\n",
        "which is not followed. The file is not judged.\n  help",
    ] {
        assert!(out.contains(shown), "{shown}\n{out}");
    }
    assert!(!out.contains("has no List"), "{out}");
}

#[test]
fn a_resource_of_any_name_is_judged() {
    let folder = copy_of(CLEAN);
    write(
        &folder,
        "cluster/common/roles.txt",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\nroleRef: {name: cluster-admin}\n",
    );
    write(&folder, "cluster/common/kustomization.yaml", "resources: [crds.yaml, cluster-roles.yaml, roles.txt]\n");
    let run = bailiwick(&["check", path(&folder), "--format", "json"]);
    let found: Vec<String> = found(&run.json()).into_iter().filter(|one| one.contains("roles.txt")).collect();
    let missing = "object/invalid cluster/common/roles.txt:4";
    assert_eq!(found, [missing, missing, "rbac/cluster-admin-binding cluster/common/roles.txt:4"]);
}

#[test]
fn the_policy_comes_from_the_base() {
    let policy = "severity:\n  crd/missing-schema: off\n  crd/one-storage-version: off\n  rbac/read-secrets: off\n  rbac/escalation-verbs: off\n  rbac/invalid: off\n";
    let (base, head) = (copy_of(CLEAN), copy_of(BAD));
    write(&head, "policy.yaml", policy);
    assert_eq!(bailiwick(&["check", path(&head)]).status, 0, "without a base the folder's own holds");
    assert_eq!(bailiwick(&["check", path(&head), "--base", path(&base)]).status, 1, "a change cannot bring its own");
    write(&base, "policy.yaml", policy);
    assert_eq!(bailiwick(&["check", path(&head), "--base", path(&base)]).status, 0);
    write(&base, "policy.yaml", "severities: {}\n");
    let error = bailiwick(&["check", path(&head), "--base", path(&base)]).refused();
    assert!(error.contains("policy.yaml:1"), "{error}");
    write(
        &base,
        "policy.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x, namespace: team1}\n",
    );
    assert_eq!(
        bailiwick(&["check", path(&head), "--base", path(&base)]).status,
        1,
        "an object of that name is no policy"
    );
}

#[test]
fn a_policys_own_entries_are_judged() {
    let entry =
        |rule: &str, name: &str, more: &str| format!("- {{rule: {rule}, object: {{name: {name}}}, reason: r{more}}}\n");
    let policy = format!(
        "exceptions:\n{}{}",
        entry("rbac/wildcard", "nobody", ""),
        entry("rbac/read-secrets", "nobody", ", expires: 2020-01-01")
    );
    let said = |run: &Run| -> Vec<String> {
        found(&run.json()).into_iter().filter(|one| one.starts_with("policy/")).collect()
    };
    let check = |folder: &TempDir, more: &[&str]| {
        bailiwick(&[&["check", path(folder), "--format", "json", "--render", "never"], more].concat())
    };
    let (base, head) = (copy_of(CLEAN), copy_of(CLEAN));
    write(&head, "policy.yaml", &policy);
    let own = ["policy/unused-exception policy.yaml:2", "policy/expired-exception policy.yaml:3"];
    assert_eq!(said(&check(&head, &[])), own, "the whole repository");
    assert_eq!(said(&check(&head, &["--base", path(&base)])), own, "new entries");
    write(&base, "policy.yaml", &policy);
    assert_eq!(said(&check(&head, &["--base", path(&base)])), [""; 0], "the change has nothing to do with them");
    write(&head, "policy.yaml", "severities: {}\n");
    let run = check(&head, &["--base", path(&base)]);
    assert_eq!((said(&run), run.status), (vec!["policy/unreadable policy.yaml:1".to_owned()], 1));

    let named = base.path().join("policy.yaml");
    let named = ["--policy", named.to_str().expect("UTF-8")];
    std::fs::remove_file(head.path().join("policy.yaml")).expect("it is there");
    assert_eq!(said(&check(&head, &named)), own, "a policy that is named");
}

/// What is found in what kustomize builds counts too, so without a build little can be said.
#[test]
fn without_a_build_an_exception_may_be_for_what_would_be_built() {
    let folder = copy_of(CLEAN);
    write(&folder, "policy.yaml", "exceptions: [{rule: rbac/wildcard, path: cluster, reason: r}]\n");
    let severity = |more: &[&str]| {
        let run = bailiwick(&[&["check", path(&folder), "--format", "json"], more].concat()).json();
        let all = run["findings"].as_array().expect("a list").clone();
        let own = all.iter().find(|one| one["rule"] == "policy/unused-exception").expect("it is unused").clone();
        own["severity"].as_str().expect("a text").to_owned()
    };
    assert_eq!(severity(&["--render", "never"]), "warning", "nothing changes what it lists");
    let listed = std::fs::read_to_string(folder.path().join("cluster/common/kustomization.yaml")).expect("a file");
    write(&folder, "cluster/common/kustomization.yaml", &format!("{listed}commonAnnotations: {{a: b}}\n"));
    assert_eq!(severity(&["--render", "never"]), "note");
}

#[test]
fn every_rule_is_listed_and_explained() {
    let rules = bailiwick(&["rules", "--format", "json"]).json();
    let text = bailiwick(&["rules"]).out;
    for rule in rules.as_array().expect("a list") {
        let id = rule["rule"].as_str().expect("text");
        assert!(text.contains(id), "{id}");
        let run = bailiwick(&["explain", id]);
        for heading in ["# What", "# Why", "# Bad", "# Good"] {
            assert!(run.status == 0 && run.out.contains(heading), "{id}: {heading}");
        }
    }
    insta::assert_snapshot!(text);
    insta::assert_snapshot!(bailiwick(&["explain", "crd/one-storage-version"]).out);
}

/// An unchanged file is read once, for whatever it is asked for: as what a copied definition was, and as what
/// defines another kind.
#[test]
fn a_file_with_two_definitions_serves_for_both() {
    let (widget, gadget) = (definition("Widget", "{type: object}"), definition("Gadget", "{type: object}"));
    let (base, head) = (copy_of(CLEAN), copy_of(CLEAN));
    for folder in [&base, &head] {
        write(folder, "cluster/common/both.yaml", &format!("{widget}---\n{gadget}"));
    }
    write(&head, "cluster/common/copy.yaml", &widget);
    let object = "apiVersion: example.org/v1\nkind: Gadget\nmetadata: {name: one, namespace: team1}\n";
    write(&head, "cluster/team1/gadget.yaml", object);
    let run = bailiwick(&["check", path(&head), "--base", path(&base), "--format", "json"]);
    let kinds: Vec<String> = found(&run.json()).into_iter().filter(|one| one.starts_with("object/")).collect();
    assert_eq!(kinds, Vec::<String>::new());
}

/// A definition of a kind of `example.org`, with this schema.
fn definition(kind: &str, schema: &str) -> String {
    let plural = format!("{}s", kind.to_lowercase());
    format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {plural}.example.org}}\n\
         spec:\n  group: example.org\n  scope: Namespaced\n  names: {{kind: {kind}, plural: {plural}}}\n  versions:\n    \
         - {{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {schema}}}}}\n"
    )
}

/// A file that is read for the kind that it defines is there for the object in it too.
#[test]
fn an_object_beside_a_definition_is_seen_when_its_own_kind_changes() {
    let weighing = |limit: &str| {
        definition("Canary", &format!("{{type: object, properties: {{weight: {{type: integer{limit}}}}}}}"))
    };
    let canary = "apiVersion: example.org/v1\nkind: Canary\nmetadata: {name: bird, namespace: team1}\nweight: 200\n";
    let widget = definition("Widget", "{type: object}");
    let (base, head) = (copy_of(CLEAN), copy_of(CLEAN));
    for (folder, limit) in [(&base, ""), (&head, ", maximum: 100")] {
        write(folder, "cluster/common/canary.yaml", &weighing(limit));
        write(folder, "cluster/common/both.yaml", &format!("{widget}---\n{canary}"));
    }
    let object = "apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: one, namespace: team1}\n";
    write(&head, "cluster/team1/widget.yaml", object);
    let run = bailiwick(&["check", path(&head), "--base", path(&base), "--format", "json"]);
    let found = found(&run.json());
    assert!(found.iter().any(|one| one.starts_with("crd/breaks-objects")), "{found:?}");
}
