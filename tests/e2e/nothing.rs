//! Comments that must not do anything at all.

use super::support::{ADMIN, ALICE, BOB, BOT, Order, Page, Role, TestWorld};

/// Waits until everything is quiet, and sees that nothing was said, marked or made.
async fn expect_nothing(world: &TestWorld) {
    world.expect_silence(&Page::requests()).await;
    assert!(world.github().pulls(ADMIN).is_empty(), "a pull request was opened");
    let branches = world.github().branches(ADMIN).await.expect("there is this repository");
    assert_eq!(branches, ["main"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_in_code_quotes_lists_or_html_is_none() {
    let world = TestWorld::start().await;
    let texts = [
        "Write this:\n```\n/create-team team2\n```",
        "~~~~\n/create-team team2",
        "Write this:\n\n    /create-team team2",
        "`/create-team team2`",
        "> /create-team team2",
        "> Bob said\n/create-team team2",
        "- /create-team team2",
        "1. first\n\n   /create-team team2",
        "<!--\n/create-team team2\n-->",
        "<!-- /create-team team2 -->",
        "<pre>\n/create-team team2\n</pre>",
        "<details>\n\n/create-team team2\n\n</details>",
        "# /create-team team2",
        "Please /create-team team2",
        "\\/create-team team2",
        "&#47;create-team team2",
        "/etc/passwd is a file",
        "[x]: /url '\n/create-team team2'",
    ];
    for text in texts {
        world.comment(ALICE, &Page::requests(), text);
    }
    expect_nothing(&world).await;
    assert!(world.jobs().await.iter().all(|job| job.kind != "run_command"), "a command was read");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edited_comment_is_no_command() {
    let world = TestWorld::start().await;
    let page = Page::requests();
    let by_bob = world.comment(BOB, &page, "I would like a team.");
    world.github().edit_comment(ALICE, by_bob, "/create-team team2").unwrap();
    let by_alice = world.comment(ALICE, &page, "What shall it be?");
    world.github().edit_comment(ALICE, by_alice, "/create-team team2").unwrap();
    world.github().edit_comment(BOB, by_alice, "/create-team team3").unwrap();
    expect_nothing(&world).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_that_changed_or_went_before_it_was_handled_is_no_command() {
    let world = TestWorld::start().await;
    let page = Page::requests();
    world.github().faults().hold();
    let edited = world.comment(ALICE, &page, "/create-team team2");
    world.github().edit_comment(ALICE, edited, "/create-team team3").unwrap();
    let emptied = world.comment(ALICE, &page, "/create-team team4");
    world.github().edit_comment(BOB, emptied, "never mind").unwrap();
    let deleted = world.comment(ALICE, &page, "/create-team team5");
    world.github().delete_comment(ALICE, deleted).unwrap();
    world.github().faults().release(Order::AsHappened);
    expect_nothing(&world).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bots_command_nothing() {
    let world = TestWorld::start().await;
    let page = Page::requests();
    world.github().create_bot("renovate[bot]").unwrap();
    world.github().add_collaborator(ADMIN, "renovate[bot]", Role::Admin).unwrap();
    world.comment("renovate[bot]", &page, "/create-team team2");
    world.comment(BOT, &page, "/create-team team2");
    world.expect_comment(&page, "/create-team team2").await;
    expect_nothing(&world).await;
    world.finish().await;
}
