//! What the repository of a merge is, and by what its changes are judged for that.

use std::collections::BTreeMap;

use super::super::{Context, JobError, admin};
use super::check_run::{CHECK_NAME, check_name};
use super::judge::{self, Eyes, Proposal};
use super::judged::Judged;
use crate::config::ClusterConfig;
use crate::forge::Repo;
use crate::names::{KubernetesVersion, RepoPath, RepositoryName};
use crate::report::CheckRunReport;
use crate::rules::Policy;
use crate::tenancy::Team;

/// What a repository is to the bot.
pub(in crate::jobs) enum Role<'a> {
    /// The admin repository of these clusters, all tracking the base branch.
    Admin(Vec<&'a ClusterConfig>),
    /// A repository from which these teams are synced.
    Team(Vec<Owner>),
    /// It fits a cluster's pattern, but no team is synced from it.
    Nobody,
}

/// A team of a cluster, and what its repository is judged by.
pub(in crate::jobs) struct Owner {
    pub(super) team: Team,
    pub(super) policy: Policy,
    pub(super) kubernetes: Option<KubernetesVersion>,
    /// The admin repository as it is.
    pub(super) admin: admin::Base,
}

impl Role<'_> {
    /// Whether it is an admin repository.
    pub(super) const fn is_admin(&self) -> bool {
        matches!(self, Self::Admin(_))
    }

    /// Judges a merge in the repository as what that is; the error is the answer where there is no judgement.
    pub(in crate::jobs) async fn judged(
        self,
        context: &Context,
        repo: &Repo,
        proposal: Proposal,
    ) -> Result<Result<Judged, CheckRunReport>, JobError> {
        if matches!(self, Self::Nobody) {
            return Ok(Err(judge::nobody()));
        }
        let from_fork = proposal.from_fork;
        match (judge::Merge::of(context, repo, proposal, self.eyes()).await?, self) {
            (Err(report), _) => Ok(Err(report)),
            (Ok(merge), Self::Admin(clusters)) => merge.for_admin(context, &seeing(&clusters), from_fork).await,
            (Ok(merge), Self::Team(teams)) => merge.for_team(teams).await,
            (Ok(_), Self::Nobody) => Ok(Err(judge::nobody())),
        }
    }

    /// Whose eyes see it.
    fn eyes(&self) -> Vec<Eyes> {
        match self {
            Self::Admin(clusters) => seeing(clusters)
                .into_iter()
                .map(|cluster| Eyes {
                    path: Some(cluster.path.clone()),
                    roots: None,
                    kubernetes: cluster.kubernetes_version,
                })
                .collect(),
            Self::Team(teams) => teams
                .iter()
                .map(|Owner { team, kubernetes, .. }| Eyes {
                    path: None,
                    roots: Some(team.paths.clone()),
                    kubernetes: *kubernetes,
                })
                .collect(),
            Self::Nobody => Vec::new(),
        }
    }
}

/// The clusters that see a merge, in the order of their paths; no two of one branch have the same.
fn seeing<'a>(clusters: &[&'a ClusterConfig]) -> Vec<&'a ClusterConfig> {
    let by_path: BTreeMap<&RepoPath, &ClusterConfig> =
        clusters.iter().map(|cluster| (&cluster.path, *cluster)).collect();
    by_path.into_values().collect()
}

/// What a merge is a part of, and the name of the check run that says so.
pub(in crate::jobs) struct Part<'a> {
    pub(in crate::jobs) role: Role<'a>,
    pub(in crate::jobs) check: String,
}

/// What the repository is; `None` where the base branch is synced nowhere.
pub(in crate::jobs) async fn part<'a>(
    context: &'a Context,
    name: &'a RepositoryName,
    base: &str,
) -> Result<Option<Part<'a>>, JobError> {
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
pub(in crate::jobs) fn branch_of(team: &Team) -> &str {
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
