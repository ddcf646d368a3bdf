//! What is in a cluster → what is followed there, or what is said instead.

use super::*;
use crate::cluster::SourceRef;
use crate::jobs::sync_cluster::testing::{kustomization, object, source};
use crate::report::comment::{Search, no_source};

const URL: &str = "ssh://git@github.com/org/dev-cluster";

fn sources(url: &str) -> Vec<SourceState> {
    vec![SourceState { url: url.to_owned(), ..source(None) }]
}

fn with_path(name: &str, path: &str) -> Kustomization {
    Kustomization { path: path.to_owned(), ..kustomization(name) }
}

/// What is found, as lines; what is said where nothing is.
fn found(sources: Vec<SourceState>, kustomizations: Vec<Kustomization>) -> String {
    let (old, name) = ("org/Dev-Cluster".parse().expect("a name"), "org/renamed".parse().expect("a name"));
    let (branch, path) = ("main".parse().expect("a branch"), "cluster".parse().expect("a path"));
    let is_team = |namespace: &Namespace| namespace.as_str().starts_with("team");
    let wanted = Wanted { repository: [&old, &name], branch: &branch, path: &path, is_team: &is_team };
    match wanted.choose(&Survey { sources, kustomizations, narrow: false }) {
        Ok(found) => {
            let names =
                |objects: &BTreeSet<ObjectRef>| objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("{} by {}", names(&found.sources), names(&found.kustomizations))
        }
        Err(near) => {
            let search = Search { repository: &old, branch: &branch, path: &path, everywhere: true };
            let said = no_source(&search, &near);
            let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("- ")).collect();
            if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n    ") }
        }
    }
}

#[test]
fn every_spelling_of_the_address_is_the_repository() {
    let spellings = [
        "https://github.com/org/dev-cluster",
        "https://github.com/org/dev-cluster.git",
        "https://github.com/ORG/Dev-cluster/",
        "ssh://git@github.com/org/dev-cluster",
        "ssh://git@github.com:22/org/dev-cluster.git",
        "ssh://git@ssh.github.com:443/org/dev-cluster",
        "git@github.com:org/dev-cluster.git",
        "git@github.com:Org/dev-cluster",
        "http://mirror.internal:3000/org/dev-cluster",
        "https://github.com/org/renamed",
    ];
    for url in spellings {
        assert_eq!(
            found(sources(url), vec![kustomization("flux-system")]),
            "flux-system/flux-system by flux-system/flux-system",
            "{url}"
        );
    }
    for url in
        ["https://github.com/org/dev-cluster2", "https://github.com/other/dev-cluster", "oci://ghcr.io/org/dev-cluster"]
    {
        assert!(found(sources(url), vec![kustomization("flux-system")]).contains("is of another repository"), "{url}");
    }
}

#[test]
fn every_kustomization_of_the_source_counts_once_one_applies_the_path() {
    let rows = [
        ("the path", vec![with_path("a", "./cluster")]),
        ("the whole repository", vec![with_path("a", "./")]),
        ("the whole repository, unsaid", vec![with_path("a", "")]),
        ("a part of the path", vec![with_path("a", "cluster/common/")]),
        ("out of the repository and back", vec![with_path("a", "/../x/../cluster")]),
        ("another one", vec![with_path("a", "./clusters")]),
        (
            "infrastructure, tenants, apps",
            vec![
                with_path("flux-system", "./cluster"),
                with_path("infrastructure", "./infrastructure"),
                with_path("apps", "./apps/dev"),
            ],
        ),
        (
            "one is being deleted",
            vec![with_path("flux-system", "./cluster"), Kustomization { deleting: true, ..with_path("old", "./old") }],
        ),
        (
            "one is for another cluster",
            vec![
                with_path("flux-system", "./cluster"),
                Kustomization { remote: true, ..with_path("production", "./production") },
            ],
        ),
        ("the cluster is another one", vec![Kustomization { remote: true, ..with_path("dev", "./cluster") }]),
    ];
    let told = rows.map(|(row, users)| format!("{row}\n    {}", found(sources(URL), users)));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_comes_near_is_said() {
    let branch = |branch: Option<&str>| vec![SourceState { branch: branch.map(str::to_owned), ..source(None) }];
    let in_team = || SourceState { object: object("team1", "x"), ..source(None) };
    let user_in_team = || Kustomization { object: object("team1", "x"), ..kustomization("x") };
    let of_team = Kustomization {
        source_ref: SourceRef { kind: "GitRepository".to_owned(), object: object("team1", "x") },
        ..user_in_team()
    };
    let of_kind = |kind: &str| {
        let source_ref = SourceRef { kind: kind.to_owned(), object: object("flux-system", "flux-system") };
        Kustomization { source_ref, ..kustomization("flux-system") }
    };
    let users = || vec![kustomization("flux-system")];
    let rows = [
        ("an empty cluster", vec![], vec![]),
        ("another branch", branch(Some("production")), users()),
        ("no branch", branch(None), users()),
        ("a tag", vec![SourceState { pinned: Some("tag v1".to_owned()), ..source(None) }], users()),
        ("nobody applies it", sources(URL), vec![]),
        ("only a team applies it", sources(URL), vec![user_in_team()]),
        ("a team's own", vec![in_team()], vec![of_team]),
        ("a team beside the admins", vec![source(None), in_team()], vec![kustomization("flux-system"), user_in_team()]),
        ("being deleted", vec![SourceState { deleting: true, ..source(None) }], users()),
        ("an image", vec![], vec![of_kind("OCIRepository")]),
        ("a bucket", vec![], vec![of_kind("Bucket")]),
        ("a password in an address", sources("https://me:s3cret@github.com/org/x"), users()),
        ("a password in an address that is none", sources("https://me:s3cret@github.com/x"), users()),
    ];
    let told = rows.map(|(row, sources, users)| format!("{row}\n    {}", found(sources, users)));
    let told = told.join("\n");
    assert!(!told.contains("s3cret"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn two_sources_of_one_repository_count_where_they_are_used() {
    let named = |namespace: &str, name: &str| SourceState { object: object(namespace, name), ..source(None) };
    let user = |namespace: &str, name: &str| Kustomization {
        object: object(namespace, name),
        source_ref: SourceRef { kind: "GitRepository".to_owned(), object: object(namespace, "platform") },
        ..kustomization(name)
    };
    let sources = vec![named("gitops", "platform"), named("monitoring", "platform"), named("spare", "platform")];
    let said = found(
        sources,
        vec![user("gitops", "root"), Kustomization { path: "./monitoring".to_owned(), ..user("monitoring", "m") }],
    );
    assert_eq!(said, "gitops/platform, monitoring/platform by gitops/root, monitoring/m");
}
