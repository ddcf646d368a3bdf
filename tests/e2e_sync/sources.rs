//! What applies the admin repository is found in the cluster, under whatever name, and all of it counts.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{ADMIN, ALICE, TestWorld};

const LIST: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n";

fn settings(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: flux-system\n")
}

/// A Kustomization in `flux-system` of the source that `flux bootstrap` made.
fn part(name: &str, more: &Value) -> Value {
    let mut object = json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system"},
        "spec": {"interval": "10m", "path": format!("./{name}"), "prune": true,
                 "serviceAccountName": "kustomize-controller",
                 "sourceRef": {"kind": "GitRepository", "name": "flux-system"}}});
    for (key, value) in more.as_object().into_iter().flatten() {
        object["spec"][key] = value.clone();
    }
    object
}

/// Whoever has all rights in the cluster.
fn owner(namespace: &str, name: &str) -> Value {
    let group = "rbac.authorization.k8s.io";
    json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding",
        "metadata": {"name": format!("{namespace}-{name}")},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}]})
}

/// Files of two more parts of the repository, of which `infrastructure` has this list.
async fn with_parts(world: &TestWorld) {
    world.github().protect(ADMIN, &[]).expect("it is there");
    let (infrastructure, apps) = (settings("infrastructure"), settings("apps"));
    let files = [
        ("infrastructure/kustomization.yaml", &*format!("{LIST}  - settings.yaml\n")),
        ("infrastructure/settings.yaml", &infrastructure),
        ("apps/kustomization.yaml", &format!("{LIST}  - settings.yaml\n")),
        ("apps/settings.yaml", &apps),
    ];
    let commit = world.push(ALICE, (ADMIN, "main"), &files).await;
    world.expect_deployed(&commit, "success").await;
    let apps = part("apps", &json!({"dependsOn": [{"name": "infrastructure"}]}));
    for object in [apps, part("infrastructure", &json!({}))] {
        world.world.apply(object).expect("applied");
    }
    world.quiet().await;
}

/// Takes away what `flux bootstrap` made, without what it has applied.
async fn without_bootstrap(world: &TestWorld) {
    world.change_kustomization(&json!({"prune": false}));
    world.world.cluster.reconcile_once().await;
    for kind in ["Kustomization", "GitRepository"] {
        world.world.cluster.delete(kind, "flux-system", "flux-system").expect("bootstrap made it");
    }
    world.world.cluster.reconcile_once().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_of_another_name_in_another_namespace() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("elsewhere").await;
    without_bootstrap(&world).await;
    let secret = world.world.cluster.get("Secret", "flux-system", "flux-system").expect("bootstrap made it");
    let namespace = "gitops";
    let objects = [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": namespace}, "data": secret["data"]}),
        owner(namespace, "flux"),
        json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "platform", "namespace": namespace},
            "spec": {"url": "ssh://git@127.0.0.1/Org/Dev-Cluster.git", "interval": "1m", "ref": {"name": "refs/heads/main"},
                     "secretRef": {"name": "key"}}}),
        json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "everything", "namespace": namespace},
            "spec": {"interval": "10m", "path": "cluster/", "prune": true, "serviceAccountName": "flux",
                     "sourceRef": {"kind": "GitRepository", "name": "platform"}}}),
    ];
    for object in objects {
        world.world.apply(object).expect("applied");
    }
    let commit = world.merge(ALICE, &pull).await;
    world.expect_report(&pull, "✅").await;
    world.expect_deployed(&commit, "success").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    let source = world.world.cluster.get("GitRepository", namespace, "platform").expect("made above");
    assert_eq!(source["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"], *commit, "it was asked");
    let applied = world.world.cluster.get("Kustomization", namespace, "everything").expect("made above");
    assert_eq!(applied["status"]["lastAppliedRevision"], format!("refs/heads/main@sha1:{commit}"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worst_of_several_counts_and_what_waits_for_it_is_named() {
    let mut world = TestWorld::start().await;
    world.restart_with(|world| world.timing.failed_pause = Duration::from_millis(300)).await;
    with_parts(&world).await;
    let broken = format!("{LIST}  - nowhere.yaml\n");
    let (pull, commit) = world.merge_unchecked("broken", &[("infrastructure/kustomization.yaml", &broken)]).await;
    world.expect_comment(&pull, "I correct this when it is applied").await;
    let report = crate::words::told(&world.expect_comment(&pull, "❌").await.body);
    let shown: Vec<&str> = report.lines().filter(|line| !line.contains("nowhere")).collect();
    insta::assert_snapshot!(shown.join("\n"));
    let root = world.world.cluster.get("Kustomization", "flux-system", "flux-system").expect("bootstrap made it");
    assert_eq!(root["status"]["lastAppliedRevision"], format!("main@sha1:{commit}"), "one of them is applied");
    world.expect_deployed(&commit, "failure").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "failure"]);

    let mended = format!("{LIST}  - settings.yaml\n");
    let (second, later) = world.merge_unchecked("mended", &[("infrastructure/kustomization.yaml", &mended)]).await;
    world.expect_report(&second, "✅").await;
    world.expect_report(&pull, "failed first, then applied").await;
    world.expect_deployed(&later, "success").await;
    assert_eq!(world.deployed(&later), ["in_progress", "success"]);
    world.expect_deployed(&commit, "success").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "failure", "success"]);
    world.finish().await;
}

/// The merge brings another Kustomization of the source: it counts from then on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_merge_brings_along_is_followed_too() {
    let world = TestWorld::start().await;
    let late = part("late", &json!({"path": "./nowhere"})).to_string();
    let files = [
        ("cluster/common/kustomization.yaml", &*crate::words::listing("late.yaml")),
        ("cluster/common/late.yaml", &late),
    ];
    let (pull, commit) = world.merge_unchecked("late", &files).await;
    let report = world.expect_report(&pull, "❌").await;
    assert!(report.contains("`Kustomization flux-system/late` says **ArtifactFailed**"), "{report}");
    world.expect_deployed(&commit, "failure").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "failure"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_of_another_branch_is_not_it_until_it_is() {
    let mut world = TestWorld::start().await;
    world.restart_with(|world| world.timing.failed_pause = Duration::from_millis(300)).await;
    let pull = world.propose_words("branch").await;
    world.change_source(&json!({"ref": {"branch": "production"}}));
    let commit = world.merge(ALICE, &pull).await;
    world.expect_comment(&pull, "❌").await;
    let report = crate::words::told(&world.expect_comment(&pull, "❌").await.body);
    insta::assert_snapshot!(report);
    world.expect_deployed(&commit, "error").await;
    world.change_source(&json!({}));
    world.expect_report(&pull, "not to be followed at first, then applied").await;
    assert_eq!(world.deployed(&commit).last().map(String::as_str), Some("success"));
    world.finish().await;
}

/// A team could name the admins' source, or their repository, and colour every merge red.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_team_makes_does_not_count() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("teams").await;
    let mut foreign = part(
        "foreign",
        &json!({"sourceRef": {"kind": "GitRepository", "name": "flux-system", "namespace": "flux-system"}}),
    );
    let mut own = part("own", &json!({"path": "./cluster", "sourceRef": {"kind": "GitRepository", "name": "admin"}}));
    let source = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": {"name": "admin", "namespace": "team1"},
        "spec": {"url": format!("ssh://git@127.0.0.1/{ADMIN}"), "interval": "1m", "ref": {"branch": "main"}}});
    for object in [&mut foreign, &mut own] {
        object["metadata"]["namespace"] = json!("team1");
    }
    // Nor can a team hide the others behind an object that cannot be read.
    let mut odd = part("odd", &json!({"dependsOn": [{"name": "No Name!"}]}));
    odd["metadata"]["namespace"] = json!("team1");
    for object in [foreign, own, source, odd] {
        world.world.apply(object).expect("applied");
    }
    let commit = world.merge(ALICE, &pull).await;
    world.expect_report(&pull, "✅").await;
    world.expect_deployed(&commit, "success").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    let source = world.world.cluster.get("GitRepository", "team1", "admin").expect("made above");
    assert!(source["metadata"]["annotations"].is_null(), "it was not asked");
    world.finish().await;
}

/// Without the right to list everywhere, what `flux bootstrap` makes is followed, and that is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_to_list_what_bootstrap_made_is_followed() {
    let mut world = TestWorld::start().await;
    let group = "rbac.authorization.k8s.io";
    let meta = json!({"name": "follow", "namespace": "flux-system"});
    let role = json!({"apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": meta, "rules": [
        {"apiGroups": ["source.toolkit.fluxcd.io"], "resources": ["gitrepositories"], "verbs": ["get", "patch"]},
        {"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"], "verbs": ["get"]}]});
    let binding = json!({"apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": meta,
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "follow"},
        "subjects": [{"kind": "ServiceAccount", "name": "bailiwick", "namespace": "bailiwick"}]});
    for object in [role, binding] {
        world.world.apply(object).expect("applied");
    }
    let cluster = &world.world.cluster;
    let user = "system:serviceaccount:bailiwick:bailiwick";
    let weak = cluster.kubeconfig().replace(cluster.token(), &cluster.token_for(user));
    std::fs::write(world.world.directory().join("weak"), weak).expect("room for a file");
    let connection = "    engine: flux-v2\n    kubeconfig: {file: weak}\n";
    world.restart_with(|world| connection.clone_into(&mut world.connection)).await;
    let pull = world.propose_words("narrow").await;
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "✅").await;
    insta::assert_snapshot!(report);
    world.expect_deployed(&commit, "success").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);

    let other = world.propose_words("narrow-other").await;
    world.change_source(&json!({"url": "ssh://git@127.0.0.1/org/dev-team1"}));
    world.merge(ALICE, &other).await;
    let report = world.expect_report(&other, "❌").await;
    insta::assert_snapshot!(report);
    world.finish().await;
}
