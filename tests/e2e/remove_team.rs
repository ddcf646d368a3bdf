//! `/remove-team`: a team leaves in two pull requests, and `/rename-team` says what to do instead.

use super::support::{ADMIN, ALICE, BOB, Change, Page, TEAM1, TestWorld, tidy};

const FIRST: &str = "bailiwick/remove-team/first/team1";
const SECOND: &str = "bailiwick/remove-team/second/team1";

async fn ask(world: &TestWorld, user: &str, words: &str) -> String {
    world.expect_answer(world.comment(user, &Page::requests(), words)).await
}

/// The files of the admin repository that have this in their paths, at a commit.
async fn files(world: &TestWorld, commit: &str, part: &str) -> Vec<String> {
    let path = world.github().repository_path(ADMIN).expect("it is there");
    let mut git = tokio::process::Command::new("git");
    let listed = git.args(["ls-tree", "-r", "--name-only", commit]).current_dir(path).output().await;
    let listed = String::from_utf8(listed.expect("git runs").stdout).expect("text");
    listed.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
}

/// Merges a step and waits until the cluster has applied it.
async fn merge(world: &TestWorld, pull: &Page) {
    world.expect_check(pull, "success").await;
    world.merge(ALICE, pull).await;
    world.expect_comment(pull, "✅").await;
    world.quiet().await;
    world.read(pull).await;
}

fn has_workloads(world: &TestWorld) -> bool {
    !world.world.cluster.list("Deployment", "team1").is_empty()
}

fn has_namespace(world: &TestWorld) -> bool {
    world.world.cluster.get("Namespace", "", "team1").is_some()
}

/// Nothing was written into the admin repository.
async fn nothing_written(world: &TestWorld) {
    world.quiet().await;
    assert!(world.github().pulls(ADMIN).is_empty());
    assert_eq!(world.github().branches(ADMIN).await.expect("it has branches"), ["main"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_leaves_in_two_steps_and_its_key_goes_last() {
    let world = TestWorld::start().await;
    assert_eq!(world.github().deploy_keys(TEAM1).len(), 1);
    world.until("the team's workloads", |world| has_workloads(world).then_some(())).await;
    insta::assert_snapshot!("first_answer", ask(&world, ALICE, "/remove-team team1").await);
    let (first, shown) = world.expect_pull_request(FIRST).await;
    insta::assert_snapshot!("first_pull_request", format!("{}\n\n{}", shown.title, tidy(&shown.body)));
    assert!(!files(&world, &shown.head_sha, "team1").await.iter().any(|path| path.ends_with("sync.yaml")));
    world.expect_check(&first, "success").await;

    // Twice is once, on the tip of today.
    world.push(ALICE, (ADMIN, "main"), &[("README.md", "# Meanwhile\n")]).await;
    let again = ask(&world, ALICE, "/remove-team team1").await;
    assert!(again.contains(&format!("#{} is open already and now up to date", first.number)), "{again}");
    let (same, _) = world.expect_pull_request(FIRST).await;
    assert_eq!((same, world.github().pulls(ADMIN).len()), (first.clone(), 1));

    merge(&world, &first).await;
    world.until("Flux to prune", |world| (!has_workloads(world)).then_some(())).await;
    assert!(has_namespace(&world), "with the rights that it still has");
    insta::assert_snapshot!("second_answer", ask(&world, ALICE, "/remove-team team1").await);
    let (second, shown) = world.expect_pull_request(SECOND).await;
    insta::assert_snapshot!("second_pull_request", format!("{}\n\n{}", shown.title, tidy(&shown.body)));
    assert_eq!(files(&world, &shown.head_sha, "team1").await, Vec::<String>::new());
    world.expect_check(&second, "success").await;
    let again = ask(&world, ALICE, "/remove-team team1").await;
    assert!(again.contains(&format!("#{} is open already and now up to date", second.number)), "{again}");

    merge(&world, &second).await;
    world.until("the namespace to go", |world| (!has_namespace(world)).then_some(())).await;
    assert_eq!(world.github().deploy_keys(TEAM1).len(), 1, "as long as nobody asks");
    let plan = ask(&world, ALICE, "/remove-team team1 --plan").await;
    assert!(plan.contains("would remove its deploy key"), "{plan}");
    insta::assert_snapshot!("over", ask(&world, ALICE, "/remove-team team1").await);
    assert_eq!(world.github().deploy_keys(TEAM1).len(), 0);
    let again = ask(&world, ALICE, "/remove-team team1").await;
    assert!(again.contains("There is no deploy key of mine on it any more"), "{again}");
    insta::assert_snapshot!("audit", world.audit_lines(&["team-removal", "key-removed"]).await.join("\n"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_and_every_refusal_do_nothing() {
    let world = TestWorld::start().await;
    insta::assert_snapshot!("plan", ask(&world, ALICE, "/remove-team team1 --plan").await);
    let mut answers = String::new();
    for (user, words) in [
        (BOB, "/remove-team team1"),
        (ALICE, "/remove-team taem1"),
        (ALICE, "/remove-team no-such-team"),
        (ALICE, "/remove-team common"),
        (ALICE, "/remove-team no-such-team --without-proof"),
    ] {
        let answer = ask(&world, user, words).await;
        answers.push_str(&format!("{words}\n  {}\n\n", answer.replace('\n', "\n  ")));
    }
    insta::assert_snapshot!("refusals", answers);
    insta::assert_snapshot!("rename", ask(&world, BOB, "/rename-team team1 payments").await);
    nothing_written(&world).await;
    let pull = world.open(BOB, (TEAM1, "words"), &[("README.md", "# Words\n")]).await;
    world.expect_check(&pull, "success").await;
    let there = world.expect_answer(world.comment(BOB, &pull, "/remove-team team1")).await;
    assert!(there.contains("does nothing here") || there.contains("I did not run"), "{there}");
    nothing_written(&world).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_use_is_refused_with_its_place() {
    let world = TestWorld::start().await;
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team1\n";
    world.push(ALICE, (ADMIN, "main"), &[("cluster/common/more.yaml", namespace)]).await;
    let answer = ask(&world, ALICE, "/remove-team team1").await;
    insta::assert_snapshot!(answer);
    nothing_written(&world).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_step_waits_until_the_first_is_proven() {
    let world = TestWorld::start().await;
    ask(&world, ALICE, "/remove-team team1").await;
    let (first, _) = world.expect_pull_request(FIRST).await;
    world.expect_check(&first, "success").await;
    world.world.cluster.faults().hold_syncs(true);
    world.merge(ALICE, &first).await;
    world.expect_comment(&first, "### Cluster dev").await;
    let early = ask(&world, ALICE, "/remove-team team1").await;
    assert!(early.contains(&format!("The first step (#{}) is done in Git", first.number)), "{early}");
    assert!(early.contains("of the merge I know: Flux is fetching and applying"), "{early}");
    world.world.cluster.faults().hold_syncs(false);
    world.expect_comment(&first, "✅").await;
    world.quiet().await;
    world.read(&first).await;

    // Somebody has made it again by hand.
    let object = serde_json::json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "team1", "namespace": "team1"},
        "spec": {"interval": "10m", "path": "./", "prune": true, "suspend": true,
                 "sourceRef": {"kind": "GitRepository", "name": "team1"}},
    });
    world
        .until("it to be gone", |world| {
            world.world.cluster.get("Kustomization", "team1", "team1").is_none().then_some(())
        })
        .await;
    world.world.cluster.apply(object).expect("applied");
    let again = ask(&world, ALICE, "/remove-team team1").await;
    assert!(again.contains("Kustomization team1/team1 is still in the cluster"), "{again}");
    assert_eq!(world.github().pulls(ADMIN).len(), 1, "nothing was opened");
    world.world.cluster.delete("Kustomization", "team1", "team1").expect("deleted");
    world
        .until("it to be gone", |world| {
            world.world.cluster.get("Kustomization", "team1", "team1").is_none().then_some(())
        })
        .await;
    ask(&world, ALICE, "/remove-team team1").await;
    let (second, _) = world.expect_pull_request(SECOND).await;
    world.expect_check(&second, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_proof_the_second_step_takes_a_word_of_its_own() {
    let world = TestWorld::start().await;
    // Somebody has done the first step by hand.
    let list = world.github().read_file(ADMIN, "main", "cluster/team1/kustomization.yaml").await.expect("there");
    let changes = [
        Change::delete("cluster/team1/sync.yaml"),
        Change::write("cluster/team1/kustomization.yaml", &list.replace("  - sync.yaml\n", "")),
    ];
    world.push_changes(ALICE, (ADMIN, "main"), &changes).await;
    world.quiet().await;
    insta::assert_snapshot!("unproven", ask(&world, ALICE, "/remove-team team1").await);
    nothing_written(&world).await;
    ask(&world, ALICE, "/remove-team team1 --without-proof").await;
    let (second, shown) = world.expect_pull_request(SECOND).await;
    assert!(shown.body.contains("Nothing proves that the first step is applied"), "{}", shown.body);
    world.expect_check(&second, "success").await;
    world.finish().await;
}
