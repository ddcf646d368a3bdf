//! Judges a pull request and reports as the check run `bailiwick/review`.
//!
//! The job reads the pull request anew and judges the head that it finds, merged into the tip of
//! the base. In the usual case that costs three requests: read, open the check run, complete it.

mod check_run;
mod judge;

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use self::check_run::{Verdict, abandon_other};
use self::judge::Eyes;
use super::{Context, JobError, Next, Task, admin, audit};
use crate::config::ClusterConfig;
use crate::forge::{Access, PullRequest, PullState, Repo};
use crate::names::{InstallationId, IssueNumber, RepoPath, RepositoryId, RepositoryName};
use crate::report::{CheckRunReport, Conclusion};
use crate::rules::Policy;
use crate::store::{Lease, Priority};
use crate::tenancy::Team;

pub use check_run::CHECK_NAME;
pub(super) use check_run::{is_done, pull_of, unfinished};

/// One pull request to judge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReviewPullRequest {
    /// Where the App is installed.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// Its name at that time.
    pub repository_name: RepositoryName,
    /// The pull request.
    pub number: IssueNumber,
    /// Whether somebody asked for it: then it is judged even where a verdict exists.
    pub again: bool,
}

/// What a repository is to the bot.
enum Role<'a> {
    /// The admin repository of these clusters, all tracking the pull request's base branch.
    Admin(Vec<&'a ClusterConfig>),
    /// A repository from which these teams are synced, each with the policy of its cluster.
    Team(Vec<(Team, Policy)>),
    /// It fits a cluster's pattern, but no team is synced from it.
    Nobody,
}

#[async_trait]
impl Task for ReviewPullRequest {
    const KIND: &'static str = "review_pull_request";
    const PRIORITY: Priority = Priority::Normal;

    fn subject(&self) -> String {
        format!("pull/{}/{}", self.repository, self.number)
    }

    fn key(&self) -> String {
        format!("review/{}/{}/{}", self.repository, self.number, u8::from(self.again))
    }

    fn repository(&self) -> Option<RepositoryId> {
        Some(self.repository)
    }

    async fn run(self, context: &Context, lease: &Lease) -> Result<Next<Self>, JobError> {
        let repo = self.repo(context, Access::REVIEW);
        let name = context.known_as(self.repository, &self.repository_name);
        let pull = match repo.pull(self.number).await {
            Ok(pull) => Some(pull).filter(|pull| pull.state == PullState::Open),
            Err(error) if error.is_absent() => None,
            Err(error) => return Err(error.into()),
        };
        let role = match &pull {
            Some(pull) => role(context, &name, pull).await?,
            None => None,
        };
        let head = role.as_ref().and(pull.as_ref()).map(|pull| &pull.head.sha);
        abandon_other(context, lease, &repo, (&self, head)).await?;
        let (Some(pull), Some(role)) = (&pull, role) else { return Ok(Next::done()) };
        if self.again {
            audit::reruns(context, lease, &self, &pull.head.sha).await?;
        }
        match self.review(context, lease, (&repo, pull), role).await {
            // A head that is gone cannot be judged and has no need to be: the new one has.
            Err(JobError::Fail { .. }) if self.has_moved(&repo, pull).await => {
                Ok(Next::Again(context.clock.now(), self))
            }
            other => other.map(|()| Next::done()),
        }
    }

    /// A review that was given up must not look like one that is still running.
    async fn buried(self, context: &Context, lease: &Lease, reason: &str) -> Result<(), JobError> {
        // Its files may be what the App must not read.
        let repo = self.repo(context, Access::VERDICT);
        let pull = repo.pull(self.number).await?;
        if let Some(verdict) = Verdict::begin(context, lease, &repo, (&self, &pull)).await? {
            let report = CheckRunReport {
                conclusion: Conclusion::Failure,
                title: "Could not be judged".to_owned(),
                summary: format!(
                    "I gave up, so nothing is known about this pull request.\n\n{}\n\nComment `/check` \
                     or use *Re-run* to try again.",
                    crate::report::markdown::code(reason)
                ),
                annotations: Vec::new(),
            };
            verdict.give_up(context, lease, &repo, report).await?;
        }
        Ok(())
    }
}

impl ReviewPullRequest {
    fn repo(&self, context: &Context, access: Access) -> Repo {
        context.forge.repo(self.installation, (self.repository, self.repository_name.clone()), access)
    }

    async fn review(
        &self,
        context: &Context,
        lease: &Lease,
        (repo, pull): (&Repo, &PullRequest),
        role: Role<'_>,
    ) -> Result<(), JobError> {
        let verdict = Verdict::begin(context, lease, repo, (self, pull)).await?;
        let Some(verdict) = verdict else { return Ok(()) };
        let report = self.judge(context, repo, pull, role).await?;
        verdict.complete(context, lease, repo, report).await
    }

    /// Whether the pull request has another head now, or is closed.
    async fn has_moved(&self, repo: &Repo, pull: &PullRequest) -> bool {
        let now = repo.pull(self.number).await;
        now.is_ok_and(|now| now.head.sha != pull.head.sha || now.state != PullState::Open)
    }

    async fn judge(
        &self,
        context: &Context,
        repo: &Repo,
        pull: &PullRequest,
        role: Role<'_>,
    ) -> Result<CheckRunReport, JobError> {
        if matches!(role, Role::Nobody) {
            return Ok(judge::nobody());
        }
        let eyes = match &role {
            Role::Admin(clusters) => {
                let paths: BTreeSet<&RepoPath> = clusters.iter().map(|cluster| &cluster.path).collect();
                paths.into_iter().map(|path| Eyes { path: Some(path.clone()), roots: None }).collect()
            }
            Role::Team(teams) => {
                teams.iter().map(|(team, _)| Eyes { path: None, roots: Some(team.paths.clone()) }).collect()
            }
            Role::Nobody => Vec::new(),
        };
        match (judge::Merge::of(context, repo, pull, eyes).await?, role) {
            (Err(report), _) => Ok(report),
            (Ok(merge), Role::Admin(_)) => merge.for_admin(context).await,
            (Ok(merge), Role::Team(teams)) => merge.for_team(teams).await,
            (Ok(_), Role::Nobody) => Ok(judge::nobody()),
        }
    }
}

/// What the repository is; `None` where the pull request's base branch is synced nowhere.
async fn role<'a>(
    context: &'a Context,
    name: &'a RepositoryName,
    pull: &PullRequest,
) -> Result<Option<Role<'a>>, JobError> {
    let base = pull.base.branch.as_str();
    let admin: Vec<&ClusterConfig> = context.config.clusters_of(name).collect();
    if !admin.is_empty() {
        let tracked: Vec<_> = admin.into_iter().filter(|cluster| cluster.branch.as_str() == base).collect();
        return Ok((!tracked.is_empty()).then_some(Role::Admin(tracked)));
    }
    let mut teams = Vec::new();
    let mut fits = false;
    let mut unasked = None;
    for cluster in &context.config.clusters {
        fits |= cluster.team_repository.team_of(name).is_some();
        match owner(context, cluster, name).await {
            Ok(owner) => teams.extend(owner),
            Err(error) => unasked = Some(error),
        }
    }
    // Where one cluster cannot be asked, the others are judged for; where none knows the repository, the
    // question stays open.
    if teams.is_empty() {
        return match unasked {
            Some(error) => Err(error),
            None => Ok(fits.then_some(Role::Nobody)),
        };
    }
    teams.retain(|(team, _): &(Team, Policy)| {
        // Flux takes `master` where a source names no branch (source.toolkit.fluxcd.io, `GitRepositoryRef`).
        let branch = team.source.as_ref().and_then(|source| source.branch.as_deref()).unwrap_or("master");
        branch == base
    });
    Ok((!teams.is_empty()).then_some(Role::Team(teams)))
}

/// The team of a cluster that is synced from a repository, with the policy that it is judged by.
async fn owner(
    context: &Context,
    cluster: &ClusterConfig,
    name: &RepositoryName,
) -> Result<Option<(Team, Policy)>, JobError> {
    let tip = admin::tip(context, cluster).await?;
    let Some(team) = tip.index.team_of_repository(name).cloned() else { return Ok(None) };
    let policy = tip.policy(context).await?.unwrap_or_else(|| context.policy.clone());
    Ok(Some((team, policy)))
}
