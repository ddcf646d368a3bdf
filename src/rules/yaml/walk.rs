//! Through all scalars of a tree, each with its place.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::manifest::Node;
use crate::rules::shown;

/// A scalar and where it stands.
pub(super) struct Place<'a> {
    /// The scalar.
    pub(super) node: &'a Node,
    /// Whether it is a key.
    pub(super) is_key: bool,
    /// The key of the value, or of the list that it is an item of; its own text for a key, and empty at the root.
    pub(super) name: &'a str,
    path: &'a [&'a str],
    above: u64,
}

impl Place<'_> {
    /// The keys that lead here; items of lists add none.
    pub(super) const fn keys(&self) -> &[&str] {
        self.path
    }

    /// The keys that lead here, joined by dots.
    pub(super) fn field(&self) -> String {
        shown(&self.path.iter().map(|key| key.get(..SHORT).unwrap_or(key)).collect::<Vec<_>>().join("."))
    }

    /// A number for what stands where: the same for the same text under the same keys.
    pub(super) fn mark(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.above, self.is_key, self.node.text()).hash(&mut hasher);
        hasher.finish()
    }
}

/// No field of Kubernetes has a longer name.
const SHORT: usize = 100;

/// How often something stood there.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<u64, usize>);

impl Seen {
    /// One more.
    pub(super) fn add(&mut self, mark: u64) {
        *self.0.entry(mark).or_default() += 1;
    }

    /// One less, where there is any.
    pub(super) fn take(&mut self, mark: u64) -> bool {
        match self.0.get_mut(&mark) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }
}

/// Calls for every scalar below a node, in the order in which they stand. The depth is that of the tree, which the
/// reader bounds.
pub(super) fn each_scalar<'a>(root: &'a Node, call: &mut dyn FnMut(&Place<'_>)) {
    let mut walk = Walk::<'a, '_> { path: Vec::new(), call };
    walk.node(root, 0);
}

struct Walk<'a, 'b> {
    path: Vec<&'a str>,
    call: &'b mut dyn FnMut(&Place<'_>),
}

impl<'a> Walk<'a, '_> {
    /// `above` is a number for the keys that lead here.
    fn node(&mut self, node: &'a Node, above: u64) {
        for item in node.items() {
            self.node(item, above);
        }
        for (key, value) in node.entries() {
            let text = key.text().unwrap_or_default();
            self.path.push(text);
            self.scalar(key, true, above);
            let mut hasher = DefaultHasher::new();
            (above, text).hash(&mut hasher);
            self.node(value, hasher.finish());
            self.path.pop();
        }
        self.scalar(node, false, above);
    }

    fn scalar(&mut self, node: &Node, is_key: bool, above: u64) {
        if node.text().is_some() {
            let name = self.path.last().copied().unwrap_or_default();
            (self.call)(&Place { node, is_key, name, path: &self.path, above });
        }
    }
}
