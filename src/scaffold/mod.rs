//! Templates and names to a change set.
//!
//! [`Survey`] reads a repository's files, [`plan`] decides what a new team changes, and the
//! [`ChangeSet`] is the dry run when printed. Nothing is written here.

mod admin;
mod change;
mod condition;
mod deploy_key;
pub(crate) mod emit;
mod entries;
mod error;
mod issue_form;
mod layout;
mod near;
mod parameter;
mod pattern;
pub mod promote;
pub mod remove;
mod render;
mod repository;
mod survey;
mod team;
mod template;
mod values;

use std::collections::BTreeMap;

use crate::names::{BranchName, GitUrl, KubernetesVersion, RepoPath, TeamName};

pub use admin::{AdminRequest, init};
pub use change::{ChangeSet, FileChange, Plan};
pub use deploy_key::{DEPLOY_KEY_FILE, DeployKey, DeployKeyError, PUBLIC_KEY, TeamDirectory, plan_deploy_key};
pub use error::ScaffoldError;
pub use issue_form::issue_form;
pub use layout::{Layout, Wanted};
pub use parameter::{Parameter, ParameterKind};
pub use repository::team_repository;
pub use survey::{BaseFlux, Survey, find_cluster_path};
pub use team::{plan, plan_with};
pub use template::{OVERRIDES, Part, Preset, Template, TemplateError, setting_name};

/// The lists of a kustomization file that may name a team's directory, the preferred one first.
pub const LISTS: &[&str] = &["resources", "bases"];

/// What is asked for.
#[derive(Debug, Clone)]
pub struct TeamRequest {
    /// The new team.
    pub team: TeamName,
    /// Its repository, as Flux reaches it.
    pub git_url: GitUrl,
    /// The branch of its repository that is applied.
    pub branch: BranchName,
    /// How the repository keeps teams.
    pub layout: Wanted,
    /// The template's parameters by name; what is not named has the template's default.
    pub settings: BTreeMap<String, String>,
    /// Settings from the configuration, which give way to `settings`.
    pub preset: Option<Preset>,
    /// The environments, where they are not to be seen in the repository; for a layout that has them.
    pub environments: Vec<String>,
    /// The cluster's version of Kubernetes, where it is known.
    pub kubernetes: Option<KubernetesVersion>,
}

impl TeamRequest {
    /// A team with everything left to the repository and the template.
    pub const fn new(team: TeamName, git_url: GitUrl, branch: BranchName) -> Self {
        Self {
            team,
            git_url,
            branch,
            layout: Wanted::Seen,
            settings: BTreeMap::new(),
            preset: None,
            environments: Vec::new(),
            kubernetes: None,
        }
    }
}

/// Where a name is in use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// A directory beside those of teams.
    Directory(RepoPath),
    /// An entry in a list of teams.
    Entry {
        /// The kustomization file.
        file: RepoPath,
        /// The entry as it is written.
        entry: String,
        /// The directory that it names, where it stays in the repository.
        directory: Option<RepoPath>,
    },
    /// A namespace, made or filled by a file.
    Namespace(RepoPath),
}

/// What a request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// These files are to be written, all or none.
    Changes(Plan),
    /// The team is there exactly as it would be written.
    AlreadyThere,
}

#[cfg(test)]
mod tests;
