//! One team, put together from the files of its directory.

use crate::names::{Engine, Namespace, RepoPath, RepositoryName, TeamName};

use super::facts::{Fact, FluxV1Fact, SourceFact, SyncFact, directory as flux_directory};
use super::parse_git_url;

/// Where a team's manifests come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamSource {
    /// `GitRepository`, or `Deployment` for a Flux v1 daemon.
    pub kind: &'static str,
    /// The object's name.
    pub name: String,
    /// The namespace that the object and its secret live in.
    pub namespace: Namespace,
    /// The Git URL as written.
    pub url: String,
    /// The branch, where one is named.
    pub branch: Option<String>,
    /// The Secret with the deploy key, where one is named (Flux v1 has a default one).
    pub secret_name: Option<String>,
    /// The file that says so.
    pub file: RepoPath,
    /// Its line, from 1.
    pub line: u32,
}

/// The Flux v2 `Kustomization` that applies a team's manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamSync {
    /// The object's name.
    pub name: String,
    /// The object's namespace.
    pub namespace: Namespace,
    /// The service account whose rights count.
    pub service_account: Option<String>,
    /// The file that says so.
    pub file: RepoPath,
    /// Its line, from 1.
    pub line: u32,
}

/// One team, as the admin repository describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its name: that of its directory.
    pub name: TeamName,
    /// Its directory in the admin repository.
    pub directory: RepoPath,
    /// The namespaces that it owns: those that its directory declares, then those that its Flux
    /// objects use; the first is its home. Namespaces of the cluster are never in here.
    pub namespaces: Vec<Namespace>,
    /// Its repository, where the Git URL names one.
    pub repository: Option<RepositoryName>,
    /// Which generation of Flux runs it.
    pub engine: Engine,
    /// Where its manifests come from.
    pub source: Option<TeamSource>,
    /// What applies them; `None` for Flux v1.
    pub sync: Option<TeamSync>,
    /// The directories of its repository that Flux applies; the empty text is the root.
    pub paths: Vec<String>,
}

/// Whether a namespace belongs to Kubernetes or Flux, so that no team can own it.
pub fn is_system_namespace(namespace: &str) -> bool {
    namespace == "default" || namespace == "flux-system" || namespace.starts_with("kube-")
}

/// The secret in which a Flux v1 daemon keeps its key where `--k8s-secret-name` says nothing.
const FLUX_V1_SECRET: &str = "flux-git-deploy";

impl Team {
    /// Whether the team owns a namespace.
    pub fn owns(&self, namespace: &str) -> bool {
        self.namespaces.iter().any(|own| own.as_str() == namespace)
    }

    /// The team that a directory describes by what its files say; `None` where it describes none, as `cluster/common`.
    pub(super) fn of<'a>(
        directory: &RepoPath,
        namespace: Option<&'a str>,
        facts: impl Iterator<Item = (&'a RepoPath, &'a Fact)>,
    ) -> Option<Self> {
        let name: TeamName = directory.file_name().parse().ok()?;
        Gathered::from(facts, namespace).team(name, directory)
    }
}

#[derive(Default)]
struct Gathered<'a> {
    /// What kustomize puts into every object of the directory.
    forced: Option<&'a str>,
    declared: Vec<String>,
    used: Vec<String>,
    tenant: bool,
    sources: Vec<(&'a RepoPath, &'a SourceFact)>,
    syncs: Vec<(&'a RepoPath, &'a SyncFact)>,
    daemon: Option<(&'a RepoPath, &'a FluxV1Fact)>,
}

impl<'a> Gathered<'a> {
    fn from(facts: impl Iterator<Item = (&'a RepoPath, &'a Fact)>, forced: Option<&'a str>) -> Self {
        let mut gathered = Self { forced, ..Self::default() };
        for (path, fact) in facts {
            match fact {
                Fact::Namespace { name, tenant } => {
                    gathered.declared.push(name.clone());
                    gathered.tenant |= tenant;
                }
                Fact::Source(source) => gathered.sources.push((path, source)),
                Fact::Sync(sync) => gathered.syncs.push((path, sync)),
                Fact::FluxV1(daemon) if daemon.is_operator => {}
                Fact::FluxV1(daemon) => gathered.take_daemon(path, daemon),
                Fact::Ignore(_) | Fact::Rights(_) | Fact::Flux(_) | Fact::Controller(_) | Fact::Patch(_) => {}
            }
        }
        gathered
    }

    fn take_daemon(&mut self, path: &'a RepoPath, daemon: &'a FluxV1Fact) {
        self.used.extend(daemon.allowed.iter().cloned());
        if daemon.url.is_some() || self.daemon.is_none() {
            self.daemon = Some((path, daemon));
        }
    }

    /// The namespace in which an object ends up.
    fn home(&self, written: Option<&str>) -> Option<Namespace> {
        let first = || self.declared.first().map(String::as_str);
        self.forced.or(written).or_else(first).and_then(|name| name.parse().ok())
    }

    fn team(mut self, name: TeamName, directory: &RepoPath) -> Option<Team> {
        let source = self.source();
        let sync = self.sync(source.as_ref());
        let places = source.iter().map(|source| &source.namespace).chain(sync.iter().map(|sync| &sync.namespace));
        let places: Vec<String> = places.map(|place| place.as_str().to_owned()).collect();
        self.used.extend(places);
        self.used.extend(self.syncs.iter().filter_map(|(_, sync)| sync.target_namespace.clone()));
        let namespaces = own_namespaces(self.declared.iter().chain(&self.used));
        let runs_itself = self.daemon.is_some() || sync.is_some() && !namespaces.is_empty();
        if !runs_itself && !self.tenant {
            return None;
        }
        let repository = source.as_ref().and_then(|source| parse_git_url(&source.url));
        let engine = if self.daemon.is_some() { Engine::FluxV1 } else { Engine::FluxV2 };
        let paths = self.paths(source.as_ref());
        Some(Team { name, directory: directory.clone(), namespaces, repository, engine, source, sync, paths })
    }

    /// What Flux applies of the team's repository: its root, where nothing else is said.
    fn paths(&self, source: Option<&TeamSource>) -> Vec<String> {
        let of_daemon = self.daemon.iter().flat_map(|(_, daemon)| daemon.paths.iter().map(String::as_str));
        let same_source = |sync: &&SyncFact| {
            sync.from_git && sync.source.as_ref().is_some_and(|named| source.is_some_and(|own| own.name == named.name))
        };
        let syncs = self.syncs.iter().map(|(_, sync)| *sync).filter(same_source);
        let of_syncs = syncs.map(|sync| sync.path.as_deref().unwrap_or_default());
        let mut paths: Vec<String> = of_daemon.chain(of_syncs).map(flux_directory).collect();
        if paths.is_empty() {
            paths.push(String::new());
        }
        paths
    }

    fn source(&self) -> Option<TeamSource> {
        if let Some((file, daemon)) = self.daemon {
            let allowed = daemon.allowed.first().map(String::as_str);
            return Some(TeamSource {
                kind: daemon.kind,
                name: daemon.name.clone(),
                namespace: self.home(daemon.namespace.as_deref().or(allowed))?,
                url: daemon.url.clone()?,
                branch: daemon.branch.clone(),
                secret_name: Some(daemon.secret_name.clone().unwrap_or_else(|| FLUX_V1_SECRET.to_owned())),
                file: file.clone(),
                line: daemon.position.line,
            });
        }
        let (file, source) = self.sources.first()?;
        Some(TeamSource {
            kind: "GitRepository",
            name: source.name.clone(),
            namespace: self.home(source.namespace.as_deref())?,
            url: source.url.clone(),
            branch: source.branch.clone(),
            secret_name: source.secret_name.clone(),
            file: (*file).clone(),
            line: source.position.line,
        })
    }

    fn sync(&self, source: Option<&TeamSource>) -> Option<TeamSync> {
        if self.daemon.is_some() {
            return None;
        }
        let from_git = || self.syncs.iter().filter(|(_, sync)| sync.from_git);
        let same_name = from_git().find(|(_, sync)| source.is_some_and(|source| source.name == sync.name));
        let (file, sync) = same_name.or_else(|| from_git().next())?;
        Some(TeamSync {
            name: sync.name.clone(),
            namespace: self.home(sync.namespace.as_deref())?,
            service_account: sync.service_account.clone(),
            file: (*file).clone(),
            line: sync.position.line,
        })
    }
}

/// The namespaces that a team can own, each once, in the order in which they were found.
fn own_namespaces<'a>(names: impl Iterator<Item = &'a String>) -> Vec<Namespace> {
    let mut own: Vec<Namespace> = Vec::new();
    for name in names.filter(|name| !is_system_namespace(name)) {
        if let Ok(namespace) = name.parse::<Namespace>()
            && !own.contains(&namespace)
        {
            own.push(namespace);
        }
    }
    own
}
