//! The teams of a cluster, as the tip of its tracked branch describes them.

use std::collections::BTreeSet;

use super::{Context, JobError, admin};
use crate::config::{AccessMode, ClusterConfig};
use crate::names::{CommitId, Engine, Namespace, RepositoryName, TeamName};
use crate::tenancy::{RepositoryIndex, Team};

/// The team of this name, and all teams among which it stands.
pub(super) async fn find(
    context: &Context,
    config: &ClusterConfig,
    name: &TeamName,
) -> Result<Option<(Team, RepositoryIndex)>, JobError> {
    let index = admin::tip(context, config).await?.index;
    Ok(index.team(name.as_str()).map(|team| (team, index)))
}

/// The teams at a commit: those whose directories it changed against its first parent, and the others.
pub(super) async fn touched_by(
    context: &Context,
    config: &ClusterConfig,
    commit: &CommitId,
) -> Result<(Vec<Team>, Vec<Team>), JobError> {
    let base = admin::at(context, config, commit).await?;
    let changed = base.changed_by_commit().await?;
    let touched: BTreeSet<TeamName> =
        changed.iter().filter_map(|path| base.index.team_of_path(path)).map(|team| team.name).collect();
    let mut teams: Vec<Team> = base.index.teams().collect();
    teams.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(teams.into_iter().partition(|team| touched.contains(&team.name)))
}

/// Whether a repository is a team's: it fits a cluster's pattern, or an admin repository names it.
pub(super) async fn is_team_repository(context: &Context, name: &RepositoryName) -> Result<bool, JobError> {
    if context.config.clusters.iter().any(|cluster| cluster.team_repository.team_of(name).is_some()) {
        return Ok(true);
    }
    let mut unasked = None;
    for cluster in &context.config.clusters {
        match admin::tip(context, cluster).await {
            Ok(tip) if tip.index.team_of_repository(name).is_some() => return Ok(true),
            Ok(_) => {}
            Err(error) => unasked = Some(error),
        }
    }
    unasked.map_or(Ok(false), Err)
}

/// Whether the bot looks after this team's deploy key.
pub(super) fn wants_key(config: &ClusterConfig, team: &Team) -> bool {
    config.git_access.mode == AccessMode::DeployKey
        && team.engine == Engine::FluxV2
        && team.source.as_ref().is_some_and(|source| source.url.starts_with("ssh://"))
}

/// The namespace of the team's source, where its Secret belongs.
pub(super) fn source_namespace(team: &Team) -> Namespace {
    team.source.as_ref().map_or_else(|| team.name.namespace(), |source| source.namespace.clone())
}
