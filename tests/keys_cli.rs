//! `bailiwick keys`, the real binary on folders.

use std::fs;
use std::path::Path;
use std::process::Command;

use bailiwick::clock::SeededEntropy;
use bailiwick::names::PublicKey;
use bailiwick::sops::{EncryptedFile, Identity, Tree};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

const LIST: &str = "resources:\n  - sync.yaml # what is applied\n";
const SYNC: &str = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: team2, namespace: team2}
spec:
  interval: 1m
  url: ssh://git@github.com/org/dev-team2
  ref: {branch: main}
  secretRef: {name: flux-git-auth}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: team2, namespace: team2}
spec: {interval: 1m, path: ./, prune: true, serviceAccountName: flux, sourceRef: {kind: GitRepository, name: team2}}
---
apiVersion: v1
kind: Namespace
metadata: {name: team2}
";

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

/// A repository with a team, whose Secrets are for one cluster.
fn repository() -> (TempDir, Identity) {
    let root = TempDir::new().expect("room");
    let identity = Identity::generate(&SeededEntropy::new(7));
    write(root.path(), "cluster/kustomization.yaml", "resources: [team2]\n");
    write(root.path(), "cluster/team2/kustomization.yaml", LIST);
    write(root.path(), "cluster/team2/sync.yaml", SYNC);
    let rules = format!(
        "creation_rules:\n  - path_regex: deploy-key\\.yaml$\n    encrypted_regex: ^(data|stringData)$\n    age: {}\n",
        identity.recipient().as_str()
    );
    write(root.path(), ".sops.yaml", &rules);
    (root, identity)
}

/// Exit status, what is printed, and what went wrong.
fn keys(root: &Path, more: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
    let output = command.args(["keys", "new", "team2", "--repo", "."]).args(more).current_dir(root).output();
    let output = output.expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("a status"), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_private_half_is_for_the_cluster_only_and_the_public_half_is_told() {
    let (root, identity) = repository();
    let (status, out, err) = keys(root.path(), &["--plan"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(
        out.contains("would create cluster/team2/deploy-key.yaml")
            && !root.path().join("cluster/team2/deploy-key.yaml").exists()
    );

    let (status, out, err) = keys(root.path(), &[]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let line = out.lines().find(|line| line.starts_with("ssh-ed25519 ")).expect("the public half");
    assert!(out.contains("Add this deploy key to org/dev-team2, to read only"), "{out}");
    let text = fs::read_to_string(root.path().join("cluster/team2/deploy-key.yaml")).expect("written");
    assert!(text.contains(line) && !text.contains("PRIVATE KEY") && !out.contains("PRIVATE KEY"));
    let list = fs::read_to_string(root.path().join("cluster/team2/kustomization.yaml")).expect("there");
    assert_eq!(list, format!("{LIST}  - deploy-key.yaml\n"));

    let path = "cluster/team2/deploy-key.yaml".parse().expect("a path");
    let tree = EncryptedFile::read(&path, text.as_bytes()).expect("readable").decrypt(&identity).expect("for it");
    let data = |key: &str| match tree.get("stringData").and_then(|data| data.get(key)) {
        Some(Tree::Secret(value)) => value.expose_secret().to_owned(),
        Some(Tree::Text(value)) => value.clone(),
        other => panic!("{key}: {other:?}"),
    };
    assert_eq!(data("identity.pub"), line);
    assert!(data("known_hosts").starts_with("github.com ssh-ed25519 "));
    // OpenSSH finds the public half in the private one.
    let file = root.path().join("identity");
    fs::write(&file, data("identity")).expect("written");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&file, private).expect("private");
    let output = Command::new("ssh-keygen").arg("-y").arg("-f").arg(&file).output().expect("ssh-keygen");
    let public = String::from_utf8(output.stdout).expect("text");
    assert_eq!(public.trim().parse::<PublicKey>(), line.parse::<PublicKey>(), "{public}");

    let (status, _, err) = keys(root.path(), &[]);
    assert!(status == 2 && err.contains("deploy-key.yaml is there already"), "{err}");
}

/// A change of the repository, and what is said then.
type Case = (Box<dyn Fn(&Path)>, &'static str);

#[test]
fn what_does_not_fit_is_one_line_and_writes_nothing() {
    let without = |path: &'static str| move |root: &Path| fs::remove_file(root.join(path)).expect("removed");
    let with = |path: &'static str, from: &'static str, to: &'static str| {
        move |root: &Path| {
            let text = fs::read_to_string(root.join(path)).expect("there");
            fs::write(root.join(path), text.replace(from, to)).expect("written");
        }
    };
    let sync = "cluster/team2/sync.yaml";
    let cases: [Case; 7] = [
        (Box::new(without(".sops.yaml")), "there is no .sops.yaml for cluster/team2/deploy-key.yaml"),
        (Box::new(with(".sops.yaml", "deploy-key", "other")), ".sops.yaml"),
        (Box::new(with(".sops.yaml", "age: age1", "pgp: age1")), ".sops.yaml:4"),
        (
            Box::new(with(".sops.yaml", "    encrypted_regex: ^(data|stringData)$\n", "")),
            "encrypted_regex: ^(data|stringData)$",
        ),
        (
            Box::new(with(sync, "ssh://git@github.com", "https://github.com")),
            "cluster/team2/sync.yaml:1: a deploy key is for SSH",
        ),
        (Box::new(with(sync, "  secretRef: {name: flux-git-auth}\n", "")), "add spec.secretRef.name: flux-git-auth"),
        (Box::new(with(sync, "github.com", "git.example.org")), "give them with --known-hosts FILE"),
    ];
    for (change, expected) in cases {
        let (root, _) = repository();
        change(root.path());
        let (status, out, err) = keys(root.path(), &[]);
        assert!(status == 2 && err.contains(expected) && out.is_empty(), "{expected}: {status} {err} {out}");
        assert!(!root.path().join("cluster/team2/deploy-key.yaml").exists(), "{expected}");
        assert_eq!(fs::read_to_string(root.path().join("cluster/team2/kustomization.yaml")).expect("there"), LIST);
    }
}
