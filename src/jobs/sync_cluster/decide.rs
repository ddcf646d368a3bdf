//! What Flux's objects say about a merged commit: pure, so that every row of the table is a test.

use crate::cluster::{
    SourceState, SourceVerdict, SyncState as Kustomization, SyncVerdict, source_verdict, sync_verdict,
};
use crate::names::CommitId;
use crate::report::comment::SyncState;

/// One look at the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    /// How far the sync is. A failure is what Flux says now; it may still recover by itself.
    pub(super) state: SyncState,
    /// Whether the commit, or one that contains it, is fetched.
    pub(super) fetched: bool,
}

/// Judges one look. `contains` says whether a commit is the merged one or a descendant of it.
pub(super) fn decide(
    commit: &CommitId,
    source: &SourceState,
    kustomizations: &[Kustomization],
    contains: &dyn Fn(&CommitId) -> bool,
) -> View {
    let waiting = |state| View { state, fetched: false };
    let target = match source_verdict(source, commit) {
        SourceVerdict::Fetched => commit.clone(),
        SourceVerdict::OtherRevision(other) if contains(&other) => other,
        SourceVerdict::OtherRevision(_) | SourceVerdict::Waiting => return waiting(SyncState::Requested),
        SourceVerdict::Failed(failure) => {
            return waiting(failed(&failure.reason, &failure.message, &source_name(source)));
        }
        SourceVerdict::Suspended => {
            let message = "spec.suspend is set: nothing is fetched until it is removed";
            return waiting(failed("Suspended", message, &source_name(source)));
        }
    };
    View { state: applied_by_all(&target, source, kustomizations, contains), fetched: true }
}

fn applied_by_all(
    target: &CommitId,
    source: &SourceState,
    kustomizations: &[Kustomization],
    contains: &dyn Fn(&CommitId) -> bool,
) -> SyncState {
    let mut revision = target.clone();
    let mut applying = false;
    for kustomization in kustomizations {
        match one(target, source, kustomization, contains) {
            SyncState::Applied { revision: applied } => revision = applied,
            state @ SyncState::Failed { .. } => return state,
            _ => applying = true,
        }
    }
    if kustomizations.is_empty() {
        return failed("NoKustomization", "no Kustomization applies this source", &source_name(source));
    }
    if applying { SyncState::Applying } else { SyncState::Applied { revision } }
}

fn one(
    target: &CommitId,
    source: &SourceState,
    kustomization: &Kustomization,
    contains: &dyn Fn(&CommitId) -> bool,
) -> SyncState {
    let name = format!("Kustomization {}", kustomization.object);
    match sync_verdict(kustomization, Some(source), target) {
        SyncVerdict::Applied { .. } => SyncState::Applied { revision: target.clone() },
        SyncVerdict::OvertakenBy { commit, failure: None } if contains(&commit) => {
            SyncState::Applied { revision: commit }
        }
        SyncVerdict::OvertakenBy { commit, failure: Some(failure) } if contains(&commit) => {
            failed(&failure.reason, &failure.message, &name)
        }
        SyncVerdict::Failed(failure) | SyncVerdict::Unhealthy(failure) | SyncVerdict::NeverAttempted(failure) => {
            failed(&failure.reason, &failure.message, &name)
        }
        SyncVerdict::AccessDenied { message } => failed("AccessDenied", &message, &name),
        SyncVerdict::Suspended => {
            failed("Suspended", "spec.suspend is set: nothing is applied until it is removed", &name)
        }
        SyncVerdict::Applying
        | SyncVerdict::Waiting
        | SyncVerdict::DependencyNotReady { .. }
        | SyncVerdict::OvertakenBy { .. } => SyncState::Applying,
    }
}

fn failed(reason: &str, message: &str, object: &str) -> SyncState {
    SyncState::Failed { reason: reason.to_owned(), message: message.to_owned(), object: object.to_owned() }
}

fn source_name(source: &SourceState) -> String {
    format!("GitRepository {}", source.object)
}
