use std::path::Path;

use proptest::prelude::*;

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/deliveries").join(name).with_extension("json");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Parses `fixtures/deliveries/<event>.<rest>.json` as its event.
fn parse(name: &str) -> Event {
    let event = name.split('.').next().expect("a name");
    Event::parse(event, &fixture(&format!("{name}.x"))).expect("the fixture fits its event")
}

fn commit(pair: &str) -> CommitId {
    pair.repeat(20).parse().expect("forty digits")
}

fn ada() -> Account {
    Account { id: UserId::new(501), login: "ada".parse().expect("a login"), kind: AccountKind::User }
}

macro_rules! event {
    ($variant:ident, $name:expr) => {
        match parse($name) {
            Event::$variant(event) => event,
            other => panic!("{other:?}"),
        }
    };
}

#[test]
fn every_fixture_fits_its_event_and_knows_where_it_happened() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/deliveries");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the fixtures") {
        let name = entry.expect("an entry").file_name().into_string().expect("ASCII");
        let (event, _) = name.split_once('.').expect("<event>.<rest>.json");
        let parsed = Event::parse(event, &fixture(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!matches!(parsed, Event::Ignored { .. }), "{name}");
        assert_eq!(parsed.name(), event);
        let installed = parsed.installation().is_some();
        assert_eq!(installed, event != "ping", "{name}");
        assert_eq!(
            parsed.repository().is_none(),
            ["ping", "installation", "installation_repositories"].contains(&event)
        );
        assert_eq!(parsed.action().is_none(), ["ping", "push"].contains(&event), "{name}");
        seen += 1;
    }
    assert!(seen >= 20);
}

#[test]
fn pull_requests() {
    let opened = event!(PullRequest, "pull_request.opened");
    let expected = PullRequestEvent {
        action: PullRequestAction::Opened,
        installation: Some(InstallationId::new(4711)),
        repository: Repository { id: RepositoryId::new(1001), name: "org/dev-cluster".parse().expect("a name") },
        number: IssueNumber::new(7),
        head: commit("a1"),
        base: "main".parse().expect("a branch"),
        base_changed: false,
        merged: false,
        merge_commit: None,
        sender: Some(ada()),
    };
    assert_eq!(opened, expected);
    assert!(event!(PullRequest, "pull_request.edited-base").base_changed);
    let merged = event!(PullRequest, "pull_request.merged");
    assert_eq!(
        (merged.action, merged.merged, merged.merge_commit),
        (PullRequestAction::Closed, true, Some(commit("c3")))
    );
}

#[test]
fn comments_tell_their_author_from_who_acted() {
    let created = event!(IssueComment, "issue_comment.created");
    assert!(created.is_pull_request && created.author == Some(ada()) && created.sender == ada());
    assert_eq!(
        (created.body.as_str(), created.comment, created.via_app),
        ("/create-team team2\n", CommentId::new(31337), None)
    );
    let edited = event!(IssueComment, "issue_comment.edited-by-another");
    assert_eq!((edited.action, edited.author), (IssueCommentAction::Edited, Some(ada())));
    assert_eq!(edited.sender.id, UserId::new(502));
    let own = event!(IssueComment, "issue_comment.created-by-app");
    assert_eq!((own.sender.kind, own.via_app, own.is_pull_request), (AccountKind::Bot, Some(12345), false));
}

#[test]
fn pushes_name_their_branch() {
    let push = event!(Push, "push.main");
    assert_eq!((push.branch(), push.deleted), (Some("main".parse().expect("a branch")), false));
    assert!(event!(Push, "push.branch-deleted").deleted);
    let tag = PushEvent { git_ref: "refs/tags/v1".to_owned(), ..push };
    assert_eq!(tag.branch(), None);
}

#[test]
fn checks_count_only_pull_requests_of_their_own_repository() {
    let run = event!(CheckRun, "check_run.rerequested");
    assert_eq!((run.pull_requests, run.app), (vec![IssueNumber::new(7)], Some(12345)));
    assert_eq!(run.external_id.as_deref(), Some("review/1001/7"));
    let pressed = event!(CheckRun, "check_run.requested_action");
    assert_eq!((pressed.button.as_deref(), pressed.external_id), (Some("check-again"), None));
    assert_eq!(event!(CheckSuite, "check_suite.rerequested").head, commit("a1"));
}

#[test]
fn the_others() {
    assert_eq!(event!(MergeGroup, "merge_group.destroyed").action, MergeGroupAction::Destroyed);
    assert_eq!(event!(Installation, "installation.created").repositories.len(), 1);
    assert_eq!(event!(InstallationRepositories, "installation_repositories.added").added.len(), 1);
    assert_eq!(event!(Repository, "repository.renamed").old_name.as_deref(), Some("dev-team"));
    let key = event!(DeployKey, "deploy_key.deleted");
    assert!(key.key.is_some() && key.read_only && key.title == "dev/team1");
    assert_eq!(event!(Ping, "ping.app"), PingEvent { hook: Some(55), app: Some(12345) });
}

#[test]
fn unknown_actions_and_events_are_no_errors() {
    for name in ["pinned", "unpinned"] {
        let comment = event!(IssueComment, &format!("issue_comment.{name}"));
        assert_eq!(comment.action, IssueCommentAction::Other(name.to_owned()));
    }
    assert_eq!(event!(PullRequest, "pull_request.enqueued").action, PullRequestAction::Enqueued);
    assert_eq!(event!(PullRequest, "pull_request.dequeued").action, PullRequestAction::Dequeued);
    let ignored = |event: &str, body: &str| Event::parse(event, body.as_bytes()).expect("ignored");
    let strange = Event::Ignored { event: "pull_request".to_owned(), action: Some("stacked".to_owned()) };
    assert_eq!(ignored("pull_request", r#"{"action":"stacked","pull_request":[1]}"#), strange);
    assert_eq!(ignored("star", r#"{"action":{}}"#), Event::Ignored { event: "star".to_owned(), action: None });
    let long = ignored(&"x".repeat(1000), "{}");
    assert_eq!(long.name().len(), 64);
}

#[test]
fn bodies_that_do_not_fit_are_refused_without_repeating_them() {
    let misfit = |event: &str, body: &[u8]| Event::parse(event, body).expect_err("refused");
    // The event's name is not signed: a comment's body under another name is not obeyed.
    let error = misfit("pull_request", &fixture("issue_comment.edited-by-another.x"));
    assert_eq!(error, EventError::Misfit { event: "pull_request", field: "comment".to_owned() });
    let error = misfit("issue_comment", &fixture("pull_request.opened.x"));
    assert_eq!(error, EventError::Misfit { event: "issue_comment", field: "comment".to_owned() });
    let error = misfit("push", &fixture("pull_request.opened.x"));
    assert_eq!(error, EventError::Misfit { event: "push", field: "ref".to_owned() });
    for name in
        ["pull_request.opened", "issue_comment.created", "push.main", "check_run.rerequested", "deploy_key.deleted"]
    {
        for event in ["installation", "installation_repositories"] {
            let read = Event::parse(event, &fixture(&format!("{name}.x")));
            assert!(matches!(read, Err(_) | Ok(Event::Ignored { .. })), "{name} as {event}");
        }
    }
    let error = misfit("repository", &fixture("issue_comment.created.x"));
    assert_eq!(error, EventError::Misfit { event: "repository", field: "issue".to_owned() });
    for bad in ["", "hunter2", "[]", "\"hunter2\"", "null", "{\"action\":", "payload=%7B%7D", "{} {}"] {
        for event in ["push", "check_run", "star"] {
            let error = misfit(event, bad.as_bytes());
            assert!(matches!(error, EventError::NotJson { .. }), "{bad}: {error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
    let evil = String::from_utf8(fixture("pull_request.opened.x")).expect("UTF-8").replace("\"main\"", "\"--hunter2\"");
    let error = misfit("pull_request", evil.as_bytes());
    assert_eq!(error, EventError::Misfit { event: "pull_request", field: "pull_request.base.ref".to_owned() });
}

/// The fixture without these fields of its top level.
fn without(name: &str, fields: &[&str]) -> Vec<u8> {
    let mut body: serde_json::Value = serde_json::from_slice(&fixture(&format!("{name}.x"))).expect("JSON");
    body.as_object_mut().expect("an object").retain(|field, _| !fields.contains(&field.as_str()));
    body.to_string().into_bytes()
}

#[test]
fn what_githubs_description_does_not_promise_may_be_missing() {
    let read = |event: &str, body: &[u8]| Event::parse(event, body).expect("it fits");
    let Event::PullRequest(opened) = read("pull_request", &without("pull_request.opened", &["number", "sender"]))
    else {
        panic!("a pull request")
    };
    assert_eq!((opened.number, opened.sender), (IssueNumber::new(7), None));
    let mut body: serde_json::Value = serde_json::from_slice(&fixture("pull_request.opened.x")).expect("JSON");
    body["pull_request"].as_object_mut().expect("an object").remove("number");
    body["pull_request"]["merge_commit_sha"] = serde_json::json!("");
    let Event::PullRequest(opened) = read("pull_request", body.to_string().as_bytes()) else {
        panic!("a pull request")
    };
    assert_eq!((opened.number, opened.merge_commit), (IssueNumber::new(7), None));
    let Event::CheckRun(run) = read("check_run", &without("check_run.rerequested", &["action", "sender"])) else {
        panic!("a check run")
    };
    assert_eq!(run.action, CheckRunAction::Other(String::new()));
    let group = read("merge_group", &without("merge_group.destroyed", &["repository", "installation"]));
    assert!(group.repository().is_none() && group.installation().is_none());
    assert_eq!(read("ping", b"{}"), Event::Ping(PingEvent { hook: None, app: None }));
    body["pull_request"]["number"] = serde_json::Value::Null;
    body["number"] = serde_json::Value::Null;
    let error = Event::parse("pull_request", body.to_string().as_bytes()).expect_err("no number at all");
    assert_eq!(error, EventError::Misfit { event: "pull_request", field: "number".to_owned() });
    for foreign in ["review", "comment", "thread"] {
        let mut body: serde_json::Value = serde_json::from_slice(&fixture("pull_request.opened.x")).expect("JSON");
        body[foreign] = serde_json::json!({"id": 1});
        Event::parse("pull_request", body.to_string().as_bytes()).expect_err(foreign);
    }
}

#[test]
fn deep_nesting_is_no_crash() {
    let deep = format!(r#"{{"action":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(Event::parse("pull_request", deep.as_bytes()).is_err());
    assert!(Event::parse("star", deep.as_bytes()).is_err(), "the depth is limited");
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(event in "[a-z_]{0,12}", body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Event::parse(&event, &body);
    }

    #[test]
    fn a_broken_payload_is_refused_or_read(at in 0_usize..1500, byte in any::<u8>()) {
        let mut body = fixture("check_run.rerequested.x");
        let at = at % body.len();
        body[at] = byte;
        let _ = Event::parse("check_run", &body);
    }
}
