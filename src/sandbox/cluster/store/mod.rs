//! The cluster's memory: objects of any known kind, their versions, and the log that watches read.

mod admission;
pub(crate) mod definition;
mod escalation;
mod hooks;
pub(crate) mod json;
pub(crate) mod kinds;
pub(crate) mod rbac;
pub(crate) mod refusal;
mod write;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

pub(crate) use self::escalation::refuse_escalation;
pub(crate) use self::kinds::{Kind, Kinds};
pub(crate) use self::refusal::Refusal;
pub(crate) use self::write::{Apply, Part};
use crate::clock::{Clock, Entropy};

/// How many changes a watch may lie behind before it gets `410 Gone`.
const LOG: usize = 10_000;

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) group: String,
    pub(crate) plural: String,
    /// Empty for what is not in a namespace.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(kind: &Kind, namespace: &str, name: &str) -> Self {
        Self {
            group: kind.group.clone(),
            plural: kind.plural.clone(),
            namespace: if kind.namespaced { namespace.to_owned() } else { String::new() },
            name: name.to_owned(),
        }
    }

    pub(crate) fn is_of(&self, kind: &Kind) -> bool {
        self.group == kind.group && self.plural == kind.plural
    }
}

/// One entry of the log.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) key: Key,
    /// The object before; `None` where it was made.
    pub(crate) before: Option<Arc<Value>>,
    /// The object after; `None` where it is gone.
    pub(crate) after: Option<Arc<Value>>,
}

/// All objects. A clone is cheap enough to try a change out on.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    pub(crate) kinds: Kinds,
    objects: BTreeMap<Key, Arc<Value>>,
    /// What each field manager applied last.
    applied: BTreeMap<(Key, String), Value>,
    revision: u64,
    log: VecDeque<Change>,
    /// Watches have to start here or later.
    oldest: u64,
    /// Whether Deployments never become available (a fault).
    pub(crate) unhealthy: bool,
}

impl Store {
    pub(crate) fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            clock,
            entropy,
            kinds: Kinds::built_in(),
            objects: BTreeMap::new(),
            applied: BTreeMap::new(),
            revision: 1,
            log: VecDeque::new(),
            oldest: 0,
            unhealthy: false,
        }
    }

    /// A random id.
    pub(crate) fn uuid(&self) -> String {
        self.entropy.uuid()
    }

    /// The last version that was given out.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// An object by its manifest's words, in whatever version.
    pub(crate) fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        let mut candidates = self.kinds.iter().filter(|known| known.kind == kind);
        candidates.find_map(|known| self.get(&Key::new(known, namespace, name)))
    }

    /// All objects of a kind in order; of one namespace where one is named.
    pub(crate) fn all<'a>(
        &'a self,
        kind: &'a Kind,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> + 'a {
        let first = Key {
            group: kind.group.clone(),
            plural: kind.plural.clone(),
            namespace: namespace.to_owned(),
            name: String::new(),
        };
        self.objects
            .range(first..)
            .take_while(|(key, _)| key.is_of(kind))
            .filter(move |(key, _)| namespace.is_empty() || key.namespace == namespace)
    }

    /// The objects of the kind with this name (such as `RoleBinding`) anywhere in the cluster.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<Arc<Value>> {
        let known = self.kinds.iter().filter(|known| known.kind == kind);
        known.flat_map(|known| self.all(known, "").map(|(_, object)| Arc::clone(object))).collect()
    }

    /// The changes after `revision`.
    ///
    /// # Errors
    /// `410 Expired` where the log no longer reaches back so far.
    pub(crate) fn changes_after(&self, revision: u64) -> Result<impl Iterator<Item = &Change>, Refusal> {
        if revision < self.oldest {
            return Err(Refusal::expired(revision, self.oldest));
        }
        Ok(self.log.iter().filter(move |change| change.revision > revision))
    }

    /// Forgets the log, as a compaction does: watches that lie behind get `410 Gone`.
    pub(crate) fn compact(&mut self) {
        self.revision += 1;
        self.oldest = self.revision;
        self.log.clear();
    }

    /// Records a change under the revision that was drawn for it.
    fn record(&mut self, key: Key, after: Option<Arc<Value>>) {
        let before = match &after {
            Some(object) => self.objects.insert(key.clone(), Arc::clone(object)),
            None => self.objects.remove(&key),
        };
        if self.log.len() == LOG {
            self.oldest = self.log.pop_front().map_or(self.oldest, |change| change.revision);
        }
        self.log.push_back(Change { revision: self.revision, key, before, after });
    }
}
