//! How Flux's controllers are started, as far as the repository says it: by cluster and by controller.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Step;
use crate::names::RepoPath;
use crate::tenancy::facts::Fact;
use crate::tenancy::facts::flux::{CONTROLLERS, ControllerFact, Flag, INSTANCE, Setting};
use crate::tenancy::facts::patches::PatchFact;
use crate::tenancy::stored::{flux::SETTINGS_KEY, list};
use crate::tenancy::{Layout, Place, RepositoryIndex};

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
struct Cluster {
    /// The directory below `clusters/`; `None` where there is but one.
    name: Option<String>,
    controllers: Vec<(ControllerFact, RepoPath)>,
    /// Those of them that are written whole, not as patches.
    whole: Vec<(String, Place)>,
    patches: Vec<(PatchFact, RepoPath)>,
}

/// The arguments of all controllers in all clusters.
#[derive(Debug, Default)]
pub(super) struct Settings {
    clusters: Vec<Cluster>,
}

impl Settings {
    pub(super) fn of(index: &RepositoryIndex) -> Self {
        let mut found = Vec::new();
        for (file, _) in index.find(list::SETTINGS, SETTINGS_KEY) {
            let path = file.path();
            // A team does not start Flux's controllers, whatever it calls its own.
            if index.team_of_path(&path).is_none() {
                found.extend(file.facts().map(|fact| (fact, path.clone())));
            }
        }
        let names = names(index, &found);
        let clusters = names.into_iter().map(|name| Cluster::of(index, name, &found)).collect();
        Self { clusters }
    }

    /// What is known of an argument, each cluster's with the cluster's name.
    pub(super) fn ask(&self, controller: &str, flag: Flag) -> Vec<(Option<&str>, Known)> {
        let mut answers: Vec<(Option<&str>, Known)> = Vec::new();
        for cluster in &self.clusters {
            let known = cluster.ask(controller, flag);
            if !answers.iter().any(|(_, other)| *other == known) {
                answers.push((cluster.name.as_deref(), known));
            }
        }
        answers
    }

    /// The arguments that are set, each with its cluster, its controllers and its place.
    pub(super) fn set(&self) -> Vec<Step> {
        let mut found: BTreeMap<(Place, Option<&str>, String), Vec<&str>> = BTreeMap::new();
        for cluster in &self.clusters {
            for (controller, flag) in ASKED {
                if let Known::Set(value, place) = cluster.ask(controller, flag) {
                    let setting = format!("--{}={value}", flag.word());
                    found.entry((place, cluster.name.as_deref(), setting)).or_default().push(controller);
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
            let unknown = ASKED.iter().filter(|(controller, flag)| cluster.ask(controller, *flag) == Known::Unknown);
            let names: BTreeSet<&str> = unknown.map(|(controller, _)| *controller).collect();
            names.into_iter().collect()
        };
        let all = self.clusters.iter().map(|cluster| (cluster.name.as_deref(), of(cluster)));
        all.filter(|(_, controllers)| !controllers.is_empty()).collect()
    }

    /// Whether any controller is written down, whole or as a patch.
    pub(super) fn has_controllers(&self) -> bool {
        let any = |cluster: &Cluster| {
            !cluster.controllers.is_empty() || cluster.patches.iter().any(|(patch, _)| !patch.settings.is_empty())
        };
        self.clusters.iter().any(any)
    }

    /// The patches that say with whose rights something is applied, with their files.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (&PatchFact, &RepoPath)> {
        let all = self.clusters.iter().flat_map(|cluster| &cluster.patches);
        all.filter(|(patch, _)| patch.account.is_some()).map(|(patch, file)| (patch, file))
    }

    /// The files in which patches may change roles or bindings.
    pub(super) fn patch_rights(&self) -> BTreeSet<Place> {
        let all = self.clusters.iter().flat_map(|cluster| &cluster.patches).filter(|(patch, _)| patch.rights);
        all.map(|(patch, file)| Place { file: file.clone(), line: patch.line }).collect()
    }
}

/// The clusters that a repository is for.
fn names(index: &RepositoryIndex, found: &[(Fact, RepoPath)]) -> Vec<Option<String>> {
    let of_files = found.iter().filter_map(|(_, file)| cluster(file));
    let of_layout = || index.files_below("clusters").filter_map(|file| cluster(&file.path())).collect();
    let names: BTreeSet<String> = if index.layout() == Layout::Environments { of_layout() } else { of_files.collect() };
    if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() }
}

fn cluster(file: &RepoPath) -> Option<String> {
    file.below("clusters")?.split_once('/').map(|(name, _)| name.to_owned())
}

impl Cluster {
    fn of(index: &RepositoryIndex, name: Option<String>, found: &[(Fact, RepoPath)]) -> Self {
        let mut own = Self { name, ..Self::default() };
        for (fact, file) in found {
            if cluster(file).is_some_and(|cluster| own.name.as_deref() != Some(&cluster)) {
                continue;
            }
            match fact {
                Fact::Controller(fact) => {
                    if !index.is_only_patch_or_data(file) {
                        own.whole.push((fact.name.clone(), Place { file: file.clone(), line: fact.line }));
                    }
                    own.controllers.push((fact.clone(), file.clone()));
                }
                Fact::Patch(patch) => own.take(index, patch, file),
                _ => {}
            }
        }
        own
    }

    /// A patch whose operations stand in a file of their own has them there.
    fn take(&mut self, index: &RepositoryIndex, patch: &PatchFact, file: &RepoPath) {
        let Some(path) = &patch.path else {
            // A file of operations counts by the kustomizations that name it.
            if index.file(file).is_some_and(|file| file.kustomization().is_some() || file.objects().next().is_some()) {
                self.patches.push((patch.clone(), file.clone()));
            }
            return;
        };
        let Some(target) = RepoPath::resolve(file.directory(), path) else { return };
        for fact in index.file(&target).into_iter().flat_map(|file| file.facts()) {
            if let Fact::Patch(does) = fact {
                let rights = patch.rights || does.rights;
                let one = PatchFact { kind: patch.kind.clone(), name: patch.name.clone(), rights, ..does };
                self.patches.push((one, target.clone()));
            }
        }
        if patch.rights {
            self.patches.push((patch.clone(), file.clone()));
        }
    }

    fn ask(&self, controller: &str, flag: Flag) -> Known {
        let place = |file: &RepoPath, line| Place { file: file.clone(), line };
        let last = |settings: &[Setting]| settings.iter().rev().find(|setting| setting.flag == flag).cloned();
        let deployments =
            || self.controllers.iter().filter(|(fact, _)| fact.name == controller || fact.name == INSTANCE);
        let patched = self.patches.iter().rev().find_map(|(patch, file)| {
            let setting = last(&patch.settings)?;
            is_for(patch, "Deployment", controller).then_some((setting, file))
        });
        let started = || deployments().rev().find_map(|(fact, file)| Some((last(&fact.settings)?, file)));
        match patched.or_else(started) {
            Some((setting, file)) if is_on(&setting) => Known::Set(setting.value.clone(), place(file, setting.line)),
            Some((setting, file)) => Known::Unset(place(file, setting.line)),
            None => match self.whole.iter().find(|(name, _)| name == controller || name == INSTANCE) {
                Some((_, place)) => Known::Unset(place.clone()),
                // An installation that is written down, without this one.
                None if self.whole.iter().any(|(name, _)| CONTROLLERS.contains(&name.as_str())) => Known::Absent,
                None => Known::Unknown,
            },
        }
    }
}

/// Whether a setting says yes. Go's flags read `1`, `t` and the like as true.
fn is_on(setting: &Setting) -> bool {
    match setting.flag {
        Flag::DefaultServiceAccount => !setting.value.is_empty(),
        _ => matches!(setting.value.as_str(), "true" | "TRUE" | "True" | "t" | "T" | "1"),
    }
}

/// Whether a patch is for an object. Kustomize takes kinds and names for regular expressions of the whole word.
pub(super) fn is_for(patch: &PatchFact, kind: &str, name: &str) -> bool {
    let fits = |pattern: &Option<String>, word: &str| match pattern {
        None => true,
        Some(pattern) if pattern == word => true,
        Some(pattern) => {
            let whole = regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 16).build();
            whole.is_ok_and(|pattern| pattern.is_match(word))
        }
    };
    fits(&patch.kind, kind) && fits(&patch.name, name)
}
