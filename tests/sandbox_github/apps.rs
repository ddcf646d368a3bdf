use crate::world::*;

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
    assert_eq!(world.get("/app", &world.jwt_with(&json!({"iss": 42, "iat": now, "exp": now + 600}))).await.status, 200);
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
    assert_eq!((&listed.body["total_count"], &listed.body["repositories"][0]["full_name"]), (&json!(1), &json!(REPO)));
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
async fn a_malformed_wish_is_no_wish_for_everything() {
    let world = World::new().await;
    let id = world.github.create_repository("org/other", &[]).await.unwrap();
    for bad in [
        json!({"repositories": "dev-cluster"}),
        json!({"repositories": [1]}),
        json!({"repository_ids": id}),
        json!({"repository_ids": [id.to_string()]}),
        json!({"permissions": ["contents"]}),
        json!({"permissions": {"contents": true}}),
        json!({"permissions": {"contents": "admin"}}),
        json!({"permissions": {"everything": "read"}}),
        json!({"repository_ids": (1..=501).collect::<Vec<_>>()}),
    ] {
        let reply = world.mint(bad.clone()).await;
        assert_eq!((reply.status, &reply.body["token"]), (422, &Value::Null), "{bad}");
    }
    assert_eq!(world.mint(json!({"repository_ids": [id]})).await.body["repositories"][0]["full_name"], "org/other");
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

#[tokio::test]
async fn what_the_app_asks_for_is_granted_when_it_is_installed() {
    let world = World::new().await;
    let asked = async || world.get("/app", &world.jwt()).await.body["permissions"].clone();
    let granted = async |at: &str| world.get(at, &world.jwt()).await.body["permissions"].clone();
    assert_eq!(asked().await, granted(&repo("/installation")).await);
    world.github.ask_for_permission("pages", Some(Level::Read));
    world.github.ask_for_permission("issues", None);
    assert_eq!((asked().await["pages"].clone(), asked().await["issues"].clone()), (json!("read"), Value::Null));
    assert_eq!(granted(&repo("/installation")).await["issues"], "write", "until somebody accepts the change");
    world.github.create_org("new").unwrap();
    let id = world.github.installation_id("new").unwrap();
    assert_eq!(granted(&format!("/app/installations/{id}")).await["pages"], "read");
    world.github.subscribe("push", false);
    let events = world.get("/app", &world.jwt()).await.body["events"].clone();
    assert!(!events.as_array().unwrap().contains(&json!("push")), "{events}");
}

#[tokio::test]
async fn every_answer_tells_the_time_a_refusal_too() {
    let world = World::new().await;
    assert_eq!(world.get("/app", &world.jwt()).await.header("date"), "Tue, 24 Nov 2026 10:00:00 GMT");
    world.clock.advance(Duration::from_secs(7200));
    let refused = world.get("/app", "ey.no.no").await;
    assert_eq!((refused.status, refused.header("date")), (401, "Tue, 24 Nov 2026 12:00:00 GMT"));
}
