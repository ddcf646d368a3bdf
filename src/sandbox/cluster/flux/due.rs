//! When an object is due: its spec is new, somebody asked, its source moved on, its time has come,
//! or the last attempt failed.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Flux, Situation, Subject, duration};
use crate::sandbox::cluster::store::json::{list, number, text};

pub(super) const REQUESTED_AT: &str = "/metadata/annotations/reconcile.fluxcd.io~1requestedAt";

impl Flux {
    /// The situation of an object that is due now, `None` where it is not. `last` is when it was attempted last.
    pub(super) fn due(&self, subject: &Subject, last: Option<Timestamp>, now: Timestamp) -> Option<Situation> {
        let object = &subject.object;
        let deleted = object.pointer("/metadata/deletionTimestamp").is_some();
        if object["spec"]["suspend"] == true && !deleted {
            return None;
        }
        let (generation, observed) =
            (number(object, "/metadata/generation"), number(object, "/status/observedGeneration"));
        let requested = text(object, REQUESTED_AT);
        let asked = !requested.is_empty() && requested != text(object, "/status/lastHandledReconcileAt");
        let source = self.source_revision(object);
        let moved = !source.is_empty() && source != text(object, "/status/lastAppliedRevision");
        let failed = !is_ready(object);
        let interval = duration(text(object, "/spec/interval")).unwrap_or(Duration::MAX);
        let elapsed = last.is_none_or(|last| {
            let since = Duration::try_from(now.duration_since(last)).unwrap_or_default();
            since >= interval
        });
        let due = deleted || asked || moved || failed || elapsed || generation != observed;
        due.then(|| {
            let dependencies = self.dependencies(object);
            format!("{} {deleted} {generation} {requested} {source} {dependencies}", subject.uid())
        })
    }

    /// The revision of the source that a Kustomization names; empty for other kinds.
    fn source_revision(&self, object: &Value) -> String {
        let (kind, name) = (text(object, "/spec/sourceRef/kind"), text(object, "/spec/sourceRef/name"));
        if name.is_empty() {
            return String::new();
        }
        let namespace = super::sync::source_namespace(object);
        self.shared.store(|store| {
            let source = store.find(kind, namespace, name);
            source.map(|source| text(source, "/status/artifact/revision").to_owned()).unwrap_or_default()
        })
    }

    /// What the dependencies have applied, so that their success makes an object due again.
    fn dependencies(&self, object: &Value) -> String {
        let own = text(object, "/metadata/namespace");
        self.shared.store(|store| {
            let states = list(object, "/spec/dependsOn").iter().map(|dependency| {
                let namespace = Some(text(dependency, "/namespace")).filter(|text| !text.is_empty()).unwrap_or(own);
                let found = store.find("Kustomization", namespace, text(dependency, "/name"));
                found
                    .filter(|found| is_ready(found))
                    .map_or("", |found| text(found, "/status/lastAppliedRevision"))
                    .to_owned()
            });
            states.collect::<Vec<_>>().join(",")
        })
    }
}

/// Whether the object's last attempt succeeded.
pub(super) fn is_ready(object: &Value) -> bool {
    let ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    list(object, "/status/conditions").iter().any(ready)
}
