//! `bailiwick create-team` on folders, as people run it; what it writes is built with the real kustomize.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// An admin repository in a folder of its own.
struct Repository(TempDir);

impl Repository {
    fn new(files: &[(&str, &str)]) -> Self {
        let repository = Self(tempfile::tempdir().expect("a folder"));
        for (path, text) in files {
            repository.put(path, text);
        }
        repository
    }

    /// The layout of Flux v1, in which one team's Flux stands on `base/flux`.
    fn flux_v1() -> Self {
        Self::new(&[
            ("base/flux/kustomization.yaml", BASE),
            ("base/flux/flux.yaml", BASE_FLUX),
            ("base/flux/kubeconfig.yaml", "apiVersion: v1\nkind: Config\n"),
            ("cluster/kustomization.yaml", "bases:\n  - ./common/\n  - ./team1/\n"),
            ("cluster/common/kustomization.yaml", "resources:\n  - roles.yaml\n"),
            ("cluster/common/roles.yaml", ROLES),
            ("cluster/team1/kustomization.yaml", TEAM1),
            ("cluster/team1/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team1\n"),
            ("cluster/team1/flux-patch.yaml", TEAM1_PATCH),
        ])
    }

    /// The layout of Flux v2.
    fn flux_v2() -> Self {
        Self::new(&[
            ("cluster/kustomization.yaml", "# The teams.\nresources:\n  - ./common # not a team\n  - ./team1\n"),
            ("cluster/common/kustomization.yaml", "resources:\n  - roles.yaml\n"),
            ("cluster/common/roles.yaml", ROLES),
            ("cluster/team1/kustomization.yaml", "resources:\n  - sync.yaml\n"),
            ("cluster/team1/sync.yaml", SYNC),
        ])
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        fs::write(path, text).expect("written");
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.0.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Every file and directory, with the files' bytes.
    fn tree(&self) -> BTreeMap<String, Option<Vec<u8>>> {
        let mut tree = BTreeMap::new();
        let mut directories = vec![self.0.path().to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).expect("readable") {
                let path = entry.expect("readable").path();
                let name = path.strip_prefix(self.0.path()).expect("inside").to_string_lossy().into_owned();
                tree.insert(name, if path.is_dir() { None } else { Some(fs::read(&path).expect("readable")) });
                if path.is_dir() {
                    directories.push(path);
                }
            }
        }
        tree
    }

    fn create_team(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
        command.args(["create-team", "--repo"]).arg(self.0.path()).args(args).output().expect("bailiwick runs")
    }

    /// Runs the command, which must succeed, and gives what it prints.
    fn created(&self, args: &[&str]) -> String {
        let output = self.create_team(args);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{args:?}");
        text(&output.stdout)
    }

    /// Runs the command, which must be refused with one line and leave everything as it was.
    fn refused(&self, args: &[&str], status: i32, expected: &str) {
        let before = self.tree();
        let output = self.create_team(args);
        let err = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(status), String::new()), "{args:?}: {err}");
        assert!(err.lines().count() == 1 && err.contains(expected), "{args:?}: {err}");
        assert!(self.tree() == before, "{args:?} left something behind");
    }

    /// What kustomize makes of the cluster; `None` where there is no kustomize on this machine.
    fn build(&self) -> Option<String> {
        let cluster = self.0.path().join("cluster");
        [("kustomize", "build"), ("kubectl", "kustomize")].iter().find_map(|(program, command)| {
            let output = Command::new(program).arg(command).arg(&cluster).output().ok()?;
            assert!(output.status.success(), "{program}: {}", text(&output.stderr));
            Some(text(&output.stdout))
        })
    }

    /// Checks that the cluster builds and holds all of this.
    fn builds_with(&self, parts: &[&str]) {
        let Some(built) = self.build() else { return };
        for part in parts {
            assert!(built.contains(part), "{part} is not in\n{built}");
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const BASE: &str = "\
resources:
  - flux.yaml
configMapGenerator:
  - name: flux-kube-config
    files:
      - kubeconfig.yaml
";

const BASE_FLUX: &str = "\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: flux
---
apiVersion: rbac.authorization.k8s.io/v1beta1
kind: RoleBinding
metadata:
  name: flux
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: flux
subjects:
  - name: flux
    namespace: flux-system
    kind: ServiceAccount
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: flux
spec:
  selector:
    matchLabels:
      app: flux
  template:
    metadata:
      labels:
        app: flux
    spec:
      serviceAccountName: flux
      containers:
        - name: flux
          image: fluxcd/flux:1.25.4
          args:
            - --git-url=git@github.com:org/nothing
";

const ROLES: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: flux-readonly
rules: []
";

const TEAM1: &str = "\
namespace: team1
resources:
  - namespace.yaml
bases:
  - ../../base/flux/
patchesStrategicMerge:
  - flux-patch.yaml
";

const TEAM1_PATCH: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: flux
spec:
  template:
    spec:
      containers:
        - name: flux
          args:
            - --k8s-allow-namespace=team1
            - --git-url=git@github.com:org/dev-team1
            - --git-branch=master
";

const SYNC: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: team1
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: team1
  namespace: team1
spec:
  interval: 1m
  url: ssh://git@github.com/org/dev-team1
  ref:
    branch: main
";

#[test]
fn a_team_under_flux_v1_builds_and_twice_is_once() {
    let repository = Repository::flux_v1();
    let out = repository.created(&["team2"]);
    assert!(out.contains("created cluster/team2/flux-patch.yaml\n"), "{out}");
    assert!(out.ends_with("team2 follows git@github.com:org/dev-team2, branch master, with flux-v1\n"), "{out}");
    assert_eq!(repository.text("cluster/kustomization.yaml"), "bases:\n  - ./common/\n  - ./team1/\n  - ./team2/\n");
    repository.builds_with(&[
        "--git-url=git@github.com:org/dev-team2",
        "--git-url=git@github.com:org/dev-team1",
        "--k8s-allow-namespace=team2",
        "name: flux-team2",
        "pod-security.kubernetes.io/enforce: baseline",
        "  name: flux\n  namespace: team2\n",
    ]);
    let before = repository.tree();
    assert_eq!(repository.created(&["team2"]), "team2 is already there; nothing to do\n");
    assert!(repository.tree() == before);
    repository.created(&["team3"]);
    repository.builds_with(&["--git-url=git@github.com:org/dev-team3", "name: flux-team2"]);
}

#[test]
fn a_team_under_flux_v2_builds_and_twice_is_once() {
    let repository = Repository::flux_v2();
    let out = repository.created(&["team2", "--set", "memory=4Gi"]);
    assert!(out.ends_with("team2 follows ssh://git@github.com/org/dev-team2, branch main, with flux-v2\n"), "{out}");
    assert_eq!(
        repository.text("cluster/kustomization.yaml"),
        "# The teams.\nresources:\n  - ./common # not a team\n  - ./team1\n  - ./team2\n"
    );
    repository.builds_with(&[
        "toolkit.fluxcd.io/tenant: team2",
        "name: team2-reconciler",
        "url: ssh://git@github.com/org/dev-team2",
        "serviceAccountName: flux",
        "targetNamespace: team2",
        "requests.memory: 4Gi",
        "kind: NetworkPolicy",
    ]);
    let before = repository.tree();
    assert_eq!(repository.created(&["team2", "--set", "memory=4Gi"]), "team2 is already there; nothing to do\n");
    assert!(repository.tree() == before);
    repository.refused(&["team2"], 1, "cluster/team2 is there already and differs");
}

#[test]
fn names_that_yaml_reads_otherwise_stay_names() {
    for name in ["null", "true", "on", "y"] {
        let repository = Repository::flux_v2();
        repository.put("cluster/kustomization.yaml", "resources:\n- common\n- team1\n");
        repository.created(&[name]);
        repository
            .builds_with(&[&format!("name: {name}-reconciler"), &format!("toolkit.fluxcd.io/tenant: \"{name}\"")]);
    }
}

#[test]
fn a_list_that_is_a_symlink_is_named() {
    let repository = Repository::flux_v2();
    let place = repository.0.path().join("cluster/kustomization.yaml");
    fs::rename(&place, repository.0.path().join("list.yaml")).expect("moved");
    std::os::unix::fs::symlink("../list.yaml", &place).expect("a link");
    repository.refused(&["team2"], 1, "is a symlink; replace it by a file");
}

#[test]
fn an_empty_cluster_takes_its_first_team() {
    let repository = Repository::new(&[("cluster/kustomization.yaml", "resources: []\n")]);
    repository.refused(&["team1"], 2, "give it with --git-url URL");
    let out = repository.created(&["team1", "--git-url", "git@github.com:org/dev-team1", "--branch", "trunk"]);
    assert!(out.ends_with("team1 follows ssh://git@github.com/org/dev-team1, branch trunk, with flux-v2\n"), "{out}");
    repository.builds_with(&["url: ssh://git@github.com/org/dev-team1", "branch: trunk"]);
}

#[test]
fn a_plan_writes_nothing() {
    let repository = Repository::flux_v1();
    let before = repository.tree();
    let plan = repository.created(&["team2", "--plan"]);
    assert!(plan.contains("create cluster/team2/namespace.yaml\n"), "{plan}");
    assert!(
        plan.ends_with(
            "change cluster/kustomization.yaml\n    bases:\n      - ./common/\n      - ./team1/\n  +   - ./team2/\n"
        ),
        "{plan}"
    );
    assert!(repository.tree() == before);
}

#[test]
fn names_that_are_none() {
    for repository in [Repository::flux_v1(), Repository::flux_v2()] {
        for name in ["../x", "My Team", "t\u{435}am", "a/b", "", "Team2", "2fast", "team2\n", "."] {
            repository.refused(&[name], 2, "cannot be a team's name");
        }
        for name in ["common", "flux-system", "kube-system", "base", "flagger"] {
            repository.refused(&[name], 2, "is reserved and cannot be a team's name");
        }
    }
}

#[test]
fn the_list_keeps_its_form() {
    for (before, after) in [
        ("bases:\n  - ./common/\n  - ./team1/", "bases:\n  - ./common/\n  - ./team1/\n  - ./team2/\n"),
        ("bases:\n- common\n- team1\nimages: []\n", "bases:\n- common\n- team1\n- team2\nimages: []\n"),
        ("resources: [common, team1] # all\n", "resources: [common, team1, team2] # all\n"),
        ("resources:\r\n- common\r\n- team1\r\n", "resources:\r\n- common\r\n- team1\r\n- team2\r\n"),
    ] {
        let repository = Repository::flux_v1();
        repository.put("cluster/kustomization.yaml", before);
        repository.created(&["team2"]);
        assert_eq!(repository.text("cluster/kustomization.yaml"), after);
        repository.builds_with(&["--k8s-allow-namespace=team2", "--k8s-allow-namespace=team1"]);
    }
}

#[test]
fn a_list_that_cannot_be_edited() {
    let repository = Repository::flux_v1();
    repository.put("cluster/kustomization.yaml", "bases: &all\n  - ./team1/\n");
    repository.refused(&["team2"], 1, "cluster/kustomization.yaml: line 1: an anchor");
    repository.put("cluster/kustomization.yaml", "bases: [\n");
    repository.refused(&["team2"], 2, "cluster/kustomization.yaml: line 1: this is not readable YAML");
    fs::remove_file(repository.0.path().join("cluster/kustomization.yaml")).expect("removed");
    repository.refused(&["team2"], 2, "cluster/kustomization.yaml does not exist");
}

#[test]
fn names_in_use() {
    let directory = Repository::flux_v2();
    directory.put("cluster/team2/notes.md", "do not touch");
    directory.refused(&["team2"], 1, "cluster/team2 is there already and differs");

    let file = Repository::flux_v2();
    file.put("cluster/team2", "a file");
    file.refused(&["team2"], 1, "cluster/team2: is no directory");

    let entry = Repository::flux_v2();
    entry.put("cluster/kustomization.yaml", "resources:\n  - ./common\n  - ./team1\n  - ./team2/\n");
    entry.refused(&["team2"], 1, "lists \"./team2/\" but there is no cluster/team2");

    let namespace = Repository::flux_v2();
    namespace.put("cluster/common/more.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team2\n");
    namespace.refused(&["team2"], 1, "cluster/common/more.yaml holds a namespace of that name");
}

#[test]
fn wrong_usage() {
    let repository = Repository::flux_v2();
    for (args, expected) in [
        (&["team2", "--engine", "flux-v3"][..], "must be flux-v1 or flux-v2"),
        (&["team2", "--git-url", "file:///etc"], "must be like ssh://"),
        (&["team2", "--branch", "a..b"], "not a branch name"),
        (&["team2", "--set", "role"], "--set takes KEY=VALUE"),
        (&["team2", "--set", "role=cluster-admin"], "the setting role must be admin, edit, view"),
        (&["team2", "--set", "rol=admin"], "did you mean role?"),
        (&["team2", "--set", "role=edit", "--set", "role=view"], "is there twice"),
        (&["team2", "--cluster-path", "../x"], "must be a relative path"),
        (&["team2", "--cluster-path", "elsewhere"], "elsewhere/kustomization.yaml does not exist"),
    ] {
        repository.refused(args, 2, expected);
    }
    repository.refused(&["team2", "--engine", "flux-v1"], 2, "base/flux/kustomization.yaml does not exist");
    Repository::new(&[]).refused(&["team2"], 2, "there is no cluster/ in this folder");
    let missing = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .args(["create-team", "team2", "--repo", "/no/such/folder"])
        .output()
        .expect("bailiwick runs");
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("there is no such folder"));
}

#[test]
fn two_lists_of_teams() {
    let repository = Repository::flux_v2();
    repository.put("cluster/kustomization.yml", "resources: []\n");
    repository.refused(&["team2"], 2, "are both kustomization files of one directory");
}

#[test]
fn bytes_that_are_no_text() {
    let repository = Repository::flux_v2();
    fs::write(repository.0.path().join("cluster/common/logo.png"), [0xff, 0xfe]).expect("written");
    repository.created(&["team2"]);
    fs::write(repository.0.path().join("cluster/common/x.yaml"), [0xff, 0xfe]).expect("written");
    repository.refused(&["team3"], 2, "is not UTF-8");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let repository = Repository::flux_v2();
    let cluster = repository.0.path().join("cluster");
    let rights = |mode| fs::set_permissions(&cluster, fs::Permissions::from_mode(mode)).expect("set");
    rights(0o555);
    // The administrator may write everywhere, so there is nothing to refuse.
    if is_writable(&cluster) {
        repository.created(&["team2"]);
    } else {
        repository.refused(&["team2"], 1, "cluster/team2: cannot be created");
    }
    rights(0o755);
}

#[cfg(unix)]
fn is_writable(directory: &Path) -> bool {
    tempfile::NamedTempFile::new_in(directory).is_ok()
}

#[cfg(unix)]
#[test]
fn files_keep_their_rights() {
    use std::os::unix::fs::PermissionsExt as _;
    let repository = Repository::flux_v2();
    let list = repository.0.path().join("cluster/kustomization.yaml");
    fs::set_permissions(&list, fs::Permissions::from_mode(0o640)).expect("set");
    repository.created(&["team2"]);
    assert_eq!(fs::metadata(list).expect("there").permissions().mode() & 0o777, 0o640);
}

#[test]
fn teams_that_are_added_at_the_same_time_are_all_there() {
    let repository = Repository::flux_v2();
    let names: Vec<String> = (2..10).map(|number| format!("team{number}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            let repository = &repository;
            scope.spawn(move || repository.created(&[name]));
        }
    });
    let list = repository.text("cluster/kustomization.yaml");
    for name in &names {
        assert!(list.contains(&format!("  - ./{name}\n")), "{name} is not in\n{list}");
    }
}

/// As a run leaves it that is ended by SIGKILL: some files in place, some not, and some half written.
#[test]
fn the_next_run_finishes_what_an_ended_one_began() {
    let finished = Repository::flux_v2();
    finished.created(&["team2"]);
    let begun = Repository::flux_v2();
    let leftovers = ["cluster/.bailiwick-AbC123.unfinished", "cluster/team2/.bailiwick-xYz789.unfinished"];
    for leftover in leftovers {
        begun.put(leftover, "resources:\n  - ./te");
    }
    begun.put("cluster/team2/kustomization.yaml", &finished.text("cluster/team2/kustomization.yaml"));
    let before = begun.tree();
    begun.created(&["team2", "--plan"]);
    assert!(begun.tree() == before, "a plan removes nothing");
    begun.created(&["team2"]);
    assert!(begun.tree() == finished.tree(), "{:?}", begun.tree().keys());

    begun.put("cluster/team3/.bailiwick-notes", "a file of somebody's own");
    begun.refused(&["team3"], 1, "cluster/team3 is there already and differs");
}
