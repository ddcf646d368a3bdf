//! Reading the cluster. What the cluster does not answer is a view too: people are told, and the
//! job goes on until its time is up.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::{Picture, View};
use super::find::{Found, Survey, Wanted};
use super::{Record, SyncCluster, root};
use crate::cluster::{
    Cluster, ClusterError, FluxKind, ObjectRef, SourceState, SyncState as Kustomization, revision_commit,
};
use crate::config::ClusterConfig;
use crate::forge::Access;
use crate::jobs::{Context, JobError, admin, chain};
use crate::names::{CommitId, Namespace, RepositoryName};
use crate::report::comment::{Search, SyncState, no_source};
use crate::tenancy::{RepositoryIndex, Team};

/// Where one job looks.
pub(super) struct Lookout<'a> {
    pub(super) job: &'a SyncCluster,
    pub(super) context: &'a Context,
    pub(super) config: &'a ClusterConfig,
    pub(super) cluster: &'a Cluster,
}

impl Lookout<'_> {
    /// Finds what applies the repository and asks Flux to fetch; once that is done, looks how far it is.
    pub(super) async fn look(&self, record: &mut Record) -> Result<View, JobError> {
        match self.ask(record).await {
            Ok(view) => Ok(view),
            Err(Trouble::Cluster(error)) => Ok(blind(&error)),
            Err(Trouble::Job(error)) => Err(error),
        }
    }

    async fn ask(&self, record: &mut Record) -> Result<View, Trouble> {
        if let Some(found) = &record.found {
            if let Some(sources) = self.sources(found).await? {
                return self.follow(record, &sources).await;
            }
            // Renamed or deleted meanwhile: it may have another name now.
            record.found = None;
        }
        self.begin(record).await
    }

    async fn begin(&self, record: &mut Record) -> Result<View, Trouble> {
        let commit = &self.job.commit;
        let found = match self.find().await? {
            Ok(found) => found,
            Err(problem) => return Ok(View::blind(SyncState::NoSource { problem: problem.clone() }, problem)),
        };
        for source in &found.sources {
            // The token is the commit, so that a second run asks for nothing new.
            let (namespace, name) = (&source.namespace, &source.name);
            self.cluster.request_reconcile(FluxKind::GitRepository, namespace, name, commit.as_str()).await?;
        }
        record.requested = true;
        record.found = Some(found);
        tracing::info!(cluster.name = %self.job.cluster, commit.id = %commit, "asked Flux to fetch a merged commit");
        // People read that it began before they read how it ended.
        Ok(View::blind(SyncState::Requested, "Flux was asked to fetch it".to_owned()))
    }

    /// The sources that apply the repository now; else what to say.
    pub(super) async fn sources_now(&self) -> Result<Result<Vec<SourceState>, String>, JobError> {
        let look = async {
            let found = match self.find().await? {
                Ok(found) => found,
                Err(problem) => return Ok(Err(problem)),
            };
            let gone = || "What applies the admin repository went while it was looked at.".to_owned();
            Ok(self.sources(&found).await?.ok_or_else(gone))
        };
        look.await.map_err(|trouble| match trouble {
            Trouble::Cluster(error) => error.into(),
            Trouble::Job(error) => error,
        })
    }

    /// What applies the repository here; else what to say.
    async fn find(&self) -> Result<Result<Found, String>, Trouble> {
        let survey = self.survey().await?;
        let (config, index) = (self.config, self.index().await?);
        let chosen = self.wanted(index.as_ref(), |wanted| wanted.choose(&survey)).await?;
        Ok(chosen.map_err(|near| {
            let (repository, branch, path) = (&config.admin_repository, &config.branch, &config.path);
            no_source(&Search { repository, branch, path, everywhere: !survey.narrow }, &near)
        }))
    }

    /// All sources and Kustomizations; those that `flux bootstrap` makes where the bot may not list.
    async fn survey(&self) -> Result<Survey, ClusterError> {
        match self.everything().await {
            Err(ClusterError::Forbidden { .. }) => {}
            all => return all,
        }
        let ObjectRef { namespace, name } = root();
        let source = self.cluster.git_repository(&namespace, &name).await?;
        let kustomization = self.cluster.kustomization(&namespace, &name).await?;
        let (sources, kustomizations) = (source.into_iter().collect(), kustomization.into_iter().collect());
        Ok(Survey { sources, kustomizations, narrow: true })
    }

    async fn everything(&self) -> Result<Survey, ClusterError> {
        let sources = self.cluster.git_repositories().await?;
        Ok(Survey { sources, kustomizations: self.cluster.kustomizations().await?, narrow: false })
    }

    /// What the merged commit says of the teams; `None` where it cannot be read any more.
    async fn index(&self) -> Result<Option<RepositoryIndex>, JobError> {
        match admin::at(self.context, self.config, &self.job.commit).await {
            Ok(base) => Ok(Some(base.index)),
            Err(JobError::Fail { reason }) => {
                tracing::warn!(commit.id = %self.job.commit, "it cannot be said which namespaces are teams': {reason}");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn wanted<T>(
        &self,
        index: Option<&RepositoryIndex>,
        act: impl FnOnce(&Wanted<'_>) -> T,
    ) -> Result<T, JobError> {
        let (_, facts) = self.context.repository_facts(&self.config.admin_repository, Access::READ).await?;
        let repository = [&self.config.admin_repository, &facts.name];
        let is_team = |namespace: &Namespace| is_of_team(index, namespace, repository);
        let (branch, path) = (&self.config.branch, &self.config.path);
        Ok(act(&Wanted { repository, branch, path, is_team: &is_team }))
    }

    /// The sources that were found before; `None` where one is gone.
    async fn sources(&self, found: &Found) -> Result<Option<Vec<SourceState>>, ClusterError> {
        let mut sources = Vec::new();
        for ObjectRef { namespace, name } in &found.sources {
            let Some(source) = self.cluster.git_repository(namespace, name).await? else { return Ok(None) };
            sources.push(source);
        }
        Ok(Some(sources))
    }

    async fn follow(&self, record: &mut Record, sources: &[SourceState]) -> Result<View, Trouble> {
        let found = record.found.clone().expect("its sources were read");
        if !self.is_fetched(sources).await? {
            // Whoever applies has nothing to apply: they need not be asked.
            return self.view(sources, &[]).await;
        }
        let known = self.kustomizations(&found).await?;
        let view = self.view(sources, &known).await?;
        let is_applied = matches!(view.state, SyncState::Applied { .. });
        if found.narrow || !(is_applied || known.is_empty()) {
            return Ok(view);
        }
        // What was applied may have brought more of them.
        let all = self.cluster.kustomizations().await?;
        let index = self.index().await?;
        let users: Vec<Kustomization> =
            self.wanted(index.as_ref(), |wanted| wanted.users(&found.sources, &all).cloned().collect()).await?;
        let names = users.iter().map(|user| user.object.clone()).collect();
        if names == found.kustomizations {
            return Ok(view);
        }
        record.found = Some(Found { kustomizations: names, ..found });
        self.view(sources, &users).await
    }

    /// The Kustomizations that were found before and are still there.
    async fn kustomizations(&self, found: &Found) -> Result<Vec<Kustomization>, ClusterError> {
        let mut users = Vec::new();
        for ObjectRef { namespace, name } in &found.kustomizations {
            users.extend(self.cluster.kustomization(namespace, name).await?.filter(|user| !user.deleting));
        }
        Ok(users)
    }

    async fn is_fetched(&self, sources: &[SourceState]) -> Result<bool, JobError> {
        let contains = self.descendants(sources, &[]).await?;
        let (commit, others) = (&self.job.commit, BTreeMap::new());
        let contains = |other: &CommitId| contains.contains(other);
        let picture = Picture { commit, sources, kustomizations: &[], others: &others, contains: &contains };
        Ok(sources.iter().any(|source| picture.is_fetched(source)))
    }

    async fn view(&self, sources: &[SourceState], kustomizations: &[Kustomization]) -> Result<View, Trouble> {
        let contains = self.descendants(sources, kustomizations).await?;
        let others = self.others(kustomizations).await?;
        let (commit, contains) = (&self.job.commit, |other: &CommitId| contains.contains(other));
        Ok(Picture { commit, sources, kustomizations, others: &others, contains: &contains }.judge())
    }

    /// The merged commit, and those of the reported ones that contain it.
    async fn descendants(
        &self,
        sources: &[SourceState],
        kustomizations: &[Kustomization],
    ) -> Result<BTreeSet<CommitId>, JobError> {
        let applied =
            kustomizations.iter().flat_map(|user| [&user.last_applied_revision, &user.last_attempted_revision]);
        let reported = sources.iter().map(|source| &source.artifact_revision).chain(applied);
        let commits: BTreeSet<CommitId> =
            reported.filter_map(|revision| revision_commit(revision.as_deref()?)).collect();
        let commit = &self.job.commit;
        let others = commits.into_iter().filter(|other| other != commit).collect();
        let mut contains = self.context.descendants(self.config, commit, others).await?;
        contains.insert(commit.clone());
        Ok(contains)
    }

    /// What is waited for and not followed itself. What may not be read is not judged.
    async fn others(
        &self,
        users: &[Kustomization],
    ) -> Result<BTreeMap<ObjectRef, Option<Kustomization>>, ClusterError> {
        let waits =
            |user: &&Kustomization| user.ready.as_ref().is_some_and(|ready| ready.reason == "DependencyNotReady");
        let on: BTreeSet<&ObjectRef> = users.iter().filter(waits).flat_map(|user| &user.depends_on).collect();
        let mut others = BTreeMap::new();
        for on in on.into_iter().filter(|on| users.iter().all(|user| user.object != **on)) {
            match self.cluster.kustomization(&on.namespace, &on.name).await {
                Err(ClusterError::Forbidden { .. } | ClusterError::Invalid { .. }) => {}
                other => drop(others.insert(on.clone(), other?)),
            }
        }
        Ok(others)
    }
}

/// Whether a namespace is a team's. One that the admins let apply the admin repository is theirs. Where
/// nothing is known, only Flux's own namespace is trusted.
fn is_of_team(index: Option<&RepositoryIndex>, namespace: &Namespace, admin: [&RepositoryName; 2]) -> bool {
    let Some(index) = index else { return *namespace != root().namespace };
    let is_admins = |team: &Team| team.repository.as_ref().is_some_and(|name| admin.iter().any(|it| it.is(name)));
    index.owners_of_namespace(namespace.as_str()).into_iter().any(|team| !is_admins(&team))
}

/// Why a look showed nothing.
enum Trouble {
    Cluster(ClusterError),
    Job(JobError),
}

impl From<ClusterError> for Trouble {
    fn from(error: ClusterError) -> Self {
        Self::Cluster(error)
    }
}

impl From<JobError> for Trouble {
    fn from(error: JobError) -> Self {
        Self::Job(error)
    }
}

/// What passes by itself is waited for; the rest needs somebody to mend it.
fn blind(error: &ClusterError) -> View {
    let problem = chain(error);
    let state = if error.is_transient() {
        SyncState::Unreachable { problem: problem.clone() }
    } else {
        SyncState::Unseen { problem: problem.clone() }
    };
    View::blind(state, problem)
}
