//! What Flux's objects say about a merged commit: pure, so that every row of the table is a test.

use crate::cluster::{
    Condition, SourceState, SourceVerdict, SyncState as Kustomization, SyncVerdict, revision_commit, source_verdict,
    sync_verdict,
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
    /// What was seen, in words: the last thing to tell when the time is up.
    pub(super) seen: String,
}

impl View {
    /// A look that showed nothing, and why.
    pub(super) fn blind(state: SyncState, seen: String) -> Self {
        Self { state, fetched: false, seen }
    }
}

/// The fetched commit that is, or contains, the merged one; what to say while there is none.
/// `contains` says whether a commit is the merged one or a descendant of it.
#[expect(clippy::result_large_err, reason = "it is no error but the other answer, and made once a look")]
pub(super) fn fetched(
    commit: &CommitId,
    source: &SourceState,
    contains: &dyn Fn(&CommitId) -> bool,
) -> Result<CommitId, View> {
    let object = source_name(source);
    let state = match source_verdict(source, commit) {
        SourceVerdict::Fetched => return Ok(commit.clone()),
        SourceVerdict::OtherRevision(other) if contains(&other) => return Ok(other),
        SourceVerdict::OtherRevision(_) | SourceVerdict::Waiting => SyncState::Requested,
        SourceVerdict::Failed(failure) | SourceVerdict::Stalled(failure) => {
            failed(&failure.reason, &failure.message, &object)
        }
        SourceVerdict::Suspended => {
            failed("Suspended", "spec.suspend is set: nothing is fetched until it is removed", &object)
        }
    };
    let holds = source.artifact_revision.as_deref().unwrap_or("nothing");
    let seen = format!("{object} holds {holds}{}", words(source.ready.as_ref()));
    Err(View { state, fetched: false, seen })
}

/// How far the Kustomizations of the source are with the fetched commit.
pub(super) fn applied(
    target: &CommitId,
    source: &SourceState,
    kustomizations: &[Kustomization],
    contains: &dyn Fn(&CommitId) -> bool,
) -> View {
    let view = |state, seen| View { state, fetched: true, seen };
    if kustomizations.is_empty() {
        let state = failed("NoKustomization", "no Kustomization applies this source", &source_name(source));
        return view(state, "no Kustomization applies the source".to_owned());
    }
    let mut revision = target.clone();
    let mut waiting = Vec::new();
    for kustomization in kustomizations {
        match one(target, source, kustomization, contains) {
            SyncState::Applied { revision: applied } => revision = applied,
            state @ SyncState::Failed { .. } => {
                let seen = state.line();
                return view(state, seen);
            }
            _ => waiting.push(format!("{}{}", name(kustomization), words(kustomization.ready.as_ref()))),
        }
    }
    if waiting.is_empty() {
        let seen = format!("applied {revision}");
        return view(SyncState::Applied { revision }, seen);
    }
    view(SyncState::Applying, waiting.join("\n"))
}

fn one(
    target: &CommitId,
    source: &SourceState,
    kustomization: &Kustomization,
    contains: &dyn Fn(&CommitId) -> bool,
) -> SyncState {
    let name = name(kustomization);
    // Applied stays applied, also where a later commit is under way or fails.
    let last = kustomization.last_applied_revision.as_deref().and_then(revision_commit);
    if let Some(last) = last.filter(|last| contains(last))
        && matches!(sync_verdict(kustomization, Some(source), &last), SyncVerdict::Applied { .. })
    {
        return SyncState::Applied { revision: last };
    }
    match sync_verdict(kustomization, Some(source), target) {
        SyncVerdict::Applied { .. } => SyncState::Applied { revision: target.clone() },
        SyncVerdict::OvertakenBy { commit, failure: None } if contains(&commit) => {
            SyncState::Applied { revision: commit }
        }
        SyncVerdict::OvertakenBy { commit, failure: Some(failure) } if contains(&commit) => {
            failed(&failure.reason, &failure.message, &name)
        }
        SyncVerdict::Failed(failure)
        | SyncVerdict::Stalled(failure)
        | SyncVerdict::Unhealthy(failure)
        | SyncVerdict::NeverAttempted(failure) => failed(&failure.reason, &failure.message, &name),
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
    let text = str::to_owned;
    let (reason, message, object) = (text(reason), text(message), text(object));
    SyncState::Failed { retried: reason != "Suspended", reason, message, object, waiting: Vec::new() }
}

fn source_name(source: &SourceState) -> String {
    format!("GitRepository {}", source.object)
}

fn name(kustomization: &Kustomization) -> String {
    format!("Kustomization {}", kustomization.object)
}

/// What a condition says, to stand after a name.
fn words(condition: Option<&Condition>) -> String {
    condition.map_or_else(
        || ": its controller has said nothing yet".to_owned(),
        |condition| format!(": {}: {}", condition.reason, condition.message),
    )
}

#[cfg(test)]
mod tests;
