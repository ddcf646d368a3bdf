use crate::world::*;

fn annotation() -> Value {
    json!({"path": "cluster/a.yaml", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "m"})
}

fn with(field: &str, value: Value) -> Value {
    let mut annotation = annotation();
    annotation[field] = value;
    annotation
}

async fn with_output(world: &World, output: Value) -> Reply {
    let run = json!({"name": "c", "head_sha": world.main().await, "output": output});
    world.post(&repo("/check-runs"), &world.token().await, run).await
}

#[tokio::test]
async fn fifty_annotations_fit_and_more_are_appended() {
    let world = World::new().await;
    let token = world.token().await;
    let many = |count: usize| Value::Array(vec![annotation(); count]);
    let output = |count| json!({"title": "t", "summary": "s", "annotations": many(count)});
    assert_eq!(with_output(&world, output(51)).await.status, 422);
    let made = with_output(&world, output(50)).await;
    assert_eq!(made.status, 201);
    let path = repo(&format!("/check-runs/{}", made.body["id"]));
    let more = world.send(Method::PATCH, &path, &token, json!({"output": output(3)})).await;
    assert_eq!(more.body["output"]["annotations_count"], 53);
    let page = world.get(&format!("{path}/annotations?per_page=50&page=2"), &token).await;
    assert_eq!(page.body.as_array().unwrap().len(), 3);
    assert_eq!(page.body[0]["annotation_level"], "failure");
}

#[tokio::test]
async fn bad_annotations_are_refused() {
    let world = World::new().await;
    let mut multiline = with("end_line", json!(2));
    multiline["start_column"] = json!(1);
    let mut pathless = annotation();
    pathless.as_object_mut().unwrap().remove("path");
    for bad in [
        with("annotation_level", json!("error")),
        with("start_line", json!("1")),
        with("start_line", json!(2)),
        with("title", json!("x".repeat(256))),
        with("message", json!("x".repeat(65_537))),
        multiline,
        pathless,
    ] {
        let reply = with_output(&world, json!({"title": "t", "summary": "s", "annotations": [bad]})).await;
        assert_eq!(reply.status, 422, "{bad}");
    }
    let mut fine = annotation();
    fine["start_column"] = json!(1);
    fine["end_column"] = json!(2);
    let reply = with_output(&world, json!({"title": "t", "summary": "s", "annotations": [fine]})).await;
    assert_eq!(reply.status, 201);
}

#[tokio::test]
async fn bad_check_runs_are_refused() {
    let world = World::new().await;
    let token = world.token().await;
    let sha = world.main().await;
    let base = json!({"name": "c", "head_sha": sha});
    let action = json!({"label": "Fix", "description": "Fixes it", "identifier": "fix"});
    let long_action = json!({"label": "x".repeat(21), "description": "d", "identifier": "i"});
    for (field, value) in [
        ("status", json!("completed")),
        ("status", json!("done")),
        ("conclusion", json!("stale")),
        ("conclusion", json!("ok")),
        ("head_sha", json!("0".repeat(40))),
        ("started_at", json!("yesterday")),
        ("output", json!({"title": "t"})),
        ("output", json!({"summary": "s"})),
        ("output", json!({"title": "t", "summary": "x".repeat(65_536)})),
        ("output", json!({"title": "t", "summary": "s", "text": "x".repeat(65_536)})),
        ("actions", json!([long_action])),
        ("actions", json!([action, action, action, action])),
    ] {
        let mut body = base.clone();
        body[field] = value;
        assert_eq!(world.post(&repo("/check-runs"), &token, body).await.status, 422, "{field}");
    }
    for missing in [json!({"name": "c"}), json!({"head_sha": sha})] {
        assert_eq!(world.post(&repo("/check-runs"), &token, missing).await.status, 422);
    }
    let reply = world.post(&repo("/check-runs"), &world.user("alice"), base.clone()).await;
    assert_eq!((reply.status, reply.message()), (403, "You must authenticate via a GitHub App."));
}

#[tokio::test]
async fn bad_changes_of_a_check_run_are_refused() {
    let world = World::new().await;
    let token = world.token().await;
    let new = json!({"name": "c", "head_sha": world.main().await, "conclusion": "success"});
    let made = world.post(&repo("/check-runs"), &token, new).await;
    let path = repo(&format!("/check-runs/{}", made.body["id"]));
    for bad in [
        // Whoever completes it says how, also where it had a conclusion before.
        json!({"status": "completed"}),
        json!({"status": "waiting"}),
        json!({"conclusion": null}),
        json!({"conclusion": "stale"}),
        json!({"output": {"title": "t"}}),
        json!({"output": null}),
        json!({"name": 1}),
        json!({"actions": {}}),
        json!({"completed_at": 5}),
        json!({"output": {"summary": "s", "images": [{"alt": "a"}]}}),
    ] {
        assert_eq!(world.send(Method::PATCH, &path, &token, bad.clone()).await.status, 422, "{bad}");
    }
    let again = world.send(Method::PATCH, &path, &token, json!({"status": "in_progress"})).await;
    assert_eq!(
        (again.status, &again.body["conclusion"], &again.body["completed_at"]),
        (200, &Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_check_run_runs_completes_and_is_found() {
    let world = World::new().await;
    let (number, sha) = world.pull().await;
    let token = world.token().await;
    let new = json!({"name": "bailiwick/review", "head_sha": sha, "status": "in_progress", "external_id": "x"});
    let first = world.post(&repo("/check-runs"), &token, new.clone()).await;
    assert_eq!(first.body["pull_requests"][0]["number"], number);
    let second = world.post(&repo("/check-runs"), &token, new).await.body["id"].clone();
    let done = json!({"conclusion": "failure"});
    let done = world.send(Method::PATCH, &repo(&format!("/check-runs/{second}")), &token, done).await;
    assert_eq!((&done.body["status"], done.body["completed_at"].is_string()), (&json!("completed"), true));
    let listed = world.get(&repo("/commits/change/check-runs"), &token).await;
    assert_eq!((&listed.body["total_count"], &listed.body["check_runs"][0]["id"]), (&json!(1), &second));
    let all =
        world.get(&repo(&format!("/commits/{sha}/check-runs?filter=all&check_name=bailiwick/review")), &token).await;
    assert_eq!(all.body["total_count"], 2);
    assert_eq!(world.post(&repo(&format!("/check-runs/{second}/rerequest")), &token, json!({})).await.status, 201);
    assert_eq!(world.send(Method::PATCH, &repo("/check-runs/1"), &token, json!({})).await.status, 404);
}
