//! Templates and names to a change set.
//!
//! [`Survey`] reads a repository's files, [`plan`] decides what a new team changes, and the
//! [`ChangeSet`] is the dry run when printed. Nothing is written here.

mod change;
mod deploy_key;
pub(crate) mod emit;
mod error;
mod parameter;
pub mod promote;
mod render;
mod survey;
mod template;

use std::collections::BTreeMap;

use crate::manifest::insert_list_entry;
use crate::names::{BranchName, Engine, GitUrl, RepoPath, TeamName};

pub use change::{ChangeSet, FileChange};
pub use deploy_key::{DEPLOY_KEY_FILE, DeployKey, DeployKeyError, PUBLIC_KEY, TeamDirectory, plan_deploy_key};
pub use error::ScaffoldError;
pub use parameter::{Parameter, ParameterKind};
pub use survey::{BaseFlux, Survey, find_cluster_path};
pub use template::{Template, TemplateError};

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
    /// The generation of Flux.
    pub engine: Engine,
    /// The template's parameters by name; what is not named has the template's default.
    pub settings: BTreeMap<String, String>,
}

/// What a repository holds already, as far as a new team is concerned; made by [`Survey::existing`].
#[derive(Debug, Clone)]
pub struct Existing {
    /// The directory that Flux applies.
    pub cluster_path: RepoPath,
    /// The kustomization file in it that lists the teams.
    pub kustomization_path: RepoPath,
    /// That file's text.
    pub kustomization: String,
    /// Names that are in use, in lower case, and where.
    pub taken: BTreeMap<String, Vec<Taken>>,
    /// What the team's directory holds already.
    pub team_files: BTreeMap<RepoPath, String>,
    /// What the teams of Flux v1 build on.
    pub base_flux: Option<BaseFlux>,
}

/// Where a name is in use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// A directory in the cluster path.
    Directory(RepoPath),
    /// An entry in the list of teams.
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
    Changes(ChangeSet),
    /// The team is there exactly as it would be written.
    AlreadyThere,
}

/// Decides what a new team changes, with the built-in template of the engine.
///
/// # Errors
/// Where the name is in use for something else, the team is there with other content, or a file
/// cannot be edited. Nothing is to be written then.
pub fn plan(request: &TeamRequest, existing: &Existing) -> Result<Outcome, ScaffoldError> {
    let template = Template::built_in(request.engine)?;
    plan_with(&template, request, existing)
}

/// [`plan`] with a template of one's own.
pub fn plan_with(template: &Template, request: &TeamRequest, existing: &Existing) -> Result<Outcome, ScaffoldError> {
    let directory = team_directory(&existing.cluster_path, &request.team);
    is_free(request, existing, &directory)?;
    let values = template.values(&request.settings, &built_in_values(request, existing)?)?;
    let mut files = Vec::new();
    let mut wanted = BTreeMap::new();
    for (name, text) in template.render(&request.team, &values)? {
        let path = inside(&directory, &name);
        let before = existing.team_files.get(&path);
        if before != Some(&text) {
            files.push(FileChange { path: path.clone(), before: before.cloned(), after: text.clone() });
        }
        wanted.insert(path, text);
    }
    if !files.is_empty() && !existing.team_files.is_empty() {
        let strange = existing.team_files.iter().filter(|(path, text)| wanted.get(*path) != Some(text));
        let paths: Vec<RepoPath> = strange.map(|(path, _)| path.clone()).collect();
        if !paths.is_empty() {
            return Err(ScaffoldError::Different { team: request.team.clone(), directory, paths });
        }
    }
    let list = insert_list_entry(&existing.kustomization, LISTS, request.team.as_str())
        .map_err(|problem| ScaffoldError::Edit { path: existing.kustomization_path.clone(), problem })?;
    if list != existing.kustomization {
        let before = Some(existing.kustomization.clone());
        files.push(FileChange { path: existing.kustomization_path.clone(), before, after: list });
    }
    if files.is_empty() { Ok(Outcome::AlreadyThere) } else { Ok(Outcome::Changes(ChangeSet { files })) }
}

/// Whether every use of the name is the team's own: its directory, its entry, its namespace.
fn is_free(request: &TeamRequest, existing: &Existing, directory: &RepoPath) -> Result<(), ScaffoldError> {
    let team = &request.team;
    for taken in existing.taken.get(team.as_str()).into_iter().flatten() {
        let own = match taken {
            Taken::Directory(path) => path == directory,
            Taken::Namespace(file) => file.below(directory.as_str()).is_some(),
            Taken::Entry { file, entry, directory: Some(path) } if path == directory => {
                if existing.team_files.is_empty() {
                    let (file, entry) = (file.clone(), entry.clone());
                    return Err(ScaffoldError::Dangling { directory: directory.clone(), file, entry });
                }
                true
            }
            Taken::Entry { .. } => false,
        };
        if !own {
            return Err(ScaffoldError::Taken { team: team.clone(), taken: taken.clone() });
        }
    }
    Ok(())
}

fn built_in_values(
    request: &TeamRequest,
    existing: &Existing,
) -> Result<BTreeMap<&'static str, String>, ScaffoldError> {
    let team = request.team.as_str();
    let mut values = BTreeMap::from([
        ("team", team.to_owned()),
        ("namespace", request.team.namespace().to_string()),
        ("branch", request.branch.to_string()),
    ]);
    match request.engine {
        Engine::FluxV1 => {
            let base = existing.base_flux.as_ref().ok_or(ScaffoldError::NoBaseFlux)?;
            values.insert("git_url", request.git_url.to_string());
            values.insert("base_flux", way(&team_directory(&existing.cluster_path, &request.team), &base.path));
            values.insert("role_binding_api", base.role_binding_api.clone());
        }
        Engine::FluxV2 => {
            values.insert("git_url", request.git_url.with_scheme().to_string());
            if request.git_url.is_ssh() && !request.settings.contains_key("git_secret") {
                values.insert("git_secret", "flux-git-auth".to_owned());
            }
        }
    }
    Ok(values)
}

/// The directory of a team.
pub fn team_directory(cluster_path: &RepoPath, team: &TeamName) -> RepoPath {
    inside(cluster_path, team.as_str())
}

fn inside(directory: &RepoPath, name: &str) -> RepoPath {
    directory.join(name).expect("a template's file names and teams' names hold no `..`")
}

/// The relative way from one directory to another: `../../base/flux`.
fn way(from: &RepoPath, to: &RepoPath) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) = (from.as_str().split('/').collect(), to.as_str().split('/').collect());
    let common = from.iter().zip(&to).take_while(|(left, right)| left == right).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    up.chain(to[common..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
