//! How a sandbox cluster comes up, and what is in it then.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::flux::{Flux, GitServer};
use super::store::kinds::FLUX;
use super::store::rbac::{User, default_roles};
use super::store::{Apply, Key, Part, Store};
use super::{DRIVER, Faults, SandboxCluster, Shared, api};
use crate::clock::{Clock, Entropy};
use crate::render::{RenderError, Renderer};

/// What a sandbox cluster is made of.
#[derive(Clone)]
pub struct Options {
    /// Where the API listens; port 0 for any free one.
    pub listen: SocketAddr,
    /// The time: intervals and timestamps.
    pub clock: Arc<dyn Clock>,
    /// Randomness: ids and tokens.
    pub entropy: Arc<dyn Entropy>,
    /// Where Flux fetches from.
    pub git_server: Arc<dyn GitServer>,
    /// kustomize.
    pub renderer: Renderer,
    /// Whether Flux's kinds are installed.
    pub flux: bool,
    /// Whether Flux is locked down for tenants as its documentation advises: a Kustomization without a service
    /// account (other than `flux-system/flux-system`) acts as `default`, and may not use the sources of other
    /// namespaces.
    pub lockdown: bool,
}

impl Options {
    /// A locked-down Flux on any free port of the loopback interface.
    ///
    /// # Errors
    /// Where neither kustomize nor kubectl is on this process's `PATH`.
    pub fn new(
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        git_server: Arc<dyn GitServer>,
    ) -> Result<Self, RenderError> {
        let renderer = Renderer::find(&std::env::var_os("PATH").unwrap_or_default())?;
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(Self { listen, clock, entropy, git_server, renderer, flux: true, lockdown: true })
    }
}

/// Why a sandbox cluster did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("the sandbox cluster cannot listen on {address}: choose another address or a free port (0)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's answer.
        #[source]
        source: std::io::Error,
    },
    /// No room for fetched repositories.
    #[error("the sandbox cluster found no room for its files: check the temporary directory")]
    Room(#[source] std::io::Error),
}

impl SandboxCluster {
    /// Starts a cluster. Inside a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`] where the address cannot be listened on, or there is no temporary directory.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let listen = |source| StartError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let mut store = Store::new(Arc::clone(&options.clock), Arc::clone(&options.entropy));
        let token = store.uuid();
        initial_objects(options.flux).into_iter().for_each(|object| furnish(&mut store, object));
        let shared = Arc::new(Shared {
            changed: watch::Sender::new(store.revision()),
            store: Mutex::new(store),
            tokens: Mutex::new(HashMap::from([(token.clone(), User::admin())])),
            faults: Faults::new(),
            clock: Arc::clone(&options.clock),
        });
        let flux = Arc::new(Flux::new(Arc::clone(&shared), &options).map_err(StartError::Room)?);
        let router = api::router(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // It ends with the task; a broken connection is not its end.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { shared, flux, address, token, server })
    }
}

fn furnish(store: &mut Store, object: Value) {
    let text = |pointer: &str| super::text(&object, pointer).to_owned();
    let kind = store.kinds.by_kind(&text("/apiVersion"), &text("/kind")).cloned().expect("a built-in kind");
    let key = Key::new(&kind, &text("/metadata/namespace"), &text("/metadata/name"));
    store.apply(&kind, &key, Apply { manager: DRIVER, part: Part::Main, fields: object }).expect("our own objects");
}

/// What is in every cluster, and Flux's definitions.
fn initial_objects(flux: bool) -> Vec<Value> {
    let namespaces = ["default", "kube-system", "kube-public"];
    let mut objects: Vec<Value> = namespaces.iter().map(|name| namespace(name)).collect();
    objects.extend(default_roles());
    if flux {
        objects.extend(FLUX.iter().map(definition));
    }
    objects
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn definition((group, version, kind, plural): &(&str, &str, &str, &str)) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}"), "labels": {"app.kubernetes.io/part-of": "flux"}},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List")},
            "versions": [{
                "name": version, "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    })
}

/// What bootstrapping leaves behind. The service account is the one that the documentation pins
/// Kustomizations in `flux-system` to.
pub(super) fn bootstrap_objects(url: &str, branch: &str, path: &str) -> Vec<Value> {
    let metadata = json!({"name": "flux-system", "namespace": "flux-system"});
    let mut source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata,
        "spec": {"url": url, "interval": "1m", "ref": {"branch": branch}},
    });
    if url.starts_with("ssh://") {
        source["spec"]["secretRef"] = json!({"name": "flux-system"});
    }
    let group = "rbac.authorization.k8s.io";
    vec![
        namespace("flux-system"),
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
               "metadata": {"name": "kustomize-controller", "namespace": "flux-system"}}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding",
               "metadata": {"name": "cluster-reconciler-flux-system"},
               "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
               "subjects": [{"kind": "ServiceAccount", "name": "kustomize-controller", "namespace": "flux-system"}]}),
        source,
        json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": metadata,
               "spec": {"interval": "10m", "path": path, "prune": true,
                        "sourceRef": {"kind": "GitRepository", "name": "flux-system"}}}),
    ]
}
