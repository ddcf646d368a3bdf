use k8s_openapi::api::core::v1 as core;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client};
use serde_json::json;

use super::access::KubeAccess;
use super::error::{Call, ClusterError};
use super::flux;
use super::state::{NamespaceState, SourceState, SyncState};
use crate::names::{Namespace, ObjectName};

/// The name under which Bailiwick's changes stand in `metadata.managedFields`.
pub(super) const FIELD_MANAGER: &str = "bailiwick";
/// Flux's annotation for "reconcile now"; every new value is a request (fluxcd/pkg `apis/meta`).
const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";
/// How many objects one page of a list holds.
const PAGE: u32 = 250;
/// Where a list that never ends is given up: 40 pages are 10,000 objects.
const PAGES: usize = 40;

/// A kind of Flux object that can be asked to reconcile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FluxKind {
    /// `source.toolkit.fluxcd.io/v1` GitRepository: fetches. Its Kustomizations follow by themselves.
    GitRepository,
    /// `kustomize.toolkit.fluxcd.io/v1` Kustomization: builds and applies.
    Kustomization,
}

impl FluxKind {
    /// The kind as it is written in a manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GitRepository => "GitRepository",
            Self::Kustomization => "Kustomization",
        }
    }

    pub(super) const fn resource(self) -> &'static str {
        match self {
            Self::GitRepository => "gitrepositories.source.toolkit.fluxcd.io",
            Self::Kustomization => "kustomizations.kustomize.toolkit.fluxcd.io",
        }
    }

    pub(super) fn api_resource(self) -> ApiResource {
        let (group, plural) = match self {
            Self::GitRepository => ("source.toolkit.fluxcd.io", "gitrepositories"),
            Self::Kustomization => ("kustomize.toolkit.fluxcd.io", "kustomizations"),
        };
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1", self.name()), plural)
    }
}

/// One cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    pub(super) client: Client,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cluster").finish_non_exhaustive()
    }
}

impl Cluster {
    /// Prepares the way to a cluster; nothing is sent yet.
    ///
    /// # Errors
    /// [`ClusterError::Access`] where the kubeconfig, the pod's service account or the URL is unusable.
    pub async fn connect(access: &KubeAccess) -> Result<Self, ClusterError> {
        Ok(Self { client: access.client().await? })
    }

    /// The namespace, or `None` where there is none of this name.
    ///
    /// # Errors
    /// Any [`ClusterError`] except `NotFound`.
    pub async fn namespace(&self, name: &Namespace) -> Result<Option<NamespaceState>, ClusterError> {
        let call = Call { verb: "get", resource: "namespaces", object: format!("Namespace {name}") };
        let found = Api::<core::Namespace>::all(self.client.clone()).get_opt(name.as_str()).await;
        Ok(found.map_err(|error| call.failed(error))?.map(|namespace| NamespaceState {
            phase: namespace.status.and_then(|status| status.phase).unwrap_or_default(),
            labels: namespace.metadata.labels.unwrap_or_default(),
        }))
    }

    /// Asks Flux to reconcile now: writes `token` into `reconcile.fluxcd.io/requestedAt`. Flux repeats
    /// it in `status.lastHandledReconcileAt` at the end of the attempt. Nothing happens while the
    /// object is suspended, or where the token is the one that was handled last.
    ///
    /// # Errors
    /// Any [`ClusterError`]; `NotFound` where there is no such object.
    pub async fn request_reconcile(
        &self,
        kind: FluxKind,
        namespace: &Namespace,
        name: &ObjectName,
        token: &str,
    ) -> Result<(), ClusterError> {
        let call = flux_call("patch", kind, namespace, name);
        let patch = json!({"metadata": {"annotations": {REQUESTED_AT: token}}});
        let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let api = self.flux(kind, namespace);
        let patched = api.patch(name.as_str(), &parameters, &Patch::Merge(&patch)).await;
        patched.map(|_| ()).map_err(|error| call.failed(error))
    }

    /// The GitRepository, or `None` where there is none of this name.
    ///
    /// # Errors
    /// Any [`ClusterError`] except `NotFound`; `KindMissing` where Flux is not installed.
    pub async fn git_repository(
        &self,
        namespace: &Namespace,
        name: &ObjectName,
    ) -> Result<Option<SourceState>, ClusterError> {
        let found = self.flux_object(FluxKind::GitRepository, namespace, name).await?;
        found.map(flux::source_state).transpose()
    }

    /// The Kustomization, or `None` where there is none of this name.
    ///
    /// # Errors
    /// Any [`ClusterError`] except `NotFound`; `KindMissing` where Flux is not installed.
    pub async fn kustomization(
        &self,
        namespace: &Namespace,
        name: &ObjectName,
    ) -> Result<Option<SyncState>, ClusterError> {
        let found = self.flux_object(FluxKind::Kustomization, namespace, name).await?;
        found.map(flux::sync_state).transpose()
    }

    /// All Kustomizations of the cluster, at most 10,000. One that cannot be read is left out: a team could
    /// write it and hide all others.
    ///
    /// # Errors
    /// Any [`ClusterError`]; `KindMissing` where Flux is not installed.
    pub async fn kustomizations(&self) -> Result<Vec<SyncState>, ClusterError> {
        Ok(readable(self.flux_objects(FluxKind::Kustomization).await?, flux::sync_state))
    }

    /// All GitRepositories of the cluster, at most 10,000. One that cannot be read is left out.
    ///
    /// # Errors
    /// Any [`ClusterError`]; `KindMissing` where Flux is not installed.
    pub async fn git_repositories(&self) -> Result<Vec<SourceState>, ClusterError> {
        Ok(readable(self.flux_objects(FluxKind::GitRepository).await?, flux::source_state))
    }

    async fn flux_objects(&self, kind: FluxKind) -> Result<Vec<DynamicObject>, ClusterError> {
        let object = format!("all objects of kind {}", kind.name());
        let call = Call { verb: "list", resource: kind.resource(), object };
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &kind.api_resource());
        let mut parameters = ListParams::default().limit(PAGE);
        let mut objects = Vec::new();
        for _ in 0..PAGES {
            let page = api.list(&parameters).await.map_err(|error| call.clone().failed(error))?;
            objects.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters.continue_token = Some(token),
                None => return Ok(objects),
            }
        }
        let problem = "there are more than 10,000: Bailiwick does not follow so many".to_owned();
        Err(ClusterError::Invalid { object: call.object, problem })
    }

    async fn flux_object(
        &self,
        kind: FluxKind,
        namespace: &Namespace,
        name: &ObjectName,
    ) -> Result<Option<DynamicObject>, ClusterError> {
        let call = flux_call("get", kind, namespace, name);
        // Not `get_opt`: it would take a missing kind for a missing object.
        match self.flux(kind, namespace).get(name.as_str()).await.map_err(|error| call.failed(error)) {
            Ok(object) => Ok(Some(object)),
            Err(ClusterError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn flux(&self, kind: FluxKind, namespace: &Namespace) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace.as_str(), &kind.api_resource())
    }
}

fn readable<T>(objects: Vec<DynamicObject>, read: fn(DynamicObject) -> Result<T, ClusterError>) -> Vec<T> {
    let warned = |state: Result<T, ClusterError>| {
        state.inspect_err(|error| tracing::warn!("an object of Flux's is left out: {error}")).ok()
    };
    objects.into_iter().filter_map(|object| warned(read(object))).collect()
}

fn flux_call(verb: &'static str, kind: FluxKind, namespace: &Namespace, name: &ObjectName) -> Call {
    Call { verb, resource: kind.resource(), object: format!("{} {namespace}/{name}", kind.name()) }
}
