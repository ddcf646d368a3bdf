//! Trouble at GitHub.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::cli::demo::world::{ADMIN, ALICE, Addresses, World};
use bailiwick::clock::{Clock, OsEntropy, SystemClock};
use bailiwick::sandbox::github::{AppOptions, GitHub, Level, Options};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use crate::world::{doctor, doctor_with, settle, stop, world};

/// The key of another App.
async fn another_key() -> String {
    let app = AppOptions { id: 2, slug: "other".to_owned(), webhook_url: None, webhook_secret: "".into() };
    let listen = "127.0.0.1:0".parse().expect("an address");
    let options = Options { listen, app, clock: Arc::new(SystemClock), entropy: Arc::new(OsEntropy) };
    let other = GitHub::start(options).await.expect("another GitHub");
    other.app_private_key().expose_secret().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_another_app() {
    let world = world().await;
    std::fs::write(world.directory().join("app.pem"), another_key().await).expect("room for a file");
    let seen = doctor(&world).await;
    assert_eq!(seen.status, 1);
    let line = seen.only("PROBLEM", "the key does not belong to this App");
    assert!(line.contains("github.app_id"), "{line}");
    seen.line("warning", "GitHub does not let the App in");
    seen.line("ok", "cluster dev: the API server answers");
    seen.line("ok", "database: sqlite");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_none() {
    let world = world().await;
    let odd = "-----BEGIN PRIVATE KEY-----\nbm8ga2V5\n-----END PRIVATE KEY-----\n";
    std::fs::write(world.directory().join("app.pem"), odd).expect("room for a file");
    let seen = doctor(&world).await;
    assert_eq!(seen.status, 1);
    seen.only("PROBLEM", "it is not an RSA key in PEM form");
    seen.line("ok", "cluster dev: Flux is there");
}

/// The machine's clock, and some hours.
#[derive(Debug)]
struct Shifted(Duration);

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_off() {
    // Of two clocks that differ the doctor cannot know which is right: here it is GitHub's.
    let clock = Arc::new(Shifted(Duration::from_secs(2 * 3600 + 90)));
    let world = World::start_with(Addresses::free(), (World::timing(), clock)).await.expect("the sandbox starts");
    let seen = doctor(&world).await;
    assert_eq!(seen.status, 1);
    let line = seen.only("PROBLEM", "this machine's clock is 2 h 1 min behind GitHub's");
    assert!(line.contains("NTP"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_the_app_does_not_ask_for() {
    let world = world().await;
    world.github.ask_for_permission("checks", Some(Level::Read));
    world.github.ask_for_permission("administration", None);
    let line = doctor(&world).await.just("PROBLEM", "missing administration: write, checks: write (it has read)");
    assert!(line.contains("Permissions & events"), "{line}");

    let without_keys =
        |text: &str| text.replace("git_access: {mode: deploy-key, access: read-only}", "git_access: {mode: none}");
    doctor_with(&world, without_keys, |_| {}).await.just("PROBLEM", "missing checks: write (it has read)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_no_owner_has_accepted() {
    let mut world = world().await;
    stop(&mut world).await;
    world.github.set_permission("org", "deployments", None).expect("installed");
    world.github.set_permission("org", "members", None).expect("installed");
    let line =
        doctor(&world).await.only("PROBLEM", "the installation was not granted all rights: missing deployments: write");
    assert!(line.contains("an owner of the organisation must accept them at http://127.0.0.1"), "{line}");
    assert!(!line.contains("members") && !line.contains("first let the App ask"), "{line}");

    "commands: {create-team: {allow: [\"team:org/platform\"]}}\n".clone_into(&mut world.configuration);
    world.github.ask_for_permission("deployments", None);
    let seen = doctor(&world).await;
    seen.line("PROBLEM", "it does not ask for all rights that it needs: missing deployments: write");
    let line = seen.line("PROBLEM", "missing deployments: write, members: read");
    assert!(line.contains("first let the App ask for them"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_the_app_does_not_subscribe_to() {
    let world = world().await;
    world.github.subscribe("push", false);
    world.github.subscribe("check_run", false);
    doctor(&world).await.just("PROBLEM", "missing push");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_goes_nowhere_or_astray() {
    let mut world = world().await;
    world.github.forget_webhook_url();
    doctor(&world).await.just("PROBLEM", "webhook: it has no address");
    world.github.set_webhook_url("https://b.example/");
    world.github.set_webhook_form(true, true);
    world.github.set_webhook_secret("".into());
    let seen = doctor(&world).await;
    seen.line("PROBLEM", "does not end with /webhooks/github");
    seen.line("PROBLEM", "its content type is not application/json");
    seen.line("PROBLEM", "it has no secret");
    seen.only("warning", "does not look at the server's certificate");

    "  webhook: pull\n".clone_into(&mut world.deliveries);
    let pulls = doctor(&world).await;
    assert_eq!(pulls.status, 0, "{}", pulls.out);
    pulls.line("ok", "webhook: none has to arrive");
    world.github.forget_webhook_url();
    doctor(&world).await.just("PROBLEM", "without an address GitHub keeps no list");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_that_fail() {
    let world = world().await;
    world.github.set_webhook_secret("another".into());
    world.github.comment(ALICE, ADMIN, 1, "Hello").expect("an issue");
    settle(&world).await;
    let line =
        doctor(&world).await.just("warning", "failed (1 × 401 Invalid HTTP Response: 401); the last good one is of 2");
    assert!(line.contains("github.webhook_secrets"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_that_is_suspended_or_gone() {
    let mut world = world().await;
    stop(&mut world).await;
    world.github.suspend("org", true).expect("installed");
    let seen = doctor(&world).await;
    let line = seen.only("PROBLEM", "org/dev-cluster: the App's installation is suspended since");
    assert!(line.contains("an owner of the organisation lifts that at http://127.0.0.1"), "{line}");
    seen.line("ok", "webhook: GitHub sends to");
    world.github.suspend("org", false).expect("installed");
    world.github.select_repositories("org", Some(&["dev-team1"])).expect("installed");
    let line = doctor(&world).await.only("PROBLEM", "org/dev-cluster: the App is not installed there");
    assert!(line.contains("/apps/bailiwick/installations/new"), "{line}");
    world.github.uninstall("org").expect("installed");
    doctor(&world).await.line("PROBLEM", "the App is installed nowhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_that_is_not_there() {
    let world = world().await;
    let seen = doctor_with(&world, |text| text.replace("branch: main", "branch: release/1"), |_| {}).await;
    let line = seen.only("PROBLEM", "org/dev-cluster: it has no branch release/1");
    assert!(line.contains("correct `branch` of cluster dev"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_nobody_waits_for() {
    let world = world().await;
    world.github.protect(ADMIN, &["build"]).expect("a repository");
    let line = doctor(&world).await.just("warning", "main does not require bailiwick/review");
    assert!(line.contains("expected source"), "{line}");
    world.github.protect_by_ruleset(ADMIN, &["bailiwick/review"]).expect("a repository");
    world.github.require_up_to_date(ADMIN, Some(true)).expect("a repository");
    let seen = doctor(&world).await;
    assert_eq!(seen.status, 0, "{}", seen.out);
    seen.line("ok", "main requires bailiwick/review of this App");
    seen.line("ok", "main takes only what was judged on top of it");
    world.github.protect(ADMIN, &[]).expect("a repository");
    world.github.protect_by_ruleset(ADMIN, &[]).expect("a repository");
    doctor(&world).await.just("warning", "main does not require bailiwick/review");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approvals_that_nobody_waits_for() {
    let world = world().await;
    let asks = |text: &str| format!("{text}grants: {{required: 1}}\n");
    let seen = doctor_with(&world, asks, |_| {}).await;
    seen.just("warning", "main does not require bailiwick/grants");
    world.github.protect(ADMIN, &["bailiwick/review", "bailiwick/grants"]).expect("a repository");
    world.github.require_up_to_date(ADMIN, Some(true)).expect("a repository");
    let seen = doctor_with(&world, asks, |_| {}).await;
    seen.line("ok", "main requires bailiwick/grants of this App");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_green_check_that_may_be_out_of_date() {
    let world = world().await;
    let behind = "main takes pull requests that are behind it";
    world.github.require_up_to_date(ADMIN, Some(false)).expect("a repository");
    let line = doctor(&world).await.just("warning", behind);
    assert!(line.contains("Require branches to be up to date before merging"), "{line}");
    world.github.require_up_to_date(ADMIN, Some(true)).expect("a repository");
    doctor(&world).await.line("ok", "main takes only what was judged on top of it");

    // The same by a ruleset.
    world.github.protect(ADMIN, &[]).expect("a repository");
    world.github.protect_by_ruleset(ADMIN, &["bailiwick/review"]).expect("a repository");
    doctor(&world).await.line("ok", "main takes only what was judged on top of it");
    world.github.require_up_to_date(ADMIN, Some(false)).expect("a repository");
    doctor(&world).await.just("warning", behind);

    world.github.require_merge_queue(ADMIN, "ALLGREEN").expect("a repository");
    let seen = doctor(&world).await;
    assert!(!seen.out.contains(behind), "{}", seen.out);
    seen.line("ok", "main has a merge queue");
    world.github.require_merge_queue(ADMIN, "HEADGREEN").expect("a repository");
    doctor(&world).await.just("warning", "the merge queue of main merges a pull request whose check is red");
    world.github.subscribe("merge_group", false);
    let line = doctor(&world).await.just("PROBLEM", "the App does not subscribe to merge_group");
    assert!(line.contains("Merge queues: read"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_that_is_used_up() {
    let mut world = world().await;
    stop(&mut world).await;
    world.github.use_up_budget("org", 40).expect("installed");
    let line = doctor(&world).await.just("warning", "of 5000 requests left, new at 2");
    assert!(line.contains("budget of org: ") && line.contains("people's commands go first"), "{line}");
    world.github.use_up_budget("org", 0).expect("installed");
    let empty = doctor(&world).await;
    empty.line("warning", "budget of org: 0 of 5000 requests left");
    assert_eq!(empty.status, 0, "nothing is broken: {}", empty.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_github_that_is_down_hides_nothing_else() {
    let mut world = world().await;
    stop(&mut world).await;
    world.github.faults().outage(true);
    let seen = doctor(&world).await;
    assert_eq!(seen.status, 1);
    let line = seen.line("PROBLEM", "App: ");
    assert!(line.contains("status 503") && line.contains("www.githubstatus.com"), "{line}");
    seen.line("ok", "database: sqlite");
    seen.line("ok", "cluster dev: Bailiwick may find, ask and follow Flux");
}
