//! Deploy keys of ours on the repositories that we know, and which of them nobody uses any more.
//!
//! A key is one of ours by its title, and in use by its body: where a Secret of the team holds it and the team still
//! has the repository. A pair is in its Secret before it is registered, so the registrations are asked for first: a
//! key that is being made or exchanged is never taken for an orphan.

use std::collections::BTreeSet;

use super::admin::{self, Base};
use super::register_deploy_key::register::give_back;
use super::register_deploy_key::secret_name;
use super::{Context, JobError, keys, teams};
use crate::cluster::{GIT_SECRET, SecretData};
use crate::config::{AccessMode, ClusterConfig};
use crate::forge::{Access, DeployKey, KeyError, Repo};
use crate::names::{ClusterName, DeployKeyId, Namespace, ObjectName, PublicKey, RepositoryName, TeamName};
use crate::store::{Action, Actor, AuditEffect, AuditEntry, Store};

/// How many teams that have left one refresh looks after.
const AT_ONCE: usize = 20;

/// A deploy key of ours.
#[derive(Debug, Clone)]
pub struct KnownKey {
    /// The cluster in its title.
    pub cluster: ClusterName,
    /// The team in its title.
    pub team: TeamName,
    /// Where it is registered.
    pub repository: RepositoryName,
    /// Its number there.
    pub id: DeployKeyId,
    /// Its title.
    pub title: String,
    /// Its body; `None` where that cannot be read.
    pub key: Option<PublicKey>,
    /// Whether it may only read.
    pub read_only: bool,
    /// Whether somebody uses it.
    pub standing: Standing,
}

/// Whether somebody uses a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The team's Flux fetches with it.
    InUse,
    /// Nobody does, and why that is known.
    Orphan(String),
    /// It is not known, and why.
    Unknown(String),
}

/// What was found.
#[derive(Debug, Default)]
pub struct KnownKeys {
    /// The keys of ours, by repository.
    pub keys: Vec<KnownKey>,
    /// The repositories whose keys could not be listed, and why.
    pub unseen: Vec<String>,
}

/// The deploy keys of ours of a cluster: on the repositories of its teams, and on those that the store remembers.
///
/// # Errors
/// The admin repository or the store cannot be read now, or the forge does not answer.
pub async fn known_keys(context: &Context, store: &Store, cluster: &ClusterConfig) -> Result<KnownKeys, JobError> {
    let base = admin::tip(context, cluster).await?;
    let remembered = keys::remembered(store, &cluster.name).await?.into_iter().map(|(_, repository)| repository);
    let living = base.index.teams().filter(|team| teams::wants_key(cluster, team));
    let living =
        living.map(|team| repository_of(cluster, &base, &team.name).unwrap_or_else(|| default(cluster, &team.name)));
    look(context, (cluster, &base), remembered.chain(living).collect()).await
}

/// Removes a key. The entry in the audit log is written first, in the name of whoever is at the command line.
///
/// # Errors
/// The store or the forge does not do it.
pub async fn remove_key(context: &Context, store: &Store, key: &KnownKey, by: Actor) -> Result<(), JobError> {
    let repo = context.repository_with(&key.repository, Access::KEYS).await?;
    let Standing::Orphan(reason) = &key.standing else {
        return Err(JobError::fail("only keys that nobody uses are removed"));
    };
    let entry = AuditEntry {
        repository_id: repo.id(),
        repository_name: Some(key.repository.clone()),
        reason: Some(reason.clone()),
        effects: vec![AuditEffect::new("deploy_key", key.id)],
        ..AuditEntry::new(by, Action::KeyRemoved, keys::what(&key.cluster, &key.team))
    };
    store.record_audit_by_hand(&entry).await?;
    let removed = repo.remove_deploy_key(key.id).await;
    give_back(&repo).await;
    removed.map_err(|error| match error {
        KeyError::Forge(error) => error.into(),
        error => JobError::fail(error.to_string()),
    })
}

/// Says in the log which keys of teams that have left, or have another repository now, are still registered. Of a
/// team that left nothing behind nothing is remembered.
pub(super) async fn tell(context: &Context, cluster: &ClusterConfig, base: &Base) -> Result<(), JobError> {
    if cluster.git_access.mode != AccessMode::DeployKey {
        return Ok(());
    }
    let remembered = keys::remembered(&context.store, &cluster.name).await?;
    let moved = |(team, repository): &(TeamName, RepositoryName)| {
        repository_of(cluster, base, team).is_none_or(|now| !now.is(repository))
    };
    let departed: Vec<_> = remembered.into_iter().filter(moved).take(AT_ONCE).collect();
    if departed.is_empty() {
        return Ok(());
    }
    let found =
        look(context, (cluster, base), departed.iter().map(|(_, repository)| repository.clone()).collect()).await?;
    let orphans: Vec<String> = found
        .keys
        .iter()
        .filter(|key| matches!(key.standing, Standing::Orphan(_)))
        .map(|key| format!("{} of {} on {}", key.id, key.team, key.repository))
        .collect();
    if !orphans.is_empty() {
        tracing::warn!(
            cluster.name = %cluster.name,
            "deploy keys that nobody uses any more are registered; `bailiwick keys sweep` removes them: {}",
            orphans.join(", ")
        );
    }
    for (team, repository) in departed.iter().filter(|_| found.unseen.is_empty()) {
        // A repository that was renamed has another name among what was found: then nothing is forgotten.
        if found.keys.iter().all(|key| key.team != *team) {
            let is_gone = base.index.team(team.as_str()).is_none();
            keys::forget(&context.store, &cluster.name, (team, is_gone), repository).await?;
        }
    }
    Ok(())
}

/// The repository of a team that there is.
fn repository_of(cluster: &ClusterConfig, base: &Base, team: &TeamName) -> Option<RepositoryName> {
    let team = base.index.team(team.as_str())?;
    Some(team.repository.clone().unwrap_or_else(|| default(cluster, &team.name)))
}

fn default(cluster: &ClusterConfig, team: &TeamName) -> RepositoryName {
    cluster.team_repository.for_team(team)
}

/// Our keys on these repositories.
async fn look(
    context: &Context,
    place: (&ClusterConfig, &Base),
    repositories: Vec<RepositoryName>,
) -> Result<KnownKeys, JobError> {
    let mut found = KnownKeys::default();
    let mut seen = BTreeSet::new();
    let once = |name: &RepositoryName| seen.insert(name.as_str().to_ascii_lowercase());
    for name in repositories.into_iter().filter(once) {
        let repo = match context.repository_with(&name, Access::KEYS).await {
            Ok(repo) => repo,
            Err(error) if error.is_absent() => {
                found.unseen.push(format!("{name}: it does not exist, or the App is not installed on it"));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let listed = repo.deploy_keys().await;
        give_back(&repo).await;
        match listed {
            Ok(listed) => {
                for key in listed {
                    found.keys.extend(known(context, place, &repo, key).await?);
                }
            }
            Err(KeyError::Forge(error)) => return Err(error.into()),
            Err(error) => found.unseen.push(error.to_string()),
        }
    }
    Ok(found)
}

/// The key where it is one of ours for this cluster.
async fn known(
    context: &Context,
    (cluster, base): (&ClusterConfig, &Base),
    repo: &Repo,
    key: DeployKey,
) -> Result<Option<KnownKey>, JobError> {
    let Some(team) = keys::team_of_title(&cluster.name, &key.title) else { return Ok(None) };
    let body = key.key();
    let standing = standing(context, (cluster, base), repo, (&team, body.as_ref())).await?;
    let DeployKey { id, title, read_only, .. } = key;
    let (cluster, repository) = (cluster.name.clone(), repo.name().clone());
    Ok(Some(KnownKey { cluster, team, repository, id, title, key: body, read_only, standing }))
}

async fn standing(
    context: &Context,
    (cluster, base): (&ClusterConfig, &Base),
    repo: &Repo,
    (team, key): (&TeamName, Option<&PublicKey>),
) -> Result<Standing, JobError> {
    let Some(key) = key else { return Ok(Standing::Unknown("its body cannot be read".to_owned())) };
    if let Some(now) = repository_of(cluster, base, team).filter(|now| !now.is(repo.name())) {
        // A repository has many names in its life; its number stays.
        return Ok(match context.repository_with(&now, Access::METADATA).await {
            Ok(other) if other.id() == repo.id() => in_cluster(context, (cluster, base), team, key).await?,
            Ok(_) => Standing::Orphan(format!("the repository of {team} is {now} now")),
            Err(error) if error.is_absent() => Standing::Unknown(format!("{now} cannot be looked at")),
            Err(error) => return Err(error.into()),
        });
    }
    in_cluster(context, (cluster, base), team, key).await
}

/// What the cluster says of a key: whether a Secret of the team holds it.
async fn in_cluster(
    context: &Context,
    (cluster, base): (&ClusterConfig, &Base),
    team: &TeamName,
    key: &PublicKey,
) -> Result<Standing, JobError> {
    let there = base.index.team(team.as_str());
    let (namespace, name) = match &there {
        Some(team) => (teams::source_namespace(team), secret_name(team)?),
        None => (team.namespace(), git_secret()?),
    };
    let Some(reached) = context.cluster(&cluster.name) else {
        return Ok(Standing::Unknown(format!("the cluster {} is not reached", cluster.name)));
    };
    let secret = match reached.secret(&namespace, &name).await {
        Ok(secret) => secret,
        Err(error) => return Ok(Standing::Unknown(error.to_string())),
    };
    Ok(judge((&namespace, &name), secret.as_ref(), there.is_some(), key))
}

fn judge(
    (namespace, name): (&Namespace, &ObjectName),
    secret: Option<&SecretData>,
    is_team: bool,
    key: &PublicKey,
) -> Standing {
    match (secret, is_team) {
        (Some(secret), true) if secret.holds(key) => Standing::InUse,
        (Some(secret), false) if secret.holds(key) => {
            Standing::Unknown(format!("the team has left, and the Secret {namespace}/{name} is still in the cluster"))
        }
        (Some(_), _) => Standing::Orphan(format!("the Secret {namespace}/{name} holds another key")),
        (None, true) => Standing::Orphan(format!("there is no Secret {namespace}/{name}")),
        (None, false) => Standing::Orphan("the team has left".to_owned()),
    }
}

fn git_secret() -> Result<ObjectName, JobError> {
    GIT_SECRET.parse().map_err(|error: crate::names::NameError| JobError::fail(error.to_string()))
}
