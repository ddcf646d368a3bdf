use super::*;

#[tokio::test]
async fn page_two_is_asked_with_the_token_and_on_the_same_origin() {
    let world = World::new(|seen| {
        if seen.path.contains("page=2") {
            return ok(json!([pull_json(2)]));
        }
        let next = "<https://elsewhere.example/api/v3/repos/org/dev-cluster/pulls?page=3>; rel=\"last\", \
                    </api/v3/repositories/42/pulls?state=open&per_page=100&page=2>; rel=\"next\"";
        (200, vec![("link", next.to_owned())], json!([pull_json(1)]))
    })
    .await;
    let pulls = world.repo(Access::READ).open_pulls().await.unwrap();
    assert_eq!(pulls.iter().map(|pull| pull.number.get()).collect::<Vec<_>>(), [1, 2]);
    let second = world.seen().pop().unwrap();
    assert_eq!(second.path, "/repositories/42/pulls?state=open&per_page=100&page=2");
    assert_eq!(second.authorization, "Bearer ghs_1");
}

#[tokio::test]
async fn a_next_page_elsewhere_is_asked_for_here() {
    let world = World::new(|seen| {
        if seen.path.contains("page=2") {
            return ok(json!([pull_json(2)]));
        }
        let next = "<https://elsewhere.example/x/y?state=open&page=2>; rel=\"next\"";
        (200, vec![("link", next.to_owned())], json!([pull_json(1)]))
    })
    .await;
    assert_eq!(world.repo(Access::READ).open_pulls().await.unwrap().len(), 2);
    assert_eq!(world.seen().pop().unwrap().path, "/repos/org/dev-cluster/pulls?state=open&page=2");
}

#[tokio::test]
async fn a_listing_without_end_is_given_up() {
    let world = World::new(|seen| {
        let next = format!("</api/v3{}>; rel=\"next\"", seen.path);
        (200, vec![("link", next)], json!([]))
    })
    .await;
    let error = world.repo(Access::READ).open_pulls().await.unwrap_err();
    assert!(matches!(error, ForgeError::TooLarge { .. }), "{error}");
    assert_eq!(world.asked().len(), 30);
}

#[tokio::test]
async fn after_a_rate_limit_nothing_is_sent_until_its_end() {
    let world = World::new(|_| (429, vec![("retry-after", "7".to_owned())], json!({ "message": "slow down" }))).await;
    let repo = world.repo(Access::READ);
    let until = world.clock.now() + Duration::from_secs(7);
    for _ in 0..3 {
        let error = repo.pull(IssueNumber::new(1)).await.unwrap_err();
        assert_eq!(error.retry_at(), Some(until), "{error}");
        assert!(error.is_temporary());
    }
    assert_eq!(world.asked().len(), 1);
    world.clock.advance(Duration::from_secs(7));
    repo.pull(IssueNumber::new(1)).await.unwrap_err();
    assert_eq!(world.asked().len(), 2);
}

#[tokio::test]
async fn a_fault_is_reported_and_nothing_is_sent_twice() {
    let world = World::new(|_| (502, vec![], json!("bad gateway"))).await;
    let error = world.repo(Access::COMMENT).create_comment(IssueNumber::new(3), "x").await.unwrap_err();
    assert!(matches!(error, ForgeError::Unavailable { .. }) && error.is_temporary(), "{error}");
    assert_eq!(world.asked(), ["POST /repos/org/dev-cluster/issues/3/comments"]);
    world.repo(Access::READ).pull(IssueNumber::new(1)).await.unwrap_err();
    assert_eq!(world.asked().len(), 2, "a GET is not repeated on a 5xx either");
}

/// A server that takes requests and closes the connection without an answer.
async fn broken_server(answer_token: bool) -> (String, Arc<Mutex<Vec<String>>>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let lines = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&lines);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 16_384];
            let size = stream.read(&mut buffer).await.unwrap_or(0);
            let line = String::from_utf8_lossy(&buffer[..size]).lines().next().unwrap_or_default().to_owned();
            if answer_token && line.contains("access_tokens") {
                let body = r#"{"token":"ghs_1","expires_at":"2026-11-24T13:00:00Z"}"#;
                let head =
                    format!("HTTP/1.1 201 Created\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            } else {
                seen.lock().unwrap().push(line);
            }
        }
    });
    (url, lines)
}

#[tokio::test]
async fn on_a_broken_connection_a_get_is_sent_twice_and_a_post_once() {
    let (url, lines) = broken_server(true).await;
    let forge = Forge::new(settings(&url)).unwrap();
    let at = (RepositoryId::new(42), "org/dev-cluster".parse().unwrap());
    let repo = forge.repo(InstallationId::new(9), at, Access::COMMENT);
    let error = repo.pull(IssueNumber::new(1)).await.unwrap_err();
    assert!(matches!(error, ForgeError::Unavailable { .. }), "{error}");
    assert_eq!(lines.lock().unwrap().drain(..).count(), 2);
    let error = repo.create_comment(IssueNumber::new(1), "x").await.unwrap_err();
    assert!(matches!(error, ForgeError::Unavailable { .. }), "{error}");
    assert_eq!(lines.lock().unwrap().drain(..).count(), 1);
}

/// The listener takes connections in and nobody answers them.
#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for_twice() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hour = Duration::from_secs(3600);
    let short = Duration::from_millis(20);
    for timeouts in
        [Timeouts { connect: hour, read: short, total: hour }, Timeouts { connect: hour, read: hour, total: short }]
    {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let forge = Forge::new(ForgeSettings { timeouts, ..settings(&url) }).unwrap();
        let error = forge.identity().await.unwrap_err();
        assert!(error.to_string().contains("no answer in time"), "{error}");
        assert_eq!(forge.requests(), 1);
    }
}

#[tokio::test]
async fn a_refused_connection_is_named() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let forge = Forge::new(settings(&url)).unwrap();
    let error = forge.identity().await.unwrap_err();
    assert!(error.to_string().contains("no connection"), "{error}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(!source.contains("127.0.0.1"), "{source}");
}

#[tokio::test]
async fn an_answer_too_large_is_given_up() {
    let world = World::new(|_| ok(json!("x".repeat(16 << 20)))).await;
    let error = world.repo(Access::READ).pull(IssueNumber::new(1)).await.unwrap_err();
    assert!(matches!(error, ForgeError::TooLarge { limit: 16_777_216, .. }), "{error}");
}

#[test]
fn without_a_runtime_there_is_an_error() {
    let error = Forge::new(settings("http://127.0.0.1:1")).unwrap_err();
    assert!(error.to_string().contains("no Tokio runtime"), "{error}");
}

#[tokio::test]
async fn a_renamed_repository_is_followed_by_its_id() {
    let world = World::new(|seen| {
        if seen.path.starts_with("/repositories/42/") {
            let body = if seen.method == "GET" { pull_json(1) } else { comment_json(1, "x", json!(null), None) };
            return ok(body);
        }
        let rest = seen.path.strip_prefix("/repos/org/dev-cluster").unwrap();
        let status = if seen.method == "GET" { 301 } else { 307 };
        (status, vec![("location", format!("/api/v3/repositories/42{rest}"))], Value::Null)
    })
    .await;
    let repo = world.repo(Access::COMMENT);
    repo.pull(IssueNumber::new(1)).await.unwrap();
    repo.create_comment(IssueNumber::new(1), "x").await.unwrap();
    assert_eq!(
        world.asked(),
        [
            "GET /repos/org/dev-cluster/pulls/1",
            "GET /repositories/42/pulls/1",
            "POST /repos/org/dev-cluster/issues/1/comments",
            "POST /repositories/42/issues/1/comments",
        ]
    );
    assert_eq!(world.seen().pop().unwrap().body, json!({ "body": "x" }));
}

#[tokio::test]
async fn a_redirect_elsewhere_gets_no_token() {
    let world =
        World::new(|_| (301, vec![("location", "http://elsewhere.example/api/v3/x".to_owned())], Value::Null)).await;
    let error = world.repo(Access::READ).pull(IssueNumber::new(1)).await.unwrap_err();
    assert!(matches!(error, ForgeError::Unexpected { .. }), "{error}");
    assert_eq!(world.asked().len(), 1);
}

#[tokio::test]
async fn a_pull_request_of_another_repository_is_not_taken() {
    let world = World::new(|_| {
        let mut pull = pull_json(1);
        pull["base"]["repo"]["id"] = json!(43);
        ok(pull)
    })
    .await;
    let error = world.repo(Access::READ).pull(IssueNumber::new(1)).await.unwrap_err();
    assert!(error.to_string().contains("another id"), "{error}");
}

#[tokio::test]
async fn forks_and_merges_are_recognised() {
    let world = World::new(|seen| {
        let mut pull = pull_json(1);
        match seen.path.rsplit('/').next().unwrap() {
            "2" => pull["head"]["repo"] = Value::Null,
            "3" => {
                pull["merged"] = json!(true);
                pull["merge_commit_sha"] = json!(HEAD);
            }
            _ => {}
        }
        ok(pull)
    })
    .await;
    let repo = world.repo(Access::READ);
    let own = repo.pull(IssueNumber::new(1)).await.unwrap();
    assert!(!own.from_fork() && !own.merged() && own.merge_commit().is_none() && own.body.is_empty());
    assert_eq!(own.author.unwrap().id, UserId::new(5));
    assert!(repo.pull(IssueNumber::new(2)).await.unwrap().from_fork());
    let merged = repo.pull(IssueNumber::new(3)).await.unwrap();
    assert_eq!(merged.merge_commit(), Some(&commit()));
}

#[tokio::test]
async fn what_is_recorded_holds_no_token() {
    #[derive(Debug, Default)]
    struct Tape(Mutex<Vec<Exchange>>);
    impl Record for Tape {
        fn record(&self, exchange: &Exchange) {
            self.0.lock().unwrap().push(exchange.clone());
        }
    }
    let tape = Arc::new(Tape::default());
    let recorder: Arc<dyn Record> = tape.clone();
    let world = World::recorded(|_| ok(pull_json(1)), Some(recorder)).await;
    world.repo(Access::READ).pull(IssueNumber::new(1)).await.unwrap();
    let tape = tape.0.lock().unwrap();
    assert_eq!(tape[0].response["token"], "removed");
    assert_eq!((tape[1].method.as_str(), tape[1].route.as_str()), ("GET", "/repos/{owner}/{repo}/pulls/{pull_number}"));
    assert_eq!((tape[1].path.as_str(), tape[1].status), ("/repos/org/dev-cluster/pulls/1", 200));
    assert!(!serde_json::to_string(&*tape).unwrap().contains("ghs_"));
    let by_route = world.forge.requests_by_route();
    assert_eq!(by_route[&("GET".to_owned(), "/repos/{owner}/{repo}/pulls/{pull_number}")], 1);
}

#[tokio::test]
async fn only_http_addresses_without_credentials_are_taken() {
    for bad in ["", "api.github.com", "ftp://x", "https://user:pass@x", "https://x/?q=1"] {
        assert!(matches!(Forge::new(settings(bad)), Err(ForgeError::Refused { .. })), "{bad}");
    }
}

#[tokio::test]
async fn dots_do_not_lead_to_another_route() {
    let world = World::new(|_| ok(json!({ "state": "pending" }))).await;
    let repo = world.repo(Access::MEMBERS);
    let (organization, login) = ("org".parse().unwrap(), "ann".parse().unwrap());
    let ann = (&login, crate::names::UserId::new(5));
    assert!(!repo.is_team_member((&organization, "platform"), ann).await.unwrap());
    let error = repo.is_team_member((&organization, ".."), ann).await.unwrap_err();
    assert!(matches!(error, ForgeError::Refused { .. }), "{error}");
    assert_eq!(world.asked(), ["GET /orgs/org/teams/platform/memberships/ann"]);
    assert!(world.url.starts_with("http://127.0.0.1"));
}
