//! From `/create-team` to the first fetch, cut after each of its steps: the step is done, its answer is lost, and the
//! server starts again. It ends as if nothing had happened.

use std::collections::BTreeSet;

use http::Method;

use crate::support::{ADMIN, ALICE, Effect, Page, TEAM2, TestWorld};
use crate::words::told;

/// What the bot changes on the way, by method and route.
const STEPS: [(&str, &str); 17] = [
    ("POST", "/repos/org/dev-cluster/issues/comments/*/reactions"),
    ("POST", "/repos/org/dev-cluster/git/blobs"),
    ("POST", "/repos/org/dev-cluster/git/trees"),
    ("POST", "/repos/org/dev-cluster/git/commits"),
    ("POST", "/repos/org/dev-cluster/git/refs"),
    ("POST", "/repos/org/dev-cluster/pulls"),
    ("POST", "/repos/org/dev-cluster/issues/*/comments"),
    ("PATCH", "/repos/org/dev-cluster/issues/comments/*"),
    ("POST", "/repos/org/dev-cluster/check-runs"),
    ("PATCH", "/repos/org/dev-cluster/check-runs/*"),
    ("POST", "/repos/org/dev-cluster/deployments"),
    ("POST", "/repos/org/dev-cluster/deployments/*/statuses"),
    ("POST", "/repos/org/dev-team2/keys"),
    ("DELETE", "/installation/token"),
    ("POST", "/app/installations/*/access_tokens"),
    ("POST", "/org/dev-cluster.git/git-upload-pack"),
    ("POST", "/org/dev-team2.git/git-upload-pack"),
];

/// A route with a star for what has a number.
fn route(method: &str, path: &str) -> (String, String) {
    let part = |part: &str| if part.parse::<u64>().is_ok() { "*".to_owned() } else { part.to_owned() };
    (method.to_owned(), path.split('/').map(part).collect::<Vec<_>>().join("/"))
}

fn is_lost(world: &TestWorld) -> bool {
    world.requests().iter().any(|line| line.ends_with(" 0"))
}

/// Starts the server again, once, as soon as an answer was lost.
async fn cut(world: &mut TestWorld, was_cut: &mut bool) {
    if !*was_cut && is_lost(world) {
        world.stop_server().await;
        world.start_server().await;
        *was_cut = true;
    }
}

/// Everything that people see at the end. Whether a pull request was opened or brought up to date is told by what the
/// bot still knows.
async fn end(world: &TestWorld, pull: &Page, commit: &str) -> Vec<String> {
    let mut all = world.files_below("cluster").await;
    let keys = world.github().deploy_keys(TEAM2).into_iter();
    all.extend(keys.map(|key| format!("key {} read-only: {}", key.title, key.read_only)));
    // A step that is over before the server is back is not told.
    all.extend(world.deployed(commit).pop());
    for page in [&Page::requests(), pull] {
        let told = world
            .bot_comments(page)
            .into_iter()
            .map(|comment| told(&comment.body).replace("is open already and now up to date", "is open"));
        all.extend(told.collect::<BTreeSet<_>>());
        all.push(format!("{} comments", world.bot_comments(page).len()));
    }
    all.push(format!("{} check runs", world.checks_of(ADMIN, &world.head(pull)).len()));
    all
}

/// The whole way with one lost answer; what it ends with, and whether the answer was lost.
async fn way(fault: Option<(&str, &str)>) -> (Vec<String>, bool, BTreeSet<(String, String)>) {
    let mut world = TestWorld::start().await;
    world.github().clear_request_log();
    if let Some((method, path)) = fault {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        world.github().faults().next_requests(method, path, 1, Effect::CutAfter);
    }
    let mut was_cut = false;
    let comment = world.comment(ALICE, &Page::requests(), "/create-team team2");
    let answered = |world: &TestWorld| is_lost(world) || !world.bot_comments(&Page::requests()).is_empty();
    world.until("an answer, or one that is lost", |world| answered(world).then_some(())).await;
    cut(&mut world, &mut was_cut).await;
    world.expect_answer(comment).await;
    let (pull, _) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world
        .until("the check", |world| {
            let done = world.checks_of(ADMIN, &world.head(&pull)).iter().any(|run| run.conclusion.is_some());
            (done || !was_cut && is_lost(world)).then_some(())
        })
        .await;
    cut(&mut world, &mut was_cut).await;
    world.expect_check(&pull, "success").await;
    // People are slower than the repetition of a step.
    world.quiet().await;
    world.expect_answer(comment).await;
    let commit = world.merge(ALICE, &pull).await;
    world
        .until("the first fetch", |world| {
            let done = world.bot_comments(&pull).iter().any(|comment| comment.body.contains("Flux has fetched"));
            (done || !was_cut && is_lost(world)).then_some(())
        })
        .await;
    cut(&mut world, &mut was_cut).await;
    world.expect_report(&pull, "Flux has fetched `").await;
    world.quiet().await;
    let changing =
        world.github().request_log().into_iter().filter(|request| !matches!(request.method.as_str(), "GET" | "HEAD"));
    let changing = changing.map(|request| route(&request.method, &request.path)).collect();
    let seen = (end(&world, &pull, &commit).await, is_lost(&world), changing);
    world.finish().await;
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_that_is_cut_short_after_any_step_is_there_in_the_end() {
    let (undisturbed, _, changing) = way(None).await;
    let steps: BTreeSet<(String, String)> = STEPS.iter().map(|(method, path)| route(method, path)).collect();
    assert_eq!(changing.difference(&steps).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "each step is cut");
    for (method, path) in STEPS {
        if !changing.contains(&route(method, path)) {
            continue;
        }
        let (ended, was_lost, _) = way(Some((method, path))).await;
        assert!(was_lost, "{method} {path} is on the way");
        assert_eq!(ended, undisturbed, "{method} {path}");
    }
}
