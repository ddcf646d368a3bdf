use crate::world::*;

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
    let blob = world.post(&repo("/git/blobs"), &token, json!({"content": "x"})).await.body["sha"].clone();
    let wrong = world.post(&repo("/git/refs"), &token, json!({"ref": "refs/heads/blob", "sha": blob})).await;
    assert_eq!((wrong.status, wrong.message()), (422, "Object is not a commit"));
    for bad in ["main", "refs/heads", "refs/heads/a b", "refs/heads/a^", "refs/heads/a..b", "refs/pull/9/head"] {
        assert_eq!(world.post(&repo("/git/refs"), &token, json!({"ref": bad, "sha": main})).await.status, 422, "{bad}");
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
        json!({"path": "x", "mode": "100644", "sha": null}),
        json!({"path": "x", "mode": "100644", "type": "file", "content": ""}),
        json!({"path": 1, "mode": "100644", "content": ""}),
    ] {
        assert_eq!(world.post(&repo("/git/trees"), &token, json!({"tree": [entry]})).await.status, 422, "{entry}");
    }
    let reply = world.post(&repo("/git/trees"), &token, json!({"base_tree": "0".repeat(40), "tree": []})).await;
    assert_eq!(reply.status, 422);
    let nothing = json!({"base_tree": world.main().await, "tree": []});
    assert_eq!(world.post(&repo("/git/trees"), &token, nothing).await.message(), "Invalid tree info");
    assert_eq!(world.post(&repo("/git/commits"), &token, json!({"message": "m"})).await.status, 422);
    let nameless = json!({"message": "m", "tree": world.main().await, "author": {"name": "a"}});
    assert_eq!(world.post(&repo("/git/commits"), &token, nameless).await.status, 422);
    assert_eq!(world.post(&repo("/git/blobs"), &token, json!([1])).await.status, 400);
}
