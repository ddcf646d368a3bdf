//! What the bot does: one file per job. [`plan::jobs_for`] says which events ask for which jobs.

mod admin;
mod audit;
mod comments;
mod context;
mod decisions;
mod error;
mod hands;
mod indexes;
mod key_owner;
mod keys;
pub mod needs;
mod orphans;
mod plan;
mod recover;
mod refresh;
mod register_deploy_key;
mod requests;
mod review_merge_group;
mod review_pull_request;
mod rotate_key;
mod run_command;
mod sync_cluster;
mod take_in;
mod task;
mod teams;

use std::sync::Arc;

pub use context::{Context, Timing};
pub use error::{JobError, chain};
pub use indexes::IndexCache;
pub use orphans::{KnownKey, KnownKeys, Standing, known_keys, remove_key};
pub use plan::jobs_for;
pub use recover::Recover;
pub use refresh::Refresh;
pub use register_deploy_key::RegisterDeployKey;
pub use review_merge_group::ReviewMergeGroup;
pub use review_pull_request::{CHECK_NAME, GRANTS_NAME, ReviewPullRequest};
pub use rotate_key::{RotateKey, rotation_steps};
pub use run_command::RunCommand;
pub use sync_cluster::{Applying, SyncCluster, applying};
pub use take_in::{Incoming, TakeInError, Taken, take_in};
pub use task::{Next, Task};

use crate::queue::Handler;
use task::TaskHandler;

/// A handler for every kind of job.
pub fn handlers(context: &Arc<Context>) -> Vec<Arc<dyn Handler>> {
    vec![
        TaskHandler::<ReviewPullRequest>::boxed(Arc::clone(context)),
        TaskHandler::<ReviewMergeGroup>::boxed(Arc::clone(context)),
        TaskHandler::<RunCommand>::boxed(Arc::clone(context)),
        TaskHandler::<RegisterDeployKey>::boxed(Arc::clone(context)),
        TaskHandler::<SyncCluster>::boxed(Arc::clone(context)),
        TaskHandler::<Refresh>::boxed(Arc::clone(context)),
        TaskHandler::<Recover>::boxed(Arc::clone(context)),
        TaskHandler::<RotateKey>::boxed(Arc::clone(context)),
    ]
}
