//! Telling people how far a sync is: the comment on the pull request and the GitHub deployment.

use serde_json::{Value, json};

use super::{Record, SyncCluster};
use crate::forge::{DeploymentState, NewDeployment, NewDeploymentStatus, Repo};
use crate::jobs::{Context, JobError, Timing, comments, keys, requests};
use crate::names::{ClusterName, CommitId, DeploymentId, IssueNumber};
use crate::report::comment::{KeyReport, SyncReport, SyncState, sync_comment};
use crate::store::{EffectState, Lease};

const KIND: &str = "deployment";

impl SyncCluster {
    /// Brings comment and deployment up to the record; what they say already is not said again.
    pub(super) async fn tell(&self, context: &Context, lease: &Lease, record: &Record) -> Result<(), JobError> {
        let config = context.cluster_config(&self.cluster)?;
        let repo = context.repository(&config.admin_repository).await?;
        if let Some(pull) = record.pull {
            write_comment(context, lease, &repo, (&self.cluster, pull)).await?;
        }
        self.deployment(context, lease, &repo, record).await
    }

    async fn deployment(&self, context: &Context, lease: &Lease, repo: &Repo, record: &Record) -> Result<(), JobError> {
        let Some(wanted) = deployment_state(&record.state) else { return Ok(()) };
        let (store, key) = (&context.store, format!("{}/{}", self.cluster, self.commit));
        let environment = self.cluster.as_str();
        let known = match store.effect(lease, KIND, &key).await? {
            EffectState::Done(value) if value["state"] == json!(wanted.as_str()) => return Ok(()),
            EffectState::Done(value) => value["id"].as_u64().map(|id| (DeploymentId::new(id), value)),
            EffectState::Unfinished => {
                let found = repo.find_deployment(&self.commit, environment).await?;
                found.map(|found| (found.id, Value::Null))
            }
            EffectState::New => None,
        };
        let (id, before) = match known {
            Some(known) => known,
            None => (self.announce(repo, record).await?, Value::Null),
        };
        // A step has no name by which it could be found again, so what is about to be said is on
        // disk first: a run that was cut between saying and recording looks whether it was said.
        let in_doubt = before["saying"] == json!(wanted.as_str());
        let said = in_doubt && repo.was_announced(id, wanted).await?;
        if !said {
            let saying = json!({"id": id.get(), "state": before["state"], "saying": wanted.as_str()});
            store.effect_done(lease, KIND, &key, &saying).await?;
            let description = record.report((&self.cluster, &self.commit), &[], context.timing).line();
            let status = NewDeploymentStatus { state: wanted, description, environment_url: None, log_url: None };
            repo.deployment_status(id, &status).await?;
        }
        Ok(store.effect_done(lease, KIND, &key, &json!({"id": id.get(), "state": wanted.as_str()})).await?)
    }

    async fn announce(&self, repo: &Repo, record: &Record) -> Result<DeploymentId, JobError> {
        let new = NewDeployment {
            commit: self.commit.clone(),
            environment: self.cluster.to_string(),
            description: "Sync by Flux".to_owned(),
            payload: json!({"cluster": self.cluster, "pull": record.pull}),
        };
        Ok(repo.create_deployment(&new).await?.id)
    }
}

/// What a deployment says of a state; nothing where the bot does not follow the cluster.
const fn deployment_state(state: &SyncState) -> Option<DeploymentState> {
    match state {
        SyncState::NotFollowed { .. } => None,
        SyncState::Requested | SyncState::Applying | SyncState::Unreachable { .. } => Some(DeploymentState::InProgress),
        SyncState::Applied { .. } => Some(DeploymentState::Success),
        SyncState::Failed { .. } => Some(DeploymentState::Failure),
        SyncState::TimedOut { .. } | SyncState::NoSource { .. } | SyncState::Unseen { .. } => {
            Some(DeploymentState::Error)
        }
    }
}

impl Record {
    /// The record as people read it.
    fn report<'a>(
        &'a self,
        (cluster, commit): (&'a ClusterName, &'a CommitId),
        keys: &'a [KeyReport],
        timing: Timing,
    ) -> SyncReport<'a> {
        SyncReport {
            cluster,
            commit,
            state: &self.state,
            failed_first: self.failed_first.as_ref(),
            following: (!self.over && !self.closed).then_some(timing.follow),
            narrow: self.found.as_ref().is_some_and(|found| found.narrow),
            fetched_after: self.fetched_after,
            ended_after: self.ended_after,
            keys,
        }
    }
}

/// Writes the one comment of a merge for one cluster from what the store knows of it: the sync and
/// the deploy keys have jobs of their own, of one subject, and each brings its part.
pub(in crate::jobs) async fn write_comment(
    context: &Context,
    lease: &Lease,
    repo: &Repo,
    (cluster, pull): (&ClusterName, IssueNumber),
) -> Result<(), JobError> {
    let Some((commit, record)) = Record::of_pull(&context.store, cluster, pull).await? else { return Ok(()) };
    let keys = keys::reports(&context.store, cluster, pull).await?;
    let report = record.report((cluster, &commit), &keys, context.timing);
    let purpose = format!("sync/{cluster}");
    let written = comments::upsert(&context.store, lease, (repo, pull), &purpose, &sync_comment(&report)).await;
    requests::tell(context, lease, (cluster, pull), (&commit, &record.state)).await?;
    match written {
        // A locked conversation, for example: that is no reason to stop, and deployments tell too.
        Err(JobError::Fail { reason }) => {
            tracing::warn!(cluster.name = %cluster, pull.number = %pull, "the comment on a merge could not be written: {reason}");
            Ok(())
        }
        written => written,
    }
}
