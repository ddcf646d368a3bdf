//! The sandbox's GitHub: REST, signed webhooks, Git over HTTP, small HTML pages, on one loopback
//! port, with its state in memory and real bare repositories in a temporary directory.
//!
//! It is written from GitHub's published documents and not from the client in `forge`, so that the
//! two can disagree. It refuses what GitHub refuses; see `tests/sandbox_github/`.

mod access;
mod answer;
mod app;
mod call;
mod driver;
mod events;
mod faults;
mod git;
mod hooks;
mod input;
mod limits;
mod listener;
mod model;
mod ops;
mod pages;
mod paging;
mod recorder;
mod rest;
mod server;
mod shapes;
mod shared;
mod state;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use secrecy::SecretString;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::clock::{Clock, Entropy};

pub use access::{Level, Role};
pub use driver::{
    Change, CheckRunView, CommentView, DeployKeyView, DeploymentView, ForkPull, MergeGroup, Minted, NewPullRequest,
    PullView,
};
pub use faults::{Effect, FaultSwitches, Order, RestFault};
pub use hooks::Delivery;
pub use limits::ContentLimit;
pub use recorder::LoggedRequest;

/// The App that is registered at this GitHub.
#[derive(Debug, Clone)]
pub struct AppOptions {
    /// The App's id, as in `iss` of its JWT.
    pub id: u64,
    /// The App's name in URLs; its bot is `<slug>[bot]`.
    pub slug: String,
    /// Where webhooks go; nothing: nowhere, until [`GitHub::set_webhook_url`].
    pub webhook_url: Option<String>,
    /// What webhooks are signed with; empty: not signed.
    pub webhook_secret: SecretString,
}

/// How to start a GitHub.
#[derive(Debug)]
pub struct Options {
    /// The address to listen at; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The App.
    pub app: AppOptions,
    /// The time of everything here: tokens expire by it.
    pub clock: Arc<dyn Clock>,
    /// Delivery ids, tokens, and the dice of the faults.
    pub entropy: Arc<dyn Entropy>,
}

/// A running GitHub. Clones are the same one; it stops when the last is dropped.
#[derive(Debug, Clone)]
pub struct GitHub {
    shared: Arc<shared::Shared>,
    stop: CancellationToken,
    _guard: Arc<DropGuard>,
}

impl GitHub {
    /// Starts a GitHub that has the App and nobody else.
    ///
    /// # Errors
    /// Where the address is taken, there is no place for repositories, or `git` is missing.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        use anyhow::Context as _;
        let listen = options.listen;
        let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| {
            format!("the sandbox's GitHub cannot listen at {listen}; is another program there? Give another address")
        })?;
        let address = listener.local_addr()?;
        let root = tempfile::Builder::new().prefix("sandbox-github-").tempdir()?;
        let git = git::Git::new(root.path().to_owned()).await?;
        let key = tokio::task::spawn_blocking(app::AppKey::generate).await??;
        let created_at = options.clock.now();
        // GitHub's ids have outgrown 32 bits.
        let registration = model::Registration::documented();
        let mut state = model::State { last_id: 5_000_000_000, registration, ..model::State::default() };
        let mut account = |login: String, kind| {
            let id = state.next_id();
            state.accounts.insert(id, model::Account { id, login, kind, created_at });
            id
        };
        let owner = account(format!("{}-authors", options.app.slug), model::AccountKind::User);
        let bot = account(format!("{}[bot]", options.app.slug), model::AccountKind::Bot);
        let app = app::App { id: options.app.id, slug: options.app.slug, bot, owner, created_at, key };
        let (hooks, outbox) = hooks::Hooks::new();
        let target = hooks::Target::new(options.app.webhook_url, options.app.webhook_secret);
        let stop = CancellationToken::new();
        let shared = Arc::new(shared::Shared {
            stop: stop.clone(),
            base: format!("http://{address}"),
            clock: options.clock,
            entropy: options.entropy,
            app,
            git,
            hooks,
            faults: faults::Faults::none(),
            limits: limits::Limits::default(),
            recorder: recorder::Recorder::default(),
            target: Mutex::new(target),
            state: Mutex::new(state),
            moving: tokio::sync::Mutex::new(()),
            _root: root,
        });
        spawn(Arc::clone(&shared), listener, outbox, stop.clone());
        let guard = Arc::new(stop.clone().drop_guard());
        Ok(Self { shared, stop, _guard: guard })
    }

    /// Stops it at once; open connections are dropped.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// The pages and Git: `http://127.0.0.1:<port>`.
    pub fn base_url(&self) -> &str {
        &self.shared.base
    }

    /// The REST API: `http://127.0.0.1:<port>/api/v3`, as on a GitHub Enterprise Server.
    pub fn api_url(&self) -> String {
        format!("{}/api/v3", self.shared.base)
    }

    /// The App's private key, PKCS#8 in PEM.
    pub fn app_private_key(&self) -> SecretString {
        self.shared.app.key.private_pem.clone()
    }

    /// Where webhooks go from now on.
    pub fn set_webhook_url(&self, url: &str) {
        self.change_target(|target| target.url = Some(url.to_owned()));
    }

    /// Webhooks go nowhere from now on, as of an App that was made without an address for them.
    pub fn forget_webhook_url(&self) {
        self.change_target(|target| target.url = None);
    }

    /// How webhooks are sent from now on: as a form instead of JSON, and without a look at certificates.
    pub fn set_webhook_form(&self, form: bool, insecure: bool) {
        self.change_target(|target| (target.form, target.insecure) = (form, insecure));
    }

    /// What webhooks are signed with from now on.
    pub fn set_webhook_secret(&self, secret: SecretString) {
        self.change_target(|target| target.secret = secret);
    }

    fn change_target(&self, change: impl FnOnce(&mut hooks::Target)) {
        change(&mut self.shared.target_mut());
    }

    /// The switches for what goes wrong.
    pub fn faults(&self) -> FaultSwitches<'_> {
        FaultSwitches { faults: &self.shared.faults, hooks: &self.shared.hooks, limits: &self.shared.limits }
    }

    /// Every attempt to deliver a webhook, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.hooks.log().clone()
    }

    /// Sends the delivery of that GUID again; `false` where there is none.
    pub fn redeliver(&self, guid: &str) -> bool {
        self.shared.redeliver(|delivery| delivery.guid == guid)
    }

    /// Empties the log of deliveries, as if more than three days had passed.
    pub fn forget_deliveries(&self) {
        self.shared.hooks.log().clear();
    }

    /// Waits until every webhook that is not held back was sent and answered.
    pub async fn webhooks_settled(&self) {
        self.shared.hooks.settled().await;
    }

    /// Every REST and Git request since the start or the last [`Self::clear_request_log`].
    pub fn request_log(&self) -> Vec<LoggedRequest> {
        self.shared.recorder.all()
    }

    /// Forgets the requests so far.
    pub fn clear_request_log(&self) {
        self.shared.recorder.clear();
    }

    /// Writes every REST exchange as a line of JSON to the end of that file, tokens left out.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub fn record_to(&self, file: &Path) -> std::io::Result<()> {
        self.shared.recorder.to_file(file)
    }
}

fn spawn(
    shared: Arc<shared::Shared>,
    listener: tokio::net::TcpListener,
    outbox: hooks::Outbox,
    stop: CancellationToken,
) {
    let router = Router::new().fallback(server::handle).with_state(Arc::clone(&shared));
    let service = router.into_make_service_with_connect_info::<listener::Line>();
    let server = axum::serve(listener::CuttableListener(listener), service);
    let stopped = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            result = server.into_future() => {
                if let Err(error) = result {
                    tracing::error!(error = %error, "The sandbox's GitHub stopped serving");
                }
            }
            () = stopped.cancelled() => {}
        }
    });
    tokio::spawn(async move {
        tokio::select! {
            () = hooks::run(shared, outbox) => {}
            () = stop.cancelled() => {}
        }
    });
}
