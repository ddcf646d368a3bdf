//! What the App's tokens may do, as the forge was asked for them.

use std::collections::BTreeSet;

use crate::support::{ADMIN, ALICE, BOB, Page, TEAM1, TestWorld};

/// The whole loop: a review in both kinds of repositories, commands in an issue and a pull request, a merge with its
/// sync, a deploy key. Only what reads nothing but metadata is good for more than one repository: it is the
/// question under which id a name is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_token_is_for_one_repository_and_for_what_its_job_needs() {
    let world = TestWorld::start().await;
    let words = world.open(BOB, (TEAM1, "words"), &[("README.md", "# A word\n")]).await;
    world.expect_check(&words, "success").await;
    world.expect_answer(world.comment(ALICE, &Page::requests(), "/help")).await;
    let pull = world.ask_for_team2().await;
    world.expect_answer(world.comment(ALICE, &pull, "/check")).await;
    world.merge(ALICE, &pull).await;
    world.expect_report(&pull, "Flux has fetched `").await;
    let in_common = world.open(BOB, (ADMIN, "words"), &[("README.md", "# A word\n")]).await;
    world.expect_check(&in_common, "success").await;
    world.quiet().await;

    let mut asked = BTreeSet::new();
    for minted in world.github().minted() {
        let rights: Vec<_> = minted.permissions.iter().map(|(name, level)| format!("{name}: {level}")).collect();
        let rights = rights.join(", ");
        match minted.repositories.as_ref().map(Vec::len) {
            Some(1) => asked.insert(format!("one repository: {rights}")),
            Some(count) => panic!("a token for {count} repositories: {rights}"),
            None => asked.insert(format!("all repositories: {rights}")),
        };
    }
    let wide: Vec<_> = asked.iter().filter(|line| line.starts_with("all")).collect();
    assert_eq!(wide, ["all repositories: metadata: read"]);
    insta::assert_snapshot!(asked.into_iter().collect::<Vec<_>>().join("\n"));
    world.finish().await;
}
