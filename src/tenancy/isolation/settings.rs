//! How Flux's controllers are started, as far as the repository says it: by cluster and by controller.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::graph::Step;
use crate::names::RepoPath;
use crate::tenancy::facts::Fact;
use crate::tenancy::facts::flux::{CONTROLLERS, ControllerFact, Flag, INSTANCE, Setting};
use crate::tenancy::facts::patches::PatchFact;
use crate::tenancy::stored::{flux::SETTINGS_KEY, list};
use crate::tenancy::{Layout, Place, RepositoryIndex, StoredSummary};

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

/// The arguments of all controllers in all clusters, and the patches that say with whose rights something is applied.
#[derive(Debug, Default)]
pub(super) struct Settings {
    clusters: Vec<Cluster>,
    /// By the kustomizations that name them.
    accounts: HashMap<RepoPath, Vec<PatchFact>>,
}

impl Settings {
    /// Those of a repository; of what teams have, only what stands in some files, or all.
    pub(super) fn of(index: &RepositoryIndex, files: Option<&BTreeSet<RepoPath>>) -> Self {
        let mut found = Vec::new();
        let mut accounts: HashMap<RepoPath, Vec<PatchFact>> = HashMap::new();
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
                    Fact::Patch(patch) => {
                        let all = written(index, patch, &path);
                        let own = all.iter().filter(|(patch, _)| patch.account.is_some());
                        let own: Vec<PatchFact> = own.map(|(patch, _)| patch.clone()).collect();
                        accounts.entry(path.clone()).or_default().extend(own);
                        found.extend(
                            all.into_iter()
                                .filter(|(patch, _)| !is_of_team || patch.rights)
                                .map(|(patch, file)| (Fact::Patch(patch), file)),
                        );
                    }
                    Fact::Controller(_) if !is_of_team => found.push((fact, path.clone())),
                    _ => {}
                }
            }
        }
        let names = names(index, &found);
        let clusters = names.into_iter().map(|name| Cluster::of(index, name, &found)).collect();
        Self { clusters, accounts }
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

    /// The patches in a kustomization that say with whose rights something is applied.
    pub(super) fn accounts(&self, by: &RepoPath) -> &[PatchFact] {
        self.accounts.get(by).map_or(&[], Vec::as_slice)
    }

    /// The files in which patches may change roles or bindings.
    pub(super) fn patch_rights(&self) -> BTreeSet<Place> {
        let all = self.clusters.iter().flat_map(|cluster| &cluster.patches).filter(|(patch, _)| patch.rights);
        all.map(|(patch, file)| Place { file: file.clone(), line: patch.line }).collect()
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
    let Some(target) = RepoPath::resolve(path.directory(), named) else { return Vec::new() };
    let facts = index.file(&target).into_iter().flat_map(|file| file.facts());
    let mut found: Vec<(PatchFact, RepoPath)> = facts
        .filter_map(|fact| match fact {
            Fact::Patch(does) => Some(does),
            _ => None,
        })
        .map(|does| {
            let rights = patch.rights || does.rights;
            (PatchFact { kind: patch.kind.clone(), name: patch.name.clone(), rights, ..does }, target.clone())
        })
        .collect();
    if patch.rights {
        found.push((patch, path.clone()));
    }
    found
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
                Fact::Patch(patch) => own.patches.push((patch.clone(), file.clone())),
                _ => {}
            }
        }
        own
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
