//! Every template as people use it: a new admin repository and three teams in it, built with the real kustomize, judged
//! by Bailiwick itself, and compared byte for byte with what lies in `fixtures/scaffold/`.
//! `UPDATE_GOLDEN=1 cargo test --test templates_cli` writes that anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

type Tree = BTreeMap<String, String>;

fn bailiwick(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bailiwick")).args(args).output().expect("bailiwick runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command that must succeed, and gives what it prints.
fn run(args: &[&str]) -> String {
    let output = bailiwick(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Runs a command that must be refused with this status, and gives its one line.
fn refused(args: &[&str], status: i32) -> String {
    let output = bailiwick(args);
    let line = text(&output.stderr);
    assert_eq!(
        (output.status.code(), line.lines().count()),
        (Some(status), 1),
        "{args:?}: {}{line}",
        text(&output.stdout)
    );
    line
}

fn tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let name = path.strip_prefix(root).expect("inside").to_string_lossy().into_owned();
                tree.insert(name, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    tree
}

/// What kustomize makes of a directory.
fn build(directory: &Path) -> String {
    let tries = [("kustomize", "build"), ("kubectl", "kustomize")];
    let built = tries.iter().find_map(|(program, command)| {
        let output = Command::new(program).arg(command).arg(directory).output().ok()?;
        assert!(output.status.success(), "{}: {}", directory.display(), text(&output.stderr));
        Some(text(&output.stdout))
    });
    built.expect("kustomize or kubectl is installed (`make setup` installs it)")
}

/// No finding of any severity, with what kustomize makes of it too; but for notes of these rules.
fn is_clean(root: &str, more: &[&str], but: &[&str]) {
    let mut args = vec!["check", root, "--format", "json", "--fail-on", "never", "--render", "always"];
    args.extend(more);
    let answer: serde_json::Value = serde_json::from_str(&run(&args)).expect("JSON");
    let allowed =
        |found: &serde_json::Value| found["severity"] == "note" && but.iter().any(|rule| found["rule"] == *rule);
    let findings = answer["findings"].as_array().expect("a list");
    assert!(findings.iter().all(allowed), "{root}: {answer:#}");
    assert!(answer["summary"]["objects"].as_u64().is_some_and(|objects| objects > 0), "{answer:#}");
}

/// Puts the definitions of Flux's kinds there, as `flux bootstrap` does: their fields as Flux's API reference has them
/// (<https://fluxcd.io/flux/components/>), as far as a team needs them.
fn bootstrap(root: &str) {
    let root = Path::new(root);
    let places = ["clusters/staging", "clusters/production", "cluster"];
    for place in places.iter().filter(|place| root.join(place).is_dir()) {
        let folder = root.join(place).join("flux-system");
        fs::create_dir(&folder).expect("created");
        fs::write(folder.join("gotk-components.yaml"), include_str!("support/gotk-components.yaml")).expect("written");
        fs::write(folder.join("kustomization.yaml"), "resources:\n- gotk-components.yaml\n").expect("written");
    }
    let list = root.join("cluster/kustomization.yaml");
    if let Ok(text) = fs::read_to_string(&list) {
        fs::write(list, text.replace("  - ./common\n", "  - ./common\n  - ./flux-system\n")).expect("written");
    }
}

/// Compares a tree with the one that is kept, or keeps it.
fn is_golden(root: &Path, name: &str) {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/scaffold").join(name);
    let mut made = tree(root);
    made.retain(|name, _| !name.contains("/flux-system/"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let _ = fs::remove_dir_all(&kept);
        for (name, text) in &made {
            let path = kept.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            fs::write(path, text).expect("written");
        }
    }
    let expected = tree(&kept);
    let names = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&made), names(&expected), "{name}");
    for (file, text) in &made {
        assert_eq!(text, &expected[file], "{name}/{file}: UPDATE_GOLDEN=1 writes it anew; read the difference");
    }
}

/// Compares a text with the one that is kept, or keeps it.
fn is_golden_text(made: &str, name: &str) {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/scaffold").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&kept, made).expect("written");
    }
    let expected = fs::read_to_string(&kept).expect("it is kept");
    assert_eq!(made, expected, "{name}: UPDATE_GOLDEN=1 writes it anew; read the difference");
}

/// One layout from the beginning.
struct Layout {
    name: &'static str,
    init: &'static [&'static str],
    /// What is set for each of three teams.
    teams: [&'static [&'static str]; 3],
    /// Rules whose notes are no surprise.
    but: &'static [&'static str],
    /// The directories that Flux, or somebody at the installation, builds.
    built: &'static [&'static str],
    /// What the team's repository has for Flux to build.
    own: &'static [&'static str],
}

impl Layout {
    fn is_clean(&self, root: &str, more: &[&str]) {
        let version = self.init.iter().skip_while(|arg| **arg != "--kube-version").take(2);
        is_clean(root, &version.chain(more).copied().collect::<Vec<_>>(), self.but);
    }

    fn holds(&self) {
        let room = TempDir::new().expect("a folder");
        let (admin, own) = (room.path().join("admin"), room.path().join("own"));
        let root = admin.to_str().expect("UTF-8");
        self.begins(root);
        let before_the_third = self.takes_teams(root);
        for directory in self.built {
            build(&admin.join(directory));
        }
        self.is_clean(root, &[]);
        is_golden(&admin, &format!("{}/admin", self.name));
        fs::create_dir(&own).expect("created");
        let own = own.to_str().expect("UTF-8");
        let args = ["create-team", "team1", "--repo", root, "--team-repo", own];
        let args: Vec<&str> = args.iter().chain(self.teams[0]).copied().collect();
        run(&args);
        for directory in self.own {
            build(&Path::new(own).join(directory));
        }
        self.is_clean(own, &["--team-repo", "--admin", root, "--team", "team1"]);
        is_golden(Path::new(own), &format!("{}/team-repo", self.name));
        let again = run(&args);
        assert!(again.contains("team1 is already there") && again.contains("has all that"), "{again}");
        self.loses_teams(root, &before_the_third);
    }

    /// A new repository is clean before it has a team, and is made once.
    fn begins(&self, root: &str) {
        let address = ["--git-url", "git@github.com:org/dev-cluster"];
        let args: Vec<&str> = ["init", root].iter().chain(self.init).chain(&address).copied().collect();
        let plan = run(&args.iter().copied().chain(["--plan"]).collect::<Vec<_>>());
        assert!(!Path::new(root).exists(), "a plan writes nothing");
        let made = run(&args);
        assert_eq!(made.lines().filter(|line| line.starts_with("created ")).count(), plan.matches("create ").count());
        assert_eq!(run(&args), "all of it is already there; nothing to do\n");
        for directory in self.built {
            build(&Path::new(root).join(directory));
        }
        if !self.name.starts_with("flux-v1") {
            bootstrap(root);
        }
        self.is_clean(root, &[]);
    }

    /// Gives the repository as it was before the third of them.
    fn takes_teams(&self, root: &str) -> Tree {
        let mut last = Tree::new();
        for (team, sets) in ["team1", "team2", "team3"].iter().zip(self.teams) {
            let url = format!("git@github.com:org/dev-{team}");
            let args: Vec<&str> =
                ["create-team", team, "--repo", root, "--git-url", &url].iter().chain(sets).copied().collect();
            let before = tree(Path::new(root));
            run(&args.iter().copied().chain(["--plan"]).collect::<Vec<_>>());
            assert_eq!(tree(Path::new(root)), before, "a plan writes nothing");
            run(&args);
            let after = tree(Path::new(root));
            assert_eq!(run(&args), format!("{team} is already there; nothing to do\n"));
            assert_eq!(tree(Path::new(root)), after, "twice is once");
            last = before;
        }
        last
    }

    /// Two of the three leave, in two steps each: after every step it builds and has no finding.
    fn loses_teams(&self, root: &str, before_the_third: &Tree) {
        let removal = |team, more: &'static str| {
            let args = ["remove-team", team, "--repo", root, more];
            args.into_iter().filter(|arg| !arg.is_empty()).collect::<Vec<_>>()
        };
        for team in ["team3", "team2"] {
            let before = tree(Path::new(root));
            let plan = run(&removal(team, "--plan"));
            assert_eq!(tree(Path::new(root)), before, "a plan writes nothing");
            if team == "team2" {
                is_golden_text(&plan, &format!("{}/remove-team2.txt", self.name));
            }
            let line = refused(&removal(team, "--second"), 1);
            assert!(line.contains("step 1 comes first"), "{line}");
            run(&removal(team, ""));
            self.holds_together(root);
            let middle = tree(Path::new(root));
            assert!(run(&removal(team, "--plan")).contains("done: nothing here makes Flux apply"));
            let again = bailiwick(&removal(team, ""));
            assert!(text(&again.stdout).contains("step 1 is done here"), "{}", text(&again.stderr));
            assert_eq!(tree(Path::new(root)), middle, "twice is once");
            let done = run(&removal(team, "--second"));
            assert!(done.contains(&format!("{team} is gone from here")), "{done}");
            self.holds_together(root);
            let after = tree(Path::new(root));
            assert_eq!(run(&removal(team, "--second")), format!("{team} is not there; nothing to do\n"));
            assert_eq!(tree(Path::new(root)), after, "twice is once");
            if team == "team3" {
                assert_eq!(&after, before_the_third, "who comes and goes leaves every byte as it was");
            }
        }
    }

    fn holds_together(&self, root: &str) {
        for directory in self.built {
            build(&Path::new(root).join(directory));
        }
        self.is_clean(root, &[]);
    }
}

#[test]
fn flux_v1() {
    Layout {
        name: "flux-v1",
        init: &["--layout", "flux-v1"],
        teams: [&[], &["--set", "quota=large"], &["--set", "interval=10m"]],
        but: &[],
        built: &["cluster", "install"],
        own: &["."],
    }
    .holds();
}

#[test]
fn flux_v1_before_1_25() {
    Layout {
        name: "flux-v1-psp",
        init: &["--layout", "flux-v1", "--kube-version", "1.24"],
        teams: [
            &["--kube-version", "1.24"],
            &["--kube-version", "1.24", "--set", "pod-security=restricted"],
            &["--kube-version", "1.24"],
        ],
        // The catalogue of kinds begins after the policies were gone.
        but: &["object/unknown-kind", "rbac/use-security-policies", "rbac/system-subject"],
        built: &["cluster", "install"],
        own: &["."],
    }
    .holds();
}

#[test]
fn flux_v2() {
    Layout {
        name: "flux-v2",
        init: &[],
        teams: [
            &[],
            &[
                "--set",
                "quota=large",
                "--set",
                "pod-security=restricted",
                "--set",
                "network=inbound",
                "--set",
                "receiver=receiver-token",
            ],
            &[
                "--set",
                "role=edit",
                "--set",
                "network=none",
                "--set",
                "alerts=generic",
                "--set",
                "alert-address=https://bot.example.org/flux",
                "--set",
                "path=./deploy",
            ],
        ],
        but: &[],
        built: &["cluster", "lockdown"],
        own: &["."],
    }
    .holds();
}

#[test]
fn flux_v2_environments() {
    Layout {
        name: "flux-v2-environments",
        init: &["--layout", "flux-v2-environments"],
        teams: [&[], &["--set", "quota=small"], &["--set", "environments=staging"]],
        but: &[],
        built: &["tenants/staging", "tenants/production", "policies/staging", "policies/production", "lockdown"],
        own: &["staging", "production"],
    }
    .holds();
}

#[test]
fn a_folder_with_something_else_is_left_alone() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path().to_str().expect("UTF-8");
    fs::write(folder.path().join("README.md"), "# Ours\n").expect("written");
    fs::create_dir(folder.path().join("cluster")).expect("created");
    fs::write(folder.path().join("cluster/kustomization.yaml"), "resources: [ours]\n").expect("written");
    let before = tree(folder.path());
    let line = refused(&["init", root], 1);
    assert!(line.contains("cluster/kustomization.yaml is there already and differs"), "{line}");
    assert_eq!(tree(folder.path()), before);
    fs::remove_file(folder.path().join("cluster/kustomization.yaml")).expect("removed");
    run(&["init", root]);
    assert_eq!(tree(folder.path())["README.md"], "# Ours\n", "a README is kept");
    let line = refused(&["init", root, "--layout", "flux-v3"], 2);
    assert!(line.contains("must be flux-v1, flux-v2 or flux-v2-environments"), "{line}");
    let line = refused(&["init", root, "--layout", "flux-v2-environments", "--set", "environments=base"], 2);
    assert!(line.contains("\"base\" is no environment's name"), "{line}");
}

#[test]
fn the_address_is_git_s_own() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path().to_str().expect("UTF-8");
    let config = "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = https://github.com/acme/clusters\n\tfetch = x\n";
    fs::create_dir(folder.path().join(".git")).expect("created");
    fs::write(folder.path().join(".git/config"), config).expect("written");
    let out = run(&["init", root]);
    assert!(!out.contains("note:"), "{out}");
    assert!(tree(folder.path())["cluster/common/allowlist.yaml"].contains("    https://github.com/acme/\n"));
    let other = TempDir::new().expect("a folder");
    let out = run(&["init", other.path().to_str().expect("UTF-8")]);
    assert!(out.contains("note: its own address is not known"), "{out}");
}

/// Copies the built-in templates of a layout to where a repository keeps its own.
fn own_templates(root: &Path, layout: &str) {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("bot-config/templates").join(layout);
    for (name, text) in tree(&built_in).into_iter().filter(|(name, _)| name.starts_with("team")) {
        let path = root.join(".bailiwick/templates").join(layout).join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        fs::write(path, text).expect("written");
    }
}

#[test]
fn templates_are_no_objects_until_something_applies_them() {
    for layout in ["flux-v1", "flux-v2", "flux-v2-environments"] {
        let folder = TempDir::new().expect("a folder");
        let root = folder.path().to_str().expect("UTF-8");
        run(&["init", root, "--layout", layout]);
        if layout != "flux-v1" {
            bootstrap(root);
        }
        let without = tree(folder.path());
        own_templates(folder.path(), layout);
        is_clean(root, &[], &[]);
        // It does what the built-in one does.
        let create = ["create-team", "team1", "--repo", root, "--git-url", "git@github.com:org/dev-team1"];
        run(&create);
        let mut made = tree(folder.path());
        made.retain(|name, _| !name.starts_with(".bailiwick/templates"));
        let other = TempDir::new().expect("a folder");
        for (name, text) in &without {
            let path = other.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            fs::write(path, text).expect("written");
        }
        let elsewhere = other.path().to_str().expect("UTF-8");
        run(&["create-team", "team1", "--repo", elsewhere, "--git-url", "git@github.com:org/dev-team1"]);
        assert_eq!(made, tree(other.path()), "{layout}");
        is_clean(root, &[], &[]);
    }
}

#[test]
fn what_hides_among_templates_is_judged_where_it_is_applied() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path().to_str().expect("UTF-8");
    run(&["init", root]);
    own_templates(folder.path(), "flux-v2");
    let hidden = folder.path().join(".bailiwick/templates/flux-v2/team/rbac.yaml");
    fs::write(hidden, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nrules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]\n").expect("written");
    is_clean(root, &[], &[]);
    let list = folder.path().join("cluster/kustomization.yaml");
    let text = fs::read_to_string(&list).expect("text");
    fs::write(list, format!("{text}  - ../.bailiwick/templates/flux-v2/team/rbac.yaml\n")).expect("written");
    let output = bailiwick(&["check", root]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text_of(&output).contains(".bailiwick/templates/flux-v2/team/rbac.yaml:4:"), "{}", text_of(&output));
}

fn text_of(output: &Output) -> String {
    text(&output.stdout)
}

#[test]
fn settings_are_listed_and_may_be_the_repositorys_own() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path().to_str().expect("UTF-8");
    run(&["init", root]);
    let list = run(&["create-team", "--repo", root, "--list-settings"]);
    assert!(
        list.starts_with("Settings of flux-v2: --set KEY=VALUE here, --KEY VALUE behind /create-team.\n"),
        "{list}"
    );
    assert!(
        list.contains("  quota (small, medium, large; default medium)\n      what the team may use together"),
        "{list}"
    );
    let own = folder.path().join(".bailiwick/templates/flux-v2/team");
    fs::create_dir_all(&own).expect("created");
    let template =
        "parameters:\n  tier: {kind: name, default: gold, help: how dear}\nfiles:\n- {name: ns.yaml, about: Ours.}\n";
    fs::write(own.join("template.yaml"), template).expect("written");
    fs::write(own.join("ns.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata: {name: '${namespace}'}\nx: ${tire}\n")
        .expect("written");
    let args = ["create-team", "team1", "--repo", root, "--git-url", "https://github.com/org/dev-team1"];
    let before = tree(folder.path());
    let line = refused(&args, 2);
    assert!(line.contains(".bailiwick/templates/flux-v2/team/ns.yaml:4 cannot be used: ${tire} is neither"), "{line}");
    assert_eq!(tree(folder.path()), before);
    fs::write(
        own.join("ns.yaml"),
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: '${namespace}', labels: {tier: '${tier}'}}\n",
    )
    .expect("written");
    run(&args);
    assert!(tree(folder.path())["cluster/team1/ns.yaml"].ends_with("  labels:\n    tier: gold\n"));
    assert!(
        run(&["create-team", "--repo", root, "--list-settings"])
            .contains("  tier (lower-case letters, digits and '-'; default gold)\n")
    );
}
