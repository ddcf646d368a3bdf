//! A failure is told when it lasts, and corrected when Flux recovers: one comment, one deployment.

use std::time::Duration;

use serde_json::json;

use crate::support::{ALICE, Page, TestWorld};
use crate::words::{VIEWER, listing, told};

const BROKEN: &str = "cluster/common/kustomization.yaml";

/// A world whose jobs look often, also after a failure, and whose Flux tries again after a second.
async fn watchful(follow: Duration) -> TestWorld {
    let mut world = TestWorld::start().await;
    world
        .restart_with(|world| {
            world.timing.failed_pause = Duration::from_millis(300);
            world.timing.follow = follow;
        })
        .await;
    world
}

/// The rights of the service account `weak`, which Flux is then told to use.
fn strengthen(world: &TestWorld) {
    let group = "rbac.authorization.k8s.io";
    let binding = json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "weak"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "weak", "namespace": "flux-system"}]});
    world.world.apply(binding).expect("applied");
}

/// Merges what Flux may not apply; waits until people read it. Gives page, commit and comment.
async fn merge_and_fail(world: &TestWorld, name: &str) -> (Page, String, u64) {
    let pull = world.propose_words(name).await;
    world.change_kustomization(&json!({"serviceAccountName": "weak", "retryInterval": "1s"}));
    let commit = world.merge(ALICE, &pull).await;
    let comment = world.expect_comment(&pull, "I correct this when it is applied").await;
    world.expect_deployed(&commit, "failure").await;
    (pull, commit, comment.id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_first_and_was_applied_then() {
    let world = watchful(Duration::from_secs(600)).await;
    let (pull, commit, comment) = merge_and_fail(&world, "recovers").await;
    strengthen(&world);
    let report = world.expect_report(&pull, "✅").await;
    insta::assert_snapshot!(report);
    assert_eq!(world.bot_comments(&pull).pop().map(|it| it.id), Some(comment), "the same comment");
    world.expect_deployed(&commit, "success").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "failure", "success"]);
    let (_, description) = world.statuses(&commit).pop().expect("a status");
    assert_eq!(description, format!("Applied {}; it had failed first", &commit[..7]));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_for_good_is_the_last_word_with_what_to_do() {
    let world = watchful(Duration::from_secs(5)).await;
    world.change_kustomization(&json!({"retryInterval": "300ms"}));
    let (pull, commit) = world.merge_unchecked("broken", &[(BROKEN, &listing("nowhere.yaml"))]).await;
    let first = world.expect_comment(&pull, "I correct this when it is applied").await;
    assert!(
        told(&first.body).contains("Flux keeps trying, and I keep looking for [n] s after the merge"),
        "{}",
        first.body
    );
    let report = world.expect_report(&pull, "I have stopped following this merge").await;
    assert!(report.contains("**BuildFailed**") && report.contains("Mend it with another pull request."), "{report}");
    assert_eq!(world.bot_comments(&pull).pop().map(|it| it.id), Some(first.id), "the same comment");
    world.expect_deployed(&commit, "failure").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "failure"]);
    // Flux went through "in progress" with every attempt; people read of the steps only.
    let edits = world.github().request_log().into_iter();
    let edits = edits.filter(|it| it.method == "PATCH" && it.path.ends_with(&format!("/comments/{}", first.id)));
    assert!(edits.count() <= 3, "applying, failed, stopped");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_merge_that_mends_it_corrects_both() {
    let world = watchful(Duration::from_secs(600)).await;
    let (broken, first) = world.merge_unchecked("broken", &[(BROKEN, &listing("nowhere.yaml"))]).await;
    world.expect_comment(&broken, "I correct this when it is applied").await;
    let files = [(BROKEN, &*listing("viewer.yaml")), ("cluster/common/viewer.yaml", VIEWER)];
    let (mended, second) = world.merge_unchecked("mended", &files).await;
    world.expect_report(&mended, "✅").await;
    let report = world.expect_report(&broken, "✅").await;
    assert!(report.contains("failed first, then applied after"), "{report}");
    let corrected = world.expect_comment(&broken, "✅").await;
    assert!(corrected.body.contains(&format!("by the later commit `{}` that contains it", &second[..7])), "{report}");
    world.expect_deployed(&first, "success").await;
    assert_eq!(world.deployed(&first), ["in_progress", "failure", "success"]);
    world.expect_deployed(&second, "success").await;
    assert_eq!(world.deployed(&second), ["in_progress", "success"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_between_failure_and_recovery() {
    let mut world = watchful(Duration::from_secs(600)).await;
    let (pull, commit, comment) = merge_and_fail(&world, "restart").await;
    world.stop_server().await;
    strengthen(&world);
    let applied = |world: &TestWorld| {
        let sync = world.world.cluster.get("Kustomization", "flux-system", "flux-system")?;
        sync["status"]["lastAppliedRevision"].as_str()?.ends_with(&commit).then_some(())
    };
    world.until("Flux to recover unseen", applied).await;
    world.expect_deployed(&commit, "failure").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "failure"]);
    world.start_server().await;
    let report = world.expect_report(&pull, "✅").await;
    assert!(report.contains("failed first, then applied after"), "{report}");
    assert_eq!(world.bot_comments(&pull).pop().map(|it| it.id), Some(comment), "the same comment");
    world.expect_deployed(&commit, "success").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "failure", "success"]);
    world.finish().await;
}

/// The key comes late, and comes: a team of a merge that failed first gets it all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_of_a_merge_that_failed_first_gets_its_key() {
    let world = watchful(Duration::from_secs(600)).await;
    let pull = world.ask_for_team2().await;
    world.change_kustomization(&json!({"serviceAccountName": "weak", "retryInterval": "1s"}));
    world.merge(ALICE, &pull).await;
    world.expect_comment(&pull, "I correct this when it is applied").await;
    assert!(world.github().deploy_keys("org/dev-team2").is_empty());
    strengthen(&world);
    let report = world.expect_report(&pull, "Flux has fetched `").await;
    assert!(report.contains("failed first, then applied after"), "{report}");
    assert_eq!(world.github().deploy_keys("org/dev-team2").len(), 1);
    world.finish().await;
}

/// What stood in the way of looking is gone: the same merge is followed to its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_comes_back_is_found() {
    let world = watchful(Duration::from_secs(600)).await;
    let pull = world.propose_words("no-source").await;
    world.world.cluster.delete("GitRepository", "flux-system", "flux-system").expect("bootstrap made it");
    world.world.cluster.reconcile_once().await;
    let commit = world.merge(ALICE, &pull).await;
    world.expect_comment(&pull, "❌").await;
    world.expect_deployed(&commit, "error").await;
    world.change_source(&json!({}));
    let report = world.expect_report(&pull, "✅").await;
    assert!(report.contains("not to be followed at first, then applied after"), "{report}");
    assert_eq!(world.deployed(&commit).first().map(String::as_str), Some("error"));
    assert_eq!(world.deployed(&commit).last().map(String::as_str), Some("success"));
    world.finish().await;
}
