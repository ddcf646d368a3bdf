use crate::world::*;

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
    let token = world.token().await;
    let reply = world.get("/meta", &token).await;
    assert_eq!(reply.header("x-ratelimit-limit"), "5000");
    let remaining: u64 = reply.header("x-ratelimit-remaining").parse().unwrap();
    let next: u64 = world.get("/meta", &token).await.header("x-ratelimit-remaining").parse().unwrap();
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
    let paths: Vec<_> = tree.body["tree"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
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
    for (login, legacy, role) in [("alice", "admin", "admin"), ("bob", "read", "triage"), ("mallory", "none", "none")] {
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

/// What no other test asks for, so that `make conformance` sees every answer.
#[tokio::test]
async fn everything_that_is_served_can_be_asked_for() {
    let world = World::new().await;
    let (number, sha) = world.pull().await;
    let token = world.token().await;
    let made = async |path: &str, body: Value| world.post(&repo(path), &token, body).await.body["id"].clone();
    let run = made("/check-runs", json!({"name": "c", "head_sha": sha, "conclusion": "success"})).await;
    let suite = world.get(&repo(&format!("/check-runs/{run}")), &token).await.body["check_suite"]["id"].clone();
    let key = made("/keys", json!({"key": KEY})).await;
    let deployment = made("/deployments", json!({"ref": "change", "auto_merge": false})).await;
    let status = made(&format!("/deployments/{deployment}/statuses"), json!({"state": "queued"})).await;
    let blob = world.get(&repo("/contents/README.md"), &token).await.body["sha"].as_str().unwrap().to_owned();
    for path in [
        "/branches".to_owned(),
        "/commits?sha=change&path=cluster".to_owned(),
        "/git/matching-refs/heads/ch".to_owned(),
        format!("/git/blobs/{blob}"),
        format!("/git/commits/{sha}"),
        format!("/commits/{sha}/pulls"),
        format!("/pulls/{number}/commits"),
        format!("/pulls/{number}/files"),
        format!("/check-suites/{suite}/check-runs"),
        format!("/keys/{key}"),
        format!("/deployments/{deployment}"),
        format!("/deployments/{deployment}/statuses"),
        format!("/deployments/{deployment}/statuses/{status}"),
    ] {
        let reply = world.get(&repo(&path), &token).await;
        assert!(reply.status == 200 && !reply.body.is_null(), "{path}: {}", reply.status);
    }
    assert_eq!(world.get(&repo(&format!("/pulls/{number}/merge")), &token).await.status, 404, "not merged");
    assert_eq!(world.get("/users/alice", &token).await.body["login"], "alice");
    let id = world.github.installation_id("org").unwrap();
    assert_eq!(world.get(&format!("/app/installations/{id}"), &world.jwt()).await.body["id"], id);
    let again = world.post(&repo(&format!("/check-suites/{suite}/rerequest")), &token, Value::Null).await;
    assert_eq!(again.status, 201);
    let forked = NewPullRequest { head: "patch", base: "main", title: "Mine", body: "" };
    world.github.open_pull_from_fork("bob", REPO, &[Change::write("x", "y\n")], forked).await.unwrap();
    world.github.add_member("org", "alice", true).unwrap();
    world.github.set_private("bob/dev-cluster", false).unwrap();
    let fork = world.get("/repos/bob/dev-cluster", &world.user("bob")).await;
    assert_eq!(fork.body["parent"]["full_name"], REPO);
}

#[tokio::test]
async fn a_branch_shows_its_protection_and_rulesets_stand_apart() {
    let world = World::new().await;
    let token = world.token().await;
    let branch = async || world.get(&repo("/branches/main"), &token).await.body;
    let rules = async || world.get(&repo("/rules/branches/main"), &token).await.body;
    let open = branch().await;
    assert_eq!((&open["protected"], &open["protection"]["enabled"]), (&json!(false), &json!(false)));
    assert_eq!(rules().await, json!([]));
    world.github.protect(REPO, &["build"]).unwrap();
    let shut = branch().await;
    assert_eq!(shut["protection"]["required_status_checks"]["contexts"], json!(["build"]));
    assert_eq!(shut["protection"]["required_status_checks"]["checks"], json!([{"context": "build", "app_id": 42}]));
    assert_eq!(rules().await, json!([]));
    world.github.protect(REPO, &[]).unwrap();
    world.github.protect_by_ruleset(REPO, &["build"]).unwrap();
    let ruled = branch().await;
    assert_eq!((&ruled["protected"], &ruled["protection"]["enabled"]), (&json!(true), &json!(false)));
    let checks = &rules().await[0]["parameters"]["required_status_checks"];
    assert_eq!(*checks, json!([{"context": "build", "integration_id": 42}]));
    assert_eq!(world.get(&repo("/rules/branches/other"), &token).await.body, json!([]));
}
