use super::*;

#[tokio::test]
async fn twenty_callers_share_one_token() {
    let world = World::new(|_| ok(pull_json(1))).await;
    let repo = world.repo(Access::REVIEW);
    let calls = (0..20).map(|_| repo.pull(IssueNumber::new(1)));
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    let mints = world.mints();
    assert_eq!(mints.len(), 1);
    assert_eq!(mints[0].path, "/app/installations/9/access_tokens");
    assert_eq!(
        mints[0].body,
        json!({
            "permissions": { "checks": "write", "contents": "read", "metadata": "read", "pull_requests": "read" },
            "repository_ids": [42],
        })
    );
    assert!(mints[0].authorization.starts_with("Bearer ey"), "an App's own token makes it");
    assert_eq!(world.forge.requests(), 21);
}

#[tokio::test]
async fn other_rights_are_another_token() {
    let world = World::new(|_| ok(pull_json(1))).await;
    world.repo(Access::READ).pull(IssueNumber::new(1)).await.unwrap();
    world.repo(Access::REVIEW).pull(IssueNumber::new(1)).await.unwrap();
    assert_eq!(world.mints().len(), 2);
}

#[tokio::test]
async fn a_token_is_replaced_five_minutes_before_its_end() {
    let world = World::new(|_| ok(pull_json(1))).await;
    let repo = world.repo(Access::READ);
    repo.pull(IssueNumber::new(1)).await.unwrap();
    world.clock.advance(Duration::from_secs(54 * 60));
    repo.pull(IssueNumber::new(1)).await.unwrap();
    assert_eq!(world.mints().len(), 1);
    world.clock.advance(Duration::from_secs(60));
    repo.pull(IssueNumber::new(1)).await.unwrap();
    assert_eq!(world.mints().len(), 2);
    assert_eq!(world.seen().last().unwrap().authorization, "Bearer ghs_2");
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let world = World::new(|seen| match seen.authorization.as_str() {
        "Bearer ghs_1" => (401, vec![], json!({ "message": "Bad credentials" })),
        _ => (201, vec![], comment_json(1, "x", json!(null), None)),
    })
    .await;
    let repo = world.repo(Access::COMMENT);
    repo.create_comment(IssueNumber::new(3), "x").await.unwrap();
    assert_eq!(world.asked(), ["POST /repos/org/dev-cluster/issues/3/comments"; 2]);

    let world = World::new(|_| (401, vec![], json!({ "message": "Bad credentials" }))).await;
    let error = world.repo(Access::READ).pull(IssueNumber::new(1)).await.unwrap_err();
    assert!(matches!(error, ForgeError::Unauthorized { .. }), "{error}");
    assert_eq!(world.mints().len(), 2);
}

#[tokio::test]
async fn a_revoked_token_is_not_used_again() {
    let world = World::new(|seen| match seen.method.as_str() {
        "DELETE" => (204, vec![], Value::Null),
        _ => ok(json!([])),
    })
    .await;
    let repo = world.repo(Access::KEYS);
    repo.deploy_keys().await.unwrap();
    repo.revoke().await.unwrap();
    let last = world.seen().pop().unwrap();
    assert!(last.is("DELETE", "/installation/token"), "{last:?}");
    assert_eq!(last.authorization, "Bearer ghs_1");
    repo.revoke().await.unwrap();
    repo.deploy_keys().await.unwrap();
    assert_eq!(world.seen().pop().unwrap().authorization, "Bearer ghs_2");
}

#[tokio::test]
async fn secrets_are_in_no_text() {
    let world = World::new(|_| (403, vec![], json!({ "message": "Resource not accessible by integration" }))).await;
    let repo = world.repo(Access::KEYS);
    let error = repo.deploy_keys().await.unwrap_err();
    let texts = format!("{repo:?} {:?} {error:?} {error}", world.forge);
    let token = repo.git_token().await.unwrap();
    assert!(!texts.contains(token.expose_secret()), "{texts}");
    assert!(!texts.contains("PRIVATE KEY"), "{texts}");
    assert!(matches!(error, KeyError::NoAdminRight { .. }), "{error}");
}

#[tokio::test]
async fn the_installation_is_asked_for_once() {
    let world = World::new(|_| ok(json!({ "id": 9 }))).await;
    for name in ["org/dev-cluster", "Org/Dev-Cluster"] {
        let name = name.parse().unwrap();
        assert_eq!(world.forge.installation_of(&name).await.unwrap(), InstallationId::new(9));
    }
    assert_eq!(world.asked(), ["GET /repos/org/dev-cluster/installation"]);
    world.forge.forget_installations();
    world.forge.installation_of(&"org/dev-cluster".parse().unwrap()).await.unwrap();
    assert_eq!(world.asked().len(), 2);
}

#[test]
fn an_app_token_lives_for_less_than_ten_minutes() {
    let clock: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let signer = jwt::Signer::new(7, &private_key()).unwrap();
    let token = signer.sign(clock).unwrap();
    let claims = token.expose_secret().split('.').nth(1).unwrap().to_owned();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["iss"], "7");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    assert_eq!(claims["iat"].as_i64().unwrap(), clock.as_second() - 60);
    assert!(!format!("{signer:?}").contains("PRIVATE"));
}

#[tokio::test]
async fn a_right_that_was_not_granted_is_named() {
    let world = World::new(|_| ok(json!([]))).await;
    let at = (RepositoryId::new(42), "org/dev-cluster".parse().unwrap());
    let repo = world.forge.repo(InstallationId::new(POOR), at, Access::KEYS);
    let error = repo.deploy_keys().await.unwrap_err();
    let KeyError::NoAdminRight { source: ForgeError::Forbidden { needs, message, .. }, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(needs, "administration: write, metadata: read");
    assert!(message.contains("not granted"), "{message}");
}
