//! `/create-team TEAM`: scaffold a tenant and open a pull request.
//!
//! The plan is made from the tip of the tracked branch, never from a pull request. The branch
//! `bailiwick/create-team/TEAM` belongs to the bot, so writing the command twice brings the same pull
//! request up to date.

use super::Call;
use super::propose::{commit, files, open_or_update};
use crate::command::CreateTeam;
use crate::config::{ClusterConfig, Config};
use crate::forge::{Access, NewCommit, NewPull};
use crate::jobs::{JobError, admin, hands, requests};
use crate::names::{BranchName, CommitId, Engine, IssueNumber, NameError, RepositoryName};
use crate::report::comment;
use crate::scaffold::{Layout, Outcome, Plan, Preset, TeamRequest, Wanted};
use crate::store::{AuditEffect, EffectState};

/// Runs the command; returns the answer.
pub(super) async fn run(call: &Call<'_>, command: &CreateTeam) -> Result<String, JobError> {
    let Some(cluster) = call.clusters.first() else {
        return Ok(comment::not_here("create-team", "Write it in the admin repository of a cluster."));
    };
    let repository = command.repository.clone().unwrap_or_else(|| cluster.team_repository.for_team(&command.team));
    let base = admin::tip(call.context, cluster).await?;
    let request = match request(call, command, cluster, &repository)? {
        Ok(request) => request,
        Err(reason) => {
            call.record_no_team(what(command, cluster), &reason).await?;
            return Ok(comment::create_team_refused(&reason));
        }
    };
    let plan = match admin::plan_team(&base, cluster, &request).await? {
        Ok(Outcome::AlreadyThere) => return Ok(comment::create_team_already_there(&command.team)),
        Ok(Outcome::Changes(plan)) => plan,
        Err(refusal) => {
            let reason = refusal.to_string();
            call.record_no_team(what(command, cluster), &reason).await?;
            return Ok(comment::create_team_refused(&reason));
        }
    };
    if command.plan {
        return Ok(comment::create_team_plan(&command.team, &plan.to_string()));
    }
    let proposal = propose(call, command, (cluster, &repository), &base.commit, &plan).await?;
    let Proposal { number, updated, commit } = proposal;
    let effects = vec![
        AuditEffect::new("commit", &commit),
        AuditEffect::new("pull_request", format!("{}#{number}", call.job.repository_name)),
    ];
    call.record_team(what(command, cluster), commit, effects).await?;
    let visible = is_visible(call, &repository).await?;
    Ok(comment::create_team_opened(&command.team, number, (&repository, visible), updated))
}

/// For the audit log.
fn what(command: &CreateTeam, cluster: &ClusterConfig) -> String {
    format!("team {} in cluster {}", command.team, cluster.name)
}

/// The pull request that proposes the team.
struct Proposal {
    number: IssueNumber,
    /// Whether it was open already.
    updated: bool,
    /// Its head.
    commit: CommitId,
}

/// What is asked for; the inner error is a preset that the configuration does not have.
fn request(
    call: &Call<'_>,
    command: &CreateTeam,
    cluster: &ClusterConfig,
    repository: &RepositoryName,
) -> Result<Result<TeamRequest, String>, JobError> {
    let git_url = call.context.team_git_url(cluster, repository);
    let git_url = git_url.parse().map_err(|error| JobError::fail(format!("{error}")))?;
    let preset = match command.preset.as_deref().map(|name| preset(&call.context.config, name)).transpose() {
        Ok(preset) => preset,
        Err(unknown) => return Ok(Err(unknown)),
    };
    Ok(Ok(TeamRequest {
        layout: layout(cluster),
        settings: command.settings.clone(),
        preset,
        environments: cluster.environments.clone(),
        kubernetes: cluster.kubernetes_version,
        ..TeamRequest::new(command.team.clone(), git_url, cluster.team_branch.clone())
    }))
}

/// The settings that the configuration has under a name.
fn preset(config: &Config, name: &str) -> Result<Preset, String> {
    match config.presets.get(name) {
        Some(settings) => Ok(Preset { name: name.to_owned(), settings: settings.clone() }),
        None if config.presets.is_empty() => Err(format!("there is no preset {name}: the configuration has none")),
        None => {
            let known: Vec<&str> = config.presets.keys().map(String::as_str).collect();
            Err(format!("there is no preset {name}; the configuration has {}", known.join(", ")))
        }
    }
}

/// How the configuration says that the admin repository keeps teams; what it does not say is seen there.
fn layout(cluster: &ClusterConfig) -> Wanted {
    match cluster.engine {
        Some(Engine::FluxV1) => Wanted::Engine(Engine::FluxV1),
        _ if !cluster.environments.is_empty() => Wanted::Layout(Layout::FluxV2Environments),
        Some(engine) => Wanted::Engine(engine),
        None => Wanted::Seen,
    }
}

/// Commits the plan and opens the pull request, or brings the open one up to date.
async fn propose(
    call: &Call<'_>,
    command: &CreateTeam,
    (cluster, repository): (&ClusterConfig, &RepositoryName),
    base: &CommitId,
    plan: &Plan,
) -> Result<Proposal, JobError> {
    let store = &call.context.store;
    let at = (call.job.repository, call.job.repository_name.clone());
    let repo = call.context.forge.repo(call.job.installation, at, Access::PROPOSE);
    let branch = branch(command)?;
    let key = format!("{}/{}", call.job.repository, command.team);
    let seen_before = !matches!(store.effect(call.lease, "create-team", &key).await?, EffectState::New);
    let title = format!("Create team {}", command.team);
    let files = files(&plan.changes);
    let new = NewCommit {
        branch: branch.clone(),
        expected: None,
        parent: base.clone(),
        parent_tree: None,
        message: format!("{title}\n\nAsked for in #{} by a comment.", call.job.issue),
        files,
    };
    let commit = commit(&repo, new, seen_before).await?;
    let others = call.clusters.get(1..).unwrap_or_default();
    let body = comment::create_team_body(&command.team, repository, (cluster, others), call.job.issue, plan);
    let new = NewPull { title, body, head: branch, base: cluster.branch.clone() };
    let (number, updated) = open_or_update(&repo, new, seen_before).await?;
    hands::asked(store, (call.job.repository, number), call.job.author).await?;
    let asked_in = (call.job.issue, call.job.is_pull);
    requests::remember(store, (&cluster.name, &command.team), number, asked_in).await?;
    store.effect_done(call.lease, "create-team", &key, &serde_json::json!({"pull": number.get()})).await?;
    Ok(Proposal { number, updated, commit })
}

fn branch(command: &CreateTeam) -> Result<BranchName, JobError> {
    let name = format!("bailiwick/create-team/{}", command.team);
    name.parse().map_err(|error: NameError| JobError::fail(error.to_string()))
}

/// Whether the App can see the team's repository: without it no key can be registered.
async fn is_visible(call: &Call<'_>, repository: &RepositoryName) -> Result<bool, JobError> {
    match call.context.repository_with(repository, Access::METADATA).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_absent() => Ok(false),
        Err(error) => Err(error.into()),
    }
}
