//! What was read from the cluster, as plain values.

use std::collections::BTreeMap;

use crate::names::{Namespace, ObjectName};

/// What is known of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceState {
    /// `Active` or `Terminating`.
    pub phase: String,
    /// The namespace's labels.
    pub labels: BTreeMap<String, String>,
}

/// Whether a condition holds (Kubernetes API conventions, "Typical status properties").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Not known, for Flux's `Ready`: work is under way.
    Unknown,
}

/// One entry of `status.conditions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Whether it holds.
    pub status: ConditionStatus,
    /// The machine's word for why, such as `BuildFailed`.
    pub reason: String,
    /// The sentence for people. It may quote a repository's text: hostile.
    pub message: String,
    /// The generation of the object that the condition speaks of, where it says.
    pub observed_generation: Option<i64>,
}

/// The name of an object that lives in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct ObjectRef {
    /// The namespace.
    pub namespace: Namespace,
    /// The name.
    pub name: ObjectName,
}

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

/// The source that a Kustomization names in `spec.sourceRef`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRef {
    /// `GitRepository`, `OCIRepository`, `Bucket` or `ExternalArtifact`.
    pub kind: String,
    /// Where it is; the Kustomization's own namespace where the reference names none.
    pub object: ObjectRef,
}

/// A `source.toolkit.fluxcd.io/v1` GitRepository (Flux docs, source/gitrepositories).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// Its own name.
    pub object: ObjectRef,
    /// `metadata.generation`: counts the changes of the spec.
    pub generation: i64,
    /// The last generation that the controller finished; it stays behind after a failure.
    pub observed_generation: i64,
    /// The `Ready` condition.
    pub ready: Option<Condition>,
    /// The `FetchFailed` condition, present while fetching fails.
    pub fetch_failed: Option<Condition>,
    /// The `Stalled` condition, present where Flux does not try again before the object is changed.
    pub stalled: Option<Condition>,
    /// `status.artifact.revision`, such as `main@sha1:<40 hex digits>`.
    pub artifact_revision: Option<String>,
    /// Whether `spec.suspend` is set: nothing is fetched and no request is honoured.
    pub suspended: bool,
    /// `status.lastHandledReconcileAt`: the token of the last request that was worked off.
    pub last_handled: Option<String>,
    /// `spec.url`.
    pub url: String,
    /// `spec.ref.branch`, or the branch that `spec.ref.name` names.
    pub branch: Option<String>,
    /// What is fetched instead of a branch's tip, such as `tag v1`: `spec.ref` has more than a branch.
    pub pinned: Option<String>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// `spec.secretRef.name`, in the same namespace.
    pub secret_name: Option<ObjectName>,
}

/// What source-controller fetches where `spec.ref` names nothing (Flux docs, source/gitrepositories).
const DEFAULT_BRANCH: &str = "master";

impl SourceState {
    /// The branch whose tip is fetched.
    ///
    /// # Errors
    /// What is fetched instead of a branch.
    pub fn followed_branch(&self) -> Result<&str, &str> {
        self.pinned.as_deref().map_or_else(|| Ok(self.branch.as_deref().unwrap_or(DEFAULT_BRANCH)), Err)
    }

    /// Whether the request made with `token` was worked off, with success or not.
    pub fn handled(&self, token: &str) -> bool {
        self.last_handled.as_deref() == Some(token)
    }
}

/// A `kustomize.toolkit.fluxcd.io/v1` Kustomization (Flux docs, kustomize/kustomizations).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncState {
    /// Its own name.
    pub object: ObjectRef,
    /// `metadata.generation`: counts the changes of the spec.
    pub generation: i64,
    /// The last generation that was applied; it stays behind after a failure.
    pub observed_generation: i64,
    /// The `Ready` condition.
    pub ready: Option<Condition>,
    /// The `Reconciling` condition, present while work is under way or retried.
    pub reconciling: Option<Condition>,
    /// The `Stalled` condition, present where Flux does not try again before the object is changed.
    pub stalled: Option<Condition>,
    /// `status.lastAppliedRevision`: the last revision that was applied and healthy.
    pub last_applied_revision: Option<String>,
    /// `status.lastAttemptedRevision`: the last revision that was built, or tried to be.
    pub last_attempted_revision: Option<String>,
    /// Whether `spec.suspend` is set.
    pub suspended: bool,
    /// `status.lastHandledReconcileAt`: the token of the last request that was worked off.
    pub last_handled: Option<String>,
    /// How many objects `status.inventory` lists.
    pub inventory: usize,
    /// `spec.path`, as written.
    pub path: String,
    /// `spec.sourceRef`.
    pub source_ref: SourceRef,
    /// `spec.dependsOn`.
    pub depends_on: Vec<ObjectRef>,
    /// `spec.serviceAccountName`: who applies; the controller itself where there is none.
    pub service_account: Option<String>,
    /// Whether `spec.kubeConfig` is set: it applies to another cluster.
    pub remote: bool,
    /// Whether it is being deleted.
    pub deleting: bool,
}

impl SyncState {
    /// Whether the request made with `token` was worked off, with success or not.
    pub fn handled(&self, token: &str) -> bool {
        self.last_handled.as_deref() == Some(token)
    }
}
