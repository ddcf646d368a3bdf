//! `bailiwick keys`: the deploy keys of teams.

mod list;
mod new;
mod rotate;
mod sweep;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::desk::Desk;
use super::wait_for;
use crate::config::{AccessMode, ClusterConfig, Config};
use crate::jobs::{KnownKey, known_keys};
use crate::names::ClusterName;
use crate::store::Store;

/// The deploy keys of teams
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    New(new::New),
    List(list::List),
    Rotate(rotate::Rotate),
    Sweep(sweep::Sweep),
}

/// Runs a subcommand.
///
/// # Errors
/// Wrong usage, or a repository, configuration or database that cannot be read or does not fit.
pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8> {
    match &args.command {
        Command::New(args) => new::run(args, out),
        Command::List(args) => wait_for(list::run(args, out, err)),
        Command::Rotate(args) => wait_for(rotate::run(args, out)),
        Command::Sweep(args) => wait_for(sweep::run(args, out, err)),
    }
}

/// Which server's keys are meant.
#[derive(Debug, clap::Args)]
struct Server {
    /// The server's configuration
    #[arg(long, default_value = "bailiwick.yaml")]
    config: PathBuf,
    /// Only this cluster
    #[arg(long, value_name = "NAME")]
    cluster: Option<ClusterName>,
}

impl Server {
    fn load(&self) -> Result<Config> {
        crate::cli::config::load(&self.config)
    }

    /// The clusters that are meant, of those with deploy keys.
    fn clusters<'c>(&self, config: &'c Config) -> Result<Vec<&'c ClusterConfig>> {
        let wanted = |cluster: &&ClusterConfig| self.cluster.as_ref().is_none_or(|name| *name == cluster.name);
        let found: Vec<_> = config.clusters.iter().filter(wanted).collect();
        if let (Some(name), true) = (&self.cluster, found.is_empty()) {
            bail!("there is no cluster {name} in {}", self.config.display());
        }
        Ok(found.into_iter().filter(|cluster| cluster.git_access.mode == AccessMode::DeployKey).collect())
    }
}

/// The keys of ours in the clusters that are meant, and what could not be looked at.
async fn found(
    server: &Server,
    (config, desk): (&Config, &mut Desk),
    store: &Store,
) -> Result<(Vec<KnownKey>, Vec<String>)> {
    let mut problems = desk.reach_clusters().await;
    let mut keys = Vec::new();
    for cluster in server.clusters(config)? {
        match known_keys(&desk.context, store, cluster).await {
            Ok(found) => {
                keys.extend(found.keys);
                problems.extend(found.unseen);
            }
            Err(error) => problems.push(format!("cluster {}: {error}", cluster.name)),
        }
    }
    Ok((keys, problems))
}
