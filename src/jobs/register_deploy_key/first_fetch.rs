//! Whether Flux has fetched with a key that is registered: before that nobody says that it works.

use crate::cluster::{Cluster, ClusterError, ConditionStatus, FluxKind, ObjectRef, SourceState};
use crate::jobs::JobError;
use crate::names::DeployKeyId;
use crate::redact::redacted;
use crate::report::comment::KeyState;
use crate::tenancy::Team;

/// What is known of the fetch.
pub(in crate::jobs) enum Fetch {
    /// Flux has fetched, or there is nothing that fetches; or it cannot until somebody does something.
    Settled(KeyState),
    /// Not yet, and this is what people may read meanwhile.
    Waiting(KeyState),
}

/// The word by which Flux is asked to fetch. One per registration: asking twice for the same one is one request to
/// Flux, and a key that was removed and came back is another.
fn token(id: DeployKeyId) -> String {
    format!("deploy-key-{id}")
}

/// The team's source in the cluster.
pub(in crate::jobs) fn source_of(team: &Team) -> Option<ObjectRef> {
    let source = team.source.as_ref().filter(|source| source.kind == "GitRepository")?;
    Some(ObjectRef { namespace: source.namespace.clone(), name: source.name.parse().ok()? })
}

/// Asks Flux to fetch at once instead of after its interval.
pub(in crate::jobs) async fn ask_to_fetch(
    cluster: &Cluster,
    source: &ObjectRef,
    id: DeployKeyId,
) -> Result<(), JobError> {
    match cluster.request_reconcile(FluxKind::GitRepository, &source.namespace, &source.name, &token(id)).await {
        // Flux fetches by itself when the source appears.
        Ok(()) | Err(ClusterError::NotFound { .. }) => Ok(()),
        Err(error) if error.is_transient() => Err(error.into()),
        Err(error) => {
            tracing::warn!(flux.source = %source, "Flux could not be asked to fetch with a new key: {error}");
            Ok(())
        }
    }
}

/// Looks whether Flux has fetched with a registered key.
pub(in crate::jobs) async fn look(
    cluster: &Cluster,
    at: &ObjectRef,
    (id, read_only): (DeployKeyId, bool),
) -> Result<Fetch, JobError> {
    match cluster.git_repository(&at.namespace, &at.name).await {
        Ok(Some(source)) => Ok(judge(&source, &token(id), read_only)),
        Ok(None) => Ok(Fetch::Waiting(KeyState::Registered { read_only })),
        Err(error) if error.is_transient() => Err(error.into()),
        Err(error) => {
            let problem = format!("GitRepository {at} cannot be looked at: {error}");
            Ok(Fetch::Settled(KeyState::Unfetched { read_only, problem }))
        }
    }
}

/// What a source says about the fetch that was asked for by a token.
fn judge(source: &SourceState, token: &str, read_only: bool) -> Fetch {
    let registered = KeyState::Registered { read_only };
    let failed = |problem: String| KeyState::Unfetched { read_only, problem };
    if source.suspended {
        let problem =
            format!("GitRepository {} is suspended: nothing is fetched until somebody resumes it", source.object);
        return Fetch::Settled(failed(problem));
    }
    // What it says may be of before the key was there.
    let answered = source.last_handled.as_deref() == Some(token) && source.observed_generation == source.generation;
    let Some(ready) = source.ready.as_ref().filter(|_| answered) else { return Fetch::Waiting(registered) };
    match (ready.status, &source.artifact_revision) {
        (ConditionStatus::True, Some(revision)) => {
            Fetch::Settled(KeyState::Fetched { read_only, revision: revision.clone() })
        }
        (ConditionStatus::False, _) => {
            let condition = source.fetch_failed.as_ref().unwrap_or(ready);
            let problem = format!("{}: {}", condition.reason, redacted(condition.message.trim_end_matches('.')));
            Fetch::Waiting(failed(problem))
        }
        _ => Fetch::Waiting(registered),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fetch, judge};
    use crate::cluster::{Condition, ConditionStatus, SourceState};
    use crate::report::comment::KeyState;

    fn source(ready: Option<(ConditionStatus, &str)>, handled: Option<&str>) -> SourceState {
        let condition = |(status, message): (ConditionStatus, &str)| Condition {
            status,
            reason: "GitOperationFailed".to_owned(),
            message: message.to_owned(),
            observed_generation: Some(1),
        };
        SourceState {
            object: crate::cluster::ObjectRef {
                namespace: "team1".parse().expect("a name"),
                name: "team1".parse().expect("a name"),
            },
            generation: 1,
            observed_generation: 1,
            ready: ready.map(condition),
            fetch_failed: None,
            stalled: None,
            artifact_revision: Some("main@sha1:abc".to_owned()),
            suspended: false,
            last_handled: handled.map(str::to_owned),
            url: "ssh://git@github.com/org/team1".to_owned(),
            branch: Some("main".to_owned()),
            pinned: None,
            deleting: false,
            secret_name: None,
        }
    }

    fn said(source: &SourceState) -> (bool, String) {
        match judge(source, "deploy-key-7", true) {
            Fetch::Settled(state) => (true, format!("{state:?}")),
            Fetch::Waiting(state) => (false, format!("{state:?}")),
        }
    }

    #[test]
    fn only_the_fetch_that_was_asked_for_counts() {
        let ready = Some((ConditionStatus::True, "stored"));
        for (handled, settled) in [(Some("deploy-key-7"), true), (Some("deploy-key-6"), false), (None, false)] {
            assert_eq!(said(&source(ready, handled)).0, settled, "{handled:?}");
        }
        let changed = SourceState { generation: 2, ..source(ready, Some("deploy-key-7")) };
        assert!(!said(&changed).0, "what it says is of an older spec");
        let nothing = SourceState { artifact_revision: None, ..source(ready, Some("deploy-key-7")) };
        assert!(!said(&nothing).0, "nothing was fetched");
    }

    #[test]
    fn what_keeps_it_from_fetching_is_told() {
        let refused = source(Some((ConditionStatus::False, "ssh: handshake failed.")), Some("deploy-key-7"));
        let (settled, words) = said(&refused);
        assert!(!settled && words.contains("GitOperationFailed: ssh: handshake failed\""), "{words}");
        let suspended = SourceState { suspended: true, ..refused };
        let (settled, words) = said(&suspended);
        assert!(settled && words.contains("is suspended"), "{words}");
        let unknown = source(Some((ConditionStatus::Unknown, "")), Some("deploy-key-7"));
        assert_eq!(said(&unknown), (false, format!("{:?}", KeyState::Registered { read_only: true })));
    }
}
