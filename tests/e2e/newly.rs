//! What Flux applies only since a change is judged, though it is no part of the change.

use super::files::{self, GREEDY, MODEST};
use super::support::{ADMIN, ALICE, BOB, TEAM1, TestWorld};

const COMMON: &str = "cluster/common/kustomization.yaml";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_lay_unlisted_is_judged_when_it_is_listed() {
    let world = TestWorld::start().await;
    let hidden = "resources:\n  - role.yaml\n";
    let unlisted = [("hidden/kustomization.yaml", hidden), ("hidden/role.yaml", GREEDY), ("hidden/role.txt", GREEDY)];
    world.push(ALICE, (ADMIN, "main"), &unlisted).await;

    let listed = files::common(&["../../hidden"]);
    let pull = world.open(BOB, (ADMIN, "list-it"), &[(COMMON, &listed)]).await;
    let check = world.expect_check(&pull, "failure").await;
    insta::assert_snapshot!("newly_listed", check.text());

    // Whatever it is called.
    let listed = files::common(&["../../hidden/role.txt"]);
    let pull = world.open(BOB, (ADMIN, "list-text"), &[(COMMON, &listed)]).await;
    let check = world.expect_check(&pull, "failure").await;
    assert!(check.annotations().contains(&format!("{COMMON}:5 failure rbac/wildcard")), "{:?}", check.annotations());
    assert!(check.summary().contains("hidden/role.txt:7"), "{}", check.summary());

    // And where the change brings it along, on its own lines.
    let listed = files::common(&["new.txt"]);
    let both = [(COMMON, listed.as_str()), ("cluster/common/new.txt", GREEDY)];
    let pull = world.open(BOB, (ADMIN, "bring-text"), &both).await;
    let check = world.expect_check(&pull, "failure").await;
    let found = check.annotations();
    assert!(found.contains(&"cluster/common/new.txt:7 failure rbac/wildcard".to_owned()), "{found:?}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_team_repository_too() {
    let world = TestWorld::start().await;
    world.push(ALICE, (TEAM1, "main"), &[("attic/role.yaml", MODEST)]).await;
    let before = world.github().read_file(TEAM1, "main", "kustomization.yaml").await.expect("a kustomization");
    let listed = format!("{}\n  - attic/role.yaml\n", before.trim_end());
    let pull = world.open(BOB, (TEAM1, "list-it"), &[("kustomization.yaml", &listed)]).await;
    let check = world.expect_check(&pull, "failure").await;
    assert!(check.summary().contains("attic/role.yaml:2"), "{}", check.summary());
    let rule = "failure tenancy/cluster-object-outside-common";
    assert!(check.annotations().iter().any(|line| line.starts_with("kustomization.yaml:") && line.ends_with(rule)));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_packed_only_since_the_change_is_judged() {
    let world = TestWorld::start().await;
    let hidden = [("cluster/common/role.yaml", GREEDY), (".sourceignore", "role.yaml\n")];
    world.push(ALICE, (ADMIN, "main"), &hidden).await;
    let pull = world.open(BOB, (ADMIN, "show-it"), &[(".sourceignore", "# nothing\n")]).await;
    let check = world.expect_check(&pull, "failure").await;
    assert!(check.summary().contains("cluster/common/role.yaml:7"), "{}", check.summary());
    let found = check.annotations();
    assert!(found.contains(&".sourceignore:1 failure rbac/wildcard".to_owned()), "{found:?}");
    world.finish().await;
}
