//! Commands in comments.

use super::files::{self, GREEDY};
use super::support::{ADMIN, ALICE, BOB, CAROL, Order, Page, Role, TEAM1, TestWorld};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn help_is_for_everybody_and_a_near_miss_gets_a_hint() {
    let world = TestWorld::start().await;
    let help = world.comment(BOB, &Page::requests(), "/help");
    insta::assert_snapshot!("help", world.expect_answer(help).await);
    let miss = world.comment(ALICE, &Page::requests(), "Please!\n\n/creat-team team2");
    insta::assert_snapshot!("near_miss", world.expect_answer(miss).await);
    assert!(world.github().pulls(ADMIN).is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_team_opens_a_green_pull_request() {
    let world = TestWorld::start().await;
    let comment = world.comment(ALICE, &Page::requests(), "/create-team team2");
    insta::assert_snapshot!("team2_answer", world.expect_answer(comment).await);
    let (pull, shown) = world.expect_pull_request("bailiwick/create-team/team2").await;
    insta::assert_snapshot!("team2_pull_request", format!("{}\n\n{}", shown.title, shown.body));
    world.expect_check(&pull, "success").await;

    let list = world.github().read_file(ADMIN, &shown.head_sha, "cluster/kustomization.yaml").await.unwrap();
    insta::assert_snapshot!("team2_kustomization", list);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_twice_it_is_the_same_pull_request_brought_up_to_date() {
    let world = TestWorld::start().await;
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team2")).await;
    let (pull, before) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world.expect_check(&pull, "success").await;

    world.push(ALICE, (ADMIN, "main"), &[("README.md", "# Meanwhile\n")]).await;
    let again = world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team2")).await;
    assert!(again.contains(&format!("#{} is open already and now up to date", pull.number)), "{again}");
    let (same, after) = world.expect_pull_request("bailiwick/create-team/team2").await;
    assert_eq!(same, pull);
    assert_ne!(after.head_sha, before.head_sha);
    let readme = world.github().read_file(ADMIN, &after.head_sha, "README.md").await;
    assert_eq!(readme.as_deref(), Some("# Meanwhile\n"), "it stands on the new tip");
    world.expect_check(&pull, "success").await;
    assert_eq!(world.github().pulls(ADMIN).len(), 1);

    // Whoever closes it and asks again gets a new one.
    world.github().close_pull(ALICE, ADMIN, pull.number).unwrap();
    let new = world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team2")).await;
    let (other, _) = world.expect_pull_request("bailiwick/create-team/team2").await;
    assert_ne!(other, pull);
    assert!(new.contains(&format!("#{} is open:", other.number)), "{new}");
    world.expect_check(&other, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_teams_at_once_the_second_is_brought_up_to_date_after_the_first_is_merged() {
    let world = TestWorld::start().await;
    let comments =
        ["team2", "team3"].map(|team| world.comment(ALICE, &Page::requests(), &format!("/create-team {team}")));
    for comment in comments {
        world.expect_answer(comment).await;
    }
    let (second, _) = world.expect_pull_request("bailiwick/create-team/team2").await;
    let (third, _) = world.expect_pull_request("bailiwick/create-team/team3").await;
    world.expect_check(&second, "success").await;
    world.expect_check(&third, "success").await;
    world.merge(ALICE, &second).await;
    world.read(&second).await;

    // Both have added a line at the same place.
    let run = world.checks_of(ADMIN, &world.head(&third))[0].id;
    world.github().rerequest_check(ALICE, run).unwrap();
    world
        .until("another check run", |world| (world.checks_of(ADMIN, &world.head(&third)).len() == 2).then_some(()))
        .await;
    world.expect_check(&third, "failure").await;

    world.expect_answer(world.comment(ALICE, &third, "/create-team team3")).await;
    world.expect_check(&third, "success").await;
    world.merge(ALICE, &third).await;
    world.read(&third).await;
    let list = world.github().read_file(ADMIN, "main", "cluster/kustomization.yaml").await.unwrap();
    assert!(list.ends_with("  - team1\n  - team2\n  - team3\n"), "{list}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_does_nothing() {
    let world = TestWorld::start().await;
    let comment = world.comment(ALICE, &Page::requests(), "/create-team team2 --plan");
    insta::assert_snapshot!("plan", world.expect_answer(comment).await);
    world.quiet().await;
    assert!(world.github().pulls(ADMIN).is_empty());
    assert_eq!(world.github().branches(ADMIN).await.unwrap(), ["main"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_may_live_in_a_repository_of_another_name() {
    let world = TestWorld::start().await;
    let comment = world.comment(ALICE, &Page::requests(), "/create-team team2 --repo org/other");
    let answer = world.expect_answer(comment).await;
    assert!(answer.contains("I cannot see `org/other`"), "{answer}");
    let (pull, shown) = world.expect_pull_request("bailiwick/create-team/team2").await;
    assert!(shown.body.contains("| Repository | `org/other` |"), "{}", shown.body);
    world.expect_check(&pull, "success").await;

    world.github().create_repository("org/third", &[("README.md", "# third\n")]).await.unwrap();
    let comment = world.comment(ALICE, &Page::requests(), "/create-team team3 --repo org/third");
    let answer = world.expect_answer(comment).await;
    assert!(!answer.contains("I cannot see"), "{answer}");
    let (pull, _) = world.expect_pull_request("bailiwick/create-team/team3").await;
    world.expect_check(&pull, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_cannot_be_are_refused_with_a_reason() {
    let world = TestWorld::start().await;
    let names = [
        "kube-system",
        "default",
        "common",
        "flux-system",
        "flagger",
        "t\u{435}am",
        "../x",
        "My",
        "team_2",
        "-x",
        "team1",
        &"x".repeat(64),
    ];
    let mut answers = String::new();
    for name in names {
        let comment = world.comment(ALICE, &Page::requests(), &format!("/create-team {name}"));
        let answer = world.expect_answer(comment).await;
        answers.push_str(&format!("/create-team {name}\n  {}\n\n", answer.replace('\n', "\n  ")));
    }
    insta::assert_snapshot!("names", answers);
    world.quiet().await;
    assert_eq!(
        world.github().branches(ADMIN).await.unwrap().iter().filter(|name| name.contains("create-team/")).count(),
        0
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_is_told_so_and_a_team_of_the_organisation_may() {
    let mut world = TestWorld::start().await;
    let denied = world.expect_answer(world.comment(BOB, &Page::requests(), "/create-team team2")).await;
    insta::assert_snapshot!("denied", denied);

    let allow = "commands: {create-team: {allow: [\"permission:admin\", \"team:org/platform\"]}}\n";
    world.reconfigure(allow).await;
    world.github().add_to_team(("org", "platform"), BOB, false).unwrap();
    let denied = world.expect_answer(world.comment(BOB, &Page::requests(), "/create-team team2")).await;
    assert!(denied.contains("membership of the team org/platform"), "an invitation is no membership: {denied}");
    assert!(world.github().pulls(ADMIN).is_empty());

    world.github().add_to_team(("org", "platform"), BOB, true).unwrap();
    world.expect_answer(world.comment(BOB, &Page::requests(), "/create-team team2")).await;
    let (pull, _) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world.expect_check(&pull, "success").await;

    world.github().remove_from_team(("org", "platform"), BOB).unwrap();
    let denied = world.expect_answer(world.comment(BOB, &Page::requests(), "/create-team team3")).await;
    assert!(denied.contains("I did not run"), "{denied}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_are_looked_up_when_the_command_is_run() {
    let world = TestWorld::start().await;
    world.github().add_collaborator(ADMIN, CAROL, Role::Maintain).unwrap();
    world.github().faults().hold();
    let comment = world.comment(CAROL, &Page::requests(), "/create-team team2");
    world.github().add_collaborator(ADMIN, CAROL, Role::Write).unwrap();
    world.github().faults().release(Order::AsHappened);
    let denied = world.expect_answer(comment).await;
    assert!(denied.contains("it needs"), "{denied}");
    assert!(world.github().pulls(ADMIN).is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_clusters_in_one_repository_the_pull_request_names_the_one_that_it_is_for() {
    let mut world = TestWorld::start().await;
    world.push(ALICE, (ADMIN, "prod"), &[("docs/prod.md", "Words.\n")]).await;
    let prod = "  - name: prod\n    admin_repository: org/dev-cluster\n    branch: prod\n    \
                team_repository: \"{org}/prod-{team}\"\n";
    world.reconfigure(prod).await;
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/create-team team2")).await;
    let (pull, shown) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world.expect_check(&pull, "success").await;
    assert_eq!(shown.base, "main");
    insta::assert_snapshot!("team2_of_two_clusters", shown.body);
    world.finish().await;
}

/// A membership is asked for by login; whose that is may change before the command is run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_became_a_members_gives_the_one_who_had_it_no_right() {
    let mut world = TestWorld::start().await;
    world.github().add_to_team(("org", "platform"), CAROL, true).unwrap();
    world.reconfigure("commands: {create-team: {allow: [\"team:org/platform\"]}}\n").await;
    world.github().faults().hold();
    let comment = world.comment(BOB, &Page::requests(), "/create-team team2");
    world.github().rename_user(BOB, "robert").unwrap();
    world.github().rename_user(CAROL, BOB).unwrap();
    world.github().faults().release(Order::AsHappened);
    let denied = world.expect_answer(comment).await;
    assert!(denied.contains("membership of the team org/platform"), "{denied}");
    assert!(world.github().pulls(ADMIN).is_empty());
    // Under that name she may.
    let answer = world.expect_answer(world.comment(BOB, &Page::requests(), "/create-team team2")).await;
    assert!(answer.contains("is open"), "{answer}");
    let (pull, _) = world.expect_pull_request("bailiwick/create-team/team2").await;
    world.expect_check(&pull, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn teams_are_created_in_the_admin_repository_only() {
    let world = TestWorld::start().await;
    let number = world.github().open_issue(ALICE, TEAM1, "A wish", "").unwrap();
    let page = world.page(TEAM1, number);
    let answer = world.expect_answer(world.comment(ALICE, &page, "/create-team team2")).await;
    assert_eq!(answer, "`/create-team` does nothing here. Write it in the admin repository of a cluster.");
    let answer = world.expect_answer(world.comment(ALICE, &page, "/check")).await;
    assert_eq!(answer, "`/check` does nothing here. Write it on a pull request.");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_on_a_pull_request_takes_nothing_from_its_head() {
    let world = TestWorld::start().await;
    let common = files::common(&["canary-operator.yaml"]);
    let changes =
        [("cluster/common/kustomization.yaml", common.as_str()), ("cluster/common/canary-operator.yaml", GREEDY)];
    let pull = world.open(BOB, (ADMIN, "greedy"), &changes).await;
    world.expect_check(&pull, "failure").await;
    world.expect_answer(world.comment(ALICE, &pull, "/create-team team2")).await;
    let (team, shown) = world.expect_pull_request("bailiwick/create-team/team2").await;
    assert_eq!(world.github().read_file(ADMIN, &shown.head_sha, changes[1].0).await, None);
    world.expect_check(&team, "success").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_commands_get_one_answer_with_a_limit() {
    let world = TestWorld::start().await;
    let comment = world.comment(ALICE, &Page::requests(), "/help\n/create-team team2 --plan\n/check");
    let answer = world.expect_answer(comment).await;
    assert_eq!(answer.matches("\n---\n").count(), 2, "{answer}");
    let comment = world.comment(ALICE, &Page::requests(), &"/check\n".repeat(9));
    let answer = world.expect_answer(comment).await;
    assert!(answer.contains("at most 5 commands"), "{answer}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_words_are_harmless_in_the_answer() {
    let world = TestWorld::start().await;
    let hostile = [
        "/create-team @org/platform",
        "/create-team team2 --repo @org/platform",
        "/create-team team2 --repo org/a#1",
        "/create-team <img/src=x>",
        "/create-team <!--bailiwick:answer/1-->",
        "/create-team [x](https://evil.example)",
        "/create-team https://evil.example/?@alice",
        "/create-team **x**",
        "/create-team \u{202e}2maet",
        "/create-team team2 --@bob",
    ];
    let mut answers = String::new();
    for text in hostile {
        let answer = world.expect_answer(world.comment(ALICE, &Page::requests(), text)).await;
        answers.push_str(&format!("{}\n  {}\n\n", text.escape_debug(), answer.replace('\n', "\n  ")));
    }
    insta::assert_snapshot!("hostile", answers);
    assert!(world.github().pulls(ADMIN).is_empty());
    world.finish().await;
}
