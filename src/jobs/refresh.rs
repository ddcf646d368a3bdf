//! Repairs what webhooks missed: open pull requests without a verdict on their head and base, check runs
//! that nobody completed, a branch that moved without a sync, teams without a deploy key, or with one
//! that no longer opens their repository; keys of teams that have left are named in the log. Runs at start and every few minutes. It compares the present
//! state and needs no event, so it also repairs what [`super::Recover`] can no longer find. Commands leave
//! no state to compare: those are recovered, within an hour, or not at all. Nor can a merge queue's groups be
//! listed: of those it only goes on with what was begun and never completed. It also rewrites a mirror that has
//! grown too much, one per run.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::admin::{self, Base};
use super::{
    Context, JobError, Next, RegisterDeployKey, ReviewPullRequest, SyncCluster, Task, chain, keys, orphans,
    review_pull_request, teams,
};
use crate::cluster::ObjectRef;
use crate::config::ClusterConfig;
use crate::forge::{Access, Repo};
use crate::names::{ClusterName, RepositoryName};
use crate::store::{Lease, NewJob, Priority};
use crate::tenancy::Team;

/// How long finished deliveries and jobs are remembered: GitHub can deliver again for 3 days, an
/// enterprise server for 7.
const KEPT: SignedDuration = SignedDuration::from_hours(8 * 24);
/// How many teams one run looks after: each may cost requests, and the next run takes the next ones.
const TEAMS_AT_ONCE: usize = 50;
/// How many commits before the tip one run looks at for missed merges.
const COMMITS_AT_ONCE: usize = 20;
/// The fact that remembers where a cluster's branch stood when the bot saw it first.
const START: &str = "branch-start";

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
    const ENDLESS: bool = true;

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
            Err(error) => {
                tracing::warn!(cluster.name = %self.cluster, "a refresh was cut short: {error}");
                // What was believed about installations and repositories may be what is wrong.
                context.forget_repositories();
            }
        }
        put_in_order(context).await;
        Ok(Next::Again(context.clock.now() + context.timing.refresh, self))
    }
}

impl Refresh {
    /// What there is to do. Whatever cannot be looked at is left to the next run.
    async fn jobs(&mut self, context: &Context, config: &ClusterConfig) -> Result<Vec<NewJob>, JobError> {
        let admin = context.repository_with(&config.admin_repository, Access::REVIEW).await?;
        let place = (&config.admin_repository, Some(config.branch.as_str()));
        let mut jobs = unreviewed(context, &admin, place).await?;
        let tip = admin::tip(context, config).await?;
        jobs.extend(self.unsynced(context, &admin, &tip).await?);
        let failing = failing_sources(context, config).await;
        for team in self.window(&tip) {
            match self.look_after(context, config, &team, &failing).await {
                Ok(found) => jobs.extend(found),
                // One repository that cannot be read must not hide the others.
                Err(JobError::Fail { reason }) => {
                    tracing::warn!(team.name = %team.name, "a refresh could not look after a team: {reason}");
                }
                // Where the forge answers nobody, the others need not be tried now; but the next run begins with
                // those after this team: one that fails always must not keep them from ever being looked after.
                Err(JobError::Retry { at, reason }) if at.is_some() || context.forge.down_until().is_some() => {
                    tracing::warn!(team.name = %team.name, "a refresh was cut short: {reason}");
                    self.after = Some(team.name.to_string());
                    break;
                }
                Err(JobError::Retry { reason, .. }) => {
                    tracing::warn!(team.name = %team.name, "a refresh looks after a team later: {reason}");
                }
            }
        }
        if let Err(error) = orphans::tell(context, config, &tip).await {
            tracing::warn!(cluster.name = %self.cluster, "deploy keys that nobody uses were not looked for: {error}");
        }
        Ok(jobs)
    }

    /// The commits of the tracked branch that no sync has seen: the tip, and before it those that
    /// merged a pull request, oldest first.
    async fn unsynced(&self, context: &Context, admin: &Repo, tip: &Base) -> Result<Vec<NewJob>, JobError> {
        let (store, cluster) = (&context.store, &self.cluster);
        let start = store.fact(START, cluster.as_str()).await?;
        if start.is_none() {
            // The first look at a repository says where it stands; there is no merge to report.
            store.set_fact(START, cluster.as_str(), &serde_json::json!(tip.commit)).await?;
            return Ok(Vec::new());
        }
        let start = start.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
        let mut missed = Vec::new();
        let mut next = Some(tip.commit.clone());
        while let Some(commit) = next.take() {
            if commit.as_str() == start || SyncCluster::is_known(store, cluster, &commit).await? {
                break;
            }
            next = tip.mirror.first_parent(&commit).await?.filter(|_| missed.len() < COMMITS_AT_ONCE);
            missed.push(commit);
        }
        let mut jobs = Vec::new();
        for commit in missed.iter().skip(1).rev() {
            if let Some(pull) = admin.merged_pull_of(commit).await? {
                jobs.push(SyncCluster::new(cluster.clone(), commit.clone(), Some(pull)).to_job());
            }
        }
        jobs.extend(missed.into_iter().next().map(|tip| SyncCluster::new(cluster.clone(), tip, None).to_job()));
        Ok(jobs)
    }

    /// The teams of this run; the next run takes the next ones.
    fn window(&mut self, tip: &Base) -> Vec<Team> {
        let after = self.after.take().unwrap_or_default();
        let mut chosen: Vec<Team> = tip.index.teams().filter(|team| team.name.as_str() > after.as_str()).collect();
        chosen.sort_by(|one, other| one.name.cmp(&other.name));
        chosen.truncate(TEAMS_AT_ONCE);
        if chosen.len() == TEAMS_AT_ONCE {
            self.after = chosen.last().map(|team| team.name.to_string());
        }
        chosen
    }

    /// A team's open pull requests, and its key where it is not registered or does not open the
    /// repository any more: then Flux cannot fetch.
    async fn look_after(
        &self,
        context: &Context,
        config: &ClusterConfig,
        team: &Team,
        failing: &BTreeSet<ObjectRef>,
    ) -> Result<Vec<NewJob>, JobError> {
        let mut jobs = Vec::new();
        if let Some(repository) = &team.repository {
            match context.repository_with(repository, Access::REVIEW).await {
                Ok(repo) => {
                    let branch = team.source.as_ref().and_then(|source| source.branch.as_deref());
                    jobs.extend(unreviewed(context, &repo, (repository, branch)).await?);
                }
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let known = keys::known(&context.store, &self.cluster, &team.name).await?;
        // A job that waits for a namespace goes on by itself.
        let cared_for = known.as_ref().is_some_and(|(report, _)| report.is_settled() || report.is_waiting());
        let shut_out = team.source.as_ref().is_some_and(|source| {
            let is_this =
                |object: &ObjectRef| object.namespace == source.namespace && object.name.as_str() == source.name;
            failing.iter().any(is_this)
        });
        let reachable = context.cluster(&self.cluster).is_some();
        if reachable && teams::wants_key(config, team) && (shut_out || !cared_for) {
            let pull = known.and_then(|(_, pull)| pull);
            jobs.push(RegisterDeployKey::new(self.cluster.clone(), team.name.clone(), pull).to_job());
        }
        Ok(jobs)
    }
}

/// Every fetch makes a mirror larger: one that has grown too much is rewritten.
async fn put_in_order(context: &Context) {
    match context.mirrors.rewrite_one().await {
        Ok(None) => {}
        Ok(Some(mirror)) => tracing::info!(
            repository.id = %mirror.id,
            git.commits = mirror.commits,
            git.objects = mirror.objects,
            "rewrote a mirror that had many packs"
        ),
        // The old one serves on.
        Err(error) => tracing::warn!("a mirror could not be rewritten: {}", chain(&error)),
    }
}

/// The sources in the cluster that cannot be fetched now; none where the cluster cannot be asked.
async fn failing_sources(context: &Context, config: &ClusterConfig) -> BTreeSet<ObjectRef> {
    let Some(cluster) = context.cluster(&config.name) else { return BTreeSet::new() };
    match cluster.git_repositories().await {
        Ok(sources) => {
            sources.into_iter().filter(|source| source.fetch_failed.is_some()).map(|source| source.object).collect()
        }
        Err(error) => {
            tracing::debug!(cluster.name = %config.name, "a refresh could not ask which sources fail: {error}");
            BTreeSet::new()
        }
    }
}

/// Reviews for the open pull requests into `branch` (into any where none is named) that have none, and
/// for those whose check run is open, also where they are closed by now. `name` is how the configuration
/// or the admin repository calls the repository, which may have been renamed since.
async fn unreviewed(
    context: &Context,
    repo: &Repo,
    (name, branch): (&RepositoryName, Option<&str>),
) -> Result<Vec<NewJob>, JobError> {
    let Some(repository) = repo.id() else { return Ok(Vec::new()) };
    let mut wanted = review_pull_request::unfinished(&context.store, repository).await?;
    for pull in repo.open_pulls().await? {
        let is_synced = branch.is_none_or(|branch| branch == pull.base.branch);
        if is_synced && !review_pull_request::is_done(context, (repository, name), &pull).await? {
            wanted.insert(pull.number);
        }
    }
    let review = |number| ReviewPullRequest {
        installation: repo.installation(),
        repository,
        repository_name: name.clone(),
        number,
        again: false,
        pushed_by: None,
    };
    let groups = review_pull_request::unfinished_groups(&context.store, repository).await?;
    let jobs = wanted.into_iter().map(|number| review(number).to_job()).chain(groups.iter().map(Task::to_job));
    Ok(jobs.map(|job| job.with_priority(Priority::Sweep)).collect())
}
