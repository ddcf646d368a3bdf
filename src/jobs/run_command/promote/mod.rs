//! `/promote`: propose the cluster-wide objects of a team's pull request to the admins.
//!
//! *Who may*: whoever may push to the team's repository, asked live; what comes of it is a pull request, which the
//! admins judge as any other. A fork's head is the work of people who may not push, so for one the right to push is
//! asked for whatever the configuration says, and the pull request says whose fork it is.
//!
//! *What*: the head as it is when the command is run, not as it was when it was written: the pull request names the
//! commit. Documents go word for word; nothing of them becomes a part of a command, a name of a branch or other YAML.
//!
//! *Where*: the branch `bailiwick/promote/TEAM-NUMBER` of the admin repository (with the cluster's name before it where
//! several clusters share that repository), so writing the command twice brings the same pull request up to date. What it
//! holds already and the team has meanwhile removed from its own stays: the team was asked to remove it. One that was
//! merged is done, and what is new gets another. One that the admins closed stays closed: unlike in `/create-team`, whoever
//! asks here is not one of those who have said no.
//!
//! The team's branch is the team's: nothing is removed there, the answer says what they have to remove.

mod head;
mod there;

use super::propose::{self, commit, open_or_update};
use super::{Call, rights};
use crate::command::{Permission, Promote};
use crate::config::ClusterConfig;
use crate::forge::{Access, AccountKind, NewCommit, NewPull, PullRequest, PullState, Repo};
use crate::jobs::admin::{self, Base};
use crate::jobs::review_pull_request::branch_of;
use crate::jobs::{JobError, hands};
use crate::names::{BranchName, IssueNumber, NameError, UserId};
use crate::report::comment::{self, Promoted};
use crate::scaffold::promote::{Gathered, Promotion};
use crate::store::AuditEffect;
use crate::tenancy::Team;

/// A cluster that takes the repository's manifests, and the team that the repository is of there.
struct Home<'a> {
    cluster: &'a ClusterConfig,
    team: Team,
    /// The admin repository at its tip.
    base: Base,
}

/// Runs the command; returns the answer.
pub(super) async fn run(call: &Call<'_>, command: &Promote) -> Result<String, JobError> {
    if !call.clusters.is_empty() {
        return Ok(comment::not_here("promote", "This is the admin repository: write the objects into your branch."));
    }
    if !call.job.is_pull {
        return Ok(comment::not_here("promote", "Write it on a pull request of a team's repository."));
    }
    let at = (call.job.repository, call.job.repository_name.clone());
    let repo = call.context.forge.repo(call.job.installation, at, Access::READ);
    let pull = repo.pull(call.job.issue).await?;
    if pull.state != PullState::Open {
        let state = if pull.merged() { "merged" } else { "closed" };
        return Ok(comment::not_here("promote", &format!("This pull request is {state}; open one with the objects.")));
    }
    let home = match home(call, command, &pull).await? {
        Ok(home) => home,
        Err(answer) => return Ok(answer),
    };
    if pull.from_fork() && !rights::may(call, Permission::Write).await? {
        return Ok(comment::denied("promote", "the right `write` on this repository, because this is a fork's head"));
    }
    match head::gather(call.context, &repo, &pull).await? {
        Ok(gathered) => propose(call, command, (&home, &pull), &gathered).await,
        Err(problem) => Ok(comment::promotion_impossible(&problem)),
    }
}

/// The cluster that is meant; the error is the answer where it is none or not clear. A cluster that cannot be asked
/// may be one of several, so there is no answer without it, unless another one is named.
async fn home<'a>(
    call: &Call<'a>,
    command: &Promote,
    pull: &PullRequest,
) -> Result<Result<Home<'a>, String>, JobError> {
    let name = call.context.known_as(call.job.repository, &call.job.repository_name);
    let wanted = |cluster: &&ClusterConfig| command.cluster.as_ref().is_none_or(|wanted| *wanted == cluster.name);
    let (mut homes, mut branches) = (Vec::new(), Vec::new());
    for cluster in call.context.config.clusters.iter().filter(wanted) {
        let base = admin::tip(call.context, cluster).await?;
        let Some(team) = base.index.team_of_repository(&name) else { continue };
        if branch_of(&team) == pull.base.branch {
            homes.push(Home { cluster, team, base });
        } else {
            branches.push(branch_of(&team).to_owned());
        }
    }
    if homes.len() > 1 {
        let clusters: Vec<_> = homes.iter().map(|home| &home.cluster.name).collect();
        return Ok(Err(comment::promotion_which_cluster(&clusters)));
    }
    Ok(homes.pop().ok_or_else(|| match (branches.first(), &command.cluster) {
        (Some(branch), _) => comment::promotion_other_branch(branch),
        (None, Some(cluster)) => comment::promotion_not_of_cluster(cluster),
        (None, None) => comment::not_here("promote", "No cluster's admin repository names this repository."),
    }))
}

/// Plans, and proposes what there is to change.
async fn propose(
    call: &Call<'_>,
    command: &Promote,
    (home, pull): (&Home<'_>, &PullRequest),
    gathered: &Gathered,
) -> Result<String, JobError> {
    if !gathered.refusals.is_empty() {
        return Ok(comment::promotion_refused(&gathered.refusals));
    }
    let admin = &home.cluster.admin_repository;
    let branch = branch(call, home)?;
    let pulls = call.context.repository_with(admin, Access::READ).await?.pulls_with_head(&branch).await?;
    let open = pulls.iter().find(|pull| pull.state == PullState::Open);
    let shown = open.map(|open| (admin, open.number));
    if gathered.objects.is_empty() {
        return Ok(comment::promotion_nothing(gathered, shown));
    }
    let promotion = match there::plan(call.context, home, (&gathered.objects, open)).await? {
        Ok(Ok(promotion)) => promotion,
        Ok(Err(refusals)) => return Ok(comment::promotion_refused(&refusals)),
        Err(problem) => return Ok(comment::promotion_impossible(&problem)),
    };
    let words = words(call, (home, pull), gathered, &promotion);
    if promotion.changes.files.is_empty() {
        return Ok(comment::promotion_already(&words, shown));
    }
    if let (None, Some(last)) = (open, pulls.first().filter(|last| !last.merged())) {
        return Ok(comment::promotion_closed((admin, last.number)));
    }
    if command.plan {
        return Ok(comment::promotion_plan(&words, shown));
    }
    let repo = call.context.repository_with(admin, Access::PROPOSE).await?;
    let author = pull.author.as_ref().map(|author| author.id);
    let (number, updated) = write(call, home, (&repo, branch), (&words, author)).await?;
    Ok(comment::promotion_opened(&words, (admin, number), updated))
}

/// The branch: its name says the team and the number of the pull request, and nothing that others have chosen.
fn branch(call: &Call<'_>, home: &Home<'_>) -> Result<BranchName, JobError> {
    let (config, cluster) = (&call.context.config, home.cluster);
    // No team's name has a dot, so the two forms never meet.
    let shared = config.clusters_of(&cluster.admin_repository).count() > 1;
    let prefix = if shared { format!("{}.", cluster.name) } else { String::new() };
    let name = format!("bailiwick/promote/{prefix}{}-{}", home.team.name, call.job.issue);
    name.parse().map_err(|error: NameError| JobError::fail(error.to_string()))
}

fn words<'a>(
    call: &'a Call<'_>,
    (home, pull): (&'a Home<'_>, &'a PullRequest),
    gathered: &'a Gathered,
    promotion: &'a Promotion,
) -> Promoted<'a> {
    let fork = pull.from_fork().then(|| pull.head.repo.as_ref().map(|repo| &repo.name));
    Promoted {
        team: &home.team.name,
        cluster: &home.cluster.name,
        pull: (&call.job.repository_name, call.job.issue),
        head: &pull.head.sha,
        fork,
        author: pull.author.as_ref().map(|author| (&author.login, author.kind == AccountKind::User)),
        asked_by: &call.job.login,
        gathered,
        promotion,
    }
}

/// Commits the plan and opens the pull request, or brings the open one up to date. A run that was cut is found again by
/// the branch.
async fn write(
    call: &Call<'_>,
    home: &Home<'_>,
    (repo, branch): (&Repo, BranchName),
    (words, author): (&Promoted<'_>, Option<UserId>),
) -> Result<(IssueNumber, bool), JobError> {
    let source = format!("{}#{}", call.job.repository_name, call.job.issue);
    let title = comment::promotion_title(words);
    let new = NewCommit {
        branch: branch.clone(),
        expected: None,
        parent: home.base.commit.clone(),
        parent_tree: None,
        message: format!("{title}\n\nAsked for in {source} by a comment."),
        files: propose::files(&words.promotion.changes),
    };
    let commit = commit(repo, new, true).await?;
    let body = comment::promotion_body(words);
    let new = NewPull { title, body, head: branch, base: home.cluster.branch.clone() };
    let (number, updated) = open_or_update(repo, new, true).await?;
    if let Some(admin) = repo.id() {
        for person in author.into_iter().chain([call.job.author]) {
            hands::asked(&call.context.store, (admin, number), person).await?;
        }
    }
    let effects = vec![
        AuditEffect::new("commit", &commit),
        AuditEffect::new("pull_request", format!("{}#{number}", home.cluster.admin_repository)),
    ];
    let what = format!("objects of team {} in cluster {}", home.team.name, home.cluster.name);
    call.record_promotion(what, words.head.clone(), effects).await?;
    Ok((number, updated))
}
