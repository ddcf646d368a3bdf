//! Whether a repository is one on which a team's deploy key may be registered.
//!
//! A team's Git URL is what a team asks for: without this, a team that names another one's repository, and a
//! reviewer who overlooks it, would give that team's Flux the right to read it, by the hand of an App that
//! administers both.

use super::{Context, JobError};
use crate::config::{ClusterConfig, Config};
use crate::forge::Repo;
use crate::names::RepositoryName;
use crate::tenancy::{RepositoryIndex, Team};

/// Why the key of a team is not registered on a repository, in words; `None` where it may be.
///
/// It may where the cluster's pattern gives the repository to the team, or where it has the admin
/// repository's owner; and never on an admin repository, nor on what is another team's, be it by the pattern
/// or by that team's own Git URL.
pub(super) fn objection(
    config: &Config,
    cluster: &ClusterConfig,
    (index, team): (&RepositoryIndex, &Team),
    repository: &RepositoryName,
) -> Option<String> {
    if config.clusters.iter().any(|cluster| cluster.admin_repository.is(repository)) {
        return Some(no_team(repository));
    }
    if cluster.team_repository.for_team(&team.name).is(repository) {
        return None;
    }
    if let Some(other) = other_team(cluster, (index, team), repository) {
        return Some(format!("{repository} is the repository of team {other}"));
    }
    let (owner, ours) = (repository.owner(), cluster.admin_repository.owner());
    let pattern = &cluster.team_repository;
    let foreign = || format!("{repository} is neither one of {ours} nor the one that {pattern} gives to the team");
    (!owner.eq_ignore_ascii_case(ours)).then(foreign)
}

/// The same of a repository that was looked up, by its name of today and by its number.
///
/// # Errors
/// Where the forge does not say which repository the admins' is.
pub(super) async fn objection_to(
    context: &Context,
    cluster: &ClusterConfig,
    team: (&RepositoryIndex, &Team),
    repo: &Repo,
) -> Result<Option<String>, JobError> {
    for other in &context.config.clusters {
        match context.repository(&other.admin_repository).await {
            Ok(admin) if admin.id() == repo.id() => return Ok(Some(no_team(repo.name()))),
            Err(error) if !error.is_absent() => return Err(error.into()),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(objection(&context.config, cluster, team, repo.name()))
}

fn no_team(repository: &RepositoryName) -> String {
    format!("{repository} is an admin repository, and no team's")
}

/// The other team whose repository it is: by the pattern where that team exists, else by its Git URL.
fn other_team(
    cluster: &ClusterConfig,
    (index, team): (&RepositoryIndex, &Team),
    repository: &RepositoryName,
) -> Option<String> {
    let by_pattern = cluster.team_repository.team_of(repository).filter(|other| *other != team.name);
    let by_pattern = by_pattern.and_then(|other| index.team(other.as_str()));
    let by_url = || index.teams_of_repository(repository).find(|other| other.name != team.name);
    by_pattern.or_else(by_url).map(|other| other.name.to_string())
}

#[cfg(test)]
mod tests;
