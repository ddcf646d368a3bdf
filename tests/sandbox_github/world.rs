//! An organisation with a repository and three people, and a client that asks over HTTP.

use std::net::SocketAddr;
pub(crate) use std::sync::Arc;
pub(crate) use std::time::Duration;

pub(crate) use bailiwick::clock::Clock as _;
use bailiwick::clock::{Entropy as _, ManualClock, OsEntropy, SeededEntropy};
pub(crate) use bailiwick::sandbox::github::{
    AppOptions, Change, Effect, GitHub, Level, NewPullRequest, Options, Order, RestFault, Role,
};
pub(crate) use http::{HeaderMap, Method};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret as _;
pub(crate) use serde_json::{Value, json};

pub(crate) const REPO: &str = "org/dev-cluster";
pub(crate) const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

pub(crate) struct World {
    pub(crate) github: GitHub,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) client: reqwest::Client,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::new("2026-11-24T10:00:00Z".parse().expect("a time")));
        let options = Options {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            app: AppOptions {
                id: 42,
                slug: "bailiwick".into(),
                webhook_url: None,
                webhook_secret: "It's a Secret to Everybody".into(),
            },
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(7)),
        };
        let github = GitHub::start(options).await.expect("a free port");
        // For `make conformance`.
        if let Some(folder) = std::env::var_os("BAILIWICK_RECORD") {
            let name = format!("sandbox-alone-{}.jsonl", OsEntropy.uuid());
            github.record_to(&std::path::Path::new(&folder).join(name)).expect("BAILIWICK_RECORD names a folder");
        }
        github.create_org("org").expect("a new name");
        for login in ["alice", "bob", "mallory"] {
            github.create_user(login).expect("a new name");
        }
        github.create_repository(REPO, &[("README.md", "# Cluster\n"), ("cluster/a.yaml", "a: 1\n")]).await.unwrap();
        github.add_collaborator(REPO, "alice", Role::Admin).unwrap();
        github.add_collaborator(REPO, "bob", Role::Read).unwrap();
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { github, clock, client: client.build().expect("a client") }
    }

    pub(crate) fn jwt_with(&self, claims: &Value) -> String {
        let key = EncodingKey::from_rsa_pem(self.github.app_private_key().expose_secret().as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, &key.expect("a key in PEM")).expect("a token")
    }

    pub(crate) fn jwt(&self) -> String {
        let now = self.clock.now().as_second();
        self.jwt_with(&json!({"iss": "42", "iat": now - 60, "exp": now + 540}))
    }

    pub(crate) async fn send(&self, method: Method, path: &str, token: &str, body: Value) -> Reply {
        self.try_send(method, path, token, body).await.expect("an answer")
    }

    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Value,
    ) -> reqwest::Result<Reply> {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.github.api_url()) };
        let mut request = self.client.request(method, url);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        Ok(Reply { status, headers, body })
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Reply {
        self.send(Method::GET, path, token, Value::Null).await
    }

    /// The answer, unless it is one of those that the client has.
    pub(crate) async fn get_unless(&self, path: &str, token: &str, tags: &str) -> Reply {
        let mut request = self.client.get(format!("{}{path}", self.github.api_url())).header("if-none-match", tags);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await.expect("a body")).unwrap_or_default();
        Reply { status, headers, body }
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Reply {
        self.send(Method::POST, path, token, body).await
    }

    pub(crate) async fn mint(&self, body: Value) -> Reply {
        let id = self.github.installation_id("org").unwrap();
        self.post(&format!("/app/installations/{id}/access_tokens"), &self.jwt(), body).await
    }

    pub(crate) async fn token(&self) -> String {
        self.mint(Value::Null).await.body["token"].as_str().expect("a token").to_owned()
    }

    pub(crate) fn user(&self, login: &str) -> String {
        self.github.user_token(login).unwrap().expose_secret().to_owned()
    }

    /// A branch `change` with one commit, and a pull request from it.
    pub(crate) async fn pull(&self) -> (u64, String) {
        let changes = [Change::write("cluster/a.yaml", "a: 2\n"), Change::write("cluster/b.yaml", "b: 1\nc: 2\n")];
        let sha = self.github.push("alice", (REPO, "change"), &changes, "Change a").await.unwrap();
        let new = NewPullRequest { head: "change", base: "main", title: "Change a", body: "why" };
        (self.github.open_pull("alice", REPO, new).await.unwrap(), sha)
    }

    pub(crate) async fn main(&self) -> String {
        self.github.branch_tip(REPO, "main").await.expect("a tip")
    }
}

pub(crate) fn repo(path: &str) -> String {
    format!("/repos/{REPO}{path}")
}
