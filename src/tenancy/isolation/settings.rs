//! How Flux's controllers are started, as far as the repository says it: by cluster and by controller.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::graph::Step;
use super::installed::clusters;
use super::running::{Fits, Running, fits};
use crate::names::RepoPath;
use crate::tenancy::facts::Fact;
use crate::tenancy::facts::borders::may_decide;
use crate::tenancy::facts::flux::Flag;
use crate::tenancy::facts::patches::{PatchFact, known_kind};
use crate::tenancy::stored::{flux::SETTINGS_KEY, list};
use crate::tenancy::{Place, RepositoryIndex, StoredSummary};

/// What is known of one argument of one controller in one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// It is set to this.
    Set(String, Place),
    /// The controller is started without it.
    Unset(Place),
    /// Nothing says it.
    Unknown,
    /// The controller does not run.
    Absent,
}

/// The arguments that decide over borders, by controller.
const ASKED: [(&str, Flag); 7] = [
    ("kustomize-controller", Flag::DefaultServiceAccount),
    ("helm-controller", Flag::DefaultServiceAccount),
    ("kustomize-controller", Flag::NoCrossNamespaceRefs),
    ("helm-controller", Flag::NoCrossNamespaceRefs),
    ("notification-controller", Flag::NoCrossNamespaceRefs),
    ("image-automation-controller", Flag::NoCrossNamespaceRefs),
    ("image-reflector-controller", Flag::NoCrossNamespaceRefs),
];

/// A cluster of the repository.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    /// The directory that holds Flux's, below `clusters/`; `None` where there is but one.
    pub(super) name: Option<String>,
    pub(super) running: Vec<Running>,
}

/// The arguments of all controllers in all clusters, and the patches that say with whose rights something is applied.
#[derive(Debug, Default)]
pub(super) struct Settings {
    clusters: Vec<Cluster>,
    /// By the kustomizations that name them.
    accounts: HashMap<RepoPath, Vec<PatchFact>>,
    unfollowed: BTreeSet<Place>,
}

impl Settings {
    /// Those of a repository; of what teams have, only what stands in some files, or all.
    pub(super) fn of(index: &RepositoryIndex, files: Option<&BTreeSet<RepoPath>>) -> Self {
        let mut own = Self::default();
        let mut starts = BTreeSet::new();
        for (file, _) in index.find(list::SETTINGS, SETTINGS_KEY) {
            let path = file.path();
            let is_wanted = files.is_none_or(|files| files.contains(&path));
            // A team does not start Flux's controllers, whatever it calls its own.
            let is_of_team = index.team_of_path(&path).is_some();
            if is_of_team && !is_wanted {
                continue;
            }
            for fact in file.facts() {
                match fact {
                    Fact::Patch(patch) if patch.owner.is_some() => {
                        own.unfollowed.extend(patch.borders.then(|| Place { file: path.clone(), line: patch.line }));
                    }
                    Fact::Patch(patch) if patch.targeted || patch.path.is_none() => {
                        let all = written(index, patch, &path);
                        // Which objects a component's patches come to is decided where it is named.
                        let is_component = file.kustomization().is_some_and(|it| it.is_component);
                        let borders =
                            all.iter().filter(|(patch, _)| patch.borders || is_component && patch.account.is_some());
                        let places = borders.map(|(patch, file)| Place { file: file.clone(), line: patch.line });
                        own.unfollowed.extend(places.filter(|_| is_component || index.is_applied(&path, None)));
                        let accounts = all.into_iter().map(|(patch, _)| patch).filter(|patch| patch.account.is_some());
                        own.accounts.entry(path.clone()).or_default().extend(accounts);
                        if !is_of_team && file.kustomization().is_some() {
                            starts.insert(path.clone());
                        }
                    }
                    Fact::Controller(_) if !is_of_team => drop(starts.insert(path.clone())),
                    _ => {}
                }
            }
        }
        own.clusters = clusters(index, starts);
        own
    }

    /// What is known of an argument, each cluster's with the cluster's name.
    pub(super) fn ask(&self, controller: &str, flag: Flag) -> Vec<(Option<&str>, Known)> {
        let mut answers: Vec<(Option<&str>, Known)> = Vec::new();
        for cluster in &self.clusters {
            for known in cluster.ask(controller, flag) {
                if !answers.iter().any(|(_, other)| *other == known) {
                    answers.push((cluster.name.as_deref(), known));
                }
            }
        }
        answers
    }

    /// The arguments that are set, each with its cluster, its controllers and its place.
    pub(super) fn set(&self) -> Vec<Step> {
        let mut found: BTreeMap<(Place, Option<&str>, String), Vec<&str>> = BTreeMap::new();
        for cluster in &self.clusters {
            for (controller, flag) in ASKED {
                let all = cluster.ask(controller, flag);
                let is_set = all.iter().all(|known| matches!(known, Known::Set(..) | Known::Absent));
                for known in all.into_iter().filter(|_| is_set) {
                    let Known::Set(value, place) = known else { continue };
                    let setting = format!("--{}={value}", flag.word());
                    let told = found.entry((place, cluster.name.as_deref(), setting)).or_default();
                    if !told.contains(&controller) {
                        told.push(controller);
                    }
                }
            }
        }
        let told = |((place, cluster, setting), controllers): ((Place, Option<&str>, String), Vec<&str>)| {
            let of = cluster.map(|cluster| format!(" of {cluster}")).unwrap_or_default();
            let words = format!("{}{of}: {setting}", controllers.join(", "));
            Step { words, places: vec![place], assumed: false }
        };
        found.into_iter().map(told).collect()
    }

    /// The controllers of which nothing says how they are started, by cluster.
    pub(super) fn unknown(&self) -> Vec<(Option<&str>, Vec<&'static str>)> {
        let of = |cluster: &Cluster| -> Vec<&'static str> {
            let unknown =
                ASKED.iter().filter(|(controller, flag)| cluster.ask(controller, *flag).contains(&Known::Unknown));
            let names: BTreeSet<&str> = unknown.map(|(controller, _)| *controller).collect();
            names.into_iter().collect()
        };
        let all = self.clusters.iter().map(|cluster| (cluster.name.as_deref(), of(cluster)));
        all.filter(|(_, controllers)| !controllers.is_empty()).collect()
    }

    /// Whether any controller is written down.
    pub(super) fn has_controllers(&self) -> bool {
        self.clusters.iter().any(|cluster| !cluster.running.is_empty())
    }

    /// The patches in a kustomization that say with whose rights something is applied.
    pub(super) fn accounts(&self, by: &RepoPath) -> &[PatchFact] {
        self.accounts.get(by).map_or(&[], Vec::as_slice)
    }

    /// Patches that may touch what decides, and are not followed.
    pub(super) fn unfollowed(&self) -> &BTreeSet<Place> {
        &self.unfollowed
    }
}

/// What a patch of a kustomization does, with the file that says it: operations may stand in a file of their own, which
/// by itself is for nothing.
fn written(index: &RepositoryIndex, patch: PatchFact, path: &RepoPath) -> Vec<(PatchFact, RepoPath)> {
    let Some(named) = &patch.path else {
        let says = |file: StoredSummary<'_>| file.kustomization().is_some() || file.objects().next().is_some();
        let counts = index.file(path).is_some_and(says);
        return if counts { vec![(patch, path.clone())] } else { Vec::new() };
    };
    let decides = may_decide(known_kind(&patch));
    let elsewhere = || vec![(PatchFact { borders: decides, ..patch.clone() }, path.clone())];
    let Some(target) = RepoPath::resolve(path.directory(), named) else { return elsewhere() };
    let Some(file) = index.file(&target).filter(|file| file.is_manifest() && !file.is_unreadable()) else {
        return elsewhere();
    };
    let mut found = Vec::new();
    for fact in file.facts() {
        match fact {
            Fact::Patch(does) => {
                let (kind, name) = (patch.kind.clone(), patch.name.clone());
                found.push((PatchFact { kind, name, borders: does.borders && decides, ..does }, target.clone()));
            }
            // It is for what the target says, whatever its own name is.
            Fact::Sync(sync) if sync.service_account.is_some() => {
                let line = sync.position.line;
                found.push((PatchFact { borders: decides, line, ..PatchFact::default() }, target.clone()));
            }
            _ => {}
        }
    }
    found
}

impl Cluster {
    /// What is known of an argument, of each Deployment of a controller: shards and second installations count as well.
    fn ask(&self, controller: &str, flag: Flag) -> Vec<Known> {
        let mut found: Vec<Known> = Vec::new();
        for running in self.running.iter().filter(|running| running.role == controller) {
            let known = running.ask(flag);
            if !found.contains(&known) {
                found.push(known);
            }
        }
        if found.is_empty() {
            // An installation that is written down, without this one.
            found.push(if self.running.is_empty() { Known::Unknown } else { Known::Absent });
        }
        found
    }
}

/// Whether a patch is for an object.
pub(super) fn is_for(patch: &PatchFact, kind: &str, name: &str) -> bool {
    let may = |pattern: &Option<String>, word| pattern.as_ref().is_none_or(|it| fits(it, word) != Fits::No);
    may(&patch.kind, kind) && may(&patch.name, name)
}
