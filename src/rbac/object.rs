//! Roles and bindings as they are written.

use std::collections::BTreeSet;

use super::selector::{Labels, Selector};
use super::{PolicyRule, Subject};

/// Where something holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// In all namespaces, for what is in none, and for URLs.
    Cluster,
    /// In one namespace.
    Namespace(String),
}

impl Scope {
    /// The scope of a namespace; without one, the cluster.
    pub fn of(namespace: Option<&str>) -> Self {
        namespace.map_or(Self::Cluster, |namespace| Self::Namespace(namespace.to_owned()))
    }

    /// The namespace; `None` for the cluster.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Cluster => None,
            Self::Namespace(namespace) => Some(namespace),
        }
    }
}

/// What a role or a binding is called. Of roles, [`Scope::Cluster`] is a ClusterRole and another scope a Role; of
/// bindings likewise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Where it holds.
    pub scope: Scope,
    /// Its name.
    pub name: String,
}

impl Key {
    /// The key of a ClusterRole or a ClusterRoleBinding.
    pub fn cluster(name: &str) -> Self {
        Self { scope: Scope::Cluster, name: name.to_owned() }
    }

    /// The key of a Role or a RoleBinding.
    pub fn namespaced(namespace: &str, name: &str) -> Self {
        Self { scope: Scope::of(Some(namespace)), name: name.to_owned() }
    }
}

/// Where an object comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// From the repository; the number is the caller's, who finds file and line by it.
    Tree(u32),
    /// Every API server makes it.
    ApiServer,
    /// Flux's own installation has it.
    Flux,
}

/// A Role or a ClusterRole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// What it is called.
    pub key: Key,
    /// Its labels, by which aggregations find it.
    pub labels: Labels,
    /// `rules`.
    pub rules: Vec<PolicyRule>,
    /// `aggregationRule.clusterRoleSelectors`; `None` where there is no `aggregationRule`.
    pub aggregation: Option<Vec<Selector>>,
    /// Where it comes from.
    pub origin: Origin,
}

/// A RoleBinding or a ClusterRoleBinding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// What it is called.
    pub key: Key,
    /// The role that it gives.
    pub role: Key,
    /// Whom it gives the role to. In a [`super::World`] each once and in order.
    pub subjects: Vec<Subject>,
    /// Where it comes from.
    pub origin: Origin,
}

/// A role or a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// A Role or a ClusterRole.
    Role(Role),
    /// A RoleBinding or a ClusterRoleBinding.
    Binding(Binding),
}

/// Which object of the tree is meant, among several of one name as well.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectId {
    /// A role.
    Role(Key, Origin),
    /// A binding.
    Binding(Key, Origin),
}

impl Object {
    /// Which object it is.
    pub fn id(&self) -> ObjectId {
        match self {
            Self::Role(role) => ObjectId::Role(role.key.clone(), role.origin),
            Self::Binding(binding) => ObjectId::Binding(binding.key.clone(), binding.origin),
        }
    }
}

impl Role {
    /// Whether two roles say the same, in whatever order and wherever they are written.
    pub(super) fn says_as(&self, other: &Self) -> bool {
        let rules = |role: &Self| -> BTreeSet<_> { role.rules.iter().map(PolicyRule::sorted).collect() };
        self.labels == other.labels && self.aggregation == other.aggregation && rules(self) == rules(other)
    }
}

impl Binding {
    /// The binding of a role to subjects. `kind` is `roleRef.kind`: a `Role` is that of the binding's namespace,
    /// and none in a ClusterRoleBinding, where the API server refuses it.
    pub fn new(key: Key, (kind, role): (&str, &str), subjects: Vec<Subject>, origin: Origin) -> Self {
        let role = match kind {
            "ClusterRole" => Key::cluster(role),
            _ => Key::namespaced(key.scope.namespace().unwrap_or_default(), role),
        };
        Self { key, role, subjects, origin }
    }

    pub(super) fn says_as(&self, other: &Self) -> bool {
        self.role == other.role && self.subjects == other.subjects
    }
}
