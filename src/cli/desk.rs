//! A server's own clients, for a subcommand that looks around beside the server: with a store in memory and an empty
//! place for mirrors, which goes again.

use std::sync::Arc;

use tempfile::TempDir;

use super::role::Role;
use super::server::{self, Options};
use crate::clock::{OsEntropy, SystemClock};
use crate::cluster::Cluster;
use crate::config::Config;
use crate::forge::Manners;
use crate::jobs::{Context, Timing, chain};
use crate::queue::Settings;
use crate::rules::Policy;

/// What a subcommand asks forge and clusters with.
pub(super) struct Desk {
    pub(super) context: Context,
    _mirrors: TempDir,
}

impl Desk {
    /// Of a server with this configuration; no cluster is reached yet.
    ///
    /// # Errors
    /// The App's key is unusable, or there is no room for mirrors.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let mut config = config.clone();
        config.database = "sqlite::memory:".parse().map_err(anyhow::Error::msg)?;
        let mirrors = tempfile::Builder::new().prefix("bailiwick-desk-").tempdir()?;
        let options = Options {
            mirrors: mirrors.path().to_owned(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            policy: Policy::default(),
            timing: Timing::default(),
            queue: Settings::default(),
            handlers: crate::jobs::handlers,
            manners: Manners::of(&config.github.api_url),
            // Clusters are reached one by one, so that a broken one hides no other.
            role: Role::Web,
            recorder: None,
        };
        Ok(Self { context: server::context(config, options).await?, _mirrors: mirrors })
    }

    /// Opens the ways to the clusters. Gives what is wrong with those that are not to be had.
    pub(super) async fn reach_clusters(&mut self) -> Vec<String> {
        let mut problems = Vec::new();
        for cluster in &self.context.config.clusters {
            let Some(kubeconfig) = &cluster.kubeconfig else { continue };
            match Cluster::connect(&server::access(kubeconfig)).await {
                Ok(reached) => drop(self.context.clusters.insert(cluster.name.clone(), reached)),
                Err(error) => problems.push(format!("cluster {}: {}", cluster.name, chain(&error))),
            }
        }
        problems
    }
}
