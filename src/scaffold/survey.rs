//! What a repository already says about teams: names in use, the layout, where repositories are.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use serde_yaml::Value;

use super::template::Objects;
use super::{LISTS, Layout, OVERRIDES, ScaffoldError, Taken, Wanted};
use crate::manifest::KUSTOMIZATION_NAMES;
use crate::names::{BranchName, Engine, GitUrl, RepoPath, TeamName};

/// A repository's files, read once.
#[derive(Debug)]
pub struct Survey<'a> {
    files: &'a BTreeMap<RepoPath, String>,
    cluster_path: RepoPath,
    /// The documents of every YAML file that may say something about teams and can be read.
    documents: Vec<(&'a RepoPath, Vec<Value>)>,
    unreadable: Vec<&'a RepoPath>,
}

/// What the teams of Flux v1 build on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseFlux {
    /// Its directory.
    pub path: RepoPath,
    /// The `apiVersion` of its RoleBinding, which a patch must repeat; empty where it has none.
    pub role_binding_api: String,
}

/// Where a team's files go, for [`Survey::existing`].
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The directories that are to be the team's alone.
    pub(super) owned: BTreeSet<RepoPath>,
    /// Every single file that is to be made.
    pub(super) files: BTreeSet<RepoPath>,
    /// The kustomization files that list teams.
    pub(super) lists: BTreeSet<RepoPath>,
}

/// What a repository holds already, as far as a new team is concerned.
#[derive(Debug, Clone)]
pub(super) struct Existing {
    /// Names that are in use, and where.
    pub(super) taken: Vec<(String, Taken)>,
    /// What is in the places where the team's files go.
    pub(super) team_files: BTreeMap<RepoPath, String>,
}

/// The directory that Flux applies, where the layout is one that is known: `cluster`, or `clusters` beside `tenants`.
pub fn find_cluster_path(files: &BTreeMap<RepoPath, String>) -> Option<RepoPath> {
    let holds = |directory: &str| files.keys().any(|path| path.below(directory).is_some());
    let found = if holds("cluster") { "cluster" } else { "clusters" };
    (found == "cluster" || holds("clusters") && holds("tenants")).then(|| found.parse().ok()).flatten()
}

/// Where overlays and bases of tenants are, in the layout with environments.
const TENANTS: &str = "tenants";

impl<'a> Survey<'a> {
    /// Reads `files`: everything below the cluster path, and `base/flux`, `tenants`, `policies` and the repository's own
    /// templates where they are there.
    pub fn new(files: &'a BTreeMap<RepoPath, String>, cluster_path: RepoPath) -> Self {
        let mut documents = Vec::new();
        let mut unreadable = Vec::new();
        let matters = |path: &RepoPath, text: &str| is_yaml(path) && !is_aside(path) && may_matter(path, text);
        for (path, text) in files.iter().filter(|(path, text)| matters(path, text)) {
            match serde_yaml::Deserializer::from_str(text).map(Value::deserialize).collect() {
                Ok(values) => documents.push((path, values)),
                Err(_) => unreadable.push(path),
            }
        }
        Self { files, cluster_path, documents, unreadable }
    }

    /// The files that were read.
    pub const fn files(&self) -> &'a BTreeMap<RepoPath, String> {
        self.files
    }

    /// The directory that Flux applies.
    pub const fn cluster_path(&self) -> &RepoPath {
        &self.cluster_path
    }

    /// The layout that is wanted, as far as it is left to what is seen.
    ///
    /// # Errors
    /// Where there are marks of both generations of Flux, and none is wanted.
    pub fn layout(&self, wanted: Wanted) -> Result<Layout, ScaffoldError> {
        let engine = match wanted {
            Wanted::Layout(layout) => return Ok(layout),
            Wanted::Engine(engine) => engine,
            Wanted::Seen => self.engine()?.unwrap_or(Engine::FluxV2),
        };
        Ok(match engine {
            Engine::FluxV1 => Layout::FluxV1,
            Engine::FluxV2 if self.has_environments() => Layout::FluxV2Environments,
            Engine::FluxV2 => Layout::FluxV2,
        })
    }

    /// Whether this is a layout with `clusters/` and `tenants/`: what is named as cluster path is no list of teams.
    fn has_environments(&self) -> bool {
        let holds = |directory: &str| self.files.keys().any(|path| path.below(directory).is_some());
        let inside = self.cluster_path.as_str() == "clusters" || self.cluster_path.below("clusters").is_some();
        let listed = matches!(self.kustomization(&self.cluster_path), Ok(Some(_)) | Err(_));
        holds("clusters") && holds(TENANTS) && (inside || !listed)
    }

    /// Whether there is a list of teams, where the layout has one.
    ///
    /// # Errors
    /// Where there is none, or two.
    pub fn lists_teams(&self, layout: Layout) -> Result<(), ScaffoldError> {
        let listed = layout == Layout::FluxV2Environments || self.kustomization(&self.cluster_path)?.is_some();
        if listed { Ok(()) } else { Err(ScaffoldError::NoKustomization(self.cluster_path.clone())) }
    }

    /// The environments: the directories beside `tenants/base`.
    pub fn environments(&self) -> Vec<String> {
        let below = self.files.keys().filter_map(|path| path.below(TENANTS)?.split_once('/'));
        let names: BTreeSet<&str> = below.map(|(name, _)| name).filter(|name| *name != "base").collect();
        names.into_iter().filter(|name| crate::names::is_dns_label(name)).map(str::to_owned).collect()
    }

    /// The generation of Flux, by its marks; `None` where there are none.
    ///
    /// # Errors
    /// Where there are marks of both.
    pub fn engine(&self) -> Result<Option<Engine>, ScaffoldError> {
        let yaml = || self.files.iter().filter(|(path, _)| is_yaml(path) && !is_aside(path));
        let v1 =
            yaml().find(|(path, text)| path.below("base/flux").is_some() || text.contains("--k8s-allow-namespace"));
        let v2 = yaml().find(|(_, text)| {
            ["source.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io"].iter().any(|mark| text.contains(mark))
        });
        match (v1, v2) {
            (Some((v1, _)), Some((v2, _))) => Err(ScaffoldError::TwoEngines(v1.clone(), v2.clone())),
            (Some(_), None) => Ok(Some(Engine::FluxV1)),
            (None, Some(_)) => Ok(Some(Engine::FluxV2)),
            (None, None) => Ok(None),
        }
    }

    /// The address of `team`'s repository by the pattern that the other teams' follow; `None` where
    /// there are none or they differ.
    pub fn git_url(&self, team: &TeamName) -> Option<GitUrl> {
        let urls: BTreeSet<String> =
            self.sources().filter_map(|(owner, url, _)| replace_in_name(&url, &owner, team.as_str())).collect();
        if urls.len() == 1 { urls.first()?.parse().ok() } else { None }
    }

    /// The branch that the other teams' repositories are followed on, where it is one.
    pub fn branch(&self) -> Option<BranchName> {
        let branches: BTreeSet<String> = self
            .sources()
            .filter(|(owner, url, _)| replace_in_name(url, owner, "x").is_some())
            .filter_map(|(_, _, branch)| branch)
            .collect();
        if branches.len() == 1 { branches.first()?.parse().ok() } else { None }
    }

    /// Team's directory, address and branch of everything that Flux is told to follow.
    fn sources(&self) -> impl Iterator<Item = (String, String, Option<String>)> {
        self.documents.iter().flat_map(|(path, documents)| {
            let owner = self.owner(path).map(|directory| directory.file_name().to_owned());
            documents.iter().filter_map(source).filter_map(move |(url, branch)| Some((owner.clone()?, url, branch)))
        })
    }

    /// The directory of a team, if it is one, in which a file lies.
    fn owner(&self, path: &RepoPath) -> Option<RepoPath> {
        let parents = ["tenants/base", self.cluster_path.as_str()];
        parents.iter().find_map(|parent| {
            let (name, _) = path.below(parent)?.split_once('/')?;
            RepoPath::resolve(parent, name)
        })
    }

    /// The namespaces that the teams' directories make.
    pub(super) fn team_namespaces(&self) -> BTreeSet<String> {
        let has_source = |documents: &[Value]| documents.iter().any(|document| source(document).is_some());
        let teams: BTreeSet<RepoPath> = self
            .documents
            .iter()
            .filter(|(_, documents)| has_source(documents))
            .filter_map(|(path, _)| self.owner(path))
            .collect();
        let mut found = BTreeSet::new();
        for (_, documents) in
            self.documents.iter().filter(|(path, _)| self.owner(path).is_some_and(|owner| teams.contains(&owner)))
        {
            let made = documents.iter().filter(|document| document["kind"] == "Namespace");
            found.extend(made.filter_map(|document| document["metadata"]["name"].as_str()).map(str::to_owned));
        }
        found
    }

    /// What there is for `team` already.
    ///
    /// # Errors
    /// Where a file that mentions the team cannot be read.
    pub(super) fn existing(&self, team: &TeamName, layout: Layout, places: &Places) -> Result<Existing, ScaffoldError> {
        let mut lists = BTreeSet::new();
        for list in &places.lists {
            let directory = list.parent().map(|directory| self.kustomization(&directory)).transpose()?.flatten();
            lists.extend(directory.map(|(path, _)| path));
        }
        // The lists themselves are judged by the edit, which tells the line.
        let judged = |path: &RepoPath| self.is_inside(path, layout) && !lists.contains(path);
        let mentions = |path: &RepoPath| mentions(&self.files[path], team.as_str());
        if let Some(path) = self.unreadable.iter().copied().find(|path| judged(path) && mentions(path)) {
            return Err(ScaffoldError::Unreadable { path: path.clone(), team: team.clone() });
        }
        let own = |path: &RepoPath| {
            places.files.contains(path) || places.owned.iter().any(|directory| path.below(directory.as_str()).is_some())
        };
        let team_files = self.files.iter().filter(|(path, _)| own(path));
        Ok(Existing {
            team_files: team_files.map(|(path, text)| (path.clone(), text.clone())).collect(),
            taken: self.taken(layout, places, &lists),
        })
    }

    /// Whether a file may be something that Flux applies.
    fn is_inside(&self, path: &RepoPath, layout: Layout) -> bool {
        match layout {
            Layout::FluxV1 | Layout::FluxV2 => path.below(self.cluster_path.as_str()).is_some(),
            Layout::FluxV2Environments => true,
        }
    }

    /// The one kustomization file of a directory.
    ///
    /// # Errors
    /// Where there are two.
    pub(super) fn kustomization(&self, directory: &RepoPath) -> Result<Option<(&'a RepoPath, &'a str)>, ScaffoldError> {
        let paths = KUSTOMIZATION_NAMES.iter().filter_map(|name| directory.join(name));
        let mut found = paths.filter_map(|path| self.files.get_key_value(&path));
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some((path, text)), None) => Ok(Some((path, text))),
            (Some((one, _)), Some((two, _))) => Err(ScaffoldError::TwoKustomizations(one.clone(), two.clone())),
        }
    }

    fn taken(&self, layout: Layout, places: &Places, lists: &BTreeSet<&RepoPath>) -> Vec<(String, Taken)> {
        let mut taken: BTreeSet<(String, Taken)> = BTreeSet::new();
        let mut note = |name: &str, place| {
            taken.insert((name.to_lowercase(), place));
        };
        let parents: BTreeSet<RepoPath> = places.owned.iter().filter_map(RepoPath::parent).collect();
        for path in self.files.keys() {
            for parent in &parents {
                let below = path.below(parent.as_str()).and_then(|below| below.split_once('/'));
                if let Some(directory) = below.and_then(|(name, _)| parent.join(name)) {
                    note(directory.file_name(), Taken::Directory(directory.clone()));
                }
            }
        }
        for (path, documents) in self.documents.iter().filter(|(path, _)| self.is_inside(path, layout)) {
            for document in documents {
                namespaces(document, &mut |name| note(name, Taken::Namespace((*path).clone())));
                for entry in entries(document).filter(|_| lists.contains(path)) {
                    let directory = RepoPath::resolve(path.directory(), entry);
                    let name = directory.as_ref().map_or(entry, RepoPath::file_name).to_owned();
                    note(&name, Taken::Entry { file: (*path).clone(), entry: entry.to_owned(), directory });
                }
            }
        }
        taken.into_iter().collect()
    }

    /// The objects of the repository that are like this, each with its file and its document's number.
    ///
    /// # Errors
    /// Where a file that may hold one cannot be read.
    pub(super) fn objects(&self, wanted: &Objects) -> Result<Vec<(RepoPath, usize, Value)>, ScaffoldError> {
        objects_in(self.files.iter().map(|(path, text)| (path, text.as_str())), wanted)
    }

    /// What the teams of Flux v1 build on.
    pub fn base_flux(&self) -> Option<BaseFlux> {
        let path: RepoPath = "base/flux".parse().ok()?;
        let kustomization = path.join("kustomization.yaml")?;
        self.files.get(&kustomization)?;
        let in_base = self.documents.iter().filter(|(file, _)| file.below(path.as_str()).is_some());
        let binding = in_base.flat_map(|(_, documents)| documents).find(|value| value["kind"] == "RoleBinding");
        let api = binding.and_then(|value| value["apiVersion"].as_str());
        // What comes from elsewhere is not seen here; that it has one is what `fluxd` was always installed with.
        let unseen = ["://", "github.com/"].iter().any(|mark| self.files[&kustomization].contains(mark));
        let api = api.or_else(|| unseen.then_some("rbac.authorization.k8s.io/v1")).unwrap_or_default();
        Some(BaseFlux { role_binding_api: api.to_owned(), path })
    }
}

/// The objects of these files that are like this, each with its file and its document's number.
///
/// # Errors
/// Where a file that may hold one cannot be read.
pub(super) fn objects_in<'t>(
    files: impl Iterator<Item = (&'t RepoPath, &'t str)>,
    wanted: &Objects,
) -> Result<Vec<(RepoPath, usize, Value)>, ScaffoldError> {
    let marks = [wanted.group.as_deref(), wanted.name.as_deref()];
    let may_hold = |text: &str| marks.iter().flatten().all(|mark| text.contains(mark));
    let mut found = Vec::new();
    for (path, text) in files.filter(|(path, text)| is_yaml(path) && !is_aside(path) && may_hold(text)) {
        let read: Result<Vec<Value>, _> = serde_yaml::Deserializer::from_str(text).map(Value::deserialize).collect();
        let documents = read.map_err(|_| ScaffoldError::NotRead(path.clone()))?;
        let like = documents.into_iter().enumerate().filter(|(_, object)| is_like(object, wanted));
        found.extend(like.map(|(number, object)| (path.clone(), number, object)));
    }
    Ok(found)
}

/// Whether a file is the repository's own affair, which Flux does not apply.
fn is_aside(path: &RepoPath) -> bool {
    path.below(OVERRIDES).is_some() || path.below(".github").is_some()
}

fn is_like(object: &Value, wanted: &Objects) -> bool {
    let api = object["apiVersion"].as_str().unwrap_or_default();
    let group = api.split_once('/').map_or("", |(group, _)| group);
    let fits = |wanted: &Option<String>, is: Option<&str>| wanted.as_deref().is_none_or(|wanted| is == Some(wanted));
    fits(&wanted.group, Some(group))
        && fits(&wanted.kind, object["kind"].as_str())
        && fits(&wanted.name, object["metadata"]["name"].as_str())
}

fn is_yaml(path: &RepoPath) -> bool {
    let name = path.file_name();
    name.ends_with(".yaml") || name.ends_with(".yml") || name == "Kustomization"
}

/// Whether a file may list teams, make a namespace or say where a repository is: with thousands of
/// teams, reading the others would take most of the time.
fn may_matter(path: &RepoPath, text: &str) -> bool {
    path.file_name().starts_with("kustomization.")
        || path.file_name() == "Kustomization"
        || ["Namespace", "GitRepository", "--git-url=", "RoleBinding"].iter().any(|mark| text.contains(mark))
}

/// Whether `name` stands in `text` as a word of its own.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-');
    text.match_indices(name)
        .any(|(at, _)| !word(text[..at].chars().next_back()) && !word(text[at + name.len()..].chars().next()))
}

/// Names every namespace that a document makes, or that a kustomization file puts objects into.
fn namespaces(document: &Value, note: &mut dyn FnMut(&str)) {
    let kind = document["kind"].as_str().unwrap_or_default();
    if kind == "Namespace" {
        document["metadata"]["name"].as_str().into_iter().for_each(&mut *note);
    }
    if kind == "Kustomization" || kind.is_empty() {
        document["namespace"].as_str().into_iter().for_each(&mut *note);
    }
    if kind.ends_with("List") {
        // One level: a list in a list is nothing that people write.
        for item in document["items"].as_sequence().into_iter().flatten().filter(|item| item["kind"] == "Namespace") {
            item["metadata"]["name"].as_str().into_iter().for_each(&mut *note);
        }
    }
}

fn entries(document: &Value) -> impl Iterator<Item = &str> {
    let lists = LISTS.iter().filter_map(|list| document[*list].as_sequence());
    lists.flatten().filter_map(Value::as_str)
}

/// Address and branch in a `GitRepository` or in the arguments of a `fluxd`.
fn source(document: &Value) -> Option<(String, Option<String>)> {
    if document["kind"] == "GitRepository" {
        let branch = document["spec"]["ref"]["branch"].as_str();
        return Some((document["spec"]["url"].as_str()?.to_owned(), branch.map(str::to_owned)));
    }
    let containers = document["spec"]["template"]["spec"]["containers"].as_sequence()?;
    let arguments = || containers.iter().filter_map(|container| container["args"].as_sequence()).flatten();
    let argument = |name: &str| arguments().filter_map(Value::as_str).find_map(|text| text.strip_prefix(name));
    Some((argument("--git-url=")?.to_owned(), argument("--git-branch=").map(str::to_owned)))
}

/// The address with `owner` replaced by `team` in its last part; `None` where it is not in there.
fn replace_in_name(url: &str, owner: &str, team: &str) -> Option<String> {
    let (place, name) = url.rsplit_once(['/', ':'])?;
    let separator = &url[place.len()..=place.len()];
    let at = name.rfind(owner)?;
    Some(format!("{place}{separator}{}{team}{}", &name[..at], &name[at + owner.len()..]))
}
