use imbl::OrdSet;

use crate::names::RepoPath;

/// Which paths belong to which key, kept in a persistent set: a copy costs nothing, a change costs
/// the logarithm of the size, and a key with one path (the usual case) costs one entry.
#[derive(Debug, Clone)]
pub(super) struct Relation<K: Ord + Clone>(OrdSet<(K, Option<RepoPath>)>);

impl<K: Ord + Clone> Default for Relation<K> {
    fn default() -> Self {
        Self(OrdSet::new())
    }
}

impl<K: Ord + Clone> Relation<K> {
    /// Adds a path to a key, or takes it away.
    pub(super) fn set(&mut self, key: K, path: &RepoPath, present: bool) {
        let pair = (key, Some(path.clone()));
        if present {
            self.0.insert(pair);
        } else {
            self.0.remove(&pair);
        }
    }

    /// The paths of a key, in their order.
    pub(super) fn get(&self, key: K) -> impl Iterator<Item = &RepoPath> {
        // `None` sorts before every path.
        let first: (K, Option<RepoPath>) = (key, None);
        let from_here = self.0.range::<_, (K, Option<RepoPath>)>(&first..);
        from_here.take_while(move |(found, _)| *found == first.0).filter_map(|(_, path)| path.as_ref())
    }
}
