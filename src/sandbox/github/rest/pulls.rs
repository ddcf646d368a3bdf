//! Pull requests.

use http::Method;
use serde_json::Value;

use super::super::access::{CONTENTS_WRITE, PULL_OR_CONTENTS_READ, PULLS_READ, PULLS_WRITE, Role};
use super::super::answer::{Answer, Outcome, Problem};
use super::super::call::{At, Call, Caller, required, text};
use super::super::model::{Issue, Pull, Repository};
use super::super::ops::merge::{MergeWish, result};
use super::super::ops::pulls::{NewPull, PullEdit};
use super::schemas::{MERGE, NEW_PULL, PULL};

pub(super) async fn route(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::GET, []) => list(call, at),
        (&Method::POST, []) => create(call, at).await,
        (&Method::GET, [number]) => get(call, at, super::number(number)?).await,
        (&Method::PATCH, [number]) => edit(call, at, super::number(number)?).await,
        (&Method::GET, [number, "files"]) => files(call, at, super::number(number)?).await,
        (&Method::GET, [number, "commits"]) => commits(call, at, super::number(number)?).await,
        (&Method::PUT, [number, "merge"]) => merge(call, at, super::number(number)?).await,
        (&Method::GET, [number, "merge"]) => {
            let id = call.repository(at, PULLS_READ)?;
            let (_, pull) = find(call, id, super::number(number)?)?;
            if pull.merged.is_some() { Ok(Answer::no_content()) } else { Err(Answer::not_found()) }
        }
        _ => Err(Answer::not_found()),
    }
}

/// The issue and its pull request half.
pub(super) fn find(call: &Call, repository: u64, number: u64) -> Outcome<(Issue, Pull)> {
    let state = call.shared.state();
    let issue = state.issue(repository, number).ok_or_else(Answer::not_found)?;
    let pull = issue.pull.clone().ok_or_else(Answer::not_found)?;
    Ok((issue.clone(), pull))
}

fn list(call: &Call, at: At<'_>) -> Outcome {
    let id = call.repository(at, PULLS_READ)?;
    let state_wanted = call.param("state").unwrap_or("open");
    let ascending = call.param("direction") == Some("asc");
    let pulls = call.with(id, |show, repository| {
        let fits = |issue: &&Issue| {
            let state_fits = match state_wanted {
                "closed" => !issue.open,
                "all" => true,
                _ => issue.open,
            };
            let Some(pull) = &issue.pull else { return false };
            let head = show.state.repositories.get(&pull.head_repository);
            let owner = head.map_or("", |it| show.state.login(it.owner));
            let head_fits = call.param("head").is_none_or(|wanted| wanted == format!("{owner}:{}", pull.head_ref));
            let base_fits = call.param("base").is_none_or(|wanted| wanted == pull.base_ref);
            state_fits && head_fits && base_fits
        };
        let mut found: Vec<&Issue> = repository.issues.values().filter(fits).collect();
        if call.param("sort") == Some("updated") {
            found.sort_by_key(|issue| (issue.updated_at, issue.number));
        }
        if !ascending {
            found.reverse();
        }
        found.into_iter().map(|issue| show.pull_simple(repository, issue)).collect::<Vec<Value>>()
    })?;
    call.page(pulls)
}

async fn create(call: &Call, at: At<'_>) -> Outcome {
    let repository = call.repository(at, PULLS_WRITE)?;
    let body = call.input(NEW_PULL)?;
    let (head, base) = (required(&body, "head")?, required(&body, "base")?);
    let title = text(&body, "title").unwrap_or_default();
    if title.is_empty() {
        return Err(Answer::invalid(vec![Problem::missing("PullRequest", "title")]));
    }
    let (head_repository, head) = head_of(call, repository, head)?;
    let by = call.actor()?;
    may_open(call, repository, head_repository)?;
    let new = NewPull {
        repository,
        head_repository,
        head,
        base: base.to_owned(),
        title: title.to_owned(),
        body: text(&body, "body").map(str::to_owned),
        draft: body.get("draft").and_then(Value::as_bool).unwrap_or_default(),
        by,
    };
    let number = call.shared.open_pull(new).await?;
    shown(call, repository, number).map(Answer::created)
}

/// `branch` or `owner:branch`, where the owner has the repository or a fork of it.
fn head_of(call: &Call, repository: u64, head: &str) -> Outcome<(u64, String)> {
    let Some((owner, branch)) = head.split_once(':') else { return Ok((repository, head.to_owned())) };
    let state = call.shared.state();
    let owner = state.account(owner).map(|account| account.id);
    let is_head = |it: &&Repository| Some(it.owner) == owner && (it.id == repository || it.parent == Some(repository));
    let found = state.repositories.values().find(is_head);
    let found = found.ok_or_else(|| Answer::invalid(vec![Problem::invalid("PullRequest", "head")]))?;
    Ok((found.id, branch.to_owned()))
}

/// People open pull requests from branches only where they may push to the branch's repository.
fn may_open(call: &Call, repository: u64, head_repository: u64) -> Outcome<()> {
    let Caller::User(user) = call.caller else { return Ok(()) };
    let state = call.shared.state();
    let head = state.repositories.get(&head_repository).or_else(|| state.repositories.get(&repository));
    let pushes = head.is_some_and(|head| state.role(user, head) >= Role::Write);
    if pushes { Ok(()) } else { Err(Answer::forbidden("Must have push access to repository")) }
}

/// The pull request in full.
fn shown(call: &Call, id: u64, number: u64) -> Outcome<Value> {
    call.with(id, |show, repository| {
        repository.issues.get(&number).map(|issue| show.pull(repository, issue)).unwrap_or_default()
    })
}

async fn get(call: &Call, at: At<'_>, number: u64) -> Outcome {
    let id = call.repository(at, PULL_OR_CONTENTS_READ)?;
    let (_, pull) = find(call, id, number)?;
    if call.accepts("diff") {
        let base = call.shared.git.merge_base(id, &pull.base_sha, &pull.head_sha).await?.unwrap_or(pull.base_sha);
        let patch = call.shared.git.patch(id, &base, &pull.head_sha).await?;
        return Ok(Answer::raw(patch.into_bytes(), "application/vnd.github.v3.diff; charset=utf-8"));
    }
    call.shared.find_mergeable(id, number).await?;
    Ok(Answer::ok(shown(call, id, number)?))
}

async fn edit(call: &Call, at: At<'_>, number: u64) -> Outcome {
    let id = call.repository(at, PULLS_WRITE)?;
    let (issue, _) = find(call, id, number)?;
    if let Caller::User(user) = call.caller {
        let triages = call.with(id, |show, repository| show.state.role(user, repository) >= Role::Triage)?;
        if user != issue.user && !triages {
            return Err(Answer::forbidden("Must have triage access to repository"));
        }
    }
    let body = call.input(PULL)?;
    let open = text(&body, "state").map(|state| state == "open");
    let owned = |field| text(&body, field).map(str::to_owned);
    let edit = PullEdit { title: owned("title"), body: owned("body"), base: owned("base"), open };
    call.shared.edit_pull(id, number, edit, call.actor()?).await?;
    Ok(Answer::ok(shown(call, id, number)?))
}

/// The base to compare with: the branch's tip now, or what it was when the pull request closed.
pub(super) async fn diff_base(call: &Call, id: u64, issue: &Issue, pull: &Pull) -> Outcome<String> {
    let git = &call.shared.git;
    let tip = if issue.open { git.branch(id, &pull.base_ref).await? } else { None };
    let tip = tip.unwrap_or_else(|| pull.base_sha.clone());
    Ok(git.merge_base(id, &tip, &pull.head_sha).await?.unwrap_or(tip))
}

async fn files(call: &Call, at: At<'_>, number: u64) -> Outcome {
    let id = call.repository(at, PULLS_READ)?;
    let (issue, pull) = find(call, id, number)?;
    let base = diff_base(call, id, &issue, &pull).await?;
    let mut files = call.shared.git.diff(id, &base, &pull.head_sha).await?;
    // GitHub lists no more than 3,000.
    files.truncate(3000);
    let shown = call.with(id, |show, repository| {
        files.iter().map(|file| show.diff_entry(repository, &pull.head_sha, file)).collect::<Vec<_>>()
    })?;
    call.page(shown)
}

async fn commits(call: &Call, at: At<'_>, number: u64) -> Outcome {
    let id = call.repository(at, PULLS_READ)?;
    let (issue, pull) = find(call, id, number)?;
    let base = diff_base(call, id, &issue, &pull).await?;
    let mut commits = call.shared.git.log(id, &[&format!("{base}..{}", pull.head_sha)]).await?;
    commits.reverse();
    commits.truncate(250);
    let shown = call.with(id, |show, repository| {
        commits.iter().map(|commit| show.commit(repository, commit)).collect::<Vec<_>>()
    })?;
    call.page(shown)
}

async fn merge(call: &Call, at: At<'_>, number: u64) -> Outcome {
    let id = call.repository(at, CONTENTS_WRITE)?;
    find(call, id, number)?;
    let body = call.input(MERGE)?;
    let owned = |field| text(&body, field).map(str::to_owned);
    let squash = match text(&body, "merge_method") {
        Some("squash") => true,
        Some("rebase") => {
            let message = "Rebase merges are not allowed on this repository.";
            return Err(Answer::refuse(http::StatusCode::METHOD_NOT_ALLOWED, message));
        }
        _ => false,
    };
    let wish = MergeWish { sha: owned("sha"), squash, title: owned("commit_title"), message: owned("commit_message") };
    let sha = call.shared.merge(id, number, wish, call.actor()?).await?;
    Ok(Answer::ok(result(&sha)))
}
