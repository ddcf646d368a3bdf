//! Writing and deleting one file: a commit on a branch. In an empty repository the first file makes
//! the branch too. Facts: <https://docs.github.com/rest/repos/contents>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::access::CONTENTS_WRITE;
use super::super::answer::{Answer, Outcome};
use super::super::call::{At, Call, required, text};
use super::super::git::read::TreeEntry;
use super::super::git::write::TreeLine;
use super::super::git::{ZERO, is_plain_path};
use super::super::ops::refs::Moved;
use super::contents::item;
use super::objects::sign;
use super::refs::{is_protected, refuse_workflows};
use super::schemas::{FILE, FILE_TO_DELETE};

/// Where a file is, or will be.
struct Place<'a> {
    repository: u64,
    branch: String,
    /// The branch's tip; none in a repository without a commit.
    tip: Option<String>,
    path: &'a str,
    /// What is there now.
    entry: Option<TreeEntry>,
}

/// `PUT /repos/{owner}/{repo}/contents/{path}`.
pub(super) async fn put(call: &Call, at: At<'_>, path: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_WRITE)?;
    let body = call.input(FILE)?;
    let packed: String = required(&body, "content")?.chars().filter(|it| !it.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(packed).map_err(|_| Answer::unprocessable("content is not valid Base64"))?;
    let _moving = call.shared.moving.lock().await;
    let place = Place::find(call, id, &body, path).await?;
    let given = text(&body, "sha");
    if let Some(entry) = &place.entry {
        let given = given.ok_or_else(|| Answer::invalid_request("\"sha\" wasn't supplied."))?;
        place.refuse_other(entry, given)?;
    }
    let blob = call.shared.git.make_blobs(id, &[bytes]).await?.pop().unwrap_or_default();
    let mode = place.entry.as_ref().map_or("100644", |entry| entry.mode.as_str()).to_owned();
    let commit = place.commit(call, &body, TreeLine { path: path.to_owned(), mode, sha: Some(blob) }).await?;
    let entry = call.shared.git.entry(id, &commit, path).await?.ok_or_else(Answer::not_found)?;
    let content = item(call, id, &place.branch, path, &entry)?;
    let shown = shown(call, id, &commit, content).await?;
    let new = place.entry.is_none();
    Ok(if new { Answer::json(StatusCode::CREATED, shown) } else { Answer::ok(shown) })
}

/// `DELETE /repos/{owner}/{repo}/contents/{path}`.
pub(super) async fn delete(call: &Call, at: At<'_>, path: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_WRITE)?;
    let body = call.input(FILE_TO_DELETE)?;
    let _moving = call.shared.moving.lock().await;
    let place = Place::find(call, id, &body, path).await?;
    let entry = place.entry.as_ref().ok_or_else(Answer::not_found)?;
    place.refuse_other(entry, required(&body, "sha")?)?;
    let line = TreeLine { path: path.to_owned(), mode: entry.mode.clone(), sha: None };
    let commit = place.commit(call, &body, line).await?;
    Ok(Answer::ok(shown(call, id, &commit, Value::Null).await?))
}

impl<'a> Place<'a> {
    async fn find(call: &Call, repository: u64, body: &Map<String, Value>, path: &'a str) -> Outcome<Self> {
        if !is_plain_path(path) {
            return Err(Answer::unprocessable("path contains a malformed path component"));
        }
        refuse_workflows(call, path.starts_with(".github/workflows/"))?;
        let git = &call.shared.git;
        let default = call.with(repository, |_, it| it.default_branch.clone())?;
        let branch = text(body, "branch").unwrap_or(&default).trim_start_matches("refs/heads/").to_owned();
        let tip = git.branch(repository, &branch).await?;
        if tip.is_none() && !git.references(repository, "refs/heads/").await?.is_empty() {
            return Err(Answer::refuse(StatusCode::NOT_FOUND, format!("Branch {branch} not found")));
        }
        if is_protected(call, repository, &format!("refs/heads/{branch}"))? {
            return Err(Answer::conflict("Could not change file: Changes must be made through a pull request."));
        }
        let entry = match &tip {
            Some(tip) => git.entry(repository, tip, path).await?,
            None => None,
        };
        if entry.as_ref().is_some_and(|entry| entry.kind != "blob") {
            return Err(Answer::unprocessable("path is a directory"));
        }
        Ok(Self { repository, branch, tip, path, entry })
    }

    /// Whoever writes must have seen what is there.
    fn refuse_other(&self, entry: &TreeEntry, given: &str) -> Outcome<()> {
        if entry.sha == given {
            return Ok(());
        }
        Err(Answer::conflict(&format!("{} does not match {given}", self.path)))
    }

    /// Commits the line on top of the branch; gives the commit.
    async fn commit(&self, call: &Call, body: &Map<String, Value>, line: TreeLine) -> Outcome<String> {
        let git = &call.shared.git;
        let tree = git.make_tree(self.repository, self.tip.as_deref(), &[line]).await?;
        let parents: Vec<String> = self.tip.iter().cloned().collect();
        let message = required(body, "message")?;
        let signed = sign(call, body)?;
        let commit = (&signed.author, &signed.committer, message);
        let after = git.commit_tree(self.repository, &tree, &parents, commit).await?;
        signed.remember(call, &after);
        let (name, before) =
            (format!("refs/heads/{}", self.branch), self.tip.clone().unwrap_or_else(|| ZERO.to_owned()));
        let moved = Moved { repository: self.repository, name, before, after: after.clone(), by: call.actor()? };
        call.shared.move_ref(&moved).await?;
        Ok(after)
    }
}

/// `file-commit`.
async fn shown(call: &Call, id: u64, commit: &str, content: Value) -> Outcome<Value> {
    let commit = call.shared.git.commit(id, commit).await?.ok_or_else(Answer::not_found)?;
    call.with(id, |show, repository| json!({"content": content, "commit": show.git_commit(repository, &commit)}))
}
