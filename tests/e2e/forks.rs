//! Heads that are elsewhere, or gone.

use std::time::Duration;

use http::Method;

use super::files::{self, GREEDY};
use super::support::people::writes;
use super::support::{ADMIN, ALICE, BOB, Effect, NewPullRequest, Order, Page, TestWorld};

const COMMON: &str = "cluster/common/kustomization.yaml";
const OPERATOR: &str = "cluster/common/canary-operator.yaml";

/// Bob opens a pull request from his fork; gives it with the fork's name.
async fn open_from_fork(world: &TestWorld, files: &[(&str, &str)]) -> (Page, String) {
    let new = NewPullRequest { head: "from-home", base: "main", title: "From my fork", body: "" };
    let pull = world.github().open_pull_from_fork(BOB, ADMIN, &writes(files), new).await.expect("the fork is made");
    (world.page(ADMIN, pull.number), pull.fork)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forks_pull_request_is_judged_and_the_fork_is_never_touched() {
    let world = TestWorld::start().await;
    let common = files::common(&["canary-operator.yaml"]);
    let (pull, fork) = open_from_fork(&world, &[(COMMON, &common), (OPERATOR, GREEDY)]).await;
    let check = world.expect_check(&pull, "failure").await;
    assert!(check.annotations().contains(&format!("{OPERATOR}:7 failure rbac/wildcard")), "{:?}", check.annotations());
    world.quiet().await;
    let requests = world.requests();
    assert!(requests.iter().all(|line| !line.contains(&fork)), "the fork was asked: {requests:#?}");

    world.github().push(BOB, (&fork, "from-home"), &writes(&[(OPERATOR, files::MODEST)]), "Mend it").await.unwrap();
    world.expect_check(&pull, "success").await;

    // GitHub names no pull requests for a fork's check runs: the button has to work all the same.
    let head = world.head(&pull);
    let run = world.checks_of(ADMIN, &head)[0].id;
    world.github().rerequest_check(ALICE, run).unwrap();
    world.until("a second check run", |world| (world.checks_of(ADMIN, &head).len() == 2).then_some(())).await;
    world.expect_check(&pull, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_request_whose_fork_is_gone_is_judged() {
    let world = TestWorld::start().await;
    world.github().faults().hold();
    let (pull, fork) = open_from_fork(&world, &[("README.md", "# A word\n")]).await;
    world.github().delete_repository(&fork).unwrap();
    world.github().faults().release(Order::AsHappened);
    world.expect_check(&pull, "success").await;
    world.finish().await;
}

/// Throws away what no reference names, as GitHub does some time after a force-push.
fn prune(world: &TestWorld) {
    let path = world.github().repository_path(ADMIN).expect("it has a folder");
    let git = |args: &[&str]| {
        std::process::Command::new("git").arg("--git-dir").arg(&path).args(args).status().expect("git runs")
    };
    assert!(git(&["reflog", "expire", "--expire=now", "--all"]).success());
    assert!(git(&["repack", "-adq"]).success());
    assert!(git(&["prune", "--expire=now"]).success());
}

/// Replaces the branch of a pull request; gives the head that it had.
async fn force_push(world: &TestWorld, pull: &Page) -> String {
    let old = world.head(pull);
    let changes = writes(&[("README.md", "# Another word\n")]);
    world.github().force_push(BOB, (ADMIN, "restless"), "main", &changes).await.expect("the push is taken");
    old
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_is_replaced_while_it_is_judged_keeps_its_verdict_and_the_new_one_gets_its_own() {
    let world = TestWorld::start().await;
    let slow = Effect::Slow(Duration::from_millis(500));
    world.github().faults().next_requests(Method::PATCH, "/repos/org/dev-cluster/check-runs/*", 1, slow);
    let pull = world.open(BOB, (ADMIN, "restless"), &[("README.md", "# A word\n")]).await;
    let head = world.head(&pull);
    world.until("the check run to open", |world| world.checks_of(ADMIN, &head).pop()).await;
    let old = force_push(&world, &pull).await;
    world.expect_check(&pull, "success").await;
    world.expect_check_of(ADMIN, &old, "success").await;
    assert_eq!(world.checks_of(ADMIN, &world.head(&pull)).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_is_gone_before_it_could_be_fetched_leaves_no_open_check_run() {
    let world = TestWorld::start().await;
    // Known to the server already, so that only the review asks Git.
    world.expect_check(&world.open(BOB, (ADMIN, "first"), &[("README.md", "# One\n")]).await, "success").await;
    world.quiet().await;
    let slow = Effect::Slow(Duration::from_secs(1));
    world.github().faults().next_requests(Method::GET, "/org/dev-cluster.git/info/refs", 1, slow);
    let pull = world.open(BOB, (ADMIN, "restless"), &[("README.md", "# A word\n")]).await;
    let head = world.head(&pull);
    world.until("the check run to open", |world| world.checks_of(ADMIN, &head).pop()).await;
    let old = force_push(&world, &pull).await;
    prune(&world);
    let check = world.expect_check_of(ADMIN, &old, "failure").await;
    assert_eq!(check.title(), "The head cannot be read");
    world.expect_check(&pull, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_is_gone_before_its_check_run_opens_is_passed_over() {
    let world = TestWorld::start().await;
    let slow = Effect::Slow(Duration::from_secs(1));
    world.github().faults().next_requests(Method::POST, "/repos/org/dev-cluster/check-runs", 1, slow);
    let pull = world.open(BOB, (ADMIN, "restless"), &[("README.md", "# A word\n")]).await;
    let asked = format!("GET /repos/org/dev-cluster/pulls/{} 200", pull.number);
    world.until("the pull request to be read", |world| world.requests().contains(&asked).then_some(())).await;
    let old = force_push(&world, &pull).await;
    prune(&world);
    world.expect_check(&pull, "success").await;
    world.quiet().await;
    assert!(world.checks_of(ADMIN, &old).is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_push_gets_a_check_on_its_own_head() {
    let world = TestWorld::start().await;
    let pull = world.open(BOB, (ADMIN, "restless"), &[("README.md", "# 0\n")]).await;
    world.expect_check(&pull, "success").await;
    let mut heads = vec![world.head(&pull)];
    for number in 1..4 {
        heads.push(world.push(BOB, (ADMIN, "restless"), &[("README.md", &format!("# {number}\n"))]).await);
        world.expect_check(&pull, "success").await;
    }
    world.quiet().await;
    for head in heads {
        assert_eq!(world.checks_of(ADMIN, &head).len(), 1);
    }
    world.finish().await;
}
