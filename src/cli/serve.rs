//! `bailiwick serve`: the webhook server and its workers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::role::Role;
use super::server::{Options, Server};
use crate::clock::{Clock as _, OsEntropy, SystemClock};
use crate::config::{Config, LARGEST_FILE};
use crate::files;
use crate::forge::Manners;
use crate::jobs::Timing;
use crate::names::RepoPath;
use crate::queue::Settings;
use crate::rules::Policy;

/// Run the webhook server and its workers
#[derive(Debug, Parser)]
pub(super) struct Args {
    /// The server's configuration
    #[arg(long, default_value = "bailiwick.yaml")]
    config: PathBuf,
    /// Where mirrors of the repositories are kept
    #[arg(long, default_value = "bailiwick-mirrors")]
    mirrors: PathBuf,
    /// Which half of the server this process is
    #[arg(long, value_enum, default_value_t = Role::All)]
    role: Role,
    /// How many jobs run at the same time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// After how many seconds without a sign of life a worker's job goes to another
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    lease: u64,
}

/// Serves until SIGTERM or SIGINT: then nothing more is taken in, and what runs is finished or handed
/// back. A second signal ends the process at once.
///
/// # Errors
/// Everything that keeps the server from starting.
pub(super) async fn run(args: &Args) -> anyhow::Result<u8> {
    crate::telemetry::start("bailiwick=info,warn");
    let config = super::config::load(&args.config)?;
    let policy = policy(&config)?;
    let mut stop = Stop::new()?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("{}: cannot listen there: choose another `listen` address", config.listen))?;
    let options = Options {
        mirrors: args.mirrors.clone(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        policy,
        timing: Timing::default(),
        queue: Settings { workers: args.workers.into(), lease: Duration::from_secs(args.lease), ..Settings::default() },
        handlers: crate::jobs::handlers,
        manners: Manners::of(&config.github.api_url),
        role: args.role,
        recorder: None,
    };
    let address = listener.local_addr()?;
    let server = tokio::select! {
        started = Server::start(config, options, listener) => started?,
        () = stop.signalled() => return Ok(0),
    };
    tracing::info!(server.address = %address, server.role = ?args.role, "listening");
    stop.signalled().await;
    tracing::info!("stopping: finishing what runs");
    tokio::select! {
        () = server.stop() => Ok(0),
        // Whatever runs now is taken up again at the next start, when its lease has ended.
        () = stop.signalled() => Ok(1),
    }
}

/// SIGTERM and SIGINT, from the start to the end: none is missed between two waits.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> anyhow::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Resolves at the next of them.
    async fn signalled(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The policy file that the configuration names.
pub(super) fn policy(config: &Config) -> anyhow::Result<Policy> {
    let Some(path) = &config.policy else { return Ok(Policy::default()) };
    let text = files::read_text(path, LARGEST_FILE as u64).context("`policy` in the configuration")?;
    let name = path.file_name().map_or_else(|| "policy.yaml".into(), |name| name.to_string_lossy());
    let shown: RepoPath = name.parse().with_context(|| format!("{}: no file name", path.display()))?;
    let today = SystemClock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    Ok(Policy::parse(&shown, &text, today)?)
}
