//! Flux over real Git repositories: what Bailiwick's verdicts say of it.

use std::time::Duration;

use bailiwick::clock::SeededEntropy;
use bailiwick::cluster::{FluxKind, KeyPair, SourceVerdict, SyncState, SyncVerdict, source_verdict, sync_verdict};
use bailiwick::names::CommitId;
use serde_json::json;

use crate::world::{Repository, World};

const ADMIN: &str = "https://example.com/org/dev-cluster";
const TEAM: &str = "ssh://git@github.com/org/dev-team1";
const KNOWN_HOSTS: &str = "github.com ssh-ed25519 AAAA\n";

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team1\n";
const RBAC: &str = "\
apiVersion: v1
kind: ServiceAccount
metadata: {name: flux, namespace: team1}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: team1-reconciler, namespace: team1}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: ServiceAccount, name: flux, namespace: team1}]
";
const SYNC: &str = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: team1, namespace: team1}
spec: {interval: 1m, url: 'ssh://git@github.com/org/dev-team1', ref: {branch: main}, secretRef: {name: flux-system}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: team1, namespace: team1}
spec:
  interval: 10m
  path: ./
  prune: true
  serviceAccountName: flux
  targetNamespace: team1
  sourceRef: {kind: GitRepository, name: team1}
";

fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
}

/// A cluster whose admin repository has one team.
async fn with_team() -> (World, Repository, CommitId) {
    let world = World::new().await;
    let admin = world.repository(ADMIN, None);
    let commit = admin.commit(&[
        ("cluster/kustomization.yaml", Some("resources: [team1]\n")),
        ("cluster/team1/kustomization.yaml", Some("resources: [namespace.yaml, rbac.yaml, sync.yaml]\n")),
        ("cluster/team1/namespace.yaml", Some(NAMESPACE)),
        ("cluster/team1/rbac.yaml", Some(RBAC)),
        ("cluster/team1/sync.yaml", Some(SYNC)),
    ]);
    world.cluster.bootstrap(ADMIN, "main", "./cluster").expect("a URL");
    world.cluster.reconcile_once().await;
    let (reason, message) = world.ready("Kustomization", "flux-system", "flux-system");
    assert_eq!(reason, "ReconciliationSucceeded", "{message}");
    (world, admin, commit.parse().expect("a commit"))
}

fn pair(seed: u64) -> KeyPair {
    KeyPair::generate(&SeededEntropy::new(seed), "test").expect("a key")
}

async fn sync(world: &World, namespace: &str, name: &str) -> SyncState {
    let (namespace, name) = (namespace.parse().expect("a name"), name.parse().expect("a name"));
    world.client().await.kustomization(&namespace, &name).await.expect("an answer").expect("the sync")
}

/// What the verdict on the root Kustomization is.
async fn root_verdict(world: &World, commit: &CommitId) -> SyncVerdict {
    let system = "flux-system".parse().expect("a name");
    let name = "flux-system".parse().expect("a name");
    let source = world.client().await.git_repository(&system, &name).await.expect("an answer");
    sync_verdict(&sync(world, "flux-system", "flux-system").await, source.as_ref(), commit)
}

async fn request(world: &World, token: &str) {
    let name = "flux-system".parse().expect("a name");
    let system = "flux-system".parse().expect("a name");
    let client = world.client().await;
    client.request_reconcile(FluxKind::GitRepository, &system, &name, token).await.expect("it is there");
}

#[tokio::test]
async fn a_commit_is_fetched_built_and_applied() {
    let (world, _admin, commit) = with_team().await;
    assert!(matches!(root_verdict(&world, &commit).await, SyncVerdict::Applied { .. }));
    let namespace = world.cluster.get("Namespace", "", "team1").expect("it was applied");
    assert_eq!(namespace["status"]["phase"], "Active");
    assert_eq!(namespace["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"], "flux-system");
    let state = sync(&world, "flux-system", "flux-system").await;
    assert_eq!(state.inventory, 5);
    assert_eq!(state.last_applied_revision.as_deref(), Some(format!("main@sha1:{commit}").as_str()));
}

#[tokio::test]
async fn a_new_commit_comes_when_asked_for_or_in_time() {
    let (world, admin, first) = with_team().await;
    let second: CommitId = admin.commit(&[("README.md", Some("two"))]).parse().expect("a commit");
    world.cluster.reconcile_once().await;
    let overtaken = SyncVerdict::OvertakenBy { commit: first.clone(), failure: None };
    assert_eq!(root_verdict(&world, &second).await, overtaken, "nobody asked");
    request(&world, "now").await;
    world.cluster.reconcile_once().await;
    assert!(matches!(root_verdict(&world, &second).await, SyncVerdict::Applied { .. }));
    let third: CommitId = admin.commit(&[("README.md", Some("three"))]).parse().expect("a commit");
    world.clock.advance(Duration::from_secs(60));
    world.cluster.reconcile_once().await;
    assert!(matches!(root_verdict(&world, &third).await, SyncVerdict::Applied { .. }));
    let overtaken = SyncVerdict::OvertakenBy { commit: third, failure: None };
    assert_eq!(root_verdict(&world, &second).await, overtaken);
}

#[tokio::test]
async fn a_suspended_source_does_nothing() {
    let (world, admin, _) = with_team().await;
    let path = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system";
    world.request("PATCH", path, Some(json!({"spec": {"suspend": true}}))).await;
    let commit: CommitId = admin.commit(&[("README.md", Some("two"))]).parse().expect("a commit");
    request(&world, "now").await;
    world.cluster.reconcile_once().await;
    let (system, name) = ("flux-system".parse().expect("a name"), "flux-system".parse().expect("a name"));
    let source = world.client().await.git_repository(&system, &name).await.expect("an answer").expect("the source");
    assert_eq!(source_verdict(&source, &commit), SourceVerdict::Suspended);
    assert!(!source.handled("now"));
}

#[tokio::test]
async fn a_team_syncs_once_its_key_is_registered() {
    let (world, _admin, _) = with_team().await;
    let (reason, message) = world.ready("GitRepository", "team1", "team1");
    assert_eq!(reason, "AuthenticationFailed");
    assert!(message.contains("failed to get secret 'team1/flux-system'"), "{message}");
    assert_eq!(world.ready("Kustomization", "team1", "team1").0, "ArtifactFailed");

    let team = world.repository(TEAM, Some(&pair(1).public));
    let commit: CommitId = team.commit(&[("app.yaml", Some(&config_map("app")))]).parse().expect("a commit");
    world.git_secret("team1", &pair(2), KNOWN_HOSTS);
    world.cluster.reconcile_once().await;
    // source-controller says AuthenticationFailed only for what it sees in the Secret; a key that the
    // server does not know fails as a Git operation.
    let (reason, message) = world.ready("GitRepository", "team1", "team1");
    assert_eq!(reason, "GitOperationFailed");
    assert!(message.contains("unable to authenticate"), "{message}");

    world.register_key(TEAM, &pair(2).public);
    world.cluster.reconcile_once().await;
    let state = sync(&world, "team1", "team1").await;
    assert!(matches!(sync_verdict(&state, None, &commit), SyncVerdict::Applied { .. }), "{state:?}");
    assert!(world.cluster.get("ConfigMap", "team1", "app").is_some(), "it has the target namespace");
}

#[tokio::test]
async fn an_ssh_source_needs_the_key_and_the_host() {
    let (world, _admin, _) = with_team().await;
    world.repository(TEAM, Some(&pair(1).public)).commit(&[]);
    world.git_secret("team1", &pair(1), "");
    world.cluster.reconcile_once().await;
    let (reason, message) = world.ready("GitRepository", "team1", "team1");
    assert_eq!(reason, "AuthenticationFailed");
    assert!(message.contains("'known_hosts' is required"), "{message}");
    world.git_secret("team1", &pair(1), "gitlab.com ssh-ed25519 AAAA\n");
    world.cluster.reconcile_once().await;
    let (reason, message) = world.ready("GitRepository", "team1", "team1");
    assert_eq!(reason, "GitOperationFailed");
    assert!(message.contains("knownhosts: key is unknown"), "{message}");
}

/// A team whose repository is open, with this content.
async fn with_team_content(files: &[(&str, Option<&str>)]) -> (World, Repository, CommitId) {
    let (world, _admin, _) = with_team().await;
    let team = world.repository(TEAM, Some(&pair(1).public));
    let commit = team.commit(files).parse().expect("a commit");
    world.git_secret("team1", &pair(1), KNOWN_HOSTS);
    world.cluster.reconcile_once().await;
    (world, team, commit)
}

async fn retry(world: &World) {
    world.clock.advance(Duration::from_secs(60));
    world.cluster.reconcile_once().await;
}

#[tokio::test]
async fn a_team_cannot_reach_beyond_its_rights() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: mine}\nrules: []\n";
    let (world, team, commit) =
        with_team_content(&[("role.yaml", Some(role)), ("app.yaml", Some(&config_map("app")))]).await;
    let state = sync(&world, "team1", "team1").await;
    let SyncVerdict::Failed(failure) = sync_verdict(&state, None, &commit) else { panic!("{state:?}") };
    assert_eq!(failure.reason, "ReconciliationFailed");
    let expected = "ClusterRole/mine dry-run failed (Forbidden): clusterroles.rbac.authorization.k8s.io \"mine\" is \
                    forbidden: User \"system:serviceaccount:team1:flux\" cannot patch resource \"clusterroles\" in API \
                    group \"rbac.authorization.k8s.io\" at the cluster scope";
    assert_eq!(failure.message, expected);
    assert!(world.cluster.get("ConfigMap", "team1", "app").is_none(), "nothing of the commit was applied");

    let elsewhere = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app, namespace: default}\n";
    let path = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/team1/kustomizations/team1";
    world.request("PATCH", path, Some(json!({"spec": {"targetNamespace": null}}))).await;
    team.commit(&[("role.yaml", None), ("app.yaml", Some(elsewhere))]);
    retry(&world).await;
    let (reason, message) = world.ready("Kustomization", "team1", "team1");
    assert_eq!(reason, "ReconciliationFailed");
    assert!(message.contains("in the namespace \"default\""), "{message}");
    team.commit(&[("app.yaml", Some(&config_map("app")))]);
    retry(&world).await;
    let (_, message) = world.ready("Kustomization", "team1", "team1");
    assert!(message.contains("namespace not specified"), "{message}");
    team.commit(&[("app.yaml", Some("apiVersion: x.io/v1\nkind: Foo\nmetadata: {name: a, namespace: team1}\n"))]);
    retry(&world).await;
    let (_, message) = world.ready("Kustomization", "team1", "team1");
    assert!(message.contains("no matches for kind \"Foo\""), "{message}");
}

#[tokio::test]
async fn a_broken_kustomization_fails_to_build_and_a_wrong_path_is_never_attempted() {
    let (world, admin, first) = with_team().await;
    let broken = admin.commit(&[("cluster/kustomization.yaml", Some("resources: [team1, missing]\n"))]);
    let broken: CommitId = broken.parse().expect("a commit");
    retry(&world).await;
    let SyncVerdict::Failed(failure) = root_verdict(&world, &broken).await else { panic!("it is broken") };
    assert_eq!(failure.reason, "BuildFailed");
    assert!(failure.message.contains("missing") && !failure.message.contains("/tmp/."), "{}", failure.message);
    let state = sync(&world, "flux-system", "flux-system").await;
    assert_eq!(state.last_applied_revision, Some(format!("main@sha1:{first}")));
    assert_eq!(state.reconciling.expect("a retry").reason, "ProgressingWithRetry");

    let path = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/flux-system";
    world.request("PATCH", path, Some(json!({"spec": {"path": "./nowhere"}}))).await;
    let moved: CommitId = admin.commit(&[("README.md", Some("x"))]).parse().expect("a commit");
    retry(&world).await;
    let SyncVerdict::NeverAttempted(failure) = root_verdict(&world, &moved).await else { panic!("no such path") };
    assert!(failure.message.contains("kustomization path not found"), "{}", failure.message);
    let state = sync(&world, "flux-system", "flux-system").await;
    assert_eq!(state.last_attempted_revision, Some(format!("main@sha1:{broken}")));
}

#[tokio::test]
async fn what_leaves_the_repository_leaves_the_cluster() {
    let kept = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kept\n  annotations: \
                {kustomize.toolkit.fluxcd.io/prune: disabled}\n";
    let files =
        [("a.yaml", Some(config_map("a"))), ("b.yaml", Some(config_map("b"))), ("k.yaml", Some(kept.to_owned()))];
    let files: Vec<(&str, Option<&str>)> = files.iter().map(|(name, text)| (*name, text.as_deref())).collect();
    let (world, team, _) = with_team_content(&files).await;
    assert!(world.cluster.get("ConfigMap", "team1", "b").is_some());
    team.commit(&[("b.yaml", None), ("k.yaml", None)]);
    retry(&world).await;
    assert!(world.cluster.get("ConfigMap", "team1", "a").is_some());
    assert!(world.cluster.get("ConfigMap", "team1", "b").is_none());
    assert!(world.cluster.get("ConfigMap", "team1", "kept").is_some());
}

#[tokio::test]
async fn a_team_that_leaves_takes_everything_along() {
    let (world, admin, _) = with_team().await;
    world.git_secret("team1", &pair(1), KNOWN_HOSTS);
    admin.commit(&[
        ("cluster/kustomization.yaml", Some("resources: [other.yaml]\n")),
        ("cluster/other.yaml", Some(&NAMESPACE.replace("team1", "other"))),
    ]);
    retry(&world).await;
    world.cluster.reconcile_once().await;
    assert!(world.cluster.get("Namespace", "", "team1").is_none(), "{:?}", world.cluster.list("Kustomization", ""));
    assert!(world.cluster.get("Secret", "team1", "flux-system").is_none());
    assert!(world.cluster.get("Namespace", "", "other").is_some());
}

fn kustomization(name: &str, more: serde_json::Value) -> serde_json::Value {
    let mut object = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system"},
        "spec": {"interval": "10m", "path": "./cluster/team1", "prune": false,
                 "serviceAccountName": "kustomize-controller",
                 "sourceRef": {"kind": "GitRepository", "name": "flux-system"}},
    });
    let fields = more.as_object().expect("a map").clone();
    object["spec"].as_object_mut().expect("a map").extend(fields);
    object
}

#[tokio::test]
async fn dependencies_come_first() {
    let (world, _admin, commit) = with_team().await;
    world.apply(kustomization("after", json!({"dependsOn": [{"name": "before"}]})));
    world.cluster.reconcile_once().await;
    let verdict = sync_verdict(&sync(&world, "flux-system", "after").await, None, &commit);
    assert!(matches!(verdict, SyncVerdict::DependencyNotReady { .. }), "{verdict:?}");
    world.apply(kustomization("before", json!({})));
    world.cluster.reconcile_once().await;
    let verdict = sync_verdict(&sync(&world, "flux-system", "after").await, None, &commit);
    assert!(matches!(verdict, SyncVerdict::Applied { .. }), "{verdict:?}");
}

#[tokio::test]
async fn a_dependency_that_fails_holds_up_what_waits_for_it_until_a_push_mends_it() {
    let (world, admin, _) = with_team().await;
    let before = json!({"path": "./before", "retryInterval": "10m"});
    world.apply(kustomization("after", json!({"dependsOn": [{"name": "before"}], "path": "./after"})));
    world.apply(kustomization("before", before));
    let settings =
        |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: team1}}\n");
    let (one, other) = (settings("before"), settings("after"));
    let broken = [
        ("before/kustomization.yaml", Some("resources: [nowhere.yaml]\n")),
        ("before/settings.yaml", Some(&*one)),
        ("after/settings.yaml", Some(&*other)),
    ];
    let broken: CommitId = admin.commit(&broken).parse().expect("a commit");
    retry(&world).await;
    let SyncVerdict::Failed(failure) = verdict_on(&world, "before", &broken).await else { panic!("it is broken") };
    assert_eq!(failure.reason, "BuildFailed");
    let message = "dependency 'flux-system/before' is not ready".to_owned();
    assert_eq!(verdict_on(&world, "after", &broken).await, SyncVerdict::DependencyNotReady { message });
    assert!(world.cluster.get("ConfigMap", "team1", "after").is_none(), "what it waits for comes first");

    let mended: CommitId =
        admin.commit(&[("before/kustomization.yaml", Some("resources: [settings.yaml]\n"))]).parse().expect("a commit");
    request(&world, "now").await;
    world.cluster.reconcile_once().await;
    for name in ["before", "after"] {
        let verdict = verdict_on(&world, name, &mended).await;
        assert!(matches!(verdict, SyncVerdict::Applied { .. }), "{name}: {verdict:?}");
        assert!(world.cluster.get("ConfigMap", "team1", name).is_some());
    }
}

/// What the verdict on a Kustomization beside the root is.
async fn verdict_on(world: &World, name: &str, commit: &CommitId) -> SyncVerdict {
    sync_verdict(&sync(world, "flux-system", name).await, None, commit)
}

#[tokio::test]
async fn what_failed_is_tried_again_after_the_retry_interval_and_not_before() {
    let (world, _admin, commit) = with_team().await;
    world.apply(kustomization("late", json!({"serviceAccountName": "late", "retryInterval": "2m"})));
    world.cluster.reconcile_once().await;
    assert!(matches!(verdict_on(&world, "late", &commit).await, SyncVerdict::Failed(_)), "nobody has given it rights");
    let group = "rbac.authorization.k8s.io";
    world.apply(
        json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "late"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "late", "namespace": "flux-system"}]}),
    );
    world.clock.advance(Duration::from_secs(119));
    world.cluster.reconcile_once().await;
    assert!(matches!(verdict_on(&world, "late", &commit).await, SyncVerdict::Failed(_)), "it is not time yet");
    world.clock.advance(Duration::from_secs(1));
    world.cluster.reconcile_once().await;
    assert!(matches!(verdict_on(&world, "late", &commit).await, SyncVerdict::Applied { .. }));
}

#[tokio::test]
async fn a_locked_down_flux_keeps_tenants_at_home() {
    let (world, _admin, commit) = with_team().await;
    let mut foreign = kustomization("foreign", json!({}));
    foreign["metadata"]["namespace"] = json!("team1");
    foreign["spec"]["sourceRef"]["namespace"] = json!("flux-system");
    world.apply(foreign);
    world.apply(kustomization("nobody", json!({"serviceAccountName": null})));
    world.cluster.reconcile_once().await;
    let verdict = sync_verdict(&sync(&world, "team1", "foreign").await, None, &commit);
    assert!(matches!(verdict, SyncVerdict::AccessDenied { .. }), "{verdict:?}");
    let (reason, message) = world.ready("Kustomization", "flux-system", "nobody");
    assert_eq!(reason, "ReconciliationFailed");
    assert!(message.contains("system:serviceaccount:flux-system:default"), "{message}");
}

#[tokio::test]
async fn health_is_part_of_success_where_it_is_waited_for() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app, namespace: team1}\n\
                      spec: {replicas: 2, selector: {matchLabels: {app: a}}, template: {}}\n";
    let (world, _team, commit) = with_team_content(&[("app.yaml", Some(deployment))]).await;
    let state = sync(&world, "team1", "team1").await;
    assert!(matches!(sync_verdict(&state, None, &commit), SyncVerdict::Applied { .. }), "{state:?}");
    world.cluster.fail_deployments(true);
    let path = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/team1/kustomizations/team1";
    let patch = json!({"spec": {"wait": true}});
    world.request("PATCH", path, Some(patch)).await;
    world
        .request("PATCH", "/apis/apps/v1/namespaces/team1/deployments/app", Some(json!({"spec": {"replicas": 3}})))
        .await;
    world.cluster.reconcile_once().await;
    let state = sync(&world, "team1", "team1").await;
    let SyncVerdict::Unhealthy(failure) = sync_verdict(&state, None, &commit) else { panic!("{state:?}") };
    assert!(failure.message.contains("Deployment/team1/app"), "{}", failure.message);
}

#[tokio::test]
async fn faults_stop_flux_at_every_step() {
    let (world, admin, _) = with_team().await;
    let faults = world.cluster.faults();
    faults.pause_controllers(true);
    let commit: CommitId = admin.commit(&[("README.md", Some("two"))]).parse().expect("a commit");
    request(&world, "one").await;
    world.cluster.reconcile_once().await;
    assert!(matches!(root_verdict(&world, &commit).await, SyncVerdict::OvertakenBy { .. }));
    faults.pause_controllers(false);
    faults.hold_syncs(true);
    world.cluster.reconcile_once().await;
    assert_eq!(root_verdict(&world, &commit).await, SyncVerdict::Applying);
    faults.hold_syncs(false);
    faults.fail_next_sync("ReconciliationFailed", "told so");
    world.cluster.reconcile_once().await;
    let SyncVerdict::Failed(failure) = root_verdict(&world, &commit).await else { panic!("it was told to fail") };
    assert_eq!(failure.message, "told so");
    // What `flux bootstrap` writes has no retry interval: its interval counts.
    world.clock.advance(Duration::from_secs(600));
    world.cluster.reconcile_once().await;
    assert!(matches!(root_verdict(&world, &commit).await, SyncVerdict::Applied { .. }));
    faults.fail_next_fetch("GitOperationFailed", "no route to host");
    retry(&world).await;
    assert_eq!(world.ready("GitRepository", "flux-system", "flux-system").1, "no route to host");
}
