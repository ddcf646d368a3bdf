//! Applying: a dry run of a whole stage first, with the rights of the service account, then the
//! stage itself; definitions and namespaces come before what needs them. Then pruning.

use serde_json::{Value, json};

use super::credentials::Failure;
use super::{Flux, Subject};
use crate::sandbox::cluster::store::json::{child, list, text};
use crate::sandbox::cluster::store::rbac::{Action, User, allows};
use crate::sandbox::cluster::store::{Apply, Key, Kind, Part, Refusal, Store, refuse_escalation};

/// The field manager of the kustomize controller.
const MANAGER: &str = "kustomize-controller";
/// Objects of these kinds are applied first (fluxcd/pkg `ssa`, cluster definitions).
const FIRST: [&str; 4] = ["CustomResourceDefinition", "Namespace", "ClusterRole", "PriorityClass"];
/// The annotation or label that keeps an object from being pruned.
const PRUNE: &str = "kustomize.toolkit.fluxcd.io~1prune";

fn failed(message: impl Into<String>) -> Failure {
    ("ReconciliationFailed".to_owned(), message.into())
}

impl Flux {
    /// Applies the objects, writes the inventory, and deletes what is no longer in it.
    pub(super) fn apply_all(&self, subject: &Subject, user: &User, objects: Vec<Value>) -> Result<(), Failure> {
        let (mut first, mut rest) = (Vec::new(), Vec::new());
        for mut object in objects {
            own(&mut object, subject);
            let early = FIRST.contains(&text(&object, "/kind"));
            if early { &mut first } else { &mut rest }.push(object);
        }
        let mut entries = Vec::new();
        for stage in [first, rest] {
            // All or nothing of a stage: the change is made on a copy, which takes the store's place.
            self.shared.store(|store| {
                let mut copy = store.clone();
                for object in stage {
                    self.refuse_definition(&object)?;
                    entries.push(apply_one(&mut copy, user, object)?);
                }
                *store = copy;
                Ok::<(), Failure>(())
            })?;
        }
        let before = list(&subject.object, "/status/inventory/entries").to_vec();
        self.change(subject, Part::Status, |object| {
            child(object, "status")["inventory"] = json!({"entries": entries});
        });
        if subject.object["spec"]["prune"] == true {
            let stale: Vec<Value> =
                before.into_iter().filter(|old| !entries.iter().any(|new| new["id"] == old["id"])).collect();
            self.prune(subject, user, &stale).map_err(|message| ("PruneFailed".to_owned(), message))?;
        }
        Ok(())
    }

    /// What only the API server knows is a fault here.
    fn refuse_definition(&self, object: &Value) -> Result<(), Failure> {
        let name = Some(text(object, "/metadata/name")).filter(|_| text(object, "/kind") == FIRST[0]);
        match name.and_then(|name| Some((name, self.shared.faults.refusal_of_definition(name)?))) {
            Some((name, (_, message, _))) => Err(failed(format!("{}/{name} dry-run failed: {message}", FIRST[0]))),
            None => Ok(()),
        }
    }

    /// Deletes what an inventory lists, unless an object says that it wants to stay.
    pub(super) fn prune(&self, subject: &Subject, user: &User, entries: &[Value]) -> Result<(), String> {
        self.shared.store(|store| {
            let mut problems = Vec::new();
            // Against the order of applying: what is in a namespace goes before the namespace.
            for entry in entries.iter().rev() {
                let Some((kind, key)) = locate(store, entry) else { continue };
                let Some(object) = store.get(&key).cloned() else { continue };
                let label =
                    |name: &str| text(&object, &format!("/metadata/labels/kustomize.toolkit.fluxcd.io~1{name}"));
                let ours = label("name") == subject.key.name && label("namespace") == subject.key.namespace;
                let kept = ["labels", "annotations"]
                    .iter()
                    .any(|field| text(&object, &format!("/metadata/{field}/{PRUNE}")) == "disabled");
                // What another Kustomization has taken over is not ours to delete.
                if kept || !ours {
                    continue;
                }
                match permitted(store, user, &kind, &key, "delete").and_then(|()| store.delete(&kind, &key)) {
                    Ok(_) => {}
                    Err(refusal) => problems.push(format!("{} delete failed: {refusal}", place(&kind, &key))),
                }
            }
            if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
        })
    }
}

/// The labels by which Flux knows its objects.
fn own(object: &mut Value, subject: &Subject) {
    let labels = child(child(object, "metadata"), "labels");
    labels["kustomize.toolkit.fluxcd.io/name"] = json!(subject.key.name);
    labels["kustomize.toolkit.fluxcd.io/namespace"] = json!(subject.key.namespace);
}

/// Applies one object; returns its entry in the inventory.
fn apply_one(store: &mut Store, user: &User, mut object: Value) -> Result<Value, Failure> {
    let (api_version, kind) = (text(&object, "/apiVersion").to_owned(), text(&object, "/kind").to_owned());
    let (namespace, name) =
        (text(&object, "/metadata/namespace").to_owned(), text(&object, "/metadata/name").to_owned());
    let Some(known) = store.kinds.by_kind(&api_version, &kind).cloned() else {
        let problem = format!("no matches for kind {kind:?} in version {api_version:?}");
        return Err(failed(format!("{kind}/{namespace}/{name} dry-run failed: {problem}")));
    };
    if known.namespaced && namespace.is_empty() {
        let problem = "the server could not find the requested resource";
        return Err(failed(format!("{kind}/{name} namespace not specified: {problem}")));
    }
    let key = Key::new(&known, &namespace, &name);
    let dry_run =
        |refusal: Refusal| failed(format!("{} dry-run failed ({}): {refusal}", place(&known, &key), refusal.reason));
    permitted(store, user, &known, &key, "patch").map_err(dry_run)?;
    if store.get(&key).is_none() {
        permitted(store, user, &known, &key, "create").map_err(dry_run)?;
    }
    refuse_escalation(store, user, &known, &namespace, &object).map_err(dry_run)?;
    crate::sandbox::cluster::store::json::map_of(&mut object).remove("status");
    store.apply(&known, &key, Apply { manager: MANAGER, part: Part::Main, fields: object }).map_err(dry_run)?;
    let id = format!("{}_{name}_{}_{kind}", key.namespace, known.group);
    let version = api_version.rsplit('/').next().unwrap_or_default();
    Ok(json!({"id": id, "v": version}))
}

fn permitted(store: &Store, user: &User, kind: &Kind, key: &Key, verb: &str) -> Result<(), Refusal> {
    let namespace = if kind.kind == "Namespace" { &key.name } else { &key.namespace };
    let action = Action { verb, group: &kind.group, resource: &kind.plural, namespace, name: &key.name };
    if allows(store, user, action) {
        return Ok(());
    }
    Err(Refusal::forbidden(kind, &key.name, &action.refused(user)))
}

/// `Kind/namespace/name`, as Flux writes it.
fn place(kind: &Kind, key: &Key) -> String {
    if key.namespace.is_empty() {
        format!("{}/{}", kind.kind, key.name)
    } else {
        format!("{}/{}/{}", kind.kind, key.namespace, key.name)
    }
}

/// The object of an inventory entry: `<namespace>_<name>_<group>_<kind>`.
fn locate(store: &Store, entry: &Value) -> Option<(Kind, Key)> {
    let mut parts = text(entry, "/id").split('_');
    let (namespace, name, group, kind) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let known = store.kinds.iter().find(|known| known.group == group && known.kind == kind)?.clone();
    let key = Key::new(&known, namespace, name);
    Some((known, key))
}
