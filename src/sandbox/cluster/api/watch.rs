//! Watches: one JSON object per line, until the time is up, the client goes, or a fault cuts it
//! (kubernetes.io, API concepts, "Efficient detection of changes").

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;

use super::list::{Selection, asked_revision, shown};
use super::path::Target;
use super::{Call, Refusal};
use crate::sandbox::cluster::Shared;
use crate::sandbox::cluster::store::{Change, Kind, Store};

/// How long a watch lasts that names no time (the real server draws 30 to 60 minutes).
const DEFAULT_TIME: Duration = Duration::from_secs(1800);
/// How often a watch that asked for bookmarks gets one.
const BOOKMARKS: Duration = Duration::from_secs(60);

/// What a watch stands on.
struct Watch {
    shared: Arc<Shared>,
    kind: Kind,
    version: String,
    selection: Selection,
    bookmarks: bool,
    /// The last revision that was looked at.
    revision: u64,
    waiting: VecDeque<Value>,
    changed: Receiver<u64>,
    cut: Receiver<u64>,
    end: tokio::time::Instant,
    over: bool,
}

pub(super) fn answer(shared: &Arc<Shared>, call: &Call, target: &Target, kind: &Kind) -> Result<Response, Refusal> {
    let selection = Selection::parse(&call.query, target)?;
    let asked = asked_revision(&call.query)?;
    let time = call.query.get("timeoutSeconds").and_then(|text| text.parse().ok());
    let time = time.filter(|seconds| *seconds > 0).map_or(DEFAULT_TIME, Duration::from_secs);
    let mut watch = Watch {
        shared: Arc::clone(shared),
        kind: kind.clone(),
        version: target.version.clone(),
        selection,
        bookmarks: call.query.is_true("allowWatchBookmarks"),
        revision: 0,
        waiting: VecDeque::new(),
        changed: shared.changes(),
        cut: shared.faults.cuts(),
        end: tokio::time::Instant::now() + time,
        over: false,
    };
    shared.store(|store| watch.start(store, asked, call.query.is_true("sendInitialEvents")));
    let lines = stream::unfold(watch, |mut watch| async move { watch.next().await.map(|line| (line, watch)) });
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(lines)).into_response())
}

impl Watch {
    fn start(&mut self, store: &Store, asked: Option<u64>, initial: bool) {
        let asked = asked.unwrap_or(0);
        if asked > store.revision() {
            let message = format!("Too large resource version: {asked}, current: {}", store.revision());
            return self.fail(&Refusal::new(504, "Timeout", message));
        }
        if asked > 0 && !initial {
            self.revision = asked;
            return self.read(store);
        }
        // Without a version the present objects come first.
        for (key, object) in store.all(&self.kind, "") {
            if self.selection.matches(key, object) {
                let event = json!({"type": "ADDED", "object": shown(&self.kind, &self.version, object)});
                self.waiting.push_back(event);
            }
        }
        self.revision = store.revision();
        if initial {
            let mut bookmark = self.bookmark();
            bookmark["object"]["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
            self.waiting.push_back(bookmark);
        }
    }

    /// Takes in what happened since the last look.
    fn read(&mut self, store: &Store) {
        match store.changes_after(self.revision) {
            Err(expired) => self.fail(&expired),
            Ok(changes) => {
                let events: Vec<Value> = changes.filter_map(|change| self.event(change)).collect();
                self.waiting.extend(events);
                self.revision = store.revision();
            }
        }
    }

    /// A change as this watch sees it: an object that no longer matches is gone for it.
    fn event(&self, change: &Change) -> Option<Value> {
        if !change.key.is_of(&self.kind) {
            return None;
        }
        let matching = |object: &&Arc<Value>| self.selection.matches(&change.key, object);
        let (before, after) = (change.before.as_ref().filter(matching), change.after.as_ref().filter(matching));
        let (kind, object) = match (before, after) {
            (None, Some(after)) => ("ADDED", after),
            (Some(_), Some(after)) => ("MODIFIED", after),
            (Some(before), None) => ("DELETED", before),
            (None, None) => return None,
        };
        let mut object = shown(&self.kind, &self.version, object);
        object["metadata"]["resourceVersion"] = json!(change.revision.to_string());
        Some(json!({"type": kind, "object": object}))
    }

    fn bookmark(&self) -> Value {
        json!({"type": "BOOKMARK", "object": {
            "kind": self.kind.kind, "apiVersion": self.kind.api_version(&self.version),
            "metadata": {"resourceVersion": self.revision.to_string()},
        }})
    }

    fn fail(&mut self, refusal: &Refusal) {
        self.waiting.push_back(json!({"type": "ERROR", "object": refusal.status()}));
        self.over = true;
    }

    /// The next line; `None` at the end, an error where the connection is to break.
    async fn next(&mut self) -> Option<Result<Bytes, std::io::Error>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(Ok(Bytes::from(format!("{event}\n"))));
            }
            if self.over {
                return None;
            }
            tokio::select! {
                changed = self.changed.changed() => {
                    // The cluster is gone with its sender.
                    changed.ok()?;
                    let shared = Arc::clone(&self.shared);
                    shared.store(|store| self.read(store));
                }
                _ = self.cut.changed() => {
                    self.over = true;
                    return Some(Err(std::io::Error::other("the watch was cut")));
                }
                () = tokio::time::sleep(BOOKMARKS), if self.bookmarks => {
                    let bookmark = self.bookmark();
                    self.waiting.push_back(bookmark);
                }
                () = tokio::time::sleep_until(self.end) => {
                    self.over = true;
                    if self.bookmarks {
                        let bookmark = self.bookmark();
                        self.waiting.push_back(bookmark);
                    }
                }
            }
        }
    }
}
