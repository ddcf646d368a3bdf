//! More findings than fit in one request, or anywhere.

use super::files;
use super::support::{ADMIN, BOB, Check, Page, TestWorld};

async fn open(world: &TestWorld, count: usize) -> Page {
    let common = files::common(&["greedy.yaml"]);
    let roles = files::greedy_roles(count);
    let changes = [("cluster/common/kustomization.yaml", common.as_str()), ("cluster/common/greedy.yaml", &roles)];
    world.open(BOB, (ADMIN, "greedy"), &changes).await
}

fn lines(check: &Check) -> Vec<u64> {
    check.run.annotations.iter().filter_map(|note| note["start_line"].as_u64()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_and_twenty_findings_are_a_hundred_and_twenty_annotations() {
    let world = TestWorld::start().await;
    world.github().clear_request_log();
    let pull = open(&world, 120).await;
    let check = world.expect_check(&pull, "success").await;
    assert_eq!(lines(&check), (0..120).map(|role| role * 9 + 8).collect::<Vec<_>>(), "each on its own line, once");
    world.quiet().await;
    assert_eq!(world.checks_of(ADMIN, &world.head(&pull)).len(), 1);
    let batches =
        world.requests().into_iter().filter(|line| line.starts_with("PATCH /repos/org/dev-cluster/check-runs"));
    assert_eq!(batches.count(), 3, "50 and 50 and 20");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seven_hundred_findings_are_cut_where_everybody_sees_it() {
    let world = TestWorld::start().await;
    let pull = open(&world, 700).await;
    let check = world.expect_check(&pull, "success").await;
    assert_eq!(lines(&check).len(), 500);
    assert_eq!(check.title(), "700 warnings");
    let summary = check.run.summary.clone().unwrap_or_default();
    assert!(summary.len() <= 65_535, "{}", summary.len());
    let end = summary.trim_end().lines().next_back().unwrap_or_default();
    assert!(end.contains("for which there is no room here"), "{end}");
    world.finish().await;
}
