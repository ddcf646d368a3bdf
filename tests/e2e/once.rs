//! What was done and could not be recorded is found again: each test loses the answer exactly
//! between an effect and its record. More of them are in `misbehaving`, those of a merge in
//! `tests/e2e_sync/once.rs`.

use std::time::Duration;

use http::Method;

use super::support::{ADMIN, ALICE, BOB, Effect, Page, TestWorld};

const CHECK_RUNS: &str = "/repos/org/dev-cluster/check-runs";

/// A world in which a failed job is tried again only after some seconds, so that people are faster.
async fn patient() -> TestWorld {
    let mut world = TestWorld::start().await;
    world.stop_server().await;
    world.world.queue.backoff.first = Duration::from_secs(4);
    world.start_server().await;
    world.quiet().await;
    world.github().clear_request_log();
    world
}

/// Waits until the answer to such a request was lost.
async fn lost(world: &TestWorld, method: &str, path: &str) {
    let start = format!("{method} {path}");
    let lost = |world: &TestWorld| {
        world.requests().iter().any(|line| line.starts_with(&start) && line.ends_with(" 0")).then_some(())
    };
    world.until("the answer to be lost", lost).await;
}

fn count(world: &TestWorld, start: &str) -> usize {
    world.requests().iter().filter(|line| line.starts_with(start)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_run_that_may_have_been_opened_is_cancelled_when_its_head_is_gone() {
    let world = patient().await;
    world.github().faults().next_requests(Method::POST, CHECK_RUNS, 1, Effect::CutAfter);
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    let overtaken = world.head(&pull);
    lost(&world, "POST", CHECK_RUNS).await;
    world.push(BOB, (ADMIN, "words"), &[("README.md", "# Another word\n")]).await;
    world.expect_check_of(ADMIN, &overtaken, "cancelled").await;
    world.expect_check(&pull, "success").await;
    assert_eq!(world.checks_of(ADMIN, &overtaken).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_that_is_not_recorded_stands_when_the_pull_request_is_closed() {
    let world = patient().await;
    world.github().faults().next_requests(Method::PATCH, &format!("{CHECK_RUNS}/*"), 1, Effect::CutAfter);
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    lost(&world, "PATCH", CHECK_RUNS).await;
    world.github().close_pull(BOB, ADMIN, pull.number).unwrap();
    world.quiet().await;
    let run = world.expect_check(&pull, "success").await.run;
    // Opened again, it is the same head with the same verdict.
    world.github().reopen_pull(BOB, ADMIN, pull.number).await.unwrap();
    world.quiet().await;
    assert_eq!(world.checks_of(ADMIN, &world.head(&pull)), [run]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_is_committed_once_and_its_pull_request_judged_once() {
    let world = TestWorld::start().await;
    for (number, path) in ["git/refs", "pulls", "issues/1/comments"].into_iter().enumerate() {
        world.github().clear_request_log();
        let path = format!("/repos/{ADMIN}/{path}");
        world.github().faults().next_requests(Method::POST, &path, 1, Effect::CutAfter);
        let (team, branch) = (format!("team1{number}"), format!("bailiwick/create-team/team1{number}"));
        let comment = world.comment(ALICE, &Page::requests(), &format!("/create-team {team}"));
        world.expect_answer(comment).await;
        let (pull, _) = world.expect_pull_request(&branch).await;
        world.expect_check(&pull, "success").await;
        world.quiet().await;
        lost(&world, "POST", &path).await;
        assert_eq!(count(&world, &format!("POST /repos/{ADMIN}/git/commits")), 1, "{path}");
        assert_eq!(count(&world, &format!("PATCH /repos/{ADMIN}/git/refs")), 0, "{path}");
        assert_eq!(count(&world, &format!("POST {CHECK_RUNS}")), 1, "{path}");
        assert_eq!(world.github().pulls(ADMIN).iter().filter(|pull| pull.head == branch).count(), 1, "{path}");
    }
    assert_eq!(world.read(&Page::requests()).await.len(), 3);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_and_a_pull_request_of_which_the_store_knows_nothing_are_taken_up() {
    let mut world = TestWorld::start().await;
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team2")).await;
    let (pull, before) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world.expect_check(&pull, "success").await;
    world.quiet().await;
    world.stop_server().await;
    for file in ["bailiwick.db", "bailiwick.db-wal", "bailiwick.db-shm"] {
        let _ = std::fs::remove_file(world.world.directory().join(file));
    }
    world.start_server().await;
    world.quiet().await;
    let again = world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team2")).await;
    assert!(again.contains("is open already and now up to date"), "{again}");
    let (same, after) = world.expect_pull_request("bailiwick/create-team/team2").await;
    assert_eq!((same, after.head_sha), (pull, before.head_sha));
    world.finish().await;
}
