//! The kustomize controller.

use serde_json::{Value, json};

use super::credentials::Failure;
use super::due::is_ready;
use super::source::handled;
use super::{Flux, Subject, condition};
use crate::sandbox::cluster::store::Part;
use crate::sandbox::cluster::store::json::{child, list, number, text};
use crate::sandbox::cluster::store::rbac::User;

/// What a Kustomization takes from its source.
struct Artifact {
    uid: String,
    revision: String,
}

/// The namespace of the source: its own one where none is named.
pub(super) fn source_namespace(object: &Value) -> &str {
    let named = text(object, "/spec/sourceRef/namespace");
    if named.is_empty() { text(object, "/metadata/namespace") } else { named }
}

fn failure(reason: &str, message: impl Into<String>) -> Failure {
    (reason.to_owned(), message.into())
}

impl Flux {
    /// Builds and applies once, and writes the outcome into the status.
    pub(super) async fn reconcile_sync(&self, subject: &Subject) {
        let outcome = match self.ready_artifact(&subject.object) {
            Ok(artifact) => match self.attempt(subject, &artifact).await {
                Ok(true) => Ok(artifact.revision),
                // Held in the middle by a fault: the status says so already.
                Ok(false) => return,
                Err(failure) => Err(failure),
            },
            Err(failure) => Err(failure),
        };
        let now = self.now();
        self.change(subject, Part::Status, |object| {
            match &outcome {
                Ok(revision) => {
                    let message = format!("Applied revision: {revision}");
                    ["Reconciling", "Stalled"].into_iter().for_each(|kind| condition::clear(object, kind));
                    condition::set(object, "Ready", "True", ("ReconciliationSucceeded", &message), &now);
                    let generation = object["metadata"]["generation"].clone();
                    let status = child(object, "status");
                    status["observedGeneration"] = generation;
                    status["lastAppliedRevision"] = json!(revision);
                }
                Err((reason, message)) if reason == "AccessDenied" => {
                    // Trying again is of no use before somebody has changed the object.
                    condition::clear(object, "Reconciling");
                    condition::set(object, "Ready", "False", (reason, message), &now);
                    condition::set(object, "Stalled", "True", (reason, message), &now);
                }
                Err((reason, message)) => {
                    condition::clear(object, "Stalled");
                    condition::set(object, "Ready", "False", (reason, message), &now);
                    condition::set(object, "Reconciling", "True", ("ProgressingWithRetry", message), &now);
                }
            }
            handled(object, subject);
        });
    }

    fn now(&self) -> String {
        format!("{:.0}", self.shared.clock.now())
    }

    /// The source's artifact, once the source is there and all dependencies are ready.
    fn ready_artifact(&self, object: &Value) -> Result<Artifact, Failure> {
        let (kind, name) = (text(object, "/spec/sourceRef/kind"), text(object, "/spec/sourceRef/name"));
        let (own, namespace) = (text(object, "/metadata/namespace"), source_namespace(object));
        if self.lockdown && own != namespace {
            let message =
                format!("can't access '{kind}/{namespace}/{name}', cross-namespace references have been blocked");
            return Err(failure("AccessDenied", message));
        }
        let source = self.shared.store(|store| store.find(kind, namespace, name).cloned());
        let plural = format!("{}s", kind.to_lowercase()).replace("ys", "ies");
        let missing = || failure("ArtifactFailed", format!("{plural}.source.toolkit.fluxcd.io {name:?} not found"));
        let source = source.ok_or_else(missing)?;
        let revision = text(&source, "/status/artifact/revision").to_owned();
        if revision.is_empty() {
            return Err(failure("ArtifactFailed", "Source artifact not found, retrying in 30s"));
        }
        self.check_dependencies(object, &revision)?;
        Ok(Artifact { uid: text(&source, "/metadata/uid").to_owned(), revision })
    }

    fn check_dependencies(&self, object: &Value, revision: &str) -> Result<(), Failure> {
        let own = text(object, "/metadata/namespace");
        for dependency in list(object, "/spec/dependsOn") {
            let namespace = Some(text(dependency, "/namespace")).filter(|text| !text.is_empty()).unwrap_or(own);
            let name = text(dependency, "/name");
            let not_ready =
                |problem: &str| failure("DependencyNotReady", format!("dependency '{namespace}/{name}' {problem}"));
            let found = self.shared.store(|store| store.find("Kustomization", namespace, name).cloned());
            let found = found.ok_or_else(|| not_ready("not found"))?;
            let current = number(&found, "/metadata/generation") == number(&found, "/status/observedGeneration");
            if !current || !is_ready(&found) {
                return Err(not_ready("is not ready"));
            }
            let source_of = |it: &Value| {
                let part = |field: &str| text(it, field).to_owned();
                (part("/spec/sourceRef/kind"), source_namespace(it).to_owned(), part("/spec/sourceRef/name"))
            };
            let same_source = source_of(&found) == source_of(object);
            if same_source && text(&found, "/status/lastAppliedRevision") != revision {
                return Err(not_ready("revision is not up to date"));
            }
        }
        Ok(())
    }

    /// Builds, applies, prunes, checks the health. `false` where a fault holds it in the middle.
    async fn attempt(&self, subject: &Subject, artifact: &Artifact) -> Result<bool, Failure> {
        let object = &subject.object;
        let workspace =
            tempfile::TempDir::new_in(self.home()).map_err(|error| failure("ArtifactFailed", error.to_string()))?;
        let directory = self.unpack(object, &self.files(artifact), workspace.path())?;
        self.progress(subject, artifact);
        if self.shared.faults.holds() {
            return Ok(false);
        }
        let injected = self.shared.faults.take_sync_failure();
        if let Some(early) = injected.clone().filter(|(reason, _)| reason == "BuildFailed") {
            return Err(early);
        }
        let objects = self.build(object, workspace.path(), &directory).await?;
        self.apply_all(subject, &self.user_for(object), objects)?;
        if let Some(late) = injected {
            return Err(late);
        }
        self.check_health(subject)?;
        Ok(true)
    }

    fn files(&self, artifact: &Artifact) -> std::path::PathBuf {
        let commit = artifact.revision.rsplit(':').next().unwrap_or_default();
        self.artifact(&artifact.uid, commit)
    }

    /// The path exists: from here on the revision counts as attempted.
    fn progress(&self, subject: &Subject, artifact: &Artifact) {
        let now = self.now();
        let message = format!("Building manifests for revision {} with a timeout of 9m30s", artifact.revision);
        self.change(subject, Part::Status, |object| {
            condition::set(object, "Ready", "Unknown", ("Progressing", "Reconciliation in progress"), &now);
            condition::set(object, "Reconciling", "True", ("Progressing", &message), &now);
            child(object, "status")["lastAttemptedRevision"] = json!(artifact.revision);
        });
    }

    /// Who applies: the service account, or the controller itself, which may do everything.
    pub(super) fn user_for(&self, object: &Value) -> User {
        let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
        let account = text(object, "/spec/serviceAccountName");
        let root = namespace == "flux-system" && name == "flux-system";
        match (account, self.lockdown && !root) {
            ("", true) => User::service_account(namespace, "default"),
            ("", false) => User::admin(),
            (account, _) => User::service_account(namespace, account),
        }
    }

    /// With `wait`, or for what `healthChecks` names, Deployments have to be available.
    fn check_health(&self, subject: &Subject) -> Result<(), Failure> {
        let object = &subject.object;
        let checks = list(object, "/spec/healthChecks");
        let wait = object["spec"]["wait"] == true;
        let inventory = self.shared.store(|store| {
            store.get(&subject.key).map(|now| list(now, "/status/inventory/entries").to_vec()).unwrap_or_default()
        });
        let mut unhealthy = Vec::new();
        for entry in &inventory {
            let mut parts = text(entry, "/id").split('_');
            let (Some(namespace), Some(name), Some("apps"), Some("Deployment")) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let named = |check: &Value| check["name"] == name && check["namespace"] == namespace;
            if !wait && !checks.iter().any(named) {
                continue;
            }
            let found = self.shared.store(|store| store.find("Deployment", namespace, name).cloned());
            if !found.is_some_and(|found| found["status"]["unavailableReplicas"] == 0) {
                unhealthy.push(format!("Deployment/{namespace}/{name} status: 'InProgress'"));
            }
        }
        if unhealthy.is_empty() {
            return Ok(());
        }
        let message = format!("health check failed after 5m0s: timeout waiting for: [{}]", unhealthy.join(", "));
        Err(failure("HealthCheckFailed", message))
    }
}
