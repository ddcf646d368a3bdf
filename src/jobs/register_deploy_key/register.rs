//! Registering a team's key on its repository.

use crate::config::{Access as KeyAccess, ClusterConfig};
use crate::forge::{Access, KeyError, Repo};
use crate::jobs::keys::{self, Registration, Trouble};
use crate::jobs::{Context, JobError, key_owner};
use crate::names::{DeployKeyId, PublicKey, RepositoryName};
use crate::report::comment::KeyState;
use crate::store::Lease;
use crate::tenancy::{RepositoryIndex, Team};

/// Whose key it is, and where it is to be registered.
#[derive(Clone, Copy)]
pub(in crate::jobs) struct Wanted<'a> {
    /// The cluster whose Flux fetches.
    pub(in crate::jobs) cluster: &'a ClusterConfig,
    /// The team.
    pub(in crate::jobs) team: &'a Team,
    /// All teams among which it stands.
    pub(in crate::jobs) index: &'a RepositoryIndex,
    /// Its repository.
    pub(in crate::jobs) repository: &'a RepositoryName,
}

/// Whether the keys of a cluster may only read.
pub(in crate::jobs) fn is_read_only(cluster: &ClusterConfig) -> bool {
    cluster.git_access.access == KeyAccess::ReadOnly
}

/// Registers the key, once; or says why that cannot be.
pub(in crate::jobs) async fn register(
    context: &Context,
    lease: &Lease,
    Wanted { cluster, team, index, repository }: Wanted<'_>,
    key: &PublicKey,
) -> Result<Result<(DeployKeyId, bool), KeyState>, JobError> {
    let read_only = is_read_only(cluster);
    let repo = match context.repository_with(repository, Access::KEYS).await {
        Ok(repo) => repo,
        Err(error) if error.is_absent() => return Ok(Err(KeyState::NoAdminRight)),
        Err(error) => return Err(error.into()),
    };
    // GitHub redirects the old names of repositories: what counts is where the key would go.
    if let Some(objection) = key_owner::objection_to(context, cluster, (index, team), &repo).await? {
        return Ok(Err(KeyState::NotTheTeams(objection)));
    }
    let registration = Registration {
        repo: &repo,
        title: keys::title(&cluster.name, &team.name),
        key,
        read_only,
        what: keys::what(&cluster.name, &team.name),
        proof: keys::proof(cluster),
    };
    let registered = registration.ensure(&context.store, lease).await;
    give_back(&repo).await;
    match registered {
        Ok(id) => Ok(Ok((id, read_only))),
        Err(trouble) => Ok(Err(state_of(trouble)?)),
    }
}

/// What people are told of a trouble with keys; the error is one that is none of theirs.
pub(in crate::jobs) fn state_of(trouble: Trouble) -> Result<KeyState, JobError> {
    match trouble {
        Trouble::Job(error) => Err(error),
        Trouble::Key(KeyError::NoAdminRight { .. }) => Ok(KeyState::NoAdminRight),
        Trouble::Key(KeyError::Disabled { .. }) => Ok(KeyState::DisabledByOrganisation),
        Trouble::Key(KeyError::InUse { .. }) => Ok(KeyState::InUseElsewhere),
        Trouble::Key(KeyError::Forge(error)) => Err(error.into()),
    }
}

/// Gives the token for keys back: it is the largest right that there is.
pub(in crate::jobs) async fn give_back(repo: &Repo) {
    if let Err(error) = repo.revoke().await {
        // It ends by itself within the hour, and nothing uses it any more.
        tracing::warn!(repository.name = %repo.name(), "a token could not be given back: {error}");
    }
}
