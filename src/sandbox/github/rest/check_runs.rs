//! Check runs and check suites.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::access::{CHECKS_READ, CHECKS_RERUN, CHECKS_WRITE};
use super::super::answer::{Answer, Body, Outcome};
use super::super::call::{At, Call, required};
use super::super::model::CheckRun;
use super::super::shapes::time;
use super::check_input::apply;
use super::schemas::{CHECK_RUN, NEW_CHECK_RUN};

pub(super) async fn route(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::POST, ["check-runs"]) => create(call, at).await,
        (&Method::GET, ["check-runs", id]) => {
            let run = find(call, call.repository(at, CHECKS_READ)?, id)?;
            Ok(Answer::ok(shown(call, run.id)?))
        }
        (&Method::PATCH, ["check-runs", id]) => update(call, at, id),
        (&Method::GET, ["check-runs", id, "annotations"]) => {
            let run = find(call, call.repository(at, CHECKS_READ)?, id)?;
            let annotations = {
                let state = call.shared.state();
                let show = call.shared.show(&state);
                run.annotations.iter().map(|it| show.annotation(&run, it)).collect()
            };
            call.page(annotations)
        }
        (&Method::POST, ["check-runs", id, "rerequest"]) => {
            let run = find(call, call.repository(at, CHECKS_RERUN)?, id)?;
            call.shared.rerequest(run.id, call.actor()?)?;
            Ok(Answer { status: StatusCode::CREATED, headers: Vec::new(), body: Body::Json(json!({})) })
        }
        (&Method::POST, ["check-suites", id, "rerequest"]) => {
            call.repository(at, CHECKS_RERUN)?;
            call.shared.rerequest_suite(super::number(id)?, call.actor()?).await?;
            Ok(Answer { status: StatusCode::CREATED, headers: Vec::new(), body: Body::Json(json!({})) })
        }
        (&Method::GET, ["check-suites", id, "check-runs"]) => {
            let repository = call.repository(at, CHECKS_READ)?;
            let suite = super::number(id)?;
            list(call, |run| run.repository == repository && run.suite == suite)
        }
        (&Method::GET, ["commits", reference @ .., "check-runs"]) => {
            let repository = call.repository(at, CHECKS_READ)?;
            let sha = call.shared.git.resolve(repository, &reference.join("/")).await?;
            let sha = sha.ok_or_else(|| Answer::unprocessable("No commit found for SHA"))?;
            list(call, |run| run.repository == repository && run.head_sha == sha)
        }
        _ => Err(Answer::not_found()),
    }
}

fn find(call: &Call, repository: u64, id: &str) -> Outcome<CheckRun> {
    let id = super::number(id)?;
    let state = call.shared.state();
    state.check_runs.get(&id).filter(|run| run.repository == repository).cloned().ok_or_else(Answer::not_found)
}

fn shown(call: &Call, id: u64) -> Outcome<Value> {
    let state = call.shared.state();
    let run = state.check_runs.get(&id).ok_or_else(Answer::not_found)?;
    Ok(call.shared.show(&state).check_run(run))
}

async fn create(call: &Call, at: At<'_>) -> Outcome {
    let repository = call.repository(at, CHECKS_WRITE)?;
    let body = call.input(NEW_CHECK_RUN)?;
    let name = required(&body, "name")?;
    let head_sha = required(&body, "head_sha")?;
    if call.shared.git.kind(repository, head_sha).await?.as_deref() != Some("commit") {
        return Err(Answer::unprocessable(format!("No commit found for SHA: {head_sha}")));
    }
    let id = call.shared.state().next_id();
    let now = time(call.shared.now());
    let mut run = CheckRun {
        id,
        repository,
        suite: 0,
        head_sha: head_sha.to_owned(),
        name: name.to_owned(),
        status: "queued".to_owned(),
        conclusion: None,
        started_at: None,
        completed_at: None,
        external_id: None,
        details_url: None,
        title: None,
        summary: None,
        text: None,
        annotations: Vec::new(),
        actions: Vec::new(),
    };
    apply(&body, &mut run, &now)?;
    run.started_at.get_or_insert(now);
    run.suite = call.shared.suite(&mut call.shared.state(), repository, head_sha, None);
    call.shared.add_check_run(run);
    Ok(Answer::created(shown(call, id)?))
}

fn update(call: &Call, at: At<'_>, id: &str) -> Outcome {
    let repository = call.repository(at, CHECKS_WRITE)?;
    let before = find(call, repository, id)?;
    let body = call.input(CHECK_RUN)?;
    let mut run = before.clone();
    if let Some(Value::String(name)) = body.get("name") {
        run.name.clone_from(name);
    }
    apply(&body, &mut run, &time(call.shared.now()))?;
    let id = run.id;
    let done = run.status == "completed" && before.status != "completed";
    call.shared.state().check_runs.insert(id, run);
    if done {
        call.shared.tell_check_run("completed", id, call.shared.app.bot, None);
    }
    Ok(Answer::ok(shown(call, id)?))
}

/// Newest first. Unless `filter=all`, of runs with the same name only the newest.
fn list(call: &Call, fits: impl Fn(&CheckRun) -> bool) -> Outcome {
    let all = call.param("filter") == Some("all");
    let app = call.param("app_id").and_then(|text| text.parse::<u64>().ok());
    let (name, status) = (call.param("check_name"), call.param("status"));
    let runs = {
        let state = call.shared.state();
        let show = call.shared.show(&state);
        let mut seen: Vec<&CheckRun> = Vec::new();
        for run in state.check_runs.values().rev().filter(|run| fits(run)) {
            if all || !seen.iter().any(|newer| newer.name == run.name) {
                seen.push(run);
            }
        }
        seen.retain(|run| {
            name.is_none_or(|name| run.name == name)
                && status.is_none_or(|status| run.status == status)
                && app.is_none_or(|app| app == call.shared.app.id)
        });
        seen.into_iter().map(|run| show.check_run(run)).collect()
    };
    call.page_in("check_runs", runs)
}
