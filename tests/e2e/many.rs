//! More findings than fit in one request, or anywhere.

use super::files;
use super::support::{ADMIN, BOB, Change, Check, Page, TestWorld};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_files_than_can_be_judged_are_refused_with_the_limit() {
    let world = TestWorld::start().await;
    let file = |number| Change::write(&format!("cluster/common/many/{number}.yaml"), "a: b\n");
    let changes: Vec<_> = (0..3_001).map(file).collect();
    let pull = world.open_changes(BOB, (ADMIN, "many"), &changes).await;
    let check = world.expect_check(&pull, "failure").await;
    insta::assert_snapshot!("files", check.text());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_too_large_is_never_green() {
    let world = TestWorld::start().await;
    let common = files::common(&["large.yaml"]);
    let large = format!("# {}\n", "x".repeat(3 << 20));
    let changes = [("cluster/common/kustomization.yaml", common.as_str()), ("cluster/common/large.yaml", &large)];
    let pull = world.open(BOB, (ADMIN, "large"), &changes).await;
    let check = world.expect_check(&pull, "failure").await;
    insta::assert_snapshot!("large", check.text());
    world.finish().await;
}
