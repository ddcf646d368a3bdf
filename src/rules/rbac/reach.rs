//! How far a role's rights reach, and who has them already.

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::rbac::{Binding, Grant, Key, PolicyRule, Scope, Subject, World, effective, minus};
use crate::tenancy::is_system_namespace;

/// Where the rights of a role hold.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Whether that is the whole cluster: so it is bound, or it is a ClusterRole that is not bound at all and so
    /// can be.
    pub(super) is_wide: bool,
    /// Whether it is because a binding says so.
    is_bound_wide: bool,
    /// Whether the role is only added to `admin`, `edit` or `view`, which are meant for namespaces.
    is_for_namespaces: bool,
    /// Otherwise the namespaces.
    namespaces: BTreeSet<String>,
    ways: Vec<Way>,
}

/// One role through which somebody has the rights: the role itself, or one that takes its rules.
#[derive(Debug)]
struct Way {
    /// The role that takes the rules; `None` for the role itself.
    taker: Option<Key>,
    holders: Vec<(Subject, Scope)>,
}

/// What Kubernetes has for people in their namespaces.
const FOR_NAMESPACES: &[&str] = &["admin", "edit", "view"];

/// With how many subjects it is looked up what they had before. Where there are more, they count as new.
const MAXIMUM_HOLDERS: usize = 32;

/// How many rules of theirs are compared for it.
const MAXIMUM_RULES: usize = 2_000;

impl Reach {
    /// The reach of a role that is applied under some names.
    pub(super) fn of<'k>(world: &World, keys: impl Iterator<Item = &'k Key>) -> Self {
        let mut reach = Self::default();
        for key in keys {
            reach.add(world, key);
        }
        reach
    }

    /// The reach of what a binding gives.
    pub(super) fn of_binding(binding: &Binding) -> Self {
        let mut reach = Self::default();
        reach.take(&binding.key.scope);
        let holders = binding.subjects.iter().map(|subject| (subject.clone(), binding.key.scope.clone())).collect();
        reach.ways.push(Way { taker: None, holders });
        reach
    }

    fn add(&mut self, world: &World, key: &Key) {
        if let Some(namespace) = key.scope.namespace() {
            self.namespaces.insert(namespace.to_owned());
        }
        let takers = if key.scope == Scope::Cluster {
            world.aggregated_into(key).map(Key::cluster).collect()
        } else {
            Vec::new()
        };
        let for_namespaces = takers.iter().any(|taker| FOR_NAMESPACES.contains(&taker.name.as_str()));
        let mut bound = false;
        for taker in std::iter::once(None).chain(takers.into_iter().map(Some)) {
            let bindings = world.bindings_of(taker.as_ref().unwrap_or(key));
            bound |= !bindings.is_empty();
            bindings.iter().for_each(|binding| self.take(&binding.key.scope));
            let holders: Vec<_> = bindings
                .iter()
                .flat_map(|binding| binding.subjects.iter().map(|subject| (subject.clone(), binding.key.scope.clone())))
                .take(MAXIMUM_HOLDERS + 1)
                .collect();
            if taker.is_some() || !holders.is_empty() {
                self.ways.push(Way { taker, holders });
            }
        }
        let is_unbound = !bound && key.scope == Scope::Cluster;
        self.is_wide |= is_unbound;
        self.is_for_namespaces |= is_unbound && for_namespaces;
    }

    fn take(&mut self, scope: &Scope) {
        match scope.namespace() {
            Some(namespace) => drop(self.namespaces.insert(namespace.to_owned())),
            None => (self.is_wide, self.is_bound_wide) = (true, true),
        }
    }

    /// Whether a binding gives it in the whole cluster.
    pub(super) fn is_bound_wide(&self) -> bool {
        self.is_bound_wide
    }

    /// Whether nothing says that it is more than what people have in namespaces of theirs.
    pub(super) fn is_for_namespaces(&self) -> bool {
        self.is_for_namespaces && !self.is_bound_wide
    }

    /// Whether the whole cluster is in reach: all of it, or a namespace that belongs to it.
    pub(super) fn is_full(&self) -> bool {
        self.is_wide || self.namespaces.iter().any(|namespace| is_system_namespace(namespace))
    }

    /// Whether it reaches a namespace.
    pub(super) fn holds_in(&self, namespace: &str) -> bool {
        self.is_wide || self.namespaces.contains(namespace)
    }

    /// Whether everybody who gets a right through the role had it before the change.
    pub(super) fn had(&self, before: &World, right: &PolicyRule, fuel: &Fuel) -> bool {
        let subject_had = |(subject, scope): &(Subject, Scope)| {
            let grants = effective(before, subject, scope);
            let holds = |scope: &Scope| *scope == Scope::Cluster || right.non_resource_urls.is_empty();
            let rules = grants.iter().filter(|grant| holds(&grant.binding.key.scope)).filter_map(Grant::rule);
            fuel.covered(rules, right)
        };
        let way_had = |way: &Way| {
            let taker_had = way.taker.as_ref().is_some_and(|taker| {
                let parts = before.parts(taker);
                fuel.covered(parts.roles.iter().flat_map(|role| &role.rules), right)
            });
            let few = (1..=MAXIMUM_HOLDERS).contains(&way.holders.len());
            taker_had || few && way.holders.iter().all(subject_had)
        };
        !self.ways.is_empty() && self.ways.len() <= MAXIMUM_HOLDERS && self.ways.iter().all(way_had)
    }
}

/// What the looking up may cost, for a whole review: both sides of a comparison are strangers'.
#[derive(Debug)]
pub(super) struct Fuel(Cell<usize>);

impl Default for Fuel {
    fn default() -> Self {
        Self(Cell::new(3_000_000))
    }
}

impl Fuel {
    /// Whether some rules cover a right; not where that is too much to compare.
    fn covered<'a>(&self, rules: impl Iterator<Item = &'a PolicyRule>, right: &'a PolicyRule) -> bool {
        let rules: Vec<&PolicyRule> = rules.take(MAXIMUM_RULES + 1).collect();
        let words = right.verbs.len() + right.api_groups.len() + right.resources.len() + right.resource_names.len();
        let left = self.0.get().saturating_sub(rules.len() * words + 1);
        self.0.set(left);
        left > 0 && rules.len() <= MAXIMUM_RULES && minus([right], rules).is_empty()
    }
}
