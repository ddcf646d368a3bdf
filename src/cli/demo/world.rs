//! The whole system on this machine: a GitHub, a cluster and a server, with real Git repositories.
//! The demo shows it, and the end-to-end tests live in it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::seed;
use crate::cli::role::Role as ServerRole;
use crate::cli::server::{self, Handlers, Server};
use crate::clock::{Clock, Entropy as _, OsEntropy, SystemClock};
use crate::cluster::KeyPair;
use crate::forge::Manners;
use crate::jobs::Timing;
use crate::names::{PublicKey, RepoPath};
use crate::queue::{Backoff, Settings};
use crate::rules::Policy;
use crate::sandbox::cluster::{self as sandbox_cluster, GitServer, SandboxCluster};
use crate::sandbox::github::{AppOptions, Change, GitHub, Options as GitHubOptions, Role};
use crate::scaffold::{self, Outcome, Survey, TeamRequest};

/// The admin repository of the demo.
pub const ADMIN: &str = "org/dev-cluster";
/// The repository of the team that is there from the start.
pub const TEAM1: &str = "org/dev-team1";
/// The repository of the team that comes later.
pub const TEAM2: &str = "org/dev-team2";
/// Owns the cluster: may maintain the admin repository.
pub const ALICE: &str = "alice";
/// Works in team1: may read the admin repository.
pub const BOB: &str = "bob";
/// Works in team2.
pub const CAROL: &str = "carol";

/// Flux of the demo looks around this often; it also reacts to every request at once.
const RECONCILE_EVERY: Duration = Duration::from_millis(200);

/// How deliveries come in.
const DELIVERIES: &str = "  webhook_secrets: [{file: webhook-secret}]\n";
/// How the server reaches the cluster.
const CONNECTION: &str = "    engine: flux-v2\n    kubeconfig: {file: kubeconfig}\n";

/// Where the three parts listen; port 0 takes a free one.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Bailiwick.
    pub server: SocketAddr,
    /// The sandbox's GitHub.
    pub github: SocketAddr,
    /// The sandbox's cluster.
    pub cluster: SocketAddr,
}

impl Addresses {
    /// Free ports of the loopback interface.
    pub fn free() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { server: any, github: any, cluster: any }
    }
}

/// The running system.
pub struct World {
    /// GitHub.
    pub github: GitHub,
    /// The cluster.
    pub cluster: SandboxCluster,
    /// The server; `None` while it is stopped.
    pub server: Option<Server>,
    /// Where the server listens.
    pub address: SocketAddr,
    /// Extra lines for the configuration file, written at the next start.
    pub configuration: String,
    /// The lines that say how deliveries come in, written at the next start.
    pub deliveries: String,
    /// The lines of the cluster `dev` that say how it is reached, written at the next start.
    pub connection: String,
    /// The database from the next start on, where it is not the SQLite file beside the configuration.
    pub database: Option<String>,
    /// How patient the jobs are, from the next start on.
    pub timing: Timing,
    /// How the workers work from the next start on.
    pub queue: Settings,
    /// What runs each kind of job from the next start on.
    pub handlers: Handlers,
    /// The time of all three.
    clock: Arc<dyn Clock>,
    /// How much is asked of GitHub, from the next start on.
    pub manners: Manners,
    directory: TempDir,
}

/// What the sandbox's Flux fetches with: the key has to be registered at the sandbox's GitHub.
struct SshOfGitHub(GitHub);

#[async_trait]
impl GitServer for SshOfGitHub {
    async fn bare_repository(&self, url: &str, key: Option<&PublicKey>) -> Result<PathBuf, String> {
        let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path);
        let path = path.ok_or_else(|| format!("{url} is no address of a repository"))?;
        let key = key.ok_or("ssh: handshake failed: no key was offered")?;
        self.0.deploy_key_fetch_path(path.trim_end_matches(".git"), key)
    }
}

impl World {
    /// Starts everything and fills it: an admin repository with one team, that team's repository,
    /// an empty one for a second team, and a cluster that Flux syncs from the admin repository.
    ///
    /// # Errors
    /// Where an address is taken, or git or kustomize is missing.
    pub async fn start(addresses: Addresses) -> anyhow::Result<Self> {
        Self::start_with(addresses, (Self::timing(), Arc::new(SystemClock))).await
    }

    /// How patient the demo is: less than a server that runs for years.
    pub fn timing() -> Timing {
        Timing {
            pause: Duration::from_millis(200),
            failed_pause: Duration::from_secs(2),
            failure_lasts: Duration::from_secs(1),
            ..Timing::default()
        }
    }

    /// The same, with jobs that are as patient as `timing` says, and by another clock.
    ///
    /// # Errors
    /// Where an address is taken, or git or kustomize is missing.
    pub async fn start_with(addresses: Addresses, (timing, clock): (Timing, Arc<dyn Clock>)) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("bailiwick-").tempdir()?;
        let listener = TcpListener::bind(addresses.server).await.with_context(|| taken(addresses.server))?;
        let address = listener.local_addr()?;
        let secret = SecretString::from(OsEntropy.uuid());
        let github = start_github(addresses.github, address, (secret.clone(), Arc::clone(&clock))).await?;
        let ssh = Arc::new(SshOfGitHub(github.clone()));
        let mut options = sandbox_cluster::Options::new(Arc::clone(&clock), Arc::new(OsEntropy), ssh)?;
        options.listen = addresses.cluster;
        let cluster = SandboxCluster::start(options).await?;
        let backoff = Backoff { first: Duration::from_millis(200), ..Backoff::default() };
        let mut world = Self {
            github,
            cluster,
            server: None,
            address,
            configuration: String::new(),
            deliveries: DELIVERIES.to_owned(),
            connection: CONNECTION.to_owned(),
            database: None,
            timing,
            queue: Settings { backoff, ..Settings::default() },
            handlers: crate::jobs::handlers,
            clock,
            manners: Manners::at_home(),
            directory,
        };
        world.write_secrets(&secret)?;
        world.people()?;
        world.repositories().await?;
        world.bootstrap().await?;
        world.cluster.keep_reconciling(RECONCILE_EVERY);
        world.start_server_on(listener).await?;
        Ok(world)
    }

    /// Where the server's files are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn write_secrets(&self, secret: &SecretString) -> anyhow::Result<()> {
        write_private(&self.file("app.pem"), self.github.app_private_key().expose_secret())?;
        write_private(&self.file("webhook-secret"), secret.expose_secret())?;
        self.cluster.write_kubeconfig(&self.file("kubeconfig"))?;
        Ok(())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn people(&self) -> anyhow::Result<()> {
        let github = &self.github;
        github.create_org("org")?;
        for (login, owner) in [(ALICE, true), (BOB, false), (CAROL, false)] {
            github.create_user(login)?;
            github.add_member("org", login, owner)?;
        }
        github.create_team("org", "platform", &[ALICE])
    }

    async fn repositories(&self) -> anyhow::Result<()> {
        let github = &self.github;
        let mut files: BTreeMap<RepoPath, String> = BTreeMap::new();
        for (path, text) in seed::ADMIN {
            files.insert(path.parse()?, (*text).to_owned());
        }
        let changes = scaffold_team("team1", &files)?;
        files.extend(changes);
        let listed: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        github.create_repository(ADMIN, &listed).await?;
        github.create_repository(TEAM1, seed::TEAM).await?;
        github.create_repository(TEAM2, &[("README.md", "# dev-team2\n\nNothing here yet.\n")]).await?;
        for repository in [ADMIN, TEAM1, TEAM2] {
            github.set_private(repository, true)?;
            github.protect(repository, &[crate::jobs::CHECK_NAME])?;
        }
        github.add_collaborator(TEAM1, BOB, Role::Write)?;
        github.add_collaborator(TEAM2, CAROL, Role::Write)?;
        github.open_issue(ALICE, ADMIN, "Requests", "Comment `/help` here.")?;
        Ok(())
    }

    /// What `flux bootstrap` does: a key for the admin repository, its Secret, source and Kustomization.
    async fn bootstrap(&self) -> anyhow::Result<()> {
        let pair = KeyPair::generate(&OsEntropy, "flux-system")?;
        self.github.add_deploy_key(ALICE, ADMIN, "flux-system", &pair.public.to_string())?;
        let hosts = format!(
            "127.0.0.1 {}\n",
            crate::cluster::known_hosts::github_known_hosts()
                .split_once(' ')
                .map_or("", |(_, key)| key.lines().next().unwrap_or(""))
        );
        self.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}}))?;
        self.apply(json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "flux-system", "namespace": "flux-system"},
            "stringData": {
                "identity": pair.private_openssh.expose_secret(), "identity.pub": pair.public_line, "known_hosts": hosts,
            },
        }))?;
        let url = format!("ssh://git@127.0.0.1/{ADMIN}");
        self.cluster.bootstrap(&url, "main", "./cluster").map_err(|problem| anyhow!(problem))?;
        let secret = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "flux-system", "namespace": "flux-system"}, "spec": {"secretRef": {"name": "flux-system"},
            "url": url, "interval": "1m", "ref": {"branch": "main"}}});
        self.apply(secret)?;
        self.cluster.reconcile_once().await;
        Ok(())
    }

    /// Applies an object as the cluster's admin.
    ///
    /// # Errors
    /// The API server's refusal.
    pub fn apply(&self, object: serde_json::Value) -> anyhow::Result<()> {
        self.cluster.apply(object).map(drop).map_err(|problem| anyhow!(problem))
    }

    /// Starts the server again where it was stopped, with the same database; at the same address, or
    /// at another where somebody took that one meanwhile.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn start_server(&mut self) -> anyhow::Result<()> {
        let listener = match TcpListener::bind(self.address).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind(SocketAddr::new(self.address.ip(), 0)).await?,
        };
        self.address = listener.local_addr()?;
        self.github.set_webhook_url(&webhook_url(self.address));
        self.start_server_on(listener).await
    }

    /// Writes the server's configuration as it stands now, and gives its file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write_configuration(&self) -> anyhow::Result<PathBuf> {
        let file = self.file("bailiwick.yaml");
        std::fs::write(&file, self.configuration_text())?;
        Ok(file)
    }

    async fn start_server_on(&mut self, listener: TcpListener) -> anyhow::Result<()> {
        let file = self.write_configuration()?;
        let config = crate::cli::config::load(&file)?;
        let options = server::Options {
            mirrors: self.file("mirrors"),
            clock: Arc::clone(&self.clock),
            entropy: Arc::new(OsEntropy),
            policy: Policy::default(),
            timing: self.timing,
            queue: self.queue,
            handlers: self.handlers,
            manners: self.manners,
            role: ServerRole::All,
            recorder: recorder()?,
        };
        self.server = Some(Server::start(config, options, listener).await?);
        Ok(())
    }

    /// Stops the server in an orderly way.
    pub async fn stop_server(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    fn configuration_text(&self) -> String {
        let database =
            self.database.clone().unwrap_or_else(|| format!("sqlite://{}", self.file("bailiwick.db").display()));
        format!(
            "listen: {}\ndatabase: {database}\ngithub:\n  app_id: 1\n  private_key: {{file: app.pem}}\n{}  api_url: \
             {}\nclusters:\n  - name: dev\n    admin_repository: {ADMIN}\n    \
             branch: main\n    path: cluster\n{}    \
             team_repository: \"{{org}}/dev-{{team}}\"\n    git_access: {{mode: deploy-key, access: \
             read-only}}\n{}",
            self.address,
            self.deliveries,
            self.github.api_url(),
            self.connection,
            self.configuration,
        )
    }
}

/// Writes a file that only its owner reads.
fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}

fn webhook_url(server: SocketAddr) -> String {
    format!("http://{server}/webhooks/github")
}

fn taken(address: SocketAddr) -> String {
    format!("{address}: cannot listen there: is another program using it? Choose another with --listen")
}

async fn start_github(
    listen: SocketAddr,
    server: SocketAddr,
    (secret, clock): (SecretString, Arc<dyn Clock>),
) -> anyhow::Result<GitHub> {
    let github = GitHub::start(GitHubOptions {
        listen,
        app: AppOptions {
            id: 1,
            slug: "bailiwick".to_owned(),
            webhook_url: Some(webhook_url(server)),
            webhook_secret: secret,
        },
        clock,
        entropy: Arc::new(OsEntropy),
    })
    .await?;
    Ok(github)
}

/// The files of a team, by the same scaffold as `/create-team`.
fn scaffold_team(team: &str, files: &BTreeMap<RepoPath, String>) -> anyhow::Result<Vec<(RepoPath, String)>> {
    let git_url = format!("ssh://git@127.0.0.1/org/dev-{team}").parse()?;
    let request = TeamRequest::new(team.parse()?, git_url, "main".parse()?);
    match scaffold::plan(&request, &Survey::new(files, "cluster".parse()?))? {
        Outcome::Changes(plan) => {
            Ok(plan.changes.files.into_iter().filter_map(|file| Some((file.path, file.after?))).collect())
        }
        Outcome::AlreadyThere => Ok(Vec::new()),
    }
}

/// Files as the sandbox's GitHub takes them.
pub fn writes(files: &[(&str, &str)]) -> Vec<Change> {
    files.iter().map(|(path, text)| Change::write(path, text)).collect()
}

/// `BAILIWICK_RECORD` names a folder for what client and forge say to each other: `make conformance`.
fn recorder() -> anyhow::Result<Option<Arc<dyn crate::forge::Record>>> {
    let Some(folder) = std::env::var_os("BAILIWICK_RECORD") else { return Ok(None) };
    let name = format!("client-{}.jsonl", OsEntropy.uuid());
    let file = std::fs::File::create(Path::new(&folder).join(name)).context("BAILIWICK_RECORD names no folder")?;
    Ok(Some(Arc::new(crate::forge::JsonLines::new(Box::new(file)))))
}
