//! Requests that are nearly right, sent to the sandbox: it has to refuse every one that GitHub's
//! description forbids, and to take the right one afterwards.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use bailiwick::clock::{Clock as _, OsEntropy, SystemClock};
use bailiwick::sandbox::github::{AppOptions, Change, GitHub, NewPullRequest, Options};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::description::Description;
use crate::mutants::{self, Mutant};
use crate::paths;
use crate::pointer::join;
use crate::table::Table;

const REPO: &str = "/repos/org/cluster";
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

/// A sandbox with an organisation, a repository, two branches, and the App installed.
pub(crate) struct World {
    pub(crate) github: GitHub,
    client: reqwest::Client,
    token: String,
}

impl World {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let app = AppOptions { id: 42, slug: "bailiwick".into(), webhook_url: None, webhook_secret: "secret".into() };
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = Options { listen, app, clock: Arc::new(SystemClock), entropy: Arc::new(OsEntropy) };
        let github = GitHub::start(options).await?;
        github.create_org("org")?;
        github.create_user("alice")?;
        github.add_member("org", "alice", true)?;
        github.create_repository("org/cluster", &[("README.md", "# Cluster\n"), ("a.yaml", "a: 1\n")]).await?;
        for branch in ["one", "two", "three"] {
            let changes = [Change::write(&format!("{branch}.txt"), "new\n")];
            github.push("alice", ("org/cluster", branch), &changes, "Change").await?;
        }
        let new = NewPullRequest { head: "one", base: "main", title: "A change", body: "" };
        github.open_pull("alice", "org/cluster", new).await?;
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        let mut world = Self { github, client, token: String::new() };
        let path = format!("/app/installations/{}/access_tokens", world.github.installation_id("org")?);
        let (_, minted) = world.send(&Method::POST, &path, &json!({})).await?;
        minted["token"].as_str().context("a token")?.clone_into(&mut world.token);
        Ok(world)
    }

    /// The App's own token.
    fn jwt(&self) -> anyhow::Result<String> {
        let now = SystemClock.now().as_second();
        let key = EncodingKey::from_rsa_pem(self.github.app_private_key().expose_secret().as_bytes())?;
        let claims = json!({"iss": "42", "iat": now - 60, "exp": now + 540});
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key)?)
    }

    async fn send(&self, method: &Method, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let token = if path.starts_with("/app/") { self.jwt()? } else { self.token.clone() };
        let url = format!("{}{path}", self.github.api_url());
        let request = self.client.request(method.clone(), url).bearer_auth(token).body(body.to_string());
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok((status, serde_json::from_slice(&response.bytes().await?).unwrap_or_default()))
    }
}

/// Sends everything; a table with a row per operation.
#[expect(clippy::future_not_send, reason = "it runs on one thread")]
pub(crate) async fn check(description: &Description<'_>, table: &mut Table) -> anyhow::Result<()> {
    let world = World::start().await?;
    let main = world.github.branch_tip("org/cluster", "main").await.context("a tip")?;
    let comment = world.github.comment("alice", "org/cluster", 1, "/help")?;
    let mut known = json!({"main": main, "comment": comment});
    for probe in probes(&world, &known)? {
        let made = probe.run(&world, description, table).await?;
        known[probe.name] = made;
    }
    for probe in later_probes(&known) {
        probe.run(&world, description, table).await?;
    }
    Ok(())
}

/// One right request.
struct Probe {
    name: &'static str,
    method: Method,
    path: String,
    body: Value,
}

fn probe(name: &'static str, method: Method, path: impl Into<String>, body: Value) -> Probe {
    Probe { name, method, path: path.into(), body }
}

/// What stands alone.
#[expect(clippy::too_many_lines, reason = "a table of requests")]
fn probes(world: &World, known: &Value) -> anyhow::Result<Vec<Probe>> {
    let (main, comment) = (&known["main"], &known["comment"]);
    let text = "x".to_owned();
    let annotation = json!({"path": "a.yaml", "start_line": 1, "end_line": 1, "start_column": 1, "end_column": 2,
        "annotation_level": "notice", "message": text, "title": text, "raw_details": text});
    let output = json!({"title": text, "summary": text, "text": text, "annotations": [annotation],
        "images": [{"alt": text, "image_url": "http://x/", "caption": text}]});
    let action = json!({"label": text, "description": text, "identifier": text});
    let person = json!({"name": "Ann", "email": "ann@example.org", "date": "2026-11-24T10:00:00Z"});
    let entry = json!({"path": "b.yaml", "mode": "100644", "type": "blob", "content": "b: 1\n"});
    let installation = world.github.installation_id("org")?;
    Ok(vec![
        probe(
            "token",
            Method::POST,
            format!("/app/installations/{installation}/access_tokens"),
            json!({
            "repositories": ["cluster"], "permissions": {"contents": "read"}}),
        ),
        probe(
            "hook",
            Method::PATCH,
            "/app/hook/config",
            json!({"url": "http://127.0.0.1:1/", "secret": "s", "content_type": "json", "insecure_ssl": "0"}),
        ),
        probe(
            "run",
            Method::POST,
            format!("{REPO}/check-runs"),
            json!({"name": "c", "head_sha": main, "details_url": "http://x/",
            "external_id": "e", "status": "in_progress", "started_at": "2026-11-24T10:00:00Z", "output": output, "actions": [action]}),
        ),
        probe(
            "pull",
            Method::POST,
            format!("{REPO}/pulls"),
            json!({"title": "T", "head": "two", "base": "main", "body": "B", "draft": false, "maintainer_can_modify": false}),
        ),
        probe("said", Method::POST, format!("{REPO}/issues/1/comments"), json!({"body": "Hello"})),
        probe(
            "reaction",
            Method::POST,
            format!("{REPO}/issues/comments/{comment}/reactions"),
            json!({"content": "eyes"}),
        ),
        probe("key", Method::POST, format!("{REPO}/keys"), json!({"title": "flux", "key": KEY, "read_only": true})),
        probe("blob", Method::POST, format!("{REPO}/git/blobs"), json!({"content": "x", "encoding": "utf-8"})),
        probe("tree", Method::POST, format!("{REPO}/git/trees"), json!({"base_tree": main, "tree": [entry]})),
        probe("ref", Method::POST, format!("{REPO}/git/refs"), json!({"ref": "refs/heads/new", "sha": main})),
        probe("moved", Method::PATCH, format!("{REPO}/git/refs/heads/three"), json!({"sha": main, "force": true})),
        probe(
            "deployment",
            Method::POST,
            format!("{REPO}/deployments"),
            json!({"ref": "main", "task": "deploy", "auto_merge": false,
            "required_contexts": [], "payload": {}, "environment": "dev", "description": "d", "transient_environment": false, "production_environment": false}),
        ),
        probe(
            "file",
            Method::PUT,
            format!("{REPO}/contents/new.txt"),
            json!({"message": "m", "content": "eA==", "branch": "new", "author": person, "committer": person}),
        ),
        probe(
            "repository",
            Method::POST,
            "/orgs/org/repos",
            json!({"name": "team", "description": "d", "private": true, "auto_init": true}),
        ),
    ])
}

/// What needs something that was made before.
fn later_probes(known: &Value) -> Vec<Probe> {
    let made = |name: &str, field: &str| known[name][field].to_string();
    let person = json!({"name": "Ann", "email": "ann@example.org", "date": "2026-11-24T10:00:00Z"});
    vec![
        probe(
            "edited",
            Method::PATCH,
            format!("{REPO}/issues/comments/{}", made("said", "id")),
            json!({"body": "Hello"}),
        ),
        probe(
            "run",
            Method::PATCH,
            format!("{REPO}/check-runs/{}", made("run", "id")),
            json!({"name": "c", "status": "completed",
            "conclusion": "success", "completed_at": "2026-11-24T10:00:00Z", "output": {"summary": "s"}, "actions": []}),
        ),
        probe(
            "pull",
            Method::PATCH,
            format!("{REPO}/pulls/{}", made("pull", "number")),
            json!({"title": "U", "body": "V", "state": "open", "base": "main"}),
        ),
        probe(
            "commit",
            Method::POST,
            format!("{REPO}/git/commits"),
            json!({"message": "m", "tree": known["tree"]["sha"],
            "parents": [known["main"]], "author": person, "committer": person}),
        ),
        probe(
            "status",
            Method::POST,
            format!("{REPO}/deployments/{}/statuses", made("deployment", "id")),
            json!({"state": "success",
            "log_url": "http://x/", "description": "d", "environment": "dev", "environment_url": "http://x/", "auto_inactive": false}),
        ),
        probe(
            "gone",
            Method::DELETE,
            format!("{REPO}/contents/new.txt"),
            json!({"message": "m", "sha": known["file"]["content"]["sha"],
            "branch": "new", "author": person}),
        ),
        probe(
            "merge",
            Method::PUT,
            format!("{REPO}/pulls/{}/merge", made("pull", "number")),
            json!({"commit_title": "t",
            "commit_message": "m", "sha": known["pull"]["head"]["sha"], "merge_method": "merge"}),
        ),
    ]
}

impl Probe {
    /// Sends the wrong requests and then the right one; gives its answer.
    #[expect(clippy::future_not_send, reason = "it runs on one thread")]
    async fn run(&self, world: &World, description: &Description<'_>, table: &mut Table) -> anyhow::Result<Value> {
        let method = self.method.as_str();
        let path = paths::of_path(description, method, &self.path);
        let path = path.with_context(|| format!("{method} {} is no operation of the description", self.path))?;
        let row = format!("{method} {path}");
        let schema = description.json_body(&join(&paths::operation(path, method), "requestBody"));
        let schema = schema.with_context(|| format!("{row} takes no body"))?;
        anyhow::ensure!(description.forbidden(&schema, &self.body).is_empty(), "the right body of {row} is wrong");
        for Mutant { place, body } in mutants::of(description, &schema, &self.body) {
            let (status, answer) = world.send(&self.method, &self.path, &body).await?;
            let fine = matches!(status, 400 | 422) && answer["message"].is_string();
            table.add(&row, if fine { Vec::new() } else { vec![format!("{place}: answered with {status}")] });
        }
        let (status, answer) = world.send(&self.method, &self.path, &self.body).await?;
        let fine = (200..300).contains(&status);
        table.add(&row, if fine { Vec::new() } else { vec![format!("the right body: {status} {answer}")] });
        Ok(answer)
    }
}
