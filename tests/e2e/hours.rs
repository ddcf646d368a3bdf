//! Hours pass on a clock that the test turns: a GitHub, and one worker that does what is due.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::cli::role::Role as ServerRole;
use bailiwick::cli::server::{self, Options};
use bailiwick::clock::{Clock as _, ManualClock, OsEntropy};
use bailiwick::forge::{Access, Account, Manners, at_priority};
use bailiwick::jobs::{self, Context, Refresh, ReviewPullRequest, RunCommand, Task as _, Timing};
use bailiwick::names::{CheckRunId, CommentId, InstallationId, IssueNumber, RepositoryId};
use bailiwick::queue::{Settings, Worker};
use bailiwick::rules::Policy;
use bailiwick::sandbox::github::{AppOptions, Change, GitHub, NewPullRequest, Options as GitHubOptions};
use bailiwick::store::{JobFilter, JobRecord, JobState, NewJob, Priority};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::support::{ADMIN, ALICE, BOT};

pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// A GitHub and one worker on a clock of their own; without webhooks, so that nothing but the queue
/// brings jobs.
pub(super) struct Hours {
    pub(super) github: GitHub,
    pub(super) context: Arc<Context>,
    worker: Worker,
    clock: Arc<ManualClock>,
    repository: RepositoryId,
    alice: Account,
    _directory: TempDir,
}

impl Hours {
    pub(super) async fn start(manners: Manners) -> Self {
        let clock = Arc::new(ManualClock::new("2026-11-24T12:00:00Z".parse().expect("a time")));
        let directory = tempfile::tempdir().expect("a folder");
        let app = AppOptions { id: 1, slug: "bailiwick".to_owned(), webhook_url: None, webhook_secret: "x".into() };
        let listen = ([127, 0, 0, 1], 0).into();
        let options = GitHubOptions { listen, app, clock: clock.clone(), entropy: Arc::new(OsEntropy) };
        let github = GitHub::start(options).await.expect("a GitHub");
        github.create_org("org").expect("an organisation");
        github.create_user(ALICE).expect("a user");
        github.add_member("org", ALICE, true).expect("a member");
        let list = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n";
        let files = [("cluster/kustomization.yaml", list), ("README.md", "# A cluster\n")];
        let repository = RepositoryId::new(github.create_repository(ADMIN, &files).await.expect("a repository"));
        github.install("org").expect("an organisation");
        github.open_issue(ALICE, ADMIN, "Requests", "Comment `/help` here.").expect("an issue");
        let context = context(&github, &clock, &directory, manners).await;
        let handlers = jobs::handlers(&context);
        let worker = Worker::new(
            context.store.clone(),
            handlers,
            clock.clone(),
            Arc::clone(&context.entropy),
            Settings::default(),
        );
        let alice = author(&github, &context).await;
        Self { github, context, worker, clock, repository, alice, _directory: directory }
    }

    pub(super) fn installation(&self) -> InstallationId {
        InstallationId::new(self.github.installation_id("org").expect("it is installed"))
    }

    /// Alice opens a pull request; gives its number, its head, and the job that its webhook would bring.
    pub(super) async fn pull(&self, branch: &str) -> (u64, String, NewJob) {
        let change = [Change::write("README.md", &format!("# {branch}\n"))];
        let head = self.github.push(ALICE, (ADMIN, branch), &change, "A word").await.expect("pushed");
        let new = NewPullRequest { head: branch, base: "main", title: "A word", body: "" };
        let number = self.github.open_pull(ALICE, ADMIN, new).await.expect("opened");
        let review = ReviewPullRequest {
            installation: self.installation(),
            repository: self.repository,
            repository_name: ADMIN.parse().expect("a name"),
            number: IssueNumber::new(number),
            again: false,
            pushed_by: None,
        };
        (number, head, review.to_job())
    }

    /// Alice comments on the first issue; gives the job that its webhook would bring.
    pub(super) fn command(&self, body: &str) -> NewJob {
        let comment = self.github.comment(ALICE, ADMIN, 1, body).expect("a comment");
        let command = RunCommand {
            installation: self.installation(),
            repository: self.repository,
            repository_name: ADMIN.parse().expect("a name"),
            issue: IssueNumber::new(1),
            is_pull: false,
            comment: CommentId::new(comment),
            body_hash: RunCommand::hash(body),
            author: self.alice.id,
            login: self.alice.login.clone(),
        };
        command.to_job()
    }

    /// How many requests the installation has left in this hour, as last told.
    pub(super) fn left(&self) -> u32 {
        let budgets = self.context.forge.metrics().budgets.into_iter();
        let of_installation = budgets.filter(|budget| budget.installation.is_some());
        of_installation.flat_map(|budget| budget.resources).map(|(_, _, left, _)| left).next().expect("it was told")
    }

    /// Uses up one request of the installation's hour.
    pub(super) async fn spend(&self, number: u64) {
        let repo = self.context.repository_with(&ADMIN.parse().expect("a name"), Access::REVIEW).await.expect("there");
        let asked = at_priority(Priority::Command, repo.check_run(CheckRunId::new(number))).await;
        assert_eq!(asked.expect("an answer"), None);
    }

    pub(super) async fn enqueue(&self, jobs: &[NewJob]) {
        self.context.store.enqueue(jobs).await.expect("stored");
    }

    pub(super) async fn jobs(&self) -> Vec<JobRecord> {
        self.context.store.jobs(&JobFilter::default()).await.expect("a list")
    }

    /// Works for so long; the clock jumps from one job's time to the next.
    pub(super) async fn pass(&self, time: Duration) {
        let end = self.clock.now() + time;
        loop {
            self.worker.drain().await.expect("drained");
            let waiting = self.jobs().await.into_iter().filter(|job| job.state == JobState::Waiting);
            let next = waiting.map(|job| job.run_at).min().unwrap_or(end).min(end);
            self.clock.advance(Duration::try_from(next.duration_since(self.clock.now())).unwrap_or_default());
            if next == end {
                return;
            }
        }
    }

    pub(super) fn answers(&self) -> usize {
        self.github.comments(ADMIN, 1).iter().filter(|comment| comment.author == BOT).count()
    }

    pub(super) fn conclusions(&self, head: &str) -> Vec<Option<String>> {
        self.github.check_runs(ADMIN, head).into_iter().map(|run| run.conclusion).collect()
    }

    pub(super) fn asked(&self) -> usize {
        self.github.request_log().len()
    }
}

/// Who Alice is to GitHub: the author of her comments.
async fn author(github: &GitHub, context: &Context) -> Account {
    let comment = CommentId::new(github.comment(ALICE, ADMIN, 1, "Hello!").expect("a comment"));
    let repo =
        context.repository_with(&ADMIN.parse().expect("a name"), Access::COMMENT_ON_ISSUES).await.expect("there");
    repo.comment(comment).await.expect("an answer").and_then(|comment| comment.author).expect("an author")
}

async fn context(github: &GitHub, clock: &Arc<ManualClock>, directory: &TempDir, manners: Manners) -> Arc<Context> {
    let file = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(file("app.pem"), github.app_private_key().expose_secret()).expect("room for a file");
    std::fs::write(file("secret"), "never used here").expect("room for a file");
    let text = format!(
        "database: sqlite://{}\ngithub:\n  app_id: 1\n  private_key: {{file: {}}}\n  webhook_secrets: [{{file: {}}}]\n  \
         api_url: {}\nclusters:\n  - name: dev\n    admin_repository: {ADMIN}\n    branch: main\n    path: cluster\n    \
         engine: flux-v2\n    team_repository: \"{{org}}/dev-{{team}}\"\n",
        file("jobs.db"),
        file("app.pem"),
        file("secret"),
        github.api_url(),
    );
    let config = bailiwick::config::parse(&text, "test.yaml", &bailiwick::cli::ProcessSecrets).expect("valid");
    let options = Options {
        mirrors: directory.path().join("mirrors"),
        clock: clock.clone(),
        entropy: Arc::new(OsEntropy),
        policy: Policy::default(),
        timing: Timing::default(),
        queue: Settings::default(),
        handlers: bailiwick::jobs::handlers,
        manners,
        role: ServerRole::Worker,
        recorder: None,
    };
    Arc::new(server::context(config, options).await.expect("a context"))
}

/// GitHub's limits without the gap, which would be waited for on the machine's clock.
pub(super) fn manners() -> Manners {
    Manners { content_gap: Duration::ZERO, ..Manners::default() }
}

pub(super) fn refresh() -> NewJob {
    Refresh::new("dev".parse().expect("a name")).to_job()
}
