use crate::world::*;

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
    assert_eq!(world.post(&path, &token, json!({"body": ["x"]})).await.status, 422);
    let own = repo(&format!("/issues/comments/{}", world.post(&path, &token, json!({"body": "x"})).await.body["id"]));
    for bad in [json!({}), json!({"body": ""}), json!({"body": "x".repeat(65_537)})] {
        assert_eq!(world.send(Method::PATCH, &own, &token, bad.clone()).await.status, 422);
    }
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
    assert_eq!(world.post(&path, &token, json!({})).await.status, 422);
    let listed = world.get(&format!("{path}?content=eyes"), &token).await;
    assert_eq!(listed.body[0]["content"], "eyes");
    assert_eq!(world.get(&format!("{path}?content=rocket"), &token).await.body, json!([]));
    let comment = world.get(&repo(&format!("/issues/comments/{id}")), &token).await;
    assert_eq!(comment.body["reactions"]["eyes"], 1);
    assert_eq!(world.github.comments(REPO, number)[0].reactions, [("bailiwick[bot]".into(), "eyes".into())]);
    let own = format!("{path}/{}", listed.body[0]["id"]);
    assert_eq!(world.send(Method::DELETE, &own, &world.user("alice"), Value::Null).await.status, 404, "not theirs");
    assert_eq!(world.send(Method::DELETE, &own, &token, Value::Null).await.status, 204);
    assert!(world.github.comments(REPO, number)[0].reactions.is_empty());
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
