//! What webhooks missed is found again, and looking for it costs little.

use serde_json::json;

use crate::support::{ADMIN, ALICE, BOB, Page, TEAM1, TEAM2, TestWorld};
use crate::words::routes;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_but_commands_is_repaired() {
    let world = TestWorld::start().await;
    let (words, team) = (world.propose_words("before").await, world.ask_for_team2().await);
    world.quiet().await;
    world.github().faults().drop_percent(100);
    let first = world.merge(ALICE, &words).await;
    let second = world.merge(ALICE, &team).await;
    let admin = world.open(ALICE, (ADMIN, "missed"), &[("docs/missed.md", "Words.\n")]).await;
    let of_team = world.open(BOB, (TEAM1, "missed"), &[("README.md", "Words.\n")]).await;
    world.comment(ALICE, &Page::requests(), "/help");
    world.quiet().await;
    assert!(world.bot_comments(&words).is_empty() && world.checks_of(ADMIN, &world.head(&admin)).is_empty());

    world.refresh().await;
    world.expect_check(&admin, "success").await;
    world.expect_check(&of_team, "success").await;
    world.expect_report(&words, "✅").await;
    world.expect_report(&team, "deploy key registered").await;
    for commit in [first, second] {
        assert_eq!(world.deployed(&commit).last().map(String::as_str), Some("success"));
    }
    assert_eq!(world.github().deploy_keys(TEAM2).len(), 1);
    // A command is not run an hour late: its author sees that nobody has reacted.
    assert_eq!(world.bot_comments(&Page::requests()).len(), 1, "only the answer to /create-team");
    world.github().faults().drop_percent(0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_was_removed_unseen_is_missed_by_flux_and_comes_back() {
    let world = TestWorld::start().await;
    let fetched = |world: &TestWorld| world.team1_is_fetched().then_some(());
    world.until("Flux to fetch with the new key", fetched).await;
    world.github().faults().drop_percent(100);
    let key = world.github().deploy_keys(TEAM1).pop().expect("registered");
    world.github().remove_deploy_key(ALICE, TEAM1, key.id).expect("it is there");
    world.refresh().await;
    assert!(world.github().deploy_keys(TEAM1).is_empty(), "nobody has noticed");
    let ask = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {
        "name": "team1", "namespace": "team1", "annotations": {"reconcile.fluxcd.io/requestedAt": "by hand"}}});
    world.world.apply(ask).expect("applied");
    world.until("Flux to be shut out", |world| (!world.team1_is_fetched()).then_some(())).await;
    world.refresh().await;
    assert_eq!(world.github().deploy_keys(TEAM1).len(), 1);
    world.until("Flux to fetch again", fetched).await;
    world.github().faults().drop_percent(0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_look_around_writes_nothing_and_asks_little() {
    let world = TestWorld::start().await;
    let open = world.propose_words("open").await;
    // The verdict can be seen a moment before its request is in the log.
    world.quiet().await;
    world.github().clear_request_log();
    world.refresh().await;
    insta::assert_snapshot!(routes(&world.github().request_log()));
    world.expect_check(&open, "success").await;
    world.finish().await;
}

/// Pull requests into other branches are no business of the bot, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_request_into_another_branch_costs_nothing() {
    let world = TestWorld::start().await;
    world.push(ALICE, (ADMIN, "old"), &[("docs/old.md", "Old.\n")]).await;
    world.push(ALICE, (ADMIN, "into-old"), &[("docs/new.md", "New.\n")]).await;
    let pull = world.open_into(ALICE, (ADMIN, "into-old"), "old").await;
    world.quiet().await;
    world.github().clear_request_log();
    world.refresh().await;
    let asked = routes(&world.github().request_log());
    assert!(!asked.contains("/pulls/"), "{asked}");
    world.expect_no_check(&pull).await;
    world.finish().await;
}
