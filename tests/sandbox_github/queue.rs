use crate::webhooks::{names, receiver};
use crate::world::*;

/// Makes the check of a commit green.
async fn green(world: &World, sha: &str) {
    let token = world.token().await;
    let run = json!({"name": "bailiwick/review", "head_sha": sha, "conclusion": "success"});
    assert_eq!(world.post(&repo("/check-runs"), &token, run).await.status, 201);
}

async fn another(world: &World) -> (u64, String) {
    let change = [Change::write("docs/second.md", "Second.\n")];
    let sha = world.github.push("alice", (REPO, "second"), &change, "Second").await.unwrap();
    let new = NewPullRequest { head: "second", base: "main", title: "Second", body: "" };
    (world.github.open_pull("alice", REPO, new).await.unwrap(), sha)
}

#[tokio::test]
async fn a_merge_queue_builds_on_what_is_before_and_merges_what_is_green() {
    let world = World::new().await;
    let ((first, sha), (second, other)) = (world.pull().await, another(&world).await);
    world.github.protect(REPO, &["bailiwick/review"]).unwrap();
    assert!(world.github.enqueue("alice", REPO, first).await.is_err(), "there is no queue");
    world.github.require_merge_queue(REPO, "ALLGREEN").unwrap();
    assert!(world.github.enqueue("alice", REPO, first).await.is_err(), "its own check comes first");
    green(&world, &sha).await;
    green(&world, &other).await;
    assert!(world.github.merge("alice", REPO, first).await.is_err(), "not past the queue");

    let main = world.main().await;
    let one = world.github.enqueue("alice", REPO, first).await.unwrap();
    let two = world.github.enqueue("alice", REPO, second).await.unwrap();
    assert_eq!((one.onto.as_str(), two.onto.as_str()), (main.as_str(), one.head.as_str()));
    assert_eq!(one.branch, format!("gh-readonly-queue/main/pr-{first}-{main}"));
    assert!(world.github.merge_first_group(REPO).await.is_err(), "its group has no verdict");
    green(&world, &one.head).await;
    assert_eq!(world.github.merge_first_group(REPO).await.unwrap(), one.head);
    assert_eq!(world.main().await, one.head);
    let merged = world.github.pull(REPO, first).unwrap();
    assert_eq!((merged.open, merged.merged), (false, Some(one.head)));
    assert_eq!(world.github.merge_groups(REPO), [two]);
}

#[tokio::test]
async fn whoever_leaves_the_queue_takes_the_groups_behind_along() {
    let world = World::new().await;
    let ((first, _), (second, _)) = (world.pull().await, another(&world).await);
    world.github.require_merge_queue(REPO, "ALLGREEN").unwrap();
    let seen = receiver(&world).await;
    let one = world.github.enqueue("alice", REPO, first).await.unwrap();
    let two = world.github.enqueue("alice", REPO, second).await.unwrap();
    world.github.dequeue("alice", REPO, first).await.unwrap();
    let left = world.github.merge_groups(REPO);
    assert_eq!(left[0].onto, world.main().await);
    world.github.drop_unreachable(REPO).await.unwrap();
    let token = world.token().await;
    for gone in [&one, &two] {
        assert_eq!(world.get(&repo(&format!("/git/commits/{}", gone.head)), &token).await.status, 404);
    }
    world.github.webhooks_settled().await;
    let groups: Vec<String> = names(&seen).into_iter().filter(|name| name.starts_with("merge_group")).collect();
    let [asked, ended] = ["merge_group.checks_requested", "merge_group.destroyed"];
    assert_eq!(groups, [asked, asked, ended, ended, asked]);
    let payloads = seen.lock().unwrap();
    let ended = payloads.iter().map(|(_, body)| serde_json::from_slice::<Value>(body).unwrap());
    let reasons: Vec<Value> = ended.filter(|it| it["action"] == "destroyed").map(|it| it["reason"].clone()).collect();
    assert_eq!(reasons, ["dequeued", "invalidated"]);
}

#[tokio::test]
async fn a_strict_branch_takes_only_what_contains_its_tip() {
    let world = World::new().await;
    let (number, sha) = world.pull().await;
    world.github.protect(REPO, &["bailiwick/review"]).unwrap();
    world.github.require_up_to_date(REPO, Some(true)).unwrap();
    green(&world, &sha).await;
    world.github.push("alice", (REPO, "main"), &[Change::write("README.md", "# Newer\n")], "Newer").await.unwrap();
    let error = world.github.merge("alice", REPO, number).await.unwrap_err().to_string();
    assert!(error.contains("not up to date"), "{error}");
}
