//! What applies the admin repository in a cluster, for whoever only wants to know: the same search as after a
//! merge, and nothing is asked of Flux.

use super::SyncCluster;
use super::look::Lookout;
use crate::cluster::{Cluster, SourceState};
use crate::config::ClusterConfig;
use crate::jobs::{Context, JobError};
use crate::names::CommitId;

/// What applies the admin repository.
#[derive(Debug, Clone)]
pub struct Applying {
    /// The tip of the tracked branch.
    pub tip: CommitId,
    /// Its sources in the cluster; or what was looked for, what is there instead and what to do, in lines that
    /// quote the cluster: hostile.
    pub sources: Result<Vec<SourceState>, String>,
}

/// Looks for it. The repository is fetched into the context's mirrors, because it says whose namespaces are teams'.
///
/// # Errors
/// Where the forge, the cluster or Git do not answer, or there is no such branch.
pub async fn applying(context: &Context, config: &ClusterConfig, cluster: &Cluster) -> Result<Applying, JobError> {
    let Some(tip) = context.branch_tip(config).await? else {
        return Err(JobError::fail(format!("{} has no branch {}", config.admin_repository, config.branch)));
    };
    let job = SyncCluster::new(config.name.clone(), tip.clone(), None);
    let sources = Lookout { job: &job, context, config, cluster }.sources_now().await?;
    Ok(Applying { tip, sources })
}
