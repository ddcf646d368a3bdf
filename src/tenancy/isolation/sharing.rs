//! What two teams have together: a repository, a namespace, an object of Flux's that names another's.

use super::address::{is_vague, may_be_same};
use super::graph::{Graph, Node, Step};
use super::model::Naming;
use crate::tenancy::facts::flux::FluxKind;
use crate::tenancy::{Place, Team};

impl Graph<'_> {
    /// Other teams with the same repository, or with a namespace of this one.
    pub(super) fn shares(&mut self, number: usize, steps: &mut Vec<(Node, Step)>) {
        let (model, team) = (self.model, &self.model.teams[number]);
        if let Some(own) = &model.main[number] {
            let others = model.by_repository.get(&own.address).into_iter().flatten();
            for other in others.copied().filter(|other| *other != number) {
                let Some(same) = &model.main[other] else { continue };
                let differ = matches!((&own.branch, &same.branch), (Some(one), Some(other)) if one != other);
                let branch = if differ { ", on another branch that may not be protected" } else { "" };
                let (name, address) = (&model.teams[other].name, &own.address);
                let words = format!("the manifests of {name} come from the same repository, {address}{branch}");
                let places = vec![own.place.clone(), same.place.clone()];
                steps.push((Node::Repository(other), Step { words, places, assumed: differ }));
            }
        }
        self.may_share(number, steps);
        for namespace in &team.namespaces {
            let owners = self.owners(namespace.as_str());
            let is_own = owners.iter().any(|owner| owner.directory == team.directory);
            if let Some(other) = owners.iter().find(|owner| owner.directory != team.directory).filter(|_| is_own) {
                let words = format!("namespace {namespace} is that of {} as well", other.name);
                let places = places_of(team).into_iter().chain(places_of(other)).collect();
                steps.push((Node::Namespace(namespace.as_str().to_owned()), Step { words, places, assumed: false }));
            }
        }
    }

    /// Teams whose repository may be this one, once variables are put in.
    fn may_share(&self, number: usize, steps: &mut Vec<(Node, Step)>) {
        let (main, teams) = (&self.model.main, &self.model.teams);
        let Some(own) = &main[number] else { return };
        for (other, same) in main.iter().enumerate().filter_map(|(other, same)| Some((other, same.as_ref()?))) {
            let vague = is_vague(&own.address) || is_vague(&same.address);
            if other != number && vague && own.address != same.address && may_be_same(&own.address, &same.address) {
                let words =
                    format!("nothing here says that the manifests of {} come from elsewhere", teams[other].name);
                let places = vec![own.place.clone(), same.place.clone()];
                steps.push((Node::Repository(other), Step { words, places, assumed: true }));
            }
        }
    }

    /// Objects in the team's namespaces that name what stands in others.
    pub(super) fn leave_namings(&mut self, team: &Team, steps: &mut Vec<(Node, Step)>) {
        let model = self.model;
        for naming in model.namings.iter().filter(|naming| team.owns(&naming.name.0)) {
            let Some(open) = self.cross(looked_after_by(naming.kind)) else { continue };
            for (namespace, name) in &naming.others {
                let node = match (naming.kind, namespace.as_str()) {
                    (FluxKind::ImageUpdateAutomation, super::graph::FLUX_NAMESPACE) => Node::Cluster,
                    _ => Node::Namespace(namespace.clone()),
                };
                let words = format!("{} {namespace}/{name}, as {}", does(naming), open.words);
                let places = std::iter::once(naming.place.clone()).chain(open.places.clone()).collect();
                steps.push((node, Step { words, places, assumed: open.assumed }));
            }
        }
    }
}

fn does(naming: &Naming) -> String {
    let (namespace, name) = &naming.name;
    let verb = match naming.kind {
        FluxKind::Receiver => "triggers",
        FluxKind::Alert => "hears of",
        FluxKind::ImageUpdateAutomation => "pushes to the repository of",
        _ => "takes what belongs to",
    };
    format!("{} {namespace}/{name} {verb}", naming.kind.word())
}

fn looked_after_by(kind: FluxKind) -> &'static str {
    match kind {
        FluxKind::Receiver | FluxKind::Alert => "notification-controller",
        FluxKind::ImageUpdateAutomation => "image-automation-controller",
        FluxKind::ImagePolicy => "image-reflector-controller",
        _ => "helm-controller",
    }
}

/// Where a team's source, or what applies it, is written.
pub(super) fn places_of(team: &Team) -> Option<Place> {
    let source = team.source.as_ref().map(|source| (source.file.clone(), source.line));
    let sync = || team.sync.as_ref().map(|sync| (sync.file.clone(), sync.line));
    source.or_else(sync).map(|(file, line)| Place { file, line })
}
