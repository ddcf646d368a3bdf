use super::*;

fn run_json(id: u64, app: u64, external: &str) -> Value {
    json!({
        "id": id, "name": "bailiwick / dev", "head_sha": HEAD, "external_id": external, "status": "in_progress",
        "conclusion": null, "html_url": "http://x", "output": { "annotations_count": 50 }, "app": { "id": app },
    })
}

fn output(annotations: u32) -> CheckOutput {
    let note = |line| Annotation {
        path: "cluster/common/crds.yaml".parse().unwrap(),
        start_line: line,
        end_line: line,
        columns: Some((3, 9)),
        level: AnnotationLevel::Failure,
        title: Some("crd/name".to_owned()),
        message: "wrong".to_owned(),
        raw_details: None,
    };
    CheckOutput {
        title: "findings".to_owned(),
        summary: "many".to_owned(),
        text: None,
        annotations: (1..=annotations).map(note).collect(),
    }
}

fn new_run(annotations: u32, at: Timestamp) -> NewCheckRun {
    NewCheckRun {
        name: "bailiwick / dev".to_owned(),
        head: commit(),
        external_id: Some("review:1".to_owned()),
        details_url: None,
        started_at: Some(at),
        state: CheckState::Completed { conclusion: Conclusion::Failure, at },
        output: Some(output(annotations)),
        actions: vec![CheckAction {
            label: "Check again".to_owned(),
            description: "Judge this commit anew".to_owned(),
            identifier: "again".to_owned(),
        }],
    }
}

fn lines(seen: &Seen) -> Vec<u64> {
    let notes = seen.body["output"]["annotations"].as_array().cloned().unwrap_or_default();
    notes.iter().map(|note| note["start_line"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_hundred_and_twenty_annotations_take_three_requests_and_the_last_completes() {
    let world = World::new(|_| (201, vec![], run_json(1, 7, "review:1"))).await;
    world.repo(Access::REVIEW).create_check_run(&new_run(120, world.clock.now())).await.unwrap();
    assert_eq!(
        world.asked(),
        [
            "POST /repos/org/dev-cluster/check-runs",
            "PATCH /repos/org/dev-cluster/check-runs/1",
            "PATCH /repos/org/dev-cluster/check-runs/1"
        ]
    );
    let sent: Vec<Seen> = world.seen().into_iter().filter(|seen| seen.path.contains("check-runs")).collect();
    assert_eq!(sent.iter().flat_map(lines).collect::<Vec<_>>(), (1..=120).collect::<Vec<_>>());
    assert_eq!(sent[0].body["status"], "in_progress");
    assert_eq!(sent[1].body.get("conclusion"), None);
    assert_eq!(sent[2].body["conclusion"], "failure");
    assert_eq!(sent[0].body["actions"][0]["identifier"], "again");
    assert_eq!(sent[0].body["output"]["annotations"][0]["end_column"], 9);
}

#[tokio::test]
async fn a_small_check_run_is_one_request() {
    let world = World::new(|_| (201, vec![], run_json(1, 7, "review:1"))).await;
    let run = world.repo(Access::REVIEW).create_check_run(&new_run(50, world.clock.now())).await.unwrap();
    assert_eq!(world.asked().len(), 1);
    assert_eq!(world.seen().pop().unwrap().body["conclusion"], "failure");
    assert_eq!(run.annotations(), 50);
}

#[tokio::test]
async fn an_interrupted_check_run_goes_on_where_it_stopped() {
    let world = World::new(|_| ok(run_json(1, 7, "review:1"))).await;
    let update = CheckRunUpdate {
        state: Some(CheckState::Completed { conclusion: Conclusion::Failure, at: world.clock.now() }),
        output: Some(output(120)),
        already_annotated: 50,
        ..CheckRunUpdate::default()
    };
    world.repo(Access::REVIEW).update_check_run(crate::names::CheckRunId::new(1), &update).await.unwrap();
    let sent: Vec<Seen> = world.seen().into_iter().filter(|seen| seen.path.contains("check-runs")).collect();
    assert_eq!(sent.iter().flat_map(lines).collect::<Vec<_>>(), (51..=120).collect::<Vec<_>>());
    assert_eq!(sent.len(), 2);
}

#[tokio::test]
async fn another_apps_check_run_is_not_ours() {
    let world = World::new(|_| {
        let runs = [run_json(1, 7, "review:1"), run_json(3, 8, "review:1"), run_json(2, 7, "review:2")];
        ok(json!({ "total_count": 3, "check_runs": runs }))
    })
    .await;
    let repo = world.repo(Access::REVIEW);
    let found = repo.find_check_run(&commit(), "bailiwick / dev", None).await.unwrap().unwrap();
    assert_eq!(found.id.get(), 2);
    let found = repo.find_check_run(&commit(), "bailiwick / dev", Some("review:1")).await.unwrap().unwrap();
    assert_eq!(found.id.get(), 1);
    assert!(world.seen().pop().unwrap().path.contains("check_name=bailiwick%20%2F%20dev&filter=latest"));
}

#[tokio::test]
async fn texts_above_the_limits_are_not_sent() {
    let world = World::new(|_| ok(json!({}))).await;
    let repo = world.repo(Access::REVIEW);
    let too_large = |error: ForgeError| assert!(matches!(error, ForgeError::TooLarge { .. }), "{error}");
    too_large(repo.create_comment(IssueNumber::new(1), &"ä".repeat(BODY_LIMIT + 1)).await.unwrap_err());
    let mut run = new_run(1, world.clock.now());
    run.output.as_mut().unwrap().summary = "x".repeat(SUMMARY_LIMIT + 1);
    too_large(repo.create_check_run(&run).await.unwrap_err());
    let mut run = new_run(1, world.clock.now());
    run.actions[0].label = "x".repeat(21);
    too_large(repo.create_check_run(&run).await.unwrap_err());
    assert_eq!(world.forge.requests(), 0);
}

#[tokio::test]
async fn a_copied_marker_is_not_our_comment() {
    let world = World::new(|_| {
        let user = |login: &str, kind: &str| json!({ "id": 5, "login": login, "type": kind });
        ok(json!([
            comment_json(1, "<!-- bailiwick:review -->", user("mallory", "User"), None),
            comment_json(2, "<!-- bailiwick:review -->", user("other[bot]", "Bot"), Some(8)),
            comment_json(3, "<!-- bailiwick:review -->", user("bailiwick[bot]", "User"), None),
            comment_json(4, "no marker", user("bailiwick[bot]", "Bot"), Some(7)),
            comment_json(5, "<!-- bailiwick:review -->", user("bailiwick[bot]", "Bot"), Some(7)),
        ]))
    })
    .await;
    let found = world.repo(Access::COMMENT).find_own_comment(IssueNumber::new(3), "<!-- bailiwick:review -->").await;
    let found = found.unwrap().unwrap();
    assert_eq!((found.id.get(), found.issue()), (5, Some(IssueNumber::new(3))));
}

#[tokio::test]
async fn a_deleted_comment_is_an_answer() {
    let world = World::new(|_| (404, vec![], json!({ "message": "Not Found" }))).await;
    let repo = world.repo(Access::COMMENT);
    assert_eq!(repo.comment(crate::names::CommentId::new(1)).await.unwrap(), None);
    assert_eq!(repo.branch_head(&"main".parse().unwrap()).await.unwrap(), None);
    assert_eq!(repo.file(&"policy.yaml".parse().unwrap(), "main").await.unwrap(), None);
}

#[tokio::test]
async fn a_permission_counts_only_for_the_same_id() {
    let world = World::new(|_| {
        let user = json!({ "id": 5, "login": "ann", "type": "User" });
        ok(json!({ "permission": "write", "role_name": "maintain", "user": user }))
    })
    .await;
    let repo = world.repo(Access::METADATA);
    let login = "ann".parse().unwrap();
    let own = repo.permission_of(&login, UserId::new(5)).await.unwrap();
    assert_eq!((own.level, own.role.as_str()), (PermissionLevel::Maintain, "maintain"));
    let renamed = repo.permission_of(&login, UserId::new(6)).await.unwrap();
    assert_eq!(renamed.level, PermissionLevel::None);
}

#[tokio::test]
async fn pending_members_are_no_members() {
    let world = World::new(|seen| match seen.path.rsplit('/').next().unwrap() {
        "ann" => ok(json!({ "state": "pending", "role": "member" })),
        _ => (404, vec![], json!({ "message": "Not Found" })),
    })
    .await;
    let repo = world.repo(Access::MEMBERS);
    for login in ["ann", "bob"] {
        let login = login.parse().unwrap();
        let team = (&"org".parse().unwrap(), "platform");
        assert!(!repo.is_team_member(team, (&login, UserId::new(5))).await.unwrap());
    }
}

#[tokio::test]
async fn a_membership_counts_only_for_the_same_id() {
    let world = World::new(|seen| match seen.path.as_str() {
        "/users/ann" => ok(json!({ "id": 5, "login": "ann", "type": "User" })),
        path if path.starts_with("/users/") => (404, vec![], json!({ "message": "Not Found" })),
        _ => ok(json!({ "state": "active", "role": "member" })),
    })
    .await;
    let repo = world.repo(Access::MEMBERS);
    let (organization, ann, gone) = ("org".parse().unwrap(), "ann".parse().unwrap(), "bob".parse().unwrap());
    let team = (&organization, "platform");
    assert!(repo.is_team_member(team, (&ann, UserId::new(5))).await.unwrap());
    assert!(!repo.is_team_member(team, (&ann, UserId::new(6))).await.unwrap(), "the login was registered again");
    assert!(!repo.is_team_member(team, (&gone, UserId::new(6))).await.unwrap(), "nobody's now");
}

#[tokio::test]
async fn refused_keys_say_why() {
    let world = World::new(|seen| {
        let error =
            |message: &str| json!([{ "resource": "PublicKey", "code": "custom", "field": "key", "message": message }]);
        match seen.body["title"].as_str().unwrap_or_default() {
            "used" => {
                (422, vec![], json!({ "message": "Validation Failed", "errors": error("key is already in use") }))
            }
            "off" => (422, vec![], json!({ "message": "Deploy keys are disabled for this repository" })),
            "hidden" => (404, vec![], json!({ "message": "Not Found" })),
            _ => (500, vec![], Value::Null),
        }
    })
    .await;
    let repo = world.repo(Access::KEYS);
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl".parse().unwrap();
    assert!(matches!(repo.add_deploy_key("used", &key, true).await, Err(KeyError::InUse { .. })));
    assert_eq!(world.seen().pop().unwrap().body["read_only"], true);
    assert!(matches!(repo.add_deploy_key("off", &key, true).await, Err(KeyError::Disabled { .. })));
    assert!(matches!(repo.add_deploy_key("hidden", &key, true).await, Err(KeyError::NoAdminRight { .. })));
    assert!(matches!(repo.add_deploy_key("x", &key, true).await, Err(KeyError::Forge(ForgeError::Unavailable { .. }))));
}

#[tokio::test]
async fn a_deployment_merges_nothing_and_waits_for_no_checks() {
    let world = World::new(|seen| match seen.method.as_str() {
        "GET" => {
            let one = |id: u64, login: &str, kind: &str| {
                let creator = json!({ "id": 1, "login": login, "type": kind });
                json!({ "id": id, "sha": HEAD, "environment": "dev", "url": "http://x", "creator": creator })
            };
            ok(json!([one(3, "mallory", "User"), one(2, "bailiwick[bot]", "Bot"), one(1, "bailiwick[bot]", "Bot")]))
        }
        _ => (201, vec![], json!({ "id": 4, "sha": HEAD, "environment": "dev" })),
    })
    .await;
    let repo = world.repo(Access::DEPLOYMENTS);
    assert_eq!(repo.find_deployment(&commit(), "dev").await.unwrap().unwrap().id.get(), 2);
    let new = NewDeployment {
        commit: commit(),
        environment: "dev".to_owned(),
        description: "x".repeat(200),
        payload: json!({ "run": 1 }),
    };
    repo.create_deployment(&new).await.unwrap();
    let body = world.seen().pop().unwrap().body;
    assert_eq!(
        (&body["auto_merge"], &body["required_contexts"], &body["ref"]),
        (&json!(false), &json!([]), &json!(HEAD))
    );
    assert_eq!(body["description"].as_str().unwrap().len(), 140);
    let status = NewDeploymentStatus {
        state: DeploymentState::InProgress,
        description: String::new(),
        environment_url: None,
        log_url: None,
    };
    repo.deployment_status(crate::names::DeploymentId::new(4), &status).await.unwrap();
    assert_eq!(world.seen().pop().unwrap().path, "/repos/org/dev-cluster/deployments/4/statuses");
}

/// A sync that failed, recovered and fails again says so again, also after a crash.
#[tokio::test]
async fn a_step_counts_as_announced_only_where_it_is_the_last_one() {
    let world = World::new(|_| {
        let status = |id: u64, state: &str| json!({ "id": id, "state": state });
        ok(json!([status(9, "inactive"), status(7, "success"), status(5, "failure"), status(3, "in_progress")]))
    })
    .await;
    let repo = world.repo(Access::DEPLOYMENTS);
    let deployment = crate::names::DeploymentId::new(4);
    for (step, announced) in [
        (DeploymentState::Success, true),
        (DeploymentState::Failure, false),
        (DeploymentState::InProgress, false),
        (DeploymentState::Error, false),
    ] {
        assert_eq!(repo.was_announced(deployment, step).await.unwrap(), announced, "{step:?}");
    }
}

#[tokio::test]
async fn published_host_keys_are_read() {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    let world = World::new(move |_| ok(json!({ "ssh_keys": [key, "nonsense"], "hooks": [] }))).await;
    let keys = world.repo(Access::METADATA).meta_ssh_keys().await.unwrap();
    assert_eq!(keys, [key.parse().unwrap()]);
}
