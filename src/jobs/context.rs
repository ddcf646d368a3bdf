//! Everything that a job may reach, made once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::indexes::IndexCache;
use super::{JobError, admin};
use crate::clock::{Clock, Entropy};
use crate::cluster::{Cluster, known_hosts::known_hosts_for};
use crate::config::{AccessMode, ClusterConfig, Config};
use crate::forge::{Access, Forge, ForgeError, Repo, Repository};
use crate::git::Mirrors;
use crate::names::{ClusterName, CommitId, RepositoryId, RepositoryName};
use crate::rules::Policy;
use crate::store::Store;

/// How long a repository's id, default branch and address are believed.
const BELIEVED: Duration = Duration::from_secs(10 * 60);
/// What a job of the admin repository reads and reports with.
const REPORT: Access = Access::READ.and(Access::COMMENT).and(Access::DEPLOYMENTS);

/// How patient the jobs are. The demo and the tests are less so.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long one merge is followed, failed or not, and a team's namespace is waited for. Flux tries a
    /// Kustomization again after its interval, which is 10 minutes where `flux bootstrap` wrote it; five more
    /// for that second attempt.
    pub follow: Duration,
    /// How long a failure must last before people are told: a fetch that meets a restart recovers by itself.
    pub failure_lasts: Duration,
    /// The pause between two looks at a cluster, at first; it grows tenfold.
    pub pause: Duration,
    /// The pause between two looks once people were told of a failure: somebody has to mend it, or Flux to try
    /// again.
    pub failed_pause: Duration,
    /// How long until everything is looked at again, in case that webhooks were missed.
    pub refresh: Duration,
    /// How long until GitHub's list of deliveries is looked at again, where they are sent to us.
    pub recover: Duration,
    /// The same where they are only fetched, while some come; twelve times that when it is quiet.
    pub poll: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            follow: Duration::from_secs(15 * 60),
            failure_lasts: Duration::from_secs(10),
            pause: Duration::from_secs(1),
            failed_pause: Duration::from_secs(30),
            refresh: Duration::from_secs(10 * 60),
            recover: Duration::from_secs(5 * 60),
            poll: Duration::from_secs(5),
        }
    }
}

/// The outside world, the configuration and the clock.
#[derive(Debug)]
pub struct Context {
    /// The server's configuration.
    pub config: Config,
    /// The policy where a repository has none of its own.
    pub policy: Policy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What is remembered.
    pub store: Store,
    /// GitHub.
    pub forge: Forge,
    /// The repositories.
    pub mirrors: Mirrors,
    /// The clusters that can be reached, by name.
    pub clusters: BTreeMap<ClusterName, Cluster>,
    /// What the repositories hold.
    pub indexes: IndexCache,
    /// How patient the jobs are.
    pub timing: Timing,
    /// What is known of repositories, by lower-case name.
    pub repositories: Mutex<HashMap<String, (Timestamp, Repo, Repository)>>,
}

impl Context {
    /// The cluster's part of the configuration.
    ///
    /// # Errors
    /// Fails for good where the cluster has left the configuration.
    pub fn cluster_config(&self, name: &ClusterName) -> Result<&ClusterConfig, JobError> {
        let found = self.config.clusters.iter().find(|cluster| cluster.name == *name);
        found.ok_or_else(|| JobError::fail(format!("cluster {name} is not in the configuration any more")))
    }

    /// The cluster, where the bot has access to it.
    pub fn cluster(&self, name: &ClusterName) -> Option<&Cluster> {
        self.clusters.get(name)
    }

    /// The admin repository, for reading, comments and deployments.
    ///
    /// # Errors
    /// Where the forge does not know it or the App is not installed there.
    pub async fn repository(&self, name: &RepositoryName) -> Result<Repo, ForgeError> {
        self.repository_with(name, REPORT).await
    }

    /// A repository with the rights of `access`.
    ///
    /// # Errors
    /// Where the forge does not know it or the App is not installed there.
    pub async fn repository_with(&self, name: &RepositoryName, access: Access) -> Result<Repo, ForgeError> {
        Ok(self.repository_facts(name, access).await?.0)
    }

    /// A repository with the rights of `access`, and what the forge says of it. The answer is
    /// remembered for ten minutes.
    ///
    /// # Errors
    /// Where the forge does not know it or the App is not installed there.
    pub async fn repository_facts(
        &self,
        name: &RepositoryName,
        access: Access,
    ) -> Result<(Repo, Repository), ForgeError> {
        let key = name.as_str().to_ascii_lowercase();
        let now = self.clock.now();
        let known = self.repositories.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let (repo, facts) = match known {
            Some((at, repo, facts)) if now.duration_since(at).unsigned_abs() < BELIEVED => (repo, facts),
            _ => {
                let (repo, facts) = self.forge.find_repo(name, Access::METADATA).await?;
                let remembered = (now, repo.clone(), facts.clone());
                self.repositories.lock().unwrap_or_else(PoisonError::into_inner).insert(key, remembered);
                (repo, facts)
            }
        };
        Ok((self.forge.repo(repo.installation(), (facts.id, facts.name.clone()), access), facts))
    }

    /// The name under which the configuration or an admin repository knows a repository, where that was
    /// looked up before: after a rename events tell a new one, and GitHub redirects the old one.
    pub fn known_as(&self, id: RepositoryId, told: &RepositoryName) -> RepositoryName {
        let known = self.repositories.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = known.iter().filter(|(_, (_, _, facts))| facts.id == id).map(|(name, _)| name.as_str());
        if names.clone().any(|name| name.eq_ignore_ascii_case(told.as_str())) {
            return told.clone();
        }
        names.next().and_then(|name| name.parse().ok()).unwrap_or_else(|| told.clone())
    }

    /// Forgets what is known of repositories and of where the App is installed: it is asked anew.
    pub fn forget_repositories(&self) {
        self.repositories.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.forge.forget_installations();
    }

    /// The address from which a cluster fetches a team's repository.
    pub fn team_git_url(&self, cluster: &ClusterConfig, repository: &RepositoryName) -> String {
        let host = self.git_host();
        match cluster.git_access.mode {
            AccessMode::DeployKey => format!("ssh://git@{host}/{repository}"),
            AccessMode::GithubApp | AccessMode::None => format!("https://{host}/{repository}"),
        }
    }

    /// The host that serves Git over SSH: GitHub's own, or the enterprise server's.
    fn git_host(&self) -> String {
        self.config.github.git_host()
    }

    /// The forge's host keys in `known_hosts` format: those that it publishes, else GitHub's known ones.
    pub async fn known_hosts(&self) -> String {
        let published = match self.published_keys().await {
            Ok(keys) => keys,
            Err(error) => {
                tracing::warn!("the forge's host keys could not be asked for; the published ones are used: {error}");
                Vec::new()
            }
        };
        known_hosts_for(&self.git_host(), &published)
    }

    async fn published_keys(&self) -> Result<Vec<String>, ForgeError> {
        let Some(cluster) = self.config.clusters.first() else { return Ok(Vec::new()) };
        let repo = self.repository_with(&cluster.admin_repository, Access::METADATA).await?;
        Ok(repo.meta_ssh_keys().await?.iter().map(ToString::to_string).collect())
    }

    /// The tip of the branch that a cluster tracks; `None` where there is no such branch.
    ///
    /// # Errors
    /// Where the repository cannot be asked.
    pub async fn branch_tip(&self, config: &ClusterConfig) -> Result<Option<CommitId>, JobError> {
        let (repo, facts) = self.repository_facts(&config.admin_repository, Access::READ).await?;
        admin::branch_tip(&repo, &self.mirrors.open(facts.id), &facts.clone_url, &config.branch).await
    }

    /// Those of `commits` that contain `ancestor`. A commit that cannot be fetched contains nothing
    /// that could be proven.
    ///
    /// # Errors
    /// Where the repository cannot be asked.
    pub async fn descendants(
        &self,
        config: &ClusterConfig,
        ancestor: &CommitId,
        commits: Vec<CommitId>,
    ) -> Result<BTreeSet<CommitId>, JobError> {
        if commits.is_empty() {
            return Ok(BTreeSet::new());
        }
        let (repo, facts) = self.repository_facts(&config.admin_repository, Access::READ).await?;
        let mirror = self.mirrors.open(facts.id);
        let refs = [config.branch.full_ref()];
        match admin::fetch(&repo, &mirror, &facts.clone_url, (std::slice::from_ref(ancestor), &refs)).await {
            // Its branch was pushed over: nothing is known to contain it.
            Err(JobError::Fail { .. }) => return Ok(BTreeSet::new()),
            there => there?,
        }
        let mut found = BTreeSet::new();
        for commit in commits {
            let wants = (std::slice::from_ref(&commit), &refs[..]);
            let there = admin::fetch(&repo, &mirror, &facts.clone_url, wants).await;
            if matches!(there, Err(JobError::Retry { .. })) {
                there?;
            } else if there.is_ok() && mirror.is_ancestor(ancestor, &commit).await? {
                found.insert(commit);
            }
        }
        Ok(found)
    }
}
