//! The shortest paths from a team to what is not the team's.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::graph::{Graph, Node, Step};
use super::{IsolationPath, Target, TeamIsolation};
use crate::tenancy::Team;

/// How many steps are looked at for one team: what is asked comes from strangers.
const STEPS: usize = 200_000;

/// What a team reaches.
pub(super) fn of_team(graph: &mut Graph<'_>, team: usize) -> TeamIsolation {
    let (proven, whole) = paths(graph, team, false);
    let mut complete = whole;
    let mut found = proven;
    if !found.contains_key(&Target::Cluster) {
        let (mut all, whole) = paths(graph, team, true);
        complete &= whole;
        within_cluster(&mut all);
        for (target, steps) in all {
            found.entry(target).or_insert(steps);
        }
    }
    if found.get(&Target::Cluster).is_some_and(|steps| steps.iter().all(|step| !step.assumed)) {
        within_cluster(&mut found);
    }
    let paths = found.into_iter().map(|(to, steps)| {
        let assumed = steps.iter().any(|step| step.assumed);
        IsolationPath { to, steps, assumed }
    });
    let paths = paths.collect();
    let start = graph.number(Node::Repository(team));
    let mut begins: Vec<Step> = graph.edges(start).iter().map(|edge| edge.step.clone()).collect();
    begins.dedup();
    // What another cluster gives, only that one says.
    complete &= !graph.elsewhere.contains(&team);
    let Team { name, namespaces, .. } = graph.model.teams[team].clone();
    TeamIsolation { team: name, namespaces, paths, begins, complete }
}

/// Who reaches the cluster reaches everything: other paths say no more.
fn within_cluster(found: &mut BTreeMap<Target, Vec<Step>>) {
    if found.contains_key(&Target::Cluster) {
        found.retain(|target, _| *target == Target::Cluster);
    }
}

/// The shortest path to each target, and whether all were looked at.
fn paths(graph: &mut Graph<'_>, team: usize, assuming: bool) -> (BTreeMap<Target, Vec<Step>>, bool) {
    let start = graph.number(Node::Repository(team));
    let mut from: HashMap<usize, (usize, usize)> = HashMap::new();
    let mut waiting = VecDeque::from([start]);
    let mut found = BTreeMap::new();
    let mut looked_at = 0;
    while let Some(node) = waiting.pop_front() {
        let edges = graph.edges(node);
        looked_at += edges.len();
        if looked_at > STEPS {
            return (found, false);
        }
        for (place, edge) in edges.iter().enumerate() {
            if edge.to == start || from.contains_key(&edge.to) || edge.step.assumed && !assuming {
                continue;
            }
            from.insert(edge.to, (node, place));
            for target in targets(graph, edge.to, team) {
                found.entry(target).or_insert_with(|| way(graph, &from, edge.to));
            }
            waiting.push_back(edge.to);
        }
        // Whoever reaches the cluster reaches everything: no other path is told then.
        if found.contains_key(&Target::Cluster) {
            return (found, true);
        }
    }
    (found, true)
}

/// What is reached with a node, other than the team's own.
fn targets(graph: &mut Graph<'_>, node: usize, team: usize) -> Vec<Target> {
    let own = &graph.model.teams[team].directory;
    match graph.nodes[node].clone() {
        Node::Cluster => vec![Target::Cluster],
        Node::Everywhere => vec![Target::EveryTeam],
        Node::Repository(other) => vec![Target::Team(graph.model.teams[other].name.clone())],
        Node::Namespace(namespace) => {
            let owners = graph.owners(&namespace);
            if owners.is_empty() {
                return vec![Target::Namespace(namespace)];
            }
            let others = owners.iter().filter(|owner| owner.directory != *own);
            others.map(|owner| Target::Team(owner.name.clone())).collect()
        }
        _ => Vec::new(),
    }
}

fn way(graph: &mut Graph<'_>, from: &HashMap<usize, (usize, usize)>, to: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = to;
    while let Some((before, place)) = from.get(&at) {
        steps.push(graph.edges(*before)[*place].step.clone());
        at = *before;
    }
    steps.reverse();
    steps
}
