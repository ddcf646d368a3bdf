//! Whether one team can reach another team or the cluster, and by which path.
//!
//! A path begins with whoever may push to a team's repository and goes from step to step: what applies the repository,
//! as whom, what that account may do, what Flux's controllers let through. Each step is written somewhere, with file
//! and line, or every cluster has it, or nothing in the repository says that it is not so: then it is *assumed*, and
//! told as such. Nothing is looked at but the repository: no network, no node, no admission policy, and no controller
//! but Flux's own.

mod address;
mod bases;
mod building;
mod change;
mod combined;
mod daemons;
mod doubts;
mod graph;
mod installed;
mod lockdown;
mod lookup;
mod model;
mod patched;
mod placing;
mod powers;
mod running;
mod search;
mod settings;
mod sharing;
mod sources;
mod steps;
#[cfg(test)]
mod tests;
mod unspaced;

use std::collections::{BTreeMap, BTreeSet};

use super::facts::flux::Flag;
use super::{Place, RepositoryIndex, Rights};
use crate::names::{Namespace, RepoPath, TeamName};
use graph::{Graph, Who};
use model::{Model, Takes};

pub use change::{NewPath, NewPaths};
pub use graph::{Assumption, Step};
pub use lockdown::{Controller, Lockdown};

/// What somebody reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The whole cluster, and so every team.
    Cluster,
    /// Something of every team.
    EveryTeam,
    /// One team.
    Team(TeamName),
    /// A namespace that is no team's.
    Namespace(String),
}

/// A path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsolationPath {
    /// Where it leads.
    pub to: Target,
    /// Its steps, at least one.
    pub steps: Vec<Step>,
    /// Whether one of the steps is assumed.
    pub assumed: bool,
}

/// What one team reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamIsolation {
    /// The team.
    pub team: TeamName,
    /// Its namespaces.
    pub namespaces: Vec<Namespace>,
    /// The shortest path to each target; only that to the cluster where there is one.
    pub paths: Vec<IsolationPath>,
    /// What applies the team's repository, and as whom: where every path begins.
    pub begins: Vec<Step>,
    /// Whether every path was looked at.
    pub complete: bool,
}

/// What the teams of a repository reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Isolation {
    /// Each team, in the order of their directories.
    pub teams: Vec<TeamIsolation>,
    /// How Flux's controllers are locked down.
    pub locks: Vec<Step>,
    /// What is taken for granted or was not looked at.
    pub assumptions: Vec<Assumption>,
}

/// What a team's answer is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing of others can be reached.
    Isolated,
    /// Something can, unless what the repository does not say is otherwise.
    Unproven,
    /// Something can.
    Reaches,
}

impl TeamIsolation {
    /// The answer in one word.
    pub fn verdict(&self) -> Verdict {
        if self.paths.iter().any(|path| !path.assumed) {
            Verdict::Reaches
        } else if self.paths.is_empty() && self.complete {
            Verdict::Isolated
        } else {
            Verdict::Unproven
        }
    }

    /// Whether it reaches something; who reaches the cluster reaches everything.
    pub fn reaches(&self, target: &Target) -> bool {
        self.paths.iter().any(|path| path.to == *target || path.to == Target::Cluster)
    }
}

impl Isolation {
    /// The same without the paths that are assumed: what the repository does not say is taken to be as it should.
    #[must_use]
    pub fn only_proven(mut self) -> Self {
        self.teams.iter_mut().for_each(|team| team.paths.retain(|path| !path.assumed));
        let words = "only paths that the repository proves are told".to_owned();
        self.assumptions.push(Assumption { words, place: None });
        self
    }

    /// Of every team, or of one of a name.
    pub fn of(index: &RepositoryIndex, team: Option<&TeamName>) -> Self {
        let model = Model::whole(index);
        let Rights { after, places, .. } = Rights::whole(index);
        let who = patched::with_patches(index, Who { world: after, places }, None);
        prove(index, &model, &who, |name| team.is_none_or(|wanted| wanted == name))
    }
}

fn prove(index: &RepositoryIndex, model: &Model, who: &Who, wanted: impl Fn(&TeamName) -> bool) -> Isolation {
    let mut graph = Graph::new(index, model, who);
    let numbers: Vec<usize> = (0..model.teams.len()).filter(|number| wanted(&model.teams[*number].name)).collect();
    let mut teams: Vec<TeamIsolation> = numbers.iter().map(|number| search::of_team(&mut graph, *number)).collect();
    // What cannot be read may say anything.
    let whole =
        model.unreadable.is_empty() && model.cut.is_empty() && model.generated.is_empty() && model.doubts.is_empty();
    let mut assumptions: BTreeSet<Assumption> = std::mem::take(&mut graph.assumptions);
    for (team, number) in teams.iter_mut().zip(numbers) {
        let unsaid = unsaid_of_team(model, number);
        team.complete &= whole && unsaid.is_none();
        assumptions.extend(unsaid);
    }
    assumptions.extend(unsaid(model));
    assumptions.extend(strangers(index, model));
    let locks = if model.has_flux_v2 && !teams.is_empty() { model.settings.set() } else { Vec::new() };
    Isolation { teams, locks, assumptions: assumptions.into_iter().collect() }
}

/// How many places of one kind are told.
const TOLD: usize = 5;

/// What the repository leaves open.
fn unsaid(model: &Model) -> Vec<Assumption> {
    let mut found = Vec::new();
    let mut say = |words: String, place: Option<Place>| found.push(Assumption { words, place });
    if model.has_flux_v2 {
        for (cluster, controllers) in model.settings.unknown() {
            let of = cluster.map(|cluster| format!(" of {cluster}")).unwrap_or_default();
            let controllers = controllers.join(", ");
            say(format!("nothing here says how Flux's controllers{of} are started: {controllers}"), None);
        }
    }
    if model.has_flux_v2 {
        for (cluster, known) in model.settings.ask("kustomize-controller", Flag::NoRemoteBases) {
            let place = match known {
                settings::Known::Unset(place) => Some(place),
                settings::Known::Unknown => None,
                settings::Known::Set(..) | settings::Known::Absent => continue,
            };
            let of = cluster.map(|cluster| format!(" of {cluster}")).unwrap_or_default();
            let may = if place.is_some() { "fetches" } else { "may fetch" };
            let what = "what a team applies need not stand in its repository";
            say(format!("kustomize-controller{of} {may} remote bases: {what}"), place);
        }
    }
    let file = |path: &RepoPath| Place { file: path.clone(), line: 1 };
    let mut some = |words: &str, places: Vec<Place>| {
        for place in places.iter().take(TOLD) {
            say(words.to_owned(), Some(place.clone()));
        }
        if let Some(more) = places.len().checked_sub(TOLD).filter(|more| *more > 0) {
            say(format!("{words} ({more} more)"), None);
        }
    };
    some("this file cannot be read", model.unreadable.iter().map(file).collect());
    some("this file is applied in more ways than are followed", model.cut.iter().map(file).collect());
    some("what is fetched from elsewhere is not looked at", model.fetched.clone());
    some("what this makes is not looked at", model.generated.clone());
    let mut doubts: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
    for doubt in &model.doubts {
        doubts.entry(&doubt.words).or_default().extend(doubt.place.clone());
    }
    for (words, places) in doubts {
        some(words, places);
    }
    found
}

/// What applies a repository that is no team's here, and neither the platform's as far as one can see: whoever may push
/// there is asked for nowhere.
fn strangers(index: &RepositoryIndex, model: &Model) -> Vec<Assumption> {
    let is_platforms = |namespace: &str| namespace == graph::FLUX_NAMESPACE;
    let of = |address: String| !model.by_repository.contains_key(&address);
    let sources = model.sources.iter().filter(|source| {
        let is_taken = model
            .by_source
            .get(&source.name)
            .is_some_and(|takers| takers.iter().any(|taker| model.appliers[*taker].kind == "Kustomization"));
        let is_other = source.url.as_deref().is_some_and(|url| of(address::address(url)));
        source.kind == "GitRepository" && source.team.is_none() && is_taken && is_other && !is_platforms(&source.name.0)
    });
    let daemons = model.appliers.iter().filter(|applier| match &applier.takes {
        Takes::Repository { url, .. } => {
            !applier.allowed.is_empty()
                && of(address::address(url))
                && index.team_of_path(&applier.place.file).is_none()
        }
        Takes::Sources(_) => false,
    });
    let places: BTreeSet<&Place> =
        sources.map(|source| &source.place).chain(daemons.map(|daemon| &daemon.place)).collect();
    let say = |place: &&Place| Assumption {
        words: "this takes a repository that is no team's here: what whoever may push there reaches is not looked at"
            .to_owned(),
        place: Some((*place).clone()),
    };
    places.iter().take(TOLD).map(say).collect()
}

/// What it leaves open of a team.
fn unsaid_of_team(model: &Model, number: usize) -> Option<Assumption> {
    let team = &model.teams[number];
    let nothing = team.source.is_none() && !model.sources_by_team.contains_key(&team.directory);
    let place = sharing::places_of(team);
    nothing.then(|| Assumption {
        words: format!("nothing here says from where the manifests of {} come", team.name),
        place,
    })
}
