//! The client and the sandbox's GitHub, each written from GitHub's documentation alone, talk to
//! each other: every operation that the client can ask for, and every webhook that the sandbox
//! can send. `make conformance` holds the same conversation against GitHub's own description.

use std::fmt::Write as _;
use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bailiwick::clock::{OsEntropy, SystemClock};
use bailiwick::forge::event::Event;
use bailiwick::forge::{
    Access, Annotation, AnnotationLevel, CheckAction, CheckOutput, CheckRunUpdate, CheckState, Conclusion,
    DeploymentState, FileChange, Forge, ForgeSettings, JsonLines, KeyError, Manners, NewCheckRun, NewCommit,
    NewDeployment, NewDeploymentStatus, NewPull, PermissionLevel, PullState, PullUpdate, Reaction, Record, Repo,
    Timeouts,
};
use bailiwick::names::{BranchName, CommitId, IssueNumber, RepositoryName};
use bailiwick::sandbox::github::{AppOptions, Change, GitHub, Level, NewPullRequest, Options, Role};
use serde_json::json;

const REPO: &str = "org/dev-cluster";
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

/// `BAILIWICK_RECORD` names the folder for `make conformance`.
fn recording(kind: &str, name: &str) -> Option<PathBuf> {
    Some(PathBuf::from(std::env::var_os("BAILIWICK_RECORD")?).join(format!("{kind}-conversation-{name}.jsonl")))
}

/// Alice owns the organisation, Bob writes and is in team1, Mallory is a stranger. Webhooks go
/// nowhere, which the sandbox writes down as GitHub does.
async fn github() -> GitHub {
    let app = AppOptions {
        id: 42,
        slug: "bailiwick".into(),
        webhook_url: Some("http://127.0.0.1:1/".into()),
        webhook_secret: "secret".into(),
    };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = Options { listen, app, clock: Arc::new(SystemClock), entropy: Arc::new(OsEntropy) };
    let github = GitHub::start(options).await.expect("a free port");
    github.create_org("org").expect("a new name");
    for login in ["alice", "bob", "mallory"] {
        github.create_user(login).expect("a new name");
    }
    github.add_member("org", "alice", true).expect("both exist");
    github.add_member("org", "bob", false).expect("both exist");
    github.create_team("org", "team1", &["bob"]).expect("a new name");
    github.install("org").expect("an organisation");
    github.create_repository(REPO, &[("README.md", "# Cluster\n"), ("cluster/a.yaml", "a: 1\n")]).await.expect("new");
    github.add_collaborator(REPO, "bob", Role::Write).expect("both exist");
    github
}

fn forge(github: &GitHub, name: &str) -> Forge {
    let recorder = recording("client", name).map(|path| -> Arc<dyn Record> {
        let file = File::create(path).expect("BAILIWICK_RECORD names a folder");
        Arc::new(JsonLines::new(Box::new(file)))
    });
    Forge::new(ForgeSettings {
        api_url: github.api_url(),
        app_id: 42,
        private_key: github.app_private_key(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        timeouts: Timeouts::default(),
        manners: Manners::at_home(),
        recorder,
    })
    .expect("a client")
}

async fn repo(forge: &Forge, name: &str, access: Access) -> Repo {
    let name: RepositoryName = name.parse().expect("a name");
    forge.find_repo(&name, access).await.expect("the App is installed there").0
}

fn branch(name: &str) -> BranchName {
    name.parse().expect("a branch's name")
}

fn commit(id: &str) -> CommitId {
    id.parse().expect("a commit's id")
}

async fn open_pull(github: &GitHub, user: &str, head: &str) -> IssueNumber {
    let changes = [Change::write(&format!("{head}.txt"), "new\n")];
    github.push(user, (REPO, head), &changes, "Change").await.expect("both exist");
    let new = NewPullRequest { head, base: "main", title: "A change", body: "" };
    IssueNumber::new(github.open_pull(user, REPO, new).await.expect("something to merge"))
}

#[tokio::test]
async fn files_commits_and_pull_requests() {
    let github = github().await;
    let forge = forge(&github, "pulls");
    assert_eq!(forge.identity().await.expect("an answer").id, 42);
    let repo = repo(&forge, REPO, Access::PROPOSE).await;
    let main = repo.branch_head(&branch("main")).await.expect("an answer").expect("a branch");
    assert_eq!(repo.branch_head(&branch("none")).await.expect("an answer"), None);
    let readme = repo.file(&"README.md".parse().expect("a path"), "main").await.expect("an answer");
    assert_eq!(readme.as_deref(), Some(&b"# Cluster\n"[..]));
    assert_eq!(repo.file(&"none".parse().expect("a path"), "main").await.expect("an answer"), None);

    let new = NewCommit {
        branch: branch("bailiwick/create-team/team1"),
        expected: None,
        parent: main.clone(),
        parent_tree: None,
        message: "Create team1".into(),
        files: vec![
            FileChange::write("cluster/b.yaml".parse().expect("a path"), "b: 1\n"),
            FileChange::delete("cluster/a.yaml".parse().expect("a path")),
        ],
    };
    let made = repo.commit_files(&new).await.expect("a commit");
    assert!(made.verified, "GitHub signs what Apps commit");
    let moved = NewCommit { expected: Some(made.id.clone()), parent: made.id, message: "More".into(), ..new.clone() };
    let files = vec![FileChange::write("cluster/c.yaml".parse().expect("a path"), "c: 1\n")];
    let second = repo.commit_files(&NewCommit { files, ..moved }).await.expect("a commit");
    let rebuilt = NewCommit { expected: Some(second.id), ..new };
    let third = repo.commit_files(&rebuilt).await.expect("a commit");

    let wish = NewPull { title: "T".into(), body: "B".into(), head: rebuilt.branch.clone(), base: branch("main") };
    let pull = repo.create_pull(&wish).await.expect("a pull request");
    repo.create_pull(&wish).await.expect_err("there is one already");
    let update = PullUpdate { title: Some("U".into()), body: Some("V".into()), state: Some(PullState::Open) };
    repo.update_pull(pull.number, &update).await.expect("an answer");
    assert_eq!(repo.open_pulls().await.expect("an answer").len(), 1);
    assert_eq!(repo.pulls_with_head(&rebuilt.branch).await.expect("an answer").len(), 1);
    let merge = commit(&github.merge("alice", REPO, pull.number.get()).await.expect("nothing in the way"));
    assert_eq!(repo.merged_pull_of(&merge).await.expect("an answer"), Some(pull.number));
    assert_eq!(repo.merged_pull_of(&main).await.expect("an answer"), None);
    assert!(repo.pull(pull.number).await.expect("an answer").merged());
    assert_eq!(repo.pull(pull.number).await.expect("an answer").head.sha, third.id);
    repo.pull(IssueNumber::new(999)).await.expect_err("there is no such one");
    repo.create_branch(&branch("bailiwick/gone"), &main).await.expect("a branch");
    repo.create_branch(&branch("bailiwick/gone"), &main).await.expect_err("it is there");
    repo.delete_branch(&branch("bailiwick/gone")).await.expect("it is there");
    repo.delete_branch(&branch("bailiwick/gone")).await.expect("it is gone, as wished");
}

#[tokio::test]
async fn check_runs() {
    let github = github().await;
    let forge = forge(&github, "checks");
    let number = open_pull(&github, "bob", "change").await;
    let repo = repo(&forge, REPO, Access::REVIEW).await;
    let head = repo.pull(number).await.expect("an answer").head.sha;
    let note = |line| Annotation {
        path: "change.txt".parse().expect("a path"),
        start_line: line,
        end_line: line,
        columns: Some((1, 2)),
        level: AnnotationLevel::Failure,
        title: Some("Title".into()),
        message: "Message".into(),
        raw_details: Some("Details".into()),
    };
    let output = CheckOutput {
        title: "Title".into(),
        summary: "Summary".into(),
        text: Some("Text".into()),
        annotations: (1..=60).map(note).collect(),
    };
    let action = CheckAction { label: "Again".into(), description: "Do it".into(), identifier: "again".into() };
    let now = "2026-11-24T10:00:00Z".parse().expect("a time");
    let new = NewCheckRun {
        name: "bailiwick".into(),
        head: head.clone(),
        external_id: Some("attempt".into()),
        details_url: Some("https://bailiwick.example/".into()),
        started_at: Some(now),
        state: CheckState::Queued,
        output: None,
        actions: vec![action],
    };
    assert!(repo.find_check_run(&head, "bailiwick", None).await.expect("an answer").is_none());
    let run = repo.create_check_run(&new).await.expect("a check run");
    let started = CheckRunUpdate { state: Some(CheckState::InProgress), ..CheckRunUpdate::default() };
    repo.update_check_run(run.id, &started).await.expect("an answer");
    let state = Some(CheckState::Completed { conclusion: Conclusion::ActionRequired, at: now });
    let done = CheckRunUpdate {
        state,
        output: Some(output),
        already_annotated: 0,
        actions: Some(Vec::new()),
        details_url: Some("https://bailiwick.example/done".into()),
    };
    assert_eq!(repo.update_check_run(run.id, &done).await.expect("an answer").annotations(), 60);
    let found = repo.find_check_run(&head, "bailiwick", Some("attempt")).await.expect("an answer");
    assert!(found.expect("it is there").is_completed());
}

#[tokio::test]
async fn comments_reactions_and_deployments() {
    let github = github().await;
    let forge = forge(&github, "words");
    let number = open_pull(&github, "bob", "change").await;
    let repo = repo(&forge, REPO, Access::COMMENT.and(Access::DEPLOYMENTS).and(Access::READ)).await;
    let comment = repo.create_comment(number, "Hello <!-- marker -->").await.expect("a comment");
    repo.update_comment(comment.id, "Hello again <!-- marker -->").await.expect("a comment");
    let found = repo.find_own_comment(number, "<!-- marker -->").await.expect("an answer").expect("it is there");
    assert_eq!(found.id, comment.id);
    assert_eq!(repo.comment(comment.id).await.expect("an answer").expect("it is there").issue(), Some(number));
    let command = github.comment("bob", REPO, number.get(), "/help").expect("both exist");
    for reaction in [Reaction::Eyes, Reaction::Rocket, Reaction::Confused, Reaction::Eyes] {
        repo.react(bailiwick::names::CommentId::new(command), reaction).await.expect("a reaction");
    }

    let head = repo.branch_head(&branch("main")).await.expect("an answer").expect("a branch");
    let new = NewDeployment {
        commit: head.clone(),
        environment: "dev".into(),
        description: "To dev".into(),
        payload: json!({"pull": number.get()}),
    };
    assert!(repo.find_deployment(&head, "dev").await.expect("an answer").is_none());
    let made = repo.create_deployment(&new).await.expect("a deployment");
    assert_eq!(repo.find_deployment(&head, "dev").await.expect("an answer").map(|it| it.id), Some(made.id));
    for state in [DeploymentState::Queued, DeploymentState::InProgress, DeploymentState::Success] {
        let status = NewDeploymentStatus {
            state,
            description: "Under way".into(),
            environment_url: Some("https://dev.example/".into()),
            log_url: Some("https://bailiwick.example/log".into()),
        };
        repo.deployment_status(made.id, &status).await.expect("a status");
    }
    let bare = NewDeploymentStatus {
        state: DeploymentState::Failure,
        description: String::new(),
        environment_url: None,
        log_url: None,
    };
    repo.deployment_status(made.id, &bare).await.expect("a status");
}

#[tokio::test]
async fn people_and_keys() {
    let github = github().await;
    github.create_repository("org/dev-team1", &[]).await.expect("a new name");
    let forge = forge(&github, "people");
    let number = open_pull(&github, "bob", "change").await;
    let reader = repo(&forge, REPO, Access::READ.and(Access::MEMBERS)).await;
    let bob = reader.pull(number).await.expect("an answer").author.expect("an account");
    let permission = reader.permission_of(&bob.login, bob.id).await.expect("an answer");
    assert_eq!(permission.level, PermissionLevel::Write);
    let (org, nobody) = ("org".parse().expect("a login"), "nobody".parse().expect("a login"));
    assert_eq!(reader.permission_of(&nobody, bob.id).await.expect("an answer").level, PermissionLevel::None);
    let team = (&org, "team1");
    assert!(reader.is_team_member(team, (&bob.login, bob.id)).await.expect("an answer"));
    assert!(!reader.is_team_member(team, (&nobody, bob.id)).await.expect("an answer"));
    assert!(!reader.meta_ssh_keys().await.expect("an answer").is_empty());

    let keys = repo(&forge, "org/dev-team1", Access::KEYS).await;
    let key = KEY.parse().expect("a key");
    let added = keys.add_deploy_key("flux", &key, true).await.expect("a key");
    let again = keys.add_deploy_key("flux", &key, true).await.expect_err("it is there");
    assert!(matches!(again, KeyError::Forge(_) | KeyError::InUse { .. }), "{again}");
    let elsewhere = repo(&forge, REPO, Access::KEYS).await;
    elsewhere.add_deploy_key("flux", &key, true).await.expect_err("it is another repository's");
    assert_eq!(keys.deploy_keys().await.expect("an answer").len(), 1);
    keys.remove_deploy_key(added.id).await.expect("it is there");
    keys.revoke().await.expect("a token");
}

#[tokio::test]
async fn every_webhook_is_understood() {
    let github = github().await;
    pull_requests(&github).await;
    words_and_checks(&github).await;
    repositories(&github).await;
    github.webhooks_settled().await;
    let mut lines = String::new();
    for delivery in github.deliveries() {
        let name = format!("{}.{}", delivery.event, delivery.action.as_deref().unwrap_or_default());
        let body = delivery.payload();
        match Event::parse(&delivery.event, delivery.request_body.as_bytes()) {
            Ok(Event::Ignored { .. }) => panic!("{name} is ignored: {body}"),
            Ok(_) => {}
            Err(error) => panic!("{name}: {error}: {body}"),
        }
        writeln!(lines, "{}", json!({"event": delivery.event, "body": body})).expect("a string takes every write");
    }
    if let Some(path) = recording("webhooks", "every") {
        std::fs::write(path, lines).expect("BAILIWICK_RECORD names a folder");
    }
}

async fn pull_requests(github: &GitHub) {
    let number = open_pull(github, "bob", "one").await.get();
    github.push("bob", (REPO, "one"), &[Change::delete("one.txt")], "Back").await.expect("a branch");
    github.force_push("bob", (REPO, "one"), "main", &[Change::write("b", "b\n")]).await.expect("a branch");
    github.close_pull("bob", REPO, number).expect("it is open");
    github.reopen_pull("bob", REPO, number).await.expect("it is closed");
    github.push("bob", (REPO, "other"), &[Change::write("c", "c\n")], "Other").await.expect("both exist");
    github.retarget_pull("bob", REPO, number, "other").await.expect("a branch");
    github.retarget_pull("bob", REPO, number, "main").await.expect("a branch");
    github.merge("alice", REPO, number).await.expect("nothing in the way");
    github.delete_branch("bob", REPO, "one").await.expect("a branch");
    github.push("bob", (REPO, "draft"), &[Change::write("d", "d\n")], "Draft").await.expect("both exist");
    let new = NewPullRequest { head: "draft", base: "main", title: "Draft", body: "Body" };
    let draft = github.open_draft("bob", REPO, new).await.expect("something to merge");
    github.mark_ready("bob", REPO, draft).expect("a draft");
    let new = NewPullRequest { head: "theirs", base: "main", title: "From a fork", body: "" };
    let changes = [Change::write("e", "e\n")];
    github.open_pull_from_fork("mallory", REPO, &changes, new).await.expect("something to merge");
}

async fn words_and_checks(github: &GitHub) {
    let number = open_pull(github, "bob", "two").await;
    let comment = github.comment("bob", REPO, number.get(), "/help").expect("both exist");
    github.edit_comment("alice", comment, "/check").expect("it exists");
    github.delete_comment("alice", comment).expect("it exists");
    let issue = github.open_issue("mallory", REPO, "A question", "Why?").expect("both exist");
    github.comment("mallory", REPO, issue, "/help").expect("both exist");
    let repo = repo(&forge(github, "buttons"), REPO, Access::REVIEW).await;
    let new = NewCheckRun {
        name: "bailiwick".into(),
        head: repo.pull(number).await.expect("an answer").head.sha,
        external_id: None,
        details_url: None,
        started_at: None,
        state: CheckState::Completed {
            conclusion: Conclusion::Success,
            at: "2026-11-24T10:00:00Z".parse().expect("a time"),
        },
        output: None,
        actions: vec![CheckAction { label: "A".into(), description: "D".into(), identifier: "again".into() }],
    };
    let run = repo.create_check_run(&new).await.expect("a check run").id.get();
    github.rerequest_check("bob", run).expect("it exists");
    github.rerequest_all_checks("bob", run).await.expect("it exists");
    github.press_check_button("bob", run, "again").expect("it exists");
}

async fn repositories(github: &GitHub) {
    github.create_repository("org/other", &[]).await.expect("a new name");
    let key = github.add_deploy_key("alice", "org/other", "flux", KEY).expect("a new key");
    github.remove_deploy_key("alice", "org/other", key).expect("it is there");
    github.set_private("org/other", true).expect("it exists");
    github.set_private("org/other", false).expect("it exists");
    github.set_archived("org/other", true).expect("it exists");
    github.set_archived("org/other", false).expect("it exists");
    github.rename_repository("org/other", "another").expect("a new name");
    github.delete_repository("org/another").expect("it exists");
    github.select_repositories("org", Some(&["dev-cluster"])).expect("it is installed");
    github.select_repositories("org", None).expect("it is installed");
    github.set_permission("org", "checks", Some(Level::Read)).expect("it is installed");
    github.suspend("org", true).expect("it is installed");
    github.suspend("org", false).expect("it is installed");
    github.uninstall("org").expect("it is installed");
}
