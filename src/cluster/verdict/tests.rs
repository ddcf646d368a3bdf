use super::*;
use crate::cluster::{ObjectRef, SourceRef};

const X: &str = "1111111111111111111111111111111111111111";
const OLD: &str = "2222222222222222222222222222222222222222";

fn commit(text: &str) -> CommitId {
    text.parse().expect("forty digits")
}

fn revision(text: &str) -> Option<String> {
    Some(format!("main@sha1:{text}"))
}

fn object() -> ObjectRef {
    ObjectRef { namespace: "flux-system".parse().expect("a name"), name: "flux-system".parse().expect("a name") }
}

fn condition(status: ConditionStatus, reason: &str) -> Condition {
    Condition { status, reason: reason.to_owned(), message: format!("why {reason}"), observed_generation: Some(2) }
}

fn because(reason: &str) -> Failure {
    Failure { reason: reason.to_owned(), message: format!("why {reason}") }
}

fn succeeded() -> Option<Condition> {
    Some(condition(ConditionStatus::True, "ReconciliationSucceeded"))
}

fn refused(reason: &str) -> Option<Condition> {
    Some(condition(ConditionStatus::False, reason))
}

fn progressing() -> Option<Condition> {
    Some(condition(ConditionStatus::Unknown, "Progressing"))
}

fn source(artifact: Option<&str>) -> SourceState {
    SourceState {
        object: object(),
        generation: 2,
        observed_generation: 2,
        ready: Some(condition(ConditionStatus::True, "Succeeded")),
        fetch_failed: None,
        stalled: None,
        artifact_revision: artifact.and_then(revision),
        suspended: false,
        last_handled: None,
        url: "ssh://git@github.com/org/dev-cluster".to_owned(),
        branch: Some("main".to_owned()),
        pinned: None,
        deleting: false,
        secret_name: None,
    }
}

fn sync(applied: Option<&str>, attempted: Option<&str>, ready: Option<Condition>) -> SyncState {
    SyncState {
        object: object(),
        generation: 2,
        observed_generation: 2,
        ready,
        reconciling: None,
        stalled: None,
        last_applied_revision: applied.and_then(revision),
        last_attempted_revision: attempted.and_then(revision),
        suspended: false,
        last_handled: None,
        inventory: 0,
        path: "./cluster".to_owned(),
        source_ref: SourceRef { kind: "GitRepository".to_owned(), object: object() },
        depends_on: Vec::new(),
        service_account: None,
        remote: false,
        deleting: false,
    }
}

#[test]
fn revisions_of_every_release_are_read() {
    for text in [format!("main@sha1:{X}"), format!("sha1:{X}"), format!("main/{X}"), format!("feat/a@sha1:{X}")] {
        assert_eq!(revision_commit(&text), Some(commit(X)), "{text}");
    }
    let long = "3".repeat(64);
    assert_eq!(revision_commit(&format!("v1@sha256:{long}")), Some(commit(&long)));
    for text in ["", "main", "main@sha1:", "main@sha1:1111", "latest@sha1:zz"] {
        assert_eq!(revision_commit(text), None, "{text}");
    }
}

#[test]
fn a_source_has_the_commit_when_artifact_ready_and_generation_agree() {
    assert_eq!(source_verdict(&source(Some(X)), &commit(X)), SourceVerdict::Fetched);
    let stale = SourceState { observed_generation: 1, ..source(Some(X)) };
    assert_eq!(source_verdict(&stale, &commit(X)), SourceVerdict::Waiting);
    let working = SourceState { ready: progressing(), ..source(Some(X)) };
    assert_eq!(source_verdict(&working, &commit(X)), SourceVerdict::Waiting);
    assert_eq!(source_verdict(&source(Some(OLD)), &commit(X)), SourceVerdict::OtherRevision(commit(OLD)));
    let untouched = SourceState { observed_generation: 0, ready: None, ..source(None) };
    assert_eq!(source_verdict(&untouched, &commit(X)), SourceVerdict::Waiting);
}

#[test]
fn a_source_that_cannot_fetch_says_why() {
    for reason in ["AuthenticationFailed", "GitOperationFailed"] {
        let fetch_failed = Some(condition(ConditionStatus::True, reason));
        let state = SourceState {
            observed_generation: 1,
            ready: refused(reason),
            fetch_failed: fetch_failed.clone(),
            ..source(Some(OLD))
        };
        assert_eq!(source_verdict(&state, &commit(X)), SourceVerdict::Failed(because(reason)));
        let later = SourceState { ready: refused(reason), fetch_failed, ..source(Some(X)) };
        assert_eq!(source_verdict(&later, &commit(X)), SourceVerdict::Fetched, "it was fetched before");
        let repaired = SourceState { generation: 3, ..state };
        assert_eq!(source_verdict(&repaired, &commit(X)), SourceVerdict::Waiting, "the failure is of an older spec");
    }
    let full = SourceState { ready: refused("StorageOperationFailed"), ..source(Some(X)) };
    assert_eq!(source_verdict(&full, &commit(X)), SourceVerdict::Failed(because("StorageOperationFailed")));
}

#[test]
fn a_suspended_source_waits_for_nobody() {
    let state = SourceState { suspended: true, ..source(Some(OLD)) };
    assert_eq!(source_verdict(&state, &commit(X)), SourceVerdict::Suspended);
    let state = SourceState { suspended: true, ..source(Some(X)) };
    assert_eq!(source_verdict(&state, &commit(X)), SourceVerdict::Fetched);
}

#[test]
fn applied_and_healthy() {
    let state = sync(Some(X), Some(X), succeeded());
    let applied = SyncVerdict::Applied { revision: format!("main@sha1:{X}") };
    assert_eq!(sync_verdict(&state, None, &commit(X)), applied);
    assert_eq!(sync_verdict(&state, Some(&source(Some(X))), &commit(X)), applied);
    let suspended = SyncState { suspended: true, ..state.clone() };
    assert_eq!(sync_verdict(&suspended, None, &commit(X)), applied);
    let changed = SyncState { generation: 3, ..state };
    assert_eq!(sync_verdict(&changed, None, &commit(X)), SyncVerdict::Applying, "its own spec changed meanwhile");
    let next = sync(Some(X), Some(OLD), refused("BuildFailed"));
    assert_eq!(sync_verdict(&next, None, &commit(X)), applied, "the failure is of another commit");
}

#[test]
fn being_applied() {
    let state = SyncState {
        reconciling: Some(condition(ConditionStatus::True, "Progressing")),
        ..sync(Some(OLD), Some(X), progressing())
    };
    assert_eq!(sync_verdict(&state, None, &commit(X)), SyncVerdict::Applying);
    assert_eq!(sync_verdict(&sync(None, None, None), None, &commit(X)), SyncVerdict::Waiting);
}

#[test]
fn attempted_and_failed() {
    for reason in ["BuildFailed", "PruneFailed", "ReconciliationFailed", "HealthCheckCanceled"] {
        let state = SyncState { observed_generation: 1, ..sync(Some(OLD), Some(X), refused(reason)) };
        assert_eq!(sync_verdict(&state, None, &commit(X)), SyncVerdict::Failed(because(reason)));
    }
    let state = sync(Some(OLD), Some(X), refused("HealthCheckFailed"));
    assert_eq!(sync_verdict(&state, None, &commit(X)), SyncVerdict::Unhealthy(because("HealthCheckFailed")));
    let state = sync(Some(X), Some(X), refused("HealthCheckFailed"));
    assert_eq!(sync_verdict(&state, None, &commit(X)), SyncVerdict::Unhealthy(because("HealthCheckFailed")));
    let retried = SyncState {
        reconciling: Some(condition(ConditionStatus::True, "ProgressingWithRetry")),
        ..sync(Some(OLD), Some(X), refused("BuildFailed"))
    };
    assert_eq!(sync_verdict(&retried, None, &commit(X)), SyncVerdict::Failed(because("BuildFailed")));
}

#[test]
fn never_attempted() {
    let here = source(Some(X));
    let waits = sync(Some(OLD), Some(OLD), refused("DependencyNotReady"));
    let message = "why DependencyNotReady".to_owned();
    assert_eq!(sync_verdict(&waits, Some(&here), &commit(X)), SyncVerdict::DependencyNotReady { message });
    let no_path = sync(Some(OLD), Some(OLD), refused("ArtifactFailed"));
    let never = SyncVerdict::NeverAttempted(because("ArtifactFailed"));
    assert_eq!(sync_verdict(&no_path, Some(&here), &commit(X)), never);
    assert_eq!(sync_verdict(&sync(None, None, refused("ArtifactFailed")), Some(&source(None)), &commit(X)), never);
    let before = source(Some(OLD));
    let overtaken = SyncVerdict::OvertakenBy { commit: commit(OLD), failure: Some(because("ArtifactFailed")) };
    assert_eq!(sync_verdict(&no_path, Some(&before), &commit(X)), overtaken, "the failure is of another commit");
}

#[test]
fn blocked_and_suspended() {
    let denied = sync(None, None, refused("AccessDenied"));
    let message = "why AccessDenied".to_owned();
    assert_eq!(sync_verdict(&denied, None, &commit(X)), SyncVerdict::AccessDenied { message });
    let suspended = SyncState { suspended: true, ..sync(Some(OLD), Some(OLD), succeeded()) };
    assert_eq!(sync_verdict(&suspended, None, &commit(X)), SyncVerdict::Suspended);
}

/// Flux gives up before the attempt: what was attempted last is of an older commit.
#[test]
fn stalled_until_somebody_changes_it() {
    let stalled = |reason| Some(condition(ConditionStatus::True, reason));
    let state = SyncState {
        stalled: stalled("InvalidCELExpression"),
        ..sync(Some(OLD), Some(OLD), refused("InvalidCELExpression"))
    };
    let verdict = SyncVerdict::Stalled(because("InvalidCELExpression"));
    assert_eq!(sync_verdict(&state, Some(&source(Some(X))), &commit(X)), verdict);
    let changed = SyncState { generation: 3, ..state.clone() };
    assert_eq!(
        sync_verdict(&changed, Some(&source(Some(X))), &commit(X)),
        SyncVerdict::Waiting,
        "it is of an older spec"
    );
    let applied = SyncVerdict::Applied { revision: format!("main@sha1:{OLD}") };
    let before = SyncState { ready: succeeded(), stalled: None, ..state };
    assert_eq!(sync_verdict(&before, None, &commit(OLD)), applied);
    let state = SourceState { stalled: stalled("URLInvalid"), ready: refused("URLInvalid"), ..source(Some(OLD)) };
    assert_eq!(source_verdict(&state, &commit(X)), SourceVerdict::Stalled(because("URLInvalid")));
}

/// Releases before Flux RFC-0005 wrote `main/<commit>`; the words around the commit do not count.
#[test]
fn the_spelling_of_a_revision_does_not_count() {
    for spelling in [format!("main/{X}"), format!("feat/a/{X}"), format!("main@sha1:{X}"), format!("sha1:{X}")] {
        let state = SyncState {
            last_applied_revision: Some(spelling.clone()),
            last_attempted_revision: Some(spelling.clone()),
            ..sync(None, None, succeeded())
        };
        assert_eq!(sync_verdict(&state, None, &commit(X)), SyncVerdict::Applied { revision: spelling.clone() });
        let fetched = SourceState { artifact_revision: Some(spelling.clone()), ..source(None) };
        assert_eq!(source_verdict(&fetched, &commit(X)), SourceVerdict::Fetched, "{spelling}");
    }
}

#[test]
fn settled_at_another_commit() {
    let other = sync(Some(OLD), Some(OLD), succeeded());
    let overtaken = SyncVerdict::OvertakenBy { commit: commit(OLD), failure: None };
    assert_eq!(sync_verdict(&other, None, &commit(X)), overtaken);
    assert_eq!(sync_verdict(&other, Some(&source(Some(OLD))), &commit(X)), overtaken);
    assert_eq!(sync_verdict(&other, Some(&source(Some(X))), &commit(X)), SyncVerdict::Waiting, "ours comes next");
    let failing = sync(None, Some(OLD), refused("BuildFailed"));
    let overtaken = SyncVerdict::OvertakenBy { commit: commit(OLD), failure: Some(because("BuildFailed")) };
    assert_eq!(sync_verdict(&failing, None, &commit(X)), overtaken);
    let working = sync(Some(OLD), Some(OLD), progressing());
    assert_eq!(sync_verdict(&working, None, &commit(X)), SyncVerdict::Waiting);
}
