//! Mirrors against real repositories, served by `git http-backend` with the token checked.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Runtime;

use super::*;
use crate::names::{CommitId, RepositoryId};

mod fetching;
mod merging;
mod reading;
mod rewriting;
mod servers;
mod waiting;

const TOKEN: &str = "ghs_7_secret.token-of_this-test";

/// A work tree, the bare repository that it is pushed to, its server, and mirrors of it.
struct World {
    folder: TempDir,
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
    /// Whether the server sees which protocol version is wished for.
    modern: Arc<AtomicBool>,
    /// Whether its answers come compressed.
    packed: Arc<AtomicBool>,
    /// The commit that the server gives to nobody who names it.
    kept_back: Arc<Mutex<String>>,
    mirrors: Mirrors,
    runtime: Runtime,
}

fn git(at: &Path, arguments: &[&str]) -> Output {
    let output = Command::new("git")
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main"])
        .args(["-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"])
        .args(arguments)
        .current_dir(at)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git runs");
    let said = [&*output.stdout, &output.stderr].concat();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&said));
    output
}

#[derive(Clone)]
struct Server {
    root: PathBuf,
    requests: Arc<Mutex<Vec<String>>>,
    modern: Arc<AtomicBool>,
    packed: Arc<AtomicBool>,
    kept_back: Arc<Mutex<String>>,
}

/// A CGI bridge (RFC 3875) to `git http-backend`, as small as it can be.
async fn serve(State(server): State<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let plain = |status: u16| Response::builder().status(status).body(Body::empty()).expect("a response");
    server.requests.lock().unwrap().push(format!("{} {}", parts.method, parts.uri));
    if header("authorization") != format!("Basic {}", STANDARD.encode(format!("x-access-token:{TOKEN}"))) {
        return plain(401);
    }
    if let Some(rest) = parts.uri.path().strip_prefix("/org/old-name.git/") {
        let query = parts.uri.query().unwrap_or_default();
        let target = format!("/org/repo.git/{rest}?{query}");
        return Response::builder().status(301).header("location", target).body(Body::empty()).expect("a response");
    }
    if !parts.uri.path().starts_with("/org/repo.git/") {
        return plain(404);
    }
    let body = to_bytes(body, 10 << 20).await.expect("a body");
    let kept_back = server.kept_back.lock().unwrap().clone();
    if !kept_back.is_empty() && String::from_utf8_lossy(&body).contains(&format!("want {kept_back}")) {
        let refusal = format!("ERR upload-pack: not our ref {kept_back}");
        return Response::new(Body::from(format!("{:04x}{refusal}", refusal.len() + 4)));
    }
    let mut child = tokio::process::Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &server.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_PROTOCOL", if server.modern.load(Ordering::SeqCst) { header("git-protocol") } else { String::new() })
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("git http-backend runs");
    child.stdin.take().expect("a pipe").write_all(&body).await.expect("taken");
    let output = child.wait_with_output().await.expect("an answer").stdout;
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").expect("headers");
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        match line.split_once(": ") {
            Some(("Status", status)) => response = response.status(status[..3].parse::<u16>().expect("a status")),
            Some((name, value)) => response = response.header(name, value),
            None => {}
        }
    }
    let mut answer = output[end + 4..].to_vec();
    if server.packed.load(Ordering::SeqCst) {
        response = response.header("content-encoding", "gzip");
        answer = gzip(&answer);
    }
    response.body(Body::from(answer)).expect("a response")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    Command::new("gzip").arg("-c").arg(file.path()).output().expect("gzip runs").stdout
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut GitSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("served/org")).unwrap();
        git(folder.path(), &["init", "-q", "--bare", "served/org/repo.git"]);
        git(folder.path(), &["init", "-q", "work"]);
        let work = folder.path().join("work");
        git(&work, &["remote", "add", "origin", "../served/org/repo.git"]);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let modern = Arc::new(AtomicBool::new(true));
        let (packed, kept_back) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::default()));
        let server = Server {
            root: folder.path().join("served"),
            requests: Arc::clone(&requests),
            modern: Arc::clone(&modern),
            packed: Arc::clone(&packed),
            kept_back: Arc::clone(&kept_back),
        };
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/org/repo.git", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(serve).with_state(server);
        runtime.spawn(async move { axum::serve(listener, router).await });
        let mut settings = GitSettings::new(folder.path().join("mirrors"));
        change(&mut settings);
        let mirrors = Mirrors::new(settings).unwrap();
        Self { folder, url, requests, modern, packed, kept_back, mirrors, runtime }
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn git(&self, arguments: &[&str]) -> String {
        String::from_utf8(git(&self.work(), arguments).stdout).unwrap().trim().to_owned()
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Commits everything in the work tree and pushes it to the branch.
    fn push(&self, branch: &str) -> CommitId {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "change"]);
        self.git(&["push", "-q", "--force", "origin", &format!("HEAD:refs/heads/{branch}")]);
        self.git(&["rev-parse", "HEAD"]).parse().unwrap()
    }

    fn mirror(&self) -> Mirror {
        self.mirrors.open(RepositoryId::new(42))
    }

    /// Drives a future, while this thread may wait.
    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn fetch(&self, wants: &[&CommitId]) -> Result<Fetched, GitError> {
        let wants: Vec<CommitId> = wants.iter().map(|want| (*want).clone()).collect();
        self.run(self.mirror().fetch(&Remote { clone_url: &self.url, token: Some(&token()) }, &wants))
    }

    fn snapshot(&self, commit: &CommitId) -> Result<Snapshot, GitError> {
        self.run(self.mirror().snapshot(commit))
    }

    fn has(&self, commit: &CommitId) -> bool {
        self.run(self.mirror().has(commit)).unwrap()
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn token() -> SecretString {
    SecretString::from(TOKEN)
}

fn text(blob: Option<&Blob>) -> &str {
    std::str::from_utf8(blob.expect("a file").bytes.as_ref().expect("bytes")).expect("text")
}
