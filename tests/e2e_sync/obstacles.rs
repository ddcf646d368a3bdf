//! What stands between a team and its key is explained where people read about the merge, and healed
//! once it is out of the way.

use bailiwick::sandbox::github::Level;
use serde_json::json;

use crate::support::{ADMIN, ALICE, Change, Page, TEAM1, TEAM2, TestWorld};

/// What the comment says of team2's key.
async fn key_line(world: &TestWorld, pull: &Page, text: &str) -> String {
    let report = world.expect_report(pull, text).await;
    let line = report.lines().find(|line| line.contains("**team2**")).unwrap_or_else(|| panic!("{report}"));
    line.to_owned()
}

/// The same once Flux has fetched, without the commit.
async fn fetched_line(world: &TestWorld, pull: &Page) -> String {
    let line = key_line(world, pull, "Flux has fetched `").await;
    line.split("; Flux has fetched").next().unwrap_or_default().to_owned()
}

const REGISTERED: &str = "- ✅ **team2**: deploy key registered on `org/dev-team2`, read-only";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_the_app_cannot_see_then_a_ban_then_a_key_in_use() {
    let world = TestWorld::start().await;
    let pull = world.ask_for_team2().await;
    world.github().select_repositories("org", Some(&["dev-cluster", "dev-team1"])).expect("they are there");
    world.context().forget_repositories();
    world.merge(ALICE, &pull).await;
    insta::assert_snapshot!(key_line(&world, &pull, "no deploy key").await);

    world.github().select_repositories("org", None).expect("the App is installed");
    world.github().allow_deploy_keys("org", false).expect("it is there");
    world.refresh().await;
    insta::assert_snapshot!(key_line(&world, &pull, "forbids deploy keys").await);

    world.github().allow_deploy_keys("org", true).expect("it is there");
    let secret =
        world.world.cluster.get("Secret", "team2", "flux-git-auth").expect("made before the key is registered");
    let public = base64_text(&secret["data"]["identity.pub"]);
    let elsewhere = world.github().add_deploy_key(ALICE, TEAM1, "by mistake", &public).expect("a key");
    world.refresh().await;
    insta::assert_snapshot!(key_line(&world, &pull, "in use").await);

    world.github().remove_deploy_key(ALICE, TEAM1, elsewhere).expect("it is there");
    world.refresh().await;
    assert_eq!(fetched_line(&world, &pull).await, REGISTERED);
    world.finish().await;
}

fn base64_text(value: &serde_json::Value) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(value.as_str().expect("text")).expect("base64");
    String::from_utf8(bytes).expect("text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permission_that_the_app_was_not_given_is_healed_when_it_is() {
    let world = TestWorld::start().await;
    let pull = world.ask_for_team2().await;
    world.github().set_permission("org", "administration", None).expect("the App is installed");
    world.merge(ALICE, &pull).await;
    let line = key_line(&world, &pull, "no deploy key").await;
    assert!(line.contains("*Administration: write*"), "{line}");
    world.github().set_permission("org", "administration", Some(Level::Write)).expect("the App is installed");
    assert_eq!(fetched_line(&world, &pull).await, REGISTERED);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_of_somebody_else_is_left_alone_and_explained() {
    let world = TestWorld::start().await;
    let pull = world.ask_for_team2().await;
    world
        .world
        .apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team2"}}))
        .expect("applied");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "flux-git-auth", "namespace": "team2"},
        "stringData": {"identity": "not a key"}});
    world.world.apply(secret).expect("applied");
    world.merge(ALICE, &pull).await;
    insta::assert_snapshot!(key_line(&world, &pull, "no deploy key").await);
    assert!(world.github().deploy_keys(TEAM2).is_empty());
    world.world.cluster.delete("Secret", "team2", "flux-git-auth").expect("it is there");
    world.refresh().await;
    assert_eq!(fetched_line(&world, &pull).await, REGISTERED);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_that_comes_late() {
    let world = TestWorld::start().await;
    let pull = world.ask_for_team2().await;
    world.world.cluster.faults().pause_controllers(true);
    world.merge(ALICE, &pull).await;
    world.look_after_key("team2", Some(&pull)).await;
    world.expect_comment(&pull, "waiting for the namespace `team2`").await;
    world.world.cluster.faults().pause_controllers(false);
    assert_eq!(fetched_line(&world, &pull).await, REGISTERED);
    assert_eq!(world.github().deploy_keys(TEAM2).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_that_never_comes() {
    let mut world = TestWorld::start().await;
    world.restart_with(|world| world.timing.follow = std::time::Duration::from_secs(2)).await;
    let pull = world.ask_for_team2().await;
    world.world.cluster.faults().pause_controllers(true);
    world.merge(ALICE, &pull).await;
    world.look_after_key("team2", Some(&pull)).await;
    let line = key_line(&world, &pull, "did not appear").await;
    assert!(line.contains("I look again by myself"), "{line}");
    world.refresh().await;
    assert_eq!(key_line(&world, &pull, "did not appear").await, line, "it is not waited for again and again");
    world.world.cluster.faults().pause_controllers(false);
    world.world.cluster.reconcile_once().await;
    world.refresh().await;
    assert_eq!(fetched_line(&world, &pull).await, REGISTERED);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_that_is_removed_while_its_namespace_is_waited_for() {
    let world = TestWorld::start().await;
    let list = world.github().read_file(ADMIN, "main", "cluster/kustomization.yaml").await.expect("the list");
    let pull = world.ask_for_team2().await;
    world.world.cluster.faults().pause_controllers(true);
    world.merge(ALICE, &pull).await;
    world.look_after_key("team2", Some(&pull)).await;
    world.expect_comment(&pull, "waiting for the namespace `team2`").await;
    let files = world.files_below("cluster/team2").await;
    let mut changes: Vec<Change> = files.iter().map(|path| Change::delete(path)).collect();
    changes.push(Change::write("cluster/kustomization.yaml", &list));
    world.push_changes(ALICE, (ADMIN, "main"), &changes).await;
    world.expect_comment(&pull, "the team is no longer in the admin repository").await;
    world.world.cluster.faults().pause_controllers(false);
    let report = world.expect_report(&pull, "✅").await;
    assert!(report.contains("no longer in the admin repository"), "{report}");
    assert!(world.github().deploy_keys(TEAM2).is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_in_the_cluster_is_told() {
    let mut world = TestWorld::start().await;
    let pull = world.ask_for_team2().await;
    let cluster = &world.world.cluster;
    let user = "system:serviceaccount:bailiwick:bailiwick";
    let group = "rbac.authorization.k8s.io";
    let follow = json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": {"name": "follow"}, "rules": [
        {"apiGroups": ["source.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io"], "resources": ["*"],
         "verbs": ["get", "list", "patch"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}]});
    let binding = json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "follow"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "follow"},
        "subjects": [{"kind": "ServiceAccount", "name": "bailiwick", "namespace": "bailiwick"}]});
    for object in [follow, binding] {
        world.world.apply(object).expect("applied");
    }
    let weak = cluster.kubeconfig().replace(cluster.token(), &cluster.token_for(user));
    std::fs::write(world.world.directory().join("weak"), weak).expect("room for a file");
    let connection = "    engine: flux-v2\n    kubeconfig: {file: weak}\n";
    world.restart_with(|world| connection.clone_into(&mut world.connection)).await;
    world.merge(ALICE, &pull).await;
    insta::assert_snapshot!(key_line(&world, &pull, "no deploy key").await);
    world.finish().await;
}
