use crate::world::*;

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
    let fault = |effect| RestFault { method: Some(Method::POST), path: "*/comments".into(), times: Some(1), effect };
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
