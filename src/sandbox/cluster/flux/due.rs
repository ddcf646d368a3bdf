//! When an object is due: its spec is new, somebody asked, its source or a dependency moved on, or its
//! time has come. After a failure a Kustomization waits for its retry interval, or for its interval
//! where it has none; one that is stalled is not tried again before something has changed.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Flux, Situation, Subject, duration};
use crate::sandbox::cluster::store::json::{list, number, text};

pub(super) const REQUESTED_AT: &str = "/metadata/annotations/reconcile.fluxcd.io~1requestedAt";
/// How long a Kustomization waits for what it depends on (kustomize-controller, `--requeue-dependency`).
const REQUEUE_DEPENDENCY: Duration = Duration::from_secs(30);

/// One attempt.
pub(super) struct Attempt {
    pub(super) at: Timestamp,
    /// What it was made for.
    pub(super) situation: Situation,
}

impl Flux {
    /// The situation of an object that is due now, `None` where it is not. `last` is the attempt before.
    pub(super) fn due(&self, subject: &Subject, last: Option<&Attempt>, now: Timestamp) -> Option<Situation> {
        let object = &subject.object;
        let deleted = object.pointer("/metadata/deletionTimestamp").is_some();
        if object["spec"]["suspend"] == true && !deleted {
            return None;
        }
        let (generation, requested) = (number(object, "/metadata/generation"), text(object, REQUESTED_AT));
        let (source, dependencies) = (self.source_revision(object), self.dependencies(object));
        let situation = format!("{} {deleted} {generation} {requested} {source} {dependencies}", subject.uid());
        let same = last.filter(|last| last.situation == situation);
        let due = same.is_none_or(|last| {
            let since = Duration::try_from(now.duration_since(last.at)).unwrap_or_default();
            deleted || since >= patience(subject)
        });
        due.then_some(situation)
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

/// How long the outcome of the last attempt lets an object rest.
fn patience(subject: &Subject) -> Duration {
    let object = &subject.object;
    let time = |field: &str| duration(text(object, field));
    let interval = time("/spec/interval").unwrap_or(Duration::MAX);
    if condition(object, "Stalled").is_some_and(|stalled| stalled["status"] == "True") {
        return Duration::MAX;
    }
    match condition(object, "Ready").map(|ready| (text(ready, "/status"), text(ready, "/reason"))) {
        Some(("True", _)) => interval,
        // A source is tried again with a growing pause, which begins below a second: here at every look.
        Some(("False", _)) if subject.kind.kind == "GitRepository" => Duration::ZERO,
        Some(("False", "DependencyNotReady")) => REQUEUE_DEPENDENCY,
        Some(("False", _)) => time("/spec/retryInterval").unwrap_or(interval),
        // Not finished.
        _ => Duration::ZERO,
    }
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|condition| condition["type"] == kind)
}

/// Whether the object's last attempt succeeded.
pub(super) fn is_ready(object: &Value) -> bool {
    condition(object, "Ready").is_some_and(|ready| ready["status"] == "True")
}
