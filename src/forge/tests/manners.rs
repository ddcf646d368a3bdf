//! Budgets, answers that are known already, and an outage.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::*;
use crate::store::Priority;

/// A pull request, with so much left of the hour.
fn pull_with(remaining: u32) -> Reply {
    let headers = vec![
        ("x-ratelimit-limit", "100".to_owned()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-reset", "1795524000".to_owned()),
        ("x-ratelimit-resource", "core".to_owned()),
    ];
    (200, headers, pull_json(1))
}

async fn look(repo: &Repo, priority: Priority) -> Result<PullRequest, ForgeError> {
    at_priority(priority, repo.pull(IssueNumber::new(1))).await
}

#[tokio::test]
async fn a_low_budget_is_kept_for_people() {
    let left = Arc::new(AtomicU32::new(60));
    let remaining = Arc::clone(&left);
    let world = World::new(move |_| pull_with(remaining.load(Ordering::SeqCst))).await;
    let repo = world.repo(Access::READ);
    for (remaining, may) in
        [(60, [true, true, true]), (40, [true, true, false]), (5, [true, false, false]), (0, [false, false, false])]
    {
        left.store(remaining, Ordering::SeqCst);
        // Whoever may still ask learns how much is left now.
        let _ = look(&repo, Priority::Command).await;
        for (priority, may) in [Priority::Command, Priority::Normal, Priority::Sweep].into_iter().zip(may) {
            match look(&repo, priority).await {
                Ok(_) => assert!(may, "{remaining} left: {priority:?}"),
                Err(error) => {
                    assert!(!may, "{remaining} left: {priority:?}: {error}");
                    assert_eq!(error.retry_at().map(Timestamp::as_second), Some(1_795_524_001), "{error}");
                }
            }
        }
    }
    assert_eq!(world.forge.metrics().refused["hour"], 6);
    // Another installation has a budget of its own.
    left.store(60, Ordering::SeqCst);
    look(&world.repo_of(10, Access::READ), Priority::Sweep).await.unwrap();
}

#[tokio::test]
async fn a_limit_stops_one_installation_and_no_other() {
    let world = World::new(|seen| {
        // The first token is installation 9's.
        if seen.authorization == "Bearer ghs_1" {
            return (403, vec![], json!({ "message": "You have exceeded a secondary rate limit." }));
        }
        ok(pull_json(1))
    })
    .await;
    let slow = world.repo_of(9, Access::READ);
    let error = look(&slow, Priority::Command).await.unwrap_err();
    assert_eq!(error.retry_at(), Some(world.clock.now() + Duration::from_secs(60)), "{error}");
    look(&world.repo_of(10, Access::READ), Priority::Sweep).await.unwrap();
    let asked = world.asked().len();
    look(&slow, Priority::Command).await.unwrap_err();
    assert_eq!(world.asked().len(), asked, "nothing was sent");
    let blocked: Vec<_> = world.forge.metrics().budgets.iter().map(|it| (it.installation, it.blocked)).collect();
    let until = Some(world.clock.now() + Duration::from_secs(60));
    let id = |number| Some(InstallationId::new(number));
    assert_eq!(blocked, [(None, None), (id(9), until), (id(10), None)]);
    // Still limited: the next pause is twice as long.
    world.clock.advance(Duration::from_secs(60));
    let error = look(&slow, Priority::Command).await.unwrap_err();
    assert_eq!(error.retry_at(), Some(world.clock.now() + Duration::from_secs(120)), "{error}");
}

#[tokio::test]
async fn a_limit_on_making_tokens_stops_the_making_of_tokens() {
    let world = World::new(|_| (429, vec![("retry-after", "30".to_owned())], json!({ "message": "slow down" }))).await;
    let name = "org/dev-cluster".parse().unwrap();
    for _ in 0..2 {
        let error = world.forge.installation_of(&name).await.unwrap_err();
        assert_eq!(error.retry_at(), Some(world.clock.now() + Duration::from_secs(30)), "{error}");
    }
    assert_eq!(world.asked().len(), 1);
    assert!(look(&world.repo(Access::READ), Priority::Command).await.unwrap_err().retry_at().is_some());
    assert!(world.mints().is_empty());
}

#[tokio::test]
async fn a_long_line_of_comments_moves_the_job_instead_of_holding_the_worker() {
    let manners = Manners { longest_wait: Duration::ZERO, ..Manners::default() };
    let world = World::mannered(|_| (201, vec![], comment_json(1, "x", json!(null), None)), manners).await;
    let repo = world.repo(Access::COMMENT);
    let comment = async || repo.create_comment(IssueNumber::new(1), "x").await;
    comment().await.unwrap();
    for seconds in [1, 2, 3] {
        let error = comment().await.unwrap_err();
        assert_eq!(error.retry_at(), Some(world.clock.now() + Duration::from_secs(seconds)), "each at its own time");
    }
    world.clock.advance(Duration::from_secs(1));
    comment().await.unwrap();
    assert_eq!(world.asked().len(), 2);
    assert_eq!(world.forge.metrics().refused["content"], 3);
}

#[tokio::test]
async fn a_short_line_of_comments_is_waited_for() {
    let gap = Duration::from_millis(5);
    let manners = Manners { content_gap: gap, ..Manners::default() };
    let world = World::mannered(|_| (201, vec![], comment_json(1, "x", json!(null), None)), manners).await;
    let repo = world.repo(Access::COMMENT);
    for _ in 0..3 {
        repo.create_comment(IssueNumber::new(1), "x").await.unwrap();
    }
    // The clock of this test stands still, so the second waits one gap and the third two.
    let metrics = world.forge.metrics();
    assert_eq!((metrics.waits, metrics.waited_ms), (2, 15));
    assert_eq!(world.asked().len(), 3);
}

#[tokio::test]
async fn an_answer_that_is_still_the_same_is_not_sent_again() {
    let changed = Arc::new(AtomicBool::new(false));
    let now_changed = Arc::clone(&changed);
    let world = World::new(move |seen| {
        let (tag, number) = if now_changed.load(Ordering::SeqCst) { ("\"2\"", 2) } else { ("W/\"1\"", 1) };
        if seen.known == tag {
            return (304, vec![("etag", tag.to_owned())], Value::Null);
        }
        let link = ("link", "</api/v3/repos/org/dev-cluster/pulls?page=2>; rel=\"next\"".to_owned());
        let headers = if seen.path.contains("page=2") { vec![] } else { vec![link] };
        let headers = headers.into_iter().chain([("etag", tag.to_owned())]).collect();
        (200, headers, json!([pull_json(number)]))
    })
    .await;
    let repo = world.repo(Access::READ);
    let numbers = async |repo: &Repo| -> Vec<u64> {
        repo.open_pulls().await.unwrap().iter().map(|pull| pull.number.get()).collect()
    };
    assert_eq!(numbers(&repo).await, [1, 1]);
    assert_eq!(numbers(&repo).await, [1, 1], "page two is found through the link of the known answer");
    let metrics = world.forge.metrics();
    assert_eq!((metrics.conditional, metrics.not_modified), (2, 2));
    changed.store(true, Ordering::SeqCst);
    assert_eq!(numbers(&repo).await, [2, 2]);
    assert_eq!(numbers(&repo).await, [2, 2]);
    let metrics = world.forge.metrics();
    assert_eq!((metrics.conditional, metrics.not_modified), (6, 4));
    // Neither another installation nor other rights see what this one was told.
    for other in [world.repo_of(10, Access::READ), world.repo(Access::REVIEW)] {
        numbers(&other).await;
        let last_two = world.seen().into_iter().rev().take(2);
        assert!(last_two.into_iter().all(|seen| seen.known.is_empty()), "{other:?}");
    }
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_an_error() {
    let world = World::new(|_| (304, vec![], Value::Null)).await;
    let error = look(&world.repo(Access::READ), Priority::Normal).await.unwrap_err();
    assert!(matches!(error, ForgeError::Unexpected { .. }), "{error}");
}

/// A forge that can be taken away: then everything but making tokens fails.
async fn fragile() -> (World, Arc<AtomicBool>) {
    let up = Arc::new(AtomicBool::new(false));
    let is_up = Arc::clone(&up);
    let answer = move |seen: &Seen| match is_up.load(Ordering::SeqCst) {
        false => (503, vec![], json!({ "message": "Service unavailable" })),
        true if seen.path == "/rate_limit" => ok(json!({})),
        true => ok(pull_json(1)),
    };
    (World::mannered(answer, Manners::default()).await, up)
}

#[tokio::test]
async fn an_outage_is_noticed_and_one_free_question_is_asked_after_each_pause() {
    let (world, up) = fragile().await;
    let repo = world.repo(Access::READ);
    let pull = async |number| repo.pull(IssueNumber::new(number)).await.map(drop);
    for number in 1..=5 {
        assert_eq!(world.forge.down_until(), None);
        pull(number).await.unwrap_err();
    }
    let until = world.forge.down_until().expect("it is down");
    assert_eq!(world.asked().len(), 5);
    for _ in 0..20 {
        let error = pull(1).await.unwrap_err();
        assert!(error.is_temporary() && error.to_string().contains("is down"), "{error}");
    }
    assert!(world.forge.identity().await.is_err(), "the App's own requests too: one host, one breaker");
    assert_eq!(world.asked().len(), 5, "nothing was sent");

    let wait = |until: Timestamp| Duration::try_from(until.duration_since(world.clock.now())).unwrap();
    world.clock.advance(wait(until));
    pull(1).await.unwrap_err();
    pull(2).await.unwrap_err();
    assert_eq!(world.asked().split_off(5), ["GET /rate_limit"], "one question, and nothing else");
    let longer = world.forge.down_until().expect("still down");
    assert!(wait(longer) > Duration::from_secs(9), "{longer}");

    up.store(true, Ordering::SeqCst);
    world.clock.advance(wait(longer));
    pull(1).await.unwrap();
    assert_eq!(world.asked().split_off(6), ["GET /rate_limit", "GET /repos/org/dev-cluster/pulls/1"]);
    assert_eq!(world.forge.down_until(), None);
    let metrics = world.forge.metrics();
    assert_eq!((metrics.health, metrics.trips, metrics.refused["down"]), (ForgeHealth::Up, 2, 23));
}

#[tokio::test]
async fn one_broken_pull_request_does_not_close_the_forge_for_others() {
    let world = World::new(|seen| if seen.path.ends_with("/13") { (500, vec![], json!({})) } else { ok(pull_json(1)) });
    let world = world.await;
    let repo = world.repo(Access::READ);
    for _ in 0..20 {
        repo.pull(IssueNumber::new(13)).await.unwrap_err();
    }
    assert_eq!(world.forge.down_until(), None);
    repo.pull(IssueNumber::new(1)).await.unwrap();
}
