//! A merge queue waits for a verdict on each of its groups. It gets one, once, and no check run stays open.

use std::time::Duration;

use bailiwick::jobs::{Recover, Refresh, Task as _};
use bailiwick::sandbox::github::MergeGroup;
use http::Method;

use super::files;
use super::support::{ADMIN, ALICE, BOB, Check, Effect, Level, Order, Page, TEAM1, TestWorld};

const CHECK_RUNS: &str = "/repos/org/dev-cluster/check-runs";
const GIT: &str = "/org/dev-cluster.git/info/refs";

/// A world in which what is merged into the repositories goes through a merge queue, and a failed job waits for
/// some seconds, so that people are faster.
async fn with_queues() -> TestWorld {
    let mut world = TestWorld::start().await;
    world.stop_server().await;
    world.world.queue.backoff.first = Duration::from_secs(4);
    world.start_server().await;
    for repository in [ADMIN, TEAM1] {
        world.github().require_merge_queue(repository, "ALLGREEN").expect("there is this repository");
    }
    world.quiet().await;
    world
}

/// A pull request with some words, judged.
async fn words(world: &TestWorld) -> Page {
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    world.expect_check(&pull, "success").await;
    world.quiet().await;
    world.github().clear_request_log();
    pull
}

async fn enqueue(world: &TestWorld, pull: &Page) -> MergeGroup {
    world.github().enqueue(ALICE, &pull.repository, pull.number).await.expect("the queue takes it")
}

async fn verdict(world: &TestWorld, repository: &str, group: &MergeGroup, conclusion: &str) -> Check {
    world.expect_check_of(repository, &group.head, conclusion).await
}

/// Waits until the check run of the admin repository's group is open, and its files could not be fetched.
async fn opened(world: &TestWorld, group: &MergeGroup) {
    let failed = |world: &TestWorld| {
        let asked = world.requests().iter().any(|line| line.starts_with(&format!("GET {GIT}")));
        let open = world.checks_of(ADMIN, &group.head).iter().any(|run| run.status == "in_progress");
        (asked && open).then_some(())
    };
    world.until("a review that failed for now", failed).await;
}

/// Each alone is fine; one after the other they are not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_judged_on_top_of_the_one_before_it() {
    let world = with_queues().await;
    let frontend = world.github().read_file(TEAM1, "main", "frontend.yaml").await.expect("seeded");
    let renamed = frontend.replace("name: frontend", "name: web");
    let first = world.open(BOB, (TEAM1, "rename"), &[("frontend.yaml", &renamed)]).await;
    let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - \
                         frontend.yaml\npatches:\n  - path: replicas.yaml\n";
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: frontend\nspec:\n  replicas: 2\n";
    let patches = [("kustomization.yaml", kustomization), ("replicas.yaml", patch)];
    let second = world.open(BOB, (TEAM1, "replicas"), &patches).await;
    world.expect_check(&first, "success").await;
    world.expect_check(&second, "success").await;

    let (renames, replaces) = (enqueue(&world, &first).await, enqueue(&world, &second).await);
    assert_eq!(replaces.onto, renames.head);
    verdict(&world, TEAM1, &renames, "success").await;
    let check = verdict(&world, TEAM1, &replaces, "failure").await;
    assert_eq!(check.annotations(), ["kustomization.yaml:6 failure kustomization/cannot-build"]);
    let merged = world.github().merge_first_group(TEAM1).await.expect("its check is green");
    assert_eq!(world.github().branch_tip(TEAM1, "main").await.as_ref(), Some(&merged));
    assert!(world.github().merge_first_group(TEAM1).await.is_err(), "GitHub merges nothing past a red check");
    world.github().dequeue(ALICE, TEAM1, second.number).await.unwrap();
    world.finish().await;
}

/// A policy that waits in the queue is not merged yet: nothing is judged by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_judged_by_the_policy_of_the_base_branch() {
    let world = with_queues().await;
    let policy = "severity: {rbac/wildcard: 'off', rbac/escalation-verbs: 'off', rbac/read-secrets: 'off'}\n";
    let lenient = world.open(BOB, (ADMIN, "lenient"), &[(".bailiwick/policy.yaml", policy)]).await;
    let common = files::common(&["operator.yaml"]);
    let greedy =
        [("cluster/common/operator.yaml", files::GREEDY), ("cluster/common/kustomization.yaml", common.as_str())];
    let greedy = world.open(BOB, (ADMIN, "greedy"), &greedy).await;
    world.expect_check(&lenient, "success").await;
    world.expect_check(&greedy, "failure").await;
    // So that a red pull request gets into the queue.
    world.github().protect(ADMIN, &[]).expect("there is this repository");
    let (first, second) = (enqueue(&world, &lenient).await, enqueue(&world, &greedy).await);
    assert_eq!(second.onto, first.head);
    verdict(&world, ADMIN, &first, "success").await;
    verdict(&world, ADMIN, &second, "failure").await;
    for pull in [&greedy, &lenient] {
        world.github().dequeue(ALICE, ADMIN, pull.number).await.unwrap();
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_costs_three_requests_can_be_judged_again_and_is_merged() {
    let world = with_queues().await;
    let pull = words(&world).await;
    let group = enqueue(&world, &pull).await;
    let check = verdict(&world, ADMIN, &group, "success").await;
    world.quiet().await;
    let about = |line: &&String| line.contains(" /repos/");
    let asked: Vec<String> = world.requests().iter().filter(about).cloned().collect();
    let patched = format!("PATCH {CHECK_RUNS}/{} 200", check.run.id);
    assert_eq!(asked, ["GET /repos/org/dev-cluster 200".to_owned(), format!("POST {CHECK_RUNS} 201"), patched]);
    insta::assert_snapshot!("group", check.text());

    world.github().rerequest_check(BOB, check.run.id).unwrap();
    let two = |world: &TestWorld| (world.checks_of(ADMIN, &group.head).len() == 2).then_some(());
    world.until("another check run", two).await;
    verdict(&world, ADMIN, &group, "success").await;
    world.quiet().await;
    let commit = world.github().merge_first_group(ADMIN).await.expect("its check is green");
    assert_eq!(commit, group.head);
    world.expect_comment(&pull, "✅").await;
    assert_eq!(world.checks_of(ADMIN, &group.head).len(), 2);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_is_broken_up_leaves_no_check_run_open() {
    let world = with_queues().await;
    let pull = words(&world).await;
    world.github().faults().next_requests(Method::GET, GIT, 1, Effect::Status(502));
    let group = enqueue(&world, &pull).await;
    opened(&world, &group).await;
    world.github().dequeue(ALICE, ADMIN, pull.number).await.unwrap();
    let check = verdict(&world, ADMIN, &group, "cancelled").await;
    assert_eq!(check.title(), "Overtaken");
    world.quiet().await;
    assert_eq!(world.checks_of(ADMIN, &group.head).len(), 1);
    world.finish().await;
}

/// The end of a group comes before its beginning, and GitHub has dropped the commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_whose_commit_is_gone_is_passed_over() {
    let world = with_queues().await;
    let pull = words(&world).await;
    world.github().faults().hold();
    let group = enqueue(&world, &pull).await;
    world.github().dequeue(ALICE, ADMIN, pull.number).await.unwrap();
    world.github().drop_unreachable(ADMIN).await.unwrap();
    world.github().faults().release(Order::Reversed);
    let refused = format!("POST {CHECK_RUNS} 422");
    world.until("the forge to refuse", |world| world.requests().contains(&refused).then_some(())).await;
    world.quiet().await;
    assert!(world.checks_of(ADMIN, &group.head).is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_run_that_may_have_been_opened_on_a_group_is_found_again() {
    let mut world = with_queues().await;
    let pull = words(&world).await;
    world.github().faults().next_requests(Method::POST, CHECK_RUNS, 1, Effect::CutAfter);
    let group = enqueue(&world, &pull).await;
    let lost = |line: &String| line.starts_with(&format!("POST {CHECK_RUNS}")) && line.ends_with(" 0");
    world.until("the answer to be lost", |world| world.requests().iter().any(lost).then_some(())).await;
    world.stop_server().await;
    world.start_server().await;
    verdict(&world, ADMIN, &group, "success").await;
    world.quiet().await;
    assert_eq!(world.checks_of(ADMIN, &group.head).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_nobody_was_told_of_is_found_in_githubs_list() {
    let world = with_queues().await;
    let pull = words(&world).await;
    // The queue's branch, its suite, the pull request's entry and the group itself.
    world.github().faults().drop_next(4);
    let group = enqueue(&world, &pull).await;
    world.quiet().await;
    assert!(world.checks_of(ADMIN, &group.head).is_empty());
    world.context().store.enqueue(&[Recover::default().to_job()]).await.expect("the store answers");
    verdict(&world, ADMIN, &group, "success").await;
    world.finish().await;
}

/// Nothing lists groups; but whatever was begun is gone on with.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_goes_on_with_a_group_that_was_begun() {
    let mut world = with_queues().await;
    world.stop_server().await;
    world.world.queue.backoff.first = Duration::from_secs(3600);
    world.start_server().await;
    let pull = words(&world).await;
    world.github().faults().next_requests(Method::GET, GIT, 1, Effect::Status(502));
    let group = enqueue(&world, &pull).await;
    opened(&world, &group).await;
    world.quiet().await;
    world.context().store.enqueue(&[Refresh::new("dev".parse().unwrap()).to_job()]).await.expect("the store answers");
    verdict(&world, ADMIN, &group, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_review_of_a_group_that_was_given_up_says_so() {
    let world = with_queues().await;
    let pull = words(&world).await;
    world.github().set_permission("org", "contents", None).unwrap();
    world.quiet().await;
    let group = enqueue(&world, &pull).await;
    let check = verdict(&world, ADMIN, &group, "failure").await;
    insta::assert_snapshot!("given_up_group", check.text());
    world.expect_given_up("review_merge_group").await;
    world.github().set_permission("org", "contents", Some(Level::Write)).unwrap();
    world.finish().await;
}
