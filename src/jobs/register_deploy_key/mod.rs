//! Gives a team's Flux its deploy key: waits for the namespace, makes the pair where the cluster has
//! none, registers the public half on the team's repository, and looks whether Flux fetches with it.
//!
//! The private half exists in the cluster's Secret and, while it is made, in memory. Keys are
//! compared by their bodies; titles are for people.

pub(super) mod first_fetch;
pub(super) mod register;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use self::first_fetch::Fetch;
use self::register::{Wanted, register};
use super::key_owner;
use super::keys;
use super::{Context, JobError, Next, Task, teams};
use crate::cluster::{
    Cluster, ClusterError, EnsureOutcome, GIT_SECRET, GitSecret, KeyPair, ObjectRef, public_key_of_secret,
};
use crate::names::{ClusterName, DeployKeyId, IssueNumber, Namespace, ObjectName, PublicKey, RepositoryName, TeamName};
use crate::report::comment::{KeyReport, KeyState};
use crate::store::{Lease, Priority};
use crate::tenancy::Team;

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
    #[serde(default)]
    looks: u32,
    #[serde(default)]
    registered: Option<Registered>,
}

impl RegisterDeployKey {
    /// A job that has not waited yet.
    pub const fn new(cluster: ClusterName, team: TeamName, pull: Option<IssueNumber>) -> Self {
        Self { cluster, team, pull, waiting_since: None, looks: 0, registered: None }
    }
}

/// A registration whose first fetch is waited for.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Registered {
    id: DeployKeyId,
    read_only: bool,
    repository: RepositoryName,
    /// What fetches with it; `None` where that is no `GitRepository`.
    source: Option<ObjectRef>,
}

#[async_trait]
impl Task for RegisterDeployKey {
    const KIND: &'static str = "register_deploy_key";
    const PRIORITY: Priority = Priority::Normal;

    /// The same as the cluster's syncs: both write the one comment.
    fn subject(&self) -> String {
        format!("cluster/{}", self.cluster)
    }

    /// With the pull request: a job that knows none must not take the place of one that tells people.
    fn key(&self) -> String {
        let told_in = self.pull.map_or_else(String::new, |pull| format!("/{pull}"));
        format!("deploy-key/{}/{}{told_in}", self.cluster, self.team)
    }

    async fn run(mut self, context: &Context, lease: &Lease) -> Result<Next<Self>, JobError> {
        let config = context.cluster_config(&self.cluster)?;
        if let (Some(registered), Some(cluster)) = (self.registered.clone(), context.cluster(&self.cluster)) {
            return self.until_fetched(context, lease, cluster, registered).await;
        }
        let known = keys::known(&context.store, &self.cluster, &self.team).await?;
        self.pull = self.pull.or_else(|| known.as_ref()?.1);
        let Some((team, index)) = teams::find(context, config, &self.team).await? else {
            return self.gone(context, lease, known.map(|(report, _)| report)).await;
        };
        let Some(cluster) = context.cluster(&self.cluster).filter(|_| teams::wants_key(config, &team)) else {
            tracing::info!(team.name = %self.team, "the bot does not look after this team's deploy key");
            return Ok(Next::done());
        };
        let repository = team.repository.clone().unwrap_or_else(|| config.team_repository.for_team(&team.name));
        // Before there is a key: nothing that is refused is left behind.
        if let Some(objection) = key_owner::objection(context, config, (&index, &team), &repository).await? {
            let state = KeyState::NotTheTeams(objection);
            self.report(context, lease, KeyReport { team: self.team.clone(), repository, state }).await?;
            return Ok(Next::done());
        }
        let wanted = Wanted { cluster: config, team: &team, index: &index, repository: &repository };
        let state = match self.look_after(context, lease, cluster, wanted).await {
            Ok(Some(Ok((id, read_only)))) => {
                let registered = Registered { id, read_only, repository, source: first_fetch::source_of(&team) };
                (self.registered, self.waiting_since, self.looks) = (Some(registered.clone()), None, 0);
                return self.until_fetched(context, lease, cluster, registered).await;
            }
            Ok(Some(Err(state))) => state,
            // People were told that it did not come; the refresh looks from time to time.
            Ok(None) if known.is_some_and(|(report, _)| matches!(report.state, KeyState::Failed(_))) => {
                return Ok(Next::done());
            }
            Ok(None) => return self.wait_for_namespace(context, lease, repository).await,
            // Somebody has to mend it: people read why, and the refresh tries again.
            Err(JobError::Fail { reason }) => KeyState::Failed(reason),
            Err(error) => return Err(error),
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
    /// Makes and registers what is missing; `None` while the namespace is.
    async fn look_after(
        &self,
        context: &Context,
        lease: &Lease,
        cluster: &Cluster,
        wanted: Wanted<'_>,
    ) -> Result<Option<Result<(DeployKeyId, bool), KeyState>>, JobError> {
        let team = wanted.team;
        let namespace = teams::source_namespace(team);
        let active = cluster.namespace(&namespace).await?.is_some_and(|state| state.phase == "Active");
        if !active {
            return Ok(None);
        }
        match self.key_in_cluster(context, cluster, (&namespace, &secret_name(team)?)).await {
            Ok(Ok(key)) => {
                let registered = register(context, lease, wanted, &key).await?;
                if let (Ok((id, _)), Some(source)) = (&registered, first_fetch::source_of(team)) {
                    first_fetch::ask_to_fetch(cluster, &source, *id).await?;
                }
                Ok(Some(registered))
            }
            Ok(Err(state)) => Ok(Some(Err(state))),
            // The namespace went between two requests.
            Err(ClusterError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The public half of the key that the cluster holds, made now where there is none.
    async fn key_in_cluster(
        &self,
        context: &Context,
        cluster: &Cluster,
        (namespace, name): (&Namespace, &ObjectName),
    ) -> Result<Result<PublicKey, KeyState>, ClusterError> {
        let outcome = match cluster.secret(namespace, name).await? {
            Some(there) => public_key_of_secret(&there).map_or(EnsureOutcome::Unusable, EnsureOutcome::AlreadyThere),
            None => {
                let comment = format!("bailiwick {}/{}", self.cluster, self.team);
                let pair = KeyPair::generate(&*context.entropy, &comment).expect("names are printable ASCII");
                let known_hosts = context.known_hosts().await;
                let wanted = GitSecret { identity: pair.private_openssh, identity_pub: pair.public_line, known_hosts };
                match cluster.ensure_git_secret(namespace, name, &wanted).await? {
                    EnsureOutcome::Created => EnsureOutcome::AlreadyThere(pair.public),
                    there => there,
                }
            }
        };
        Ok(match outcome {
            EnsureOutcome::AlreadyThere(public) => Ok(public),
            EnsureOutcome::Created | EnsureOutcome::Unusable => Err(KeyState::ForeignSecret(format!(
                "Secret {namespace}/{name} holds no key that I can read. Delete it, and I make a new pair."
            ))),
        })
    }

    /// Says how far the first fetch is, and looks again until there was one or the time is up.
    async fn until_fetched(
        mut self,
        context: &Context,
        lease: &Lease,
        cluster: &Cluster,
        registered: Registered,
    ) -> Result<Next<Self>, JobError> {
        let Registered { id, read_only, ref source, .. } = registered;
        let fetch = match source {
            Some(source) => first_fetch::look(cluster, source, (id, read_only)).await?,
            None => Fetch::Settled(KeyState::Registered { read_only }),
        };
        let repository = registered.repository;
        let is_last = self.is_patience_over(context);
        let state = match &fetch {
            Fetch::Settled(state) => state.clone(),
            Fetch::Waiting(KeyState::Registered { read_only }) if is_last => {
                let waited = context.timing.follow.as_secs();
                KeyState::Unfetched { read_only: *read_only, problem: format!("it did not answer within {waited} s") }
            }
            Fetch::Waiting(state) => state.clone(),
        };
        self.report(context, lease, KeyReport { team: self.team.clone(), repository, state }).await?;
        match fetch {
            Fetch::Waiting(_) if !is_last => Ok(self.again(context)),
            _ => Ok(Next::done()),
        }
    }

    /// The team has left the admin repository. Where people wait for its key, they are told.
    async fn gone(&self, context: &Context, lease: &Lease, known: Option<KeyReport>) -> Result<Next<Self>, JobError> {
        tracing::info!(team.name = %self.team, "the team is gone and needs no deploy key");
        if let Some(known) = known.filter(|known| !known.is_settled()) {
            self.report(context, lease, KeyReport { state: KeyState::TeamGone, ..known }).await?;
        }
        Ok(Next::done())
    }

    async fn wait_for_namespace(
        mut self,
        context: &Context,
        lease: &Lease,
        repository: RepositoryName,
    ) -> Result<Next<Self>, JobError> {
        let report = |state| KeyReport { team: self.team.clone(), repository: repository.clone(), state };
        let waiting = report(KeyState::WaitingForNamespace);
        if self.is_patience_over(context) {
            let waited = context.timing.follow.as_secs();
            let state = KeyState::Failed(format!("the namespace {} did not appear within {waited} s", self.team));
            self.report(context, lease, KeyReport { state, ..waiting }).await?;
            return Ok(Next::done());
        }
        self.report(context, lease, waiting).await?;
        Ok(self.again(context))
    }

    /// Whether it has waited for one thing as long as it may; the first question starts the wait.
    fn is_patience_over(&mut self, context: &Context) -> bool {
        let now = context.clock.now().as_millisecond();
        let since = *self.waiting_since.get_or_insert(now);
        u128::try_from(now - since).unwrap_or(0) >= context.timing.follow.as_millis()
    }

    /// Later: each look asks the forge for the branch's tip too.
    fn again(mut self, context: &Context) -> Next<Self> {
        self.looks = self.looks.saturating_add(1);
        Next::Again(context.clock.now() + context.timing.pause * self.looks.saturating_mul(2).min(60), self)
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

pub(super) fn secret_name(team: &Team) -> Result<ObjectName, JobError> {
    let name = team.source.as_ref().and_then(|source| source.secret_name.as_deref()).unwrap_or(GIT_SECRET);
    name.parse().map_err(|error: crate::names::NameError| JobError::fail(error.to_string()))
}
