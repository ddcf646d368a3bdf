//! After a merge in the admin repository: ask Flux to fetch, follow it until the commit is applied
//! or has failed, and say which, on the pull request and as a deployment.
//!
//! The job holds no worker while it waits: each look is one run, and the next one is scheduled.

mod decide;
mod report;

pub(super) use report::write_comment;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::decide::{View, decide};
use super::{Context, JobError, Next, RegisterDeployKey, Task, Timing, teams};
use crate::cluster::{Cluster, FluxKind};
use crate::config::ClusterConfig;
use crate::names::{ClusterName, CommitId, Engine, IssueNumber, Namespace, ObjectName};
use crate::report::comment::SyncState;
use crate::store::{Lease, NewJob, Priority};

/// The fact that remembers which commit of a cluster's branch was followed last.
pub(super) const SYNCED: &str = "synced";

/// One merged commit on its way into one cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SyncCluster {
    /// The cluster.
    pub cluster: ClusterName,
    /// The commit on the tracked branch.
    pub commit: CommitId,
    /// The pull request that it merged, where known.
    pub pull: Option<IssueNumber>,
    /// What earlier looks saw.
    #[serde(default)]
    pub progress: Option<Progress>,
}

/// What earlier looks saw. Times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Progress {
    requested_at: i64,
    looks: u32,
    fetched_after: Option<i64>,
    failing_since: Option<i64>,
}

impl SyncCluster {
    /// A merge that was not looked at yet.
    pub const fn new(cluster: ClusterName, commit: CommitId, pull: Option<IssueNumber>) -> Self {
        Self { cluster, commit, pull, progress: None }
    }
}

#[async_trait]
impl Task for SyncCluster {
    const KIND: &'static str = "sync_cluster";
    const PRIORITY: Priority = Priority::Normal;

    fn subject(&self) -> String {
        format!("cluster/{}", self.cluster)
    }

    fn key(&self) -> String {
        format!("sync/{}/{}", self.cluster, self.commit)
    }

    async fn run(mut self, context: &Context, lease: &Lease) -> Result<Next<Self>, JobError> {
        let config = context.cluster_config(&self.cluster)?;
        if self.progress.is_none() {
            context.store.set_fact(SYNCED, self.cluster.as_str(), &serde_json::json!(self.commit)).await?;
        }
        if self.pull.is_none() && self.progress.is_none() {
            self.pull = merged_pull(context, config, &self.commit).await?;
        }
        let Some(cluster) = context.cluster(&self.cluster) else {
            let why = "set `kubeconfig` for this cluster in Bailiwick's configuration to have merges followed";
            return self.not_followed(context, lease, why).await;
        };
        if config.engine == Some(Engine::FluxV1) {
            let why = "it is run by Flux v1, which this version of Bailiwick cannot follow yet";
            return self.not_followed(context, lease, why).await;
        }
        if self.progress.is_none() {
            self.request(context, cluster).await?;
        }
        let view = self.look(context, config, cluster).await?;
        self.step(context, lease, config, view).await
    }

    async fn buried(self, context: &Context, lease: &Lease, reason: &str) -> Result<(), JobError> {
        let state = SyncState::Failed {
            reason: "GivenUp".to_owned(),
            message: reason.to_owned(),
            object: format!("Bailiwick, which follows cluster {},", self.cluster),
        };
        self.tell(context, lease, &state).await
    }
}

impl SyncCluster {
    /// Annotates the source, once: the token is the commit, so that a second run asks for nothing new.
    async fn request(&mut self, context: &Context, cluster: &Cluster) -> Result<(), JobError> {
        let (namespace, name) = root();
        cluster.request_reconcile(FluxKind::GitRepository, &namespace, &name, self.commit.as_str()).await?;
        let requested_at = context.clock.now().as_millisecond();
        self.progress = Some(Progress { requested_at, looks: 0, fetched_after: None, failing_since: None });
        tracing::info!(cluster.name = %self.cluster, commit.id = %self.commit, "asked Flux to fetch a merged commit");
        Ok(())
    }

    async fn look(&self, context: &Context, config: &ClusterConfig, cluster: &Cluster) -> Result<View, JobError> {
        let (namespace, name) = root();
        let Some(source) = cluster.git_repository(&namespace, &name).await? else {
            return Err(JobError::fail(format!("cluster {} has no GitRepository {namespace}/{name}", self.cluster)));
        };
        let mut users = cluster.kustomizations().await?;
        users.retain(|user| user.source_ref.kind == "GitRepository" && user.source_ref.object == source.object);
        let others = revisions(&source, &users, &self.commit);
        let descendants = context.descendants(config, &self.commit, others).await?;
        Ok(decide(&self.commit, &source, &users, &|other| descendants.contains(other)))
    }

    async fn step(
        mut self,
        context: &Context,
        lease: &Lease,
        config: &ClusterConfig,
        view: View,
    ) -> Result<Next<Self>, JobError> {
        let now = context.clock.now();
        let state = self.settle(now, view, context.timing);
        self.tell(context, lease, &state).await?;
        if state.is_final() {
            tracing::info!(cluster.name = %self.cluster, commit.id = %self.commit, sync.state = ?state, "a merge was followed to its end");
            return Ok(Next::Done(self.follow_up(context, config, &state).await?));
        }
        Ok(Next::Again(now + self.pause(context.timing), self))
    }

    /// What is said after this look: a failure only when it lasts, and an end when time is up.
    fn settle(&mut self, now: Timestamp, view: View, timing: Timing) -> SyncState {
        let Some(progress) = self.progress.as_mut() else { return view.state };
        let now = now.as_millisecond();
        progress.looks += 1;
        if view.fetched && progress.fetched_after.is_none() {
            progress.fetched_after = Some((now - progress.requested_at) / 1000);
        }
        let failing = matches!(view.state, SyncState::Failed { .. });
        progress.failing_since = failing.then(|| progress.failing_since.unwrap_or(now));
        let lasted = |since: i64, limit: Duration| u128::try_from(now - since).unwrap_or(0) >= limit.as_millis();
        match (&view.state, progress.failing_since) {
            (_, Some(since)) if !lasted(since, timing.failure_lasts) => {
                if view.fetched {
                    SyncState::Applying
                } else {
                    SyncState::Requested
                }
            }
            (state, _) if !state.is_final() && lasted(progress.requested_at, timing.follow) => {
                SyncState::TimedOut { last: format!("{state:?}: {}", self.commit) }
            }
            _ => view.state,
        }
    }

    /// Short at first, then longer: a healthy sync takes seconds, a slow one minutes.
    fn pause(&self, timing: Timing) -> Duration {
        let looks = self.progress.as_ref().map_or(0, |progress| progress.looks);
        timing.pause * (looks / 5 + 1).min(10)
    }

    async fn not_followed(self, context: &Context, lease: &Lease, why: &str) -> Result<Next<Self>, JobError> {
        self.tell(context, lease, &SyncState::NotFollowed { why: why.to_owned() }).await?;
        Ok(Next::done())
    }

    /// Keys for the teams that the merge touched.
    async fn follow_up(
        &self,
        context: &Context,
        config: &ClusterConfig,
        state: &SyncState,
    ) -> Result<Vec<NewJob>, JobError> {
        if !matches!(state, SyncState::Applied { .. }) {
            return Ok(Vec::new());
        }
        let touched = teams::touched_by(context, config, &self.commit).await?;
        let job = |team| RegisterDeployKey::new(self.cluster.clone(), team, self.pull).to_job();
        Ok(touched.into_iter().filter(|team| teams::wants_key(config, team)).map(|team| job(team.name)).collect())
    }
}

/// The pull request that a commit merged; an answer that stays a refusal is none.
async fn merged_pull(
    context: &Context,
    config: &ClusterConfig,
    commit: &CommitId,
) -> Result<Option<IssueNumber>, JobError> {
    let repo = context.repository(&config.admin_repository).await?;
    match repo.merged_pull_of(commit).await {
        Ok(pull) => Ok(pull),
        Err(error) if error.is_temporary() => Err(error.into()),
        Err(error) => {
            tracing::warn!(commit.id = %commit, "it cannot be said which pull request was merged: {error}");
            Ok(None)
        }
    }
}

/// The source that `flux bootstrap` makes for the admin repository.
fn root() -> (Namespace, ObjectName) {
    let name = "flux-system";
    (name.parse().expect("a DNS-1123 label"), name.parse().expect("a DNS-1123 subdomain"))
}

/// The commits other than ours that the cluster reports.
fn revisions(
    source: &crate::cluster::SourceState,
    users: &[crate::cluster::SyncState],
    commit: &CommitId,
) -> Vec<CommitId> {
    let applied = users.iter().flat_map(|user| [&user.last_applied_revision, &user.last_attempted_revision]);
    let mut commits: Vec<CommitId> = std::iter::once(&source.artifact_revision)
        .chain(applied)
        .filter_map(|revision| crate::cluster::revision_commit(revision.as_deref()?))
        .filter(|other| other != commit)
        .collect();
    commits.sort();
    commits.dedup();
    commits
}
