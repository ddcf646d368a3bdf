//! Judges a pull request and reports as the check run `bailiwick/review`.
//!
//! The job reads the pull request anew and judges the head that it finds, merged into the tip of
//! the base. In the usual case that costs three requests: read, open the check run, complete it.

mod check_run;
mod definitions;
mod judge;
mod team_users;

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use self::check_run::{Verdict, abandon_other, check_name, open_name};
use self::judge::Eyes;
use super::{Context, JobError, Next, Task, admin, audit};
use crate::config::ClusterConfig;
use crate::forge::{Access, PullRequest, PullState, Repo};
use crate::names::{InstallationId, IssueNumber, KubernetesVersion, RepoPath, RepositoryId, RepositoryName};
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
    /// A repository from which these teams are synced.
    Team(Vec<Owner>),
    /// It fits a cluster's pattern, but no team is synced from it.
    Nobody,
}

/// A team of a cluster, and what its repository is judged by.
struct Owner {
    team: Team,
    policy: Policy,
    kubernetes: Option<KubernetesVersion>,
    /// The admin repository as it is.
    admin: admin::Base,
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
        let part = match &pull {
            Some(pull) => part(context, &name, pull).await?,
            None => None,
        };
        let now = part.as_ref().and(pull.as_ref()).map(|pull| (&pull.head.sha, pull.base.branch.as_str()));
        abandon_other(context, lease, &repo, (&self, now)).await?;
        let (Some(pull), Some(part)) = (&pull, part) else { return Ok(Next::done()) };
        if self.again {
            audit::reruns(context, lease, &self, &pull.head.sha).await?;
        }
        match self.review(context, lease, (&repo, pull), part).await {
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
        let name = self.name_of_last_resort(context, &pull).await?;
        if let Some(verdict) = Verdict::begin(context, lease, &repo, (&self, &pull, &name)).await? {
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
        Part { role, check }: Part<'_>,
    ) -> Result<(), JobError> {
        let verdict = Verdict::begin(context, lease, repo, (self, pull, &check)).await?;
        let Some(verdict) = verdict else { return Ok(()) };
        let report = self.judge(context, repo, pull, role).await?;
        verdict.complete(context, lease, repo, report).await
    }

    /// The name of the check run in which a review is given up. Where it was not opened yet, and what the
    /// repository is cannot be told, that is the one that must not look fine.
    async fn name_of_last_resort(&self, context: &Context, pull: &PullRequest) -> Result<String, JobError> {
        if let Some(open) = open_name(&context.store, self.repository, self.number).await? {
            return Ok(open);
        }
        let name = context.known_as(self.repository, &self.repository_name);
        let part = part(context, &name, pull).await;
        Ok(part.ok().flatten().map_or_else(|| CHECK_NAME.to_owned(), |part| part.check))
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
                let seen: BTreeSet<(&RepoPath, Option<KubernetesVersion>)> =
                    clusters.iter().map(|cluster| (&cluster.path, cluster.kubernetes_version)).collect();
                seen.into_iter()
                    .map(|(path, kubernetes)| Eyes { path: Some(path.clone()), roots: None, kubernetes })
                    .collect()
            }
            Role::Team(teams) => teams
                .iter()
                .map(|Owner { team, kubernetes, .. }| Eyes {
                    path: None,
                    roots: Some(team.paths.clone()),
                    kubernetes: *kubernetes,
                })
                .collect(),
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

/// What a pull request is a part of, and the name of the check run that says so.
struct Part<'a> {
    role: Role<'a>,
    check: String,
}

/// What the repository is; `None` where the pull request's base branch is synced nowhere.
async fn part<'a>(
    context: &'a Context,
    name: &'a RepositoryName,
    pull: &PullRequest,
) -> Result<Option<Part<'a>>, JobError> {
    let base = pull.base.branch.as_str();
    let admin: Vec<&ClusterConfig> = context.config.clusters_of(name).collect();
    if let Some(first) = admin.first() {
        let check = check_name(base, Some(first.branch.as_str()));
        let tracked: Vec<_> = admin.into_iter().filter(|cluster| cluster.branch.as_str() == base).collect();
        return Ok((!tracked.is_empty()).then_some(Part { role: Role::Admin(tracked), check }));
    }
    let Owners { mut teams, fits, first_is_known } = owners(context, name).await?;
    if teams.is_empty() {
        return Ok(fits.then(|| Part { role: Role::Nobody, check: CHECK_NAME.to_owned() }));
    }
    let check = check_name(base, teams.first().filter(|_| first_is_known).map(|owner| branch_of(&owner.team)));
    teams.retain(|owner| branch_of(&owner.team) == base);
    Ok((!teams.is_empty()).then_some(Part { role: Role::Team(teams), check }))
}

/// The branch that a team is synced from. Flux takes `master` where a source names no branch
/// (source.toolkit.fluxcd.io, `GitRepositoryRef`).
fn branch_of(team: &Team) -> &str {
    team.source.as_ref().and_then(|source| source.branch.as_deref()).unwrap_or("master")
}

/// The teams that are synced from a repository, in the order of the clusters.
struct Owners {
    teams: Vec<Owner>,
    /// Whether the repository fits a cluster's pattern.
    fits: bool,
    /// Whether no cluster before the first team's stayed unasked.
    first_is_known: bool,
}

/// Where one cluster cannot be asked, the others are judged for; where none knows the repository, the
/// question stays open.
async fn owners(context: &Context, name: &RepositoryName) -> Result<Owners, JobError> {
    let mut owners = Owners { teams: Vec::new(), fits: false, first_is_known: true };
    let mut unasked = None;
    for cluster in &context.config.clusters {
        owners.fits |= cluster.team_repository.team_of(name).is_some();
        match owner(context, cluster, name).await {
            Ok(owner) => owners.teams.extend(owner),
            Err(error) => {
                owners.first_is_known &= !owners.teams.is_empty();
                unasked = Some(error);
            }
        }
    }
    match unasked {
        Some(error) if owners.teams.is_empty() => Err(error),
        _ => Ok(owners),
    }
}

/// The team of a cluster that is synced from a repository.
async fn owner(context: &Context, cluster: &ClusterConfig, name: &RepositoryName) -> Result<Option<Owner>, JobError> {
    let tip = admin::tip(context, cluster).await?;
    let Some(team) = tip.index.team_of_repository(name) else { return Ok(None) };
    let policy = tip.policy(context).await?.unwrap_or_else(|| context.policy.clone());
    Ok(Some(Owner { team, policy, kubernetes: cluster.kubernetes_version, admin: tip }))
}
