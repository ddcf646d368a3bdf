//! The order in which Kustomizations come to their turn: `spec.dependsOn`.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::{ObjectRef, SyncState as Kustomization};

/// Kustomizations by name, with what each waits for among them.
pub(super) struct Order<'a> {
    all: BTreeMap<&'a ObjectRef, &'a Kustomization>,
}

impl<'a> Order<'a> {
    pub(super) fn of(kustomizations: &'a [Kustomization]) -> Self {
        Self { all: kustomizations.iter().map(|one| (&one.object, one)).collect() }
    }

    /// What is waited for first; by name where the order says nothing.
    pub(super) fn sorted(&self) -> Vec<&'a Kustomization> {
        let mut depths = BTreeMap::new();
        for object in self.all.keys() {
            self.depth(object, &mut depths, &mut BTreeSet::new());
        }
        let mut sorted: Vec<&Kustomization> = self.all.values().copied().collect();
        sorted.sort_by_key(|one| (depths.get(&one.object).copied().unwrap_or_default(), &one.object));
        sorted
    }

    /// How many stand before an object. A circle is cut where it closes.
    fn depth(
        &self,
        object: &'a ObjectRef,
        depths: &mut BTreeMap<&'a ObjectRef, usize>,
        above: &mut BTreeSet<&'a ObjectRef>,
    ) -> usize {
        if let Some(depth) = depths.get(object) {
            return *depth;
        }
        if !above.insert(object) {
            return 0;
        }
        let before = self.before(object).map(|on| self.depth(on, depths, above) + 1);
        let depth = before.max().unwrap_or(0);
        above.remove(object);
        depths.insert(object, depth);
        depth
    }

    /// What an object waits for, among these.
    fn before(&self, object: &ObjectRef) -> impl Iterator<Item = &'a ObjectRef> {
        let own = self.all.get(object).map(|one| one.depends_on.as_slice()).unwrap_or_default();
        own.iter().filter(|on| self.all.contains_key(on))
    }

    /// Whether an object waits for another one, directly or through others.
    pub(super) fn depends(&self, object: &ObjectRef, on: &ObjectRef) -> bool {
        self.way(object, on).is_some()
    }

    /// The circle that an object is part of: it waits for itself.
    pub(super) fn circle(&self, object: &ObjectRef) -> Option<Vec<&'a ObjectRef>> {
        let mut way = vec![*self.all.get_key_value(object)?.0];
        way.extend(self.way(object, object)?);
        Some(way)
    }

    /// What stands between an object and one that it waits for, which is the last.
    fn way(&self, from: &ObjectRef, to: &ObjectRef) -> Option<Vec<&'a ObjectRef>> {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<Vec<&'a ObjectRef>> = self.before(from).map(|on| vec![on]).collect();
        while let Some(way) = waiting.pop() {
            let last = *way.last()?;
            if last == to {
                return Some(way);
            }
            if seen.insert(last) {
                waiting.extend(self.before(last).map(|on| [way.as_slice(), &[on]].concat()));
            }
        }
        None
    }
}
