//! Flux, played for real: sources are fetched from Git repositories, Kustomizations are built with
//! kustomize and applied with the rights of their service account. Reasons and messages follow
//! source-controller and kustomize-controller (API version v1).

mod apply;
mod build;
mod condition;
mod credentials;
mod due;
mod export;
mod finalize;
mod source;
mod sync;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use self::due::Attempt;
use super::store::json::{list, text};
use super::store::{Key, Kind, Part};
use super::{Options, Shared};
use crate::names::PublicKey;
use crate::render::Renderer;

/// How often one call of [`Flux::reconcile_once`] goes round before it gives up on coming to rest.
const ROUNDS: usize = 50;
/// The finalizer of Flux's controllers.
const FINALIZER: &str = "finalizers.fluxcd.io";

/// Where Flux fetches from.
#[async_trait::async_trait]
pub trait GitServer: Send + Sync {
    /// The bare repository behind `url` on this machine, for somebody who shows `key` (`None`: nobody).
    ///
    /// # Errors
    /// Why access is refused, in the words of a Git server: unknown repository, key not registered.
    async fn bare_repository(&self, url: &str, key: Option<&PublicKey>) -> Result<PathBuf, String>;
}

/// What makes an attempt the same as the last one: nothing new for it.
type Situation = String;

/// The controllers.
pub(super) struct Flux {
    shared: Arc<Shared>,
    git_server: Arc<dyn GitServer>,
    renderer: Renderer,
    lockdown: bool,
    home: TempDir,
    /// The last attempt of each object (by uid). Also keeps two runs apart.
    attempts: tokio::sync::Mutex<HashMap<String, Attempt>>,
}

/// One object that a controller looks at.
pub(super) struct Subject {
    kind: Kind,
    key: Key,
    object: Arc<Value>,
}

impl Subject {
    fn uid(&self) -> &str {
        text(&self.object, "/metadata/uid")
    }
}

impl Flux {
    pub(super) fn new(shared: Arc<Shared>, options: &Options) -> std::io::Result<Self> {
        Ok(Self {
            shared,
            git_server: Arc::clone(&options.git_server),
            renderer: options.renderer.clone(),
            lockdown: options.lockdown,
            home: TempDir::new()?,
            attempts: tokio::sync::Mutex::default(),
        })
    }

    /// The controllers' own directory.
    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Works off everything that is due. An object whose situation stays the same is attempted once.
    pub(super) async fn reconcile_once(&self) {
        let mut attempts = self.attempts.lock().await;
        let mut done: HashSet<Situation> = HashSet::new();
        for _ in 0..ROUNDS {
            if self.shared.faults.is_paused() {
                return;
            }
            let mut worked = false;
            for kind in ["GitRepository", "Kustomization"] {
                for subject in self.subjects(kind) {
                    let now = self.shared.clock.now();
                    let last = attempts.get(subject.uid());
                    let Some(situation) = self.due(&subject, last, now) else { continue };
                    if !done.insert(situation.clone()) {
                        continue;
                    }
                    attempts.insert(subject.uid().to_owned(), Attempt { at: now, situation });
                    self.reconcile(&subject).await;
                    worked = true;
                }
            }
            if !worked {
                return;
            }
        }
        tracing::warn!("the sandbox's Flux did not come to rest: objects keep changing each other");
    }

    async fn reconcile(&self, subject: &Subject) {
        if subject.object.pointer("/metadata/deletionTimestamp").is_some() {
            return self.finalize(subject);
        }
        self.keep(subject);
        match subject.kind.kind.as_str() {
            "GitRepository" => self.reconcile_source(subject).await,
            _ => self.reconcile_sync(subject).await,
        }
    }

    /// All objects of a Flux kind.
    fn subjects(&self, kind: &str) -> Vec<Subject> {
        self.shared.store(|store| {
            let flux = |known: &&Kind| known.kind == kind && known.group.ends_with(".toolkit.fluxcd.io");
            let Some(kind) = store.kinds.iter().find(flux).cloned() else { return Vec::new() };
            let all = store.all(&kind, "").map(|(key, object)| (key.clone(), Arc::clone(object)));
            all.map(|(key, object)| Subject { kind: kind.clone(), key, object }).collect()
        })
    }

    /// Puts our finalizer on the object, so that its end is noticed.
    fn keep(&self, subject: &Subject) {
        if list(&subject.object, "/metadata/finalizers").iter().any(|finalizer| finalizer == FINALIZER) {
            return;
        }
        self.change(subject, Part::Main, |object| object["metadata"]["finalizers"] = serde_json::json!([FINALIZER]));
    }

    /// Changes the present state of an object; nothing where it is gone meanwhile.
    fn change(&self, subject: &Subject, part: Part, change: impl FnOnce(&mut Value)) {
        self.shared.store(|store| {
            let Some(current) = store.get(&subject.key).cloned() else { return };
            let mut object = Value::clone(&current);
            change(&mut object);
            if let Err(refusal) = store.replace(&subject.kind, &subject.key, part, object) {
                tracing::warn!(
                    object.name = subject.key.name,
                    "the sandbox's Flux could not write a status: {refusal}"
                );
            }
        });
    }
}

/// A duration as Go writes it, such as `1m30s`; `None` where it is not one.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let seconds = match &rest[digits..unit_end] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(number * seconds).ok()?;
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        let seconds = |text| duration(text).map(|time| time.as_secs_f64());
        assert_eq!(seconds("1m30s"), Some(90.0));
        assert_eq!(seconds("1.5h"), Some(5400.0));
        assert_eq!(seconds("500ms"), Some(0.5));
        for bad in ["", "5", "m", "1d", "-1m", "1m 2s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
