//! The table: which team may have a key on which repository.

use std::sync::Arc;

use super::*;
use crate::config::testing::AnySecret;
use crate::tenancy::FileSummary;

const CONFIG: &str = "\
database: sqlite://x.db
github: {app_id: 7, private_key: {file: key.pem}, webhook_secrets: [{env: HOOK}]}
clusters:
  - {name: dev, admin_repository: org/dev-cluster, team_repository: '{org}/dev-{team}'}
  - {name: far, admin_repository: other/cluster, team_repository: 'elsewhere/{team}'}
";

/// Teams and the repositories that their Git URLs name.
fn index(teams: &[(&str, &str)]) -> RepositoryIndex {
    let file = |(team, repository): &(&str, &str)| {
        let text = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {team}, labels: {{toolkit.fluxcd.io/tenant: {team}}}}}\n---\n\
             apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: {team}, namespace: {team}}}\n\
             spec: {{url: 'ssh://git@github.com/{repository}'}}\n"
        );
        let path: crate::names::RepoPath = format!("cluster/{team}/all.yaml").parse().expect("a path");
        let read = crate::manifest::read(path.clone(), text.as_bytes());
        (path, Arc::new(FileSummary::of(&read)))
    };
    RepositoryIndex::from_files(teams.iter().map(file))
}

fn said(cluster: usize, teams: &[(&str, &str)], team: &str, repository: &str) -> Option<String> {
    let config = crate::config::parse(CONFIG, "bailiwick.yaml", &AnySecret).unwrap_or_else(|error| panic!("{error}"));
    let index = index(teams);
    let team = index.team(team).expect("it is there");
    judge(
        &config,
        Teams { cluster: &config.clusters[cluster], index: &index },
        &team,
        &repository.parse().expect("a name"),
    )
}

#[test]
fn a_team_has_its_key_on_its_own_repository_only() {
    let teams = [("team1", "org/dev-team1"), ("team2", "org/payments"), ("team3", "org/Payments")];
    for (team, repository) in
        [("team1", "org/dev-team1"), ("team1", "Org/Dev-Team1"), ("team1", "org/anything"), ("team1", "org/dev-nobody")]
    {
        assert_eq!(said(0, &teams, team, repository), None, "{team} on {repository}");
    }
    for (team, repository, why) in [
        ("team2", "org/dev-team1", "the repository of team team1"),
        ("team2", "org/payments", "the repository of team team3"),
        ("team3", "ORG/payments", "the repository of team team2"),
        ("team1", "org/dev-cluster", "an admin repository"),
        ("team1", "other/CLUSTER", "an admin repository"),
        ("team1", "victim/dev-team1", "neither one of org nor the one that org/dev-{team} gives"),
        ("team1", "elsewhere/team1", "neither one of org"),
    ] {
        let words = said(0, &teams, team, repository).unwrap_or_else(|| panic!("{team} got a key on {repository}"));
        assert!(words.contains(why), "{words}");
    }
}

/// The pattern gives a repository to its team even where another team names it first.
#[test]
fn who_names_the_repository_of_another_team_does_not_shut_that_team_out() {
    let teams = [("a", "org/dev-team1"), ("team1", "org/dev-team1")];
    assert_eq!(said(0, &teams, "team1", "org/dev-team1"), None);
    assert!(said(0, &teams, "a", "org/dev-team1").is_some());
}

#[test]
fn a_pattern_may_name_another_owner() {
    let teams = [("team1", "elsewhere/team1")];
    assert_eq!(said(1, &teams, "team1", "elsewhere/team1"), None);
    assert_eq!(said(1, &teams, "team1", "other/team1"), None);
    assert!(said(1, &teams, "team1", "elsewhere/team2").is_some());
}

#[test]
fn what_is_a_teams_in_another_cluster_is_not_for_a_team_of_another_name() {
    let config = crate::config::parse(CONFIG, "bailiwick.yaml", &AnySecret).unwrap_or_else(|error| panic!("{error}"));
    let (dev, far) = (index(&[("dev1", "org/dev-dev1")]), index(&[("shop", "org/shop"), ("dev1", "org/dev1")]));
    let far = Teams { cluster: &config.clusters[1], index: &far };
    let team = dev.team("dev1").expect("it is there");
    let owner = |repository: &str| other_team(far, &team, &repository.parse().expect("a name"));
    assert_eq!(owner("org/shop").as_deref(), Some("shop"), "by its URL");
    assert_eq!(owner("elsewhere/shop").as_deref(), Some("shop"), "by the pattern");
    assert_eq!(owner("elsewhere/nobody"), None);
    assert_eq!(owner("org/dev1"), None, "the same people");
}

#[test]
fn where_another_cluster_cannot_be_asked_only_what_the_pattern_gives_is_sure() {
    let config = crate::config::parse(CONFIG, "bailiwick.yaml", &AnySecret).unwrap_or_else(|error| panic!("{error}"));
    let team = index(&[("dev1", "org/dev-dev1")]).team("dev1").expect("it is there");
    let said = |repository: &str| {
        let repository = repository.parse().expect("a name");
        unknown(&config.clusters[0], &team, &repository, (&config.clusters[1].name, "it is gone"))
    };
    assert_eq!(said("org/dev-dev1"), None);
    let why = said("org/shop").expect("nobody knows");
    assert_eq!(why, "whether org/shop is a team's in cluster far cannot be told: it is gone");
}
