//! The sandbox's GitHub must not be more lenient than the real one: what GitHub refuses, it
//! refuses, with GitHub's status and words. Everything here goes over HTTP, as the App does.

#![expect(clippy::unwrap_used, reason = "a test may stop where the world is not as it was built")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::clock::{Clock as _, ManualClock, SeededEntropy};
use bailiwick::sandbox::github::{
    AppOptions, Change, Effect, GitHub, Level, NewPullRequest, Options, Order, RestFault, Role,
};
use http::{HeaderMap, Method};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

const REPO: &str = "org/dev-cluster";
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

struct World {
    github: GitHub,
    clock: Arc<ManualClock>,
    client: reqwest::Client,
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Reply {
    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl World {
    async fn new() -> Self {
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
        if let Some(file) = std::env::var_os("SANDBOX_EXCHANGES") {
            github.record_to(std::path::Path::new(&file)).expect("a file to write");
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

    fn jwt_with(&self, claims: &Value) -> String {
        let key = EncodingKey::from_rsa_pem(self.github.app_private_key().expose_secret().as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, &key.expect("a key in PEM")).expect("a token")
    }

    fn jwt(&self) -> String {
        let now = self.clock.now().as_second();
        self.jwt_with(&json!({"iss": "42", "iat": now - 60, "exp": now + 540}))
    }

    async fn send(&self, method: Method, path: &str, token: &str, body: Value) -> Reply {
        self.try_send(method, path, token, body).await.expect("an answer")
    }

    async fn try_send(&self, method: Method, path: &str, token: &str, body: Value) -> reqwest::Result<Reply> {
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

    async fn get(&self, path: &str, token: &str) -> Reply {
        self.send(Method::GET, path, token, Value::Null).await
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> Reply {
        self.send(Method::POST, path, token, body).await
    }

    async fn mint(&self, body: Value) -> Reply {
        let id = self.github.installation_id("org").unwrap();
        self.post(&format!("/app/installations/{id}/access_tokens"), &self.jwt(), body).await
    }

    async fn token(&self) -> String {
        self.mint(Value::Null).await.body["token"].as_str().expect("a token").to_owned()
    }

    fn user(&self, login: &str) -> String {
        self.github.user_token(login).unwrap().expose_secret().to_owned()
    }

    /// A branch `change` with one commit, and a pull request from it.
    async fn pull(&self) -> (u64, String) {
        let changes = [Change::write("cluster/a.yaml", "a: 2\n"), Change::write("cluster/b.yaml", "b: 1\nc: 2\n")];
        let sha = self.github.push("alice", (REPO, "change"), &changes, "Change a").await.unwrap();
        let new = NewPullRequest { head: "change", base: "main", title: "Change a", body: "why" };
        (self.github.open_pull("alice", REPO, new).await.unwrap(), sha)
    }

    async fn main(&self) -> String {
        self.github.branch_tip(REPO, "main").await.expect("a tip")
    }
}

fn repo(path: &str) -> String {
    format!("/repos/{REPO}{path}")
}

mod apps {
    use super::*;

    #[tokio::test]
    async fn a_jwt_lives_ten_minutes_and_is_signed_by_the_app() {
        let world = World::new().await;
        assert_eq!(world.get("/app", &world.jwt()).await.body["slug"], "bailiwick");
        let now = world.clock.now().as_second();
        let refused = [
            json!({"iss": "42", "iat": now, "exp": now + 601}),
            json!({"iss": "42", "iat": now + 5, "exp": now + 540}),
            json!({"iss": "42", "iat": now - 100, "exp": now}),
            json!({"iss": "41", "iat": now, "exp": now + 540}),
            json!({"iat": now, "exp": now + 540}),
            json!({"iss": "42", "exp": now + 540}),
        ];
        for claims in refused {
            let reply = world.get("/app", &world.jwt_with(&claims)).await;
            assert_eq!(reply.status, 401, "{claims}");
        }
        assert_eq!(
            world.get("/app", &world.jwt_with(&json!({"iss": 42, "iat": now, "exp": now + 600}))).await.status,
            200
        );
        let mut forged = world.jwt();
        forged.truncate(forged.len() - 4);
        assert_eq!(world.get("/app", &forged).await.message(), "A JSON web token could not be decoded");
        assert_eq!(world.get("/app", "").await.status, 401);
        assert_eq!(world.get("/app", &world.token().await).await.status, 401);
        let other = World::new().await;
        assert_eq!(world.get("/app", &other.jwt()).await.status, 401);
    }

    #[tokio::test]
    async fn a_token_is_long_and_ends_after_an_hour() {
        let world = World::new().await;
        let minted = world.mint(Value::Null).await;
        assert_eq!(minted.status, 201);
        let token = minted.body["token"].as_str().unwrap();
        assert!(token.starts_with("ghs_42_") && token.len() > 450 && token.contains('.'), "{}", token.len());
        assert_eq!(minted.body["expires_at"], "2026-11-24T11:00:00Z");
        assert_eq!(world.get(&repo(""), token).await.status, 200);
        world.clock.advance(Duration::from_secs(3600));
        let late = world.get(&repo(""), token).await;
        assert_eq!((late.status, late.message()), (401, "Bad credentials"));
        let fresh = world.token().await;
        assert_eq!(world.send(Method::DELETE, "/installation/token", &fresh, Value::Null).await.status, 204);
        assert_eq!(world.get(&repo(""), &fresh).await.status, 401);
    }

    #[tokio::test]
    async fn a_token_reaches_only_its_repositories() {
        let world = World::new().await;
        let other = world.github.create_repository("org/other", &[("a", "b")]).await.unwrap();
        let minted = world.mint(json!({"repositories": ["dev-cluster"]})).await;
        let token = minted.body["token"].as_str().unwrap();
        assert_eq!(minted.body["repositories"][0]["full_name"], REPO);
        let listed = world.get("/installation/repositories", token).await;
        assert_eq!(
            (&listed.body["total_count"], &listed.body["repositories"][0]["full_name"]),
            (&json!(1), &json!(REPO))
        );
        assert_eq!(world.get(&repo(""), token).await.status, 200);
        assert_eq!(world.get("/repos/org/other", token).await.status, 404);
        assert_eq!(world.get(&format!("/repositories/{other}"), token).await.status, 404);
        world.github.set_private("org/other", false).unwrap();
        assert_eq!(world.get("/repos/org/other", token).await.status, 200);
        let written = world.post("/repos/org/other/git/blobs", token, json!({"content": "x"})).await;
        assert_eq!((written.status, written.message()), (403, "Resource not accessible by integration"));
        assert_eq!(world.mint(json!({"repository_ids": [1]})).await.status, 422);
        assert_eq!(world.mint(json!({"repositories": ["nothing"]})).await.status, 422);
    }

    #[tokio::test]
    async fn a_token_may_only_what_it_was_given() {
        let world = World::new().await;
        assert_eq!(world.mint(json!({"permissions": {"workflows": "write"}})).await.status, 422);
        assert_eq!(world.mint(json!({"permissions": {"members": "write"}})).await.status, 422);
        let minted = world.mint(json!({"permissions": {"contents": "read"}})).await;
        assert_eq!(minted.body["permissions"], json!({"contents": "read", "metadata": "read"}));
        let token = minted.body["token"].as_str().unwrap();
        assert_eq!(world.get(&repo("/contents/README.md"), token).await.status, 200);
        for (method, path) in [
            (Method::GET, "/keys"),
            (Method::POST, "/keys"),
            (Method::POST, "/check-runs"),
            (Method::POST, "/git/blobs"),
            (Method::GET, "/pulls"),
            (Method::POST, "/pulls"),
            (Method::POST, "/deployments"),
        ] {
            let reply = world.send(method, &repo(path), token, json!({})).await;
            assert_eq!((reply.status, reply.message()), (403, "Resource not accessible by integration"), "{path}");
        }
        let all = world.token().await;
        assert_eq!(world.get(&repo("/keys"), &all).await.status, 200);
        world.github.set_permission("org", "administration", None).unwrap();
        assert_eq!(world.get(&repo("/keys"), &all).await.status, 403);
        world.github.suspend("org", true).unwrap();
        assert_eq!(world.get(&repo(""), &all).await.status, 403);
        assert_eq!(world.mint(Value::Null).await.status, 403);
    }

    #[tokio::test]
    async fn installations_are_found_by_repository_and_organisation() {
        let world = World::new().await;
        let id = json!(world.github.installation_id("org").unwrap());
        assert_eq!(world.get(&repo("/installation"), &world.jwt()).await.body["id"], id);
        assert_eq!(world.get("/orgs/org/installation", &world.jwt()).await.body["id"], id);
        assert_eq!(world.get("/app/installations", &world.jwt()).await.body[0]["id"], id);
        assert_eq!(world.get(&repo("/installation"), &world.token().await).await.status, 401);
        world.github.uninstall("org").unwrap();
        assert_eq!(world.get(&repo("/installation"), &world.jwt()).await.status, 404);
    }
}

mod reading {
    use super::*;

    #[tokio::test]
    async fn what_may_not_be_read_does_not_exist() {
        let world = World::new().await;
        for path in ["", "/pulls", "/keys", "/contents/README.md", "/issues/1/comments"] {
            assert_eq!(world.get(&repo(path), "").await.status, 404, "{path}");
            assert_eq!(world.get(&repo(path), &world.user("mallory")).await.status, 404, "{path}");
        }
        assert_eq!(world.get(&repo(""), "nonsense").await.status, 401);
        assert_eq!(world.get(&repo("/keys"), &world.user("bob")).await.status, 404);
        assert_eq!(world.get(&repo("/keys"), &world.user("alice")).await.status, 200);
        let unknown = world.get("/repos/org/dev-cluster/nothing", &world.token().await).await;
        assert_eq!(unknown.status, 404);
        assert_eq!(unknown.body["status"], "404");
        assert!(unknown.body["documentation_url"].is_string());
    }

    #[tokio::test]
    async fn every_answer_tells_the_budget() {
        let world = World::new().await;
        let reply = world.get("/meta", "").await;
        assert_eq!(reply.header("x-ratelimit-limit"), "5000");
        let remaining: u64 = reply.header("x-ratelimit-remaining").parse().unwrap();
        let next: u64 = world.get("/meta", "").await.header("x-ratelimit-remaining").parse().unwrap();
        assert!(next < remaining && remaining < 5000);
        assert!(!reply.header("x-github-request-id").is_empty());
        assert!(reply.header("x-ratelimit-reset").parse::<i64>().unwrap() > world.clock.now().as_second());
    }

    #[tokio::test]
    async fn lists_come_in_pages_with_absolute_links() {
        let world = World::new().await;
        let number = world.github.open_issue("alice", REPO, "Commands", "here").unwrap();
        for index in 0..5 {
            world.github.comment("alice", REPO, number, &format!("comment {index}")).unwrap();
        }
        let token = world.token().await;
        let path = repo(&format!("/issues/{number}/comments?per_page=2"));
        let first = world.get(&path, &token).await;
        assert_eq!(first.body.as_array().unwrap().len(), 2);
        let link = first.header("link");
        let base = world.github.api_url();
        assert!(link.starts_with(&format!("<{base}/repositories/")), "{link}");
        assert!(link.contains("rel=\"next\"") && link.contains("rel=\"last\"") && !link.contains("prev"), "{link}");
        let next = link.split(['<', '>']).nth(1).unwrap();
        let second = world.get(next, &token).await;
        assert_eq!(second.body[0]["body"], "comment 2");
        let last = world.get(&format!("{path}&page=3"), &token).await;
        assert_eq!(last.body.as_array().unwrap().len(), 1);
        assert!(last.header("link").contains("rel=\"prev\"") && !last.header("link").contains("next"));
        assert_eq!(world.get(&format!("{path}&page=9"), &token).await.body, json!([]));
    }

    #[tokio::test]
    async fn a_renamed_repository_redirects_to_its_id() {
        let world = World::new().await;
        world.github.rename_repository(REPO, "new-name").unwrap();
        let token = world.token().await;
        let got = world.get(&repo("/pulls?state=all"), &token).await;
        assert_eq!(got.status, 301);
        let location = got.header("location").to_owned();
        assert!(location.contains("/repositories/") && location.ends_with("/pulls"), "{location}");
        assert_eq!(world.get(&location, &token).await.status, 200);
        assert_eq!(world.post(&repo("/git/blobs"), &token, json!({"content": "x"})).await.status, 307);
    }

    #[tokio::test]
    async fn files_and_directories_are_read_at_a_reference() {
        let world = World::new().await;
        world.pull().await;
        let token = world.token().await;
        let file = world.get(&repo("/contents/cluster/a.yaml?ref=change"), &token).await;
        assert_eq!((&file.body["type"], &file.body["encoding"]), (&json!("file"), &json!("base64")));
        assert_eq!(file.body["content"], "YTogMgo=\n");
        let listed = world.get(&repo("/contents/cluster"), &token).await;
        assert_eq!(listed.body.as_array().unwrap().len(), 1);
        assert_eq!(world.get(&repo("/contents/cluster/b.yaml"), &token).await.status, 404);
        assert_eq!(world.get(&repo("/contents/a?ref=nothing"), &token).await.status, 404);
        let tree = world.get(&repo("/git/trees/change?recursive=1"), &token).await;
        let paths: Vec<_> =
            tree.body["tree"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["README.md", "cluster", "cluster/a.yaml", "cluster/b.yaml"]);
        assert_eq!(world.get(&repo("/git/ref/heads/nothing"), &token).await.status, 404);
        let compared = world.get(&repo("/compare/main...change"), &token).await;
        assert_eq!((&compared.body["status"], &compared.body["ahead_by"]), (&json!("ahead"), &json!(1)));
        assert_eq!(world.get(&repo("/branches/change"), &token).await.body["name"], "change");
        assert_eq!(world.get(&repo("/commits/main"), &token).await.body["commit"]["message"], "Initial commit");
    }

    #[tokio::test]
    async fn rights_are_told_by_role_and_team() {
        let world = World::new().await;
        let github = &world.github;
        github.create_team("org", "platform", &["mallory"]).unwrap();
        github.add_to_team(("org", "platform"), "bob", false).unwrap();
        github.set_base_role("org", Role::None).unwrap();
        github.add_collaborator(REPO, "bob", Role::Triage).unwrap();
        let token = world.token().await;
        let permission = |login: &str| repo(&format!("/collaborators/{login}/permission"));
        for (login, legacy, role) in
            [("alice", "admin", "admin"), ("bob", "read", "triage"), ("mallory", "none", "none")]
        {
            let reply = world.get(&permission(login), &token).await;
            assert_eq!((&reply.body["permission"], &reply.body["role_name"]), (&json!(legacy), &json!(role)));
            assert!(reply.body["user"]["id"].is_u64());
        }
        github.give_team(("org", "platform"), REPO, Role::Maintain).unwrap();
        let reply = world.get(&permission("mallory"), &token).await;
        assert_eq!((&reply.body["permission"], &reply.body["role_name"]), (&json!("write"), &json!("maintain")));
        assert_eq!(world.get(&permission("nobody"), &token).await.status, 404);
        let membership = |login: &str| format!("/orgs/org/teams/platform/memberships/{login}");
        assert_eq!(world.get(&membership("mallory"), &token).await.body["state"], "active");
        assert_eq!(world.get(&membership("bob"), &token).await.body["state"], "pending");
        assert_eq!(world.get(&membership("alice"), &token).await.status, 404);
        github.set_permission("org", "members", None).unwrap();
        assert_eq!(world.get(&membership("mallory"), &token).await.status, 403);
    }
}

mod writing {
    use super::*;

    #[tokio::test]
    async fn commits_of_the_app_are_made_from_trees_and_signed() {
        let world = World::new().await;
        let token = world.token().await;
        let main = world.main().await;
        let tree = json!({"base_tree": main, "tree": [
            {"path": "cluster/team2/rbac.yaml", "mode": "100644", "type": "blob", "content": "x: ü\n"},
            {"path": "cluster/a.yaml", "mode": "100644", "type": "blob", "sha": null},
        ]});
        let tree = world.post(&repo("/git/trees"), &token, tree).await;
        assert_eq!(tree.status, 201);
        let commit = json!({"message": "Add team2", "tree": tree.body["sha"], "parents": [main]});
        let commit = world.post(&repo("/git/commits"), &token, commit).await;
        assert_eq!(commit.status, 201);
        assert_eq!(commit.body["verification"]["verified"], true);
        assert_eq!(commit.body["author"]["name"], "bailiwick[bot]");
        let sha = commit.body["sha"].as_str().unwrap();
        let name = "refs/heads/bailiwick/create-team/team2";
        let made = world.post(&repo("/git/refs"), &token, json!({"ref": name, "sha": sha})).await;
        assert_eq!((made.status, &made.body["object"]["sha"]), (201, &json!(sha)));
        let again = world.post(&repo("/git/refs"), &token, json!({"ref": name, "sha": sha})).await;
        assert_eq!((again.status, again.message()), (422, "Reference already exists"));
        let got = world.get(&repo("/git/ref/heads/bailiwick/create-team/team2"), &token).await;
        assert_eq!(got.body["object"]["sha"], json!(sha));
        let read = world.github.read_file(REPO, "bailiwick/create-team/team2", "cluster/team2/rbac.yaml").await;
        assert_eq!(read.as_deref(), Some("x: ü\n"));
        assert_eq!(world.github.read_file(REPO, "bailiwick/create-team/team2", "cluster/a.yaml").await, None);
        let signed = json!({"message": "m", "tree": tree.body["sha"], "author": {"name": "a", "email": "a@b"}});
        let signed = world.post(&repo("/git/commits"), &token, signed).await;
        assert_eq!(signed.body["verification"]["verified"], false);
    }

    #[tokio::test]
    async fn references_move_forward_unless_forced() {
        let world = World::new().await;
        let (_, sha) = world.pull().await;
        let token = world.token().await;
        let main = world.main().await;
        let path = repo("/git/refs/heads/change");
        let back = world.send(Method::PATCH, &path, &token, json!({"sha": main})).await;
        assert_eq!((back.status, back.message()), (422, "Update is not a fast forward"));
        assert_eq!(world.send(Method::PATCH, &path, &token, json!({"sha": "12"})).await.status, 422);
        assert_eq!(world.send(Method::PATCH, &path, &token, json!({"sha": "0".repeat(39) + "1"})).await.status, 422);
        let ahead = world.send(Method::PATCH, &repo("/git/refs/heads/main"), &token, json!({"sha": sha})).await;
        assert_eq!(ahead.status, 200);
        let pull = &world.github.pulls(REPO)[0];
        assert_eq!((pull.open, pull.merged.as_deref()), (false, Some(sha.as_str())));
        let forced = world.send(Method::PATCH, &path, &token, json!({"sha": main, "force": true})).await;
        assert_eq!(forced.status, 200);
        assert_eq!(world.send(Method::DELETE, &path, &token, Value::Null).await.status, 204);
        let gone = world.send(Method::DELETE, &path, &token, Value::Null).await;
        assert_eq!((gone.status, gone.message()), (422, "Reference does not exist"));
        for bad in ["main", "refs/heads", "refs/heads/a b", "refs/heads/a^", "refs/heads/a..b"] {
            assert_eq!(
                world.post(&repo("/git/refs"), &token, json!({"ref": bad, "sha": main})).await.status,
                422,
                "{bad}"
            );
        }
    }

    #[tokio::test]
    async fn an_empty_repository_has_no_git_database() {
        let world = World::new().await;
        world.github.create_repository("org/empty", &[]).await.unwrap();
        let token = world.token().await;
        for (path, body) in [
            ("/git/blobs", json!({"content": "x"})),
            ("/git/trees", json!({"tree": []})),
            ("/git/refs", json!({"ref": "refs/heads/main", "sha": "0".repeat(40)})),
        ] {
            let reply = world.post(&format!("/repos/org/empty{path}"), &token, body).await;
            assert_eq!((reply.status, reply.message()), (409, "Git Repository is empty."), "{path}");
        }
    }

    #[tokio::test]
    async fn a_repository_is_made_in_an_organisation() {
        let world = World::new().await;
        let token = world.token().await;
        let new = json!({"name": "dev-team2", "private": true, "auto_init": true});
        let made = world.post("/orgs/org/repos", &token, new.clone()).await;
        assert_eq!(
            (made.status, &made.body["full_name"], &made.body["private"]),
            (201, &json!("org/dev-team2"), &json!(true))
        );
        assert_eq!(world.get("/repos/org/dev-team2/git/ref/heads/main", &token).await.status, 200);
        let again = world.post("/orgs/org/repos", &token, new).await;
        assert_eq!(again.status, 422);
        assert_eq!(again.body["errors"][0]["message"], "name already exists on this account");
        assert_eq!(world.post("/orgs/org/repos", &token, json!({"name": "a/b"})).await.status, 422);
        assert_eq!(world.post("/orgs/org/repos", &token, json!({})).await.status, 422);
        let weak = world.mint(json!({"permissions": {"administration": "read"}})).await.body["token"].clone();
        assert_eq!(world.post("/orgs/org/repos", weak.as_str().unwrap(), json!({"name": "x"})).await.status, 403);
        assert_eq!(world.post("/orgs/org/repos", &world.user("alice"), json!({"name": "x"})).await.status, 403);
    }

    #[tokio::test]
    async fn trees_refuse_what_cannot_be() {
        let world = World::new().await;
        let token = world.token().await;
        for entry in [
            json!({"path": "../x", "mode": "100644", "content": ""}),
            json!({"path": ".git/config", "mode": "100644", "content": ""}),
            json!({"path": "x", "mode": "100600", "content": ""}),
            json!({"path": "x", "mode": "100644", "sha": "0".repeat(40)}),
            json!({"path": "x", "mode": "100644", "sha": "0".repeat(40), "content": ""}),
            json!({"path": "x", "mode": "100644"}),
        ] {
            assert_eq!(world.post(&repo("/git/trees"), &token, json!({"tree": [entry]})).await.status, 422, "{entry}");
        }
        let reply = world.post(&repo("/git/trees"), &token, json!({"base_tree": "0".repeat(40), "tree": []})).await;
        assert_eq!(reply.status, 422);
        assert_eq!(world.post(&repo("/git/commits"), &token, json!({"message": "m"})).await.status, 422);
        assert_eq!(world.post(&repo("/git/blobs"), &token, json!([1])).await.status, 400);
    }
}

mod pulls {
    use super::*;

    #[tokio::test]
    async fn a_pull_request_follows_its_branch() {
        let world = World::new().await;
        let (number, sha) = world.pull().await;
        let token = world.token().await;
        let pull = world.get(&repo(&format!("/pulls/{number}")), &token).await.body;
        assert_eq!((&pull["head"]["sha"], &pull["mergeable"]), (&json!(sha), &json!(true)));
        assert_eq!((&pull["changed_files"], &pull["additions"], &pull["commits"]), (&json!(2), &json!(3), &json!(1)));
        let files = world.get(&repo(&format!("/pulls/{number}/files")), &token).await.body;
        assert_eq!(files[0]["filename"], "cluster/a.yaml");
        assert_eq!(files[0]["patch"], "@@ -1 +1 @@\n-a: 1\n+a: 2");
        assert_eq!((&files[1]["status"], &files[1]["additions"]), (&json!("added"), &json!(2)));
        let change = [Change::delete("README.md")];
        let newer = world.github.push("alice", (REPO, "change"), &change, "More").await.unwrap();
        let pull = world.get(&repo(&format!("/pulls/{number}")), &token).await.body;
        assert_eq!((&pull["head"]["sha"], &pull["commits"]), (&json!(newer), &json!(2)));
        let merged =
            world.send(Method::PUT, &repo(&format!("/pulls/{number}/merge")), &token, json!({"sha": sha})).await;
        assert_eq!(merged.status, 409);
        let merged =
            world.send(Method::PUT, &repo(&format!("/pulls/{number}/merge")), &token, json!({"sha": newer})).await;
        assert_eq!((merged.status, &merged.body["merged"]), (200, &json!(true)));
        assert_eq!(world.main().await, merged.body["sha"].as_str().unwrap());
        let again = world.send(Method::PUT, &repo(&format!("/pulls/{number}/merge")), &token, json!({})).await;
        assert_eq!(again.status, 405);
        let files = world.get(&repo(&format!("/pulls/{number}/files")), &token).await.body;
        assert_eq!(files.as_array().unwrap().len(), 3, "a merged pull request keeps its files");
        let issue = world.get(&repo(&format!("/issues/{number}")), &token).await.body;
        assert!(issue["pull_request"]["merged_at"].is_string());
    }

    #[tokio::test]
    async fn pull_requests_are_refused_as_on_github() {
        let world = World::new().await;
        world.pull().await;
        let token = world.token().await;
        let new = |head: &str, base: &str, title: &str| json!({"head": head, "base": base, "title": title});
        let twice = world.post(&repo("/pulls"), &token, new("change", "main", "again")).await;
        assert_eq!(twice.status, 422);
        assert_eq!(twice.body["errors"][0]["message"], "A pull request already exists for org:change.");
        for (body, field) in [
            (new("nothing", "main", "t"), "head"),
            (new("change", "nothing", "t"), "base"),
            (new("change", "main", ""), "title"),
        ] {
            let reply = world.post(&repo("/pulls"), &token, body).await;
            assert_eq!((reply.status, &reply.body["errors"][0]["field"]), (422, &json!(field)));
        }
        assert_eq!(world.post(&repo("/pulls"), &token, json!({"title": "t"})).await.status, 422);
        let same = world.post(&repo("/pulls"), &token, new("main", "change", "t")).await;
        assert_eq!(same.body["errors"][0]["message"], "No commits between change and main");
        let long = json!({"head": "change", "base": "main", "title": "t", "body": "x".repeat(65_537)});
        assert_eq!(world.post(&repo("/pulls"), &token, long).await.status, 422);
        let found = world.get(&repo("/pulls?head=org:change&state=all"), &token).await;
        assert_eq!(found.body.as_array().unwrap().len(), 1);
        assert_eq!(world.get(&repo("/pulls?head=org:other"), &token).await.body, json!([]));
    }

    #[tokio::test]
    async fn a_conflict_cannot_be_merged() {
        let world = World::new().await;
        let (number, _) = world.pull().await;
        world.github.push("alice", (REPO, "main"), &[Change::write("cluster/a.yaml", "a: 3\n")], "x").await.unwrap();
        let token = world.token().await;
        let pull = world.get(&repo(&format!("/pulls/{number}")), &token).await.body;
        assert_eq!((&pull["mergeable"], &pull["mergeable_state"]), (&json!(false), &json!("dirty")));
        let merged = world.send(Method::PUT, &repo(&format!("/pulls/{number}/merge")), &token, json!({})).await;
        assert_eq!((merged.status, merged.message()), (405, "Pull Request is not mergeable"));
    }

    #[tokio::test]
    async fn a_protected_branch_waits_for_its_check() {
        let world = World::new().await;
        let (number, sha) = world.pull().await;
        world.github.protect(REPO, &["bailiwick/review"]).unwrap();
        assert!(world.github.merge("alice", REPO, number).await.is_err());
        let token = world.token().await;
        let run = json!({"name": "bailiwick/review", "head_sha": sha, "conclusion": "success"});
        assert_eq!(world.post(&repo("/check-runs"), &token, run).await.status, 201);
        world.github.merge("alice", REPO, number).await.unwrap();
    }

    #[tokio::test]
    async fn the_head_of_a_fork_is_in_the_repository() {
        let world = World::new().await;
        let new = NewPullRequest { head: "patch", base: "main", title: "Mine", body: "" };
        let change = [Change::write("x", "y\n")];
        let fork = world.github.open_pull_from_fork("bob", REPO, &change, new).await.unwrap();
        assert_eq!(fork.fork, "bob/dev-cluster");
        let token = world.token().await;
        let pull = world.get(&repo(&format!("/pulls/{}", fork.number)), &token).await.body;
        assert_ne!(pull["head"]["repo"]["id"], pull["base"]["repo"]["id"]);
        assert_eq!(pull["head"]["label"], "bob:patch");
        let reference = world.get(&repo(&format!("/git/ref/pull/{}/head", fork.number)), &token).await;
        assert_eq!(reference.body["object"]["sha"], json!(fork.head));
        let run = json!({"name": "c", "head_sha": fork.head});
        let run = world.post(&repo("/check-runs"), &token, run).await;
        assert_eq!((run.status, &run.body["pull_requests"]), (201, &json!([])));
        assert_eq!(world.get("/repos/bob/dev-cluster", &token).await.status, 404, "the App is not installed there");
        let newer = world.github.push("bob", ("bob/dev-cluster", "patch"), &change, "again").await.unwrap();
        assert_eq!(world.github.pull(REPO, fork.number).unwrap().head_sha, newer);
    }

    #[tokio::test]
    async fn pull_requests_close_reopen_and_change_their_base() {
        let world = World::new().await;
        let (number, _) = world.pull().await;
        let token = world.token().await;
        let path = repo(&format!("/pulls/{number}"));
        let closed = world.send(Method::PATCH, &path, &token, json!({"state": "closed"})).await;
        assert_eq!((closed.status, &closed.body["state"]), (200, &json!("closed")));
        let opened = world.send(Method::PATCH, &path, &token, json!({"state": "open", "title": "New"})).await;
        assert_eq!((&opened.body["state"], &opened.body["title"]), (&json!("open"), &json!("New")));
        assert_eq!(world.send(Method::PATCH, &path, &token, json!({"base": "nothing"})).await.status, 422);
        assert_eq!(world.send(Method::PATCH, &path, &world.user("bob"), json!({"state": "closed"})).await.status, 403);
        world.github.delete_branch("alice", REPO, "change").await.unwrap();
        assert!(!world.github.pull(REPO, number).unwrap().open);
        assert_eq!(world.send(Method::PATCH, &path, &token, json!({"state": "open"})).await.status, 422);
    }
}

mod comments {
    use super::*;

    #[tokio::test]
    async fn comments_are_written_changed_and_removed() {
        let world = World::new().await;
        let (number, _) = world.pull().await;
        let token = world.token().await;
        let path = repo(&format!("/issues/{number}/comments"));
        let made = world.post(&path, &token, json!({"body": "hello"})).await;
        assert_eq!((made.status, &made.body["user"]["login"]), (201, &json!("bailiwick[bot]")));
        assert_eq!(made.body["performed_via_github_app"]["slug"], "bailiwick");
        let id = made.body["id"].as_u64().unwrap();
        let own = repo(&format!("/issues/comments/{id}"));
        let changed = world.send(Method::PATCH, &own, &token, json!({"body": "new"})).await;
        assert_eq!((changed.status, &changed.body["body"]), (200, &json!("new")));
        let theirs = world.github.comment("alice", REPO, number, "mine").unwrap();
        let theirs = repo(&format!("/issues/comments/{theirs}"));
        assert_eq!(world.send(Method::PATCH, &theirs, &token, json!({"body": "x"})).await.status, 403);
        assert_eq!(world.send(Method::PATCH, &theirs, &world.user("bob"), json!({"body": "x"})).await.status, 403);
        assert_eq!(world.send(Method::DELETE, &own, &token, Value::Null).await.status, 204);
        assert_eq!(world.get(&own, &token).await.status, 404);
        let long = world.post(&path, &token, json!({"body": "ü".repeat(65_537)})).await;
        assert_eq!(long.status, 422);
        assert_eq!(long.body["errors"][0]["message"], "Body is too long (maximum is 65536 characters)");
        assert_eq!(world.post(&path, &token, json!({"body": "ü".repeat(65_536)})).await.status, 201);
        assert_eq!(world.post(&path, &token, json!({"body": " "})).await.status, 422);
        assert_eq!(world.post(&path, &token, json!({})).await.status, 422);
        assert_eq!(world.post(&repo("/issues/99/comments"), &token, json!({"body": "x"})).await.status, 404);
    }

    #[tokio::test]
    async fn a_reaction_is_made_once() {
        let world = World::new().await;
        let (number, _) = world.pull().await;
        let id = world.github.comment("alice", REPO, number, "/help").unwrap();
        let token = world.token().await;
        let path = repo(&format!("/issues/comments/{id}/reactions"));
        assert_eq!(world.post(&path, &token, json!({"content": "eyes"})).await.status, 201);
        assert_eq!(world.post(&path, &token, json!({"content": "eyes"})).await.status, 200);
        assert_eq!(world.post(&path, &token, json!({"content": "cheese"})).await.status, 422);
        let comment = world.get(&repo(&format!("/issues/comments/{id}")), &token).await;
        assert_eq!(comment.body["reactions"]["eyes"], 1);
        assert_eq!(world.github.comments(REPO, number)[0].reactions, [("bailiwick[bot]".into(), "eyes".into())]);
    }

    #[tokio::test]
    async fn plain_issues_need_the_issues_permission() {
        let world = World::new().await;
        let (pull, _) = world.pull().await;
        let issue = world.github.open_issue("alice", REPO, "Commands", "").unwrap();
        assert_eq!(issue, pull + 1, "one sequence of numbers");
        world.github.set_permission("org", "issues", Some(Level::Read)).unwrap();
        let token = world.token().await;
        let body = json!({"body": "x"});
        assert_eq!(world.post(&repo(&format!("/issues/{pull}/comments")), &token, body.clone()).await.status, 201);
        assert_eq!(world.post(&repo(&format!("/issues/{issue}/comments")), &token, body).await.status, 403);
    }
}

mod checks {
    use super::*;

    fn annotation() -> Value {
        json!({"path": "cluster/a.yaml", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "m"})
    }

    fn with(field: &str, value: Value) -> Value {
        let mut annotation = annotation();
        annotation[field] = value;
        annotation
    }

    async fn with_output(world: &World, output: Value) -> Reply {
        let run = json!({"name": "c", "head_sha": world.main().await, "output": output});
        world.post(&repo("/check-runs"), &world.token().await, run).await
    }

    #[tokio::test]
    async fn fifty_annotations_fit_and_more_are_appended() {
        let world = World::new().await;
        let token = world.token().await;
        let many = |count: usize| Value::Array(vec![annotation(); count]);
        let output = |count| json!({"title": "t", "summary": "s", "annotations": many(count)});
        assert_eq!(with_output(&world, output(51)).await.status, 422);
        let made = with_output(&world, output(50)).await;
        assert_eq!(made.status, 201);
        let path = repo(&format!("/check-runs/{}", made.body["id"]));
        let more = world.send(Method::PATCH, &path, &token, json!({"output": output(3)})).await;
        assert_eq!(more.body["output"]["annotations_count"], 53);
        let page = world.get(&format!("{path}/annotations?per_page=50&page=2"), &token).await;
        assert_eq!(page.body.as_array().unwrap().len(), 3);
        assert_eq!(page.body[0]["annotation_level"], "failure");
    }

    #[tokio::test]
    async fn bad_annotations_are_refused() {
        let world = World::new().await;
        let mut multiline = with("end_line", json!(2));
        multiline["start_column"] = json!(1);
        let mut pathless = annotation();
        pathless.as_object_mut().unwrap().remove("path");
        for bad in [
            with("annotation_level", json!("error")),
            with("start_line", json!("1")),
            with("start_line", json!(2)),
            with("title", json!("x".repeat(256))),
            with("message", json!("x".repeat(65_537))),
            multiline,
            pathless,
        ] {
            let reply = with_output(&world, json!({"title": "t", "summary": "s", "annotations": [bad]})).await;
            assert_eq!(reply.status, 422, "{bad}");
        }
        let mut fine = annotation();
        fine["start_column"] = json!(1);
        fine["end_column"] = json!(2);
        let reply = with_output(&world, json!({"title": "t", "summary": "s", "annotations": [fine]})).await;
        assert_eq!(reply.status, 201);
    }

    #[tokio::test]
    async fn bad_check_runs_are_refused() {
        let world = World::new().await;
        let token = world.token().await;
        let sha = world.main().await;
        let base = json!({"name": "c", "head_sha": sha});
        let action = json!({"label": "Fix", "description": "Fixes it", "identifier": "fix"});
        let long_action = json!({"label": "x".repeat(21), "description": "d", "identifier": "i"});
        for (field, value) in [
            ("status", json!("completed")),
            ("status", json!("done")),
            ("conclusion", json!("stale")),
            ("conclusion", json!("ok")),
            ("head_sha", json!("0".repeat(40))),
            ("started_at", json!("yesterday")),
            ("output", json!({"title": "t"})),
            ("output", json!({"summary": "s"})),
            ("output", json!({"title": "t", "summary": "x".repeat(65_536)})),
            ("output", json!({"title": "t", "summary": "s", "text": "x".repeat(65_536)})),
            ("actions", json!([long_action])),
            ("actions", json!([action, action, action, action])),
        ] {
            let mut body = base.clone();
            body[field] = value;
            assert_eq!(world.post(&repo("/check-runs"), &token, body).await.status, 422, "{field}");
        }
        for missing in [json!({"name": "c"}), json!({"head_sha": sha})] {
            assert_eq!(world.post(&repo("/check-runs"), &token, missing).await.status, 422);
        }
        let reply = world.post(&repo("/check-runs"), &world.user("alice"), base.clone()).await;
        assert_eq!((reply.status, reply.message()), (403, "You must authenticate via a GitHub App."));
    }

    #[tokio::test]
    async fn a_check_run_runs_completes_and_is_found() {
        let world = World::new().await;
        let (number, sha) = world.pull().await;
        let token = world.token().await;
        let new = json!({"name": "bailiwick/review", "head_sha": sha, "status": "in_progress", "external_id": "x"});
        let first = world.post(&repo("/check-runs"), &token, new.clone()).await;
        assert_eq!(first.body["pull_requests"][0]["number"], number);
        let second = world.post(&repo("/check-runs"), &token, new).await.body["id"].clone();
        let done = json!({"conclusion": "failure"});
        let done = world.send(Method::PATCH, &repo(&format!("/check-runs/{second}")), &token, done).await;
        assert_eq!((&done.body["status"], done.body["completed_at"].is_string()), (&json!("completed"), true));
        let listed = world.get(&repo("/commits/change/check-runs"), &token).await;
        assert_eq!((&listed.body["total_count"], &listed.body["check_runs"][0]["id"]), (&json!(1), &second));
        let all = world
            .get(&repo(&format!("/commits/{sha}/check-runs?filter=all&check_name=bailiwick/review")), &token)
            .await;
        assert_eq!(all.body["total_count"], 2);
        assert_eq!(world.post(&repo(&format!("/check-runs/{second}/rerequest")), &token, json!({})).await.status, 201);
        assert_eq!(world.send(Method::PATCH, &repo("/check-runs/1"), &token, json!({})).await.status, 404);
    }
}

mod keys {
    use super::*;

    #[tokio::test]
    async fn one_key_opens_one_repository() {
        let world = World::new().await;
        world.github.create_repository("org/dev-team1", &[("a", "b")]).await.unwrap();
        let token = world.token().await;
        let new = json!({"title": "flux", "key": format!("{KEY} comment"), "read_only": true});
        let made = world.post("/repos/org/dev-team1/keys", &token, new.clone()).await;
        assert_eq!((made.status, &made.body["key"], &made.body["read_only"]), (201, &json!(KEY), &json!(true)));
        assert_eq!(made.body["verified"], true);
        for path in ["/repos/org/dev-team1/keys", "/repos/org/dev-cluster/keys"] {
            let again = world.post(path, &token, new.clone()).await;
            assert_eq!(again.status, 422);
            assert_eq!(again.body["errors"][0]["message"], "key is already in use");
        }
        for bad in ["", "ssh-ed25519", "nonsense AAAA", "ssh-ed25519 AAAA"] {
            assert_eq!(world.post(&repo("/keys"), &token, json!({"key": bad})).await.status, 422, "{bad}");
        }
        assert_eq!(world.post(&repo("/keys"), &token, json!({"title": "x"})).await.status, 422);
        let key = KEY.parse().unwrap();
        assert!(world.github.deploy_key_fetch_path("org/dev-team1", &key).unwrap().join("HEAD").exists());
        assert!(world.github.deploy_key_fetch_path(REPO, &key).unwrap_err().contains("Repository not found"));
        let path = format!("/repos/org/dev-team1/keys/{}", made.body["id"]);
        assert_eq!(world.send(Method::PATCH, &path, &token, json!({"title": "x"})).await.status, 404, "immutable");
        assert_eq!(world.send(Method::DELETE, &path, &token, Value::Null).await.status, 204);
        let refused = world.github.deploy_key_fetch_path("org/dev-team1", &key).unwrap_err();
        assert!(refused.starts_with("ssh: handshake failed: ssh: unable to authenticate"), "{refused}");
    }

    #[tokio::test]
    async fn an_organisation_may_forbid_deploy_keys() {
        let world = World::new().await;
        world.github.allow_deploy_keys("org", false).unwrap();
        let reply = world.post(&repo("/keys"), &world.token().await, json!({"title": "x", "key": KEY})).await;
        assert_eq!(reply.status, 422);
        assert_eq!(reply.body["errors"][0]["message"], "Deploy keys are disabled for this repository");
        world.github.add_member("org", "alice", true).unwrap();
        let org = world.get("/orgs/org", &world.user("alice")).await;
        assert_eq!(org.body["deploy_keys_enabled_for_repositories"], false);
    }
}

mod deployments {
    use super::*;

    #[tokio::test]
    async fn a_deployment_has_statuses() {
        let world = World::new().await;
        let token = world.token().await;
        let new = json!({"ref": "main", "environment": "dev", "auto_merge": false, "required_contexts": []});
        let made = world.post(&repo("/deployments"), &token, new.clone()).await;
        assert_eq!((made.status, &made.body["sha"]), (201, &json!(world.main().await)));
        let path = repo(&format!("/deployments/{}/statuses", made.body["id"]));
        assert_eq!(world.post(&path, &token, json!({"state": "done"})).await.status, 422);
        assert_eq!(
            world.post(&path, &token, json!({"state": "success", "description": "x".repeat(141)})).await.status,
            422
        );
        let status = json!({"state": "success", "description": "applied", "log_url": "http://x/"});
        assert_eq!(world.post(&path, &token, status).await.status, 201);
        let next = world.post(&repo("/deployments"), &token, new).await.body["id"].clone();
        let next = repo(&format!("/deployments/{next}/statuses"));
        world.post(&next, &token, json!({"state": "success"})).await;
        let states: Vec<_> = world.github.deployments(REPO).iter().map(|it| it.statuses.len()).collect();
        assert_eq!(states, [2, 1], "the earlier one became inactive");
        let listed = world.get(&repo("/deployments?environment=dev"), &token).await;
        assert_eq!(listed.body.as_array().unwrap().len(), 2);
        assert_eq!(world.post(&repo("/deployments"), &token, json!({"ref": "nothing"})).await.status, 422);
        assert_eq!(world.post(&repo("/deployments"), &token, json!({})).await.status, 422);
        world.post(&repo("/check-runs"), &token, json!({"name": "c", "head_sha": world.main().await})).await;
        assert_eq!(world.post(&repo("/deployments"), &token, json!({"ref": "main"})).await.status, 409);
    }
}

mod webhooks {
    use super::*;
    use axum::Router;
    use axum::body::Bytes;
    use axum::routing::post;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use std::sync::Mutex;

    type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

    async fn receiver(world: &World) -> Seen {
        let seen = Seen::default();
        let store = Arc::clone(&seen);
        let handler = move |headers: HeaderMap, body: Bytes| {
            let store = Arc::clone(&store);
            async move {
                store.lock().unwrap().push((headers, body));
                http::StatusCode::ACCEPTED
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(handler))).await });
        world.github.webhooks_settled().await;
        world.github.set_webhook_url(&format!("http://{address}/hook"));
        seen
    }

    fn names(seen: &Seen) -> Vec<String> {
        let seen = seen.lock().unwrap();
        let name = |(headers, body): &(HeaderMap, Bytes)| {
            let payload: Value = serde_json::from_slice(body).unwrap();
            let event = headers["x-github-event"].to_str().unwrap();
            match payload["action"].as_str() {
                Some(action) => format!("{event}.{action}"),
                None => event.to_owned(),
            }
        };
        seen.iter().map(name).collect()
    }

    #[tokio::test]
    async fn webhooks_are_signed_and_carry_githubs_headers() {
        let world = World::new().await;
        let seen = receiver(&world).await;
        world.pull().await;
        world.github.webhooks_settled().await;
        assert_eq!(names(&seen), ["push", "check_suite.requested", "pull_request.opened"]);
        let seen = seen.lock().unwrap();
        let (headers, body) = &seen[2];
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"It's a Secret to Everybody").unwrap();
        mac.update(body);
        let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(headers["x-hub-signature-256"], expected.as_str());
        assert_eq!(headers["x-github-hook-installation-target-type"], "integration");
        assert_eq!(headers["x-github-hook-installation-target-id"], "42");
        assert!(headers["user-agent"].to_str().unwrap().starts_with("GitHub-Hookshot/"));
        assert!(headers["x-github-delivery"].to_str().unwrap().parse::<uuid::Uuid>().is_ok());
        let payload: Value = serde_json::from_slice(body).unwrap();
        assert_eq!((&payload["number"], &payload["sender"]["login"]), (&json!(1), &json!("alice")));
        assert_eq!(payload["pull_request"]["head"]["repo"]["full_name"], REPO);
        assert_eq!(payload["installation"]["id"], world.github.installation_id("org").unwrap());
        assert_eq!(payload["organization"]["login"], "org");
    }

    #[tokio::test]
    async fn what_people_do_is_told() {
        let world = World::new().await;
        let (number, sha) = world.pull().await;
        let token = world.token().await;
        let seen = receiver(&world).await;
        let comment = world.github.comment("bob", REPO, number, "/help").unwrap();
        world.github.edit_comment("alice", comment, "/approve").unwrap();
        world.github.delete_comment("alice", comment).unwrap();
        let run = json!({"name": "c", "head_sha": sha, "status": "in_progress",
            "actions": [{"label": "Fix", "description": "Fixes it", "identifier": "fix"}]});
        let run = world.post(&repo("/check-runs"), &token, run).await.body["id"].as_u64().unwrap();
        world.github.rerequest_check("alice", run).unwrap();
        world.github.press_check_button("alice", run, "fix").unwrap();
        world.github.rerequest_all_checks("alice", run).await.unwrap();
        world.github.push("alice", (REPO, "change"), &[Change::write("x", "y")], "m").await.unwrap();
        world.github.retarget_pull("alice", REPO, number, "main").await.unwrap();
        world.github.close_pull("alice", REPO, number).unwrap();
        world.github.reopen_pull("alice", REPO, number).await.unwrap();
        world.github.merge("alice", REPO, number).await.unwrap();
        world.github.add_deploy_key("alice", REPO, "k", KEY).unwrap();
        world.github.webhooks_settled().await;
        let expected = [
            "issue_comment.created",
            "issue_comment.edited",
            "issue_comment.deleted",
            "check_run.created",
            "check_run.rerequested",
            "check_run.requested_action",
            "check_suite.rerequested",
            "push",
            "check_suite.requested",
            "pull_request.synchronize",
            "pull_request.closed",
            "pull_request.reopened",
            "push",
            "check_suite.requested",
            "pull_request.closed",
            "deploy_key.created",
        ];
        assert_eq!(names(&seen), expected);
    }

    #[tokio::test]
    async fn deliveries_are_logged_and_sent_again_with_their_guid() {
        let world = World::new().await;
        let seen = receiver(&world).await;
        let logged = world.github.deliveries().len();
        world.github.faults().drop_next(1);
        world.pull().await;
        world.github.webhooks_settled().await;
        assert_eq!(names(&seen), ["check_suite.requested", "pull_request.opened"]);
        let lost = world.github.deliveries()[logged].clone();
        assert_eq!((lost.event.as_str(), lost.status_code), ("push", 502));
        let failed = world.get("/app/hook/deliveries?status=failure", &world.jwt()).await;
        assert_eq!(failed.body[0]["guid"], json!(lost.guid));
        let path = format!("/app/hook/deliveries/{}", lost.id);
        assert_eq!(world.get(&path, &world.jwt()).await.body["request"]["payload"]["ref"], "refs/heads/change");
        assert_eq!(world.post(&format!("{path}/attempts"), &world.jwt(), json!({})).await.status, 202);
        world.github.webhooks_settled().await;
        assert_eq!(names(&seen), ["check_suite.requested", "pull_request.opened", "push"]);
        let last = world.github.deliveries().pop().unwrap();
        assert_eq!((last.guid == lost.guid, last.redelivery, last.status.as_str()), (true, true, "OK"));
        let first = world.get("/app/hook/deliveries?per_page=1", &world.jwt()).await;
        assert!(first.header("link").contains("cursor="));
        world.clock.advance(Duration::from_secs(4 * 24 * 3600));
        assert_eq!(world.get("/app/hook/deliveries", &world.jwt()).await.body, json!([]), "three days are kept");
    }

    #[tokio::test]
    async fn webhooks_come_twice_late_and_in_another_order() {
        let world = World::new().await;
        let seen = receiver(&world).await;
        world.github.faults().duplicate_next(1);
        let number = world.github.open_issue("alice", REPO, "t", "").unwrap();
        world.github.comment("alice", REPO, number, "one").unwrap();
        world.github.webhooks_settled().await;
        assert_eq!(names(&seen).len(), 2);
        let guids: Vec<_> =
            seen.lock().unwrap().drain(..).map(|(headers, _)| headers["x-github-delivery"].clone()).collect();
        assert_eq!(guids[0], guids[1]);
        world.github.faults().hold();
        for body in ["two", "three"] {
            world.github.comment("alice", REPO, number, body).unwrap();
        }
        world.github.webhooks_settled().await;
        assert!(seen.lock().unwrap().is_empty());
        world.github.faults().release(Order::Reversed);
        world.github.webhooks_settled().await;
        let bodies: Vec<_> = seen
            .lock()
            .unwrap()
            .iter()
            .map(|(_, body)| serde_json::from_slice::<Value>(body).unwrap()["comment"]["body"].clone())
            .collect();
        assert_eq!(bodies, ["three", "two"]);
    }
}

mod faults {
    use super::*;

    #[tokio::test]
    async fn requests_fail_as_they_are_told() {
        let world = World::new().await;
        let token = world.token().await;
        let faults = world.github.faults();
        let all = "/repos/*";
        faults.next_requests(Method::GET, all, 1, Effect::Status(502));
        assert_eq!(world.get(&repo(""), &token).await.status, 502);
        assert_eq!(world.get(&repo(""), &token).await.status, 200);
        faults.next_requests(Method::GET, all, 1, Effect::SecondaryLimit { retry_after: 7 });
        let limited = world.get(&repo(""), &token).await;
        assert_eq!((limited.status, limited.header("retry-after")), (403, "7"));
        faults.next_requests(Method::GET, all, 1, Effect::TooManyRequests { retry_after: 3 });
        assert_eq!(world.get(&repo(""), &token).await.status, 429);
        faults.next_requests(Method::GET, all, 1, Effect::PrimaryLimit { reset_in: 60 });
        let limited = world.get(&repo(""), &token).await;
        assert_eq!(limited.header("x-ratelimit-remaining"), "0");
        assert_eq!(limited.header("x-ratelimit-reset"), (world.clock.now().as_second() + 60).to_string());
        faults.outage(true);
        assert_eq!(world.get("/meta", "").await.status, 503);
        faults.clear();
        assert_eq!(world.get("/meta", "").await.status, 200);
    }

    #[tokio::test]
    async fn a_stopped_github_answers_nobody() {
        let world = World::new().await;
        assert_eq!(world.get("/meta", "").await.status, 200);
        world.github.stop();
        assert!(world.try_send(Method::GET, "/meta", "", Value::Null).await.is_err());
    }

    #[tokio::test]
    async fn a_cut_connection_may_hide_that_the_request_was_done() {
        let world = World::new().await;
        let (number, _) = world.pull().await;
        let token = world.token().await;
        let path = repo(&format!("/issues/{number}/comments"));
        let fault =
            |effect| RestFault { method: Some(Method::POST), path: "*/comments".into(), times: Some(1), effect };
        for (effect, comments) in [(Effect::Cut, 0), (Effect::CutAfter, 1)] {
            world.github.faults().request(fault(effect));
            assert!(world.try_send(Method::POST, &path, &token, json!({"body": "x"})).await.is_err());
            assert_eq!(world.github.comments(REPO, number).len(), comments);
        }
        world.github.faults().request(fault(Effect::StatusAfter(500)));
        assert_eq!(world.post(&path, &token, json!({"body": "x"})).await.status, 500);
        assert_eq!(world.github.comments(REPO, number).len(), 2);
        let log = world.github.request_log();
        let posts: Vec<_> = log.iter().filter(|it| it.path.ends_with("/comments")).map(|it| it.status).collect();
        assert_eq!(posts, [0, 0, 500]);
    }
}

mod git {
    use super::*;
    use base64::Engine as _;
    use std::path::Path;
    use tokio::process::Command;

    async fn git(directory: &Path, token: &str, args: &[&str]) -> (bool, String) {
        let mut command = Command::new("git");
        command.current_dir(directory).env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_GLOBAL", "/dev/null");
        if !token.is_empty() {
            let basic = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{token}"));
            command.arg("-c").arg(format!("http.extraHeader=Authorization: Basic {basic}"));
        }
        command.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args);
        let output = command.output().await.expect("git runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    #[tokio::test]
    async fn a_clone_needs_a_token_that_reaches_the_repository() {
        let world = World::new().await;
        let (number, _) = world.pull().await;
        let directory = tempfile::tempdir().unwrap();
        let url = format!("{}/{REPO}.git", world.github.base_url());
        let (done, text) = git(directory.path(), "", &["clone", &url, "none"]).await;
        assert!(!done, "{text}");
        let (done, _) = git(directory.path(), &world.user("mallory"), &["clone", &url, "none"]).await;
        assert!(!done);
        let token = world.token().await;
        let (done, text) = git(directory.path(), &token, &["clone", &url, "fine"]).await;
        assert!(done, "{text}");
        assert_eq!(std::fs::read_to_string(directory.path().join("fine/cluster/a.yaml")).unwrap(), "a: 1\n");
        let head = format!("refs/pull/{number}/head");
        let (done, text) = git(&directory.path().join("fine"), &token, &["fetch", "origin", &head]).await;
        assert!(done, "{text}");
        let sha = world.main().await;
        let (done, text) = git(directory.path(), &token, &["clone", "--depth", "1", &url, "shallow"]).await;
        assert!(done, "{text}");
        let (done, text) = git(&directory.path().join("shallow"), &token, &["fetch", "origin", &sha]).await;
        assert!(done, "any commit may be wanted: {text}");
        world.github.set_private(REPO, false).unwrap();
        assert!(git(directory.path(), "", &["clone", &url, "public"]).await.0);
    }

    #[tokio::test]
    async fn a_push_needs_write_and_moves_pull_requests() {
        let world = World::new().await;
        let (number, before) = world.pull().await;
        let directory = tempfile::tempdir().unwrap();
        let url = format!("{}/{REPO}.git", world.github.base_url());
        let alice = world.user("alice");
        assert!(git(directory.path(), &alice, &["clone", "-b", "change", &url, "work"]).await.0);
        let work = directory.path().join("work");
        std::fs::write(work.join("new.txt"), "new\n").unwrap();
        git(&work, "", &["add", "."]).await;
        git(&work, "", &["commit", "-m", "New"]).await;
        let (done, text) = git(&work, &world.user("bob"), &["push", "origin", "change"]).await;
        assert!(!done, "{text}");
        assert_eq!(world.github.pull(REPO, number).unwrap().head_sha, before);
        let (done, text) = git(&work, &alice, &["push", "origin", "change"]).await;
        assert!(done, "{text}");
        let pull = world.github.pull(REPO, number).unwrap();
        assert_ne!(pull.head_sha, before);
        assert_eq!(Some(&pull.head_sha), world.github.branch_tip(REPO, "change").await.as_ref());
        world.github.webhooks_settled().await;
        let (done, _) = git(&work, &alice, &["push", "origin", "change:refs/pull/1/head", "-f"]).await;
        assert!(done);
        let reference = world.get(&repo("/git/ref/pull/1/head"), &world.token().await).await;
        assert_eq!(reference.body["object"]["sha"], json!(pull.head_sha));
    }
}

mod pages {
    use super::*;

    async fn page(world: &World, path: &str) -> (u16, String) {
        let response = world.client.get(format!("{}{path}", world.github.base_url())).send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn submit(world: &World, path: &str, origin: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let mut request = world.client.post(format!("{}{path}", world.github.base_url())).body(body.join("&"));
        if !origin.is_empty() {
            request = request.header("origin", origin);
        }
        let response = request.send().await.unwrap();
        let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), location.unwrap_or_default())
    }

    #[tokio::test]
    async fn a_pull_request_shows_its_checks_on_the_lines() {
        let world = World::new().await;
        let (number, sha) = world.pull().await;
        world.github.protect(REPO, &["bailiwick/review"]).unwrap();
        let annotation = json!({"path": "cluster/b.yaml", "start_line": 2, "end_line": 2,
            "annotation_level": "failure", "message": "<script>alert(1)</script>", "title": "Not yours"});
        let run = json!({"name": "bailiwick/review", "head_sha": sha, "conclusion": "failure",
            "output": {"title": "1 error", "summary": "**bold** <img src=x>", "annotations": [annotation]}});
        world.post(&repo("/check-runs"), &world.token().await, run).await;
        let (status, shown) = page(&world, &format!("/{REPO}/pull/{number}")).await;
        assert_eq!(status, 200);
        assert!(shown.contains("<strong>bold</strong>") && shown.contains("Not yours"), "{shown}");
        assert!(!shown.contains("<script") && !shown.contains("<img"), "{shown}");
        assert!(shown.contains("<button disabled>Merge pull request"), "{shown}");
        assert!(shown.find("c: 2") < shown.find("Not yours"));
        let (_, list) = page(&world, "/").await;
        assert!(list.contains(REPO) && list.contains("1 open pull request"));
        assert_eq!(page(&world, &format!("/{REPO}")).await.0, 200);
        assert_eq!(page(&world, &format!("/{REPO}/commit/{sha}")).await.0, 200);
        assert!(page(&world, &format!("/{REPO}/blob/change/cluster/b.yaml")).await.1.contains("c: 2"));
        assert_eq!(page(&world, "/org/nothing").await.0, 404);
    }

    #[tokio::test]
    async fn forms_act_as_a_person_with_their_rights_and_from_here_only() {
        let world = World::new().await;
        let (number, _) = world.pull().await;
        let here = world.github.base_url().to_owned();
        let path = format!("/{REPO}/pull/{number}/comment");
        let fields = [("as", "bob"), ("body", "/help\r\nplease")];
        for origin in ["", "null", "http://evil.example", "http://127.0.0.1:1"] {
            assert_eq!(submit(&world, &path, origin, &fields).await.0, 403, "{origin}");
        }
        assert_eq!(submit(&world, &path, &here, &fields).await.0, 303);
        let comments = world.github.comments(REPO, number);
        assert_eq!(
            (comments.len(), comments[0].author.as_str(), comments[0].body.as_str()),
            (1, "bob", "/help\nplease")
        );
        let merge = format!("/{REPO}/pull/{number}/merge");
        assert_eq!(submit(&world, &merge, &here, &[("as", "bob")]).await.0, 403);
        assert_eq!(submit(&world, &merge, &here, &[("as", "alice")]).await.0, 303);
        assert!(world.github.pull(REPO, number).unwrap().merged.is_some());
    }

    #[tokio::test]
    async fn an_edited_file_becomes_a_pull_request() {
        let world = World::new().await;
        let (_, form) = page(&world, &format!("/{REPO}/edit/main/cluster/a.yaml")).await;
        assert!(form.contains("a: 1"));
        let here = world.github.base_url().to_owned();
        let fields =
            [("as", "alice"), ("base", "main"), ("path", "cluster/a.yaml"), ("content", "a: 9\r\n"), ("title", "Nine")];
        let (status, location) = submit(&world, &format!("/{REPO}/propose"), &here, &fields).await;
        assert_eq!((status, location), (303, format!("/{REPO}/pull/1")));
        let pull = world.github.pull(REPO, 1).unwrap();
        assert_eq!((pull.head.as_str(), pull.author.as_str()), ("alice-patch-1", "alice"));
        assert_eq!(world.github.read_file(REPO, "alice-patch-1", "cluster/a.yaml").await.as_deref(), Some("a: 9\n"));
        let bad = [("as", "alice"), ("base", "main"), ("path", "../x"), ("content", ""), ("title", "t")];
        assert_eq!(submit(&world, &format!("/{REPO}/propose"), &here, &bad).await.0, 422);
    }
}
