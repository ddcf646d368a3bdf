//! Pull requests in the admin repository.

use crate::support::{ADMIN, ALICE, BOB, Page, TestWorld};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn help_is_answered() {
    let world = TestWorld::start().await;
    let comment = world.comment(BOB, &Page::requests(), "/help");
    let answer = world.expect_answer(comment).await;
    assert!(answer.contains("/create-team"), "{answer}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_change_is_green() {
    let world = TestWorld::start().await;
    let pull = world.open(ALICE, (ADMIN, "words"), &[("README.md", "# Hello\n")]).await;
    let check = world.expect_check(&pull, "success").await;
    assert_eq!(check.annotations(), Vec::<String>::new());
    world.finish().await;
}
