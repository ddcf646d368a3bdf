//! What Kubernetes' own controllers do at once in the sandbox: namespaces become active and get a
//! service account, definitions are served, Deployments become available.

use serde_json::{Value, json};

use super::json::{child, list, number, text};
use super::{Key, Kind, Store};

/// Fills in what is written together with the object.
pub(super) fn before_write(kind: &Kind, object: &mut Value, now: &str, unhealthy: bool) {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Namespace") => {
            let name = text(object, "/metadata/name").to_owned();
            child(child(object, "metadata"), "labels")["kubernetes.io/metadata.name"] = json!(name);
            child(object, "spec")["finalizers"] = json!(["kubernetes"]);
            let status = child(object, "status");
            if status["phase"] != "Terminating" {
                status["phase"] = json!("Active");
            }
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            let condition = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": now});
            let names = object.pointer("/spec/names").cloned().unwrap_or_default();
            let stored: Vec<Value> = list(object, "/spec/versions")
                .iter()
                .filter(|version| version["storage"] == true)
                .map(|version| version["name"].clone())
                .collect();
            let conditions =
                json!([condition("NamesAccepted", "NoConflicts"), condition("Established", "InitialNamesAccepted")]);
            object["status"] = json!({"conditions": conditions, "acceptedNames": names, "storedVersions": stored});
        }
        ("apps", "Deployment") => {
            let replicas = object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
            let ready = if unhealthy { 0 } else { replicas };
            let available = if ready == replicas { "True" } else { "False" };
            let condition = json!({"type": "Available", "status": available, "reason": "MinimumReplicas",
                                   "lastTransitionTime": now});
            object["status"] = json!({
                "observedGeneration": number(object, "/metadata/generation"), "replicas": replicas,
                "updatedReplicas": replicas, "readyReplicas": ready, "availableReplicas": ready,
                "unavailableReplicas": replicas - ready, "conditions": [condition],
            });
        }
        _ => {}
    }
}

/// Reacts to an object that was written.
pub(super) fn after_write(store: &mut Store, kind: &Kind, object: &Value) {
    match kind.kind.as_str() {
        "CustomResourceDefinition" => store.kinds.register(object),
        "Namespace" if object.pointer("/metadata/deletionTimestamp").is_none() => {
            let namespace = text(object, "/metadata/name").to_owned();
            let Some(account) = store.kinds.by_plural("", "serviceaccounts").cloned() else { return };
            if store.get(&Key::new(&account, &namespace, "default")).is_none() {
                let default = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
                store.create(&account, &namespace, default).expect("the namespace was just written and has none");
            }
        }
        _ => {}
    }
}

/// Reacts to an object that is gone: a definition takes its objects along.
pub(super) fn after_removal(store: &mut Store, kind: &Kind, gone: &Value) {
    if kind.kind != "CustomResourceDefinition" {
        return;
    }
    let (group, plural) = (text(gone, "/spec/group"), text(gone, "/spec/names/plural"));
    let keys: Vec<Key> = match store.kinds.by_plural(group, plural) {
        Some(kind) => store.all(kind, "").map(|(key, _)| key.clone()).collect(),
        None => Vec::new(),
    };
    for key in keys {
        store.revision += 1;
        store.record(key, None);
    }
    store.kinds.unregister(group, plural);
}
