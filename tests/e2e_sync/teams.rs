//! Pull requests in team repositories: what the cluster would deny is said on the exact line.

use crate::support::{ADMIN, ALICE, BOB, CAROL, TEAM1, TEAM2, TestWorld};

const FRONTEND: &str = "  - frontend.yaml\n";

/// A list with the workload that is there and one more file.
fn list(entry: &str) -> String {
    format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{FRONTEND}  - {entry}\n")
}

fn map(namespace: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: words\n{namespace}data:\n  from: team1\n")
}

/// Opens a pull request in team1's repository with one more file; gives the annotations.
async fn judged(world: &TestWorld, name: &str, text: &str, conclusion: &str) -> Vec<String> {
    let files = [("kustomization.yaml", list(&format!("{name}.yaml"))), (&format!("{name}.yaml"), text.to_owned())];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let pull = world.open(BOB, (TEAM1, name), &files).await;
    let check = world.expect_check(&pull, conclusion).await;
    check.annotations()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_may_write_in_its_own_namespace_and_nowhere_else() {
    let world = TestWorld::start().await;
    assert_eq!(judged(&world, "own", &map("  namespace: team1\n"), "success").await, Vec::<String>::new());
    assert_eq!(judged(&world, "none", &map(""), "success").await, Vec::<String>::new());
    let cluster_wide = "apiVersion: v1\nkind: PersistentVolume\nmetadata:\n  name: disk\n";
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: mine\n";
    let refused = [
        judged(&world, "other", &map("  namespace: team2\n"), "failure").await,
        judged(&world, "system", &map("  namespace: kube-system\n"), "failure").await,
        judged(&world, "wide", cluster_wide, "failure").await,
        judged(&world, "space", namespace, "failure").await,
    ];
    insta::assert_snapshot!(refused.concat().join("\n"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kustomization_that_moves_everything_into_another_namespace() {
    let world = TestWorld::start().await;
    let text = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: team2\nresources:\n{FRONTEND}"
    );
    let pull = world.open(BOB, (TEAM1, "moves"), &[("kustomization.yaml", &text)]).await;
    let check = world.expect_check(&pull, "failure").await;
    insta::assert_snapshot!(check.annotations().join("\n"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_without_a_team_is_told_so_and_a_stranger_is_left_alone() {
    let world = TestWorld::start().await;
    let pull = world.open(CAROL, (TEAM2, "early"), &[("x.yaml", &map("  namespace: kube-system\n"))]).await;
    let check = world.expect_check(&pull, "action_required").await;
    insta::assert_snapshot!(check.text());
    world.github().create_repository("org/website", &[("README.md", "Hello\n")]).await.expect("it is new");
    let stranger = world.open(ALICE, ("org/website", "words"), &[("x.yaml", "kind: X\n")]).await;
    world.expect_no_check(&stranger).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_that_nobody_syncs_is_not_judged() {
    let world = TestWorld::start().await;
    world.push(BOB, (TEAM1, "develop"), &[("README.md", "Words.\n")]).await;
    world.push(BOB, (TEAM1, "feature"), &[("x.yaml", &map("  namespace: team2\n"))]).await;
    let pull = world.open_into(BOB, (TEAM1, "feature"), "develop").await;
    world.expect_no_check(&pull).await;
    world.finish().await;
}

/// The policy is the admins' and is read from their base branch: a team cannot excuse itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_is_the_admins() {
    let world = TestWorld::start().await;
    let off = "severity:\n  tenancy/foreign-namespace: warning\n";
    let own = [
        ("other.yaml", &*map("  namespace: team2\n")),
        ("kustomization.yaml", &list("other.yaml")),
        (".bailiwick/policy.yaml", off),
    ];
    let pull = world.open(BOB, (TEAM1, "excuse"), &own).await;
    let check = world.expect_check(&pull, "failure").await;
    assert!(
        check.annotations().iter().any(|line| line.starts_with("other.yaml:5 failure")),
        "{:?}",
        check.annotations()
    );
    let proposed = world.open(ALICE, (ADMIN, "policy"), &[(".bailiwick/policy.yaml", off)]).await;
    world.expect_check(&proposed, "success").await;
    assert!(
        judged(&world, "again", &map("  namespace: team2\n"), "failure").await.len() == 1,
        "a proposed policy is none"
    );
    world.merge(ALICE, &proposed).await;
    world.expect_report(&proposed, "✅").await;
    let softer = judged(&world, "softer", &map("  namespace: team2\n"), "success").await;
    assert!(softer.iter().any(|line| line.starts_with("softer.yaml:5 warning")), "{softer:?}");
    world.finish().await;
}
