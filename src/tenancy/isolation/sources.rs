//! What applies a team's repository, and with whose rights: where every path begins.

use std::collections::HashSet;

use super::address::{address, is_vague, may_be_same};
use super::graph::{Graph, Node, Step, controller, used};
use super::model::{Applier, Made, Main, Name, Takes};
use crate::rbac::Subject;
use crate::tenancy::{Place, Team};

type Steps = Vec<(Node, Step)>;

/// A source that holds what somebody writes.
#[derive(Debug, Clone)]
struct Held {
    kind: String,
    name: Name,
    /// What is to be said about it.
    words: String,
    places: Vec<Place>,
    assumed: bool,
}

impl Graph<'_> {
    /// What whoever may push to a team's repository can do.
    pub(super) fn leave_repository(&mut self, number: usize, steps: &mut Steps) {
        let (model, team) = (self.model, &self.model.teams[number]);
        let own = model.main[number].as_ref();
        self.left_elsewhere = false;
        let mut held = Vec::new();
        let sources = model.sources_of(number);
        for place in &sources {
            let source = &model.sources[*place];
            let branch = other_branch((source.branch.as_ref(), &source.place), team, own);
            held.push(Held {
                kind: source.kind.to_owned(),
                name: source.name.clone(),
                words: branch.as_ref().map(|words| format!("; {words}")).unwrap_or_default(),
                places: vec![source.place.clone()],
                assumed: branch.is_some(),
            });
        }
        held.extend(
            self.maybe_held(number).into_iter().filter(|(place, _)| !sources.contains(place)).map(|(_, it)| it),
        );
        for held in self.with_made(held) {
            self.leave_source(&held, steps);
        }
        if let Some(own) = own {
            for applier in model.by_address.get(&own.address).into_iter().flatten() {
                let daemon = &model.appliers[*applier];
                let Takes::Repository { branch, .. } = &daemon.takes else { continue };
                let branch = other_branch((branch.as_ref(), &daemon.place), team, Some(own));
                self.applies(*applier, None, branch.as_deref(), steps);
            }
            for applier in &model.vague_appliers {
                let Takes::Repository { url, .. } = &model.appliers[*applier].takes else { continue };
                let other = address(url);
                if other != own.address && may_be_same(&other, &own.address) {
                    let words = format!("nothing here says that {url} is not the repository of {}", team.name);
                    self.applies(*applier, None, Some(&words), steps);
                }
            }
        }
        self.leave_bases(number, steps);
        self.shares(number, steps);
        self.leave_namings(team, steps);
        if std::mem::take(&mut self.left_elsewhere) {
            self.elsewhere.insert(number);
        }
    }

    /// Sources whose address has a variable in it, so that it may be that of the team's repository.
    fn maybe_held(&self, number: usize) -> Vec<(usize, Held)> {
        let Some(Main { address: own, .. }) = &self.model.main[number] else { return Vec::new() };
        let all =
            if is_vague(own) { (0..self.model.sources.len()).collect() } else { self.model.vague_sources.clone() };
        let team = &self.model.teams[number].name;
        let mut found = Vec::new();
        for place in all {
            let source = &self.model.sources[place];
            let Some(url) = source.url.as_ref().filter(|url| may_be_same(&address(url), own)) else { continue };
            found.push((
                place,
                Held {
                    kind: source.kind.to_owned(),
                    name: source.name.clone(),
                    words: format!("; nothing here says that {url} is not the repository of {team}"),
                    places: vec![source.place.clone()],
                    assumed: true,
                },
            ));
        }
        found
    }

    /// The same with what is made of them.
    fn with_made(&self, mut held: Vec<Held>) -> Vec<Held> {
        let mut seen: HashSet<(String, Name)> = held.iter().map(|it| (it.kind.clone(), it.name.clone())).collect();
        let mut next = 0;
        while let Some(from) = held.get(next).cloned() {
            next += 1;
            let fits = |made: &&Made| made.of.as_ref().is_none_or(|kind| *kind == from.kind);
            for made in self.model.made.get(&from.name).into_iter().flatten().filter(fits) {
                if seen.insert((made.kind.to_owned(), made.name.clone())) {
                    let across = made.name.0 != from.name.0;
                    let (namespace, name) = &from.name;
                    held.push(Held {
                        kind: made.kind.to_owned(),
                        name: made.name.clone(),
                        words: format!("{}, which holds what {} {namespace}/{name} does", from.words, from.kind),
                        places: from.places.iter().chain([&made.place]).cloned().collect(),
                        assumed: from.assumed || across,
                    });
                }
            }
        }
        held
    }

    /// What applies a source.
    fn leave_source(&mut self, held: &Held, steps: &mut Steps) {
        let model = self.model;
        let fits = |applier: &Applier| match &applier.takes {
            Takes::Sources(names) => names
                .iter()
                .any(|(kind, name)| *name == held.name && kind.as_ref().is_none_or(|kind| *kind == held.kind)),
            Takes::Repository { .. } => false,
        };
        for applier in model.by_source.get(&held.name).into_iter().flatten() {
            if fits(&model.appliers[*applier]) {
                self.applies(*applier, Some(held), None, steps);
            }
        }
        for number in &model.vague_appliers {
            let Takes::Sources(names) = &model.appliers[*number].takes else { continue };
            let (namespace, name) = &held.name;
            let may = names.iter().any(|(_, other)| {
                *other != held.name && may_be_same(&other.0, namespace) && may_be_same(&other.1, name)
            });
            if may {
                let words = "nothing here says that it does not take this source".to_owned();
                self.applies(*number, Some(held), Some(&words), steps);
            }
        }
    }

    /// What applies the sources that somebody may write in a namespace.
    pub(super) fn leave_sources(&mut self, namespace: &str, steps: &mut Steps) {
        for (number, applier) in self.model.appliers.iter().enumerate() {
            let Takes::Sources(names) = &applier.takes else { continue };
            for (kind, name) in names.iter().filter(|(_, name)| may_be_same(&name.0, namespace)) {
                let held = Held {
                    kind: kind.clone().unwrap_or_else(|| "source".to_owned()),
                    name: (namespace.to_owned(), name.1.clone()),
                    words: String::new(),
                    places: Vec::new(),
                    assumed: name.0 != namespace,
                };
                self.applies(number, Some(&held), None, steps);
            }
        }
    }

    /// What applies something, and with whose rights.
    fn applies(&mut self, number: usize, held: Option<&Held>, doubt: Option<&str>, steps: &mut Steps) {
        let applier = &self.model.appliers[number];
        let called = format!("{} {}/{}", applier.kind, applier.namespace, applier.name);
        if applier.elsewhere {
            let words = format!("{called} applies to another cluster, which is not looked at");
            self.assume(words, Some(applier.place.clone()));
            self.left_elsewhere = true;
            return;
        }
        let mut step = Step { words: String::new(), places: vec![applier.place.clone()], assumed: doubt.is_some() };
        let mut from = "what the repository holds".to_owned();
        if let Some(held) = held {
            step.places.extend(held.places.iter().cloned());
            step.assumed |= held.assumed;
            let (namespace, name) = &held.name;
            from = format!("{} {namespace}/{name}", held.kind);
            if *namespace != applier.namespace {
                match self.cross(controller(applier.kind)) {
                    None => return,
                    Some(refs) => step.assumed |= refs.assumed,
                }
            }
        }
        let mut rest = held.map(|held| held.words.clone()).unwrap_or_default();
        if let Some(doubt) = doubt {
            rest.push_str(&format!("; {doubt}"));
        }
        if applier.suspended {
            rest.push_str("; it is suspended, until somebody resumes it");
        }
        let allowed: Vec<&str> = applier.allowed.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        if !applier.allowed.is_empty() {
            let kept = if allowed.is_empty() {
                "no namespace".to_owned()
            } else {
                format!("namespace {}", allowed.join(", "))
            };
            rest.push_str(&format!(", and keeps to {kept}"));
        }
        for (node, who, assumed) in nodes(number, applier) {
            let words = format!("{called} applies {from} {who}{rest}");
            steps.push((node, Step { words, assumed: step.assumed || assumed, ..step.clone() }));
        }
    }
}

/// As whom something applies, and whether that is assumed.
fn nodes(number: usize, applier: &Applier) -> Vec<(Node, String, bool)> {
    let unnamed = || Node::Unnamed(used(applier.kind), applier.namespace.clone());
    match &applier.account {
        Some(account) if is_vague(account) => {
            let words = format!("as {account}, which may be any service account of namespace {}", applier.namespace);
            let none = format!("as {account}, which may be none");
            vec![(Node::Accounts(applier.namespace.clone()), words, true), (unnamed(), none, true)]
        }
        Some(account) => {
            let subject = Subject::account(&applier.namespace, account);
            let words = format!("as {subject}");
            let node = if applier.allowed.is_empty() { Node::Subject(subject) } else { Node::Daemon(number) };
            vec![(node, words, false)]
        }
        None => vec![(unnamed(), "and names no service account".to_owned(), false)],
    }
}

/// What is to be said where something takes another branch of a team's repository: whether the team may push there
/// stands nowhere here.
fn other_branch((branch, place): (Option<&String>, &Place), team: &Team, own: Option<&Main>) -> Option<String> {
    let (Some(branch), Some(Main { address, branch: Some(own_branch), .. })) = (branch, own) else { return None };
    let is_own = place.file.below(team.directory.as_str()).is_some();
    let says = || format!("nothing here says that branch {branch} of {address} is protected against {}", team.name);
    (!is_own && branch != own_branch).then(says)
}
