//! Branches.

use http::{Method, StatusCode};
use serde_json::json;

use super::super::access::CONTENTS_READ;
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
            let protected = name == repository.default_branch && !repository.required_checks.is_empty();
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
        let checks = &repository.required_checks;
        let protected = branch == repository.default_branch && !checks.is_empty();
        let level = if protected { "non_admins" } else { "off" };
        let contexts = if protected { checks.clone() } else { Vec::new() };
        Answer::ok(json!({
            "name": branch,
            "commit": show.commit(repository, &commit),
            "_links": {"self": url, "html": show.web(&format!("/{}/tree/{branch}", show.state.full_name(repository)))},
            "protected": protected,
            "protection": {
                "enabled": protected,
                "required_status_checks": {"enforcement_level": level, "contexts": contexts, "checks": []},
            },
            "protection_url": format!("{url}/protection"),
        }))
    })
}
