//! Roles and bindings, found by what asks for them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::{Binding, Key, Object, ObjectId, Role, Scope, Subject};

type ByScope<T> = BTreeMap<Scope, Vec<Arc<T>>>;

/// A set of roles and bindings. Several may have one name: whoever reads them has to take them all.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    pub(super) roles: BTreeMap<Key, Vec<Arc<Role>>>,
    pub(super) bindings: BTreeMap<Key, Vec<Arc<Binding>>>,
    pub(super) by_role: HashMap<Key, Vec<Arc<Binding>>>,
    pub(super) by_subject: HashMap<Subject, ByScope<Binding>>,
    pub(super) by_scope: HashMap<Scope, Vec<Arc<Binding>>>,
    /// The ClusterRoles by the keys and values of their labels.
    pub(super) by_label: HashMap<String, BTreeMap<String, Vec<Arc<Role>>>>,
    pub(super) aggregating: BTreeMap<String, Vec<Arc<Role>>>,
    pub(super) len: usize,
}

impl Index {
    pub(super) fn add(&mut self, object: Object) {
        match object {
            Object::Role(role) => self.add_role(Arc::new(role)),
            Object::Binding(mut binding) => {
                let subjects = binding.subjects.into_iter().map(Subject::canonical);
                binding.subjects = subjects.collect();
                binding.subjects.sort_unstable();
                binding.subjects.dedup();
                self.add_binding(Arc::new(binding));
            }
        }
    }

    pub(super) fn add_role(&mut self, role: Arc<Role>) {
        self.len += 1;
        if role.key.scope == Scope::Cluster {
            for (key, value) in &role.labels {
                let values = self.by_label.entry(key.clone()).or_default();
                values.entry(value.clone()).or_default().push(role.clone());
            }
            if role.aggregation.is_some() {
                self.aggregating.entry(role.key.name.clone()).or_default().push(role.clone());
            }
        }
        self.roles.entry(role.key.clone()).or_default().push(role);
    }

    pub(super) fn add_binding(&mut self, binding: Arc<Binding>) {
        self.len += 1;
        let scope = &binding.key.scope;
        for subject in &binding.subjects {
            let scopes = self.by_subject.entry(subject.clone()).or_default();
            scopes.entry(scope.clone()).or_default().push(binding.clone());
        }
        self.by_role.entry(binding.role.clone()).or_default().push(binding.clone());
        self.by_scope.entry(scope.clone()).or_default().push(binding.clone());
        self.bindings.entry(binding.key.clone()).or_default().push(binding);
    }

    /// The same without some objects, known by their [`address`].
    pub(super) fn without(&self, gone: &HashSet<usize>) -> Self {
        let mut left = Self::default();
        for role in self.roles.values().flatten().filter(|role| !gone.contains(&address(role))) {
            left.add_role(role.clone());
        }
        for binding in self.bindings.values().flatten().filter(|binding| !gone.contains(&address(binding))) {
            left.add_binding(binding.clone());
        }
        left
    }

    /// The [`address`] of each object of an id.
    pub(super) fn addresses(&self, id: &ObjectId) -> Vec<usize> {
        match id {
            ObjectId::Role(key, origin) => {
                let roles = self.roles.get(key).into_iter().flatten();
                roles.filter(|role| role.origin == *origin).map(address).collect()
            }
            ObjectId::Binding(key, origin) => {
                let bindings = self.bindings.get(key).into_iter().flatten();
                bindings.filter(|binding| binding.origin == *origin).map(address).collect()
            }
        }
    }
}

/// Where an object is in memory, which tells it from all others as long as somebody holds it.
pub(super) fn address<T>(object: &Arc<T>) -> usize {
    Arc::as_ptr(object).addr()
}
