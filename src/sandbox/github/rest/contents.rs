//! Files and directories at a reference.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::super::access::CONTENTS_READ;
use super::super::answer::{Answer, Outcome};
use super::super::call::{At, Call};
use super::super::git::read::TreeEntry;
use super::super::shapes::encode_path;

/// Bigger files have no content in the JSON form.
const MAX_INLINE: u64 = 1024 * 1024;

pub(super) async fn route(call: &Call, at: At<'_>, path: &[&str]) -> Outcome {
    match call.method {
        Method::GET => {}
        Method::PUT => return super::files::put(call, at, &path.join("/")).await,
        Method::DELETE => return super::files::delete(call, at, &path.join("/")).await,
        _ => return Err(Answer::not_found()),
    }
    let id = call.repository(at, CONTENTS_READ)?;
    let default = call.with(id, |_, repository| repository.default_branch.clone())?;
    let reference = call.param("ref").unwrap_or(&default).to_owned();
    let missing = || Answer::refuse(http::StatusCode::NOT_FOUND, format!("No commit found for the ref {reference}"));
    let commit = call.shared.git.resolve(id, &reference).await?.ok_or_else(missing)?;
    let path = path.join("/");
    let path = path.trim_matches('/');
    if path.is_empty() {
        return directory(call, id, &reference, "", &commit).await;
    }
    let entry = call.shared.git.entry(id, &commit, path).await?.ok_or_else(Answer::not_found)?;
    if entry.kind == "tree" {
        return directory(call, id, &reference, path, &entry.sha).await;
    }
    let content = call.shared.git.blob(id, &entry.sha).await?.unwrap_or_default();
    if call.accepts("raw") {
        return Ok(Answer::raw(content, "application/vnd.github.raw+json; charset=utf-8"));
    }
    let mut shown = item(call, id, &reference, path, &entry)?;
    let small = entry.size.unwrap_or_default() <= MAX_INLINE;
    shown["content"] = json!(if small { wrapped_base64(&content) } else { String::new() });
    shown["encoding"] = json!(if small { "base64" } else { "none" });
    if entry.mode == "120000" {
        shown["target"] = json!(String::from_utf8_lossy(&content));
    }
    Ok(Answer::ok(shown))
}

/// GitHub breaks its base64 after 60 characters and ends it with a line break.
pub(super) fn wrapped_base64(content: &[u8]) -> String {
    let encoded = STANDARD.encode(content);
    let mut wrapped = String::with_capacity(encoded.len() + encoded.len() / 60 + 1);
    for chunk in encoded.as_bytes().chunks(60) {
        wrapped.push_str(&String::from_utf8_lossy(chunk));
        wrapped.push('\n');
    }
    wrapped
}

async fn directory(call: &Call, id: u64, reference: &str, path: &str, tree: &str) -> Outcome {
    let entries = call.shared.git.tree(id, tree, false).await?;
    let mut shown = Vec::with_capacity(entries.len());
    for entry in entries.iter().take(1000) {
        let full = if path.is_empty() { entry.path.clone() } else { format!("{path}/{}", entry.path) };
        shown.push(item(call, id, reference, &full, entry)?);
    }
    Ok(Answer::ok(Value::Array(shown)))
}

/// What file and directory entries have in common.
pub(super) fn item(call: &Call, id: u64, reference: &str, path: &str, entry: &TreeEntry) -> Outcome<Value> {
    call.with(id, |show, repository| {
        let kind = match (entry.kind.as_str(), entry.mode.as_str()) {
            ("tree", _) => "dir",
            ("commit", _) => "submodule",
            (_, "120000") => "symlink",
            _ => "file",
        };
        let encoded = encode_path(path);
        let full_name = show.state.full_name(repository);
        let url = format!("{}/contents/{encoded}?ref={reference}", show.repository_url(repository));
        let objects = if kind == "dir" { "trees" } else { "blobs" };
        let git_url = format!("{}/git/{objects}/{}", show.repository_url(repository), entry.sha);
        let page = if kind == "dir" { "tree" } else { "blob" };
        let html = show.web(&format!("/{full_name}/{page}/{reference}/{encoded}"));
        let download = show.web(&format!("/{full_name}/raw/{reference}/{encoded}"));
        json!({
            "name": path.rsplit('/').next().unwrap_or(path),
            "path": path,
            "sha": entry.sha,
            "size": entry.size.unwrap_or(0),
            "url": url,
            "html_url": html,
            "git_url": git_url,
            "download_url": if kind == "dir" { Value::Null } else { json!(download) },
            "type": kind,
            "_links": {"self": url, "git": git_url, "html": html},
        })
    })
}
