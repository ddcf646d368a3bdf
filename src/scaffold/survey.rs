//! What a repository already says about teams: names in use, the engine, where repositories are.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use serde_yaml::Value;

use super::{Existing, LISTS, ScaffoldError, Taken, team_directory};
use crate::names::{BranchName, Engine, GitUrl, RepoPath, TeamName};

/// A repository's files, read once.
#[derive(Debug)]
pub struct Survey<'a> {
    files: &'a BTreeMap<RepoPath, String>,
    cluster_path: RepoPath,
    /// The documents of every YAML file that can be read.
    documents: Vec<(&'a RepoPath, Vec<Value>)>,
    unreadable: Vec<&'a RepoPath>,
}

/// What the teams of Flux v1 build on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseFlux {
    /// Its directory.
    pub path: RepoPath,
    /// The `apiVersion` of its RoleBinding, which a patch must repeat.
    pub role_binding_api: String,
}

/// The directory that Flux applies, where the layout is one that is known: `cluster`.
pub fn find_cluster_path(files: &BTreeMap<RepoPath, String>) -> Option<RepoPath> {
    files.keys().any(|path| path.below("cluster").is_some()).then(|| "cluster".parse().ok()).flatten()
}

impl<'a> Survey<'a> {
    /// Reads `files`: everything below the cluster path, and `base/flux` and `.flux.yaml` where they are there.
    pub fn new(files: &'a BTreeMap<RepoPath, String>, cluster_path: RepoPath) -> Self {
        let mut documents = Vec::new();
        let mut unreadable = Vec::new();
        for (path, text) in files.iter().filter(|(path, _)| is_yaml(path)) {
            match serde_yaml::Deserializer::from_str(text).map(Value::deserialize).collect() {
                Ok(values) => documents.push((path, values)),
                Err(_) => unreadable.push(path),
            }
        }
        Self { files, cluster_path, documents, unreadable }
    }

    /// The generation of Flux, by its marks; `None` where there are none.
    ///
    /// # Errors
    /// Where there are marks of both.
    pub fn engine(&self) -> Result<Option<Engine>, ScaffoldError> {
        let yaml = || self.files.iter().filter(|(path, _)| is_yaml(path));
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

    /// Directory, address and branch of everything that Flux is told to follow.
    fn sources(&self) -> impl Iterator<Item = (String, String, Option<String>)> {
        self.documents.iter().flat_map(|(path, documents)| {
            let owner = path.below(self.cluster_path.as_str()).and_then(|path| path.split_once('/'));
            let owner = owner.map(|(owner, _)| owner.to_owned());
            documents.iter().filter_map(source).filter_map(move |(url, branch)| Some((owner.clone()?, url, branch)))
        })
    }

    /// What there is for `team` already.
    ///
    /// # Errors
    /// Where the list of teams is missing, or a file that mentions the team cannot be read.
    pub fn existing(&self, team: &TeamName) -> Result<Existing, ScaffoldError> {
        let (kustomization_path, kustomization) = self.kustomization()?;
        // The list itself is judged by the edit, which tells the line.
        let judged = |path: &RepoPath| path.below(self.cluster_path.as_str()).is_some() && path != kustomization_path;
        let mentions = |path: &RepoPath| mentions(&self.files[path], team.as_str());
        if let Some(path) = self.unreadable.iter().copied().find(|path| judged(path) && mentions(path)) {
            return Err(ScaffoldError::Unreadable { path: path.clone(), team: team.clone() });
        }
        let directory = team_directory(&self.cluster_path, team);
        let team_files = self.files.iter().filter(|(path, _)| path.below(directory.as_str()).is_some());
        Ok(Existing {
            taken: self.taken(kustomization_path),
            kustomization_path: kustomization_path.clone(),
            kustomization: kustomization.to_owned(),
            team_files: team_files.map(|(path, text)| (path.clone(), text.clone())).collect(),
            base_flux: self.base_flux(),
            cluster_path: self.cluster_path.clone(),
        })
    }

    fn kustomization(&self) -> Result<(&'a RepoPath, &'a str), ScaffoldError> {
        let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
        let paths = names.iter().filter_map(|name| self.cluster_path.join(name));
        let mut found = paths.filter_map(|path| self.files.get_key_value(&path));
        match (found.next(), found.next()) {
            (None, _) => Err(ScaffoldError::NoKustomization(self.cluster_path.clone())),
            (Some((path, text)), None) => Ok((path, text)),
            (Some((one, _)), Some((two, _))) => Err(ScaffoldError::TwoKustomizations(one.clone(), two.clone())),
        }
    }

    fn taken(&self, kustomization: &RepoPath) -> BTreeMap<String, Vec<Taken>> {
        let mut taken: BTreeMap<String, BTreeSet<Taken>> = BTreeMap::new();
        let mut note = |name: &str, place| {
            taken.entry(name.to_lowercase()).or_default().insert(place);
        };
        for path in self.files.keys() {
            let below = path.below(self.cluster_path.as_str()).and_then(|below| below.split_once('/'));
            if let Some(directory) = below.and_then(|(name, _)| self.cluster_path.join(name)) {
                note(directory.file_name(), Taken::Directory(directory.clone()));
            }
        }
        for (path, documents) in
            self.documents.iter().filter(|(path, _)| path.below(self.cluster_path.as_str()).is_some())
        {
            for document in documents {
                namespaces(document, &mut |name| note(name, Taken::Namespace((*path).clone())));
                for entry in entries(document).filter(|_| *path == kustomization) {
                    let directory = RepoPath::resolve(self.cluster_path.as_str(), entry);
                    let name = directory.as_ref().map_or(entry, RepoPath::file_name).to_owned();
                    note(&name, Taken::Entry { file: (*path).clone(), entry: entry.to_owned(), directory });
                }
            }
        }
        taken.into_iter().map(|(name, places)| (name, places.into_iter().collect())).collect()
    }

    fn base_flux(&self) -> Option<BaseFlux> {
        let path: RepoPath = "base/flux".parse().ok()?;
        let kustomization = path.join("kustomization.yaml")?;
        self.files.get(&kustomization)?;
        let in_base = self.documents.iter().filter(|(file, _)| file.below(path.as_str()).is_some());
        let binding = in_base.flat_map(|(_, documents)| documents).find(|value| value["kind"] == "RoleBinding");
        let api = binding.and_then(|value| value["apiVersion"].as_str()).unwrap_or("rbac.authorization.k8s.io/v1");
        Some(BaseFlux { role_binding_api: api.to_owned(), path })
    }
}

fn is_yaml(path: &RepoPath) -> bool {
    let name = path.file_name();
    name.ends_with(".yaml") || name.ends_with(".yml") || name == "Kustomization"
}

/// Whether `name` stands in `text` as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
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
