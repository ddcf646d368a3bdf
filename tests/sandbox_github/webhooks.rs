use crate::world::*;
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use hmac::{Hmac, KeyInit as _, Mac as _};
use std::sync::Mutex;

pub(crate) type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

pub(crate) async fn receiver(world: &World) -> Seen {
    let seen = Seen::default();
    let store = Arc::clone(&seen);
    let handler = move |headers: HeaderMap, body: Bytes| {
        let store = Arc::clone(&store);
        async move {
            store.lock().unwrap().push((headers, body));
            http::StatusCode::ACCEPTED
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(handler))).await });
    world.github.webhooks_settled().await;
    world.github.set_webhook_url(&format!("http://{address}/hook"));
    seen
}

pub(crate) fn names(seen: &Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    let name = |(headers, body): &(HeaderMap, Bytes)| {
        let payload: Value = serde_json::from_slice(body).unwrap();
        let event = headers["x-github-event"].to_str().unwrap();
        match payload["action"].as_str() {
            Some(action) => format!("{event}.{action}"),
            None => event.to_owned(),
        }
    };
    seen.iter().map(name).collect()
}

#[tokio::test]
async fn webhooks_are_signed_and_carry_githubs_headers() {
    let world = World::new().await;
    let seen = receiver(&world).await;
    world.pull().await;
    world.github.webhooks_settled().await;
    assert_eq!(names(&seen), ["push", "check_suite.requested", "pull_request.opened"]);
    let seen = seen.lock().unwrap();
    let (headers, body) = &seen[2];
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"It's a Secret to Everybody").unwrap();
    mac.update(body);
    let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    assert_eq!(headers["x-hub-signature-256"], expected.as_str());
    assert_eq!(headers["x-github-hook-installation-target-type"], "integration");
    assert_eq!(headers["x-github-hook-installation-target-id"], "42");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("GitHub-Hookshot/"));
    assert!(headers["x-github-delivery"].to_str().unwrap().parse::<uuid::Uuid>().is_ok());
    let payload: Value = serde_json::from_slice(body).unwrap();
    assert_eq!((&payload["number"], &payload["sender"]["login"]), (&json!(1), &json!("alice")));
    assert_eq!(payload["pull_request"]["head"]["repo"]["full_name"], REPO);
    assert_eq!(payload["installation"]["id"], world.github.installation_id("org").unwrap());
    assert_eq!(payload["organization"]["login"], "org");
}

#[tokio::test]
async fn what_people_do_is_told() {
    let world = World::new().await;
    let (number, sha) = world.pull().await;
    let token = world.token().await;
    let seen = receiver(&world).await;
    let comment = world.github.comment("bob", REPO, number, "/help").unwrap();
    world.github.edit_comment("alice", comment, "/approve").unwrap();
    world.github.delete_comment("alice", comment).unwrap();
    let run = json!({"name": "c", "head_sha": sha, "status": "in_progress",
        "actions": [{"label": "Fix", "description": "Fixes it", "identifier": "fix"}]});
    let run = world.post(&repo("/check-runs"), &token, run).await.body["id"].as_u64().unwrap();
    world.github.rerequest_check("alice", run).unwrap();
    world.github.press_check_button("alice", run, "fix").unwrap();
    world.github.rerequest_all_checks("alice", run).await.unwrap();
    world.github.push("alice", (REPO, "change"), &[Change::write("x", "y")], "m").await.unwrap();
    world.github.retarget_pull("alice", REPO, number, "main").await.unwrap();
    world.github.close_pull("alice", REPO, number).unwrap();
    world.github.reopen_pull("alice", REPO, number).await.unwrap();
    world.github.merge("alice", REPO, number).await.unwrap();
    world.github.add_deploy_key("alice", REPO, "k", KEY).unwrap();
    world.github.webhooks_settled().await;
    let expected = [
        "issue_comment.created",
        "issue_comment.edited",
        "issue_comment.deleted",
        "check_run.created",
        "check_run.rerequested",
        "check_run.requested_action",
        "check_suite.rerequested",
        "push",
        "check_suite.requested",
        "pull_request.synchronize",
        "pull_request.closed",
        "pull_request.reopened",
        "push",
        "check_suite.requested",
        "pull_request.closed",
        "deploy_key.created",
    ];
    assert_eq!(names(&seen), expected);
}

#[tokio::test]
async fn webhooks_come_twice_late_and_in_another_order() {
    let world = World::new().await;
    let seen = receiver(&world).await;
    world.github.faults().duplicate_next(1);
    let number = world.github.open_issue("alice", REPO, "t", "").unwrap();
    world.github.comment("alice", REPO, number, "one").unwrap();
    world.github.webhooks_settled().await;
    assert_eq!(names(&seen).len(), 2);
    let guids: Vec<_> =
        seen.lock().unwrap().drain(..).map(|(headers, _)| headers["x-github-delivery"].clone()).collect();
    assert_eq!(guids[0], guids[1]);
    world.github.faults().hold();
    for body in ["two", "three"] {
        world.github.comment("alice", REPO, number, body).unwrap();
    }
    world.github.webhooks_settled().await;
    assert!(seen.lock().unwrap().is_empty());
    world.github.faults().release(Order::Reversed);
    world.github.webhooks_settled().await;
    let bodies: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|(_, body)| serde_json::from_slice::<Value>(body).unwrap()["comment"]["body"].clone())
        .collect();
    assert_eq!(bodies, ["three", "two"]);
}
