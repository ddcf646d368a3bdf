use crate::webhooks::{names, receiver};
use crate::world::*;

const LOG: &str = "/app/hook/deliveries";

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
async fn the_log_is_paged_by_a_cursor_newest_first() {
    let world = World::new().await;
    receiver(&world).await;
    let number = world.github.open_issue("alice", REPO, "t", "").unwrap();
    for body in ["one", "two", "three", "four", "five"] {
        world.github.faults().drop_next(u32::from(body == "two" || body == "four"));
        world.github.comment("alice", REPO, number, body).unwrap();
        world.github.webhooks_settled().await;
    }
    let known: Vec<u64> = world.github.deliveries().iter().rev().map(|delivery| delivery.id).collect();
    assert!(known.windows(2).all(|pair| pair[0] > pair[1]), "attempts are numbered in their order: {known:?}");
    let walk = async |start: &str| {
        let (mut path, mut ids, mut pages) = (start.to_owned(), Vec::new(), 0);
        loop {
            let page = world.get(&path, &world.jwt()).await;
            assert_eq!(page.status, 200);
            ids.extend(page.body.as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()));
            pages += 1;
            match page.header("link").split(['<', '>']).nth(1) {
                Some(next) => next.clone_into(&mut path),
                None => return (ids, pages),
            }
        }
    };
    assert_eq!(walk(&format!("{LOG}?per_page=2")).await, (known.clone(), known.len().div_ceil(2)));
    let (failed, pages) = walk(&format!("{LOG}?per_page=1&status=failure")).await;
    let items = world.github.deliveries();
    let lost: Vec<u64> = items.iter().rev().filter(|it| it.status != "OK").map(|it| it.id).collect();
    assert!(failed == lost && lost.len() >= 2 && pages == lost.len(), "{failed:?} {lost:?}");
    for bad in ["cursor=nonsense", "cursor=17", "status=maybe"] {
        assert_eq!(world.get(&format!("{LOG}?{bad}"), &world.jwt()).await.status, 422, "{bad}");
    }
    assert_eq!(world.get(LOG, &world.token().await).await.status, 401, "only the App itself");
}

#[tokio::test]
async fn what_is_older_than_three_days_is_forgotten() {
    let world = World::new().await;
    let seen = receiver(&world).await;
    let number = world.github.open_issue("alice", REPO, "t", "").unwrap();
    world.github.comment("alice", REPO, number, "one").unwrap();
    world.github.webhooks_settled().await;
    let old = world.github.deliveries().pop().unwrap();
    let path = format!("{LOG}/{}", old.id);
    world.clock.advance(Duration::from_secs(3 * 24 * 3600));
    let full = world.get(&path, &world.jwt()).await;
    assert_eq!(full.status, 200);
    let (request, response) = (&full.body["request"], &full.body["response"]);
    assert_eq!(request["headers"]["X-GitHub-Delivery"], json!(old.guid));
    assert_eq!(request["headers"]["X-GitHub-Event"], "issue_comment");
    assert!(request["headers"]["X-Hub-Signature-256"].as_str().unwrap().starts_with("sha256="));
    assert_eq!(request["payload"]["comment"]["body"], "one");
    assert!(full.body["url"].as_str().unwrap().ends_with("/hook") && response["payload"].is_string());
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.get(&path, &world.jwt()).await.status, 404);
    assert_eq!(world.post(&format!("{path}/attempts"), &world.jwt(), json!({})).await.status, 404);
    assert_eq!(world.get(LOG, &world.jwt()).await.body, json!([]));
    world.github.webhooks_settled().await;
    assert_eq!(names(&seen), ["issue_comment.created"]);
}

#[tokio::test]
async fn the_hook_is_configured_over_the_api() {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let world = World::new().await;
    let seen = receiver(&world).await;
    let path = "/app/hook/config";
    let shown = world.get(path, &world.jwt()).await;
    assert_eq!((shown.status, &shown.body["secret"]), (200, &json!("********")));
    assert_eq!((&shown.body["content_type"], &shown.body["insecure_ssl"]), (&json!("json"), &json!("0")));
    let url = shown.body["url"].as_str().unwrap().to_owned();
    let change = async |body: Value| world.send(Method::PATCH, path, &world.jwt(), body).await;
    for bad in
        [json!({"url": "nowhere"}), json!({"content_type": "xml"}), json!({"secret": 1}), json!({"insecure_ssl": "2"})]
    {
        assert_eq!(change(bad.clone()).await.status, 422, "{bad}");
    }
    let changed = change(json!({"secret": "another", "content_type": "form"})).await;
    assert_eq!((changed.status, &changed.body["url"]), (200, &json!(url)), "what is not named stays");
    let number = world.github.open_issue("alice", REPO, "t", "").unwrap();
    world.github.comment("alice", REPO, number, "a & b").unwrap();
    world.github.webhooks_settled().await;
    let (headers, body) = seen.lock().unwrap()[0].clone();
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"another").unwrap();
    mac.update(&body);
    assert_eq!(headers["x-hub-signature-256"], format!("sha256={}", hex::encode(mac.finalize().into_bytes())).as_str());
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.starts_with("payload=%7B%22action%22") && text.contains("a%20%26%20b"), "{text}");
    assert_eq!(world.get(path, &world.token().await).await.status, 401);
}
