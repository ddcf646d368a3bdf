//! Gives a team's Flux its deploy key: waits for the namespace, makes the pair where the cluster has
//! none, and registers the public half on the team's repository.
//!
//! The private half exists in the cluster's Secret and, while it is made, in memory. Keys are
//! compared by their bodies; titles are for people.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Context, JobError, Next, Task, keys, teams};
use crate::cluster::{Cluster, EnsureOutcome, FluxKind, GitSecret, KeyPair};
use crate::config::Access as KeyAccess;
use crate::forge::{Access, KeyError};
use crate::names::{ClusterName, IssueNumber, ObjectName, PublicKey, RepositoryName, TeamName};
use crate::report::comment::{KeyReport, KeyState};
use crate::store::{Lease, Priority};
use crate::tenancy::Team;

/// How long a new namespace is waited for before people are told and the sweep takes over.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// A Secret without a name in `secretRef`: the name that the scaffold writes.
const DEFAULT_SECRET: &str = "flux-git-auth";

/// One team's key in one cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RegisterDeployKey {
    /// The cluster whose Flux fetches.
    pub cluster: ClusterName,
    /// The team.
    pub team: TeamName,
    /// The pull request in which people read about it.
    pub pull: Option<IssueNumber>,
    #[serde(default)]
    waiting_since: Option<i64>,
}

impl RegisterDeployKey {
    /// A job that has not waited yet.
    pub const fn new(cluster: ClusterName, team: TeamName, pull: Option<IssueNumber>) -> Self {
        Self { cluster, team, pull, waiting_since: None }
    }
}

#[async_trait]
impl Task for RegisterDeployKey {
    const KIND: &'static str = "register_deploy_key";
    const PRIORITY: Priority = Priority::Normal;

    /// The same as the cluster's syncs: both write the one comment.
    fn subject(&self) -> String {
        format!("cluster/{}", self.cluster)
    }

    fn key(&self) -> String {
        format!("deploy-key/{}/{}", self.cluster, self.team)
    }

    async fn run(mut self, context: &Context, lease: &Lease) -> Result<Next<Self>, JobError> {
        let config = context.cluster_config(&self.cluster)?;
        let Some(team) = teams::find(context, config, &self.team).await?.filter(|team| teams::wants_key(config, team))
        else {
            tracing::info!(team.name = %self.team, "the team is gone or needs no deploy key");
            return Ok(Next::done());
        };
        let Some(cluster) = context.cluster(&self.cluster) else { return Ok(Next::done()) };
        let repository = team.repository.clone().unwrap_or_else(|| config.team_repository.for_team(&team.name));
        let Some(key) = self.key_in_cluster(context, cluster, &team).await? else {
            return self.wait(context, lease, repository).await;
        };
        let state = match key {
            Ok(key) => self.register(context, cluster, (&team, &repository), &key).await?,
            Err(state) => state,
        };
        self.report(context, lease, KeyReport { team: self.team.clone(), repository, state }).await?;
        Ok(Next::done())
    }

    async fn buried(self, context: &Context, lease: &Lease, reason: &str) -> Result<(), JobError> {
        let config = context.cluster_config(&self.cluster)?;
        let repository = config.team_repository.for_team(&self.team);
        let state = KeyState::Failed(reason.to_owned());
        self.report(context, lease, KeyReport { team: self.team.clone(), repository, state }).await
    }
}

impl RegisterDeployKey {
    /// The public half of the key that the cluster holds, made now where there is none; `None` while
    /// the namespace is missing.
    async fn key_in_cluster(
        &self,
        context: &Context,
        cluster: &Cluster,
        team: &Team,
    ) -> Result<Option<Result<PublicKey, KeyState>>, JobError> {
        let namespace = teams::source_namespace(team);
        let active = cluster.namespace(&namespace).await?.is_some_and(|state| state.phase == "Active");
        if !active {
            return Ok(None);
        }
        let pair = KeyPair::generate(&*context.entropy, &format!("bailiwick {}/{}", self.cluster, self.team))
            .map_err(|error| JobError::retry(error.to_string()))?;
        let wanted = GitSecret {
            identity: pair.private_openssh,
            identity_pub: pair.public_line,
            known_hosts: context.known_hosts().await,
        };
        let made = cluster.ensure_git_secret(&namespace, &secret_name(team)?, &wanted).await?;
        Ok(Some(match made {
            EnsureOutcome::Created => Ok(pair.public),
            EnsureOutcome::AlreadyThere(public) => Ok(public),
            EnsureOutcome::Unusable => Err(KeyState::ForeignSecret(
                "it holds no key that I can read; delete it and I make a new pair".to_owned(),
            )),
        }))
    }

    /// Registers the key; then Flux is asked to fetch at once instead of after its interval.
    async fn register(
        &self,
        context: &Context,
        cluster: &Cluster,
        (team, repository): (&Team, &RepositoryName),
        key: &PublicKey,
    ) -> Result<KeyState, JobError> {
        let read_only = context.cluster_config(&self.cluster)?.git_access.access == KeyAccess::ReadOnly;
        let repo = match context.repository_with(repository, Access::KEYS).await {
            Ok(repo) => repo,
            Err(error) if error.is_absent() => return Ok(KeyState::NoAdminRight),
            Err(error) => return Err(error.into()),
        };
        let title = format!("bailiwick: cluster {}, team {}", self.cluster, self.team);
        let registered = keys::ensure_registered(&repo, &title, key, read_only).await;
        repo.revoke().await?;
        match registered {
            Ok(()) => {}
            Err(KeyError::NoAdminRight { .. }) => return Ok(KeyState::NoAdminRight),
            Err(KeyError::Disabled { .. }) => return Ok(KeyState::DisabledByOrganisation),
            Err(KeyError::InUse { .. }) => return Ok(KeyState::InUseElsewhere),
            Err(KeyError::Forge(error)) => return Err(error.into()),
        }
        if let Some(source) = &team.source
            && let Ok(name) = source.name.parse()
        {
            let token = key_token(key);
            cluster.request_reconcile(FluxKind::GitRepository, &source.namespace, &name, &token).await?;
        }
        Ok(KeyState::Registered { read_only })
    }

    async fn wait(
        mut self,
        context: &Context,
        lease: &Lease,
        repository: RepositoryName,
    ) -> Result<Next<Self>, JobError> {
        let now = context.clock.now();
        let since = *self.waiting_since.get_or_insert(now.as_millisecond());
        let report = |state| KeyReport { team: self.team.clone(), repository: repository.clone(), state };
        if now.as_millisecond() - since > i64::try_from(PATIENCE.as_millis()).unwrap_or(i64::MAX) {
            let problem = format!("the namespace {} did not appear within 15 minutes", self.team);
            self.report(context, lease, report(KeyState::Failed(problem))).await?;
            return Ok(Next::done());
        }
        self.report(context, lease, report(KeyState::WaitingForNamespace)).await?;
        Ok(Next::Again(now + context.timing.pause * 2, self))
    }

    /// Where people see it: in the comment of the pull request, and in the log.
    async fn report(&self, context: &Context, lease: &Lease, report: KeyReport) -> Result<(), JobError> {
        tracing::info!(cluster.name = %self.cluster, team.name = %self.team, key.state = ?report.state, "looked after a deploy key");
        keys::record(&context.store, &self.cluster, self.pull, &report).await?;
        let Some(pull) = self.pull else { return Ok(()) };
        let config = context.cluster_config(&self.cluster)?;
        let repo = context.repository(&config.admin_repository).await?;
        super::sync_cluster::write_comment(context, lease, &repo, (&self.cluster, pull)).await
    }
}

fn secret_name(team: &Team) -> Result<ObjectName, JobError> {
    let name = team.source.as_ref().and_then(|source| source.secret_name.as_deref()).unwrap_or(DEFAULT_SECRET);
    name.parse().map_err(|error: crate::names::NameError| JobError::fail(error.to_string()))
}

/// A new token per key, so that asking twice for the same key is one request to Flux.
fn key_token(key: &PublicKey) -> String {
    use sha2::Digest as _;
    hex::encode(&sha2::Sha256::digest(key.to_string().as_bytes())[..8])
}
