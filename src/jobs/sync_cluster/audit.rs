//! What a sync leaves in the audit log.

use serde_json::Value;

use super::{Record, SyncCluster};
use crate::jobs::{Context, JobError, audit};
use crate::report::comment::SyncState;
use crate::store::{Action, Actor, AuditEffect, AuditEntry, Decision, Lease};

impl SyncCluster {
    /// Flux was asked to fetch.
    pub(super) async fn record_started(
        &self,
        context: &Context,
        lease: &Lease,
        record: &Record,
    ) -> Result<(), JobError> {
        let sources = record.found.iter().flat_map(|found| &found.sources);
        let effects = sources.map(|source| AuditEffect::new("reconcile", format!("GitRepository {source}"))).collect();
        let entry = AuditEntry { effects, ..self.entry(context, Action::SyncStarted, record)? };
        audit::write(context, lease, "sync-started", &entry).await
    }

    /// The end is reached, whichever it is.
    pub(super) async fn record_ended(&self, context: &Context, lease: &Lease, record: &Record) -> Result<(), JobError> {
        let key = format!("{}/{}", self.cluster, self.commit);
        let deployment = context.store.effect_value("deployment", &key).await?;
        let id = deployment.as_ref().and_then(|value| value["id"].as_u64());
        let applied = matches!(record.state, SyncState::Applied { .. });
        let entry = AuditEntry {
            decision: if applied { Decision::Allowed } else { Decision::Failed },
            reason: Some(record.state.line()),
            effects: id.map(|id| AuditEffect::new("deployment", Value::from(id))).into_iter().collect(),
            ..self.entry(context, Action::SyncEnded, record)?
        };
        audit::write(context, lease, "sync-ended", &entry).await
    }

    fn entry(&self, context: &Context, action: Action, record: &Record) -> Result<AuditEntry, JobError> {
        let config = context.cluster_config(&self.cluster)?;
        Ok(AuditEntry {
            repository_name: Some(config.admin_repository.clone()),
            issue: record.pull,
            head: Some(self.commit.clone()),
            proof: Some(format!("branch:{}", config.branch)),
            ..AuditEntry::new(Actor::Bot, action, format!("cluster {}", self.cluster))
        })
    }
}
