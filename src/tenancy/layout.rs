use crate::names::RepoPath;

use super::RepositoryIndex;
use super::stored::list;

/// How an admin repository is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// One directory that Flux applies, with one directory per team and `common` for what is
    /// cluster-wide: `cluster/`, or the path that the configuration names.
    Cluster(RepoPath),
    /// `clusters/<environment>/` and `tenants/{base,<environment>}/`.
    Environments,
    /// Neither: a team's repository, or none that is known.
    Unknown,
}

impl Layout {
    /// Where a team's directory is made: `cluster`, or `tenants/base`.
    pub fn teams_directory(&self) -> Option<RepoPath> {
        match self {
            Self::Cluster(path) => Some(path.clone()),
            Self::Environments => "tenants/base".parse().ok(),
            Self::Unknown => None,
        }
    }

    /// Whether Flux starts from a directory (empty for the root), as far as the layout says.
    pub(super) fn starts_at(&self, directory: &str) -> bool {
        match self {
            Self::Cluster(cluster) => cluster.as_str() == directory,
            Self::Environments => directory.strip_prefix("clusters/").is_some_and(|name| !name.contains('/')),
            Self::Unknown => directory.is_empty(),
        }
    }

    /// Where cluster-wide objects belong, in words for people.
    pub fn common(&self) -> String {
        match self {
            Self::Cluster(path) => format!("{path}/common"),
            Self::Environments => "infrastructure".to_owned(),
            Self::Unknown => "cluster/common".to_owned(),
        }
    }
}

impl RepositoryIndex {
    /// How the repository is laid out: as given, else as seen.
    pub fn layout(&self) -> Layout {
        if let Some(path) = &self.cluster_path {
            return Layout::Cluster(path.clone());
        }
        match "cluster".parse::<RepoPath>() {
            Ok(cluster) if self.kustomization_of("cluster").is_some() => Layout::Cluster(cluster),
            _ if self.has_directory("clusters") && self.has_directory("tenants") => Layout::Environments,
            _ => Layout::Unknown,
        }
    }

    /// Whether Flux may apply a path, as far as the layout says: it is below the cluster path, or
    /// below a path that a Flux `Kustomization` of this repository names. In a repository without a
    /// known layout everything may be applied.
    pub fn is_synced(&self, path: &RepoPath) -> bool {
        let inside = match self.layout() {
            Layout::Cluster(cluster) => path.below(cluster.as_str()).is_some(),
            Layout::Environments => path.below("clusters").is_some() || path.below("tenants").is_some(),
            Layout::Unknown => true,
        };
        inside || super::reach::ancestors(path.directory()).any(|directory| self.is_flux_path(directory))
    }

    /// Whether a Flux `Kustomization` of this repository names this directory as its path.
    pub fn is_flux_path(&self, directory: &str) -> bool {
        self.paths(list::FLUX_PATHS, directory.as_bytes()).next().is_some()
    }
}
