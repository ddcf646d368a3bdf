//! The sandbox's cluster: the Kubernetes API on loopback for the kinds that Bailiwick and its users
//! need, and a Flux that really fetches, renders and applies.
//!
//! It is an independent double: it shares no code with the client that is tested against it. Where
//! the real API refuses, it refuses; where real Flux fails, it fails with the same reasons.
//! What it does not have: pods and images, schemas of custom resources, field ownership conflicts,
//! quotas and admission policies, and most of what is checked in definitions.

mod api;
mod faults;
mod flux;
mod start;
mod store;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use self::faults::{Faults, Requests};
pub use self::flux::GitServer;
pub use self::start::{Options, StartError};
use self::store::json::text;
use self::store::rbac::User;
use self::store::{Apply, Key, Kind, Part, Store};
use crate::clock::Clock;

/// The name of the file manager behind [`SandboxCluster::apply`].
const DRIVER: &str = "sandbox";

/// What the API, the controllers and the driver share.
struct Shared {
    store: Mutex<Store>,
    changed: watch::Sender<u64>,
    tokens: Mutex<HashMap<String, User>>,
    faults: Faults,
    clock: Arc<dyn Clock>,
}

impl Shared {
    /// Looks at or changes the store; watches wake where it changed.
    fn store<R>(&self, act: impl FnOnce(&mut Store) -> R) -> R {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let before = store.revision();
        let result = act(&mut store);
        let after = store.revision();
        drop(store);
        if after != before {
            self.changed.send_replace(after);
        }
        result
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn user_of(&self, token: &str) -> Option<User> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }
}

/// A running sandbox cluster. Dropping it stops it.
pub struct SandboxCluster {
    shared: Arc<Shared>,
    flux: Arc<flux::Flux>,
    address: SocketAddr,
    token: String,
    server: JoinHandle<()>,
}

impl std::fmt::Debug for SandboxCluster {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SandboxCluster").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for SandboxCluster {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl SandboxCluster {
    /// The API server's address, `http://127.0.0.1:<port>`; a browser sees a page there.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bearer token of the cluster's owner, who may do everything.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A bearer token for `user`, such as `system:serviceaccount:bailiwick:bailiwick`. What the user may do
    /// is decided by the Role and ClusterRole objects in the cluster: at first nothing.
    pub fn token_for(&self, user: &str) -> String {
        let token = self.shared.store(|store| store.uuid());
        let mut tokens = self.shared.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(token.clone(), User::named(user));
        token
    }

    /// A kubeconfig for the cluster's owner, for `kubectl` and for Bailiwick. kubectl sends no token without
    /// TLS, so the token stands in the address too.
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: sandbox\nclusters:\n- name: sandbox\n  cluster:\n    \
             server: {}/token/{}\nusers:\n- name: owner\n  user:\n    token: {}\ncontexts:\n- name: sandbox\n  context:\n    \
             cluster: sandbox\n    user: owner\n",
            self.url(),
            self.token,
            self.token
        )
    }

    /// Writes the kubeconfig to `path`, readable by its owner only where the system knows such rights.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write_kubeconfig(&self, path: &std::path::Path) -> std::io::Result<()> {
        use std::io::Write as _;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)?.write_all(self.kubeconfig().as_bytes())
    }

    /// The switches for misbehaviour.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Makes all Deployments of now and later unavailable (or available again when written next).
    pub fn fail_deployments(&self, unhealthy: bool) {
        self.shared.store(|store| store.unhealthy = unhealthy);
    }

    /// Forgets all changes of the past: open watches and old resource versions get `410 Gone`.
    pub fn expire_watches(&self) {
        self.shared.store(Store::compact);
    }

    /// An object by kind, namespace (empty for kinds without) and name.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        self.shared.store(|store| store.find(kind, namespace, name).map(|object| Value::clone(object)))
    }

    /// All objects of a kind; of one namespace where `namespace` is not empty.
    pub fn list(&self, kind: &str, namespace: &str) -> Vec<Value> {
        let all = self.shared.store(|store| store.of_kind(kind));
        let here = |object: &Arc<Value>| namespace.is_empty() || text(object, "/metadata/namespace") == namespace;
        all.into_iter().filter(here).map(|object| Value::clone(&object)).collect()
    }

    /// Applies an object as the cluster's owner, as `kubectl apply --server-side` would.
    ///
    /// # Errors
    /// The API server's message.
    pub fn apply(&self, object: Value) -> Result<Value, String> {
        self.shared.store(|store| {
            let (api_version, kind) = (text(&object, "/apiVersion"), text(&object, "/kind"));
            let known = store.kinds.by_kind(api_version, kind).cloned();
            let known = known.ok_or_else(|| format!("no matches for kind {kind:?} in version {api_version:?}"))?;
            let key = Key::new(&known, text(&object, "/metadata/namespace"), text(&object, "/metadata/name"));
            let change = Apply { manager: DRIVER, part: Part::Main, fields: object };
            store.apply(&known, &key, change).map(|done| Value::clone(&done)).map_err(|refusal| refusal.message)
        })
    }

    /// Deletes an object as the cluster's owner.
    ///
    /// # Errors
    /// The API server's message, where there is no such object.
    pub fn delete(&self, kind: &str, namespace: &str, name: &str) -> Result<(), String> {
        self.shared.store(|store| {
            let there = |known: &&Kind| known.kind == kind && store.get(&Key::new(known, namespace, name)).is_some();
            let found = store.kinds.iter().find(there).cloned();
            let found = found.ok_or_else(|| format!("{kind} {namespace}/{name} not found"))?;
            let key = Key::new(&found, namespace, name);
            store.delete(&found, &key).map(drop).map_err(|refusal| refusal.message)
        })
    }

    /// Lets Flux work until nothing is due: fetch, build, apply, prune, in the order of the dependencies.
    /// What failed is tried once in one call. Intervals are measured by the clock of the options.
    pub async fn reconcile_once(&self) {
        self.flux.reconcile_once().await;
    }

    /// Lets Flux work every `pause` until the cluster is dropped; for the demo.
    pub fn keep_reconciling(&self, pause: std::time::Duration) {
        let flux = Arc::downgrade(&self.flux);
        drop(tokio::spawn(async move {
            while let Some(flux) = flux.upgrade() {
                flux.reconcile_once().await;
                drop(flux);
                tokio::time::sleep(pause).await;
            }
        }));
    }

    /// What `flux bootstrap` leaves behind: the namespace `flux-system`, the GitRepository `flux-system`
    /// for `admin_url` at `branch`, and the Kustomization `flux-system` for `path`. An `ssh://` address
    /// needs the Secret `flux-system` too, see [`SandboxCluster::apply`].
    ///
    /// # Errors
    /// The API server's message, where the address is refused.
    pub fn bootstrap(&self, admin_url: &str, branch: &str, path: &str) -> Result<(), String> {
        start::bootstrap_objects(admin_url, branch, path)
            .into_iter()
            .try_for_each(|object| self.apply(object).map(drop))
    }

    /// Where the kubeconfig can be written without a name being chosen: inside the cluster's own
    /// temporary directory, which goes with it.
    pub fn kubeconfig_path(&self) -> PathBuf {
        self.flux.home().join("kubeconfig")
    }
}
