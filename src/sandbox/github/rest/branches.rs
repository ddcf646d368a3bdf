//! Branches.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::access::{CONTENTS_READ, METADATA};
use super::super::answer::{Answer, Outcome};
use super::super::call::{At, Call};

pub(super) async fn route(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::GET, []) => list(call, at).await,
        (&Method::GET, branch) => get(call, at, &branch.join("/")).await,
        _ => Err(Answer::not_found()),
    }
}

async fn list(call: &Call, at: At<'_>) -> Outcome {
    let id = call.repository(at, CONTENTS_READ)?;
    let branches = call.shared.git.references(id, "refs/heads/").await?;
    let shown = call.with(id, |show, repository| {
        let url = show.repository_url(repository);
        let shown = branches.iter().map(|(name, sha)| {
            let name = name.trim_start_matches("refs/heads/");
            let protected = name == repository.default_branch && repository.demanded_checks().next().is_some();
            json!({"name": name, "commit": {"sha": sha, "url": format!("{url}/commits/{sha}")}, "protected": protected})
        });
        shown.collect::<Vec<_>>()
    })?;
    call.page(shown)
}

async fn get(call: &Call, at: At<'_>, branch: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_READ)?;
    let missing = || Answer::refuse(StatusCode::NOT_FOUND, "Branch not found");
    let sha = call.shared.git.branch(id, branch).await?.ok_or_else(missing)?;
    let commit = call.shared.git.commit(id, &sha).await?.ok_or_else(missing)?;
    call.with(id, |show, repository| {
        let url = format!("{}/branches/{branch}", show.repository_url(repository));
        let here = branch == repository.default_branch;
        let protected = here && repository.demanded_checks().next().is_some();
        // What rulesets demand is not shown here, but by `/rules/branches/{branch}`.
        let contexts = if here { repository.required_checks.clone() } else { Vec::new() };
        let enabled = !contexts.is_empty();
        let level = if enabled { "non_admins" } else { "off" };
        let checks: Vec<_> = contexts.iter().map(|name| json!({"context": name, "app_id": show.app.id})).collect();
        let mut required = json!({"enforcement_level": level, "contexts": contexts, "checks": checks});
        // The description lets it be missing.
        if let Some(strict) = repository.strict.filter(|_| enabled) {
            required["strict"] = json!(strict);
        }
        Answer::ok(json!({
            "name": branch,
            "commit": show.commit(repository, &commit),
            "_links": {"self": url, "html": show.web(&format!("/{}/tree/{branch}", show.state.full_name(repository)))},
            "protected": protected,
            "protection": {"enabled": enabled, "required_status_checks": required},
            "protection_url": format!("{url}/protection"),
        }))
    })
}

/// `GET /repos/{owner}/{repo}/rules/branches/{branch}`: what rulesets demand there. A branch need not exist.
pub(super) fn rules(call: &Call, at: At<'_>, branch: &str) -> Outcome {
    if call.method != Method::GET {
        return Err(Answer::not_found());
    }
    let id = call.repository(at, METADATA)?;
    let rules = call.with(id, |show, repository| {
        let checks = &repository.ruleset_checks;
        let here = branch == repository.default_branch;
        let demanded = here && !checks.is_empty();
        let checks: Vec<_> =
            checks.iter().map(|name| json!({"context": name, "integration_id": show.app.id})).collect();
        let rule = |name: &str, parameters: Value| {
            json!({
                "type": name,
                "ruleset_source_type": "Repository",
                "ruleset_source": show.state.full_name(repository),
                "ruleset_id": 42,
                "parameters": parameters,
            })
        };
        let strict = repository.strict == Some(true);
        let demands = json!({"required_status_checks": checks, "strict_required_status_checks_policy": strict});
        let queue = repository.queue.as_ref().filter(|_| here).map(|queue| {
            json!({
                "check_response_timeout_minutes": 60, "grouping_strategy": queue.grouping, "max_entries_to_build": 5,
                "max_entries_to_merge": 5, "merge_method": "MERGE", "min_entries_to_merge": 1,
                "min_entries_to_merge_wait_minutes": 5,
            })
        });
        let demands = demanded.then(|| rule("required_status_checks", demands));
        demands.into_iter().chain(queue.map(|queue| rule("merge_queue", queue))).collect()
    })?;
    call.page(rules)
}
