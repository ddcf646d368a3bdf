//! Flux's objects, from JSON to plain values. Fields that are not there are taken as empty: an
//! object that no controller has touched yet has no status at all.

use kube::api::DynamicObject;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::ClusterError;
use super::state::{Condition, ConditionStatus, ObjectRef, SourceRef, SourceState, SyncState};
use crate::names::{Namespace, ObjectName};
use crate::redact::redacted;

#[derive(Deserialize)]
struct Flux<S, T> {
    spec: S,
    #[serde(default)]
    status: T,
}

#[derive(Deserialize)]
struct NameOnly {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    #[serde(default)]
    kind: String,
    name: String,
    namespace: Option<String>,
}

#[derive(Deserialize, Default)]
struct GitReference {
    branch: Option<String>,
    tag: Option<String>,
    semver: Option<String>,
    name: Option<String>,
    commit: Option<String>,
}

impl GitReference {
    /// The branch, and what is fetched instead of its tip. The order is source-controller's (its API,
    /// `GitRepositoryRef`): a commit before a name, before a range of versions, before a tag.
    fn resolved(self) -> (Option<String>, Option<String>) {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let branch = given(self.branch);
        let pinned = |what: &str, text: Option<String>| given(text).map(|text| format!("{what} {text}"));
        if let Some(commit) = pinned("commit", self.commit) {
            return (branch, Some(commit));
        }
        if let Some(name) = given(self.name) {
            return match name.strip_prefix("refs/heads/") {
                Some(named) => (Some(named.to_owned()), None),
                None => (branch, Some(format!("reference {name}"))),
            };
        }
        (branch, pinned("versions", self.semver).or_else(|| pinned("tag", self.tag)))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SourceSpec {
    url: String,
    #[serde(rename = "ref")]
    reference: Option<GitReference>,
    secret_ref: Option<NameOnly>,
    #[serde(default)]
    suspend: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCondition {
    r#type: String,
    status: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
    observed_generation: Option<i64>,
}

#[derive(Deserialize)]
struct Artifact {
    revision: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SourceStatus {
    observed_generation: i64,
    conditions: Vec<RawCondition>,
    artifact: Option<Artifact>,
    last_handled_reconcile_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SyncSpec {
    #[serde(default)]
    path: String,
    source_ref: Reference,
    #[serde(default)]
    suspend: bool,
    service_account_name: Option<String>,
    kube_config: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    depends_on: Vec<Reference>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Inventory {
    entries: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SyncStatus {
    observed_generation: i64,
    conditions: Vec<RawCondition>,
    last_applied_revision: Option<String>,
    last_attempted_revision: Option<String>,
    last_handled_reconcile_at: Option<String>,
    inventory: Option<Inventory>,
}

pub(super) fn source_state(object: DynamicObject) -> Result<SourceState, ClusterError> {
    let reader = Reader::of(&object, "GitRepository")?;
    let generation = object.metadata.generation.unwrap_or_default();
    let deleting = object.metadata.deletion_timestamp.is_some();
    let Flux { spec, mut status } = reader.read::<SourceSpec, SourceStatus>(object)?;
    let (branch, pinned) = spec.reference.unwrap_or_default().resolved();
    let secret_name = spec.secret_ref.map(|secret| reader.name(&secret.name)).transpose()?;
    Ok(SourceState {
        generation,
        observed_generation: status.observed_generation,
        ready: take(&mut status.conditions, "Ready"),
        fetch_failed: take(&mut status.conditions, "FetchFailed"),
        stalled: take(&mut status.conditions, "Stalled"),
        artifact_revision: status.artifact.map(|artifact| artifact.revision),
        suspended: spec.suspend,
        last_handled: status.last_handled_reconcile_at,
        url: spec.url,
        branch,
        pinned,
        deleting,
        secret_name,
        object: reader.object,
    })
}

pub(super) fn sync_state(object: DynamicObject) -> Result<SyncState, ClusterError> {
    let reader = Reader::of(&object, "Kustomization")?;
    let generation = object.metadata.generation.unwrap_or_default();
    let deleting = object.metadata.deletion_timestamp.is_some();
    let Flux { spec, mut status } = reader.read::<SyncSpec, SyncStatus>(object)?;
    let source_ref = SourceRef { object: reader.reference(&spec.source_ref)?, kind: spec.source_ref.kind };
    let depends_on = spec.depends_on.iter().map(|reference| reader.reference(reference)).collect::<Result<_, _>>()?;
    Ok(SyncState {
        generation,
        observed_generation: status.observed_generation,
        ready: take(&mut status.conditions, "Ready"),
        reconciling: take(&mut status.conditions, "Reconciling"),
        stalled: take(&mut status.conditions, "Stalled"),
        last_applied_revision: status.last_applied_revision,
        last_attempted_revision: status.last_attempted_revision,
        suspended: spec.suspend,
        last_handled: status.last_handled_reconcile_at,
        inventory: status.inventory.map_or(0, |inventory| inventory.entries.len()),
        path: spec.path,
        source_ref,
        depends_on,
        service_account: spec.service_account_name,
        remote: spec.kube_config.is_some(),
        deleting,
        object: reader.object,
    })
}

/// Takes one condition out of the list.
fn take(conditions: &mut Vec<RawCondition>, kind: &str) -> Option<Condition> {
    let position = conditions.iter().position(|condition| condition.r#type == kind)?;
    let raw = conditions.swap_remove(position);
    let status = match raw.status.as_str() {
        "True" => ConditionStatus::True,
        "False" => ConditionStatus::False,
        _ => ConditionStatus::Unknown,
    };
    let RawCondition { reason, message, observed_generation, .. } = raw;
    // Controllers repeat addresses and answers of servers.
    Some(Condition { status, reason, message: redacted(&message), observed_generation })
}

/// Reads one object and names it in errors.
struct Reader {
    kind: &'static str,
    object: ObjectRef,
}

impl Reader {
    fn of(object: &DynamicObject, kind: &'static str) -> Result<Self, ClusterError> {
        let text = |name: &Option<String>| name.clone().unwrap_or_default();
        let (namespace, name) = (text(&object.metadata.namespace), text(&object.metadata.name));
        let parsed = namespace.parse::<Namespace>().and_then(|parsed| Ok((parsed, name.parse::<ObjectName>()?)));
        match parsed {
            Ok((namespace, name)) => Ok(Self { kind, object: ObjectRef { namespace, name } }),
            Err(error) => Err(ClusterError::Invalid { object: kind.to_owned(), problem: error.to_string() }),
        }
    }

    fn read<S: DeserializeOwned, T: DeserializeOwned + Default>(
        &self,
        object: DynamicObject,
    ) -> Result<Flux<S, T>, ClusterError> {
        serde_json::from_value(object.data)
            .map_err(|error| self.invalid(format!("is not what its kind promises ({error}): check Flux's version")))
    }

    fn name(&self, name: &str) -> Result<ObjectName, ClusterError> {
        name.parse().map_err(|error: crate::names::NameError| self.invalid(error.to_string()))
    }

    fn reference(&self, reference: &Reference) -> Result<ObjectRef, ClusterError> {
        let namespace = match reference.namespace.as_deref().filter(|namespace| !namespace.is_empty()) {
            Some(text) => text.parse().map_err(|error: crate::names::NameError| self.invalid(error.to_string()))?,
            None => self.object.namespace.clone(),
        };
        Ok(ObjectRef { namespace, name: self.name(&reference.name)? })
    }

    fn invalid(&self, problem: String) -> ClusterError {
        ClusterError::Invalid { object: format!("{} {}", self.kind, self.object), problem }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{source_state, sync_state};
    use crate::cluster::ConditionStatus;

    #[test]
    fn an_object_that_no_controller_touched_has_an_empty_state() {
        let object = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "team1", "namespace": "team1", "generation": 1},
            "spec": {"url": "ssh://git@github.com/org/team1", "secretRef": {"name": "flux-system"}, "interval": "1m"},
        });
        let state = source_state(serde_json::from_value(object).expect("an object")).expect("a source");
        assert_eq!((state.observed_generation, state.ready, state.artifact_revision), (0, None, None));
        assert_eq!(state.secret_name.expect("a secret").as_str(), "flux-system");
    }

    #[test]
    fn what_a_source_follows() {
        let rows = [
            (json!(null), Ok("master")),
            (json!({"branch": "main"}), Ok("main")),
            (json!({"name": "refs/heads/main", "branch": "old", "tag": "v1"}), Ok("main")),
            (json!({"name": "refs/pull/1/head"}), Err("reference refs/pull/1/head")),
            (json!({"branch": "main", "tag": "v1"}), Err("tag v1")),
            (json!({"tag": "v1", "semver": ">=1.0.0"}), Err("versions >=1.0.0")),
            (json!({"branch": "main", "commit": "abc"}), Err("commit abc")),
        ];
        for (reference, followed) in rows {
            let object = json!({
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
                "metadata": {"name": "a", "namespace": "b"}, "spec": {"url": "https://github.com/o/r", "ref": reference},
            });
            let state = source_state(serde_json::from_value(object).expect("an object")).expect("a source");
            assert_eq!(state.followed_branch(), followed, "{reference}");
        }
    }

    #[test]
    fn references_without_a_namespace_stay_at_home() {
        let object = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "team1", "namespace": "team1", "generation": 2},
            "spec": {
                "path": "./", "prune": true, "serviceAccountName": "flux",
                "sourceRef": {"kind": "GitRepository", "name": "team1"},
                "dependsOn": [{"name": "crds", "namespace": "flux-system"}, {"name": "base"}],
            },
            "status": {
                "observedGeneration": -1,
                "conditions": [
                    {"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "m",
                     "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 2},
                ],
                "inventory": {"entries": [{"id": "a_b__Namespace", "v": "v1"}]},
            },
        });
        let state = sync_state(serde_json::from_value(object).expect("an object")).expect("a sync");
        assert_eq!(state.source_ref.object.to_string(), "team1/team1");
        let depends: Vec<String> = state.depends_on.iter().map(ToString::to_string).collect();
        assert_eq!(depends, ["flux-system/crds", "team1/base"]);
        assert_eq!((state.inventory, state.remote, state.deleting), (1, false, false));
        let ready = state.ready.expect("a condition");
        assert_eq!((ready.status, ready.reason.as_str()), (ConditionStatus::False, "BuildFailed"));
    }

    #[test]
    fn an_object_without_its_required_fields_is_named() {
        let object = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "team1", "namespace": "team1"}, "spec": {},
        });
        let error = source_state(serde_json::from_value(object).expect("an object")).expect_err("no url");
        assert!(error.to_string().starts_with("GitRepository team1/team1"), "{error}");
    }
}
