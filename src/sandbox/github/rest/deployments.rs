//! Deployments and their statuses.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::super::access::{DEPLOYMENTS_READ, DEPLOYMENTS_WRITE};
use super::super::answer::{Answer, Outcome, Problem};
use super::super::call::{At, Call, required, text};
use super::super::model::{Deployment, DeploymentStatus};
use super::super::ops::refs::Moved;
use super::schemas::{NEW_DEPLOYMENT, NEW_DEPLOYMENT_STATUS};

/// Longest description of a deployment or status.
const MAX_DESCRIPTION: usize = 140;

pub(super) async fn route(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::GET, []) => list(call, at),
        (&Method::POST, []) => create(call, at).await,
        (&Method::GET, [id]) => {
            let deployment = find(call, call.repository(at, DEPLOYMENTS_READ)?, id)?;
            let state = call.shared.state();
            Ok(Answer::ok(call.shared.show(&state).deployment(&deployment)))
        }
        (&Method::GET, [id, "statuses"]) => statuses(call, at, id),
        (&Method::GET, [id, "statuses", status]) => {
            let deployment = find(call, call.repository(at, DEPLOYMENTS_READ)?, id)?;
            let wanted = super::number(status)?;
            let status = deployment.statuses.iter().find(|it| it.id == wanted).ok_or_else(Answer::not_found)?;
            let state = call.shared.state();
            Ok(Answer::ok(call.shared.show(&state).deployment_status(&deployment, status)))
        }
        (&Method::POST, [id, "statuses"]) => create_status(call, at, id),
        _ => Err(Answer::not_found()),
    }
}

fn find(call: &Call, repository: u64, id: &str) -> Outcome<Deployment> {
    let id = super::number(id)?;
    let state = call.shared.state();
    state.deployments.get(&id).filter(|it| it.repository == repository).cloned().ok_or_else(Answer::not_found)
}

fn list(call: &Call, at: At<'_>) -> Outcome {
    let id = call.repository(at, DEPLOYMENTS_READ)?;
    let wanted = |field, value: &str| call.param(field).is_none_or(|wanted| wanted == value);
    let deployments = {
        let state = call.shared.state();
        let show = call.shared.show(&state);
        let fits = |it: &&Deployment| {
            it.repository == id
                && wanted("sha", &it.sha)
                && wanted("ref", &it.git_ref)
                && wanted("task", &it.task)
                && wanted("environment", &it.environment)
        };
        state.deployments.values().rev().filter(fits).map(|it| show.deployment(it)).collect()
    };
    call.page(deployments)
}

async fn create(call: &Call, at: At<'_>) -> Outcome {
    let repository = call.repository(at, DEPLOYMENTS_WRITE)?;
    let body = call.input(NEW_DEPLOYMENT)?;
    let git_ref = required(&body, "ref")?;
    check_description(&body, "Deployment")?;
    let sha = call.shared.git.resolve(repository, git_ref).await?;
    let sha = sha.ok_or_else(|| Answer::unprocessable(format!("No ref found for: {git_ref}")))?;
    if body.get("auto_merge") != Some(&Value::Bool(false))
        && let Some(merged) = auto_merge(call, repository, git_ref).await?
    {
        return Ok(merged);
    }
    refuse_failed_checks(call, repository, &body, &sha)?;
    let now = call.shared.now();
    let flag = |field| body.get(field).and_then(Value::as_bool);
    let environment = text(&body, "environment").unwrap_or("production");
    let creator = call.actor()?;
    let mut state = call.shared.state();
    let deployment = Deployment {
        id: state.next_id(),
        repository,
        sha,
        git_ref: git_ref.to_owned(),
        task: text(&body, "task").unwrap_or("deploy").to_owned(),
        environment: environment.to_owned(),
        description: text(&body, "description").map(str::to_owned),
        payload: body.get("payload").cloned().unwrap_or_else(|| json!({})),
        transient: flag("transient_environment").unwrap_or_default(),
        production: flag("production_environment").unwrap_or(environment == "production"),
        creator,
        created_at: now,
        updated_at: now,
        statuses: Vec::new(),
    };
    let shown = call.shared.show(&state).deployment(&deployment);
    state.deployments.insert(deployment.id, deployment);
    Ok(Answer::created(shown))
}

/// A branch that is behind the default branch is brought up first, and then nothing is deployed yet:
/// the caller asks again.
async fn auto_merge(call: &Call, repository: u64, branch: &str) -> Outcome<Option<Answer>> {
    let git = &call.shared.git;
    let default = call.with(repository, |_, it| it.default_branch.clone())?;
    let tips = (git.branch(repository, branch).await?, git.branch(repository, &default).await?);
    let (Some(before), Some(newest)) = tips else { return Ok(None) };
    if git.is_ancestor(repository, &newest, &before).await? {
        return Ok(None);
    }
    let tree = git.merge_tree(repository, &before, &newest).await?;
    let tree = tree.ok_or_else(|| Answer::conflict(&format!("Conflict merging {default} into {branch}.")))?;
    let (by, parents) = (call.actor()?, [before.clone(), newest]);
    let (author, committer) = (call.shared.signature(by), call.shared.github_signature());
    let message = format!("Merge {default} into {branch}");
    let after = git.commit_tree(repository, &tree, &parents, (&author, &committer, &message)).await?;
    let name = format!("refs/heads/{branch}");
    let _moving = call.shared.moving.lock().await;
    call.shared.move_ref(&Moved { repository, name, before, after, by }).await?;
    let message = format!("Auto-merged {default} into {branch} on deployment.");
    Ok(Some(Answer::json(StatusCode::ACCEPTED, json!({"message": message}))))
}

/// Without `required_contexts` every check of the commit must have passed.
fn refuse_failed_checks(call: &Call, repository: u64, body: &Map<String, Value>, sha: &str) -> Outcome<()> {
    let wanted = body.get("required_contexts").and_then(Value::as_array);
    let state = call.shared.state();
    let mut runs = state.check_runs.values().filter(|run| run.repository == repository && run.head_sha == sha);
    let good = |conclusion: Option<&str>| matches!(conclusion, Some("success" | "neutral" | "skipped"));
    let fails = match wanted {
        Some(names) => {
            let runs: Vec<_> = runs.collect();
            names
                .iter()
                .filter_map(Value::as_str)
                .any(|name| !runs.iter().any(|run| run.name == name && good(run.conclusion.as_deref())))
        }
        None => runs.any(|run| !good(run.conclusion.as_deref())),
    };
    if fails { Err(Answer::conflict("Conflict: Commit status checks failed for the ref.")) } else { Ok(()) }
}

fn check_description(body: &Map<String, Value>, resource: &'static str) -> Outcome<()> {
    if text(body, "description").is_some_and(|it| it.chars().count() > MAX_DESCRIPTION) {
        let message = Some("description is too long (maximum is 140 characters)".to_owned());
        return Err(Answer::invalid(vec![Problem { resource, field: Some("description"), code: "custom", message }]));
    }
    Ok(())
}

fn statuses(call: &Call, at: At<'_>, id: &str) -> Outcome {
    let deployment = find(call, call.repository(at, DEPLOYMENTS_READ)?, id)?;
    let statuses = {
        let state = call.shared.state();
        let show = call.shared.show(&state);
        deployment.statuses.iter().rev().map(|status| show.deployment_status(&deployment, status)).collect()
    };
    call.page(statuses)
}

fn create_status(call: &Call, at: At<'_>, id: &str) -> Outcome {
    let deployment = find(call, call.repository(at, DEPLOYMENTS_WRITE)?, id)?;
    let body = call.input(NEW_DEPLOYMENT_STATUS)?;
    let wanted = required(&body, "state")?;
    check_description(&body, "DeploymentStatus")?;
    let creator = call.actor()?;
    let created_at = call.shared.now();
    let owned = |field| text(&body, field).unwrap_or_default().to_owned();
    let mut state = call.shared.state();
    let id = state.next_id();
    let status = DeploymentStatus {
        id,
        state: wanted.to_owned(),
        description: owned("description"),
        environment: text(&body, "environment").unwrap_or(&deployment.environment).to_owned(),
        environment_url: owned("environment_url"),
        log_url: text(&body, "log_url").or_else(|| text(&body, "target_url")).unwrap_or_default().to_owned(),
        creator,
        created_at,
    };
    if wanted == "success" && body.get("auto_inactive") != Some(&Value::Bool(false)) {
        deactivate_others(&mut state, &deployment, creator, created_at);
    }
    let stored = state.deployments.get_mut(&deployment.id).ok_or_else(Answer::not_found)?;
    stored.updated_at = created_at;
    stored.statuses.push(status.clone());
    Ok(Answer::created(call.shared.show(&state).deployment_status(&deployment, &status)))
}

/// A successful deployment makes the earlier ones of its environment inactive, but for transient
/// and production environments.
fn deactivate_others(
    state: &mut super::super::model::State,
    newer: &Deployment,
    creator: u64,
    created_at: jiff::Timestamp,
) {
    let older: Vec<u64> = state
        .deployments
        .values()
        .filter(|it| it.repository == newer.repository && it.environment == newer.environment && it.id != newer.id)
        .filter(|it| !it.transient && !it.production)
        .filter(|it| it.statuses.last().is_some_and(|status| status.state == "success"))
        .map(|it| it.id)
        .collect();
    for deployment in older {
        let id = state.next_id();
        let status = DeploymentStatus {
            id,
            state: "inactive".to_owned(),
            description: String::new(),
            environment: newer.environment.clone(),
            environment_url: String::new(),
            log_url: String::new(),
            creator,
            created_at,
        };
        if let Some(deployment) = state.deployments.get_mut(&deployment) {
            deployment.statuses.push(status);
        }
    }
}
