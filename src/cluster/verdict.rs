//! What the states of Flux's objects say about one commit. No IO: the caller reads, asks here, and
//! reads again later. The rules follow Flux's controllers (source-controller, kustomize-controller,
//! API version v1):
//!
//! - `lastAttemptedRevision` is written after the path check and before the build, so a missing
//!   path leaves it old; `lastAppliedRevision` is written at the very end, after the health checks.
//! - `observedGeneration` follows only after success, so a failure is judged by its condition's own.
//! - `Stalled` means that the controller has given up until somebody changes the object. It may come before
//!   an attempt (a wrong expression in `dependsOn`), so `lastAttemptedRevision` says nothing then.

use super::state::{Condition, ConditionStatus, SourceState, SyncState};
use crate::names::CommitId;

/// Why something failed, in Flux's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The machine's word, such as `BuildFailed`.
    pub reason: String,
    /// The sentence for people: hostile text, it may quote the repository.
    pub message: String,
}

/// What a GitRepository says about a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceVerdict {
    /// It was fetched.
    Fetched,
    /// Not fetched yet, and nothing speaks against it.
    Waiting,
    /// Fetching fails, for example because the deploy key is missing (`AuthenticationFailed`).
    Failed(Failure),
    /// Fetching failed, and Flux does not try again before the object is changed.
    Stalled(Failure),
    /// Nobody fetches: `spec.suspend` is set.
    Suspended,
    /// Another commit was fetched. Where it is a descendant, ask again for that one: it contains ours;
    /// where it is an ancestor, ours has not been seen yet.
    OtherRevision(CommitId),
}

/// What a Kustomization says about a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncVerdict {
    /// Applied and healthy.
    Applied {
        /// The whole revision, such as `main@sha1:…`.
        revision: String,
    },
    /// Being built, applied or waited for.
    Applying,
    /// Not attempted yet, and nothing speaks against it.
    Waiting,
    /// Applied, but what runs is not healthy (`HealthCheckFailed`). Flux tries again.
    Unhealthy(Failure),
    /// Attempted and failed. Flux tries again.
    Failed(Failure),
    /// Not attempted: a Kustomization that it depends on is not ready.
    DependencyNotReady {
        /// Which one, in Flux's words.
        message: String,
    },
    /// Not attempted: the artifact or the path in it is missing (`ArtifactFailed`).
    NeverAttempted(Failure),
    /// Not attempted: it refers to a source in another namespace, and that is forbidden.
    AccessDenied {
        /// Flux's words.
        message: String,
    },
    /// Failed, and Flux does not try again before the object is changed.
    Stalled(Failure),
    /// Nobody applies: `spec.suspend` is set.
    Suspended,
    /// Flux settled at another commit. Where it is a descendant, that one contains ours; where it is
    /// an ancestor, ours has not arrived.
    OvertakenBy {
        /// The other commit.
        commit: CommitId,
        /// Why the other commit failed; `None` where it was applied.
        failure: Option<Failure>,
    },
}

/// The commit of a Flux revision: `main@sha1:<hex>`, `sha1:<hex>`, `sha256:<hex>`, and `main/<hex>` of
/// releases before 0.41 (Flux RFC-0005). `None` where it holds no full commit id.
pub fn revision_commit(revision: &str) -> Option<CommitId> {
    let hex = match revision.rsplit_once(':') {
        Some((_, hex)) => hex,
        None => revision.rsplit_once('/').map_or(revision, |(_, hex)| hex),
    };
    hex.parse().ok()
}

/// Judges a GitRepository.
///
/// Once a commit's artifact is there, a later failing fetch does not take it away: Kustomizations
/// go on with the artifact that they have.
pub fn source_verdict(state: &SourceState, commit: &CommitId) -> SourceVerdict {
    let fetched = state.artifact_revision.as_deref().and_then(revision_commit);
    let settled = state.observed_generation == state.generation;
    let failed = state.fetch_failed.as_ref().filter(|condition| holds(condition, state.generation));
    if fetched.as_ref() == Some(commit) && settled && (is_true(state.ready.as_ref()) || failed.is_some()) {
        return SourceVerdict::Fetched;
    }
    if state.suspended {
        return SourceVerdict::Suspended;
    }
    if let Some(stalled) = state.stalled.as_ref().filter(|condition| holds(condition, state.generation)) {
        return SourceVerdict::Stalled(failure(stalled));
    }
    if let Some(condition) = failed {
        return SourceVerdict::Failed(failure(condition));
    }
    match state.ready.as_ref() {
        Some(ready) if refuses(ready, state.generation) => SourceVerdict::Failed(failure(ready)),
        Some(ready) if ready.status == ConditionStatus::True && settled => match fetched {
            Some(other) => SourceVerdict::OtherRevision(other),
            None => SourceVerdict::Waiting,
        },
        _ => SourceVerdict::Waiting,
    }
}

/// Judges a Kustomization. `source` is the GitRepository behind it where it was read: it tells an old
/// failure from one of this commit.
pub fn sync_verdict(state: &SyncState, source: Option<&SourceState>, commit: &CommitId) -> SyncVerdict {
    let commit_of = |revision: &Option<String>| revision.as_deref().and_then(revision_commit);
    let applied = commit_of(&state.last_applied_revision).as_ref() == Some(commit);
    let attempted = commit_of(&state.last_attempted_revision);
    let attempted_ours = attempted.as_ref() == Some(commit);
    let ready = state.ready.as_ref();
    let settled = state.observed_generation == state.generation;

    if applied && settled && (is_true(ready) || (attempted.is_some() && !attempted_ours)) {
        return SyncVerdict::Applied { revision: state.last_applied_revision.clone().unwrap_or_default() };
    }
    if state.suspended {
        return SyncVerdict::Suspended;
    }
    let refused = ready.filter(|ready| refuses(ready, state.generation));
    if let Some(ready) = refused.filter(|ready| ready.reason == "AccessDenied") {
        return SyncVerdict::AccessDenied { message: ready.message.clone() };
    }
    if let Some(stalled) = state.stalled.as_ref().filter(|condition| holds(condition, state.generation)) {
        return SyncVerdict::Stalled(failure(stalled));
    }
    // A source that does not hold the commit means that what the Kustomization says is about another one.
    let arrived = source.is_none_or(|source| {
        source.artifact_revision.is_none() || commit_of(&source.artifact_revision).as_ref() == Some(commit)
    });
    match refused {
        Some(ready) if ready.reason == "DependencyNotReady" && arrived => {
            SyncVerdict::DependencyNotReady { message: ready.message.clone() }
        }
        Some(ready) if ready.reason == "ArtifactFailed" && arrived => SyncVerdict::NeverAttempted(failure(ready)),
        Some(ready) if attempted_ours && ready.reason == "HealthCheckFailed" => SyncVerdict::Unhealthy(failure(ready)),
        Some(ready) if attempted_ours => SyncVerdict::Failed(failure(ready)),
        _ if attempted_ours => SyncVerdict::Applying,
        _ => elsewhere(state, source, attempted),
    }
}

/// The verdict where the last attempt was for another commit: settled there, or still to move.
fn elsewhere(state: &SyncState, source: Option<&SourceState>, attempted: Option<CommitId>) -> SyncVerdict {
    let (Some(other), Some(ready)) = (attempted, state.ready.as_ref()) else {
        return SyncVerdict::Waiting;
    };
    let source_moved_on = source
        .is_some_and(|source| source.artifact_revision.as_deref().and_then(revision_commit).as_ref() != Some(&other));
    if source_moved_on {
        return SyncVerdict::Waiting;
    }
    if ready.status == ConditionStatus::True && state.observed_generation == state.generation {
        return SyncVerdict::OvertakenBy { commit: other, failure: None };
    }
    if refuses(ready, state.generation) {
        return SyncVerdict::OvertakenBy { commit: other, failure: Some(failure(ready)) };
    }
    SyncVerdict::Waiting
}

fn is_true(condition: Option<&Condition>) -> bool {
    condition.is_some_and(|condition| condition.status == ConditionStatus::True)
}

/// Whether the condition is True and speaks of this generation.
fn holds(condition: &Condition, generation: i64) -> bool {
    condition.status == ConditionStatus::True && is_current(condition, generation)
}

/// Whether the condition is False and speaks of this generation.
fn refuses(condition: &Condition, generation: i64) -> bool {
    condition.status == ConditionStatus::False && is_current(condition, generation)
}

fn is_current(condition: &Condition, generation: i64) -> bool {
    condition.observed_generation.is_none_or(|observed| observed >= generation)
}

fn failure(condition: &Condition) -> Failure {
    Failure { reason: condition.reason.clone(), message: condition.message.clone() }
}

#[cfg(test)]
mod tests;
