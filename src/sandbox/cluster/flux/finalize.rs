//! The end of a Flux object: its finalizer.

use serde_json::{Value, json};

use super::{FINALIZER, Flux, Subject};
use crate::sandbox::cluster::store::Part;
use crate::sandbox::cluster::store::json::{list, text};

impl Flux {
    /// Cleans up after an object that is being deleted and lets it go.
    ///
    /// A Kustomization takes its objects along where it prunes. Where its service account is gone
    /// already it cannot, and the objects stay behind as orphans: so does real Flux.
    pub(super) fn finalize(&self, subject: &Subject) {
        let object = &subject.object;
        if subject.kind.kind == "Kustomization" && object["spec"]["prune"] == true && object["spec"]["suspend"] != true
        {
            let (namespace, account) = (&subject.key.namespace, text(object, "/spec/serviceAccountName"));
            let there = account.is_empty()
                || self.shared.store(|store| store.find("ServiceAccount", namespace, account).is_some());
            if there {
                let entries = list(object, "/status/inventory/entries");
                if let Err(problem) = self.prune(subject, &self.user_for(object), entries) {
                    tracing::warn!(object.name = subject.key.name, "unable to prune: {problem}");
                    return;
                }
            } else {
                tracing::warn!(object.name = subject.key.name, "unable to prune: the service account is gone");
            }
        }
        if subject.kind.kind == "GitRepository" {
            // Nothing else knows these files; what cannot be deleted goes with the whole directory.
            let _ = std::fs::remove_dir_all(self.home().join("artifacts").join(subject.uid()));
        }
        self.change(subject, Part::Main, |object| {
            let others: Vec<Value> = list(object, "/metadata/finalizers")
                .iter()
                .filter(|finalizer| *finalizer != FINALIZER)
                .cloned()
                .collect();
            object["metadata"]["finalizers"] = json!(others);
        });
    }
}
