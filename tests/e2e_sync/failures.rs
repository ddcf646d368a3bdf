//! What does not arrive in the cluster is told with its object, its reason and a remedy; never green.

use std::time::Duration;

use bailiwick::sandbox::cluster::Requests;
use serde_json::json;

use crate::support::{ADMIN, ALICE, Page, TestWorld};
use crate::words::listing;

/// Never green, and the last word is that state.
fn assert_not_green(world: &TestWorld, commit: &str, state: &str, report: &str) {
    let said = world.deployed(commit);
    assert!(said == ["in_progress", state] || said == [state], "{said:?}");
    assert!(!report.contains('✅'), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_that_fails() {
    let world = TestWorld::start().await;
    let (pull, commit) =
        world.merge_unchecked("broken", &[("cluster/common/kustomization.yaml", &listing("nowhere.yaml"))]).await;
    let report = world.expect_report(&pull, "❌").await;
    assert!(report.contains("BuildFailed") && report.contains("nowhere.yaml"), "{report}");
    insta::assert_snapshot!(report.lines().take(5).collect::<Vec<_>>().join("\n"));
    assert_not_green(&world, &commit, "failure", &report);
    let (_, description) = world.statuses(&commit).pop().expect("a status");
    assert!(description.starts_with("Kustomization flux-system/flux-system: BuildFailed: kustomize"), "{description}");
    // The next merge mends it, and is told of by itself.
    let (mended, commit) = world
        .merge_unchecked(
            "mended",
            &[
                ("cluster/common/kustomization.yaml", &listing("roles2.yaml")),
                ("cluster/common/roles2.yaml", crate::words::VIEWER),
            ],
        )
        .await;
    world.expect_report(&mended, "✅").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_the_cluster_refuses() {
    let world = TestWorld::start().await;
    let role = "apiVersion: example.org/v1\nkind: Unknown\nmetadata:\n  name: x\n";
    let files = [("cluster/common/kustomization.yaml", &*listing("x.yaml")), ("cluster/common/x.yaml", role)];
    let (pull, commit) = world.merge_unchecked("unknown", &files).await;
    let report = world.expect_report(&pull, "❌").await;
    insta::assert_snapshot!(report);
    assert_not_green(&world, &commit, "failure", &report);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_account_that_may_not_apply() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("weak").await;
    world.change_kustomization(&json!({"serviceAccountName": "weak"}));
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "❌").await;
    assert!(
        report.contains("ReconciliationFailed") && report.contains("system:serviceaccount:flux-system:weak"),
        "{report}"
    );
    assert_not_green(&world, &commit, "failure", &report);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_does_not_open_the_admin_repository_any_more() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("shut-out").await;
    let key = world.github().deploy_keys(ADMIN).pop().expect("the key that bootstrap made");
    world.github().remove_deploy_key(ALICE, ADMIN, key.id).expect("it is there");
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "❌").await;
    insta::assert_snapshot!(report);
    assert_not_green(&world, &commit, "failure", &report);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_that_passes_by_itself_is_not_told() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("passing").await;
    world.change_kustomization(&json!({"retryInterval": "300ms"}));
    world.world.cluster.faults().fail_next_fetch("GitOperationFailed", "connection reset by peer");
    world.world.cluster.faults().fail_next_sync("HealthCheckFailed", "timeout waiting for: [Deployment/a/b]");
    let commit = world.merge(ALICE, &pull).await;
    world.expect_report(&pull, "✅").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_source_and_a_suspended_kustomization() {
    let world = TestWorld::start().await;
    let (first, second) = (world.propose_words("asleep").await, world.propose_words("half-asleep").await);
    world.change_source(&json!({"suspend": true}));
    let commit = world.merge(ALICE, &first).await;
    let report = world.expect_report(&first, "❌").await;
    assert!(report.contains("`flux resume source git flux-system -n flux-system`"), "{report}");
    assert_not_green(&world, &commit, "failure", &report);
    world.change_kustomization(&json!({"suspend": true}));
    world.change_source(&json!({"suspend": false}));
    let commit = world.merge(ALICE, &second).await;
    let report = world.expect_report(&second, "❌").await;
    assert!(report.contains("`flux resume kustomization flux-system -n flux-system`"), "{report}");
    assert_not_green(&world, &commit, "failure", &report);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_has_a_bad_moment() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("moment").await;
    let faults = world.world.cluster.faults();
    faults.fail_requests(2, 503, Requests::All);
    faults.fail_requests(1, 409, Requests::Writes);
    faults.fail_requests(2, 500, Requests::Reads);
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "✅").await;
    assert!(report.contains("applied"), "{report}");
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_away_for_a_while() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("away").await;
    world.world.cluster.faults().fail_requests(20, 503, Requests::All);
    let commit = world.merge(ALICE, &pull).await;
    world.expect_comment(&pull, "the cluster does not answer; I keep asking").await;
    world.expect_deployed(&commit, "in_progress").await;
    world.expect_report(&pull, "✅").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_stays_away() {
    let mut world = TestWorld::start().await;
    let nowhere = world.world.cluster.kubeconfig().replace(&world.world.cluster.url(), "http://127.0.0.1:9");
    let report = with_kubeconfig(&mut world, &nowhere, "stays-away").await;
    assert!(
        report.1.contains("no result after")
            && report.1.contains("did not answer for all objects of kind GitRepository"),
        "{}",
        report.1
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_in_the_cluster() {
    let mut world = TestWorld::start().await;
    let cluster = &world.world.cluster;
    let weak =
        cluster.kubeconfig().replace(cluster.token(), &cluster.token_for("system:serviceaccount:bailiwick:bailiwick"));
    let (_, report) = with_kubeconfig(&mut world, &weak, "no-right").await;
    insta::assert_snapshot!(report);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_the_cluster_refuses() {
    let mut world = TestWorld::start().await;
    let wrong = world.world.cluster.kubeconfig().replace(world.world.cluster.token(), "old");
    let (_, report) = with_kubeconfig(&mut world, &wrong, "refused").await;
    assert!(report.contains("renew the token or the kubeconfig of this cluster"), "{report}");
    world.finish().await;
}

/// Reaches the cluster with another kubeconfig, for two seconds at most, and merges.
async fn with_kubeconfig(world: &mut TestWorld, kubeconfig: &str, name: &str) -> (Page, String) {
    std::fs::write(world.world.directory().join("other"), kubeconfig).expect("room for a file");
    world
        .restart_with(|world| {
            world.timing.follow = Duration::from_secs(3);
            world.connection = "    engine: flux-v2\n    kubeconfig: {file: other}\n".to_owned();
        })
        .await;
    let pull = world.propose_words(name).await;
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "❌").await;
    assert_not_green(world, &commit, "error", &report);
    (pull, report)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_takes_too_long() {
    let mut world = TestWorld::start().await;
    world.restart_with(|world| world.timing.follow = Duration::from_secs(2)).await;
    let pull = world.propose_words("slow").await;
    world.world.cluster.faults().hold_syncs(true);
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "❌").await;
    insta::assert_snapshot!(report);
    assert_not_green(&world, &commit, "error", &report);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_without_the_source() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("no-source").await;
    world.world.cluster.delete("GitRepository", "flux-system", "flux-system").expect("bootstrap made it");
    world.world.cluster.reconcile_once().await;
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "❌").await;
    insta::assert_snapshot!(report);
    assert_not_green(&world, &commit, "error", &report);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_without_flux() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("no-flux").await;
    world.world.cluster.faults().pause_controllers(true);
    let definition = "gitrepositories.source.toolkit.fluxcd.io";
    world.world.cluster.delete("CustomResourceDefinition", "", definition).expect("Flux brought it");
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "❌").await;
    assert!(report.contains("`flux install`"), "{report}");
    assert_not_green(&world, &commit, "error", &report);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_bailiwick_was_not_given() {
    let mut world = TestWorld::start().await;
    world.restart_with(|world| "    engine: flux-v2\n".clone_into(&mut world.connection)).await;
    let pull = world.ask_for_team2().await;
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "❔").await;
    insta::assert_snapshot!(report);
    assert!(world.deployed(&commit).is_empty(), "nothing is known, so nothing is deployed");
    assert!(world.github().deploy_keys("org/dev-team2").is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flux_v1_cannot_be_followed_yet() {
    let mut world = TestWorld::start().await;
    let connection = "    engine: flux-v1\n    kubeconfig: {file: kubeconfig}\n";
    world.restart_with(|world| connection.clone_into(&mut world.connection)).await;
    let pull = world.propose_words("flux-v1").await;
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "❔").await;
    insta::assert_snapshot!(report);
    assert!(world.deployed(&commit).is_empty());
    world.finish().await;
}
