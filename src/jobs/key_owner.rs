//! Whether a repository is one on which a team's deploy key may be registered.
//!
//! A team's Git URL is what a team asks for: without this, a team that names another one's repository, and a
//! reviewer who overlooks it, would give that team's Flux the right to read it, by the hand of an App that
//! administers both.

use super::{Context, JobError, admin};
use crate::config::{ClusterConfig, Config};
use crate::forge::Repo;
use crate::names::{ClusterName, RepositoryName};
use crate::tenancy::{RepositoryIndex, Team};

/// The teams of a cluster.
#[derive(Clone, Copy)]
struct Teams<'a> {
    cluster: &'a ClusterConfig,
    index: &'a RepositoryIndex,
}

/// Why the key of a team is not registered on a repository, in words; `None` where it may be.
///
/// It may where the cluster's pattern gives the repository to the team, or where it has the admin
/// repository's owner; and never on an admin repository, nor on what is another team's in any of the clusters,
/// be it by the pattern or by that team's own Git URL.
///
/// # Errors
/// What the other clusters' teams have cannot be read now.
pub(super) async fn objection(
    context: &Context,
    cluster: &ClusterConfig,
    (index, team): (&RepositoryIndex, &Team),
    repository: &RepositoryName,
) -> Result<Option<String>, JobError> {
    if let Some(objection) = judge(&context.config, Teams { cluster, index }, team, repository) {
        return Ok(Some(objection));
    }
    for other in context.config.clusters.iter().filter(|other| other.name != cluster.name) {
        let index = match admin::tip(context, other).await {
            Ok(tip) => tip.index,
            Err(JobError::Fail { reason }) => match unknown(cluster, team, repository, (&other.name, &reason)) {
                Some(objection) => return Ok(Some(objection)),
                None => continue,
            },
            Err(error) => return Err(error),
        };
        if let Some(owner) = other_team(Teams { cluster: other, index: &index }, team, repository) {
            return Ok(Some(format!("{repository} is the repository of team {owner} in cluster {}", other.name)));
        }
    }
    Ok(None)
}

/// The same of a repository that was looked up, by its name of today and by its number.
///
/// # Errors
/// Those of [`objection`], and where the forge does not say which repository the admins' is.
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
    objection(context, cluster, team, repo.name()).await
}

/// What the configuration and the cluster's own teams say.
fn judge(config: &Config, teams: Teams<'_>, team: &Team, repository: &RepositoryName) -> Option<String> {
    if config.clusters.iter().any(|cluster| cluster.admin_repository.is(repository)) {
        return Some(no_team(repository));
    }
    let pattern = &teams.cluster.team_repository;
    if pattern.for_team(&team.name).is(repository) {
        return None;
    }
    if let Some(other) = other_team(teams, team, repository) {
        return Some(format!("{repository} is the repository of team {other}"));
    }
    let (owner, ours) = (repository.owner(), teams.cluster.admin_repository.owner());
    let foreign = || format!("{repository} is neither one of {ours} nor the one that {pattern} gives to the team");
    (!owner.eq_ignore_ascii_case(ours)).then(foreign)
}

/// What is said where the teams of another cluster can never be read. The repository that the configuration gives
/// to the team is its own all the same: what others have broken must not keep its key away.
fn unknown(
    cluster: &ClusterConfig,
    team: &Team,
    repository: &RepositoryName,
    (other, reason): (&ClusterName, &str),
) -> Option<String> {
    let own = cluster.team_repository.for_team(&team.name).is(repository);
    let whose = || format!("whether {repository} is a team's in cluster {other} cannot be told: {reason}");
    (!own).then(whose)
}

fn no_team(repository: &RepositoryName) -> String {
    format!("{repository} is an admin repository, and no team's")
}

/// The other team whose repository it is: by the pattern where that team exists, else by its Git URL. A team of
/// the same name in another cluster is taken for the same people.
fn other_team(Teams { cluster, index }: Teams<'_>, team: &Team, repository: &RepositoryName) -> Option<String> {
    let by_pattern = cluster.team_repository.team_of(repository).filter(|other| *other != team.name);
    let by_pattern = by_pattern.and_then(|other| index.team(other.as_str()));
    let by_url = || index.teams_of_repository(repository).find(|other| other.name != team.name);
    by_pattern.or_else(by_url).map(|other| other.name.to_string())
}

#[cfg(test)]
mod tests;
