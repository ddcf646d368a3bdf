//! All roles and bindings of a cluster, as they would be.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::aggregation::{Aggregated, aggregate};
use super::layers::Layers;
use super::{Binding, Key, Object, ObjectId, Role, Scope, Subject, bootstrap};

/// What a cluster has besides what is in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    Nothing,
    /// What every API server makes ([`bootstrap`]).
    ApiServer,
    /// That, and what Flux's installation into `flux-system` has.
    ApiServerAndFlux,
}

/// The roles and bindings of a cluster. Objects of the tree replace those of the same name that the cluster has by
/// itself; where the tree has several of one name, which only one file may, all of them count.
#[derive(Debug, Clone)]
pub struct World {
    known: Known,
    pub(super) layers: Layers,
    pub(super) aggregated: Arc<Aggregated>,
}

/// What a role is made of.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    /// The roles whose rules it has: itself, or those that it aggregates.
    pub roles: Vec<&'a Role>,
    /// What is to be said about that.
    pub state: State,
}

/// How much is known of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// All of it.
    Whole,
    /// There is no such role.
    Missing,
    /// It aggregates more than is followed.
    TooLarge,
}

impl World {
    /// The world of a tree.
    pub fn new(known: Known, objects: impl IntoIterator<Item = Object>) -> Self {
        let objects = objects.into_iter().map(|object| settled(known, object));
        Self::of(known, Layers::new(bootstrap::index(known), objects))
    }

    fn of(known: Known, layers: Layers) -> Self {
        let aggregated = Arc::new(aggregate(&layers));
        Self { known, layers, aggregated }
    }

    /// The world after a change. It shares what does not change with this one, and costs as much as the change;
    /// after very many changes in a row, as much as a new world.
    pub fn changed(&self, removed: &[ObjectId], added: impl IntoIterator<Item = Object>) -> Self {
        let known = self.known;
        let added: Vec<_> = added.into_iter().map(|object| settled(known, object)).collect();
        let mut ids = removed.iter().cloned().chain(added.iter().map(Object::id));
        let roles_differ = ids.any(|id| matches!(id, ObjectId::Role(key, _) if key.scope == Scope::Cluster));
        let layers = self.layers.changed(removed, added);
        if roles_differ { Self::of(known, layers) } else { Self { known, layers, aggregated: self.aggregated.clone() } }
    }

    /// The roles of a name as they are written; several where the tree has several.
    pub fn roles(&self, key: &Key) -> Vec<&Role> {
        self.layers.roles_at(key).into_iter().map(|role| &**role).collect()
    }

    /// What a role is made of.
    pub fn parts(&self, key: &Key) -> Parts<'_> {
        if let Some(gathered) = self.gathered(key) {
            let state = if gathered.complete { State::Whole } else { State::TooLarge };
            return Parts { roles: gathered.roles.iter().map(|role| &**role).collect(), state };
        }
        let roles = self.roles(key);
        let state = if roles.is_empty() { State::Missing } else { State::Whole };
        Parts { roles, state }
    }

    fn gathered(&self, key: &Key) -> Option<&super::aggregation::Gathered> {
        if key.scope == Scope::Cluster { self.aggregated.get(&key.name) } else { None }
    }

    /// The bindings of a name.
    pub fn bindings(&self, key: &Key) -> Vec<&Binding> {
        self.layers.bindings_at(key).into_iter().map(|binding| &**binding).collect()
    }

    /// The bindings that give a role.
    pub fn bindings_of(&self, role: &Key) -> Vec<&Binding> {
        self.layers.giving(role).into_iter().map(|binding| &**binding).collect()
    }

    /// The bindings of the tree; not those that every cluster has.
    pub fn bindings_of_tree(&self) -> impl Iterator<Item = &Binding> {
        self.layers.bindings_of_tree().map(|binding| &**binding)
    }

    /// The bindings of just a scope that name a subject itself, not a group that it is in.
    pub fn held(&self, subject: &Subject, scope: &Scope) -> Vec<&Binding> {
        self.layers.held(subject, scope).into_iter().map(|binding| &**binding).collect()
    }

    /// The ClusterRoles that end up with rules that are written in a role.
    pub fn aggregated_into<'a>(&'a self, role: &'a Key) -> impl Iterator<Item = &'a str> {
        let takes = |gathered: &super::aggregation::Gathered| gathered.roles.iter().any(|part| part.key == *role);
        self.aggregated.iter().filter(move |(_, gathered)| takes(gathered)).map(|(name, _)| name.as_str())
    }

    /// The keys of the labels by which ClusterRoles take the rules of others.
    pub fn selecting_labels(&self) -> BTreeSet<&str> {
        let roles = self.layers.aggregating().into_iter().flat_map(|name| self.roles(&Key::cluster(name)));
        let selectors = roles.flat_map(|role| role.aggregation.iter().flatten());
        selectors
            .flat_map(|selector| {
                let asked = selector.expressions.iter().map(|requirement| requirement.key.as_str());
                selector.labels.keys().map(String::as_str).chain(asked)
            })
            .collect()
    }

    /// Every subject that a binding names, with every scope in which one does.
    pub fn subjects(&self) -> impl Iterator<Item = (&Subject, &Scope)> {
        self.layers.subjects().into_iter()
    }
}

/// An object as it is in the cluster once it is applied.
fn settled(known: Known, object: Object) -> Object {
    match object {
        Object::Role(role) if known != Known::Nothing => Object::Role(bootstrap::applied(role)),
        other => other,
    }
}

#[cfg(test)]
mod tests;
