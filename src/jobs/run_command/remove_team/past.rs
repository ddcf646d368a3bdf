//! What was done before: the pull requests of both steps, and what the first one remembers of the team.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Call;
use crate::cluster::ObjectRef;
use crate::forge::{Access, PullRequest, PullState};
use crate::jobs::{Context, JobError, admin};
use crate::names::{BranchName, IssueNumber, NameError, RepositoryName, TeamName};
use crate::report::comment::RemovalStep;
use crate::scaffold::remove::Removal;
use crate::tenancy::ObjectId;

/// The fact that remembers, by the admin repository's number and the team.
const KIND: &str = "removed-team";

/// The branch of a step.
pub(super) fn branch(step: RemovalStep, team: &TeamName) -> Result<BranchName, JobError> {
    let name = format!("bailiwick/remove-team/{}/{team}", step.as_str());
    name.parse().map_err(|error: NameError| JobError::fail(error.to_string()))
}

/// What the first step has taken out of the repository, and is needed later.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    pull: Option<IssueNumber>,
    repository: Option<RepositoryName>,
    /// The Kustomization that applied the team.
    sync: Option<ObjectRef>,
}

/// What was done before.
pub(super) struct Past {
    key: String,
    first: Vec<PullRequest>,
    second: Vec<PullRequest>,
    memory: Memory,
}

impl Past {
    pub(super) async fn of(call: &Call<'_>, team: &TeamName) -> Result<Self, JobError> {
        let at = (call.job.repository, call.job.repository_name.clone());
        let repo = call.context.forge.repo(call.job.installation, at, Access::READ);
        let first = repo.pulls_with_head(&branch(RemovalStep::First, team)?).await?;
        let second = repo.pulls_with_head(&branch(RemovalStep::Second, team)?).await?;
        let key = format!("{}/{team}", call.job.repository);
        let memory = call.context.store.fact(KIND, &key).await?;
        let memory = memory.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
        Ok(Self { key, first, second, memory })
    }

    /// The pull request of the first step, where one was merged: the newest.
    pub(super) fn merged(&self) -> Option<IssueNumber> {
        self.first.iter().find(|pull| pull.merged()).map(|pull| pull.number)
    }

    /// The open pull request of the second step.
    pub(super) fn second_open(&self) -> Option<IssueNumber> {
        self.second.iter().find(|pull| pull.state == PullState::Open).map(|pull| pull.number)
    }

    /// Whether a step was merged: where nothing of the team is left, it has left, whoever did the rest.
    pub(super) fn is_over(&self) -> bool {
        self.first.iter().chain(&self.second).any(PullRequest::merged)
    }

    /// The team's repository, where the first step remembers it.
    pub(super) fn repository(&self) -> Option<RepositoryName> {
        self.memory.repository.clone()
    }

    /// The Kustomization that applied the team, where it is remembered of this pull request.
    pub(super) fn sync(&self, pull: IssueNumber) -> Option<&ObjectRef> {
        self.memory.sync.as_ref().filter(|_| self.memory.pull == Some(pull))
    }

    /// Remembers what the first step takes away.
    pub(super) async fn remember(&self, call: &Call<'_>, removal: &Removal, pull: IssueNumber) -> Result<(), JobError> {
        let sync = removal
            .sync
            .as_ref()
            .and_then(|sync| Some(ObjectRef { namespace: sync.namespace.clone(), name: sync.name.parse().ok()? }));
        let memory = Memory { pull: Some(pull), repository: removal.repository.clone(), sync };
        Ok(call.context.store.set_fact(KIND, &self.key, &json!(memory)).await?)
    }
}

/// The objects that the team's own repository has now; `None` where it cannot be read.
pub(super) async fn objects(context: &Context, removal: &Removal) -> Result<Option<Vec<ObjectId>>, JobError> {
    let (Some(repository), Some(source)) = (&removal.repository, &removal.source) else { return Ok(None) };
    let branch: Option<BranchName> = source.branch.as_deref().and_then(|branch| branch.parse().ok());
    let read = async {
        let (repo, facts) = context.repository_facts(repository, Access::READ).await?;
        let mirror = context.mirrors.open(facts.id);
        let branch = branch.unwrap_or_else(|| facts.default_branch.clone());
        let Some(tip) = admin::branch_tip(&repo, &mirror, &facts.clone_url, &branch).await? else { return Ok(None) };
        let wants = (std::slice::from_ref(&tip), &[branch.full_ref()][..]);
        admin::fetch(&repo, &mirror, &facts.clone_url, wants).await?;
        let index = context.indexes.of(facts.id, None, &mirror.snapshot(&tip).await?).await?;
        let files = index.files().filter(|file| !index.is_only_patch_or_data(&file.path()));
        Ok(Some(files.flat_map(|file| file.objects()).map(|object| object.id).collect()))
    };
    match read.await {
        Err(JobError::Fail { reason }) => {
            tracing::info!(repository.name = %repository, "what a team's repository holds cannot be told: {reason}");
            Ok(None)
        }
        read => read,
    }
}
