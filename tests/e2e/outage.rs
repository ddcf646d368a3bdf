//! GitHub is down for hours: nobody is given up, hardly anything is asked, and afterwards
//! everything is done. Hours pass on a clock that the test turns.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::cli::role::Role as ServerRole;
use bailiwick::cli::server::{self, Options};
use bailiwick::clock::{Clock as _, ManualClock, OsEntropy};
use bailiwick::forge::{Access, Manners};
use bailiwick::jobs::{self, Context, Refresh, ReviewPullRequest, RunCommand, Task, Timing};
use bailiwick::names::{CommentId, InstallationId, IssueNumber, RepositoryId};
use bailiwick::queue::{Settings, Worker};
use bailiwick::rules::Policy;
use bailiwick::sandbox::github::{AppOptions, Change, GitHub, NewPullRequest, Options as GitHubOptions};
use bailiwick::store::{JobFilter, JobRecord, JobState, NewJob};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::support::{ADMIN, ALICE, BOT, Effect};

const HOUR: Duration = Duration::from_secs(3600);

/// A GitHub and one worker on a clock of their own; without webhooks, so that nothing but the queue
/// brings jobs.
struct Hours {
    github: GitHub,
    context: Arc<Context>,
    worker: Worker,
    clock: Arc<ManualClock>,
    repository: RepositoryId,
    _directory: TempDir,
}

impl Hours {
    async fn start(manners: Manners) -> Self {
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
        Self { github, context, worker, clock, repository, _directory: directory }
    }

    fn installation(&self) -> InstallationId {
        InstallationId::new(self.github.installation_id("org").expect("it is installed"))
    }

    /// Alice opens a pull request; gives its number, its head, and the job that its webhook would bring.
    async fn pull(&self, branch: &str) -> (u64, String, NewJob) {
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
        };
        (number, head, review.to_job())
    }

    /// Alice comments on the first issue; gives the job that its webhook would bring.
    async fn command(&self, body: &str) -> NewJob {
        let comment = CommentId::new(self.github.comment(ALICE, ADMIN, 1, body).expect("a comment"));
        let repo = self
            .context
            .repository_with(&ADMIN.parse().expect("a name"), Access::COMMENT_ON_ISSUES)
            .await
            .expect("there");
        let author = repo.comment(comment).await.expect("an answer").and_then(|it| it.author).expect("an author");
        let command = RunCommand {
            installation: self.installation(),
            repository: self.repository,
            repository_name: ADMIN.parse().expect("a name"),
            issue: IssueNumber::new(1),
            is_pull: false,
            comment,
            body_hash: RunCommand::hash(body),
            author: author.id,
            login: author.login,
        };
        command.to_job()
    }

    async fn enqueue(&self, jobs: &[NewJob]) {
        self.context.store.enqueue(jobs).await.expect("stored");
    }

    async fn jobs(&self) -> Vec<JobRecord> {
        self.context.store.jobs(&JobFilter::default()).await.expect("a list")
    }

    /// Works for so long; the clock jumps from one job's time to the next.
    async fn pass(&self, time: Duration) {
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

    fn answers(&self) -> usize {
        self.github.comments(ADMIN, 1).iter().filter(|comment| comment.author == BOT).count()
    }

    fn conclusions(&self, head: &str) -> Vec<Option<String>> {
        self.github.check_runs(ADMIN, head).into_iter().map(|run| run.conclusion).collect()
    }

    fn asked(&self) -> usize {
        self.github.request_log().len()
    }
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
        manners,
        role: ServerRole::Worker,
        recorder: None,
    };
    Arc::new(server::context(config, options).await.expect("a context"))
}

/// GitHub's limits without the gap, which would be waited for on the machine's clock.
fn manners() -> Manners {
    Manners { content_gap: Duration::ZERO, ..Manners::default() }
}

fn refresh() -> NewJob {
    Refresh::new("dev".parse().expect("a name")).to_job()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_hours_makes_no_dead_letters() {
    let world = Hours::start(manners()).await;
    let (_, head, review) = world.pull("words").await;
    let command = world.command("/help").await;
    world.github.faults().outage(true);
    world.github.clear_request_log();
    world.enqueue(&[refresh(), review, command]).await;
    world.pass(3 * HOUR).await;
    for job in world.jobs().await {
        assert_eq!(job.state, JobState::Waiting, "{job:?}");
        assert!(job.attempts < 5, "an outage uses up no attempts: {job:?}");
    }
    // Three hours of pauses of two and a half to five minutes, and what it took to notice.
    assert!(world.asked() < 90, "asked a forge that is down {} times", world.asked());

    world.github.faults().outage(false);
    world.pass(Duration::from_secs(6 * 60)).await;
    assert_eq!(world.conclusions(&head), [Some("success".to_owned())]);
    assert_eq!(world.answers(), 1);
    assert!(world.jobs().await.iter().all(|job| job.state != JobState::Dead));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_comes_while_one_thing_is_broken_is_answered_at_once() {
    let world = Hours::start(manners()).await;
    let (number, _, review) = world.pull("broken").await;
    let broken = format!("/repos/{ADMIN}/pulls/{number}");
    world.github.faults().next_requests(http::Method::GET, &broken, 1_000, Effect::Status(500));
    world.enqueue(&[review]).await;
    world.pass(Duration::from_secs(10 * 60)).await;
    let command = world.command("/help").await;
    world.enqueue(&[command]).await;
    world.pass(Duration::ZERO).await;
    assert_eq!(world.answers(), 1, "it did not wait for the pull request that GitHub cannot show");
    world.pass(4 * HOUR).await;
    let dead: Vec<_> = world.jobs().await.into_iter().filter(|job| job.state == JobState::Dead).collect();
    assert_eq!(dead.len(), 1, "and that one is given up in the end");
    assert!(dead[0].reason.as_deref().is_some_and(|reason| reason.contains("status 500")), "{:?}", dead[0].reason);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_does_not_eat_what_people_need() {
    let world = Hours::start(Manners { points_per_minute: 40, ..manners() }).await;
    for number in 0..6 {
        world.pull(&format!("words-{number}")).await;
    }
    world.enqueue(&[refresh()]).await;
    world.pass(Duration::from_secs(1)).await;
    let refused = world.context.forge.metrics().refused["points"];
    assert!(refused > 0, "the sweep's reviews found their half used up");
    let command = world.command("/help").await;
    world.enqueue(&[command]).await;
    world.pass(Duration::ZERO).await;
    assert_eq!(world.answers(), 1, "a person does not wait for them");
    world.pass(HOUR).await;
    let pulls = world.github.pulls(ADMIN);
    assert_eq!(pulls.len(), 6);
    for pull in pulls {
        assert_eq!(world.conclusions(&pull.head_sha), [Some("success".to_owned())], "and they are done in time");
    }
}
