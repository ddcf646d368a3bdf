//! A merge in the admin repository is followed into the cluster and told of once.

use std::time::Duration;

use crate::support::{ADMIN, ALICE, Order, TestWorld};
use crate::words::{VIEWER, listing, routes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_is_followed_until_it_is_applied() {
    let world = TestWorld::start().await;
    let files =
        [("cluster/common/kustomization.yaml", &*listing("viewer.yaml")), ("cluster/common/viewer.yaml", VIEWER)];
    let pull = world.propose("viewer", &files).await;
    world.github().webhooks_settled().await;
    world.github().clear_request_log();
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "✅").await;
    insta::assert_snapshot!(report);
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    assert!(world.world.cluster.get("ClusterRole", "", "viewer").is_some(), "it is applied");
    insta::assert_snapshot!(routes(&world.github().request_log()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_without_a_pull_request_is_a_deployment_and_no_comment() {
    let world = TestWorld::start().await;
    let commit = world.push(ALICE, (ADMIN, "main"), &[("README.md", "Hello\n")]).await;
    world.expect_deployed(&commit, "success").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    world.finish().await;
}

/// Push and pull request event come in any order and are one sync.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_event_comes_first_there_is_one_sync_and_one_comment() {
    let world = TestWorld::start().await;
    for (name, order) in [("first", Order::AsHappened), ("second", Order::Reversed)] {
        let pull = world.propose_words(name).await;
        world.quiet().await;
        world.github().faults().hold();
        let commit = world.merge(ALICE, &pull).await;
        world.github().faults().release(order);
        world.expect_report(&pull, "✅").await;
        assert_eq!(world.deployed(&commit), ["in_progress", "success"], "{name}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_comes_long_after_the_sync_changes_nothing() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("late").await;
    world.quiet().await;
    let before = world.github().deliveries().len();
    world.github().faults().drop_next(2);
    let commit = world.merge(ALICE, &pull).await;
    world.github().webhooks_settled().await;
    let lost = world.github().deliveries().split_off(before);
    let guid = |event: &str| lost.iter().find(|it| it.event == event).expect("a merge has both events").guid.clone();
    assert!(world.github().redeliver(&guid("push")));
    let first = world.expect_report(&pull, "✅").await;
    world.github().clear_request_log();
    assert!(world.github().redeliver(&guid("pull_request")));
    world.quiet().await;
    assert_eq!(world.expect_report(&pull, "✅").await, first);
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    assert_eq!(routes(&world.github().request_log()), "", "it is known already");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_squash_is_a_merge() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("squashed").await;
    let commit = world.squash(ALICE, &pull).await;
    let report = world.expect_report(&pull, "✅").await;
    assert!(report.contains("applied"), "{report}");
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    world.finish().await;
}

/// Flux fetches the tip only: what is contained in it is applied.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_merges_at_once_keep_their_own_comments() {
    let world = TestWorld::start().await;
    let pulls =
        [world.propose_words("one").await, world.propose_words("two").await, world.propose_words("three").await];
    world.world.cluster.faults().pause_controllers(true);
    let mut commits = Vec::new();
    for pull in &pulls {
        commits.push(world.merge(ALICE, pull).await);
    }
    for pull in &pulls {
        world.expect_comment(pull, "Flux was asked to fetch it").await;
    }
    world.world.cluster.faults().pause_controllers(false);
    for (pull, commit) in pulls.iter().zip(&commits) {
        let report = world.expect_comment(pull, "✅").await;
        assert!(report.body.contains(&commit[..7]), "{}", report.body);
        let overtaken = format!("by the later commit `{}`", &commits[2][..7]);
        assert_eq!(report.body.contains(&overtaken), *commit != commits[2], "{}", report.body);
        world.expect_deployed(commit, "success").await;
        assert_eq!(world.deployed(commit), ["in_progress", "success"]);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_goes_on_and_reports_once() {
    let mut world = TestWorld::start().await;
    let pull = world.propose_words("restart").await;
    world.world.cluster.faults().pause_controllers(true);
    let commit = world.merge(ALICE, &pull).await;
    world.expect_comment(&pull, "Flux was asked to fetch it").await;
    world.stop_server().await;
    world.world.cluster.faults().pause_controllers(false);
    world.start_server().await;
    world.expect_report(&pull, "✅").await;
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    world.finish().await;
}

/// The first look at the cluster comes before Flux has seen anything: an old revision is no success.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_revision_is_no_success() {
    let mut world = TestWorld::start().await;
    world.restart_with(|world| world.timing.follow = Duration::from_secs(2)).await;
    let pull = world.propose_words("older").await;
    world.world.cluster.faults().pause_controllers(true);
    let commit = world.merge(ALICE, &pull).await;
    let report = world.expect_report(&pull, "❌").await;
    insta::assert_snapshot!(report);
    assert_eq!(world.deployed(&commit), ["in_progress", "error"]);
    world.finish().await;
}

/// A push of several commits, or a rebase, brings a team that the last commit does not touch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_in_an_earlier_commit_of_a_push_gets_its_key_too() {
    let world = TestWorld::start().await;
    let pull = world.ask_for_team2().await;
    let branch = "bailiwick/create-team/team2";
    world.push(ALICE, (ADMIN, branch), &[("README.md", "And words.\n")]).await;
    world.expect_check(&pull, "success").await;
    world.quiet().await;
    world.github().protect(ADMIN, &[]).expect("it is there");
    world.github().faults().drop_next(2);
    let tip = world.fast_forward(ALICE, ADMIN, branch).await;
    world.github().webhooks_settled().await;
    let lost = world.github().deliveries();
    let push = lost.iter().rfind(|it| it.event == "push").expect("a push");
    assert!(world.github().redeliver(&push.guid));
    world.expect_deployed(&tip, "success").await;
    let report = world.expect_report(&pull, "Flux has fetched `").await;
    assert!(report.contains("**team2**"), "{report}");
    assert_eq!(world.github().deploy_keys("org/dev-team2").len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_conversation_does_not_stop_the_deployment() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("locked").await;
    let path = format!("/repos/{ADMIN}/issues/{}/comments", pull.number);
    world.github().faults().next_requests(http::Method::POST, &path, 9, crate::support::Effect::Status(403));
    let commit = world.merge(ALICE, &pull).await;
    world.expect_deployed(&commit, "success").await;
    world.expect_silence(&pull).await;
    world.finish().await;
}
