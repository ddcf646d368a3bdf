//! The server stops in the middle, starts again on the same database, and finishes its work.

use std::time::Duration;

use http::Method;

use super::files;
use super::support::{ADMIN, ALICE, BOB, Effect, Page, TestWorld};

/// From the next start on a stop waits for nothing: what runs is broken off where it is.
async fn without_grace(world: &mut TestWorld) {
    world.stop_server().await;
    world.world.queue.grace = Duration::ZERO;
    world.start_server().await;
    world.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_review_broken_off_between_two_batches_ends_with_every_annotation_once() {
    let mut world = TestWorld::start().await;
    without_grace(&mut world).await;
    let slow = Effect::Slow(Duration::from_millis(300));
    world.github().faults().next_requests(Method::PATCH, "/repos/org/dev-cluster/check-runs/*", 4, slow);
    let common = files::common(&["greedy.yaml"]);
    let roles = files::greedy_roles(120);
    let changes = [("cluster/common/kustomization.yaml", common.as_str()), ("cluster/common/greedy.yaml", &roles)];
    let pull = world.open(BOB, (ADMIN, "greedy"), &changes).await;
    let head = world.head(&pull);
    let some = |world: &TestWorld| world.checks_of(ADMIN, &head).pop().filter(|run| !run.annotations.is_empty());
    let cut = world.until("the first annotations", some).await;
    world.stop_server().await;
    assert_eq!(cut.status, "in_progress");

    world.start_server().await;
    let check = world.expect_check(&pull, "success").await;
    let mut lines: Vec<_> = check.run.annotations.iter().filter_map(|note| note["start_line"].as_u64()).collect();
    assert_eq!(lines.len(), 120);
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 120, "some findings stand there twice and others not at all");
    assert_eq!(world.checks_of(ADMIN, &head).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_broken_off_anywhere_is_finished() {
    let mut world = TestWorld::start().await;
    without_grace(&mut world).await;
    let steps = ["git/commits", "git/refs", "pulls", "issues/1/comments"];
    for (number, step) in steps.into_iter().enumerate() {
        let (team, path) = (format!("team1{number}"), format!("/repos/org/dev-cluster/{step}"));
        let branch = format!("bailiwick/create-team/{team}");
        world.github().faults().next_requests(Method::POST, &path, 1, Effect::Slow(Duration::from_millis(300)));
        world.github().clear_request_log();
        let comment = world.comment(ALICE, &Page::requests(), &format!("/create-team {team}"));
        let before = |world: &TestWorld| {
            let reached = world.requests().iter().filter(|line| line.starts_with("POST")).count();
            (reached > number).then_some(())
        };
        world.until("the command to be on its way", before).await;
        world.stop_server().await;
        world.start_server().await;
        world.expect_answer(comment).await;
        let (pull, _) = world.expect_pull_request(&branch).await;
        world.expect_check(&pull, "success").await;
        world.quiet().await;
        let pulls = world.github().pulls(ADMIN).into_iter().filter(|pull| pull.head == branch);
        assert_eq!(pulls.count(), 1, "{step}");
        assert_eq!(world.bot_comments(&Page::requests()).len(), number + 1, "{step}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_lets_a_running_review_end() {
    let mut world = TestWorld::start().await;
    let slow = Effect::Slow(Duration::from_millis(300));
    world.github().faults().next_requests(Method::PATCH, "/repos/org/dev-cluster/check-runs/*", 1, slow);
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    let head = world.head(&pull);
    world.until("the check run to open", |world| world.checks_of(ADMIN, &head).pop()).await;
    world.stop_server().await;
    let run = world.checks_of(ADMIN, &head).pop().expect("it was open");
    assert_eq!(run.conclusion.as_deref(), Some("success"));
    world.start_server().await;
    world.quiet().await;
    assert_eq!(world.checks_of(ADMIN, &head).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_wait_are_done_after_the_start() {
    let mut world = TestWorld::start().await;
    world.github().faults().next_requests(Method::GET, "/repos/org/dev-cluster/pulls/*", 2, Effect::Status(502));
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    world.github().webhooks_settled().await;
    world.stop_server().await;
    assert!(world.checks_of(ADMIN, &world.head(&pull)).is_empty());
    world.start_server().await;
    world.expect_check(&pull, "success").await;
    world.finish().await;
}
