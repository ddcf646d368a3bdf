//! The server configuration: raw (serde, unknown fields refused) to valid.
//!
//! `bot-config/bailiwick.yaml` is the annotated example of everything. Secrets are named
//! (`{env: NAME}` or `{file: PATH}`), never written inline; who reads the environment and the files
//! is handed in as a [`SecretSource`], because this room does no IO.

mod allow;
mod check;
mod error;
mod lines;
mod pattern;
mod presets;
mod raw;
mod secret;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::manifest::tag_line;
use crate::names::{BranchName, ClusterName, Engine, KubernetesVersion, RepoPath, RepositoryName, site_host};

pub use allow::AllowRule;
pub use error::{ConfigError, Problem};
pub use pattern::{PatternError, RepositoryPattern};
pub use secret::{DatabaseUrl, SecretError, SecretSource};

/// Bytes of a configuration file that is read at all.
pub const LARGEST_FILE: usize = 1024 * 1024;

/// A valid configuration with its secrets read.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server listens; default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// The store.
    pub database: DatabaseUrl,
    /// The GitHub App.
    pub github: GithubConfig,
    /// The clusters, at least one; no two share a name, or repository, branch and path.
    pub clusters: Vec<ClusterConfig>,
    /// Who may use which command, by the command's name; see [`Config::allow`].
    pub commands: BTreeMap<String, Vec<AllowRule>>,
    /// The policy file, relative to the configuration's folder made whole; `None` for the rules' own severities.
    pub policy: Option<PathBuf>,
    /// What a change has to bring that gives rights in the whole cluster; `None` where nobody is asked.
    pub grants: Option<Grants>,
    /// Settings of `/create-team` by the name under which `--preset` asks for them. Which settings there are, the
    /// template of each admin repository says.
    pub presets: BTreeMap<String, BTreeMap<String, String>>,
}

/// What the check `bailiwick/grants` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grants {
    /// How many people have to approve, from 1 to 10.
    pub required: usize,
}

/// The GitHub App's identity.
#[derive(Debug, Clone)]
pub struct GithubConfig {
    /// The App's id, greater than 0.
    pub app_id: u64,
    /// The App's private key in PEM.
    pub private_key: SecretString,
    /// How deliveries come in; default push.
    pub webhook: WebhookMode,
    /// The webhook secrets, none empty; with push at least one. More than one while a secret is changed.
    pub webhook_secrets: Vec<SecretString>,
    /// The API's address without a slash at its end; `https`, or `http` on this machine.
    pub api_url: String,
}

impl GithubConfig {
    /// The host of pages and of Git, without a port.
    pub fn git_host(&self) -> String {
        let uri = self.api_url.parse::<http::Uri>().ok();
        let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default();
        site_host(host).to_owned()
    }
}

/// How the forge's deliveries come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WebhookMode {
    /// The forge sends them to this server.
    #[default]
    Push,
    /// This server fetches them from the forge's list: nothing has to reach it from outside.
    Pull,
}

/// A cluster and the repositories that run it.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// Its name.
    pub name: ClusterName,
    /// The admins' repository.
    pub admin_repository: RepositoryName,
    /// The branch of the admin repository that runs the cluster; default `main`.
    pub branch: BranchName,
    /// The directory of the admin repository that Flux applies; default `cluster`.
    pub path: RepoPath,
    /// The generation of Flux; `None` where it is to be seen from the repository.
    pub engine: Option<Engine>,
    /// How the cluster is reached; `None` where it is not.
    pub kubeconfig: Option<Kubeconfig>,
    /// Which repository belongs to which team.
    pub team_repository: RepositoryPattern,
    /// The branch of team repositories that Flux follows; default `main`.
    pub team_branch: BranchName,
    /// How Flux reads the team repositories.
    pub git_access: GitAccess,
    /// Its version of Kubernetes; `None` where every version that is known may be meant.
    pub kubernetes_version: Option<KubernetesVersion>,
    /// What of a pull request is tried there before it is merged; `None` for nothing. Only with `kubeconfig`.
    pub dry_run: Option<DryRuns>,
    /// The environments of a layout with `tenants/base` and one overlay per environment; else empty.
    pub environments: Vec<String>,
}

/// What of a pull request in the admin repository is tried on a cluster in a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRuns {
    /// New and changed CustomResourceDefinitions.
    Definitions,
}

/// How a cluster's API is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kubeconfig {
    /// With the account of the pod that Bailiwick runs in.
    InCluster,
    /// With a kubeconfig file.
    File {
        /// The file, relative to the configuration's folder made whole.
        path: PathBuf,
        /// The context in it; `None` for its current one.
        context: Option<String>,
    },
}

/// How Flux reads the team repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GitAccess {
    /// With what.
    pub mode: AccessMode,
    /// To what extent. Flux v1 writes its sync tag, so its keys must be read-write.
    pub access: Access,
}

/// With what Flux reads the team repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessMode {
    /// A deploy key per team and cluster, which Bailiwick registers.
    DeployKey,
    /// Flux's own GitHub App (`spec.provider: github`).
    GithubApp,
    /// Nothing that Bailiwick looks after.
    None,
}

/// To what extent a deploy key opens a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Fetch.
    ReadOnly,
    /// Fetch and push.
    ReadWrite,
}

impl Config {
    /// Who may use `command`: what the configuration says, else the command's own default, else
    /// nobody. Any one rule that matches is enough; an empty list means nobody.
    pub fn allow(&self, command: &str) -> Vec<AllowRule> {
        let default = || crate::command::spec(command).map(|spec| AllowRule::Permission(spec.allow));
        self.commands.get(command).cloned().unwrap_or_else(|| default().into_iter().collect())
    }

    /// The clusters that `repository` runs, whatever their branch.
    pub fn clusters_of<'a>(&'a self, repository: &'a RepositoryName) -> impl Iterator<Item = &'a ClusterConfig> {
        self.clusters.iter().filter(|cluster| cluster.admin_repository.is(repository))
    }
}

/// Reads a configuration. `file` is the path under which people know the text; paths in it are
/// taken relative to that file's folder. All problems that can be told at once are in the error.
pub fn parse(text: &str, file: &str, secrets: &dyn SecretSource) -> Result<Config, ConfigError> {
    let fail = |problems| ConfigError { file: file.to_owned(), problems };
    if text.len() > LARGEST_FILE {
        return Err(fail(vec![Problem::new("", "the file is larger than 1 MiB", "give a smaller file")]));
    }
    if let Some(line) = tag_line(text) {
        let problem = Problem::new("", "a tag (`!…`) stands here", "remove it, or quote the text").at(Some(line));
        return Err(fail(vec![problem]));
    }
    let lines = lines::Lines::of(text);
    // The other reader takes minutes over thousands of brackets.
    if let Some(problem) = lines.too_deep() {
        return Err(fail(vec![problem]));
    }
    let raw = raw::read(text).map_err(|problem| fail(vec![problem]))?;
    let (config, mut problems) = check::check(raw, file, secrets);
    problems.extend(lines.duplicates());
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => {
            for problem in &mut problems {
                problem.line = problem.line.or_else(|| lines.line(&problem.key));
            }
            problems.sort_by_key(|problem| problem.line);
            Err(fail(problems))
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
