//! The sandbox's GitHub with a generated admin repository, and what a server's jobs reach.

use std::io::BufWriter;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::Context as _;
use bailiwick::cli::ProcessSecrets;
use bailiwick::cli::server::{self, Options};
use bailiwick::clock::{OsEntropy, SystemClock};
use bailiwick::forge::Manners;
use bailiwick::jobs::{self, Context, ReviewPullRequest, Task as _, Timing};
use bailiwick::names::{InstallationId, IssueNumber, RepositoryId};
use bailiwick::queue::{Settings, Worker};
use bailiwick::rules::Policy;
use bailiwick::sandbox::github::{AppOptions, Change, GitHub, NewPullRequest, Options as GitHubOptions};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

use crate::generate;

/// The admin repository.
pub(crate) const ADMIN: &str = "org/dev-cluster";
const PERSON: &str = "alice";

/// GitHub with one generated repository, and a folder for everything else.
pub(crate) struct Sandbox {
    /// GitHub.
    pub(crate) github: GitHub,
    repository: u64,
    directory: TempDir,
}

/// A pull request to be reviewed.
#[derive(Debug)]
pub(crate) struct Pull {
    /// Its number.
    pub(crate) number: u64,
    /// Its head commit.
    pub(crate) head: String,
}

impl Sandbox {
    /// Starts GitHub and fills the repository.
    pub(crate) async fn start(teams: usize) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("bailiwick-bench-").tempdir()?;
        let github = GitHub::start(GitHubOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            app: AppOptions {
                id: 1,
                slug: "bailiwick".to_owned(),
                webhook_url: None,
                webhook_secret: SecretString::from("never used here"),
            },
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        })
        .await?;
        github.create_org("org")?;
        github.create_user(PERSON)?;
        github.add_member("org", PERSON, true)?;
        let repository = github.create_repository(ADMIN, &[]).await?;
        let path = github.repository_path(ADMIN)?;
        tokio::task::spawn_blocking(move || import(teams, &path)).await??;
        std::fs::write(directory.path().join("app.pem"), github.app_private_key().expose_secret())?;
        std::fs::write(directory.path().join("webhook-secret"), "never used here")?;
        Ok(Self { github, repository, directory })
    }

    /// A file or folder of this run.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The configuration of a server of this GitHub, without access to a cluster.
    pub(crate) fn configuration(&self, listen: &str, database: &str) -> String {
        format!(
            "listen: {listen}\ndatabase: sqlite://{}\ngithub:\n  app_id: 1\n  private_key: {{file: {}}}\n  \
             webhook_secrets: [{{file: {}}}]\n  api_url: {}\nclusters:\n  - name: dev\n    admin_repository: {ADMIN}\n    \
             branch: main\n    path: cluster\n    engine: flux-v2\n    team_repository: \"{{org}}/dev-{{team}}\"\n",
            self.file(database).display(),
            self.file("app.pem").display(),
            self.file("webhook-secret").display(),
            self.github.api_url(),
        )
    }

    /// What a server's jobs reach, made as `bailiwick serve` makes it.
    pub(crate) async fn context(&self) -> anyhow::Result<Arc<Context>> {
        let text = self.configuration("127.0.0.1:0", "bench.db");
        let config = bailiwick::config::parse(&text, "bench.yaml", &ProcessSecrets)?;
        let options = Options {
            mirrors: self.file("mirrors"),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            policy: Policy::default(),
            queue: bailiwick::queue::Settings::default(),
            handlers: bailiwick::jobs::handlers,
            manners: Manners::at_home(),
            role: bailiwick::cli::role::Role::Worker,
            timing: Timing::default(),
            recorder: None,
        };
        Ok(Arc::new(server::context(config, options).await?))
    }

    /// A pull request that changes one file of one team.
    pub(crate) async fn open(&self, branch: &str, change: Change) -> anyhow::Result<Pull> {
        let head = self.github.push(PERSON, (ADMIN, branch), &[change], "Change one team").await?;
        let new = NewPullRequest { head: branch, base: "main", title: "Change one team", body: "" };
        let number = self.github.open_pull(PERSON, ADMIN, new).await?;
        Ok(Pull { number, head })
    }

    /// Merges a pull request: the base moves.
    pub(crate) async fn merge(&self, pull: &Pull) -> anyhow::Result<()> {
        self.github.merge(PERSON, ADMIN, pull.number).await.map(drop)
    }

    /// The job that a pull request's webhook would bring.
    pub(crate) fn job(&self, pull: &Pull) -> anyhow::Result<ReviewPullRequest> {
        Ok(ReviewPullRequest {
            installation: InstallationId::new(self.github.installation_id("org")?),
            repository: RepositoryId::new(self.repository),
            repository_name: ADMIN.parse()?,
            number: IssueNumber::new(pull.number),
            again: false,
            pushed_by: None,
        })
    }

    /// Runs the job to its end, and makes sure that it was a real review with a good end.
    pub(crate) async fn review(&self, context: &Arc<Context>, pull: &Pull) -> anyhow::Result<()> {
        context.store.enqueue(&[self.job(pull)?.to_job()]).await?;
        let worker = Worker::new(
            context.store.clone(),
            jobs::handlers(context),
            Arc::clone(&context.clock),
            Arc::clone(&context.entropy),
            Settings::default(),
        );
        let summary = worker.drain().await?;
        anyhow::ensure!(summary.done == 1 && summary.retried == 0, "the review did not go well: {summary:?}");
        let runs = self.github.check_runs(ADMIN, &pull.head);
        let good = runs.len() == 1 && runs[0].conclusion.as_deref() == Some("success");
        anyhow::ensure!(good, "not the verdict that was expected: {runs:?}");
        Ok(())
    }
}

fn import(teams: usize, path: &std::path::Path) -> anyhow::Result<()> {
    let mut git = Command::new("git")
        .arg("--git-dir")
        .arg(path)
        .args(["fast-import", "--quiet", "--force", "--done"])
        .stdin(Stdio::piped())
        .spawn()
        .context("git cannot be started")?;
    let stdin = git.stdin.take().context("a pipe to git")?;
    generate::fast_import(generate::repository(teams), &mut BufWriter::new(stdin))?;
    anyhow::ensure!(git.wait()?.success(), "git fast-import failed");
    Ok(())
}
