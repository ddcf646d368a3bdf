//! Git's objects: blobs, trees, commits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Map, Value, json};

use super::super::access::{CONTENTS_READ, CONTENTS_WRITE};
use super::super::answer::{Answer, Outcome};
use super::super::call::{At, Call, required, text};
use super::super::git::read::Signature;
use super::super::git::write::TreeLine;
use super::super::git::{is_plain_path, is_sha};
use super::contents::wrapped_base64;
use super::refs::refuse_empty;
use super::schemas::{NEW_BLOB, NEW_COMMIT, NEW_TREE};

/// Longest listing of a tree.
const MAX_ENTRIES: usize = 100_000;

pub(super) async fn route(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    match (&call.method, path) {
        (&Method::POST, ["blobs"]) => create_blob(call, at).await,
        (&Method::GET, ["blobs", sha]) => get_blob(call, at, sha).await,
        (&Method::POST, ["trees"]) => create_tree(call, at).await,
        (&Method::GET, ["trees", reference @ ..]) => get_tree(call, at, &reference.join("/")).await,
        (&Method::POST, ["commits"]) => create_commit(call, at).await,
        (&Method::GET, ["commits", sha]) => get_commit(call, at, sha).await,
        _ => Err(Answer::not_found()),
    }
}

async fn create_blob(call: &Call, at: At<'_>) -> Outcome {
    let id = call.repository(at, CONTENTS_WRITE)?;
    let body = call.input(NEW_BLOB)?;
    let content = required(&body, "content")?;
    let bytes = match text(&body, "encoding") {
        None | Some("utf-8") => content.as_bytes().to_vec(),
        Some("base64") => {
            let packed: String = content.chars().filter(|it| !it.is_ascii_whitespace()).collect();
            STANDARD.decode(packed).map_err(|_| Answer::unprocessable("content is not valid Base64"))?
        }
        Some(_) => return Err(Answer::unprocessable("encoding must be utf-8 or base64")),
    };
    refuse_empty(call, id).await?;
    let sha = call.shared.git.make_blobs(id, &[bytes]).await?.pop().unwrap_or_default();
    let url = call.with(id, |show, it| format!("{}/git/blobs/{sha}", show.repository_url(it)))?;
    Ok(Answer::created(json!({"url": url, "sha": sha})))
}

async fn get_blob(call: &Call, at: At<'_>, sha: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_READ)?;
    let content = call.shared.git.blob(id, sha).await?.ok_or_else(Answer::not_found)?;
    if call.accepts("raw") {
        return Ok(Answer::raw(content, "application/vnd.github.raw+json; charset=utf-8"));
    }
    call.with(id, |show, it| {
        Answer::ok(json!({
            "sha": sha,
            "node_id": format!("B_{sha}"),
            "size": content.len(),
            "url": format!("{}/git/blobs/{sha}", show.repository_url(it)),
            "content": wrapped_base64(&content),
            "encoding": "base64",
        }))
    })
}

async fn create_tree(call: &Call, at: At<'_>) -> Outcome {
    let id = call.repository(at, CONTENTS_WRITE)?;
    let body = call.input(NEW_TREE)?;
    let entries = body.get("tree").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    refuse_empty(call, id).await?;
    let base = match text(&body, "base_tree") {
        Some(base) => match call.shared.git.kind(id, base).await?.as_deref() {
            Some("tree" | "commit") => Some(base),
            _ => return Err(Answer::unprocessable("base_tree is not a valid tree oid")),
        },
        None => None,
    };
    if entries.is_empty() {
        return Err(Answer::unprocessable("Invalid tree info"));
    }
    let mut lines = Vec::with_capacity(entries.len());
    let mut inline = Vec::new();
    for entry in entries {
        let (line, content) = tree_line(call, id, entry).await?;
        if let Some(content) = content {
            inline.push((lines.len(), content));
        }
        if line.sha.is_none() && content_is_absent(entry) && !is_in(call, id, base, &line.path).await? {
            // There is nothing to take away.
            return Err(Answer::unprocessable("GitRPC::BadObjectState"));
        }
        lines.push(line);
    }
    let contents: Vec<_> = inline.iter().map(|(_, content)| content.clone()).collect();
    for ((index, _), sha) in inline.iter().zip(call.shared.git.make_blobs(id, &contents).await?) {
        lines[*index].sha = Some(sha);
    }
    let sha = call.shared.git.make_tree(id, base, &lines).await?;
    let shown = tree(call, id, &sha, false).await?;
    Ok(Answer::created(shown))
}

fn content_is_absent(entry: &Value) -> bool {
    entry["content"].is_null()
}

async fn is_in(call: &Call, id: u64, base: Option<&str>, path: &str) -> Outcome<bool> {
    match base {
        Some(base) => Ok(call.shared.git.entry(id, base, path).await?.is_some()),
        None => Ok(false),
    }
}

/// One wanted entry, and its content where that came instead of an id.
async fn tree_line(call: &Call, id: u64, entry: &Value) -> Outcome<(TreeLine, Option<Vec<u8>>)> {
    let malformed = |what: &str| Answer::unprocessable(format!("tree.{what}"));
    let path = entry["path"].as_str().filter(|path| is_plain_path(path));
    let path = path.ok_or_else(|| malformed("path contains a malformed path component"))?.to_owned();
    let mode = entry["mode"].as_str().unwrap_or("100644");
    let kind = match mode {
        "100644" | "100755" | "120000" => "blob",
        "040000" => "tree",
        "160000" => "commit",
        _ => return Err(malformed("mode is not one of 100644, 100755, 040000, 160000, 120000")),
    };
    let (sha, content) = match (&entry["sha"], entry["content"].as_str()) {
        (Value::String(_), Some(_)) => return Err(malformed("sha and tree.content are mutually exclusive")),
        (Value::String(sha), None) => {
            if kind != "commit" && call.shared.git.kind(id, sha).await?.as_deref() != Some(kind) {
                return Err(malformed(&format!("sha {sha} is not a valid {kind}")));
            }
            if kind == "tree" {
                return Err(malformed("mode 040000 is not supported by the sandbox: give the files"));
            }
            (Some(sha.clone()), None)
        }
        (Value::Null, Some(content)) => (None, Some(content.as_bytes().to_vec())),
        (Value::Null, None) if entry.as_object().is_some_and(|it| it.contains_key("sha")) => (None, None),
        _ => return Err(malformed("sha or tree.content must be supplied")),
    };
    Ok((TreeLine { path, mode: mode.to_owned(), sha }, content))
}

async fn get_tree(call: &Call, at: At<'_>, reference: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_READ)?;
    let sha = match call.shared.git.kind(id, reference).await? {
        Some(kind) if kind == "tree" => Some(reference.to_owned()),
        _ => match call.shared.git.resolve(id, reference).await? {
            Some(commit) => call.shared.git.commit(id, &commit).await?.map(|commit| commit.tree),
            None => None,
        },
    };
    let Some(sha) = sha else {
        refuse_empty(call, id).await?;
        return Err(Answer::not_found());
    };
    Ok(Answer::ok(tree(call, id, &sha, call.param("recursive").is_some()).await?))
}

async fn tree(call: &Call, id: u64, sha: &str, recursive: bool) -> Outcome<Value> {
    let mut entries = call.shared.git.tree(id, sha, recursive).await?;
    let truncated = entries.len() > MAX_ENTRIES;
    entries.truncate(MAX_ENTRIES);
    call.with(id, |show, repository| {
        let url = format!("{}/git", show.repository_url(repository));
        let shown = entries.iter().map(|entry| {
            let objects = if entry.kind == "tree" { "trees" } else { "blobs" };
            let mut shown = json!({
                "path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha,
                "url": format!("{url}/{objects}/{}", entry.sha),
            });
            if let Some(size) = entry.size {
                shown["size"] = json!(size);
            }
            shown
        });
        let shown: Vec<_> = shown.collect();
        json!({"sha": sha, "url": format!("{url}/trees/{sha}"), "tree": shown, "truncated": truncated})
    })
}

async fn create_commit(call: &Call, at: At<'_>) -> Outcome {
    let id = call.repository(at, CONTENTS_WRITE)?;
    let body = call.input(NEW_COMMIT)?;
    let (message, tree) = (required(&body, "message")?, required(&body, "tree")?);
    refuse_empty(call, id).await?;
    if call.shared.git.kind(id, tree).await?.as_deref() != Some("tree") {
        return Err(Answer::unprocessable("Tree SHA does not exist"));
    }
    let mut parents = Vec::new();
    for parent in body.get("parents").and_then(Value::as_array).into_iter().flatten() {
        let sha = parent.as_str().unwrap_or_default();
        if !is_sha(sha) || call.shared.git.kind(id, sha).await?.as_deref() != Some("commit") {
            return Err(Answer::unprocessable("Parent SHA does not exist or is not a commit object"));
        }
        parents.push(sha.to_owned());
    }
    let signed = sign(call, &body)?;
    let sha = call.shared.git.commit_tree(id, tree, &parents, (&signed.author, &signed.committer, message)).await?;
    signed.remember(call, &sha);
    let commit = call.shared.git.commit(id, &sha).await?.ok_or_else(Answer::not_found)?;
    Ok(Answer::created(call.with(id, |show, repository| show.git_commit(repository, &commit))?))
}

/// Who a new commit is by.
pub(super) struct Signed {
    pub(super) author: Signature,
    pub(super) committer: Signature,
    by_github: bool,
}

/// GitHub signs what an App commits in its own name, and nothing else.
pub(super) fn sign(call: &Call, body: &Map<String, Value>) -> Outcome<Signed> {
    let own = call.shared.signature(call.actor()?);
    let (author, committer) = (person(body, "author", &own), person(body, "committer", &own));
    let by_github = call.is_app() && author.is_none() && committer.is_none() && !body.contains_key("signature");
    let author = author.unwrap_or(own);
    let by_whom = || if by_github { call.shared.github_signature() } else { author.clone() };
    let committer = committer.unwrap_or_else(by_whom);
    Ok(Signed { author, committer, by_github })
}

impl Signed {
    /// Remembers that the commit that was made of it is verified, if it is.
    pub(super) fn remember(&self, call: &Call, sha: &str) {
        if self.by_github {
            call.shared.state().verified.insert(sha.to_owned());
        }
    }
}

/// `author` or `committer`; what is missing of a committer is the caller's.
fn person(body: &Map<String, Value>, field: &str, own: &Signature) -> Option<Signature> {
    let fields = body.get(field)?.as_object()?;
    let when = text(fields, "date").and_then(|date| date.parse::<jiff::Timestamp>().ok());
    Some(Signature {
        name: text(fields, "name").unwrap_or(&own.name).to_owned(),
        email: text(fields, "email").unwrap_or(&own.email).to_owned(),
        when: when.map_or(own.when, jiff::Timestamp::as_second),
    })
}

async fn get_commit(call: &Call, at: At<'_>, sha: &str) -> Outcome {
    let id = call.repository(at, CONTENTS_READ)?;
    let commit = call.shared.git.commit(id, sha).await?.ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(call.with(id, |show, repository| show.git_commit(repository, &commit))?))
}
