//! Who can become whom, and what that opens: the steps of which paths are made. What a step leads to is found out where
//! a search comes by, once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::address::is_vague;
use super::combined::Halves;
use super::model::Model;
use super::powers::{Gains, Use};
use super::settings::Known;
use crate::rbac::{Key, Origin, Scope, Subject, World};
use crate::tenancy::facts::flux::Flag;
use crate::tenancy::{Place, RepositoryIndex, Team};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// What is so: a sentence.
    pub words: String,
    /// Where that is written; empty for what every cluster or every installation of Flux has.
    pub places: Vec<Place>,
    /// Whether nothing in the repository says that it is so, or that it is not.
    pub assumed: bool,
}

/// What nobody can say from the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assumption {
    /// What is taken for granted, or not looked at.
    pub words: String,
    /// Where it comes up.
    pub place: Option<Place>,
}

/// What a path leads over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// Whoever may push to a team's repository.
    Repository(usize),
    /// A daemon of Flux v1 that keeps to some namespaces.
    Daemon(usize),
    /// Somebody with rights.
    Subject(Subject),
    /// Every service account of a namespace.
    Accounts(String),
    /// A role, as if it were bound in a scope.
    Role(Key, Scope),
    /// Objects of Flux's that somebody may write in a namespace.
    Uses(Use, String),
    /// An object of Flux's in a namespace that names no account.
    Unnamed(Use, String),
    /// Something in a namespace.
    Namespace(String),
    /// Something of every team.
    Everywhere,
    /// Everything.
    Cluster,
}

/// A step, and to which node.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) to: usize,
    pub(super) step: Step,
}

/// The roles and bindings, and where they are written.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) world: World,
    pub(super) places: Vec<Place>,
}

/// The nodes that a search has come by.
pub(super) struct Graph<'a> {
    pub(super) index: &'a RepositoryIndex,
    pub(super) model: &'a Model,
    pub(super) who: &'a Who,
    pub(super) nodes: Vec<Node>,
    numbers: HashMap<Node, usize>,
    edges: HashMap<usize, Rc<[Edge]>>,
    gains: HashMap<Key, Rc<Gains>>,
    pub(super) halves: HashMap<Subject, Rc<Halves>>,
    pub(super) scopes: HashMap<&'a Subject, Vec<&'a Scope>>,
    pub(super) accounts: HashMap<&'a str, BTreeSet<&'a Subject>>,
    /// Accounts that bindings name with a variable.
    pub(super) vague: BTreeSet<&'a Subject>,
    owners: HashMap<String, Rc<[Team]>>,
    pub(super) assumptions: BTreeSet<Assumption>,
    /// Whether something was just met that applies to another cluster, and of which teams' repositories something does.
    pub(super) left_elsewhere: bool,
    pub(super) elsewhere: BTreeSet<usize>,
}

/// Where Flux v2 runs: what is known of its rights is known of this namespace.
pub(super) const FLUX_NAMESPACE: &str = "flux-system";

impl<'a> Graph<'a> {
    pub(super) fn new(index: &'a RepositoryIndex, model: &'a Model, who: &'a Who) -> Self {
        let mut scopes: HashMap<&Subject, Vec<&Scope>> = HashMap::new();
        let mut accounts: HashMap<&str, BTreeSet<&Subject>> = HashMap::new();
        let mut vague = BTreeSet::new();
        for (subject, scope) in who.world.subjects() {
            scopes.entry(subject).or_default().push(scope);
            if let Subject::ServiceAccount { namespace, .. } = subject {
                accounts.entry(namespace).or_default().insert(subject);
            }
            if is_vague(&subject.to_string()) {
                vague.insert(subject);
            }
        }
        Self {
            index,
            model,
            who,
            nodes: Vec::new(),
            numbers: HashMap::new(),
            edges: HashMap::new(),
            gains: HashMap::new(),
            halves: HashMap::new(),
            scopes,
            accounts,
            vague,
            owners: HashMap::new(),
            assumptions: BTreeSet::new(),
            left_elsewhere: false,
            elsewhere: BTreeSet::new(),
        }
    }

    /// The number of a node.
    pub(super) fn number(&mut self, node: Node) -> usize {
        if let Some(number) = self.numbers.get(&node) {
            return *number;
        }
        let number = self.nodes.len();
        self.nodes.push(node.clone());
        self.numbers.insert(node, number);
        number
    }

    /// The steps from a node.
    pub(super) fn edges(&mut self, number: usize) -> Rc<[Edge]> {
        if let Some(edges) = self.edges.get(&number) {
            return edges.clone();
        }
        let mut steps = Vec::new();
        match self.nodes[number].clone() {
            Node::Repository(team) => self.leave_repository(team, &mut steps),
            Node::Daemon(applier) => self.leave_daemon(applier, &mut steps),
            Node::Subject(subject) => self.leave_subject(&subject, &mut steps),
            Node::Accounts(namespace) => self.leave_accounts(&namespace, &mut steps),
            Node::Role(role, scope) => self.leave_role(&role, &scope, &mut steps),
            Node::Uses(what, namespace) => self.leave_uses(what, &namespace, &mut steps),
            Node::Unnamed(what, namespace) => self.leave_unnamed(what, &namespace, &mut steps),
            Node::Namespace(_) | Node::Everywhere | Node::Cluster => {}
        }
        let edges: Rc<[Edge]> =
            steps.into_iter().map(|(node, step)| Edge { to: self.number(node), step }).collect::<Vec<_>>().into();
        self.edges.insert(number, edges.clone());
        edges
    }

    /// What every step says that was looked at.
    pub(super) fn said(&self) -> HashSet<String> {
        self.edges.values().flat_map(|edges| edges.iter()).map(|edge| edge.step.words.clone()).collect()
    }

    /// The teams that own a namespace.
    pub(super) fn owners(&mut self, namespace: &str) -> Rc<[Team]> {
        if let Some(owners) = self.owners.get(namespace) {
            return owners.clone();
        }
        let owners: Rc<[Team]> = self.index.owners_of_namespace(namespace).into();
        self.owners.insert(namespace.to_owned(), owners.clone());
        owners
    }

    pub(super) fn gains(&mut self, role: &Key) -> Rc<Gains> {
        if let Some(gains) = self.gains.get(role) {
            return gains.clone();
        }
        let gains = Rc::new(Gains::of(&self.who.world, role));
        self.gains.insert(role.clone(), gains.clone());
        gains
    }

    pub(super) fn place(&self, origin: Origin) -> Option<Place> {
        match origin {
            Origin::Tree(number) => self.who.places.get(number as usize).cloned(),
            Origin::ApiServer | Origin::Flux => None,
        }
    }

    pub(super) fn assume(&mut self, words: String, place: Option<Place>) {
        self.assumptions.insert(Assumption { words, place });
    }

    /// Whether a controller follows names into other namespaces; `None` where it does not.
    pub(super) fn cross(&self, controller: &str) -> Option<Step> {
        self.open(controller, Flag::NoCrossNamespaceRefs)
    }

    /// Whether a controller is started without a lock in some cluster, proven before assumed; `None` where it is not.
    pub(super) fn open(&self, controller: &str, flag: Flag) -> Option<Step> {
        let mut open =
            self.model.settings.ask(controller, flag).into_iter().filter_map(|(cluster, known)| match known {
                Known::Set(..) | Known::Absent => None,
                Known::Unset(place) => Some(self.unset(controller, flag, cluster, Some(place))),
                Known::Unknown => Some(self.unset(controller, flag, cluster, None)),
            });
        let first = open.next()?;
        if first.assumed { open.find(|step| !step.assumed).or(Some(first)) } else { Some(first) }
    }

    /// A controller that is started without an argument, or of which nothing says it.
    pub(super) fn unset(&self, controller: &str, flag: Flag, cluster: Option<&str>, place: Option<Place>) -> Step {
        let of = cluster.map(|cluster| format!(" of {cluster}")).unwrap_or_default();
        let flag = flag.word();
        let (words, assumed) = match &place {
            Some(_) => (format!("{controller}{of} runs without --{flag}"), false),
            None => (format!("nothing here says that {controller}{of} runs with --{flag}"), true),
        };
        Step { words, places: place.into_iter().collect(), assumed }
    }
}

/// Which controller looks after a kind.
pub(super) fn controller(kind: &str) -> &'static str {
    if kind == "HelmRelease" { "helm-controller" } else { "kustomize-controller" }
}

pub(super) fn used(kind: &str) -> Use {
    if kind == "HelmRelease" { Use::HelmRelease } else { Use::Kustomization }
}
