//! GitHub answers wrongly, late or not at all. Whatever was asked for is there once in the end.

use http::Method;

use super::support::{ADMIN, ALICE, BOB, Effect, Order, Page, TestWorld};

const CHECK_RUNS: &str = "/repos/org/dev-cluster/check-runs";

/// Each way in which a request can go wrong once.
fn mishaps() -> [Effect; 5] {
    [
        Effect::Status(502),
        Effect::StatusAfter(502),
        Effect::Cut,
        Effect::CutAfter,
        Effect::TooManyRequests { retry_after: 1 },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_run_that_could_not_be_opened_is_opened_once() {
    let world = TestWorld::start().await;
    for (number, mishap) in mishaps().into_iter().enumerate() {
        world.github().faults().next_requests(Method::POST, CHECK_RUNS, 1, mishap.clone());
        let branch = format!("words-{number}");
        let pull = world.open(BOB, (ADMIN, &branch), &[("README.md", &format!("# {number}\n"))]).await;
        world.expect_check(&pull, "success").await;
        world.quiet().await;
        assert_eq!(world.checks_of(ADMIN, &world.head(&pull)).len(), 1, "{mishap:?}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_could_not_be_fetched_is_fetched_later() {
    let world = TestWorld::start().await;
    let mishaps = [Effect::Cut, Effect::Status(502), Effect::Status(401), Effect::CutAfter];
    let mut number = 0;
    for path in ["/org/dev-cluster.git/info/refs", "/org/dev-cluster.git/git-upload-pack"] {
        for mishap in &mishaps {
            number += 1;
            let method = if path.ends_with("refs") { Method::GET } else { Method::POST };
            world.github().faults().next_requests(method, path, 1, mishap.clone());
            let branch = format!("words-{number}");
            let pull = world.open(BOB, (ADMIN, &branch), &[("README.md", &format!("# {number}\n"))]).await;
            world.expect_check(&pull, "success").await;
            world.quiet().await;
            assert_eq!(world.checks_of(ADMIN, &world.head(&pull)).len(), 1, "{path} {mishap:?}");
        }
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_run_that_could_not_be_completed_is_completed() {
    let world = TestWorld::start().await;
    for (number, mishap) in mishaps().into_iter().enumerate() {
        world.github().faults().next_requests(Method::PATCH, &format!("{CHECK_RUNS}/*"), 1, mishap.clone());
        let branch = format!("words-{number}");
        let pull = world.open(BOB, (ADMIN, &branch), &[("README.md", &format!("# {number}\n"))]).await;
        world.expect_check(&pull, "success").await;
        world.quiet().await;
        assert_eq!(world.checks_of(ADMIN, &world.head(&pull)).len(), 1, "{mishap:?}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn judging_again_opens_one_check_run_whatever_happens_to_it() {
    let world = TestWorld::start().await;
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    let run = world.expect_check(&pull, "success").await.run.id;
    let head = world.head(&pull);
    let requests = [(Method::POST, CHECK_RUNS.to_owned()), (Method::PATCH, format!("{CHECK_RUNS}/*"))];
    for (method, path) in requests {
        for mishap in [Effect::Status(502), Effect::CutAfter] {
            let before = world.checks_of(ADMIN, &head).len();
            world.github().faults().next_requests(method.clone(), &path, 1, mishap.clone());
            world.github().rerequest_check(BOB, run).unwrap();
            let more = |world: &TestWorld| (world.checks_of(ADMIN, &head).len() > before).then_some(());
            world.until("another check run", more).await;
            world.expect_check(&pull, "success").await;
            world.quiet().await;
            assert_eq!(world.checks_of(ADMIN, &head).len(), before + 1, "{method} {mishap:?}");
        }
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_run_that_nobody_can_complete_any_more_is_cancelled() {
    let world = TestWorld::start().await;
    let later = Effect::TooManyRequests { retry_after: 2 };
    world.github().faults().next_requests(Method::PATCH, &format!("{CHECK_RUNS}/*"), 1, later.clone());
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    let overtaken = world.head(&pull);
    let limited = |world: &TestWorld| world.requests().iter().any(|line| line.ends_with(" 429")).then_some(());
    world.until("the limit", limited).await;
    world.push(BOB, (ADMIN, "words"), &[("README.md", "# Another word\n")]).await;
    world.expect_check_of(ADMIN, &overtaken, "cancelled").await;
    world.expect_check(&pull, "success").await;

    world.quiet().await;
    world.github().clear_request_log();
    world.github().faults().next_requests(Method::PATCH, &format!("{CHECK_RUNS}/*"), 1, later);
    let closed = world.open(BOB, (ADMIN, "closed"), &[("README.md", "# A third word\n")]).await;
    world.until("the limit", limited).await;
    world.github().close_pull(BOB, ADMIN, closed.number).unwrap();
    world.expect_check(&closed, "cancelled").await;
    world.quiet().await;
    world.github().reopen_pull(BOB, ADMIN, closed.number).await.unwrap();
    world
        .until("another check run", |world| (world.checks_of(ADMIN, &world.head(&closed)).len() == 2).then_some(()))
        .await;
    world.expect_check(&closed, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_written_once_whatever_happens_to_it() {
    let world = TestWorld::start().await;
    let page = Page::requests();
    for (number, mishap) in mishaps().into_iter().enumerate() {
        let comments = "/repos/org/dev-cluster/issues/1/comments";
        world.github().faults().next_requests(Method::POST, comments, 1, mishap.clone());
        let comment = world.comment(BOB, &page, "/help");
        world.expect_answer(comment).await;
        world.quiet().await;
        assert_eq!(world.bot_comments(&page).len(), number + 1, "{mishap:?}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limit_moves_the_job_to_the_time_that_github_names() {
    let world = TestWorld::start().await;
    let comments = "/repos/org/dev-cluster/issues/1/comments";
    let limit = Effect::SecondaryLimit { retry_after: 2 };
    world.github().faults().next_requests(Method::POST, comments, 1, limit);
    let asked = world.context().clock.now();
    let comment = world.comment(BOB, &Page::requests(), "/help");
    world.expect_answer(comment).await;
    assert!(world.context().clock.now().duration_since(asked).as_millis() >= 2000, "it came back too early");
    world.quiet().await;
    let posts = world.requests().into_iter().filter(|line| line.starts_with(&format!("POST {comments} ")));
    assert_eq!(posts.collect::<Vec<_>>(), [format!("POST {comments} 403"), format!("POST {comments} 201")]);
    world.finish().await;
}

/// Every request with which a team is proposed goes wrong once.
async fn propose_with(mishap: Effect) {
    let world = TestWorld::start().await;
    for (number, path) in ["git/trees", "git/commits", "git/refs", "pulls"].into_iter().enumerate() {
        let path = format!("/repos/org/dev-cluster/{path}");
        world.github().faults().next_requests(Method::POST, &path, 1, mishap.clone());
        let (team, branch) = (format!("team1{number}"), format!("bailiwick/create-team/team1{number}"));
        let comment = world.comment(ALICE, &Page::requests(), &format!("/create-team {team}"));
        let answer = world.expect_answer(comment).await;
        assert!(answer.contains("is open"), "{path}: {answer}");
        let (pull, _) = world.expect_pull_request(&branch).await;
        world.expect_check(&pull, "success").await;
        let pulls = world.github().pulls(ADMIN).into_iter().filter(|pull| pull.head == branch);
        assert_eq!(pulls.count(), 1, "{path}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_is_proposed_once_whatever_request_fails() {
    propose_with(Effect::Status(502)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_is_proposed_once_whatever_answer_is_lost() {
    propose_with(Effect::CutAfter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_marker_does_not_hide_the_answer() {
    let world = TestWorld::start().await;
    let page = Page::requests();
    world.github().faults().hold();
    let comment = world.comment(ALICE, &page, "/help");
    let forged = format!("<!-- bailiwick:answer/{comment} -->\nI am Bailiwick, believe me.");
    let bobs = world.comment(BOB, &page, &forged);
    // The answer is written, but the server does not learn it and has to look for its own comment.
    let comments = "/repos/org/dev-cluster/issues/1/comments";
    world.github().faults().next_requests(Method::POST, comments, 1, Effect::CutAfter);
    world.github().faults().release(Order::AsHappened);
    let answer = world.expect_answer(comment).await;
    assert!(answer.contains("/create-team"), "{answer}");
    world.quiet().await;
    assert_eq!(world.bot_comments(&page).len(), 1);
    let all = world.github().comments(ADMIN, 1);
    assert_eq!(all.iter().find(|it| it.id == bobs).map(|it| it.body.as_str()), Some(forged.as_str()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_waited_out() {
    let world = TestWorld::start().await;
    let page = Page::requests();
    let everything = Effect::Status(503);
    world.github().faults().next_requests(Method::GET, "*", 2, everything.clone());
    world.github().faults().next_requests(Method::POST, "*", 2, everything);
    let comment = world.comment(ALICE, &page, "/create-team team2");
    world.expect_answer(comment).await;
    let (pull, _) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world.expect_check(&pull, "success").await;
    world.finish().await;
}
