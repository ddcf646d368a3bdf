//! References: reading, making, moving, removing.

use http::Method;
use serde_json::Value;

use super::super::access::{CONTENTS_READ, CONTENTS_WRITE, Level};
use super::super::answer::{Answer, Outcome};
use super::super::call::{At, Call, Caller, required};
use super::super::git::{ZERO, is_plain_ref, is_sha};
use super::super::ops::refs::Moved;
use super::schemas::{NEW_REF, REF};

pub(super) async fn route(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::GET, ["ref", name @ ..]) => get(call, at, &format!("refs/{}", name.join("/"))).await,
        (&Method::GET, ["matching-refs", name @ ..]) => matching(call, at, &format!("refs/{}", name.join("/"))).await,
        (&Method::POST, ["refs"]) => create(call, at).await,
        (&Method::PATCH, ["refs", name @ ..]) => update(call, at, &format!("refs/{}", name.join("/"))).await,
        (&Method::DELETE, ["refs", name @ ..]) => delete(call, at, &format!("refs/{}", name.join("/"))).await,
        _ => Err(Answer::not_found()),
    }
}

/// GitHub's answer where a repository has no commit yet.
pub(super) async fn refuse_empty(call: &Call, id: u64) -> Outcome<()> {
    if call.shared.git.references(id, "refs/heads/").await?.is_empty() {
        return Err(Answer::conflict("Git Repository is empty."));
    }
    Ok(())
}

fn shown(call: &Call, id: u64, name: &str, sha: &str) -> Outcome<Value> {
    call.with(id, |show, repository| show.git_ref(repository, name, sha))
}

async fn get(call: &Call, at: At<'_>, name: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_READ)?;
    match call.shared.git.reference(id, name).await? {
        Some(sha) => Ok(Answer::ok(shown(call, id, name, &sha)?)),
        None => {
            refuse_empty(call, id).await?;
            Err(Answer::not_found())
        }
    }
}

async fn matching(call: &Call, at: At<'_>, prefix: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_READ)?;
    let mut found = Vec::new();
    for (name, sha) in call.shared.git.references(id, "refs/").await? {
        if name.starts_with(prefix) {
            found.push(shown(call, id, &name, &sha)?);
        }
    }
    call.page(found)
}

/// The object that a reference is to point to: below `refs/heads` only commits are allowed.
async fn object(call: &Call, id: u64, name: &str, sha: &str) -> Outcome<()> {
    if !is_sha(sha) {
        return Err(Answer::unprocessable(
            "The sha parameter must be exactly 40 characters and contain only [0-9a-f].",
        ));
    }
    match call.shared.git.kind(id, sha).await?.as_deref() {
        Some("commit") => {}
        Some(_) if !name.starts_with("refs/heads/") => {}
        Some(_) => return Err(Answer::unprocessable("Object is not a commit")),
        None => return Err(Answer::unprocessable("Object does not exist")),
    }
    // Commits that no branch has yet must not bring workflows in.
    let args = ["log", "--format=", "--name-only", sha, "--not", "--branches", "--", ".github/workflows"];
    let brought = call.shared.git.text(id, &args).await.unwrap_or_default();
    refuse_workflows(call, !brought.trim().is_empty())
}

/// An App may write workflows only with a permission of their own.
pub(super) fn refuse_workflows(call: &Call, any: bool) -> Outcome<()> {
    let Caller::Installation(grant) = &call.caller else { return Ok(()) };
    let may = call.shared.state().effective(grant).get("workflows") == Some(&Level::Write);
    if any && !may { Err(Answer::not_for_integration()) } else { Ok(()) }
}

async fn create(call: &Call, at: At<'_>) -> Outcome {
    let id = call.repository(at, CONTENTS_WRITE)?;
    let body = call.input(NEW_REF)?;
    let (name, sha) = (required(&body, "ref")?, required(&body, "sha")?);
    if !name.starts_with("refs/") || name.matches('/').count() < 2 || !is_plain_ref(name) {
        return Err(Answer::unprocessable(format!("{name} is not a valid ref name.")));
    }
    if name.starts_with("refs/pull/") {
        return Err(Answer::unprocessable(format!("{name} is not a valid ref name.")));
    }
    refuse_empty(call, id).await?;
    object(call, id, name, sha).await?;
    let _moving = call.shared.moving.lock().await;
    if call.shared.git.reference(id, name).await?.is_some() {
        return Err(Answer::unprocessable("Reference already exists"));
    }
    let moved = Moved { repository: id, name: name.into(), before: ZERO.into(), after: sha.into(), by: call.actor()? };
    if call.shared.git.move_ref(id, name, sha, ZERO).await.is_err() {
        // `a` exists where `a/b` is wanted, or the other way round.
        return Err(Answer::unprocessable("Reference cannot be created"));
    }
    call.shared.after_move(&moved).await?;
    let body = shown(call, id, name, sha)?;
    Ok(Answer::created(body))
}

async fn update(call: &Call, at: At<'_>, name: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_WRITE)?;
    let body = call.input(REF)?;
    let sha = required(&body, "sha")?;
    let force = body.get("force").and_then(Value::as_bool).unwrap_or_default();
    let _moving = call.shared.moving.lock().await;
    let missing = || Answer::unprocessable("Reference does not exist");
    let before = call.shared.git.reference(id, name).await?.ok_or_else(missing)?;
    object(call, id, name, sha).await?;
    if !force && !call.shared.git.is_ancestor(id, &before, sha).await? {
        return Err(Answer::unprocessable("Update is not a fast forward"));
    }
    if before != sha {
        protect(call, id, name)?;
        let moved = Moved { repository: id, name: name.into(), before, after: sha.into(), by: call.actor()? };
        call.shared.move_ref(&moved).await?;
    }
    Ok(Answer::ok(shown(call, id, name, sha)?))
}

async fn delete(call: &Call, at: At<'_>, name: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_WRITE)?;
    let _moving = call.shared.moving.lock().await;
    let missing = || Answer::unprocessable("Reference does not exist");
    let before = call.shared.git.reference(id, name).await?.ok_or_else(missing)?;
    protect(call, id, name)?;
    let is_default = call.with(id, |_, it| name == format!("refs/heads/{}", it.default_branch))?;
    if is_default {
        return Err(Answer::unprocessable("Cannot delete the default branch"));
    }
    let moved = Moved { repository: id, name: name.into(), before, after: ZERO.into(), by: call.actor()? };
    call.shared.move_ref(&moved).await?;
    Ok(Answer::no_content())
}

/// Whether a branch takes no direct changes.
pub(super) fn is_protected(call: &Call, id: u64, name: &str) -> Outcome<bool> {
    call.with(id, |_, it| it.demanded_checks().next().is_some() && name == format!("refs/heads/{}", it.default_branch))
}

/// A protected branch moves by pull requests only; `refs/pull` belongs to GitHub.
fn protect(call: &Call, id: u64, name: &str) -> Outcome<()> {
    if name.starts_with("refs/pull/") {
        return Err(Answer::unprocessable("Reference cannot be updated"));
    }
    if is_protected(call, id, name)? {
        return Err(Answer::unprocessable(
            "Changes must be made through a pull request. Required status check is expected.",
        ));
    }
    Ok(())
}
