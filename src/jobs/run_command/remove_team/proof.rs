//! Whether the first step is applied, so that Flux has pruned what it will.

use super::Call;
use super::past::Past;
use crate::config::ClusterConfig;
use crate::jobs::{JobError, SyncCluster, chain};
use crate::report::comment::SyncState;

/// Nothing where it is proven; else what is missing, in words.
pub(super) async fn of(call: &Call<'_>, cluster: &ClusterConfig, past: &Past) -> Result<Result<(), String>, JobError> {
    let Some(pull) = past.merged() else {
        return Ok(Err("the first step was not merged as a pull request of mine".to_owned()));
    };
    match SyncCluster::state_of(&call.context.store, &cluster.name, pull).await? {
        Some(SyncState::Applied { .. }) => {}
        Some(state) => return Ok(Err(format!("of the merge I know: {}", state.line()))),
        None => return Ok(Err("I have not followed that merge".to_owned())),
    }
    let (Some(there), Some(sync)) = (call.context.cluster(&cluster.name), past.sync(pull)) else {
        return Ok(Err("I do not know which Kustomization of Flux has to be gone".to_owned()));
    };
    // Flux applies that the Kustomization is to go; what that has applied is pruned before it is gone.
    match there.kustomization(&sync.namespace, &sync.name).await {
        Ok(None) => Ok(Ok(())),
        Ok(Some(state)) if state.deleting => Ok(Err(format!(
            "Kustomization {sync} is being deleted: Flux still prunes, or something keeps it from that"
        ))),
        Ok(Some(_)) => Ok(Err(format!("Kustomization {sync} is still in the cluster"))),
        Err(error) if error.is_transient() => Err(error.into()),
        Err(error) => {
            Ok(Err(format!("the cluster does not say whether Kustomization {sync} is gone: {}", chain(&error))))
        }
    }
}
