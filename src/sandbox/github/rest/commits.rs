//! Single commits, lists of them, and comparisons.

use http::Method;
use serde_json::json;

use super::super::access::{CONTENTS_READ, PULLS_READ};
use super::super::answer::{Answer, Outcome};
use super::super::call::{At, Call};
use super::super::model::Issue;

pub(super) async fn route(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::GET, ["commits"]) => list(call, at).await,
        (&Method::GET, ["commits", sha, "pulls"]) => pulls(call, at, sha).await,
        (&Method::GET, ["commits", reference @ ..]) => get(call, at, &reference.join("/")).await,
        (&Method::GET, ["compare", range @ ..]) => compare(call, at, &range.join("/")).await,
        _ => Err(Answer::not_found()),
    }
}

async fn list(call: &Call, at: At<'_>) -> Outcome {
    let id = call.repository(at, CONTENTS_READ)?;
    let default = call.with(id, |_, repository| repository.default_branch.clone())?;
    let reference = call.param("sha").unwrap_or(&default).to_owned();
    let sha = call.shared.git.resolve(id, &reference).await?;
    let sha = sha.ok_or_else(|| Answer::conflict("Git Repository is empty."))?;
    let mut args = vec!["-500", sha.as_str()];
    if let Some(path) = call.param("path") {
        args.extend(["--", path]);
    }
    let commits = call.shared.git.log(id, &args).await?;
    let shown = call.with(id, |show, repository| {
        commits.iter().map(|commit| show.commit(repository, commit)).collect::<Vec<_>>()
    })?;
    call.page(shown)
}

/// `GET /repos/…/commits/{sha}/pulls`: the merged pull requests that brought the commit, and the open
/// ones that would. Source: <https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit>.
async fn pulls(call: &Call, at: At<'_>, sha: &str) -> Outcome {
    let id = call.repository(at, PULLS_READ)?;
    let git = &call.shared.git;
    if git.commit(id, sha).await?.is_none() {
        return Err(Answer::unprocessable(format!("No commit found for SHA: {sha}")));
    }
    let ranges: Vec<(u64, String, String)> = call.with(id, |_, repository| {
        let range = |issue: &Issue| {
            let pull = issue.pull.as_ref()?;
            let head = pull.merged.as_ref().map(|merged| merged.sha.clone());
            let head = head.or_else(|| issue.open.then(|| pull.head_sha.clone()))?;
            Some((issue.number, pull.base_sha.clone(), head))
        };
        repository.issues.values().filter_map(range).collect()
    })?;
    let mut numbers = Vec::new();
    for (number, base, head) in ranges {
        let brought = git.text(id, &["rev-list", &format!("{base}..{head}")]).await?;
        if brought.lines().any(|line| line == sha) {
            numbers.push(number);
        }
    }
    let shown = call.with(id, |show, repository| {
        let found = numbers.iter().filter_map(|number| repository.issues.get(number));
        found.map(|issue| show.pull_simple(repository, issue)).collect::<Vec<_>>()
    })?;
    call.page(shown)
}

async fn get(call: &Call, at: At<'_>, reference: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_READ)?;
    let missing = || Answer::unprocessable(format!("No commit found for SHA: {reference}"));
    let sha = call.shared.git.resolve(id, reference).await?.ok_or_else(missing)?;
    if call.accepts("sha") {
        return Ok(Answer::raw(sha.into_bytes(), "application/vnd.github.v3.sha; charset=utf-8"));
    }
    let commit = call.shared.git.commit(id, &sha).await?.ok_or_else(missing)?;
    let empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let files = match commit.parents.first() {
        Some(parent) => call.shared.git.diff(id, parent, &sha).await?,
        None => call.shared.git.diff(id, empty, &sha).await.unwrap_or_default(),
    };
    call.with(id, |show, repository| {
        let mut shown = show.commit(repository, &commit);
        let (additions, deletions) =
            files.iter().fold((0, 0), |(added, gone), file| (added + file.additions, gone + file.deletions));
        shown["stats"] = json!({"total": additions + deletions, "additions": additions, "deletions": deletions});
        shown["files"] = files.iter().map(|file| show.diff_entry(repository, &sha, file)).collect();
        Answer::ok(shown)
    })
}

/// `GET /repos/…/compare/{base}...{head}`: from the common ancestor to the head.
async fn compare(call: &Call, at: At<'_>, range: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_READ)?;
    let (base, head) = range.split_once("...").ok_or_else(Answer::not_found)?;
    // `owner:branch` names a fork; the sandbox compares within one repository.
    let git = &call.shared.git;
    let base = git.resolve(id, base).await?.ok_or_else(Answer::not_found)?;
    let head = git.resolve(id, head).await?.ok_or_else(Answer::not_found)?;
    let fork_point = git.merge_base(id, &base, &head).await?.ok_or_else(Answer::not_found)?;
    let mut ahead = git.log(id, &[&format!("{base}..{head}")]).await?;
    ahead.reverse();
    let behind = git.text(id, &["rev-list", "--count", &format!("{head}..{base}")]).await?;
    let behind: usize = behind.trim().parse().unwrap_or_default();
    let mut files = git.diff(id, &fork_point, &head).await?;
    files.truncate(300);
    let (base_commit, point) = (git.commit(id, &base).await?, git.commit(id, &fork_point).await?);
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (0, _) => "behind",
        (_, 0) => "ahead",
        _ => "diverged",
    };
    call.with(id, |show, repository| {
        let url = format!("{}/compare/{base}...{head}", show.repository_url(repository));
        let html = show.web(&format!("/{}/compare/{base}...{head}", show.state.full_name(repository)));
        Answer::ok(json!({
            "url": url,
            "html_url": html,
            "permalink_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "base_commit": base_commit.as_ref().map(|commit| show.commit(repository, commit)),
            "merge_base_commit": point.as_ref().map(|commit| show.commit(repository, commit)),
            "status": status,
            "ahead_by": ahead.len(),
            "behind_by": behind,
            "total_commits": ahead.len(),
            "commits": ahead.iter().take(250).map(|commit| show.commit(repository, commit)).collect::<Vec<_>>(),
            "files": files.iter().map(|file| show.diff_entry(repository, &head, file)).collect::<Vec<_>>(),
        }))
    })
}
