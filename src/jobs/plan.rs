//! Which jobs an event asks for: pure, so that every row is a test. An event is a hint; the jobs
//! read the world themselves.

use super::review_merge_group::{ReviewMergeGroup, Wish};
use super::review_pull_request::{group_of, pull_of};
use super::{Refresh, RegisterDeployKey, ReviewPullRequest, RunCommand, SyncCluster, Task as _};
use crate::command;
use crate::config::Config;
use crate::forge::event::{
    AccountKind, CheckRunAction, CheckRunEvent, CheckSuiteAction, CheckSuiteEvent, DeployKeyAction, DeployKeyEvent,
    Event, InstallationAction, IssueCommentAction, IssueCommentEvent, MergeGroupAction, MergeGroupEvent,
    PullRequestAction, PullRequestEvent, PushEvent, Repository, RepositoryAction, RepositoryEvent,
};
use crate::names::{BranchName, InstallationId, IssueNumber, Login};
use crate::store::NewJob;

/// The jobs for an event; none for what does not concern the configured clusters.
pub fn jobs_for(config: &Config, event: &Event) -> Vec<NewJob> {
    match event {
        Event::PullRequest(event) => pull_request(config, event),
        Event::IssueComment(event) => comment(config, event),
        Event::Push(event) => push(config, event),
        Event::CheckRun(event) => check_run(config, event),
        Event::CheckSuite(event) => check_suite(config, event),
        Event::MergeGroup(event) => merge_group(config, event).into_iter().collect(),
        Event::DeployKey(event) => deploy_key(config, event),
        Event::Installation(event) => match event.action {
            InstallationAction::Created
            | InstallationAction::Unsuspend
            | InstallationAction::NewPermissionsAccepted => refresh_all(config),
            _ => Vec::new(),
        },
        Event::InstallationRepositories(event) if !event.added.is_empty() => refresh_all(config),
        Event::Repository(event) => repository(config, event),
        _ => Vec::new(),
    }
}

/// The events that may ask for a job, and their actions.
pub(super) const ASKING: [(&str, &[&str]); 10] = [
    ("pull_request", &["opened", "reopened", "synchronize", "ready_for_review", "edited", "closed"]),
    ("issue_comment", &["created"]),
    ("push", &[]),
    ("check_run", &["rerequested", "requested_action"]),
    ("check_suite", &["rerequested"]),
    ("merge_group", &["checks_requested", "destroyed"]),
    ("deploy_key", &["deleted"]),
    ("installation", &["created", "unsuspend", "new_permissions_accepted"]),
    ("installation_repositories", &["added", "removed"]),
    ("repository", &["created", "renamed", "transferred", "unarchived"]),
];

/// Whether an event of this name and action may ask for a job, as far as that can be told without its
/// payload. GitHub's list of deliveries names both; whatever can be left out here need not be fetched.
pub(super) fn may_ask(event: &str, action: Option<&str>) -> bool {
    let Some((_, known)) = ASKING.iter().find(|(name, _)| *name == event) else { return false };
    // A server that does not list actions says nothing with that, and some events have none.
    known.is_empty() || action.is_none_or(|action| known.contains(&action))
}

/// Whether a repository may concern a cluster: its admin repository, or one of the same owner, which
/// may be a team's. Whether it is one stands in the admin repository and is the job's question.
fn concerns(config: &Config, repository: &Repository) -> bool {
    let owner = repository.name.owner();
    config.clusters.iter().any(|cluster| {
        cluster.admin_repository.owner().eq_ignore_ascii_case(owner)
            || cluster.team_repository.team_of(&repository.name).is_some()
    })
}

fn review(
    installation: InstallationId,
    repository: &Repository,
    number: IssueNumber,
    again: bool,
) -> ReviewPullRequest {
    ReviewPullRequest {
        installation,
        repository: repository.id,
        repository_name: repository.name.clone(),
        number,
        again,
        pushed_by: None,
    }
}

fn pull_request(config: &Config, event: &PullRequestEvent) -> Vec<NewJob> {
    let Some(installation) = event.installation else { return Vec::new() };
    match &event.action {
        PullRequestAction::Closed if event.merged => merged(config, event),
        PullRequestAction::Edited if !event.base_changed => Vec::new(),
        PullRequestAction::Opened
        | PullRequestAction::Reopened
        | PullRequestAction::Synchronize
        | PullRequestAction::ReadyForReview
        | PullRequestAction::Edited
            if concerns(config, &event.repository) =>
        {
            // Another base is another merge: the verdict on the old one does not count.
            let review = review(installation, &event.repository, event.number, event.base_changed);
            let brings_a_head = config.grants.is_some()
                && matches!(event.action, PullRequestAction::Opened | PullRequestAction::Synchronize);
            let pushed_by = event.sender.as_ref().filter(|_| brings_a_head).map(|sender| sender.id);
            vec![ReviewPullRequest { pushed_by, ..review }.to_job()]
        }
        _ => Vec::new(),
    }
}

fn merged(config: &Config, event: &PullRequestEvent) -> Vec<NewJob> {
    let Some(commit) = &event.merge_commit else { return Vec::new() };
    let tracking = config.clusters_of(&event.repository.name).filter(|cluster| cluster.branch == event.base);
    let sync = |cluster: &crate::config::ClusterConfig| {
        SyncCluster::new(cluster.name.clone(), commit.clone(), Some(event.number)).to_job()
    };
    tracking.map(sync).collect()
}

/// A branch that moved without a pull request is followed too. After a merge both events come, in
/// any order; they are one job.
fn push(config: &Config, event: &PushEvent) -> Vec<NewJob> {
    let (Some(branch), false) = (event.branch(), event.deleted || event.after.is_zero()) else { return Vec::new() };
    let tracking = config.clusters_of(&event.repository.name).filter(|cluster| cluster.branch == branch);
    tracking.map(|cluster| SyncCluster::new(cluster.name.clone(), event.after.clone(), None).to_job()).collect()
}

/// Commands come from new comments whose sender wrote them and is a user. Edits are not read: who
/// edits a comment need not be who wrote it.
fn comment(config: &Config, event: &IssueCommentEvent) -> Vec<NewJob> {
    let (Some(installation), Some(author)) = (event.installation, &event.author) else { return Vec::new() };
    // GitHub always says what the sender is, and that is the author here; of the author it need not.
    let no_person = matches!(author.kind, AccountKind::Bot | AccountKind::Organization);
    let is_person = event.sender.kind == AccountKind::User && !no_person && event.via_app.is_none();
    let trusted = event.action == IssueCommentAction::Created && is_person && event.sender.id == author.id;
    if !trusted || !concerns(config, &event.repository) || command::parse(&event.body).is_empty() {
        return Vec::new();
    }
    let login: Login = author.login.clone();
    let job = RunCommand {
        installation,
        repository: event.repository.id,
        repository_name: event.repository.name.clone(),
        issue: event.number,
        is_pull: event.is_pull_request,
        comment: event.comment,
        body_hash: RunCommand::hash(&event.body),
        author: author.id,
        login,
    };
    vec![job.to_job()]
}

fn check_run(config: &Config, event: &CheckRunEvent) -> Vec<NewJob> {
    let Some(installation) = event.installation else { return Vec::new() };
    let asked = matches!(event.action, CheckRunAction::Rerequested | CheckRunAction::RequestedAction);
    // GitHub's description lets the App be missing; it tells nobody but the owner of the run.
    if !asked || event.app.is_some_and(|app| app != config.github.app_id) || !concerns(config, &event.repository) {
        return Vec::new();
    }
    let external_id = event.external_id.as_deref();
    if let Some((onto, base)) = external_id.and_then(group_of) {
        let (repository, repository_name) = (event.repository.id, event.repository.name.clone());
        let (head, head_ref, wish) = (event.head.clone(), None, Wish::JudgeAgain);
        let again = ReviewMergeGroup { installation, repository, repository_name, head, head_ref, onto, base, wish };
        return vec![again.to_job()];
    }
    // GitHub names no pull request for heads of forks; the external id does.
    let named = external_id.and_then(pull_of);
    let numbers = named.map_or_else(|| event.pull_requests.clone(), |number| vec![number]);
    numbers.into_iter().map(|number| review(installation, &event.repository, number, true).to_job()).collect()
}

fn check_suite(config: &Config, event: &CheckSuiteEvent) -> Vec<NewJob> {
    let Some(installation) = event.installation else { return Vec::new() };
    if event.action != CheckSuiteAction::Rerequested || !concerns(config, &event.repository) {
        return Vec::new();
    }
    let job = |number: &IssueNumber| review(installation, &event.repository, *number, true).to_job();
    event.pull_requests.iter().map(job).collect()
}

/// A merge queue waits for a verdict on a group, or for none any more. A group into another branch than those
/// that are synced is the job's question.
fn merge_group(config: &Config, event: &MergeGroupEvent) -> Option<NewJob> {
    let (installation, repository) = (event.installation?, event.repository.as_ref()?);
    let wish = match event.action {
        MergeGroupAction::ChecksRequested => Wish::Judge,
        MergeGroupAction::Destroyed => Wish::End,
        MergeGroupAction::Other(_) => return None,
    };
    let branch = |full: &str| full.strip_prefix("refs/heads/")?.parse::<BranchName>().ok();
    let job = ReviewMergeGroup {
        installation,
        repository: repository.id,
        repository_name: repository.name.clone(),
        head: event.head.clone(),
        head_ref: branch(&event.head_ref).map(|branch| branch.full_ref()),
        onto: event.base_commit.clone(),
        base: branch(&event.base_ref)?,
        wish,
    };
    concerns(config, repository).then(|| job.to_job())
}

/// Somebody removed a key: it is looked after again, for every cluster whose pattern names the
/// repository. For repositories with names of their own the refresh sees that Flux is shut out.
fn deploy_key(config: &Config, event: &DeployKeyEvent) -> Vec<NewJob> {
    if event.action != DeployKeyAction::Deleted {
        return Vec::new();
    }
    let of_cluster = |cluster: &crate::config::ClusterConfig| {
        let team = cluster.team_repository.team_of(&event.repository.name)?;
        Some(RegisterDeployKey::new(cluster.name.clone(), team, None).to_job())
    };
    config.clusters.iter().filter_map(of_cluster).collect()
}

/// A repository that appears may be the one that a team's key waits for.
fn repository(config: &Config, event: &RepositoryEvent) -> Vec<NewJob> {
    let appears = matches!(
        event.action,
        RepositoryAction::Created
            | RepositoryAction::Renamed
            | RepositoryAction::Transferred
            | RepositoryAction::Unarchived
    );
    if appears && concerns(config, &event.repository) { refresh_all(config) } else { Vec::new() }
}

fn refresh_all(config: &Config) -> Vec<NewJob> {
    config.clusters.iter().map(|cluster| Refresh::new(cluster.name.clone()).to_job()).collect()
}

#[cfg(test)]
mod tests;
