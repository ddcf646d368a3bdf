//! The client against a small server that says what each test wants.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::*;
use crate::clock::{Clock as _, ManualClock, SeededEntropy};
use crate::names::{BranchName, CommitId, InstallationId, IssueNumber, RepositoryId, UserId};

mod commits;
mod deliveries;
mod manners;
mod requests;
mod tokens;
mod tolerance;
mod writes;

const HEAD: &str = "757107ea0eb2509fc211221cce984b8a37570b6d";

/// An installation that was granted nothing.
const POOR: u64 = 8;

/// A request as the server saw it.
#[derive(Debug, Clone)]
struct Seen {
    method: String,
    /// Path and query below `/api/v3`.
    path: String,
    authorization: String,
    /// `If-None-Match`.
    known: String,
    body: Value,
}

impl Seen {
    fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path.starts_with(path)
    }
}

/// Status, headers, JSON.
type Reply = (u16, Vec<(&'static str, String)>, Value);
type Answerer = dyn Fn(&Seen) -> Reply + Send + Sync;

struct World {
    forge: Forge,
    clock: Arc<ManualClock>,
    seen: Arc<Mutex<Vec<Seen>>>,
    url: String,
}

#[derive(Clone)]
struct Server {
    seen: Arc<Mutex<Vec<Seen>>>,
    answer: Arc<Answerer>,
    clock: Arc<ManualClock>,
}

/// Tokens are minted by the server itself: `ghs_1`, `ghs_2` and so on, for an hour.
async fn serve(State(server): State<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 10 << 20).await.expect("a body");
    let text = |name: &str| parts.headers.get(name).map_or("", |value| value.to_str().expect("text")).to_owned();
    assert_eq!(text("x-github-api-version"), "2022-11-28");
    let agents: Vec<_> = parts.headers.get_all("user-agent").iter().collect();
    assert_eq!(agents, [concat!("bailiwick/", env!("CARGO_PKG_VERSION"))]);
    assert_eq!(text("transfer-encoding"), "");
    let accepted = text("accept");
    let types: Vec<&str> = accepted.split([',', ';']).map(str::trim).collect();
    assert!(types[0].starts_with("application/vnd.github") && types.contains(&"application/json"), "{types:?}");
    let kind = if body.is_empty() { "" } else { "application/json" };
    assert_eq!(text("content-type"), kind);
    assert!(body.is_empty() || text("content-length") == body.len().to_string());
    let path = parts.uri.path_and_query().expect("a path").as_str();
    let seen = Seen {
        method: parts.method.to_string(),
        path: path.strip_prefix("/api/v3").expect("below the API").to_owned(),
        authorization: text("authorization"),
        known: text("if-none-match"),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let (status, headers, value) = if seen.path.contains(&format!("/installations/{POOR}/")) {
        (422, vec![], json!({ "message": "The permissions requested are not granted to this installation." }))
    } else if seen.path.ends_with("/access_tokens") {
        // Give everybody else the time to mint too, if the client lets them.
        tokio::task::yield_now().await;
        let mints = server.seen.lock().unwrap().iter().filter(|seen| seen.path.ends_with("/access_tokens")).count();
        let end = server.clock.now() + Duration::from_secs(3600);
        (201, vec![], json!({ "token": format!("ghs_{}", mints + 1), "expires_at": end }))
    } else if seen.path == "/app" {
        (200, vec![], json!({ "id": 7, "slug": "bailiwick", "name": "Bailiwick" }))
    } else {
        (server.answer)(&seen)
    };
    server.seen.lock().unwrap().push(seen);
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    let body = if value.is_null() { Bytes::new() } else { Bytes::from(value.to_string()) };
    response.body(body.into()).expect("a response")
}

/// For tests whose server is not a [`World`].
fn settings(api_url: &str) -> ForgeSettings {
    ForgeSettings {
        api_url: api_url.to_owned(),
        app_id: 7,
        private_key: private_key(),
        clock: Arc::new(ManualClock::new("2026-11-24T12:00:00Z".parse().unwrap())),
        entropy: Arc::new(SeededEntropy::new(1)),
        timeouts: Timeouts::default(),
        manners: Manners::at_home(),
        recorder: None,
    }
}

fn private_key() -> SecretString {
    static KEY: OnceLock<String> = OnceLock::new();
    let pem = KEY.get_or_init(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("a document");
        let packed = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = packed.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    });
    SecretString::from(pem.clone())
}

impl World {
    async fn new(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::recorded(answer, None).await
    }

    /// With GitHub's limits instead of none.
    async fn mannered(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static, manners: Manners) -> Self {
        Self::start(answer, |settings| settings.manners = manners).await
    }

    async fn recorded(
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
        recorder: Option<Arc<dyn Record>>,
    ) -> Self {
        Self::start(answer, |settings| settings.recorder = recorder).await
    }

    async fn start(
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
        change: impl FnOnce(&mut ForgeSettings),
    ) -> Self {
        let clock = Arc::new(ManualClock::new("2026-11-24T12:00:00Z".parse().unwrap()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let server = Server { seen: Arc::clone(&seen), answer: Arc::new(answer), clock: Arc::clone(&clock) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(serve).with_state(server);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut settings = ForgeSettings { clock: clock.clone(), ..settings(&format!("{url}/api/v3")) };
        change(&mut settings);
        Self { forge: Forge::new(settings).unwrap(), clock, seen, url }
    }

    fn repo(&self, access: Access) -> Repo {
        self.repo_of(9, access)
    }

    /// The same repository through another installation.
    fn repo_of(&self, installation: u64, access: Access) -> Repo {
        let at = (RepositoryId::new(42), "org/dev-cluster".parse().unwrap());
        self.forge.repo(InstallationId::new(installation), at, access)
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// What was asked besides tokens, as `METHOD path`.
    fn asked(&self) -> Vec<String> {
        let seen = self.seen();
        let other = seen.iter().filter(|seen| !seen.path.ends_with("/access_tokens"));
        other.map(|seen| format!("{} {}", seen.method, seen.path)).collect()
    }

    fn mints(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.path.ends_with("/access_tokens")).collect()
    }
}

fn ok(value: Value) -> Reply {
    (200, vec![], value)
}

fn commit() -> CommitId {
    HEAD.parse().unwrap()
}

fn pull_json(number: u64) -> Value {
    let repo = json!({ "id": 42, "full_name": "org/dev-cluster", "clone_url": "http://x/org/dev-cluster.git" });
    json!({
        "number": number, "title": "Add team2", "body": null, "state": "open", "draft": false, "merged": false,
        "merge_commit_sha": null, "html_url": "http://x/1", "user": { "id": 5, "login": "ann", "type": "User" },
        "head": { "sha": HEAD, "ref": "topic", "repo": repo }, "base": { "sha": HEAD, "ref": "main", "repo": repo },
    })
}

fn comment_json(id: u64, body: &str, author: Value, app: Option<u64>) -> Value {
    json!({
        "id": id, "body": body, "user": author, "html_url": "http://x/c", "issue_url": "http://x/repos/o/r/issues/3",
        "created_at": "2026-11-24T12:00:00Z", "updated_at": "2026-11-24T12:00:00Z",
        "performed_via_github_app": app.map(|id| json!({ "id": id })),
    })
}
