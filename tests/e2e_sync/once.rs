//! After a merge, too, what was done and could not be recorded is found again.

use bailiwick::sandbox::cluster::Requests;
use http::Method;
use serde_json::json;

use crate::keys::secret_value;
use crate::support::{ADMIN, ALICE, Effect, TEAM1, TEAM2, TestWorld};

/// Whether an answer was lost.
fn lost(world: &TestWorld, method: &str) -> bool {
    world.requests().iter().any(|line| line.starts_with(method) && line.ends_with(" 0"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_is_one_comment_one_deployment_and_each_step_once() {
    let world = TestWorld::start().await;
    for (number, path) in ["issues/*/comments", "deployments", "deployments/*/statuses"].into_iter().enumerate() {
        let pull = world.propose_words(&format!("words-{number}")).await;
        world.github().clear_request_log();
        let path = format!("/repos/{ADMIN}/{path}");
        world.github().faults().next_requests(Method::POST, &path, 1, Effect::CutAfter);
        // The lost answer is found again before the sync ends: there is a step to be told of.
        world.world.cluster.faults().hold_syncs(true);
        let commit = world.merge(ALICE, &pull).await;
        world.expect_deployed(&commit, "in_progress").await;
        world.world.cluster.faults().hold_syncs(false);
        world.expect_report(&pull, "✅").await;
        assert!(lost(&world, "POST"), "{path}");
        assert_eq!(world.deployed(&commit), ["in_progress", "success"], "{path}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_step_of_a_deployment_is_said_once() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("words").await;
    world.world.cluster.faults().hold_syncs(true);
    let commit = world.merge(ALICE, &pull).await;
    world.expect_deployed(&commit, "in_progress").await;
    let statuses = format!("/repos/{ADMIN}/deployments/*/statuses");
    world.github().faults().next_requests(Method::POST, &statuses, 1, Effect::CutAfter);
    world.world.cluster.faults().hold_syncs(false);
    world.expect_report(&pull, "✅").await;
    assert!(lost(&world, "POST"));
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_that_somebody_deleted_is_written_anew_once() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("words").await;
    world.world.cluster.faults().hold_syncs(true);
    let commit = world.merge(ALICE, &pull).await;
    world.expect_deployed(&commit, "in_progress").await;
    let first = world.expect_comment(&pull, "sync/dev").await;
    world.github().delete_comment(ALICE, first.id).expect("it is there");
    let comments = format!("/repos/{ADMIN}/issues/*/comments");
    world.github().faults().next_requests(Method::POST, &comments, 1, Effect::CutAfter);
    world.world.cluster.faults().hold_syncs(false);
    let report = world.expect_report(&pull, "✅").await;
    assert!(lost(&world, "POST"), "{report}");
    assert_eq!(world.bot_comments(&pull).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_registered_once_and_replaced_once() {
    let world = TestWorld::start().await;
    let pull = world.ask_for_team2().await;
    world.github().clear_request_log();
    let keys = format!("/repos/{TEAM2}/keys");
    world.github().faults().next_requests(Method::POST, &keys, 1, Effect::CutAfter);
    world.merge(ALICE, &pull).await;
    world.expect_report(&pull, "Flux has fetched `").await;
    assert!(lost(&world, "POST"));
    assert_eq!(world.github().deploy_keys(TEAM2).len(), 1);

    let before = world.github().deploy_keys(TEAM1).pop().expect("registered");
    world.github().faults().drop_next(2);
    world.github().remove_deploy_key(ALICE, TEAM1, before.id).expect("it is there");
    let mighty = json!({"title": "by hand", "key": before.key, "read_only": false});
    world.api(ALICE, (Method::POST, &format!("/repos/{TEAM1}/keys")), &mighty).await;
    let keys = format!("/repos/{TEAM1}/keys");
    world.github().faults().next_requests(Method::DELETE, &format!("{keys}/*"), 1, Effect::CutAfter);
    world.github().faults().next_requests(Method::POST, &keys, 1, Effect::CutAfter);
    world.look_after_key("team1", None).await;
    world.quiet().await;
    assert!(lost(&world, "DELETE"));
    let after = world.github().deploy_keys(TEAM1);
    assert!(after.len() == 1 && after[0].read_only && after[0].key == before.key, "{after:?}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_that_was_made_is_the_one_that_is_registered() {
    let world = TestWorld::start().await;
    world.world.cluster.delete("Secret", "team1", "flux-git-auth").expect("it is there");
    let before = world.github().deploy_keys(TEAM1);
    world.world.cluster.faults().lose_answers(1, Requests::Writes);
    world.look_after_key("team1", None).await;
    world.quiet().await;
    let public = secret_value(&world, "team1", "identity.pub");
    let new: Vec<_> = world.github().deploy_keys(TEAM1).into_iter().filter(|key| !before.contains(key)).collect();
    assert_eq!(new.len(), 1, "one pair and not two: {new:?}");
    assert!(public.starts_with(&new[0].key), "the one that Flux has");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flux_is_asked_again_for_the_same_thing() {
    let world = TestWorld::start().await;
    let pull = world.propose_words("words").await;
    world.world.cluster.faults().lose_answers(1, Requests::Writes);
    let commit = world.merge(ALICE, &pull).await;
    world.expect_report(&pull, "✅").await;
    let source = world.world.cluster.get("GitRepository", "flux-system", "flux-system").expect("it is there");
    assert_eq!(source["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"], json!(commit));
    assert_eq!(world.deployed(&commit), ["in_progress", "success"]);
    world.finish().await;
}
