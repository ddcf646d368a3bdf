use crate::world::*;
use bailiwick::sandbox::github::ContentLimit;

#[tokio::test]
async fn a_budget_is_counted_per_installation_and_new_after_an_hour() {
    let world = World::new().await;
    let token = world.token().await;
    world.github.faults().hourly_budget(Some(3));
    for left in ["2", "1", "0"] {
        let reply = world.get(&repo(""), &token).await;
        assert_eq!((reply.status, reply.header("x-ratelimit-remaining")), (200, left));
    }
    let asked = world.get("/rate_limit", &token).await;
    let core = &asked.body["resources"]["core"];
    assert_eq!((&core["limit"], &core["used"], &core["remaining"]), (&json!(3), &json!(3), &json!(0)));
    let refused = world.get(&repo(""), &token).await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().starts_with("API rate limit exceeded for installation ID"), "{}", refused.message());
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let reset: i64 = refused.header("x-ratelimit-reset").parse().unwrap();
    assert_eq!(reset, world.clock.now().as_second() + 3600);
    assert_eq!(core["reset"], reset);
    let other = world.token().await;
    assert_eq!(world.get(&repo(""), &other).await.status, 403, "tokens of one installation share its budget");
    assert_eq!(world.get(&repo(""), &world.user("alice")).await.status, 200, "people have their own");
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.get(&repo(""), &world.token().await).await.header("x-ratelimit-remaining"), "2");
    assert_eq!(world.get("/meta", "").await.header("x-ratelimit-limit"), "60", "nobody has little");
}

#[tokio::test]
async fn what_is_unchanged_costs_nothing() {
    let world = World::new().await;
    let (number, _) = world.pull().await;
    let token = world.token().await;
    let path = repo(&format!("/issues/{number}/comments"));
    let first = world.get(&path, &token).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\"") && tag.len() > 40, "{tag}");
    let left = first.header("x-ratelimit-remaining").to_owned();
    for known in [tag.clone(), format!("\"x\", {tag}"), tag.trim_start_matches("W/").to_owned(), "*".to_owned()] {
        let again = world.get_unless(&path, &token, &known).await;
        assert_eq!((again.status, again.header("etag"), &again.body), (304, tag.as_str(), &Value::Null), "{known}");
        assert_eq!(again.header("x-ratelimit-remaining"), left);
    }
    world.github.comment("alice", REPO, number, "news").unwrap();
    let changed = world.get_unless(&path, &token, &tag).await;
    assert_eq!((changed.status, changed.body.as_array().unwrap().len()), (200, 1));
    assert_ne!(changed.header("etag"), tag);
    let public = world.get("/meta", "").await.header("etag").to_owned();
    let nobody = world.get_unless("/meta", "", &public).await;
    assert_eq!((nobody.status, nobody.header("x-ratelimit-remaining")), (304, "58"), "only free with a token");
}

#[tokio::test]
async fn who_writes_too_much_has_to_wait() {
    let world = World::new().await;
    let (number, _) = world.pull().await;
    let token = world.token().await;
    let path = repo(&format!("/issues/{number}/comments"));
    world.github.faults().content_limit(Some(ContentLimit { per_minute: 2, per_hour: 3 }));
    let write = async || world.post(&path, &token, json!({"body": "x"})).await;
    assert_eq!((write().await.status, write().await.status), (201, 201));
    world.clock.advance(Duration::from_secs(20));
    let refused = write().await;
    assert_eq!((refused.status, refused.header("retry-after")), (403, "40"));
    assert!(refused.message().contains("secondary rate limit"), "{}", refused.message());
    assert_eq!(world.github.comments(REPO, number).len(), 2);
    assert_eq!(world.get(&path, &token).await.status, 200, "reading goes on");
    world.clock.advance(Duration::from_secs(40));
    assert_eq!(write().await.status, 201);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(write().await.status, 403, "three in this hour");
    world.github.faults().clear();
    assert_eq!(write().await.status, 201);
    assert_eq!((ContentLimit::GITHUB.per_minute, ContentLimit::GITHUB.per_hour), (80, 500));
}

#[tokio::test]
async fn asking_how_much_is_left_is_free() {
    let world = World::new().await;
    let token = world.token().await;
    world.github.use_up_budget("org", 7).unwrap();
    for _ in 0..2 {
        let told = world.get("/rate_limit", &token).await.body;
        assert_eq!(told["resources"]["core"]["remaining"], 7, "{told}");
    }
    assert_eq!(world.get(&repo(""), &token).await.header("x-ratelimit-remaining"), "6");
    world.github.use_up_budget("org", 0).unwrap();
    assert_eq!(world.get(&repo(""), &token).await.status, 403);
    assert_eq!(world.get("/rate_limit", &token).await.status, 200);
}
