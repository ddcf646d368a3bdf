//! Judges a pull request and reports as the check run `bailiwick/review`.
//!
//! The job reads the pull request anew and judges the head that it finds, merged into the tip of
//! the base. In the usual case that costs three requests: read, open the check run, complete it.

mod about;
mod carry_out;
mod check_run;
mod definitions;
mod grants;
mod judge;
mod judged;
mod part;
mod team_users;
mod trials;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::decisions::Decisions;
use super::{Context, JobError, Next, Task, audit, hands};
use crate::forge::{Access, PullRequest, PullState, Repo};
use crate::names::{InstallationId, IssueNumber, RepositoryId, RepositoryName, UserId};
use crate::store::{Lease, Priority};

pub(super) use about::{About, Place, group_of, pull_of};
pub(super) use carry_out::{Merging, carry_out};
pub use check_run::CHECK_NAME;
pub(super) use check_run::{Verdict, abandon_other, open_name, seen_since, unfinished, unfinished_groups};
pub use grants::GRANTS_NAME;
pub(super) use grants::{Granted, Grants};
pub(super) use judge::{Proposal, given_up};
pub(super) use judged::Judged;
pub(super) use part::{Part, branch_of, part};

/// One pull request to judge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReviewPullRequest {
    /// Where the App is installed.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// Its name at that time.
    pub repository_name: RepositoryName,
    /// The pull request.
    pub number: IssueNumber,
    /// Whether somebody asked for it: then it is judged even where a verdict exists.
    pub again: bool,
    /// Who pushed the head or opened the pull request, where the event tells that.
    #[serde(default)]
    pub pushed_by: Option<UserId>,
}

/// Whether everything is said of a pull request's head: the verdict, and in an admin repository what there is to
/// approve. `name` is the base repository's.
///
/// # Errors
/// Where the store does not answer.
pub(super) async fn is_done(
    context: &Context,
    (repository, name): (RepositoryId, &RepositoryName),
    pull: &PullRequest,
) -> Result<bool, JobError> {
    let has_grants = context.config.grants.is_some() && context.config.clusters_of(name).next().is_some();
    let place = Place::pull(repository, pull.number);
    let judged = check_run::is_judged(&context.store, repository, pull).await?;
    Ok(judged && (!has_grants || grants::is_published(&context.store, &place, pull).await?))
}

#[async_trait]
impl Task for ReviewPullRequest {
    const KIND: &'static str = "review_pull_request";
    const PRIORITY: Priority = Priority::Normal;

    fn subject(&self) -> String {
        format!("pull/{}/{}", self.repository, self.number)
    }

    /// A job takes the place of one that waits under the same key; who pushed must not be lost with it.
    fn key(&self) -> String {
        let by = self.pushed_by.map(|user| format!("/{user}")).unwrap_or_default();
        format!("review/{}/{}/{}{by}", self.repository, self.number, u8::from(self.again))
    }

    fn repository(&self) -> Option<RepositoryId> {
        Some(self.repository)
    }

    async fn run(self, context: &Context, lease: &Lease) -> Result<Next<Self>, JobError> {
        let repo = self.repo(context, Access::REVIEW);
        let name = context.known_as(self.repository, &self.repository_name);
        let pull = match repo.pull(self.number).await {
            Ok(pull) => Some(pull).filter(|pull| pull.state == PullState::Open),
            Err(error) if error.is_absent() => None,
            Err(error) => return Err(error.into()),
        };
        // Also where nothing is judged: the pull request may be sent to another base, or opened again.
        self.note_hands(context, &name, pull.as_ref()).await?;
        let part = match &pull {
            Some(pull) => part(context, &name, &pull.base.branch).await?,
            None => None,
        };
        let now = part.as_ref().and(pull.as_ref()).map(|pull| (&pull.head.sha, pull.base.branch.as_str()));
        abandon_other(context, lease, &repo, (&self.place(), now)).await?;
        let (Some(pull), Some(part)) = (&pull, part) else { return Ok(Next::done()) };
        if self.again {
            let (repository, name) = (self.repository, self.repository_name.clone());
            audit::reruns(context, lease, (repository, name, Some(self.number)), &pull.head.sha).await?;
        }
        match self.review(context, lease, (&repo, pull), part).await {
            // A head that is gone cannot be judged and has no need to be: the new one has.
            Err(JobError::Fail { .. }) if self.has_moved(&repo, pull).await => {
                Ok(Next::Again(context.clock.now(), self))
            }
            other => other.map(|()| Next::done()),
        }
    }

    /// A review that was given up must not look like one that is still running.
    async fn buried(self, context: &Context, lease: &Lease, reason: &str) -> Result<(), JobError> {
        // Its files may be what the App must not read.
        let repo = self.repo(context, Access::VERDICT);
        let pull = repo.pull(self.number).await?;
        let name = self.name_of_last_resort(context, &pull).await?;
        if let Some(verdict) = Verdict::begin(context, lease, &repo, &self.about(&self.place(), &pull, &name)).await? {
            verdict.give_up(context, lease, &repo, given_up("this pull request", AGAIN, reason)).await?;
        }
        Ok(())
    }
}

/// What a person may do about a review that was given up.
const AGAIN: &str = "Comment `/check` or use *Re-run* to try again.";

impl ReviewPullRequest {
    const fn place(&self) -> Place {
        Place::pull(self.repository, self.number)
    }

    fn about<'a>(&self, place: &'a Place, pull: &'a PullRequest, name: &'a str) -> About<'a> {
        About { place, head: &pull.head.sha, base: &pull.base.branch, name, again: self.again }
    }

    fn repo(&self, context: &Context, access: Access) -> Repo {
        context.forge.repo(self.installation, (self.repository, self.repository_name.clone()), access)
    }

    async fn review(
        &self,
        context: &Context,
        lease: &Lease,
        (repo, pull): (&Repo, &PullRequest),
        Part { role, check }: Part<'_>,
    ) -> Result<(), JobError> {
        let place = self.place();
        let about = self.about(&place, pull, &check);
        let waivers = Decisions::of(&context.store, self.repository, self.number).await?.waivers;
        let merging = Merging { role, proposal: Proposal::of(pull)?, waivers };
        carry_out(context, lease, (repo, &about), merging).await
    }

    /// Who cannot approve what the head grants, as far as somebody has to.
    async fn note_hands(
        &self,
        context: &Context,
        name: &RepositoryName,
        pull: Option<&PullRequest>,
    ) -> Result<(), JobError> {
        if context.config.grants.is_none() || context.config.clusters_of(name).next().is_none() {
            return Ok(());
        }
        if let Some(user) = self.pushed_by {
            hands::pushed(&context.store, (self.repository, self.number), user).await?;
        }
        let Some(pull) = pull else { return Ok(()) };
        let pushed = hands::of(&context.store, (self.repository, self.number), &pull.head.sha).await?.pushed;
        for user in pull.author.iter().map(|author| author.id).chain(pushed) {
            hands::in_head(&context.store, (self.repository, &pull.head.sha), user).await?;
        }
        Ok(())
    }

    /// The name of the check run in which a review is given up. Where it was not opened yet, and what the
    /// repository is cannot be told, that is the one that must not look fine.
    async fn name_of_last_resort(&self, context: &Context, pull: &PullRequest) -> Result<String, JobError> {
        if let Some(open) = open_name(&context.store, &self.place()).await? {
            return Ok(open);
        }
        let name = context.known_as(self.repository, &self.repository_name);
        let part = part(context, &name, &pull.base.branch).await;
        Ok(part.ok().flatten().map_or_else(|| CHECK_NAME.to_owned(), |part| part.check))
    }

    /// Whether the pull request has another head now, or is closed.
    async fn has_moved(&self, repo: &Repo, pull: &PullRequest) -> bool {
        let now = repo.pull(self.number).await;
        now.is_ok_and(|now| now.head.sha != pull.head.sha || now.state != PullState::Open)
    }
}
