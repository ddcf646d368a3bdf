use crate::world::*;

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
    let merged = world.send(Method::PUT, &repo(&format!("/pulls/{number}/merge")), &token, json!({"sha": sha})).await;
    assert_eq!(merged.status, 409);
    let merged = world.send(Method::PUT, &repo(&format!("/pulls/{number}/merge")), &token, json!({"sha": newer})).await;
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
    let long = new("change", "main", &"t".repeat(257));
    let long = world.post(&repo("/pulls"), &token, long).await;
    assert_eq!(long.body["errors"][0]["message"], "title is too long (maximum is 256 characters)");
    let first = world.get(&repo("/pulls"), &token).await.body[0]["number"].clone();
    for bad in
        [json!({"title": ""}), json!({"title": null}), json!({"state": "shut"}), json!({"body": "x".repeat(65_537)})]
    {
        let path = repo(&format!("/pulls/{first}"));
        assert_eq!(world.send(Method::PATCH, &path, &token, bad.clone()).await.status, 422);
    }
    let method = json!({"merge_method": "force"});
    assert_eq!(world.send(Method::PUT, &repo(&format!("/pulls/{first}/merge")), &token, method).await.status, 422);
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
    let path = repo(&format!("/pulls/{}", fork.number));
    assert_eq!(world.github.pull(REPO, fork.number).unwrap().head_sha, newer);
    world.github.delete_repository("bob/dev-cluster").unwrap();
    let orphan = world.get(&path, &token).await.body["head"].clone();
    assert_eq!(
        (&orphan["repo"], &orphan["user"]["login"], &orphan["sha"]),
        (&Value::Null, &json!("bob"), &json!(newer))
    );
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
