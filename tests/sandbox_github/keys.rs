use crate::world::*;

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
    assert_eq!(world.post(&repo("/keys"), &token, json!({"key": KEY, "read_only": "true"})).await.status, 422);
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
