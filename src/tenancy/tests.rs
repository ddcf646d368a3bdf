mod updates;

use std::sync::Arc;

use super::{FileSummary, Layout, ObjectId, RepositoryIndex};
use crate::manifest::{ObjectScope, is_manifest, read};
use crate::names::Engine;
use crate::names::RepoPath;

fn path(text: &str) -> RepoPath {
    text.parse().expect("a path")
}

fn summary(name: &str, text: &str) -> Arc<FileSummary> {
    let file = read(path(name), text.as_bytes());
    assert_eq!(file.problems, [], "{name}");
    Arc::new(if is_manifest(&file.path) { FileSummary::of(&file) } else { FileSummary::other() })
}

fn index(files: &[(&str, &str)]) -> RepositoryIndex {
    RepositoryIndex::from_files(files.iter().map(|(name, text)| (path(name), summary(name, text))))
}

fn team_v2(team: &str, namespace: &str, url: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n---\n\
         apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: {team}, namespace: {namespace}}}\n\
         spec: {{url: '{url}', ref: {{branch: main}}, secretRef: {{name: key}}}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {team}, namespace: {namespace}}}\n\
         spec: {{serviceAccountName: sa, path: ./, prune: true, sourceRef: {{kind: GitRepository, name: {team}}}}}\n"
    )
}

#[test]
fn a_flux_v2_team_is_seen_in_both_layouts() {
    let sync = team_v2("team1", "team1", "ssh://git@github.com/Org/dev-team1.git");
    for directory in ["cluster/team1", "tenants/base/team1"] {
        let index = index(&[(&format!("{directory}/sync.yaml"), &sync), ("clusters/x/a.yaml", "a: 1\n")]);
        let team = index.team("team1").expect("a team");
        assert_eq!(team.directory, path(directory));
        assert_eq!(team.engine, Engine::FluxV2);
        assert_eq!(team.repository.as_ref().expect("a repository").as_str(), "Org/dev-team1");
        let source = team.source.as_ref().expect("a source");
        assert_eq!((source.kind, source.secret_name.as_deref(), source.line), ("GitRepository", Some("key"), 5));
        assert_eq!(source.branch.as_deref(), Some("main"));
        assert_eq!(team.sync.as_ref().expect("a sync").service_account.as_deref(), Some("sa"));
        assert!(index.team_of_repository(&"org/dev-team1".parse().expect("a name")).is_some());
        assert_eq!(index.owner_of_namespace("team1").map(|team| team.name.to_string()).as_deref(), Some("team1"));
        assert!(index.team_of_path(&path(&format!("{directory}/deep/x.yaml"))).is_some());
        assert!(index.team_of_path(&path("cluster/team2/x.yaml")).is_none());
    }
}

#[test]
fn an_environment_overlay_belongs_to_the_team_of_its_name() {
    let sync = team_v2("team1", "apps", "https://github.com/org/dev-team1");
    let index = index(&[("tenants/base/team1/sync.yaml", &sync), ("clusters/x/a.yaml", "a: 1\n")]);
    assert_eq!(index.layout(), Layout::Environments);
    assert!(index.team_of_path(&path("tenants/staging/team1/patch.yaml")).is_some());
    assert!(index.team_of_path(&path("tenants/staging/kustomization.yaml")).is_none());
}

#[test]
fn a_flux_v1_team_is_seen_from_its_daemons_arguments() {
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: flux}\nspec:\n  template:\n    spec:\n      \
        containers:\n      - name: flux\n        args: ['--k8s-allow-namespace=team1', \
        '--git-url=git@github.com:org/dev-team1', --git-branch=master]\n";
    let index = index(&[
        ("cluster/kustomization.yaml", "bases: [./common/, ./team1/]\n"),
        ("cluster/common/kustomization.yaml", "resources: [namespace.yaml]\n"),
        ("cluster/common/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shared}\n"),
        ("cluster/team1/kustomization.yaml", "namespace: team1\npatchesStrategicMerge: [flux-patch.yaml]\n"),
        ("cluster/team1/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: team1}\n"),
        ("cluster/team1/flux-patch.yaml", patch),
    ]);
    assert_eq!(index.layout(), Layout::Cluster(path("cluster")));
    let names: Vec<_> = index.teams().map(|team| team.name.to_string()).collect();
    assert_eq!(names, ["team1"]);
    let team = index.team("team1").expect("a team");
    assert_eq!(team.engine, Engine::FluxV1);
    let source = team.source.as_ref().expect("a source");
    assert_eq!((source.namespace.as_str(), source.secret_name.as_deref()), ("team1", Some("flux-git-deploy")));
    assert_eq!(team.repository.as_ref().expect("a repository").as_str(), "org/dev-team1");
    assert!(index.is_only_patch_or_data(&path("cluster/team1/flux-patch.yaml")));
    assert!(!index.is_only_patch_or_data(&path("cluster/team1/namespace.yaml")));
}

#[test]
fn a_platform_directory_is_no_team() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ingress}\n";
    let system = team_v2("infra", "flux-system", "https://github.com/org/infra");
    let index = index(&[("cluster/ingress/ns.yaml", namespace), ("cluster/infra/sync.yaml", &system)]);
    assert_eq!(index.teams().count(), 0);
    assert!(index.owner_of_namespace("flux-system").is_none());
}

#[test]
fn changes_are_followed_and_the_old_index_stays() {
    let sync = team_v2("team1", "team1", "https://github.com/org/dev-team1");
    let before = index(&[("cluster/team1/sync.yaml", &sync)]);
    let moved = team_v2("team1", "home", "https://github.com/org/other");
    let after = before.with([(path("cluster/team1/sync.yaml"), Some(summary("cluster/team1/sync.yaml", &moved)))]);
    assert!(after.owner_of_namespace("team1").is_none() && after.owner_of_namespace("home").is_some());
    assert!(after.team_of_repository(&"org/dev-team1".parse().expect("a name")).is_none());
    assert!(before.owner_of_namespace("team1").is_some());
    let gone = after.with([(path("cluster/team1/sync.yaml"), None)]);
    assert_eq!((gone.teams().count(), gone.file_count()), (0, 0));
    assert_eq!(gone.removed_since(&after).collect::<Vec<_>>(), [path("cluster/team1/sync.yaml")]);
    assert_eq!(after.removed_since(&before).count(), 0);
    let id = ObjectId { group: String::new(), kind: "Namespace".into(), namespace: None, name: "home".into() };
    assert_eq!((after.objects_with_id(&id).count(), gone.objects_with_id(&id).count()), (1, 0));
}

#[test]
fn what_changes_by_one_team_is_only_that_team() {
    let many: Vec<(String, String)> = (0..500)
        .map(|team| (format!("cluster/t{team}/sync.yaml"), team_v2("t", &format!("t{team}"), "https://github.com/o/r")))
        .collect();
    let files: Vec<(&str, &str)> = many.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let before = index(&files);
    let after = before.with([(path("cluster/t7/sync.yaml"), None)]);
    assert_eq!((before.teams().count(), after.teams().count()), (500, 499));
    assert_eq!(after.removed_since(&before).count(), 1);
    assert!(before.bytes() < 500 * 600, "{} bytes for each team", before.bytes() / 500);
    assert!(after.bytes() - before.bytes() < 200, "the others are shared");
}

#[test]
fn a_custom_kinds_scope_comes_from_its_definition() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: ws.example.com}\n\
        spec: {group: example.com, scope: Cluster, names: {kind: W, plural: ws}}\n";
    let index = index(&[("cluster/common/crd.yaml", crd)]);
    assert_eq!(index.scope_of("example.com", "W"), Some(ObjectScope::Cluster));
    assert_eq!(index.scope_of("example.com", "V"), None);
    assert_eq!(index.scope_of("", "Pod"), Some(ObjectScope::Namespaced));
}

#[test]
fn directories_kustomizations_and_ways() {
    let index = index(&[
        ("cluster/kustomization.yaml", "resources: [a, ../base]\n"),
        ("cluster/a/kustomization.yaml", "namespace: a\nresources: [x.yaml]\n"),
        ("cluster/a/x.yaml", "a: 1\n"),
        ("cluster/a-b/y.yaml", "a: 1\n"),
        ("base/Kustomization", "namePrefix: p-\nresources: [z.yaml]\n"),
        ("base/z.yaml", "a: 1\n"),
    ]);
    assert!(index.contains_directory(&path("cluster/a")) && !index.contains_directory(&path("cluster/a-")));
    assert_eq!(index.kustomization_of("base"), Some(path("base/Kustomization")));
    assert!(index.is_named(&path("cluster/a/kustomization.yaml")) && !index.is_named(&path("cluster/a-b/y.yaml")));
    let ways: Vec<_> = index.reaches(&path("cluster/a/x.yaml")).into_iter().map(|way| way.namespace).collect();
    assert_eq!(ways, [Some("a".to_owned()), Some("a".to_owned()), Some("a".to_owned())]);
    assert!(index.reaches(&path("base/z.yaml")).iter().any(|way| way.renames()));
    assert!(index.reaches(&path("cluster/a-b/y.yaml")).is_empty());
}

#[test]
fn kustomizations_that_name_each_other_end() {
    let index = index(&[
        ("a/kustomization.yaml", "resources: [../b, ../a]\n"),
        ("b/kustomization.yaml", "resources: [../a, x.yaml]\n"),
        ("b/x.yaml", "a: 1\n"),
    ]);
    assert_eq!(index.reaches(&path("b/x.yaml")).len(), 2);
}

#[test]
fn a_declared_namespace_cannot_be_taken_by_using_it() {
    let greedy = team_v2("team1", "team1", "https://github.com/org/a")
        .replace("prune: true", "targetNamespace: team2, prune: true");
    let own = team_v2("team2", "team2", "https://github.com/org/b");
    let index = index(&[("cluster/team1/sync.yaml", &greedy), ("cluster/team2/sync.yaml", &own)]);
    let owners: Vec<_> = index.owners_of_namespace("team2").into_iter().map(|team| team.name.to_string()).collect();
    assert_eq!(owners, ["team2"]);
}

#[test]
fn flux_leaves_out_what_its_default_list_names_and_nothing_else() {
    let index = index(&[
        ("kustomization.yaml", "resources: [deploy]\n"),
        ("deploy/kustomization.yaml", "resources: []\n"),
        ("chart/Chart.yaml", "name: x\n"),
    ]);
    for left_out in [
        "a/.github/workflows/x.yaml",
        ".circleci/config.yml",
        ".sops.yaml",
        "a/b/.flux.yaml",
        "appveyor.yml",
        "logo.zip/x.yaml",
        "chart/templates/x.yaml",
    ] {
        assert!(index.is_foreign_to_flux(&path(left_out)), "{left_out}");
    }
    for taken in [".hidden/x.yaml", ".x.yaml", "a/.config/x.yaml", ".circleci.yaml", "a/.github", "zip/x.yaml"] {
        assert!(!index.is_foreign_to_flux(&path(taken)), "{taken}");
    }
}

#[test]
fn a_chart_that_flux_scans_is_no_exception() {
    let index = index(&[("chart/Chart.yaml", "name: x\n")]);
    assert!(!index.is_foreign_to_flux(&path("chart/templates/x.yaml")));
}

#[test]
fn only_a_patch_is_only_a_patch() {
    let index = index(&[
        ("kustomization.yaml", "patches: [{path: p.yaml}]\nconfigurations: [c.yaml]\n"),
        ("p.yaml", "a: 1\n"),
        ("c.yaml", "a: 1\n"),
    ]);
    assert!(index.is_only_patch(&path("p.yaml")) && !index.is_only_patch(&path("c.yaml")));
    assert!(index.is_only_patch_or_data(&path("c.yaml")));
}

#[test]
fn a_template_is_what_nothing_applies() {
    let team = ".bailiwick/templates/flux-v2/team";
    let (file, list) = (format!("{team}/rbac.yaml"), format!("{team}/kustomization.yaml"));
    let is_template = |more: &[(&str, &str)]| {
        let own = [
            (file.as_str(), "kind: Role\n"),
            (list.as_str(), "resources: [other.yaml]\npatches: [{path: rbac.yaml}]\n"),
        ];
        index(&[&own[..], more].concat()).is_template(&path(&file))
    };
    assert!(is_template(&[("cluster/kustomization.yaml", "resources: [./common]\n")]));
    for (place, text) in [
        ("cluster/kustomization.yaml", "resources: [../.bailiwick/templates/flux-v2/team/rbac.yaml]\n"),
        ("cluster/kustomization.yaml", "patches: [{path: ../.bailiwick/templates/flux-v2/team/rbac.yaml}]\n"),
        ("cluster/kustomization.yaml", "resources: [../.bailiwick/templates/flux-v2/team]\n"),
        ("elsewhere/kustomization.yaml", "components: [../.bailiwick/templates/flux-v2/team]\n"),
    ] {
        assert!(!is_template(&[(place, text)]), "{place}: {text}");
    }
    // Flux takes all that there is, or a directory that somebody points it to.
    let own = [(file.as_str(), "kind: Role\n")];
    assert!(!index(&own).is_template(&path(&file)), "no layout is known");
    let sync = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x, namespace: flux-system}\nspec: {path: ./.bailiwick/templates/flux-v2/team, prune: true, sourceRef: {kind: GitRepository, name: x}}\n";
    let cluster = [("cluster/kustomization.yaml", "resources: [sync.yaml]\n"), ("cluster/sync.yaml", sync)];
    assert!(!index(&[&own[..], &cluster[..]].concat()).is_template(&path(&file)));
    assert!(!index(&cluster).is_template(&path("cluster/sync.yaml")));
}
