//! The team is gone: its deploy keys go too.

use super::past::Past;
use super::{Call, what};
use crate::command::RemoveTeam;
use crate::config::{AccessMode, ClusterConfig};
use crate::forge::{Access, KeyError, Repo};
use crate::jobs::admin::Base;
use crate::jobs::{JobError, keys};
use crate::names::{DeployKeyId, Engine};
use crate::report::comment::{self, KeysGone};

/// Removes the deploy keys that were registered for the team's Flux in this cluster; returns the answer.
pub(super) async fn remove(
    call: &Call<'_>,
    command: &RemoveTeam,
    (cluster, base): (&ClusterConfig, &Base),
    past: &Past,
) -> Result<String, JobError> {
    let repository = past.repository().unwrap_or_else(|| cluster.team_repository.for_team(&command.team));
    let answer = |keys| comment::remove_team_over(&command.team, &repository, &keys);
    if cluster.git_access.mode != AccessMode::DeployKey || cluster.engine == Some(Engine::FluxV1) {
        return Ok(answer(KeysGone::NotOurs));
    }
    if command.plan {
        return Ok(answer(KeysGone::Planned));
    }
    if let Some(other) = base.index.team_of_repository(&repository) {
        return Ok(answer(KeysGone::OfTeam(other.name)));
    }
    let repo = match call.context.repository_with(&repository, Access::KEYS).await {
        Ok(repo) => repo,
        Err(error) if error.is_absent() => return Ok(answer(KeysGone::NoRight)),
        Err(error) => return Err(error.into()),
    };
    let removed = those_of(call, command, cluster, &repo).await;
    if let Err(error) = repo.revoke().await {
        // It ends by itself within the hour, and nothing uses it any more.
        tracing::warn!(repository.name = %repository, "a token could not be given back: {error}");
    }
    Ok(answer(match removed? {
        Ok(keys) => KeysGone::Removed(keys.len()),
        Err(()) => KeysGone::NoRight,
    }))
}

/// The keys with the title under which they were registered; the inner error is a right that is missing.
async fn those_of(
    call: &Call<'_>,
    command: &RemoveTeam,
    cluster: &ClusterConfig,
    repo: &Repo,
) -> Result<Result<Vec<DeployKeyId>, ()>, JobError> {
    let title = keys::title(&cluster.name, &command.team);
    let known = match repo.deploy_keys().await {
        Ok(known) => known,
        Err(KeyError::NoAdminRight { .. }) => return Ok(Err(())),
        Err(KeyError::Forge(error)) => return Err(error.into()),
        Err(error) => return Err(JobError::fail(error.to_string())),
    };
    let mut removed = Vec::new();
    for key in known.into_iter().filter(|key| key.title == title) {
        call.record_key_removal(what(command, cluster), key.id).await?;
        match repo.remove_deploy_key(key.id).await {
            Ok(()) => removed.push(key.id),
            Err(KeyError::NoAdminRight { .. }) => return Ok(Err(())),
            Err(KeyError::Forge(error)) => return Err(error.into()),
            Err(error) => return Err(JobError::fail(error.to_string())),
        }
    }
    Ok(Ok(removed))
}
