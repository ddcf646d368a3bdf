//! What the bot cannot do at all: it says so where people see it, once, and can be asked again.

use super::support::{ADMIN, ALICE, BOB, Level, Page, TestWorld};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_review_that_was_given_up_says_so_and_the_next_event_tries_again() {
    let world = TestWorld::start().await;
    world.github().set_permission("org", "contents", None).unwrap();
    world.quiet().await;
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    let check = world.expect_check(&pull, "failure").await;
    insta::assert_snapshot!("review", check.text());
    world.expect_given_up("review_pull_request").await;

    world.github().set_permission("org", "contents", Some(Level::Write)).unwrap();
    world.github().close_pull(BOB, ADMIN, pull.number).unwrap();
    world.github().reopen_pull(BOB, ADMIN, pull.number).await.unwrap();
    let head = world.head(&pull);
    world.until("another check run", |world| (world.checks_of(ADMIN, &head).len() == 2).then_some(())).await;
    world.expect_check(&pull, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_was_given_up_says_so_and_can_be_written_again() {
    let world = TestWorld::start().await;
    world.github().set_permission("org", "contents", Some(Level::Read)).unwrap();
    world.quiet().await;
    let comment = world.comment(ALICE, &Page::requests(), "/create-team team2");
    insta::assert_snapshot!("command", world.expect_answer(comment).await);
    world.expect_given_up("run_command").await;

    world.github().set_permission("org", "contents", Some(Level::Write)).unwrap();
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team2")).await;
    let (pull, _) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world.expect_check(&pull, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_to_write_checks_a_review_is_given_up_quietly() {
    let world = TestWorld::start().await;
    world.github().set_permission("org", "checks", Some(Level::Read)).unwrap();
    world.quiet().await;
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    let reason = world.expect_given_up("review_pull_request").await;
    insta::assert_snapshot!("no_checks", reason);
    world.expect_no_check(&pull).await;
    world.finish().await;
}
