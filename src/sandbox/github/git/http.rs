//! Git over HTTP: `git http-backend` as CGI program, behind GitHub's token check.
//!
//! Facts: `gitprotocol-http(5)`, `git-http-backend(1)`, RFC 3875.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;

use http::StatusCode;

use super::super::access::{CONTENTS_READ, CONTENTS_WRITE};
use super::super::answer::{Answer, Body};
use super::super::call::Caller;
use super::super::model::Repository;
use super::super::ops::refs::Moved;
use super::super::server::{Incoming, decode};
use super::super::shared::Shared;
use super::{GitError, Ran, ZERO};

/// Answers one request below `/{owner}/{repo}.git/`.
pub(crate) async fn handle(shared: &Arc<Shared>, incoming: Incoming) -> Answer {
    let path = decode(incoming.path.as_bytes());
    let Some((address, service)) = path.split_once(".git/") else { return missing() };
    let Some((owner, name)) = address.trim_start_matches('/').split_once('/') else { return missing() };
    let pushes = service == "git-receive-pack" || incoming.query == "service=git-receive-pack";
    let (repository, actor) = match admit(shared, &incoming, (owner, name), pushes) {
        Ok(admitted) => admitted,
        Err(refusal) => return refusal,
    };
    if service != "git-receive-pack" {
        return backend(shared, repository.id, service, &incoming).await.unwrap_or_else(Answer::from);
    }
    receive(shared, &repository, actor, &incoming).await.unwrap_or_else(Answer::from)
}

fn missing() -> Answer {
    text(StatusCode::NOT_FOUND, "remote: Repository not found.\n")
}

fn text(status: StatusCode, message: &str) -> Answer {
    Answer { status, headers: Vec::new(), body: Body::Raw(message.as_bytes().to_vec(), "text/plain") }
}

/// Who may come in: the repository and who acts. A private repository asks for a token first and
/// then does not exist for those who may not read it.
fn admit(
    shared: &Shared,
    incoming: &Incoming,
    (owner, name): (&str, &str),
    pushes: bool,
) -> Result<(Repository, u64), Answer> {
    let ask = || {
        let answer = text(StatusCode::UNAUTHORIZED, "remote: Invalid username or token.\n");
        answer.header("www-authenticate", "Basic realm=\"GitHub\"")
    };
    let caller = shared.caller(&incoming.headers).map_err(|_| ask())?;
    let found = {
        let state = shared.state();
        state.repository(owner, name).or_else(|| state.renamed(owner, name)).cloned()
    };
    let anonymous = matches!(caller, Caller::Nobody | Caller::App);
    let Some(repository) = found else { return Err(if anonymous { ask() } else { missing() }) };
    if anonymous && (repository.private || pushes) {
        return Err(ask());
    }
    let need = if pushes { CONTENTS_WRITE } else { CONTENTS_READ };
    shared.may(&caller, &repository, need).map_err(|refusal| {
        if refusal.status == StatusCode::NOT_FOUND {
            return missing();
        }
        text(StatusCode::FORBIDDEN, "remote: Write access to repository not granted.\n")
    })?;
    let actor = match caller {
        Caller::User(user) => user,
        _ => shared.app.bot,
    };
    Ok((repository, actor))
}

/// A push: afterwards everything that moved is told to pull requests and the App.
async fn receive(
    shared: &Arc<Shared>,
    repository: &Repository,
    actor: u64,
    incoming: &Incoming,
) -> Result<Answer, GitError> {
    let _moving = shared.moving.lock().await;
    let id = repository.id;
    let before: BTreeMap<_, _> = shared.git.references(id, "refs/").await?.into_iter().collect();
    let answer = backend(shared, id, "git-receive-pack", incoming).await?;
    let after: BTreeMap<_, _> = shared.git.references(id, "refs/").await?.into_iter().collect();
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for name in names {
        let old = before.get(name).map_or(ZERO, String::as_str);
        let new = after.get(name).map_or(ZERO, String::as_str);
        if old == new {
            continue;
        }
        if !name.starts_with("refs/heads/") && !name.starts_with("refs/tags/") {
            // `refs/pull` and the like are GitHub's own: the push there is undone.
            shared.git.move_ref(id, name, old, new).await?;
            continue;
        }
        let (before, after) = (old.to_owned(), new.to_owned());
        shared.after_move(&Moved { repository: id, name: name.clone(), before, after, by: actor }).await?;
    }
    Ok(answer)
}

/// Runs `git http-backend` for one request.
async fn backend(shared: &Shared, repository: u64, service: &str, incoming: &Incoming) -> Result<Answer, GitError> {
    let header = |name: &str| incoming.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut command = shared.git.command(shared.git.backend());
    command
        .env("GIT_PROJECT_ROOT", &shared.git.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", format!("/{repository}.git/{service}"))
        .env("REQUEST_METHOD", incoming.method.as_str())
        .env("QUERY_STRING", &incoming.query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", incoming.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", "sandbox")
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::null());
    let ran = super::feed(command, &incoming.body).await?;
    Ok(parse_cgi(&ran))
}

/// Reads a CGI answer: header lines, an empty line, the body.
fn parse_cgi(ran: &Ran) -> Answer {
    let stdout = &ran.stdout;
    let end = stdout.windows(4).position(|window| window == b"\r\n\r\n").map(|at| (at, at + 4));
    let Some((head, body)) = end.or_else(|| stdout.windows(2).position(|it| it == b"\n\n").map(|at| (at, at + 2)))
    else {
        tracing::warn!(error = %ran.stderr, "git http-backend gave no answer");
        return text(StatusCode::INTERNAL_SERVER_ERROR, "remote: Internal Server Error.\n");
    };
    let mut answer =
        Answer { status: StatusCode::OK, headers: Vec::new(), body: Body::Raw(stdout[body..].to_vec(), "text/plain") };
    for line in String::from_utf8_lossy(&stdout[..head]).lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "status" => {
                let code = value.split(' ').next().and_then(|code| code.parse::<u16>().ok());
                answer.status = code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(answer.status);
            }
            "content-type" => answer = answer.header("content-type", value),
            "cache-control" => answer = answer.header("cache-control", value),
            _ => {}
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::{Body, Ran, parse_cgi};

    #[test]
    fn a_cgi_answer_has_a_status_and_a_type() {
        let stdout = b"Status: 403 Forbidden\r\nContent-Type: text/x\r\n\r\na\r\n\r\nb".to_vec();
        let answer = parse_cgi(&Ran { success: true, stdout, stderr: String::new() });
        assert_eq!(answer.status.as_u16(), 403);
        assert!(matches!(&answer.body, Body::Raw(bytes, _) if bytes == b"a\r\n\r\nb"));
        assert_eq!(answer.headers, [("content-type", "text/x".to_owned())]);
    }
}
