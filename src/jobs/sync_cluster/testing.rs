//! Flux's objects for the tests of this room.

use crate::cluster::{Condition, ConditionStatus, ObjectRef, SourceRef, SourceState, SyncState as Kustomization};

pub(super) fn object(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef { namespace: namespace.parse().expect("a name"), name: name.parse().expect("a name") }
}

pub(super) fn condition(status: ConditionStatus, reason: &str) -> Option<Condition> {
    let message = format!("why {reason}");
    Some(Condition { status, reason: reason.to_owned(), message, observed_generation: Some(1) })
}

/// A source that works, with this commit.
pub(super) fn source(artifact: Option<&str>) -> SourceState {
    SourceState {
        object: object("flux-system", "flux-system"),
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

/// A Kustomization of that source that no controller has touched.
pub(super) fn kustomization(name: &str) -> Kustomization {
    Kustomization {
        object: object("flux-system", name),
        generation: 1,
        observed_generation: 1,
        ready: None,
        reconciling: None,
        stalled: None,
        last_applied_revision: None,
        last_attempted_revision: None,
        suspended: false,
        last_handled: None,
        inventory: 0,
        path: "./cluster".to_owned(),
        source_ref: SourceRef { kind: "GitRepository".to_owned(), object: object("flux-system", "flux-system") },
        depends_on: Vec::new(),
        service_account: None,
        remote: false,
        deleting: false,
    }
}
