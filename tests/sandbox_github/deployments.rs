use crate::world::*;

#[tokio::test]
async fn a_deployment_has_statuses() {
    let world = World::new().await;
    let token = world.token().await;
    let new = json!({"ref": "main", "environment": "dev", "auto_merge": false, "required_contexts": []});
    let made = world.post(&repo("/deployments"), &token, new.clone()).await;
    assert_eq!((made.status, &made.body["sha"]), (201, &json!(world.main().await)));
    let path = repo(&format!("/deployments/{}/statuses", made.body["id"]));
    assert_eq!(world.post(&path, &token, json!({"state": "done"})).await.status, 422);
    assert_eq!(
        world.post(&path, &token, json!({"state": "success", "description": "x".repeat(141)})).await.status,
        422
    );
    let status = json!({"state": "success", "description": "applied", "log_url": "http://x/"});
    assert_eq!(world.post(&path, &token, status).await.status, 201);
    let next = world.post(&repo("/deployments"), &token, new).await.body["id"].clone();
    let next = repo(&format!("/deployments/{next}/statuses"));
    world.post(&next, &token, json!({"state": "success"})).await;
    let states: Vec<_> = world.github.deployments(REPO).iter().map(|it| it.statuses.len()).collect();
    assert_eq!(states, [2, 1], "the earlier one became inactive");
    let listed = world.get(&repo("/deployments?environment=dev"), &token).await;
    assert_eq!(listed.body.as_array().unwrap().len(), 2);
    assert_eq!(world.post(&repo("/deployments"), &token, json!({"ref": "nothing"})).await.status, 422);
    assert_eq!(world.post(&repo("/deployments"), &token, json!({})).await.status, 422);
    world.post(&repo("/check-runs"), &token, json!({"name": "c", "head_sha": world.main().await})).await;
    assert_eq!(world.post(&repo("/deployments"), &token, json!({"ref": "main"})).await.status, 409);
}
