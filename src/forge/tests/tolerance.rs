//! What GitHub's description leaves open, and what other servers do otherwise.

use super::*;
use crate::names::{CheckRunId, CommentId};

/// Larger than 32 bits, as GitHub's check runs have been for years.
const LARGE: u64 = 50_000_000_017;

#[test]
fn an_app_without_a_slug_knows_its_comments_by_its_number() {
    let us: AppIdentity = serde_json::from_value(json!({ "id": LARGE })).unwrap();
    let bot: Account = serde_json::from_value(json!({ "id": 5, "login": "bailiwick[bot]", "type": "Bot" })).unwrap();
    assert!(us.made(Some(LARGE), Some(&bot)) && us.made(Some(LARGE), None));
    assert!(!us.made(None, Some(&bot)) && !us.made(Some(7), Some(&bot)));
}

#[tokio::test]
async fn fields_that_are_null_or_missing_hide_nothing() {
    let world = World::new(|seen| {
        let path = seen.path.split('?').next().unwrap();
        ok(match path.rsplit('/').next().unwrap() {
            "1" => {
                let mut pull = pull_json(1);
                for (field, value) in [("user", Value::Null), ("merge_commit_sha", json!("")), ("draft", Value::Null)] {
                    pull[field] = value;
                }
                pull.as_object_mut().unwrap().retain(|field, _| !["title", "html_url", "merged"].contains(&field.as_str()));
                pull["base"]["repo"].as_object_mut().unwrap().remove("clone_url");
                pull
            }
            "5" => json!({ "id": 5, "user": null, "created_at": "x", "performed_via_github_app": { "slug": "other" } }),
            "check-runs" => json!({ "total_count": 1, "check_runs": [
                { "id": LARGE, "name": "c", "head_sha": HEAD, "status": "queued", "app": null, "output": { "title": null } },
            ] }),
            "dev-cluster" => json!({ "id": LARGE, "full_name": "org/dev-cluster", "default_branch": "main" }),
            _ => panic!("{path}"),
        })
    })
    .await;
    let repo = world.repo(Access::REVIEW);
    let pull = repo.pull(IssueNumber::new(1)).await.unwrap();
    assert!(pull.author.is_none() && pull.merge_commit_sha.is_none() && !pull.draft && !pull.from_fork());
    assert_eq!(pull.base.clone_url(), Some(format!("{}/org/dev-cluster.git", world.url).as_str()));
    let comment = repo.comment(CommentId::new(5)).await.unwrap().unwrap();
    assert_eq!((comment.app(), comment.body.as_str(), comment.created_at), (None, "", None));
    let run = repo.find_check_run(&commit(), "c", None).await.unwrap().unwrap();
    assert_eq!((run.id, run.annotations()), (CheckRunId::new(LARGE), 0));
    let facts = repo.repository().await.unwrap();
    assert_eq!((facts.id.get(), facts.clone_url), (LARGE, format!("{}/org/dev-cluster.git", world.url)));
}

#[tokio::test]
async fn a_permission_without_its_account_counts_where_the_login_still_is_the_same_persons() {
    let world = World::new(|seen| match seen.path.as_str() {
        "/users/ann" => ok(json!({ "id": 5, "login": "ann" })),
        "/users/gone" => (404, vec![], json!({ "message": "Not Found" })),
        _ => ok(json!({ "permission": "write", "role_name": "write", "user": null })),
    })
    .await;
    let repo = world.repo(Access::METADATA);
    for (login, id, expected) in
        [("ann", 5, PermissionLevel::Write), ("ann", 6, PermissionLevel::None), ("gone", 5, PermissionLevel::None)]
    {
        let found = repo.permission_of(&login.parse().unwrap(), UserId::new(id)).await.unwrap();
        assert_eq!(found.level, expected, "{login} {id}");
    }
}

#[tokio::test]
async fn answers_that_nobody_needs_may_be_empty() {
    let world = World::new(|seen| match seen.method.as_str() {
        "GET" => ok(json!({ "object": { "sha": HEAD } })),
        _ => (204, vec![], Value::Null),
    })
    .await;
    let repo = world.repo(Access::PROPOSE.and(Access::DEPLOYMENTS));
    repo.react(CommentId::new(LARGE), Reaction::Eyes).await.unwrap();
    repo.create_branch(&"bailiwick/x".parse::<BranchName>().unwrap(), &commit()).await.unwrap();
    let status = NewDeploymentStatus {
        state: DeploymentState::Success,
        description: String::new(),
        environment_url: None,
        log_url: None,
    };
    repo.deployment_status(crate::names::DeploymentId::new(LARGE), &status).await.unwrap();
    assert_eq!(world.seen().pop().unwrap().path, format!("/repos/org/dev-cluster/deployments/{LARGE}/statuses"));
}

#[tokio::test]
async fn the_commit_of_a_first_file_is_looked_up_where_it_is_not_told() {
    let world = World::new(|seen| match seen.method.as_str() {
        "PUT" => (201, vec![], json!({ "content": null, "commit": {} })),
        _ => ok(json!({ "object": { "sha": HEAD } })),
    })
    .await;
    let (branch, path) = ("main".parse().unwrap(), "README.md".parse().unwrap());
    let made = world.repo(Access::PROPOSE).create_first_file(&branch, &path, "x", "m").await.unwrap();
    assert_eq!(made, commit());
}

#[tokio::test]
async fn without_links_a_full_page_is_followed_by_number() {
    let world = World::new(|seen| {
        let first = if seen.path.contains("&page=2") { 101 } else { 1 };
        let count = if first == 1 { 100 } else { 7 };
        ok((first..first + count).map(pull_json).collect())
    })
    .await;
    assert_eq!(world.repo(Access::READ).open_pulls().await.unwrap().len(), 107);
    assert_eq!(world.asked().len(), 2);

    let world = World::new(|_| ok((1..=99).map(pull_json).collect())).await;
    assert_eq!(world.repo(Access::READ).open_pulls().await.unwrap().len(), 99);
    assert_eq!(world.asked().len(), 1, "a page that is not full is the last");
}

#[tokio::test]
async fn links_may_leave_out_what_was_asked_for() {
    for link in ["<?page=2>; rel=next", "</elsewhere?page=2>; rel=\"next\"", "<pulls?page=2>; REL=\"next\""] {
        let world = World::new(move |seen| {
            let links = if seen.path.contains("page=2") { vec![] } else { vec![("LINK", link.to_owned())] };
            (200, links, json!([pull_json(1)]))
        })
        .await;
        assert_eq!(world.repo(Access::READ).open_pulls().await.unwrap().len(), 2, "{link}");
        assert_eq!(world.seen().pop().unwrap().path, "/repos/org/dev-cluster/pulls?page=2", "{link}");
    }
}

#[tokio::test]
async fn a_write_is_sent_again_whatever_the_redirect_is_called() {
    for status in [301, 302, 307, 308] {
        let world = World::new(move |seen| match seen.path.starts_with("/repositories/42/") {
            true => (201, vec![], comment_json(1, "x", json!(null), None)),
            false => (status, vec![("Location", "/api/v3/repos/org/new-name".to_owned())], Value::Null),
        })
        .await;
        world.repo(Access::COMMENT).create_comment(IssueNumber::new(1), "x").await.unwrap();
        let last = world.seen().pop().unwrap();
        assert!(last.is("POST", "/repositories/42/issues/1/comments"), "{status}: {last:?}");
        assert_eq!(last.body, json!({ "body": "x" }), "{status}");
    }
}

#[tokio::test]
async fn times_are_sent_without_fractions() {
    let world =
        World::new(|_| (201, vec![], json!({ "id": 1, "name": "c", "head_sha": HEAD, "status": "queued" }))).await;
    let at: Timestamp = "2026-11-24T12:00:00.123456789Z".parse().unwrap();
    let run = NewCheckRun {
        name: "c".to_owned(),
        head: commit(),
        external_id: None,
        details_url: None,
        started_at: Some(at),
        state: CheckState::Completed { conclusion: Conclusion::Success, at },
        output: None,
        actions: Vec::new(),
    };
    world.repo(Access::REVIEW).create_check_run(&run).await.unwrap();
    let body = world.seen().pop().unwrap().body;
    assert_eq!((&body["started_at"], &body["completed_at"]), (&json!("2026-11-24T12:00:00Z"), &body["started_at"]));
}

#[tokio::test]
async fn a_file_that_does_not_come_is_no_empty_file() {
    let world =
        World::new(|_| ok(json!({ "type": "file", "size": 2_000_000, "encoding": "none", "content": "" }))).await;
    let error = world.repo(Access::READ).file(&"big.yaml".parse().unwrap(), "main").await.unwrap_err();
    assert!(matches!(error, ForgeError::Unexpected { .. }), "{error}");
}

/// A server that answers each connection once, byte for byte as given, and closes it without a word.
async fn raw_server(answers: Vec<Vec<u8>>) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 16_384];
            let _ = stream.read(&mut buffer).await.unwrap();
            stream.write_all(&answer).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn answers_may_come_in_any_form_that_http_allows() {
    let app = r#"{"id":7,"slug":"bailiwick"}"#;
    let chunks = format!("5\r\n{}\r\n{:X};x=y\r\n{}\r\n0\r\n\r\n", &app[..5], app.len() - 5, &app[5..]);
    let answers = [
        format!("HTTP/1.1 200 OK\r\nCONTENT-TYPE: application/json\r\nTRANSFER-ENCODING: chunked\r\n\r\n{chunks}"),
        format!("HTTP/1.0 200 OK\r\n\r\n{app}"),
        format!("HTTP/1.1 200 fine\r\ncontent-length:{}\r\nkeep-alive: timeout=5\r\n\r\n{app}", app.len()),
    ];
    for answer in answers {
        let url = raw_server(vec![answer.clone().into_bytes()]).await;
        let forge = Forge::new(settings(&url)).unwrap();
        assert_eq!(forge.identity().await.unwrap().id, 7, "{answer}");
    }
}

/// A connection that the server closed after its answer is not used for the next request, so a
/// POST does not fail on it.
#[tokio::test]
async fn a_connection_that_was_closed_is_no_failure() {
    let body =
        |text: &str| format!("HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n{text}", text.len()).into_bytes();
    let token = r#"{"token":"ghs_1","expires_at":"2026-11-24T13:00:00Z"}"#;
    let made = comment_json(1, "x", Value::Null, None).to_string();
    let url = raw_server(vec![body(token), body(&made), body(&made)]).await;
    let forge = Forge::new(settings(&url)).unwrap();
    let at = (RepositoryId::new(42), "org/dev-cluster".parse().unwrap());
    let repo = forge.repo(InstallationId::new(9), at, Access::COMMENT);
    for _ in 0..2 {
        repo.create_comment(IssueNumber::new(1), "x").await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// `gzip -n` of `{"id":7}`: asked for or not, proxies compress.
#[tokio::test]
async fn a_compressed_answer_is_read() {
    let mut child = std::process::Command::new("gzip")
        .args(["-n", "-c"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), br#"{"id":7}"#).unwrap();
    let packed = child.wait_with_output().unwrap().stdout;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
    let url = raw_server(vec![[head.into_bytes(), packed].concat()]).await;
    assert_eq!(Forge::new(settings(&url)).unwrap().identity().await.unwrap().id, 7);
}
