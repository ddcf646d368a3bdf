//! The table: event → jobs. Two clusters are run from `org/dev-cluster`, from its branches `main` and
//! `prod`; a third belongs to another organisation.

use super::*;
use crate::config::testing::AnySecret;
use crate::forge::event::{
    Account, InstallationEvent, InstallationRepositoriesAction, InstallationRepositoriesEvent, MergeGroupAction,
    MergeGroupEvent, PingEvent,
};
use crate::names::CommitId;

const ONE: &str = "1111111111111111111111111111111111111111";
const NONE: &str = "0000000000000000000000000000000000000000";

const CONFIG: &str = "\
database: sqlite://x.db
github: {app_id: 7, private_key: {file: key.pem}, webhook_secrets: [{env: HOOK}]}
clusters:
  - {name: dev, admin_repository: org/dev-cluster, team_repository: '{org}/dev-{team}'}
  - {name: prod, admin_repository: org/dev-cluster, branch: prod, team_repository: '{org}/prod-{team}'}
  - {name: far, admin_repository: other/cluster, team_repository: 'other/{team}'}
";

fn config() -> Config {
    crate::config::parse(CONFIG, "bailiwick.yaml", &AnySecret).unwrap_or_else(|error| panic!("{error}"))
}

/// Each job as `kind key priority`.
fn jobs(event: &Event) -> Vec<String> {
    let jobs = jobs_for(&config(), event);
    let fetched = may_ask(event.name(), event.action()) && may_ask(event.name(), None);
    assert!(fetched || jobs.is_empty(), "{event:?} asks for jobs and would not be fetched when it is missed");
    let told = jobs.into_iter().map(|job| {
        let extra = if job.kind == "sync_cluster" { format!(" pull {}", job.payload["pull"]) } else { String::new() };
        format!("{} {}{extra}", job.kind, job.merge_key.replace(ONE, "ONE"))
    });
    told.collect()
}

const NOTHING: [&str; 0] = [];

fn repository(name: &str) -> Repository {
    Repository { id: crate::names::RepositoryId::new(5), name: name.parse().expect("a name") }
}

fn installation() -> Option<InstallationId> {
    Some(InstallationId::new(3))
}

fn commit(text: &str) -> CommitId {
    text.parse().expect("forty digits")
}

fn account(id: u64, kind: AccountKind) -> Account {
    Account { id: crate::names::UserId::new(id), login: "alice".parse().expect("a login"), kind }
}

fn pull(action: PullRequestAction) -> PullRequestEvent {
    PullRequestEvent {
        action,
        installation: installation(),
        repository: repository("org/dev-cluster"),
        number: IssueNumber::new(7),
        head: commit(ONE),
        base: "main".parse().expect("a branch"),
        base_changed: false,
        merged: false,
        merge_commit: None,
        sender: Some(account(1, AccountKind::User)),
    }
}

#[test]
fn pull_requests_are_reviewed_when_their_head_or_base_is_new() {
    use PullRequestAction::{Closed, ConvertedToDraft, Edited, Labeled, Opened, ReadyForReview, Reopened, Synchronize};
    let asked = |event| jobs(&Event::PullRequest(event));
    for action in [Opened, Reopened, Synchronize, ReadyForReview] {
        assert_eq!(asked(pull(action.clone())), ["review_pull_request review/5/7/0"], "{action:?}");
    }
    for action in [Closed, ConvertedToDraft, Labeled, Edited, PullRequestAction::Other("new".to_owned())] {
        assert_eq!(asked(pull(action.clone())), NOTHING, "{action:?}");
    }
    let moved = PullRequestEvent { base_changed: true, ..pull(Edited) };
    assert_eq!(asked(moved), ["review_pull_request review/5/7/1"], "another base is another merge");
    let team = PullRequestEvent { repository: repository("org/dev-team1"), ..pull(Opened) };
    assert_eq!(asked(team), ["review_pull_request review/5/7/0"], "whether it is a team's is the job's question");
    let far = PullRequestEvent { repository: repository("stranger/dev-team1"), ..pull(Opened) };
    assert_eq!(asked(far), NOTHING, "nobody's");
    let uninstalled = PullRequestEvent { installation: None, ..pull(Opened) };
    assert_eq!(asked(uninstalled), NOTHING, "nothing can be written there");
}

#[test]
fn a_merge_is_followed_into_the_clusters_that_track_its_branch() {
    let merged = |repository_name: &str, base: &str| {
        let base = base.parse().expect("a branch");
        let repository = repository(repository_name);
        let merge_commit = Some(commit(ONE));
        jobs(&Event::PullRequest(PullRequestEvent {
            merged: true,
            merge_commit,
            base,
            repository,
            ..pull(PullRequestAction::Closed)
        }))
    };
    assert_eq!(merged("org/dev-cluster", "main"), ["sync_cluster sync/dev/ONE pull 7"]);
    assert_eq!(merged("org/dev-cluster", "prod"), ["sync_cluster sync/prod/ONE pull 7"]);
    assert_eq!(merged("org/dev-cluster", "feature"), NOTHING, "no cluster tracks it");
    assert_eq!(merged("org/dev-team1", "main"), NOTHING, "a team's Flux looks for itself");
    let closed = PullRequestEvent { merge_commit: Some(commit(ONE)), ..pull(PullRequestAction::Closed) };
    assert_eq!(
        jobs(&Event::PullRequest(closed)),
        NOTHING,
        "closed without a merge: the commit is GitHub's trial merge"
    );
}

#[test]
fn a_push_to_a_tracked_branch_is_the_same_job_as_its_merge() {
    let push = |repository_name: &str, git_ref: &str, after: &str| {
        jobs(&Event::Push(PushEvent {
            installation: installation(),
            repository: repository(repository_name),
            git_ref: git_ref.to_owned(),
            before: commit(NONE),
            after: commit(after),
            deleted: after == NONE,
            sender: None,
        }))
    };
    assert_eq!(push("org/dev-cluster", "refs/heads/main", ONE), ["sync_cluster sync/dev/ONE pull null"]);
    assert_eq!(push("ORG/Dev-Cluster", "refs/heads/prod", ONE), ["sync_cluster sync/prod/ONE pull null"]);
    assert_eq!(push("org/dev-cluster", "refs/heads/other", ONE), NOTHING);
    assert_eq!(push("org/dev-cluster", "refs/tags/main", ONE), NOTHING);
    assert_eq!(push("org/dev-cluster", "refs/heads/main", NONE), NOTHING, "the branch was deleted");
    assert_eq!(push("org/dev-team1", "refs/heads/main", ONE), NOTHING);
}

#[test]
fn commands_come_from_new_comments_of_the_person_who_sent_them() {
    let event = || IssueCommentEvent {
        action: IssueCommentAction::Created,
        installation: installation(),
        repository: repository("org/dev-cluster"),
        number: IssueNumber::new(1),
        is_pull_request: false,
        comment: crate::names::CommentId::new(11),
        body: "/create-team team2".to_owned(),
        author: Some(account(1, AccountKind::User)),
        via_app: None,
        written_at: None,
        sender: account(1, AccountKind::User),
    };
    let asked = |event| jobs(&Event::IssueComment(event));
    assert_eq!(asked(event()), ["run_command command/5/11"]);
    let untold = IssueCommentEvent { author: Some(account(1, AccountKind::Other)), ..event() };
    assert_eq!(asked(untold), ["run_command command/5/11"], "the sender's kind is always told");
    let refused = [
        ("edited", IssueCommentEvent { action: IssueCommentAction::Edited, ..event() }),
        ("deleted", IssueCommentEvent { action: IssueCommentAction::Deleted, ..event() }),
        ("no command", IssueCommentEvent { body: "What about /create-team?".to_owned(), ..event() }),
        ("quoted", IssueCommentEvent { body: "> /create-team team2".to_owned(), ..event() }),
        ("by a bot", IssueCommentEvent { author: Some(account(1, AccountKind::Bot)), ..event() }),
        ("sent by something else", IssueCommentEvent { sender: account(1, AccountKind::Other), ..event() }),
        ("through an App", IssueCommentEvent { via_app: Some(9), ..event() }),
        ("sent by somebody else", IssueCommentEvent { sender: account(2, AccountKind::User), ..event() }),
        ("by nobody", IssueCommentEvent { author: None, ..event() }),
        ("elsewhere", IssueCommentEvent { repository: repository("stranger/x"), ..event() }),
    ];
    for (why, event) in refused {
        assert_eq!(asked(event), NOTHING, "{why}");
    }
}

#[test]
fn only_our_own_check_run_is_run_again() {
    let event = || CheckRunEvent {
        action: CheckRunAction::Rerequested,
        installation: installation(),
        repository: repository("org/dev-cluster"),
        check_run: crate::names::CheckRunId::new(1),
        name: "bailiwick/review".to_owned(),
        head: commit(ONE),
        external_id: Some("review/7".to_owned()),
        app: Some(7),
        button: None,
        pull_requests: vec![IssueNumber::new(8)],
        sender: None,
    };
    let asked = |event| jobs(&Event::CheckRun(event));
    assert_eq!(asked(event()), ["review_pull_request review/5/7/1"], "the external id names the pull request");
    let pressed = CheckRunEvent { action: CheckRunAction::RequestedAction, external_id: None, ..event() };
    assert_eq!(asked(pressed), ["review_pull_request review/5/8/1"]);
    assert_eq!(asked(CheckRunEvent { app: Some(8), ..event() }), NOTHING, "another App's");
    let untold = CheckRunEvent { app: None, ..event() };
    assert_eq!(asked(untold), ["review_pull_request review/5/7/1"], "GitHub tells the owner only");
    assert_eq!(asked(CheckRunEvent { action: CheckRunAction::Completed, ..event() }), NOTHING);
    let suite = |action| {
        jobs(&Event::CheckSuite(CheckSuiteEvent {
            action,
            installation: installation(),
            repository: repository("org/dev-cluster"),
            head: commit(ONE),
            app: Some(7),
            pull_requests: vec![IssueNumber::new(7), IssueNumber::new(8)],
            sender: None,
        }))
    };
    let both = ["review_pull_request review/5/7/1", "review_pull_request review/5/8/1"];
    assert_eq!(suite(CheckSuiteAction::Rerequested), both);
    assert_eq!(suite(CheckSuiteAction::Completed), NOTHING);
}

#[test]
fn a_removed_key_is_looked_after_again() {
    let key = |action, repository_name: &str| {
        jobs(&Event::DeployKey(DeployKeyEvent {
            action,
            installation: installation(),
            repository: repository(repository_name),
            key_id: 1,
            key: None,
            title: String::new(),
            read_only: true,
        }))
    };
    assert_eq!(key(DeployKeyAction::Deleted, "org/dev-team1"), ["register_deploy_key deploy-key/dev/team1"]);
    assert_eq!(key(DeployKeyAction::Deleted, "org/prod-team1"), ["register_deploy_key deploy-key/prod/team1"]);
    assert_eq!(key(DeployKeyAction::Created, "org/dev-team1"), NOTHING);
    assert_eq!(key(DeployKeyAction::Deleted, "org/website"), NOTHING);
}

#[test]
fn everything_is_looked_at_where_the_app_sees_more_than_before() {
    let all = ["refresh refresh/dev", "refresh refresh/prod", "refresh refresh/far"];
    let installed = |action| {
        let repositories = Vec::new();
        let installation = InstallationId::new(3);
        jobs(&Event::Installation(InstallationEvent { action, installation, app: 7, repositories }))
    };
    use InstallationAction::{Created, Deleted, NewPermissionsAccepted, Suspend, Unsuspend};
    for action in [Created, NewPermissionsAccepted, Unsuspend] {
        assert_eq!(installed(action.clone()), all, "{action:?}");
    }
    for action in [Deleted, Suspend] {
        assert_eq!(installed(action.clone()), NOTHING, "{action:?}");
    }
    let more = |added: Vec<Repository>| {
        jobs(&Event::InstallationRepositories(InstallationRepositoriesEvent {
            action: InstallationRepositoriesAction::Added,
            installation: InstallationId::new(3),
            added,
            removed: Vec::new(),
        }))
    };
    assert_eq!(more(vec![repository("org/dev-team2")]), all);
    assert_eq!(more(Vec::new()), NOTHING);
    let changed = |action, name: &str| {
        let repository = repository(name);
        jobs(&Event::Repository(RepositoryEvent { action, installation: installation(), repository, old_name: None }))
    };
    assert_eq!(changed(RepositoryAction::Created, "org/dev-team2"), all);
    assert_eq!(changed(RepositoryAction::Renamed, "org/dev-team2"), all);
    assert_eq!(changed(RepositoryAction::Edited, "org/dev-team2"), NOTHING);
    assert_eq!(changed(RepositoryAction::Created, "stranger/x"), NOTHING);
}

#[test]
fn what_cannot_ask_for_anything_need_not_be_fetched() {
    for (event, action) in [
        ("check_run", Some("created")),
        ("check_run", Some("completed")),
        ("pull_request", Some("labeled")),
        ("issue_comment", Some("edited")),
        ("deploy_key", Some("created")),
        ("ping", None),
        ("sponsorship", Some("created")),
    ] {
        assert!(!may_ask(event, action), "{event} {action:?}");
    }
}

#[test]
fn other_events_ask_for_nothing() {
    assert_eq!(jobs(&Event::Ping(PingEvent { hook: Some(1), app: None })), NOTHING);
    assert_eq!(jobs(&Event::Ignored { event: "star".to_owned(), action: None }), NOTHING);
}

#[test]
fn a_merge_queue_gets_a_verdict_on_its_groups() {
    let event = || MergeGroupEvent {
        action: MergeGroupAction::ChecksRequested,
        installation: installation(),
        repository: Some(repository("org/dev-cluster")),
        head: commit(ONE),
        head_ref: "refs/heads/gh-readonly-queue/main/pr-7".to_owned(),
        base_commit: commit(NONE),
        base_ref: "refs/heads/main".to_owned(),
    };
    let asked = |event| jobs(&Event::MergeGroup(event));
    assert_eq!(asked(event()), ["review_merge_group group/5/ONE/0"]);
    let ended = MergeGroupEvent { action: MergeGroupAction::Destroyed, ..event() };
    assert_eq!(asked(ended.clone()), ["review_merge_group group/5/ONE/0"], "in the place of one that waits");
    assert_eq!(jobs_for(&config(), &Event::MergeGroup(ended))[0].payload["wish"], "End");
    assert_eq!(asked(MergeGroupEvent { installation: None, ..event() }), NOTHING);
    assert_eq!(asked(MergeGroupEvent { repository: None, ..event() }), NOTHING);
    assert_eq!(asked(MergeGroupEvent { repository: Some(repository("stranger/x")), ..event() }), NOTHING);
    assert_eq!(asked(MergeGroupEvent { base_ref: "refs/tags/main".to_owned(), ..event() }), NOTHING);
    let other = MergeGroupAction::Other("paused".to_owned());
    assert_eq!(asked(MergeGroupEvent { action: other, ..event() }), NOTHING);
}

#[test]
fn a_groups_check_run_is_run_again_as_the_groups() {
    let event = CheckRunEvent {
        action: CheckRunAction::Rerequested,
        installation: installation(),
        repository: repository("org/dev-cluster"),
        check_run: crate::names::CheckRunId::new(1),
        name: "bailiwick/review".to_owned(),
        head: commit(ONE),
        external_id: Some(format!("group/{NONE}/release/1")),
        app: Some(7),
        button: None,
        pull_requests: vec![IssueNumber::new(8)],
        sender: None,
    };
    assert_eq!(jobs(&Event::CheckRun(event.clone())), ["review_merge_group group/5/ONE/1"]);
    let job = &jobs_for(&config(), &Event::CheckRun(event))[0].payload;
    assert_eq!((&job["onto"], &job["base"]), (&serde_json::json!(NONE), &serde_json::json!("release/1")));
}
