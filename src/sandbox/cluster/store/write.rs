//! Making, changing and deleting objects: versions, generations, finalizers, the status apart.

use std::sync::Arc;

use serde_json::{Value, json};

use super::json::{apply, child, list, map_of, number, text};
use super::{Key, Kind, Refusal, Store, admission, hooks};

/// Which part of an object a change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything except the status, where the kind keeps it apart.
    Main,
    /// The status alone.
    Status,
}

/// A server-side apply.
#[derive(Debug, Clone)]
pub(crate) struct Apply<'a> {
    /// Who applies.
    pub(crate) manager: &'a str,
    /// Which part.
    pub(crate) part: Part,
    /// The fields.
    pub(crate) fields: Value,
}

/// Fields of `metadata` that only the server writes.
const SERVER_SIDE: [&str; 5] = ["uid", "creationTimestamp", "generation", "deletionTimestamp", "managedFields"];

impl Store {
    /// Makes an object in `namespace` (empty for kinds without).
    pub(crate) fn create(&mut self, kind: &Kind, namespace: &str, mut object: Value) -> Result<Arc<Value>, Refusal> {
        if text(&object, "/metadata/name").is_empty() && !text(&object, "/metadata/generateName").is_empty() {
            let uuid = self.entropy.uuid();
            let name = format!("{}{}", text(&object, "/metadata/generateName"), &uuid[..5]);
            child(&mut object, "metadata")["name"] = json!(name);
        }
        admission::normalise(kind, &mut object);
        admission::check(kind, &object)?;
        let name = text(&object, "/metadata/name").to_owned();
        if kind.namespaced {
            self.open_namespace(kind, namespace, &name)?;
        }
        let key = Key::new(kind, namespace, &name);
        if self.get(&key).is_some() {
            return Err(Refusal::already_exists(kind, &name));
        }
        if kind.status {
            map_of(&mut object).remove("status");
        }
        let now = self.clock.now();
        let uid = self.entropy.uuid();
        let metadata = map_of(child(&mut object, "metadata"));
        SERVER_SIDE.iter().for_each(|field| drop(metadata.remove(*field)));
        metadata.insert("uid".to_owned(), json!(uid));
        metadata.insert("creationTimestamp".to_owned(), json!(format!("{now:.0}")));
        if kind.namespaced {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        if kind.generation {
            metadata.insert("generation".to_owned(), json!(1));
        }
        Ok(self.put(kind, key, object))
    }

    /// Replaces one part of an object. With a `resourceVersion` in it, only if that is the present one.
    pub(crate) fn replace(
        &mut self,
        kind: &Kind,
        key: &Key,
        part: Part,
        mut object: Value,
    ) -> Result<Arc<Value>, Refusal> {
        let current = self.get(key).cloned().ok_or_else(|| Refusal::not_found(kind, &key.name))?;
        let version = text(&object, "/metadata/resourceVersion");
        if !version.is_empty() && version != text(&current, "/metadata/resourceVersion") {
            return Err(Refusal::conflict(kind, &key.name));
        }
        admission::normalise(kind, &mut object);
        let object = self.combine(kind, &current, part, object);
        if without_version(&object) == without_version(&current) {
            return Ok(current);
        }
        admission::check(kind, &object)?;
        admission::check_change(kind, &current, &object)?;
        let deleted = object.pointer("/metadata/deletionTimestamp").is_some();
        if deleted && list(&object, "/metadata/finalizers").is_empty() {
            self.remove(kind, key);
            return Ok(Arc::new(object));
        }
        Ok(self.put(kind, key.clone(), object))
    }

    /// A server-side apply: makes the object where it is missing, else merges the fields into it.
    pub(crate) fn apply(&mut self, kind: &Kind, key: &Key, change: Apply<'_>) -> Result<Arc<Value>, Refusal> {
        let slot = (key.clone(), change.manager.to_owned());
        let before = self.applied.get(&slot).cloned().unwrap_or(Value::Null);
        let done = match self.get(key).cloned() {
            None => self.create(kind, &key.namespace, change.fields.clone())?,
            Some(current) => {
                let mut object = Value::clone(&current);
                apply(&mut object, &before, &change.fields);
                self.replace(kind, key, change.part, object)?
            }
        };
        self.applied.insert(slot, change.fields);
        Ok(done)
    }

    /// Deletes an object; with finalizers it stays, marked, until the last one is taken away.
    pub(crate) fn delete(&mut self, kind: &Kind, key: &Key) -> Result<Arc<Value>, Refusal> {
        let current = self.get(key).cloned().ok_or_else(|| Refusal::not_found(kind, &key.name))?;
        if kind.kind == "Namespace" {
            return Ok(self.delete_namespace(kind, key, &current));
        }
        if list(&current, "/metadata/finalizers").is_empty() {
            self.remove(kind, key);
            return Ok(current);
        }
        if current.pointer("/metadata/deletionTimestamp").is_some() {
            return Ok(current);
        }
        Ok(self.mark_deleted(kind, key, &current))
    }

    fn mark_deleted(&mut self, kind: &Kind, key: &Key, current: &Value) -> Arc<Value> {
        let mut object = current.clone();
        let now = self.clock.now();
        child(&mut object, "metadata")["deletionTimestamp"] = json!(format!("{now:.0}"));
        if kind.kind == "Namespace" {
            child(&mut object, "status")["phase"] = json!("Terminating");
        }
        self.put(kind, key.clone(), object)
    }

    /// Empties a namespace first; what has finalizers keeps it `Terminating`.
    fn delete_namespace(&mut self, kind: &Kind, key: &Key, current: &Arc<Value>) -> Arc<Value> {
        let marked = if current.pointer("/metadata/deletionTimestamp").is_some() {
            Arc::clone(current)
        } else {
            self.mark_deleted(kind, key, current)
        };
        for inner in self.inside(&key.name) {
            if let Some(inner_kind) = self.kinds.by_plural(&inner.group, &inner.plural).cloned() {
                // It was listed above, and deleting cannot fail for another reason.
                drop(self.delete(&inner_kind, &inner));
            }
        }
        self.sweep(&key.name);
        marked
    }

    fn inside(&self, namespace: &str) -> Vec<Key> {
        self.objects.keys().filter(|key| key.namespace == namespace).cloned().collect()
    }

    /// Takes away a namespace that is being deleted and is empty by now.
    fn sweep(&mut self, namespace: &str) {
        let Some(kind) = self.kinds.by_plural("", "namespaces").cloned() else { return };
        let key = Key::new(&kind, "", namespace);
        let terminating = self.get(&key).is_some_and(|found| found.pointer("/metadata/deletionTimestamp").is_some());
        if terminating && self.inside(namespace).is_empty() {
            self.revision += 1;
            self.record(key, None);
        }
    }

    fn remove(&mut self, kind: &Kind, key: &Key) {
        let gone = self.get(key).cloned();
        self.revision += 1;
        self.record(key.clone(), None);
        self.applied.retain(|(applied, _), _| applied != key);
        if let Some(gone) = gone {
            hooks::after_removal(self, kind, &gone);
        }
        if !key.namespace.is_empty() {
            self.sweep(&key.namespace);
        }
    }

    /// Lays the new part over the present object.
    fn combine(&self, kind: &Kind, current: &Value, part: Part, mut object: Value) -> Value {
        if part == Part::Status {
            let mut combined = current.clone();
            map_of(&mut combined).insert("status".to_owned(), object["status"].take());
            return combined;
        }
        let metadata = map_of(child(&mut object, "metadata"));
        for field in SERVER_SIDE {
            match current.pointer(&format!("/metadata/{field}")) {
                Some(value) => metadata.insert(field.to_owned(), value.clone()),
                None => metadata.remove(field),
            };
        }
        if let Some(namespace) = current.pointer("/metadata/namespace") {
            metadata.insert("namespace".to_owned(), namespace.clone());
        }
        if kind.status {
            match current.get("status") {
                Some(status) => map_of(&mut object).insert("status".to_owned(), status.clone()),
                None => map_of(&mut object).remove("status"),
            };
        }
        if kind.generation && spec_of(&object) != spec_of(current) {
            let generation = number(current, "/metadata/generation") + 1;
            child(&mut object, "metadata")["generation"] = json!(generation);
        }
        object
    }

    /// Stores an object under a new version and lets the built-in controllers see it.
    fn put(&mut self, kind: &Kind, key: Key, mut object: Value) -> Arc<Value> {
        self.revision += 1;
        let now = format!("{:.0}", self.clock.now());
        hooks::before_write(kind, &mut object, &now, self.unhealthy);
        child(&mut object, "metadata")["resourceVersion"] = json!(self.revision.to_string());
        let object = Arc::new(object);
        self.record(key, Some(Arc::clone(&object)));
        hooks::after_write(self, kind, &object);
        object
    }

    /// Refuses to write into a namespace that is missing or on its way out.
    fn open_namespace(&self, kind: &Kind, namespace: &str, name: &str) -> Result<(), Refusal> {
        let found = self.find("Namespace", "", namespace).ok_or_else(|| Refusal::no_namespace(namespace))?;
        if found.pointer("/metadata/deletionTimestamp").is_none() {
            return Ok(());
        }
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        Err(Refusal::forbidden(kind, name, &why))
    }
}

/// What counts for the generation: everything but metadata and status.
fn spec_of(object: &Value) -> Vec<(&String, &Value)> {
    let fields = object.as_object().into_iter().flatten();
    let mut fields: Vec<_> =
        fields.filter(|(name, _)| !["metadata", "status", "apiVersion", "kind"].contains(&name.as_str())).collect();
    fields.sort_by_key(|(name, _)| *name);
    fields
}

fn without_version(object: &Value) -> Value {
    let mut object = object.clone();
    map_of(child(&mut object, "metadata")).remove("resourceVersion");
    object
}
