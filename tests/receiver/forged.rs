//! The signature covers the body and nothing else. Whoever gets hold of a signed body can send it again under another
//! event's name or another GUID.

use std::sync::Arc;

use bailiwick::forge::event::Event;
use bailiwick::store::NewJob;
use serde_json::json;

use super::{Delivery, World, fixture, status};

/// The events that the server reads.
const EVENTS: [&str; 11] = [
    "pull_request",
    "issue_comment",
    "push",
    "check_run",
    "check_suite",
    "merge_group",
    "installation",
    "installation_repositories",
    "repository",
    "deploy_key",
    "ping",
];

/// A job for every event that would be believed.
fn believe(event: &Event) -> Vec<NewJob> {
    match event {
        Event::Ignored { .. } | Event::Ping(_) => Vec::new(),
        event => vec![NewJob::new(event.name(), event.name(), json!({}))],
    }
}

/// A body of every kind that GitHub sends: those that the server reads, from the fixtures, and those that look like
/// them (docs.github.com, "Webhook events and payloads").
fn bodies() -> Vec<(String, Vec<u8>)> {
    let folder = std::fs::read_dir(format!("{}/fixtures/deliveries", env!("CARGO_MANIFEST_DIR"))).expect("fixtures");
    let mut bodies: Vec<(String, Vec<u8>)> = folder
        .map(|file| {
            let name = file.expect("a file").file_name().into_string().expect("ASCII");
            let name = name.strip_suffix(".json").expect("JSON");
            (name.split('.').next().expect("a name").to_owned(), fixture(name))
        })
        .collect();
    let around = |more: serde_json::Value| {
        let mut body: serde_json::Value = serde_json::from_slice(&fixture("repository.renamed")).expect("JSON");
        for own in ["action", "changes"] {
            body.as_object_mut().expect("an object").remove(own);
        }
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body.to_string().into_bytes()
    };
    let pull: serde_json::Value = serde_json::from_slice(&fixture("pull_request.opened")).expect("JSON");
    let comment: serde_json::Value = serde_json::from_slice(&fixture("issue_comment.created")).expect("JSON");
    let (pull, issue, comment) = (&pull["pull_request"], &comment["issue"], &comment["comment"]);
    let commit = "a1".repeat(20);
    for (name, more) in [
        ("pull_request_review", json!({"action": "submitted", "pull_request": pull, "review": {"id": 1}})),
        ("pull_request_review_comment", json!({"action": "created", "pull_request": pull, "comment": comment})),
        ("pull_request_review_thread", json!({"action": "resolved", "pull_request": pull, "thread": {"comments": []}})),
        ("commit_comment", json!({"action": "created", "comment": comment})),
        ("discussion_comment", json!({"action": "created", "comment": comment, "discussion": {"number": 7}})),
        ("issues", json!({"action": "opened", "issue": issue})),
        ("create", json!({"ref": "main", "ref_type": "branch", "master_branch": "main"})),
        ("delete", json!({"ref": "main", "ref_type": "branch"})),
        ("repository_dispatch", json!({"action": "renamed", "branch": "main", "client_payload": {"a": 1}})),
        ("status", json!({"sha": commit, "commit": {"sha": commit}, "state": "success"})),
        ("workflow_run", json!({"action": "requested", "workflow_run": {"head_sha": commit}})),
        ("deployment", json!({"action": "created", "deployment": {"id": 1, "sha": commit}})),
        ("label", json!({"action": "created", "label": {"name": "x"}})),
        ("member", json!({"action": "added", "member": {"id": 1, "login": "x"}})),
        ("repository_ruleset", json!({"action": "created", "repository_ruleset": {"id": 1}})),
    ] {
        bodies.push((name.to_owned(), around(more)));
    }
    bodies
}

#[tokio::test]
async fn no_body_is_believed_under_another_events_name() {
    let world = World::planning(Arc::new(believe)).await;
    let (mut crossed, mut own) = (0, 0);
    for (kind, body) in bodies() {
        for event in EVENTS {
            let delivery = Delivery::new(event, "one", body.clone());
            let (code, text) = world.post(&delivery).await;
            if event == kind {
                assert_eq!(code, 202, "{kind}: {text}");
                own += 1;
            } else {
                let ignored = code == 202 && text.contains("ignored");
                assert!(code == 400 || ignored, "a body of {kind} is believed as {event}: {code} {text}");
                crossed += 1;
            }
        }
    }
    assert!(own >= 20 && crossed >= 300, "{own} fixtures, {crossed} crossings");
    // All fixtures came under one GUID: the first was kept and nothing else.
    assert_eq!(world.stored().await, (1, 1));
}

#[tokio::test]
async fn a_known_guid_with_another_body_is_not_taken() {
    let world = World::new().await;
    assert_eq!(status(&world.post(&Delivery::opened("one")).await).1, "accepted");
    let other = Delivery::new("issue_comment", "one", fixture("issue_comment.created"));
    assert_eq!(status(&world.post(&other).await), (202, "duplicate".to_owned()));
    assert_eq!(world.stored().await, (1, 1), "the first body stands");
    let stored = world.store.jobs(&super::JobFilter::default()).await.expect("a list");
    assert_eq!(stored[0].kind, "review");
    // Under a GUID of its own it is as good as ever.
    assert_eq!(status(&world.post(&Delivery { guid: Some("two"), ..other }).await).1, "accepted");
}

#[tokio::test]
async fn headers_that_name_a_delivery_are_there_once_and_well_formed() {
    let world = World::new().await;
    let good = Delivery::opened("one");
    let signature = good.signature.clone().expect("signed");
    let lines = [
        ("X-GitHub-Event: pull_request", 400),
        ("X-GitHub-Event: issue_comment", 400),
        ("X-GitHub-Delivery: one", 400),
        ("X-GitHub-Delivery: two", 400),
        // The signature comes first: who cannot sign learns nothing else.
        (&format!("X-Hub-Signature-256: {signature}"), 401),
        ("X-Hub-Signature-256: sha256=00", 401),
    ];
    for (line, wanted) in lines {
        for doubled in [
            format!("{line}\r\ncontent-length: {}", good.body.len()),
            format!("content-length: {}\r\n{line}", good.body.len()),
        ] {
            let mut request = good.head(&doubled).into_bytes();
            request.extend_from_slice(&good.body);
            assert_eq!(world.send(&request).await.0, wanted, "{line} twice");
        }
    }
    for name in ["X-GitHub-Event", "X-GitHub-Delivery", "X-Hub-Signature-256"] {
        let request = String::from_utf8(good.request()).expect("UTF-8").replace(name, "X-Other");
        let wanted = if name == "X-Hub-Signature-256" { 401 } else { 400 };
        assert_eq!(world.send(request.as_bytes()).await.0, wanted, "without {name}");
    }
    let long = "x".repeat(65);
    for guid in ["", " ", "a b", "a/b", "../a", "a\"b", "a'b;--", "a,b", "é", "{one}", "%00", "a\tb", &long] {
        let request = good.request();
        let head = String::from_utf8(request.clone()).expect("UTF-8");
        let request = head.replace("X-GitHub-Delivery: one", &format!("X-GitHub-Delivery: {guid}"));
        assert_eq!(world.send(request.as_bytes()).await.0, 400, "{guid:?}");
    }
    for (given, wanted) in [("SHA256=", 401), ("sha1=", 401), ("sha256= ", 401), ("", 401), ("sha256=sha256=", 401)] {
        let delivery = Delivery { signature: Some(signature.replace("sha256=", given)), ..good.clone() };
        assert_eq!(world.post(&delivery).await.0, wanted, "{given:?}");
    }
    assert_eq!(world.stored().await, (0, 0));
}
