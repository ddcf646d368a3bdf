//! After a merge in the admin repository: ask Flux to fetch, follow it until the commit is applied or the
//! time is up, and say how far it is, on the pull request and as a deployment. A failure that lasts is
//! told, and corrected should Flux recover.
//!
//! The job holds no worker while it waits: each look is one run, and the next one is scheduled.

mod audit;
mod decide;
mod find;
mod inspect;
mod look;
mod record;
mod report;
#[cfg(test)]
mod testing;

pub use inspect::{Applying, applying};
pub(super) use report::write_comment;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use self::look::Lookout;
use self::record::Record;
use super::{Context, JobError, Next, RegisterDeployKey, Task, keys, teams};
use crate::cluster::{Cluster, ObjectRef};
use crate::config::ClusterConfig;
use crate::names::{ClusterName, CommitId, Engine, IssueNumber};
use crate::report::comment::SyncState;
use crate::store::{Lease, NewJob, Priority, Store};

/// How many teams that nobody has looked after yet get their keys after one merge; the refresh
/// takes the others.
const NEW_TEAMS_AT_ONCE: usize = 50;

/// One merged commit on its way into one cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SyncCluster {
    /// The cluster.
    pub cluster: ClusterName,
    /// The commit on the tracked branch.
    pub commit: CommitId,
    /// The pull request that it merged, where known.
    pub pull: Option<IssueNumber>,
}

impl SyncCluster {
    /// A commit to follow.
    pub const fn new(cluster: ClusterName, commit: CommitId, pull: Option<IssueNumber>) -> Self {
        Self { cluster, commit, pull }
    }

    /// How far the merge of a pull request is in a cluster, as far as it was followed.
    pub(super) async fn state_of(
        store: &Store,
        cluster: &ClusterName,
        pull: IssueNumber,
    ) -> Result<Option<SyncState>, JobError> {
        Ok(Record::of_pull(store, cluster, pull).await?.map(|(_, record)| record.state))
    }

    /// Whether a commit was, or is being, followed into a cluster.
    pub(super) async fn is_known(store: &Store, cluster: &ClusterName, commit: &CommitId) -> Result<bool, JobError> {
        Record::exists(store, cluster, commit).await
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

    async fn run(self, context: &Context, lease: &Lease) -> Result<Next<Self>, JobError> {
        let config = context.cluster_config(&self.cluster)?;
        let mut record = Record::of(&context.store, &self.cluster, &self.commit, context.clock.now()).await?;
        let news = self.find_pull(context, config, &mut record).await?;
        if record.closed && !news {
            return Ok(Next::done());
        }
        if !record.over {
            let requested = record.requested;
            self.advance(context, config, &mut record).await?;
            if record.requested && !requested {
                self.record_started(context, lease, &record).await?;
            }
        }
        record.save(&context.store, &self.cluster, &self.commit).await?;
        if record.has_news() {
            self.tell(context, lease, &record).await?;
            record.was_told();
            record.save(&context.store, &self.cluster, &self.commit).await?;
        }
        if !record.over {
            return Ok(Next::Again(record.next_look(context.clock.now(), context.timing), self));
        }
        tracing::info!(cluster.name = %self.cluster, commit.id = %self.commit, sync.state = ?record.state, "a merge was followed to its end");
        let follow_up = self.follow_up(context, config, &record).await?;
        // A pull request that becomes known later is another telling of the same end.
        if !record.closed {
            self.record_ended(context, lease, &record).await?;
        }
        record.closed = true;
        record.save(&context.store, &self.cluster, &self.commit).await?;
        Ok(Next::Done(follow_up))
    }

    async fn buried(self, context: &Context, lease: &Lease, reason: &str) -> Result<(), JobError> {
        let config = context.cluster_config(&self.cluster)?;
        let mut record = Record::of(&context.store, &self.cluster, &self.commit, context.clock.now()).await?;
        self.find_pull(context, config, &mut record).await?;
        record.end(SyncState::Unseen { problem: format!("I gave up after several attempts: {reason}") });
        record.save(&context.store, &self.cluster, &self.commit).await?;
        let recorded = self.record_ended(context, lease, &record).await;
        self.tell(context, lease, &record).await?;
        recorded
    }
}

impl SyncCluster {
    /// Finds the pull request that the commit merged: the event names it, or the forge is asked once.
    /// Returns whether it became known only now, after something was told already.
    async fn find_pull(
        &self,
        context: &Context,
        config: &ClusterConfig,
        record: &mut Record,
    ) -> Result<bool, JobError> {
        if record.pull.is_some() {
            return Ok(false);
        }
        record.pull = self.pull;
        if record.pull.is_none() && !record.pull_looked_up {
            record.pull = merged_pull(context, config, &self.commit).await?;
            record.pull_looked_up = true;
        }
        let news = record.pull.is_some() && record.told.is_some();
        if news {
            record.told = None;
        }
        Ok(news)
    }

    /// One step on: what is known after it stands in the record.
    async fn advance(&self, context: &Context, config: &ClusterConfig, record: &mut Record) -> Result<(), JobError> {
        match self.followed(context, config) {
            Ok(cluster) => {
                let lookout = Lookout { job: self, context, config, cluster };
                let view = lookout.look(record).await?;
                record.settle(context.clock.now(), view, context.timing);
            }
            Err(why) => record.end(SyncState::NotFollowed { why: why.to_owned() }),
        }
        Ok(())
    }

    /// The cluster, or why it is not followed.
    fn followed<'a>(&self, context: &'a Context, config: &ClusterConfig) -> Result<&'a Cluster, &'static str> {
        if config.engine == Some(Engine::FluxV1) {
            return Err("It is run by Flux v1, which this version of Bailiwick cannot follow yet.");
        }
        context.cluster(&self.cluster).ok_or(
            "Bailiwick has no access to it. An administrator of Bailiwick can set `kubeconfig` for this cluster in its \
             configuration; then merges are followed and deploy keys are registered.",
        )
    }

    /// Keys for the teams that the merge touched, and for those that nobody has looked after yet:
    /// a rebase or a push of several commits brings teams that its last commit does not touch.
    async fn follow_up(
        &self,
        context: &Context,
        config: &ClusterConfig,
        record: &Record,
    ) -> Result<Vec<NewJob>, JobError> {
        if !matches!(record.state, SyncState::Applied { .. }) {
            return Ok(Vec::new());
        }
        let (touched, others) = match teams::touched_by(context, config, &self.commit).await {
            Err(JobError::Fail { reason }) => {
                tracing::warn!(commit.id = %self.commit, "it cannot be said which teams a merge touched: {reason}");
                return Ok(Vec::new());
            }
            teams => teams?,
        };
        let others = keys::unknown(&context.store, &self.cluster, others).await?.into_iter().take(NEW_TEAMS_AT_ONCE);
        let new = touched.into_iter().chain(others).filter(|team| teams::wants_key(config, team));
        Ok(new.map(|team| RegisterDeployKey::new(self.cluster.clone(), team.name, record.pull).to_job()).collect())
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

/// The name of the source, and of the Kustomization, that `flux bootstrap` makes for the admin repository.
fn root() -> ObjectRef {
    let name = "flux-system";
    ObjectRef { namespace: name.parse().expect("a DNS-1123 label"), name: name.parse().expect("a DNS-1123 subdomain") }
}
