//! Telling people how far a sync is: the comment on the pull request and the GitHub deployment.

use serde_json::{Value, json};

use super::SyncCluster;
use crate::forge::{DeploymentState, NewDeployment, NewDeploymentStatus, Repo};
use crate::jobs::{Context, JobError, comments, keys};
use crate::names::DeploymentId;
use crate::report::comment::{SyncReport, SyncState, sync_comment};
use crate::store::{EffectState, Lease};

impl SyncCluster {
    /// Brings comment and deployment up to `state`; what they say already is not said again.
    pub(super) async fn tell(&self, context: &Context, lease: &Lease, state: &SyncState) -> Result<(), JobError> {
        let config = context.cluster_config(&self.cluster)?;
        let repo = context.repository(&config.admin_repository).await?;
        if let Some(pull) = self.pull {
            let key = format!("{}/{pull}", self.cluster);
            let stored = json!({"state": state, "commit": self.commit, "fetched": self.fetched_after(), "ended": self.ended_after(context, state)});
            context.store.set_fact("sync", &key, &stored).await?;
            write_comment(context, lease, &repo, (&self.cluster, pull)).await?;
        }
        self.deployment(context, lease, &repo, state).await
    }

    fn fetched_after(&self) -> Option<i64> {
        self.progress.as_ref().and_then(|progress| progress.fetched_after)
    }

    fn ended_after(&self, context: &Context, state: &SyncState) -> Option<i64> {
        let progress = self.progress.as_ref().filter(|_| state.is_final())?;
        Some((context.clock.now().as_millisecond() - progress.requested_at) / 1000)
    }

    async fn deployment(
        &self,
        context: &Context,
        lease: &Lease,
        repo: &Repo,
        state: &SyncState,
    ) -> Result<(), JobError> {
        let (wanted, description) = match state {
            SyncState::NotFollowed { .. } => return Ok(()),
            SyncState::Requested | SyncState::Applying => {
                (DeploymentState::InProgress, "Flux is fetching and applying".to_owned())
            }
            SyncState::Applied { revision } => (DeploymentState::Success, format!("applied {}", revision.short())),
            SyncState::Failed { reason, .. } => (DeploymentState::Failure, reason.clone()),
            SyncState::TimedOut { .. } => (DeploymentState::Error, "no result in time".to_owned()),
        };
        let key = format!("{}/{}", self.cluster, self.commit);
        let environment = self.cluster.as_str();
        let known = match context.store.effect(lease, "deployment", &key).await? {
            EffectState::Done(value) if value["state"] == json!(wanted.as_str()) => return Ok(()),
            EffectState::Done(value) => value["id"].as_u64().map(DeploymentId::new),
            EffectState::Unfinished => repo.find_deployment(&self.commit, environment).await?.map(|found| found.id),
            EffectState::New => None,
        };
        let id = match known {
            Some(id) => id,
            None => {
                let new = NewDeployment {
                    commit: self.commit.clone(),
                    environment: environment.to_owned(),
                    description: "Sync by Flux".to_owned(),
                    payload: json!({"cluster": self.cluster, "pull": self.pull}),
                };
                repo.create_deployment(&new).await?.id
            }
        };
        let status = NewDeploymentStatus { state: wanted, description, environment_url: None, log_url: None };
        repo.deployment_status(id, &status).await?;
        let value: Value = json!({"id": id.get(), "state": wanted.as_str()});
        Ok(context.store.effect_done(lease, "deployment", &key, &value).await?)
    }
}

/// Writes the one comment of a merge for one cluster from what the store knows of it: the sync and
/// the deploy keys have jobs of their own, of one subject, and each brings its part.
pub(in crate::jobs) async fn write_comment(
    context: &Context,
    lease: &Lease,
    repo: &Repo,
    (cluster, pull): (&crate::names::ClusterName, crate::names::IssueNumber),
) -> Result<(), JobError> {
    let Some(stored) = context.store.fact("sync", &format!("{cluster}/{pull}")).await? else { return Ok(()) };
    let unreadable = |_| JobError::fail("the stored state of a sync cannot be read");
    let state: SyncState = serde_json::from_value(stored["state"].clone()).map_err(unreadable)?;
    let commit = serde_json::from_value(stored["commit"].clone()).map_err(unreadable)?;
    let keys = keys::reports(&context.store, cluster, pull).await?;
    let report = SyncReport {
        cluster,
        commit: &commit,
        state: &state,
        fetched_after: stored["fetched"].as_i64(),
        ended_after: stored["ended"].as_i64(),
        keys: &keys,
    };
    comments::upsert(&context.store, lease, (repo, pull), &format!("sync/{cluster}"), &sync_comment(&report)).await
}
