//! Repairs what webhooks missed: open pull requests whose head has no verdict, a branch that moved
//! without a sync, teams without a deploy key. Runs at start and every few minutes.

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    Context, JobError, Next, RegisterDeployKey, ReviewPullRequest, SyncCluster, Task, keys, review_pull_request, teams,
};
use crate::config::ClusterConfig;
use crate::forge::{Access, Repo};
use crate::names::{ClusterName, CommitId};
use crate::store::{Lease, NewJob, Priority};

/// How long finished deliveries and jobs are remembered: GitHub can deliver again for 3 days, an
/// enterprise server for 7.
const KEPT: SignedDuration = SignedDuration::from_hours(8 * 24);
/// How many teams one run looks after: each may cost requests, and the next run takes the next ones.
const TEAMS_AT_ONCE: usize = 50;

/// One look at one cluster's repositories. It schedules itself again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refresh {
    /// The cluster.
    pub cluster: ClusterName,
    /// The team after which the next run goes on.
    #[serde(default)]
    pub after: Option<String>,
}

impl Refresh {
    /// A first look.
    pub const fn new(cluster: ClusterName) -> Self {
        Self { cluster, after: None }
    }
}

#[async_trait]
impl Task for Refresh {
    const KIND: &'static str = "refresh";
    const PRIORITY: Priority = Priority::Sweep;

    fn subject(&self) -> String {
        format!("refresh/{}", self.cluster)
    }

    fn key(&self) -> String {
        self.subject()
    }

    async fn run(mut self, context: &Context, _lease: &Lease) -> Result<Next<Self>, JobError> {
        // A cluster that left the configuration needs no more looks.
        let Ok(config) = context.cluster_config(&self.cluster) else { return Ok(Next::done()) };
        let keep = context.clock.now().checked_sub(KEPT).unwrap_or_default();
        context.store.prune(keep).await?;
        match self.jobs(context, config).await {
            Ok(jobs) => {
                tracing::debug!(cluster.name = %self.cluster, jobs.count = jobs.len(), "looked for what webhooks missed");
                context.store.enqueue(&jobs).await?;
            }
            // One unreachable repository must not end the sweeps: the next one comes anyway.
            Err(error) => tracing::warn!(cluster.name = %self.cluster, "a refresh was cut short: {error}"),
        }
        Ok(Next::Again(context.clock.now() + context.timing.refresh, self))
    }
}

impl Refresh {
    async fn jobs(&mut self, context: &Context, config: &ClusterConfig) -> Result<Vec<NewJob>, JobError> {
        let admin = context.repository_with(&config.admin_repository, Access::REVIEW).await?;
        let mut jobs = unreviewed(context, &admin).await?;
        if let Some(tip) = context.branch_tip(config).await? {
            jobs.extend(self.unsynced(context, &tip).await?);
        }
        jobs.extend(self.teams(context, config).await?);
        Ok(jobs)
    }

    /// The tracked branch moved, and no sync has seen it.
    async fn unsynced(&self, context: &Context, tip: &CommitId) -> Result<Option<NewJob>, JobError> {
        let key = self.cluster.as_str();
        let seen = context.store.fact(super::sync_cluster::SYNCED, key).await?;
        if seen.is_none() {
            // The first look at a repository says where it stands; there is no merge to report.
            context.store.set_fact(super::sync_cluster::SYNCED, key, &serde_json::json!(tip)).await?;
        }
        if seen.as_ref().and_then(|value| value.as_str()) == Some(tip.as_str()) {
            return Ok(None);
        }
        let sync = SyncCluster::new(self.cluster.clone(), tip.clone(), None);
        Ok(seen.map(|_| sync.to_job()))
    }

    async fn teams(&mut self, context: &Context, config: &ClusterConfig) -> Result<Vec<NewJob>, JobError> {
        let all = teams::all(context, config).await?;
        let after = self.after.take().unwrap_or_default();
        let mut chosen: Vec<_> = all.iter().filter(|team| team.name.as_str() > after.as_str()).collect();
        chosen.truncate(TEAMS_AT_ONCE);
        if chosen.len() == TEAMS_AT_ONCE {
            self.after = chosen.last().map(|team| team.name.to_string());
        }
        let mut jobs = Vec::new();
        for team in chosen {
            if let Some(repository) = &team.repository {
                match context.repository_with(repository, Access::REVIEW).await {
                    Ok(repo) => jobs.extend(unreviewed(context, &repo).await?),
                    Err(error) if error.is_absent() => {}
                    Err(error) => return Err(error.into()),
                }
            }
            let known = keys::known(&context.store, &self.cluster, &team.name).await?;
            let settled = known.as_ref().is_some_and(|(report, _)| report.is_settled());
            if teams::wants_key(config, team) && !settled {
                let pull = known.and_then(|(_, pull)| pull);
                jobs.push(RegisterDeployKey::new(self.cluster.clone(), team.name.clone(), pull).to_job());
            }
        }
        Ok(jobs)
    }
}

/// Reviews for the open pull requests whose head has none.
async fn unreviewed(context: &Context, repo: &Repo) -> Result<Vec<NewJob>, JobError> {
    let mut jobs = Vec::new();
    for pull in repo.open_pulls().await? {
        let base = &pull.base.repo;
        let Some(base) = base else { continue };
        if review_pull_request::is_done(&context.store, base.id, &pull.head.sha).await? {
            continue;
        }
        let review = ReviewPullRequest {
            installation: repo.installation(),
            repository: base.id,
            repository_name: base.name.clone(),
            number: pull.number,
            again: false,
        };
        jobs.push(review.to_job().with_priority(Priority::Sweep));
    }
    Ok(jobs)
}
