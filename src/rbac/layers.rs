//! What is known of a cluster, in layers: what every cluster has, the tree, and what a change puts over it.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::index::{Index, address};
use super::{Binding, Key, Object, ObjectId, Role, Scope, Subject};

/// The names of what may differ from the layer below.
#[derive(Debug, Clone, Default)]
pub(super) struct Touched {
    pub(super) roles: BTreeSet<Key>,
    pub(super) bindings: BTreeSet<Key>,
}

impl Touched {
    fn add(&mut self, id: ObjectId) {
        match id {
            ObjectId::Role(key, _) => self.roles.insert(key),
            ObjectId::Binding(key, _) => self.bindings.insert(key),
        };
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.roles.extend(other.roles.iter().cloned());
        self.bindings.extend(other.bindings.iter().cloned());
    }
}

/// The layers. Of what every cluster has, the tree's object of the same name replaces that.
#[derive(Debug, Clone)]
pub(super) struct Layers {
    pub(super) known: Arc<Index>,
    pub(super) base: Arc<Index>,
    over: Arc<Index>,
    /// Objects of the base that are not there any more.
    gone: Arc<HashSet<usize>>,
    pub(super) touched: Arc<Touched>,
}

impl Layers {
    pub(super) fn new(known: Arc<Index>, objects: impl IntoIterator<Item = Object>) -> Self {
        let mut base = Index::default();
        objects.into_iter().for_each(|object| base.add(object));
        Self::flat(known, base)
    }

    fn flat(known: Arc<Index>, base: Index) -> Self {
        Self { known, base: Arc::new(base), over: Arc::default(), gone: Arc::default(), touched: Arc::default() }
    }

    /// The layers with a change put over them. What the change costs depends on it and on earlier ones.
    pub(super) fn changed(&self, removed: &[ObjectId], added: Vec<Object>) -> Self {
        let mut touched = Touched::clone(&self.touched);
        let (mut gone, mut dropped) = (HashSet::clone(&self.gone), HashSet::new());
        for id in removed {
            gone.extend(self.base.addresses(id));
            dropped.extend(self.over.addresses(id));
            touched.add(id.clone());
        }
        let mut over = Index::clone(&self.over);
        if !dropped.is_empty() {
            over = over.without(&dropped);
        }
        for object in added {
            touched.add(object.id());
            over.add(object);
        }
        let (over, gone, touched) = (Arc::new(over), Arc::new(gone), Arc::new(touched));
        Self { known: self.known.clone(), base: self.base.clone(), over, gone, touched }.settled()
    }

    /// The same in one layer, where so much has changed that looking into two does not pay.
    fn settled(self) -> Self {
        if self.over.len + self.gone.len() <= 256 + self.base.len / 4 {
            return self;
        }
        let mut base = self.base.without(&self.gone);
        self.over.roles.values().flatten().for_each(|role| base.add_role(role.clone()));
        self.over.bindings.values().flatten().for_each(|binding| base.add_binding(binding.clone()));
        Self::flat(self.known, base)
    }

    /// The bindings of the tree, in the order of their names.
    pub(super) fn bindings_of_tree(&self) -> impl Iterator<Item = &Arc<Binding>> {
        let is_there = |binding: &&Arc<Binding>| !self.gone.contains(&address(binding));
        let base = self.base.bindings.values().flatten().filter(is_there);
        self.over.bindings.values().flatten().chain(base)
    }

    /// One list of each layer: of what a change put there, of the base, and of what every cluster has.
    fn lists<'a, T>(&'a self, pick: impl Fn(&'a Index) -> Option<&'a Vec<Arc<T>>>) -> [&'a [Arc<T>]; 3] {
        [&*self.over, &*self.base, &*self.known].map(|index| pick(index).map_or(&[][..], Vec::as_slice))
    }

    /// What is there of the tree, and what is known besides.
    fn there<'a, T>(&'a self, lists: [&'a [Arc<T>]; 3]) -> (impl Iterator<Item = &'a Arc<T>>, &'a [Arc<T>]) {
        let [over, base, known] = lists;
        let is_gone = |object: &Arc<T>| !self.gone.is_empty() && self.gone.contains(&address(object));
        (over.iter().chain(base.iter().filter(move |object| !is_gone(object))), known)
    }

    fn roles<'a>(&'a self, lists: [&'a [Arc<Role>]; 3]) -> impl Iterator<Item = &'a Arc<Role>> {
        let (tree, known) = self.there(lists);
        let has = |key: &Key| self.there(self.lists(|index| index.roles.get(key))).0.next().is_some();
        tree.chain(known.iter().filter(move |role| !has(&role.key)))
    }

    fn bindings<'a>(&'a self, lists: [&'a [Arc<Binding>]; 3]) -> Vec<&'a Arc<Binding>> {
        let (tree, known) = self.there(lists);
        let has = |key: &Key| self.there(self.lists(|index| index.bindings.get(key))).0.next().is_some();
        let mut found: Vec<_> = tree.chain(known.iter().filter(|binding| !has(&binding.key))).collect();
        found.sort_by(|a, b| (&a.key, a.origin).cmp(&(&b.key, b.origin)));
        found
    }

    /// Every role of a name: several where the tree has several.
    pub(super) fn roles_at(&self, key: &Key) -> Vec<&Arc<Role>> {
        let mut found: Vec<_> = self.roles(self.lists(|index| index.roles.get(key))).collect();
        found.sort_by_key(|role| role.origin);
        found
    }

    /// Every binding of a name.
    pub(super) fn bindings_at(&self, key: &Key) -> Vec<&Arc<Binding>> {
        self.bindings(self.lists(|index| index.bindings.get(key)))
    }

    /// The bindings that give a role.
    pub(super) fn giving(&self, role: &Key) -> Vec<&Arc<Binding>> {
        self.bindings(self.lists(|index| index.by_role.get(role)))
    }

    /// The bindings that give a subject something in just a scope.
    pub(super) fn held(&self, subject: &Subject, scope: &Scope) -> Vec<&Arc<Binding>> {
        self.bindings(self.lists(|index| index.by_subject.get(subject)?.get(scope)))
    }

    /// The bindings of just a scope.
    pub(super) fn in_scope(&self, scope: &Scope) -> Vec<&Arc<Binding>> {
        self.bindings(self.lists(|index| index.by_scope.get(scope)))
    }

    /// The ClusterRoles with a value of a label.
    pub(super) fn labelled(&self, key: &str, value: &str) -> impl Iterator<Item = &Arc<Role>> + use<'_> {
        self.roles(self.lists(|index| index.by_label.get(key)?.get(value)))
    }

    /// How many those are at most.
    pub(super) fn count_labelled(&self, key: &str, value: &str) -> usize {
        self.lists(|index| index.by_label.get(key)?.get(value)).map(<[_]>::len).iter().sum()
    }

    /// All ClusterRoles.
    pub(super) fn cluster_roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        let keys = |index: &'_ Index| -> Vec<Key> {
            index.roles.keys().take_while(|key| key.scope == Scope::Cluster).cloned().collect()
        };
        let keys: BTreeSet<_> = self.indexes().flat_map(keys).collect();
        keys.into_iter().flat_map(|key| self.roles_at(&key))
    }

    /// The names of the ClusterRoles of which one at least takes the rules of others.
    pub(super) fn aggregating(&self) -> BTreeSet<&str> {
        let names: BTreeSet<_> = self.indexes().flat_map(|index| index.aggregating.keys()).collect();
        let is_there =
            |name: &&String| self.roles_at(&Key::cluster(name)).iter().any(|role| role.aggregation.is_some());
        names.into_iter().filter(is_there).map(String::as_str).collect()
    }

    /// Every subject with every scope in which something gives it a role.
    pub(super) fn subjects(&self) -> BTreeSet<(&Subject, &Scope)> {
        let pairs = self.indexes().flat_map(|index| index.by_subject.iter());
        let pairs = pairs.flat_map(|(subject, scopes)| scopes.keys().map(move |scope| (subject, scope)));
        pairs.filter(|(subject, scope)| !self.held(subject, scope).is_empty()).collect()
    }

    /// Every name in any layer.
    pub(super) fn all_names(&self) -> Touched {
        let roles = self.indexes().flat_map(|index| index.roles.keys().cloned());
        let bindings = self.indexes().flat_map(|index| index.bindings.keys().cloned());
        Touched { roles: roles.collect(), bindings: bindings.collect() }
    }

    fn indexes(&self) -> impl Iterator<Item = &Index> {
        [&*self.over, &*self.base, &*self.known].into_iter()
    }
}
