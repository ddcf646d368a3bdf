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
    let text = json!({"ref": "main", "required_contexts": "none"});
    assert_eq!(world.post(&repo("/deployments"), &token, text).await.status, 422);
    world.post(&repo("/check-runs"), &token, json!({"name": "c", "head_sha": world.main().await})).await;
    assert_eq!(world.post(&repo("/deployments"), &token, json!({"ref": "main"})).await.status, 409);
}

#[tokio::test]
async fn a_branch_that_is_behind_is_brought_up_instead_of_deployed() {
    let world = World::new().await;
    let (_, sha) = world.pull().await;
    let token = world.token().await;
    let newest = world.github.push("alice", (REPO, "main"), &[Change::write("n", "1\n")], "Newer").await.unwrap();
    let wish = json!({"ref": "change", "required_contexts": []});
    let merged = world.post(&repo("/deployments"), &token, wish.clone()).await;
    assert_eq!((merged.status, merged.message()), (202, "Auto-merged main into change on deployment."));
    let tip = world.github.branch_tip(REPO, "change").await.unwrap();
    assert_ne!(tip, sha);
    assert!(world.github.deployments(REPO).is_empty());
    let made = world.post(&repo("/deployments"), &token, wish).await;
    assert_eq!((made.status, &made.body["sha"]), (201, &json!(tip)));
    let plain = json!({"ref": newest, "required_contexts": []});
    assert_eq!(world.post(&repo("/deployments"), &token, plain).await.status, 201, "a commit is behind nothing");
    world.github.push("alice", (REPO, "main"), &[Change::write("cluster/a.yaml", "a: 3\n")], "x").await.unwrap();
    let conflict = world.post(&repo("/deployments"), &token, json!({"ref": "change", "required_contexts": []})).await;
    assert_eq!(conflict.status, 409);
}
