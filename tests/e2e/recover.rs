//! Webhooks that never came: they are found in GitHub's own list and acted on once.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::jobs::{Recover, Task as _};
use bailiwick::queue::Settings;
use bailiwick::sandbox::github::LoggedRequest;
use bailiwick::store::{JobRecord, JobState};
use http::Method;

use super::support::{ADMIN, ALICE, BOB, Effect, Page, TEAM1, TEAM2, TestWorld, Turned};

const MINUTE: Duration = Duration::from_secs(60);
/// Where nobody answers.
const NOWHERE: &str = "http://127.0.0.1:9/webhooks/github";
const LIST: &str = "/app/hook/deliveries";

/// A world whose hours can be turned.
async fn with_hours() -> (TestWorld, Arc<Turned>) {
    let hours = Arc::new(Turned::default());
    let mut world = TestWorld::start_at(hours.clone()).await;
    world.stop_server().await;
    // Workers wait by the machine's clock, and their leases must not end while hours are turned.
    let (poll, lease) = (Duration::from_millis(50), Duration::from_secs(24 * 3600));
    world.world.queue = Settings { poll, lease, ..Settings::default() };
    world.start_server().await;
    world.quiet().await;
    (world, hours)
}

/// Lets the server look for deliveries that did not arrive, and waits until what it found is done.
async fn look(world: &TestWorld) {
    world.context().store.enqueue(&[Recover::default().to_job()]).await.expect("the store answers");
    world.quiet().await;
}

/// The requests that GitHub carried out, of a method and a path with `*`s for numbers.
fn carried_out(log: &[LoggedRequest], method: &str, end: &str) -> usize {
    let done = log.iter().filter(|it| it.method == method && it.path.ends_with(end) && it.status < 300);
    done.count()
}

/// The GUID of the last delivery of an event.
fn last(world: &TestWorld, event: &str) -> String {
    let all = world.github().deliveries();
    all.into_iter().rev().find(|it| it.event == event).expect("there was one").guid
}

async fn done(world: &TestWorld, kind: &str) -> Vec<JobRecord> {
    world.jobs().await.into_iter().filter(|job| job.kind == kind).collect()
}

/// What people ask for in the tests with an outage.
struct Asked {
    /// A pull request of the admin repository, merged meanwhile.
    merged: Page,
    commit: String,
    /// One that is opened meanwhile, and one of a team.
    opened: Page,
    of_team: Page,
    /// `/create-team team2`.
    comment: u64,
}

impl Asked {
    /// Everybody does something, and nobody hears of it.
    async fn meanwhile(world: &TestWorld, merged: Page) -> Self {
        let commit = world.merge(ALICE, &merged).await;
        let opened = world.open(ALICE, (ADMIN, "missed"), &[("docs/missed.md", "Words.\n")]).await;
        let of_team = world.open(BOB, (TEAM1, "missed"), &[("README.md", "Words.\n")]).await;
        let comment = world.comment(ALICE, &Page::requests(), "/create-team team2");
        let key = world.github().deploy_keys(TEAM1).pop().expect("registered at the start");
        world.github().remove_deploy_key(ALICE, TEAM1, key.id).expect("it is there");
        Self { merged, commit, opened, of_team, comment }
    }

    /// Everything came to its end, once.
    async fn expect_done(&self, world: &TestWorld) {
        let answer = world.expect_answer(self.comment).await;
        assert!(answer.contains("is open"), "{answer}");
        let (team, _) = world.expect_pull_request("bailiwick/create-team/team2").await;
        for pull in [&self.opened, &self.of_team, &team] {
            world.expect_check(pull, "success").await;
        }
        world.expect_comment(&self.merged, "✅").await;
        world.quiet().await;
        world.expect_comment(&self.merged, "✅").await;
        for pull in [&self.opened, &self.of_team, &team, &self.merged] {
            assert_eq!(world.checks_of(&pull.repository, &world.head(pull)).len(), 1, "{pull:?}");
        }
        assert_eq!(world.bot_comments(&Page::requests()).len(), 1);
        assert_eq!(world.bot_comments(&self.merged).len(), 1);
        let team2 = world.github().pulls(ADMIN).into_iter().filter(|pull| pull.head.contains("create-team"));
        assert_eq!(team2.count(), 1);
        let mut deployments = world.github().deployments(ADMIN);
        deployments.retain(|deployment| deployment.sha == self.commit);
        assert_eq!(deployments.len(), 1, "{deployments:?}");
        let keys = world.github().deploy_keys(TEAM1);
        assert_eq!(keys.len(), 1, "the key that was removed is back: {keys:?}");
    }
}

/// A pull request with a green check, ready to be merged.
async fn ready(world: &TestWorld) -> Page {
    let pull = world.open(ALICE, (ADMIN, "before"), &[("docs/before.md", "Words.\n")]).await;
    world.expect_check(&pull, "success").await;
    world.quiet().await;
    pull
}

/// Turns the clock while what is left only waits for its time, and waits while something runs or is due.
async fn turn_until_quiet(world: &TestWorld, hours: &Turned) {
    for _ in 0..200 {
        world.github().webhooks_settled().await;
        let busy = world.busy().await;
        if busy.is_empty() {
            break;
        }
        let now = world.context().clock.now();
        if busy.iter().all(|job| job.state == JobState::Waiting && job.run_at > now) {
            hours.turn(MINUTE);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    world.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_without_webhooks_is_made_up_for_by_itself() {
    let (world, hours) = with_hours().await;
    let merged = ready(&world).await;
    let before = world.github().deliveries().len();
    world.github().faults().drop_percent(100);
    let asked = Asked::meanwhile(&world, merged).await;
    world.quiet().await;
    assert!(world.bot_comments(&Page::requests()).is_empty(), "nobody has heard of it");
    for _ in 0..12 {
        hours.turn(5 * MINUTE);
        world.quiet().await;
    }
    asked.expect_done(&world).await;
    assert!(world.github().deliveries()[before..].iter().all(|it| it.status != "OK"), "no webhook came");
    world.github().faults().drop_percent(0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_minutes_without_github_are_waited_out_and_nothing_is_done_twice() {
    let (world, hours) = with_hours().await;
    let merged = ready(&world).await;
    world.github().clear_request_log();
    // Some of it is on its way when GitHub stops to answer, the rest is never heard of.
    let slow = Effect::Slow(Duration::from_millis(100));
    world.github().faults().next_requests(Method::POST, "*", 3, slow);
    let before = world.open(BOB, (ADMIN, "on-its-way"), &[("docs/way.md", "Words.\n")]).await;
    let started = |world: &TestWorld| world.github().request_log().iter().any(|it| it.method == "POST").then_some(());
    world.until("the review to begin", started).await;
    world.github().faults().outage(true);
    let asked = Asked::meanwhile(&world, merged).await;
    for _ in 0..10 {
        hours.turn(MINUTE);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(world.bot_comments(&Page::requests()).is_empty());
    world.github().faults().outage(false);
    for _ in 0..16 {
        hours.turn(MINUTE);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    turn_until_quiet(&world, &hours).await;
    asked.expect_done(&world).await;
    world.expect_check(&before, "success").await;
    assert_eq!(world.checks_of(ADMIN, &world.head(&before)).len(), 1);
    let log = world.github().request_log();
    assert!(log.iter().any(|it| it.status == 503), "GitHub was away");
    let posts = [
        ("/check-runs", 4),  // on its way, opened, of the team, of the proposed team
        ("/comments", 2),    // the answer, the report
        ("/deployments", 1), // of the merge
        ("/pulls", 1),       // the proposed team
        ("/keys", 1),        // the one that was removed
        ("/attempts", 0),    // everything could be fetched
    ];
    for (end, expected) in posts {
        assert_eq!(carried_out(&log, "POST", end), expected, "POST {end}: {log:#?}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_while_the_server_was_down_is_found_at_the_start() {
    let mut world = TestWorld::start().await;
    let merged = ready(&world).await;
    world.stop_server().await;
    let asked = Asked::meanwhile(&world, merged).await;
    world.github().webhooks_settled().await;
    world.start_server().await;
    asked.expect_done(&world).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_was_found_and_then_comes_after_all_counts_once() {
    let world = TestWorld::start().await;
    world.github().faults().drop_next(1);
    let comment = world.comment(ALICE, &Page::requests(), "/help");
    world.expect_silence(&Page::requests()).await;
    let guid = last(&world, "issue_comment");
    look(&world).await;
    world.expect_answer(comment).await;
    let jobs = world.jobs().await.len();
    for _ in 0..2 {
        assert!(world.github().redeliver(&guid));
        look(&world).await;
    }
    let answers: Vec<_> = world.github().deliveries().into_iter().filter(|it| it.guid == guid).collect();
    assert_eq!(answers.len(), 3, "{answers:?}");
    let told = answers.last().and_then(|it| it.response_body.as_deref()).unwrap_or_default();
    assert!(told.contains("duplicate"), "{told}");
    assert_eq!(world.jobs().await.len(), jobs, "nothing was asked for a second time");
    assert_eq!(world.bot_comments(&Page::requests()).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_run_within_an_hour_and_not_later() {
    let (mut world, hours) = with_hours().await;
    world.stop_server().await;
    let late = world.comment(ALICE, &Page::requests(), "/help");
    hours.turn(2 * MINUTE);
    let other = world.github().open_issue(ALICE, ADMIN, "In time", "Words.").expect("an issue");
    let other = world.page(ADMIN, other);
    let early = world.comment(ALICE, &other, "/help");
    world.github().webhooks_settled().await;
    hours.turn(59 * MINUTE);
    world.github().clear_request_log();
    world.start_server().await;
    world.expect_answer(early).await;
    world.expect_silence(&Page::requests()).await;
    let deliveries = world.github().deliveries();
    let id = deliveries.iter().find(|it| it.request_body.contains(&late.to_string())).expect("it failed").id;
    let fetched = format!("GET {LIST}/{id} 200");
    assert_eq!(world.requests().iter().filter(|line| **line == fetched).count(), 1, "it was seen and left");
    look(&world).await;
    assert_eq!(world.requests().iter().filter(|line| **line == fetched).count(), 1, "once");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_page_of_deliveries_is_walked_to_its_end() {
    let mut world = TestWorld::start().await;
    world.stop_server().await;
    let oldest = world.comment(ALICE, &Page::requests(), "/help");
    for number in 0..230 {
        world.comment(BOB, &Page::requests(), &format!("Words {number}."));
    }
    world.github().webhooks_settled().await;
    world.github().clear_request_log();
    world.start_server().await;
    world.expect_answer(oldest).await;
    world.quiet().await;
    let pages = carried_out(&world.github().request_log(), "GET", LIST);
    assert_eq!(pages, 3);
    look(&world).await;
    let fetched = world.github().request_log().into_iter().filter(|it| it.path.starts_with(&format!("{LIST}/")));
    let mut fetched: Vec<String> = fetched.map(|it| it.path).collect();
    let all = fetched.len();
    fetched.sort_unstable();
    fetched.dedup();
    assert!(all == fetched.len() && all >= 231, "each once: {all}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_broken_off_in_the_middle_begins_again_without_harm() {
    let mut world = TestWorld::start().await;
    world.stop_server().await;
    world.world.queue.grace = Duration::ZERO;
    let mut comments = Vec::new();
    for _ in 0..6 {
        comments.push(world.comment(ALICE, &Page::requests(), "/help"));
    }
    world.github().webhooks_settled().await;
    world.github().clear_request_log();
    let slow = Effect::Slow(Duration::from_millis(200));
    world.github().faults().next_requests(Method::GET, &format!("{LIST}/*"), 6, slow);
    world.start_server().await;
    let half = |world: &TestWorld| {
        let fetched = world.github().request_log().into_iter().filter(|it| it.path.starts_with(&format!("{LIST}/")));
        (fetched.count() >= 3).then_some(())
    };
    world.until("the look to be half done", half).await;
    world.stop_server().await;
    world.start_server().await;
    for comment in comments {
        world.expect_answer(comment).await;
    }
    world.quiet().await;
    assert_eq!(world.bot_comments(&Page::requests()).len(), 6);
    assert!(done(&world, "run_command").await.len() == 6, "each was taken in once");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_fetched_is_asked_for_again_once() {
    let world = TestWorld::start().await;
    world.github().faults().drop_next(1);
    let comment = world.comment(ALICE, &Page::requests(), "/help");
    world.github().webhooks_settled().await;
    let gone = format!("{LIST}/{}", world.github().deliveries().pop().expect("it failed").id);
    world.github().faults().next_requests(Method::GET, &gone, 1, Effect::Status(404));
    look(&world).await;
    world.expect_answer(comment).await;
    look(&world).await;
    let asked = |world: &TestWorld| carried_out(&world.github().request_log(), "POST", "/attempts");
    assert_eq!(asked(&world), 1);

    world.github().faults().drop_next(2);
    world.comment(ALICE, &Page::requests(), "/help");
    world.github().faults().next_requests(Method::GET, &format!("{LIST}/*"), 2, Effect::Status(404));
    for _ in 0..3 {
        world.github().webhooks_settled().await;
        look(&world).await;
    }
    assert_eq!(asked(&world), 2, "what is lost for good is left to the refresh");
    assert_eq!(world.bot_comments(&Page::requests()).len(), 1);
    world.finish().await;
}

/// One delivery that GitHub cannot give must not hold up the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_github_chokes_on_does_not_hold_up_the_others() {
    let world = TestWorld::start().await;
    world.github().faults().drop_next(2);
    let (bad, good) =
        (world.comment(ALICE, &Page::requests(), "/help"), world.comment(ALICE, &Page::requests(), "/help"));
    world.github().webhooks_settled().await;
    world.github().faults().next_requests(Method::GET, &format!("{LIST}/*"), 1, Effect::Status(500));
    look(&world).await;
    world.expect_answer(good).await;
    assert_eq!(world.bot_comments(&Page::requests()).len(), 1);
    look(&world).await;
    world.expect_answer(bad).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_is_taken_up_again_by_people_and_not_by_a_look() {
    let mut world = TestWorld::start().await;
    world.stop_server().await;
    world.world.queue.max_attempts = 1;
    world.start_server().await;
    world.quiet().await;
    let comments = "/repos/org/dev-cluster/issues/1/comments";
    world.github().faults().next_requests(Method::POST, comments, 2, Effect::Status(502));
    let comment = world.comment(ALICE, &Page::requests(), "/help");
    world.expect_given_up("run_command").await;
    // GitHub's list has it as failed all the same, as when the answer came too late.
    let guid = last(&world, "issue_comment");
    world.github().faults().drop_next(1);
    assert!(world.github().redeliver(&guid));
    world.github().webhooks_settled().await;
    look(&world).await;
    assert_eq!(world.dead().await.len(), 1, "nobody has asked for it");
    assert!(world.github().redeliver(&guid));
    world.expect_answer(comment).await;
    world.finish().await;
}

/// A server that nobody can reach.
async fn unreachable() -> TestWorld {
    let mut world = TestWorld::start().await;
    world.stop_server().await;
    "  webhook: pull\n".clone_into(&mut world.world.deliveries);
    world.world.timing.poll = Duration::from_millis(200);
    world.start_server().await;
    world.github().set_webhook_url(NOWHERE);
    world.quiet().await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_nobody_can_reach_fetches_everything() {
    let world = unreachable().await;
    let before = world.github().deliveries().len();
    let comment = world.comment(ALICE, &Page::requests(), "/create-team team2");
    let answer = world.expect_answer(comment).await;
    assert!(answer.contains("is open"), "{answer}");
    let (pull, _) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world.expect_check(&pull, "success").await;
    let commit = world.merge(ALICE, &pull).await;
    world.expect_comment(&pull, "Flux has fetched `").await;
    let deployed = |world: &TestWorld| {
        let all = world.github().deployments(ADMIN);
        let states = all.into_iter().find(|it| it.sha == commit)?.statuses;
        states.iter().any(|(state, _)| state == "success").then_some(())
    };
    world.until("the deployment", deployed).await;
    assert_eq!(world.github().deploy_keys(TEAM2).len(), 1);
    world.read(&pull).await;
    let deliveries = world.github().deliveries();
    assert!(deliveries.len() > before + 4);
    assert!(deliveries[before..].iter().all(|it| it.status != "OK"), "a webhook came");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_fetches_says_so_to_whoever_sends() {
    let world = unreachable().await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a plain client");
    let url = format!("http://{}/webhooks/github", world.world.address);
    let answer = client.post(url).header("x-github-event", "ping").body("{}").send().await.expect("it answers");
    assert_eq!(answer.status(), 404);
    let words = answer.text().await.expect("text");
    assert!(words.contains("github.webhook: pull"), "{words}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_webhooks_a_redelivery_takes_up_what_was_given_up() {
    let mut world = unreachable().await;
    world.stop_server().await;
    world.world.queue.max_attempts = 1;
    world.start_server().await;
    world.github().set_webhook_url(NOWHERE);
    let comments = "/repos/org/dev-cluster/issues/1/comments";
    world.github().faults().next_requests(Method::POST, comments, 2, Effect::Status(502));
    let comment = world.comment(ALICE, &Page::requests(), "/help");
    let dead = |world: &TestWorld| {
        let failed = world.requests().into_iter().filter(|line| *line == format!("POST {comments} 502"));
        (failed.count() == 2).then_some(())
    };
    world.until("the command to be given up", dead).await;
    world.expect_given_up("run_command").await;
    look(&world).await;
    assert_eq!(world.dead().await.len(), 1);
    assert!(world.github().redeliver(&last(&world, "issue_comment")));
    world.expect_answer(comment).await;
    world.finish().await;
}

/// The App's budget is also what tokens are made from: looking takes a third of it and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_budget_is_spread_over_the_hour() {
    let (mut world, hours) = with_hours().await;
    world.stop_server().await;
    "  webhook: pull\n".clone_into(&mut world.world.deliveries);
    world.start_server().await;
    world.github().set_webhook_url(NOWHERE);
    world.quiet().await;
    world.github().faults().hourly_budget(Some(90));
    // The hour of the budget before this one is over.
    hours.turn(61 * MINUTE);
    world.quiet().await;
    world.github().clear_request_log();
    let mut comments = Vec::new();
    for minute in 0..59 {
        if minute % 30 == 0 {
            comments.push(world.comment(ALICE, &Page::requests(), "/help"));
        }
        hours.turn(MINUTE);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let log = world.github().request_log();
    let asked: Vec<_> = log.iter().filter(|it| it.path.starts_with(LIST)).collect();
    // "Not modified" costs nothing of the budget.
    let paid = asked.iter().filter(|it| it.status != 304).count();
    assert!(asked.len() >= 15 && paid <= 30, "{paid} of 90, {} in all", asked.len());
    hours.turn(5 * MINUTE);
    for comment in comments {
        world.expect_answer(comment).await;
    }
    world.finish().await;
}
