//! Reading the cluster. What the cluster does not answer is a view too: people are told, and the
//! job goes on until its time is up.

use super::decide::{self, View};
use super::{Record, SyncCluster, root};
use crate::cluster::{Cluster, ClusterError, FluxKind, SourceState, revision_commit};
use crate::config::ClusterConfig;
use crate::jobs::{Context, JobError, chain};
use crate::names::CommitId;
use crate::report::comment::SyncState;

impl SyncCluster {
    /// Asks Flux to fetch; once that is done, looks how far it is.
    pub(super) async fn look(
        &self,
        context: &Context,
        config: &ClusterConfig,
        cluster: &Cluster,
        record: &mut Record,
    ) -> Result<View, JobError> {
        match self.ask(context, config, cluster, record).await {
            Ok(view) => Ok(view),
            Err(Trouble::Cluster(error)) => Ok(blind(&error)),
            Err(Trouble::Job(error)) => Err(error),
        }
    }

    async fn ask(
        &self,
        context: &Context,
        config: &ClusterConfig,
        cluster: &Cluster,
        record: &mut Record,
    ) -> Result<View, Trouble> {
        let (namespace, name) = root();
        if !record.requested {
            // The token is the commit, so that a second run asks for nothing new.
            cluster.request_reconcile(FluxKind::GitRepository, &namespace, &name, self.commit.as_str()).await?;
            record.requested = true;
            tracing::info!(cluster.name = %self.cluster, commit.id = %self.commit, "asked Flux to fetch a merged commit");
            // People read that it began before they read how it ended.
            return Ok(View::blind(SyncState::Requested, "Flux was asked to fetch it".to_owned()));
        }
        let found = cluster.git_repository(&namespace, &name).await?;
        let source =
            found.ok_or_else(|| ClusterError::NotFound { object: format!("GitRepository {namespace}/{name}") })?;
        let revisions = revisions(&[&source.artifact_revision], &self.commit);
        let descendants = context.descendants(config, &self.commit, revisions).await?;
        let target = match decide::fetched(&self.commit, &source, &|other| descendants.contains(other)) {
            Ok(target) => target,
            // Whoever applies has nothing to apply: they need not be asked.
            Err(view) => return Ok(view),
        };
        self.applied(context, config, cluster, (&source, &target)).await
    }

    async fn applied(
        &self,
        context: &Context,
        config: &ClusterConfig,
        cluster: &Cluster,
        (source, target): (&SourceState, &CommitId),
    ) -> Result<View, Trouble> {
        let mut users = cluster.kustomizations().await?;
        // Only what stands beside the source counts: a team could name the source from its own namespace
        // and colour every merge red.
        users.retain(|user| {
            user.source_ref.kind == "GitRepository"
                && user.source_ref.object == source.object
                && user.object.namespace == source.object.namespace
        });
        let reported: Vec<_> =
            users.iter().flat_map(|user| [&user.last_applied_revision, &user.last_attempted_revision]).collect();
        let descendants = context.descendants(config, &self.commit, revisions(&reported, &self.commit)).await?;
        let contains = |other: &CommitId| *other == self.commit || descendants.contains(other);
        Ok(decide::applied(target, source, &users, &contains))
    }
}

/// Why a look showed nothing.
enum Trouble {
    Cluster(ClusterError),
    Job(JobError),
}

impl From<ClusterError> for Trouble {
    fn from(error: ClusterError) -> Self {
        Self::Cluster(error)
    }
}

impl From<JobError> for Trouble {
    fn from(error: JobError) -> Self {
        Self::Job(error)
    }
}

/// What passes by itself is waited for; the rest needs somebody to mend it.
fn blind(error: &ClusterError) -> View {
    let problem = match error {
        ClusterError::NotFound { object } => format!(
            "{object} is not in the cluster. It is the source that `flux bootstrap` makes for the admin repository: \
             without it nothing is synced from there."
        ),
        error => chain(error),
    };
    let state = if error.is_transient() {
        SyncState::Unreachable { problem: problem.clone() }
    } else {
        SyncState::Unseen { problem: problem.clone() }
    };
    View::blind(state, problem)
}

/// The commits other than ours that the cluster reports.
fn revisions(reported: &[&Option<String>], commit: &CommitId) -> Vec<CommitId> {
    let commits = reported.iter().filter_map(|revision| revision_commit(revision.as_deref()?));
    let mut commits: Vec<CommitId> = commits.filter(|other| other != commit).collect();
    commits.sort();
    commits.dedup();
    commits
}
