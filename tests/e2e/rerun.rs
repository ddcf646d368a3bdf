//! Judging again, by each of the ways that people have.

use super::support::{ADMIN, ALICE, BOB, Page, TestWorld};

/// Waits for the verdict number `count` on the same head.
async fn expect_verdict(world: &TestWorld, pull: &Page, count: usize) {
    let head = world.head(pull);
    let more = |world: &TestWorld| (world.checks_of(ADMIN, &head).len() == count).then_some(());
    world.until(&format!("check run number {count}"), more).await;
    world.expect_check(pull, "success").await;
    world.quiet().await;
    assert_eq!(world.checks_of(ADMIN, &head).len(), count);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_can_have_it_judged_again() {
    let world = TestWorld::start().await;
    let pull = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    expect_verdict(&world, &pull, 1).await;
    let run = world.checks_of(ADMIN, &world.head(&pull))[0].id;

    world.github().rerequest_check(BOB, run).unwrap();
    expect_verdict(&world, &pull, 2).await;
    world.github().press_check_button(BOB, run, "judge-again").unwrap();
    expect_verdict(&world, &pull, 3).await;
    let comment = world.comment(ALICE, &pull, "/check");
    insta::assert_snapshot!("check_answer", world.expect_answer(comment).await);
    expect_verdict(&world, &pull, 4).await;
    world.github().rerequest_all_checks(BOB, run).await.unwrap();
    expect_verdict(&world, &pull, 5).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn judging_again_sees_what_changed_on_the_base() {
    let world = TestWorld::start().await;
    let common = super::files::common(&["canary-operator.yaml"]);
    let changes = [
        ("cluster/common/kustomization.yaml", common.as_str()),
        ("cluster/common/canary-operator.yaml", super::files::GREEDY),
    ];
    let pull = world.open(BOB, (ADMIN, "greedy"), &changes).await;
    let check = world.expect_check(&pull, "failure").await;
    let policy =
        "severity:\n  rbac/wildcard: warning\n  rbac/escalation-verbs: warning\n  rbac/read-secrets: warning\n";
    world.push(ALICE, (ADMIN, "main"), &[(".bailiwick/policy.yaml", policy)]).await;
    world.github().rerequest_check(BOB, check.run.id).unwrap();
    expect_verdict(&world, &pull, 2).await;
    world.finish().await;
}
