//! What webhooks missed is found again, and looking for it costs little.

use bailiwick::jobs::{Refresh, Task as _};
use http::Method;
use serde_json::json;

use crate::support::{ADMIN, ALICE, BOB, CAROL, Effect, Page, TEAM1, TEAM2, TestWorld};
use crate::words::{listing, routes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_but_commands_is_repaired() {
    let world = TestWorld::start().await;
    let (words, team) = (world.propose_words("before").await, world.ask_for_team2().await);
    world.quiet().await;
    world.github().faults().drop_percent(100);
    let first = world.merge(ALICE, &words).await;
    let second = world.merge(ALICE, &team).await;
    let admin = world.open(ALICE, (ADMIN, "missed"), &[("docs/missed.md", "Words.\n")]).await;
    let of_team = world.open(BOB, (TEAM1, "missed"), &[("README.md", "Words.\n")]).await;
    world.comment(ALICE, &Page::requests(), "/help");
    world.quiet().await;
    assert!(world.bot_comments(&words).is_empty() && world.checks_of(ADMIN, &world.head(&admin)).is_empty());

    world.refresh().await;
    world.expect_check(&admin, "success").await;
    world.expect_check(&of_team, "success").await;
    world.expect_report(&words, "✅").await;
    world.expect_report(&team, "Flux has fetched `").await;
    for commit in [first, second] {
        assert_eq!(world.deployed(&commit).last().map(String::as_str), Some("success"));
    }
    assert_eq!(world.github().deploy_keys(TEAM2).len(), 1);
    // A command is not run an hour late: its author sees that nobody has reacted.
    assert_eq!(world.bot_comments(&Page::requests()).len(), 2, "the answer to /create-team, and how far the team is");
    world.github().faults().drop_percent(0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_was_removed_unseen_is_missed_by_flux_and_comes_back() {
    let world = TestWorld::start().await;
    let fetched = |world: &TestWorld| world.team1_is_fetched().then_some(());
    world.until("Flux to fetch with the new key", fetched).await;
    world.github().faults().drop_percent(100);
    let key = world.github().deploy_keys(TEAM1).pop().expect("registered");
    world.github().remove_deploy_key(ALICE, TEAM1, key.id).expect("it is there");
    world.refresh().await;
    assert!(world.github().deploy_keys(TEAM1).is_empty(), "nobody has noticed");
    let ask = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {
        "name": "team1", "namespace": "team1", "annotations": {"reconcile.fluxcd.io/requestedAt": "by hand"}}});
    world.world.apply(ask).expect("applied");
    world.until("Flux to be shut out", |world| (!world.team1_is_fetched()).then_some(())).await;
    world.refresh().await;
    assert_eq!(world.github().deploy_keys(TEAM1).len(), 1);
    world.until("Flux to fetch again", fetched).await;
    world.github().faults().drop_percent(0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_look_around_writes_nothing_and_asks_little() {
    let world = TestWorld::start().await;
    let open = world.propose_words("open").await;
    // A source that is not fetched yet looks like one whose key was removed.
    world.until("Flux to fetch", |world| world.team1_is_fetched().then_some(())).await;
    // The verdict can be seen a moment before its request is in the log.
    world.quiet().await;
    world.github().clear_request_log();
    world.refresh().await;
    insta::assert_snapshot!(routes(&world.github().request_log()));
    world.expect_check(&open, "success").await;
    world.finish().await;
}

/// The team's repository that comes first makes GitHub fail, every time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_that_cannot_be_looked_after_keeps_no_other_from_it() {
    let world = TestWorld::start().await;
    let team = world.ask_for_team2().await;
    world.merge(ALICE, &team).await;
    world.expect_report(&team, "Flux has fetched `").await;
    world.github().faults().drop_percent(100);
    let broken = world.open(BOB, (TEAM1, "missed"), &[("README.md", "Words.\n")]).await;
    let missed = world.open(CAROL, (TEAM2, "missed"), &[("README.md", "Words.\n")]).await;
    let pulls = "/repos/org/dev-team1/pulls";
    world.github().faults().next_requests(Method::GET, pulls, 1_000, Effect::Status(500));
    world.refresh().await;
    world.expect_check(&missed, "success").await;
    world.expect_no_check(&broken).await;
    world.github().faults().clear();
    world.refresh().await;
    world.expect_check(&broken, "success").await;
    world.finish().await;
}

/// Pull requests into other branches are no business of the bot, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_request_into_another_branch_costs_nothing() {
    let world = TestWorld::start().await;
    world.push(ALICE, (ADMIN, "old"), &[("docs/old.md", "Old.\n")]).await;
    world.push(ALICE, (ADMIN, "into-old"), &[("docs/new.md", "New.\n")]).await;
    let pull = world.open_into(ALICE, (ADMIN, "into-old"), "old").await;
    world.quiet().await;
    world.github().clear_request_log();
    world.refresh().await;
    let asked = routes(&world.github().request_log());
    assert!(!asked.contains("/pulls/"), "{asked}");
    world.expect_no_check(&pull).await;
    world.finish().await;
}

const PROD: &str = "  - name: prod\n    admin_repository: org/dev-cluster\n    branch: prod\n    \
                    team_repository: \"{org}/prod-{team}\"\n";

/// A verdict is one on a merge: what is right for one cluster's branch may be wrong for another's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_request_that_was_given_another_base_unseen_is_judged_again_once() {
    let mut world = TestWorld::start().await;
    world.push(ALICE, (ADMIN, "prod"), &[("docs/prod.md", "Words.\n")]).await;
    world.reconfigure(PROD).await;
    let pull = world.propose_words("wanders").await;
    world.quiet().await;
    world.github().faults().drop_percent(100);
    world.github().retarget_pull(ALICE, ADMIN, pull.number, "prod").await.expect("there is this branch");
    let head = world.head(&pull);
    for _ in 0..2 {
        world.refresh().await;
        let prod = Refresh::new("prod".parse().expect("a name")).to_job();
        world.context().store.enqueue(&[prod]).await.expect("the store answers");
        world.quiet().await;
        let mut names: Vec<_> = world.github().check_runs(ADMIN, &head).into_iter().map(|run| run.name).collect();
        names.sort();
        assert_eq!(names, ["bailiwick/review", "bailiwick/review (prod)"], "one for each base");
    }
    world.github().faults().drop_percent(0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_run_that_nobody_completed_ends_with_its_pull_request() {
    let mut world = TestWorld::start().await;
    world.restart_with(|world| world.queue.max_attempts = 1).await;
    world.github().faults().next_requests(Method::PATCH, "/repos/org/dev-cluster/check-runs/*", 2, Effect::Status(502));
    let pull = world.open(ALICE, (ADMIN, "words"), &[("docs/words.md", "Words.\n")]).await;
    world.expect_given_up("review_pull_request").await;
    let run = |world: &TestWorld| world.checks_of(ADMIN, &world.head(&pull)).pop().expect("it was opened");
    assert_eq!(run(&world).status, "in_progress");
    world.github().faults().drop_percent(100);
    world.github().close_pull(ALICE, ADMIN, pull.number).expect("it is open");
    world.quiet().await;
    assert_eq!(run(&world).status, "in_progress", "nobody has noticed");
    world.refresh().await;
    assert_eq!(run(&world).conclusion.as_deref(), Some("cancelled"));
    world.github().faults().drop_percent(0);
    world.finish().await;
}

/// GitHub redirects the old names, which stand in the configuration and in Flux's sources.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repositories_that_were_renamed_unseen_stay_what_they_are() {
    let world = TestWorld::start().await;
    world.github().faults().drop_percent(100);
    world.github().rename_repository(ADMIN, "dev-platform").expect("a new name");
    world.github().rename_repository(TEAM1, "dev-payments").expect("a new name");
    let (admin, team) = ("org/dev-platform", "org/dev-payments");
    let unseen = world.open(ALICE, (admin, "unseen"), &[("docs/words.md", "Words.\n")]).await;
    let of_team = world.open(BOB, (team, "unseen"), &[("README.md", "Words.\n")]).await;
    world.refresh().await;
    world.expect_check(&unseen, "success").await;
    world.expect_check(&of_team, "success").await;

    world.github().faults().drop_percent(0);
    let seen = world.open(ALICE, (admin, "seen"), &[("docs/more.md", "Words.\n")]).await;
    let of_team = world.open(BOB, (team, "seen"), &[("MORE.md", "Words.\n")]).await;
    world.expect_check(&seen, "success").await;
    world.expect_check(&of_team, "success").await;
    world.expect_answer(world.comment(ALICE, &seen, "/help")).await;
    world.finish().await;
}

/// The merge of one commit into one branch says nothing about its merge into another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_harmless_merge_of_the_same_head_does_not_cover_up_a_verdict() {
    let mut world = TestWorld::start().await;
    let greedy = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: greedy\n\
                  rules:\n  - apiGroups: [\"*\"]\n    resources: [\"*\"]\n    verbs: [\"*\"]\n";
    let files =
        [("cluster/common/greedy.yaml", greedy), ("cluster/common/kustomization.yaml", &listing("greedy.yaml"))];
    world.push(ALICE, (ADMIN, "greedy"), &files).await;
    world.push(ALICE, (ADMIN, "prod"), &[files[0], files[1], ("docs/prod.md", "Words.\n")]).await;
    world.reconfigure(PROD).await;
    let pull = world.open_into(ALICE, (ADMIN, "greedy"), "main").await;
    world.expect_check(&pull, "failure").await;
    let head = world.head(&pull);
    let harmless = world.open_into(ALICE, (ADMIN, "greedy"), "prod").await;
    assert_eq!(world.head(&harmless), head);
    world
        .until("the other verdict", |world| {
            let runs = world.github().check_runs(ADMIN, &head);
            runs.into_iter().find(|run| run.name == "bailiwick/review (prod)" && run.status == "completed")
        })
        .await;
    world.quiet().await;
    let mut told: Vec<_> =
        world.github().check_runs(ADMIN, &head).into_iter().map(|run| (run.name, run.conclusion)).collect();
    told.sort();
    let expected = [("bailiwick/review", "failure"), ("bailiwick/review (prod)", "success")];
    assert_eq!(told, expected.map(|(name, end)| (name.to_owned(), Some(end.to_owned()))));
    // Asked again, each is itself again.
    world.expect_answer(world.comment(ALICE, &harmless, "/check")).await;
    world.quiet().await;
    let runs = world.checks_of(ADMIN, &head);
    assert_eq!(runs.iter().map(|run| run.conclusion.as_deref()).collect::<Vec<_>>(), [Some("failure")]);
    world.finish().await;
}
