//! What the cluster shows → what people read. `X` is the merged commit, `LATER` contains it, `OLD` does not.

use super::*;
use crate::cluster::{ConditionStatus, ObjectRef, SourceRef};

const X: &str = "1111111111111111111111111111111111111111";
const LATER: &str = "2222222222222222222222222222222222222222";
const OLD: &str = "0000000000000000000000000000000000000000";

fn commit(text: &str) -> CommitId {
    text.parse().expect("forty digits")
}

fn contains(other: &CommitId) -> bool {
    [X, LATER].contains(&other.as_str())
}

fn object(name: &str) -> ObjectRef {
    ObjectRef { namespace: "flux-system".parse().expect("a name"), name: name.parse().expect("a name") }
}

fn condition(status: ConditionStatus, reason: &str) -> Option<Condition> {
    let message = format!("why {reason}");
    Some(Condition { status, reason: reason.to_owned(), message, observed_generation: Some(1) })
}

fn source(artifact: Option<&str>) -> SourceState {
    SourceState {
        object: object("flux-system"),
        generation: 1,
        observed_generation: 1,
        ready: condition(ConditionStatus::True, "Succeeded"),
        fetch_failed: None,
        stalled: None,
        artifact_revision: artifact.map(|commit| format!("main@sha1:{commit}")),
        suspended: false,
        last_handled: None,
        url: "ssh://git@github.com/org/dev-cluster".to_owned(),
        branch: Some("main".to_owned()),
        pinned: None,
        deleting: false,
        secret_name: None,
    }
}

fn failing(artifact: Option<&str>, reason: &str) -> SourceState {
    let ready = condition(ConditionStatus::False, reason);
    SourceState { fetch_failed: condition(ConditionStatus::True, reason), ready, ..source(artifact) }
}

fn applier(name: &str, applied: Option<&str>, attempted: Option<&str>, ready: Option<Condition>) -> Kustomization {
    let revision = |commit: &str| format!("main@sha1:{commit}");
    Kustomization {
        object: object(name),
        generation: 1,
        observed_generation: 1,
        ready,
        reconciling: None,
        stalled: None,
        last_applied_revision: applied.map(revision),
        last_attempted_revision: attempted.map(revision),
        suspended: false,
        last_handled: None,
        inventory: 0,
        path: "./cluster".to_owned(),
        source_ref: SourceRef { kind: "GitRepository".to_owned(), object: object("flux-system") },
        depends_on: Vec::new(),
        service_account: None,
        remote: false,
        deleting: false,
    }
}

fn good(commit: &str) -> Kustomization {
    applier("flux-system", Some(commit), Some(commit), condition(ConditionStatus::True, "ReconciliationSucceeded"))
}

fn bad(attempted: &str, reason: &str) -> Kustomization {
    applier("flux-system", Some(OLD), Some(attempted), condition(ConditionStatus::False, reason))
}

/// One look as one line: state, whether fetched, what was seen.
fn look(source: &SourceState, kustomizations: &[Kustomization]) -> String {
    let view = match fetched(&commit(X), source, &contains) {
        Ok(target) => applied(&target, source, kustomizations, &contains),
        Err(view) => view,
    };
    let state = match &view.state {
        SyncState::Failed { reason, message, object, .. } => format!("failed: {object} says {reason}: {message}"),
        SyncState::Applied { revision } => format!("applied {}", revision.short()),
        state => format!("{state:?}"),
    };
    format!("{}{state}  [{}]", if view.fetched { "fetched, " } else { "" }, view.seen)
}

#[test]
fn what_the_source_says() {
    let rows = [
        ("nothing fetched yet", SourceState { ready: None, ..source(None) }),
        ("an older commit is fetched", source(Some(OLD))),
        (
            "the last fetch is under way",
            SourceState { ready: condition(ConditionStatus::Unknown, "Progressing"), ..source(Some(OLD)) },
        ),
        ("ours is fetched", source(Some(X))),
        ("ours is fetched, and a later fetch fails", failing(Some(X), "GitOperationFailed")),
        ("a later commit that contains ours", source(Some(LATER))),
        ("the key is not registered", failing(Some(OLD), "GitOperationFailed")),
        ("the Secret is missing", failing(None, "AuthenticationFailed")),
        ("suspended", SourceState { suspended: true, ..source(Some(OLD)) }),
        ("suspended with ours", SourceState { suspended: true, ..source(Some(X)) }),
    ];
    let told = rows.map(|(row, source)| {
        format!("{row}\n    {}", look(&source, &[applier("flux-system", Some(OLD), Some(OLD), None)]))
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_the_kustomization_says() {
    let suspended = Kustomization { suspended: true, ..good(OLD) };
    let rows = [
        ("nobody applies the source", vec![]),
        ("not attempted yet", vec![good(OLD)]),
        (
            "building",
            vec![applier("flux-system", Some(OLD), Some(X), condition(ConditionStatus::Unknown, "Progressing"))],
        ),
        ("applied", vec![good(X)]),
        ("the build fails", vec![bad(X, "BuildFailed")]),
        ("the old commit failed before", vec![bad(OLD, "BuildFailed")]),
        ("an object is refused", vec![bad(X, "ReconciliationFailed")]),
        ("what runs is not healthy", vec![bad(X, "HealthCheckFailed")]),
        ("the path is missing", vec![bad(OLD, "ArtifactFailed")]),
        ("another one has to be ready first", vec![bad(OLD, "DependencyNotReady")]),
        ("the source may not be used", vec![bad(OLD, "AccessDenied")]),
        ("suspended", vec![suspended]),
        (
            "one of two is applied",
            vec![good(X), applier("apps", Some(OLD), Some(X), condition(ConditionStatus::Unknown, "Progressing"))],
        ),
        ("one of two fails", vec![good(X), Kustomization { object: object("apps"), ..bad(X, "BuildFailed") }]),
        (
            "both are applied",
            vec![
                good(X),
                applier("apps", Some(X), Some(X), condition(ConditionStatus::True, "ReconciliationSucceeded")),
            ],
        ),
    ];
    let told = rows.map(|(row, users)| format!("{row}\n    {}", look(&source(Some(X)), &users)));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_later_commit_that_contains_ours_counts_and_an_older_one_does_not() {
    let rows = [
        ("the later one is applied", source(Some(LATER)), good(LATER)),
        ("the later one fails", source(Some(LATER)), bad(LATER, "BuildFailed")),
        ("ours was applied, the later one is not yet", source(Some(LATER)), good(X)),
        (
            "ours was applied, the later one fails",
            source(Some(LATER)),
            applier("flux-system", Some(X), Some(LATER), condition(ConditionStatus::False, "BuildFailed")),
        ),
        ("the source went on while ours was read", source(Some(X)), good(LATER)),
        ("the older one is applied", source(Some(OLD)), good(OLD)),
        ("the source holds ours, the older one is applied", source(Some(X)), good(OLD)),
    ];
    let told = rows.map(|(row, source, user)| format!("{row}\n    {}", look(&source, &[user])));
    insta::assert_snapshot!(told.join("\n"));
}
