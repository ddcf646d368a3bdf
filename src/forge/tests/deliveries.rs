//! GitHub's own list of webhook deliveries.

use super::*;

fn entry(id: u64) -> Value {
    json!({
        "id": id, "guid": format!("guid-{id}"), "delivered_at": "2026-11-24T11:59:58Z", "redelivery": false,
        "duration": 0.27, "status": "OK", "status_code": 202, "event": "issue_comment", "action": "created",
        "installation_id": 9, "repository_id": 42, "throttled_at": null,
    })
}

#[tokio::test]
async fn the_list_is_asked_for_by_the_app_itself_page_by_page() {
    let world = World::new(|seen| {
        let older = seen.path.contains("cursor=v1_8");
        let link = format!("<http://elsewhere/api/v3{}&cursor=v1_8>; rel=\"next\"", seen.path);
        let mut headers =
            vec![("x-ratelimit-remaining", "4711".to_owned()), ("x-ratelimit-reset", "1795000000".to_owned())];
        if !older {
            headers.push(("link", link));
        }
        let mut odd = entry(7);
        odd["guid"] = json!("no such GUID!");
        let mut bare = json!({ "id": 6, "guid": "guid-6", "delivered_at": "2026-11-24T11:00:00Z", "event": "push" });
        bare["repository_id"] = json!("?");
        (200, headers, if older { json!([odd, bare]) } else { json!([entry(9), entry(8)]) })
    })
    .await;
    let first = world.forge.delivery_attempts(None).await.unwrap();
    assert_eq!(first.attempts.iter().map(|attempt| attempt.id).collect::<Vec<_>>(), [9, 8]);
    assert!(first.attempts[0].arrived() && first.attempts[0].action.as_deref() == Some("created"));
    let quota = Quota { remaining: 4_711, reset: Timestamp::from_second(1_795_000_000).unwrap() };
    assert_eq!((first.next.as_deref(), first.quota), (Some("v1_8"), Some(quota)));

    let second = world.forge.delivery_attempts(first.next.as_deref()).await.unwrap();
    let [bare] = &second.attempts[..] else { panic!("what cannot be read hides nothing else: {second:?}") };
    assert_eq!((bare.id, bare.arrived(), bare.repository_id, second.next), (6, false, None, None));
    let list = "GET /app/hook/deliveries?per_page=100";
    assert_eq!(world.asked(), [list.to_owned(), format!("{list}&cursor=v1_8")]);
    assert!(world.seen().iter().all(|seen| seen.authorization.starts_with("Bearer ey")), "{:?}", world.seen());
    assert_eq!(world.mints().len(), 0);
}

#[tokio::test]
async fn a_payload_is_there_or_not() {
    let world = World::new(|seen| match seen.path.rsplit('/').next().unwrap() {
        "1" => ok(json!({ "id": 1, "request": { "headers": {}, "payload": { "zen": "Words." } } })),
        "2" => ok(json!({ "id": 2, "request": { "headers": null, "payload": null } })),
        "3" => (404, vec![], json!({ "message": "Not Found" })),
        "attempts" => (202, vec![], json!({})),
        _ => (503, vec![], Value::Null),
    })
    .await;
    let delivery = world.forge.delivery(1).await.unwrap().expect("a payload");
    assert_eq!(delivery.body(), br#"{"zen":"Words."}"#);
    for gone in [2, 3] {
        assert_eq!(world.forge.delivery(gone).await.unwrap(), None);
    }
    assert!(matches!(world.forge.delivery(4).await, Err(ForgeError::Unavailable { .. })));
    world.forge.redeliver(3).await.unwrap();
    assert_eq!(world.asked().pop().unwrap(), "POST /app/hook/deliveries/3/attempts");
}
