//! The server put together: store, forge, mirrors, clusters, queue and web. `serve`, `demo` and the
//! end-to-end tests all start it here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Entropy};
use crate::cluster::{Cluster, KubeAccess};
use crate::config::{Config, Kubeconfig, WebhookMode};
use crate::forge::event::Event;
use crate::forge::{Forge, ForgeSettings, Manners, Record, Timeouts};
use crate::git::{GitSettings, Mirrors};
use crate::jobs::{self, Context, IndexCache, Recover, Refresh, Task as _, Timing};
use crate::names::ClusterName;
use crate::queue::{Handler, Settings, Worker};
use crate::rules::Policy;
use crate::store::{Claim, Store, StoreError};
use crate::web::{Receiver, WebhookSecrets, probes, router, serve};

use super::role::Role;

/// How long an index is kept as it is after somebody has looked at it, once to twice.
const LOOKED_AT: Duration = Duration::from_secs(10);

/// Makes what runs each kind of job.
pub type Handlers = fn(&Arc<Context>) -> Vec<Arc<dyn Handler>>;

/// What a server is started with, besides its configuration.
#[derive(Debug)]
pub struct Options {
    /// Where mirrors of repositories are kept.
    pub mirrors: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The policy where a repository has none of its own.
    pub policy: Policy,
    /// How patient the jobs are.
    pub timing: Timing,
    /// How the workers work.
    pub queue: Settings,
    /// What runs each kind of job: [`jobs::handlers`], or what a test puts in its place.
    pub handlers: Handlers,
    /// How much is asked of the forge.
    pub manners: Manners,
    /// Which half of the server this is.
    pub role: Role,
    /// Sees every exchange with the forge, without tokens.
    pub recorder: Option<Arc<dyn Record>>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// What its jobs reach: the demo and the tests look at the store through it.
    pub context: Arc<Context>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// Of the workers; let go of when they have ended.
    _claim: Option<Claim>,
}

impl Server {
    /// Starts web and workers on a listener that is bound already.
    ///
    /// # Errors
    /// Where the database cannot be opened, the App's key is unusable, or a kubeconfig is.
    pub async fn start(config: Config, options: Options, listener: TcpListener) -> anyhow::Result<Self> {
        let secrets = match config.github.webhook {
            WebhookMode::Push => Some(WebhookSecrets::new(config.github.webhook_secrets.clone())?),
            WebhookMode::Pull => None,
        };
        let (queue, role, handlers) = (options.queue, options.role, options.handlers);
        let context = Arc::new(context(config, options).await?);
        // A disk that is full now may have room later; a database that was moved away never comes back.
        if let Err(error @ StoreError::Moved) = context.store.check_writable().await {
            return Err(error.into());
        }
        let stop = CancellationToken::new();
        let plan = {
            let context = Arc::clone(&context);
            Arc::new(move |event: &Event| jobs::jobs_for(&context.config, event))
        };
        let (store, forge) = (context.store.clone(), Some(context.forge.clone()));
        let receiver = Receiver { secrets, store, plan, forge, checks: Vec::new() };
        let routes = if role.receives() { router(receiver) } else { probes(receiver) };
        let mut tasks = vec![tokio::spawn(serve(listener, routes, stop.clone()))];
        let claim = if role.works() {
            let claim = context.store.claim_workers(context.config.database.expose()).await?;
            tasks.push(work(&context, (queue, handlers(&context)), stop.clone()).await?);
            tasks.push(tokio::spawn(put_away(Arc::clone(&context), stop.clone())));
            Some(claim)
        } else {
            None
        };
        Ok(Self { context, stop, tasks, _claim: claim })
    }

    /// Stops taking in and working, and waits until what runs is finished or handed back.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            // A task that panicked has said so already; the others still have to end.
            let _ = task.await;
        }
    }
}

/// Starts the workers, and their first look around.
async fn work(
    context: &Arc<Context>,
    (queue, handlers): (Settings, Vec<Arc<dyn Handler>>),
    stop: CancellationToken,
) -> anyhow::Result<JoinHandle<()>> {
    let (clock, entropy) = (Arc::clone(&context.clock), Arc::clone(&context.entropy));
    let worker = Worker::new(context.store.clone(), handlers, clock, entropy, queue);
    let mut first: Vec<_> =
        context.config.clusters.iter().map(|cluster| Refresh::new(cluster.name.clone()).to_job()).collect();
    first.push(Recover::default().to_job());
    context.store.enqueue(&first).await?;
    Ok(tokio::spawn(async move { worker.run(stop).await }))
}

/// Puts away what nobody looks at, as long as the server runs.
async fn put_away(context: Arc<Context>, stop: CancellationToken) {
    while tokio::time::timeout(LOOKED_AT, stop.cancelled()).await.is_err() {
        context.indexes.rest().await;
    }
}

/// What the jobs of a server reach, without the server: for one job at a time, as `benches/review` runs them.
///
/// # Errors
/// Where the database cannot be opened, the App's key is unusable, or a kubeconfig is.
pub async fn context(mut config: Config, options: Options) -> anyhow::Result<Context> {
    let store = Store::open(config.database.expose(), Arc::clone(&options.clock), Arc::clone(&options.entropy)).await?;
    let forge = Forge::new(ForgeSettings {
        api_url: config.github.api_url.clone(),
        app_id: config.github.app_id,
        // The forge and the receiver keep what they need; nobody else can reach it through the configuration.
        private_key: std::mem::take(&mut config.github.private_key),
        clock: Arc::clone(&options.clock),
        entropy: Arc::clone(&options.entropy),
        timeouts: Timeouts::default(),
        manners: options.manners,
        recorder: options.recorder,
    })?;
    config.github.webhook_secrets.clear();
    let mirrors = Mirrors::new(GitSettings::new(options.mirrors))?;
    // Who only takes webhooks in needs no cluster, and must not fail for want of one.
    let clusters = if options.role.works() { connect(&config).await? } else { BTreeMap::new() };
    Ok(Context {
        config,
        policy: options.policy,
        clock: options.clock,
        entropy: options.entropy,
        store,
        forge,
        mirrors,
        clusters,
        indexes: IndexCache::default(),
        repositories: Mutex::default(),
        timing: options.timing,
    })
}

async fn connect(config: &Config) -> anyhow::Result<BTreeMap<ClusterName, Cluster>> {
    let mut clusters = BTreeMap::new();
    for cluster in &config.clusters {
        let Some(kubeconfig) = &cluster.kubeconfig else { continue };
        let connected =
            Cluster::connect(&access(kubeconfig)).await.with_context(|| format!("cluster {}", cluster.name))?;
        clusters.insert(cluster.name.clone(), connected);
    }
    Ok(clusters)
}

/// The way to a cluster that a configuration names.
pub(super) fn access(kubeconfig: &Kubeconfig) -> KubeAccess {
    match kubeconfig {
        Kubeconfig::InCluster => KubeAccess::InCluster,
        Kubeconfig::File { path, context } => KubeAccess::Kubeconfig { path: path.clone(), context: context.clone() },
    }
}
