//! ClusterRoles that take the rules of others.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::fuel::Fuel;
use super::index::address;
use super::layers::Layers;
use super::selector::{Operator, Selector};
use super::{Key, Role};

/// What the aggregation of one cluster may cost.
const STEPS: u64 = 2_000_000;

/// The roles whose written rules a ClusterRole ends up with.
#[derive(Debug, Clone, Default)]
pub(super) struct Gathered {
    /// By their names.
    pub(super) roles: Vec<Arc<Role>>,
    /// Whether these are all.
    pub(super) complete: bool,
}

/// What every aggregating ClusterRole gathers, by its name.
pub(super) type Aggregated = BTreeMap<String, Gathered>;

/// What the ClusterRoles gather once nothing changes any more, as the controller works it out
/// (kubernetes/kubernetes, pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go). It writes
/// the rules of all that one of the selectors selects over those of the role, the role itself left out. What it
/// selects may aggregate as well; so a role ends up with the rules of all that it reaches.
///
/// Rules that stand beside an `aggregationRule` are lost by that. Not for certain where roles take from each other
/// in a circle: there each may have handed them on before it lost them, and gets them back. They count there, as
/// they do beside selectors that the controller cannot read.
pub(super) fn aggregate(layers: &Layers) -> Aggregated {
    let mut fuel = Fuel::new(STEPS);
    let pool = Pool { layers, all: OnceCell::new() };
    let nodes: Vec<Node<'_>> = Node::all(&pool, &mut fuel);
    let graph: Vec<(Vec<usize>, bool)> = (0..nodes.len()).map(|start| reach(&nodes, start, &mut fuel)).collect();
    let gather = |(at, node): (usize, &Node<'_>)| {
        let mut found = BTreeMap::new();
        for reached in graph[at].0.iter().copied().chain([at]) {
            let own = nodes[reached].own(graph[reached].1);
            for role in
                own.chain(nodes[reached].leaves.iter().copied()).take_while(|role| fuel.spend(1 + role.rules.len()))
            {
                found.insert((&role.key, role.origin, address(role)), role.clone());
            }
        }
        (node.name.to_owned(), Gathered { roles: found.into_values().collect(), complete: !fuel.is_out() })
    };
    nodes.iter().enumerate().map(gather).collect()
}

/// An aggregating ClusterRole.
#[derive(Debug)]
struct Node<'a> {
    name: &'a str,
    roles: Vec<&'a Arc<Role>>,
    /// What it selects that does not aggregate.
    leaves: Vec<&'a Arc<Role>>,
    /// What it selects that aggregates.
    edges: BTreeSet<usize>,
}

impl<'a> Node<'a> {
    fn all(pool: &Pool<'a>, fuel: &mut Fuel) -> Vec<Self> {
        let layers = pool.layers;
        let names: Vec<&str> = layers.aggregating().into_iter().collect();
        let places: HashMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let node = |name: &&'a str| {
            let mut node = Self { name, roles: layers.roles_at(&Key::cluster(name)), ..Self::empty() };
            for selector in node.roles.iter().filter_map(|role| role.aggregation.as_ref()).flatten() {
                for role in pool.select(selector, fuel).into_iter().filter(|role| role.key.name != *name) {
                    match places.get(role.key.name.as_str()) {
                        Some(at) => drop(node.edges.insert(*at)),
                        None => node.leaves.push(role),
                    }
                }
            }
            node
        };
        names.iter().map(node).collect()
    }

    fn empty() -> Self {
        Self { name: "", roles: Vec::new(), leaves: Vec::new(), edges: BTreeSet::new() }
    }

    /// The roles of its name whose rules stay.
    fn own(&self, is_in_circle: bool) -> impl Iterator<Item = &'a Arc<Role>> {
        let stay = move |role: &Arc<Role>| {
            let readable = |selectors: &Vec<Selector>| selectors.iter().all(Selector::is_valid);
            is_in_circle || !role.aggregation.as_ref().is_some_and(readable)
        };
        self.roles.iter().copied().filter(move |role| stay(role))
    }
}

/// The nodes that one reaches, and whether it reaches itself.
fn reach(nodes: &[Node<'_>], start: usize, fuel: &mut Fuel) -> (Vec<usize>, bool) {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(at) = waiting.pop().filter(|_| !fuel.is_out()) {
        let fresh = nodes[at].edges.iter().copied().filter(|next| fuel.spend(1) && seen.insert(*next));
        waiting.extend(fresh);
    }
    let in_circle = seen.remove(&start);
    (seen.into_iter().collect(), in_circle)
}

/// What selectors select from.
struct Pool<'a> {
    layers: &'a Layers,
    /// All ClusterRoles, once a selector has asked for them that gives no label to find them by.
    all: OnceCell<Vec<&'a Arc<Role>>>,
}

impl<'a> Pool<'a> {
    /// The ClusterRoles that a selector selects.
    fn select(&self, selector: &Selector, fuel: &mut Fuel) -> Vec<&'a Arc<Role>> {
        let size = selector.size();
        if !fuel.spend(size) || !selector.is_valid() {
            return Vec::new();
        }
        let layers = self.layers;
        let rarest = selector.labels.iter().min_by_key(|(key, value)| layers.count_labelled(key, value));
        let values = selector.expressions.iter().find(|requirement| requirement.operator == Operator::In);
        let mut fits = |role: &&Arc<Role>| fuel.spend(size) && selector.matches(&role.labels);
        match (rarest, values) {
            (Some((key, value)), _) => layers.labelled(key, value).filter(fits).collect(),
            (None, Some(requirement)) => {
                let roles = requirement.values.iter().flat_map(|value| layers.labelled(&requirement.key, value));
                roles.filter(fits).collect()
            }
            (None, None) => self.all().iter().copied().filter(|role| fits(role)).collect(),
        }
    }

    fn all(&self) -> &[&'a Arc<Role>] {
        self.all.get_or_init(|| self.layers.cluster_roles().collect())
    }
}

#[cfg(test)]
mod tests;
