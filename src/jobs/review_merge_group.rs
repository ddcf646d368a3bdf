//! Judges a group of a merge queue and reports as the check run `bailiwick/review` on its commit: without it the
//! queue would wait until GitHub's time is up and turn the pull requests away.
//!
//! A group is one commit that GitHub has made: the queue's pull requests up to one of them, merged onto the base
//! branch. It is judged as a change of the commit that it goes onto, which is the base branch's tip or the group
//! before it; that one has a verdict of its own, and is merged first or takes this one with it. GitHub lists no
//! groups, so a missed event is found in its list of deliveries only ([`super::Recover`]). A review costs three
//! requests: the repository, opening the check run, completing it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::decisions::Decisions;
use super::review_pull_request::{
    About, CHECK_NAME, Merging, Part, Place, Proposal, Verdict, abandon_other, carry_out, given_up, open_name, part,
};
use super::{Context, JobError, Next, Task, audit};
use crate::forge::{Access, Repo, Repository};
use crate::names::{BranchName, CommitId, InstallationId, IssueNumber, RepositoryId, RepositoryName};
use crate::store::{Lease, Priority};

/// One group to judge, or to let go of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReviewMergeGroup {
    /// Where the App is installed.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// Its name at that time.
    pub repository_name: RepositoryName,
    /// The group's commit.
    pub head: CommitId,
    /// The queue's own ref for it, where that is known.
    pub head_ref: Option<String>,
    /// The commit that it goes onto.
    pub onto: CommitId,
    /// The branch that it goes into.
    pub base: BranchName,
    /// What is wanted.
    pub wish: Wish,
}

/// What an event wants of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish {
    /// A verdict.
    Judge,
    /// A verdict, even where there is one: somebody asked for it.
    JudgeAgain,
    /// Nothing any more: the group was merged or broken up.
    End,
}

#[async_trait]
impl Task for ReviewMergeGroup {
    const KIND: &'static str = "review_merge_group";
    const PRIORITY: Priority = Priority::Normal;

    fn subject(&self) -> String {
        format!("group/{}/{}", self.repository, self.head)
    }

    /// The end of a group takes the place of a review that waits.
    fn key(&self) -> String {
        format!("{}/{}", self.subject(), u8::from(self.wish == Wish::JudgeAgain))
    }

    fn repository(&self) -> Option<RepositoryId> {
        Some(self.repository)
    }

    async fn run(self, context: &Context, lease: &Lease) -> Result<Next<Self>, JobError> {
        let repo = self.repo(context, Access::REVIEW);
        if self.wish == Wish::End {
            self.let_go(context, lease, &repo).await?;
            return Ok(Next::done());
        }
        let facts = match repo.repository().await {
            Ok(facts) => facts,
            Err(error) if error.is_absent() => return Ok(Next::done()),
            Err(error) => return Err(error.into()),
        };
        let name = context.known_as(self.repository, &self.repository_name);
        let Some(part) = part(context, &name, self.base.as_str()).await? else { return Ok(Next::done()) };
        if self.wish == Wish::JudgeAgain {
            audit::reruns(context, lease, (self.repository, self.repository_name.clone(), None), &self.head).await?;
        }
        match self.review(context, lease, (&repo, facts), part).await {
            // The forge has dropped the group's commit: nobody waits for a verdict, and there is no place for one.
            Err(JobError::Fail { reason }) if !self.is_there(&repo).await => {
                tracing::info!(repository.id = %self.repository, commit.id = %self.head, "a merge group is gone: {reason}");
                self.let_go(context, lease, &repo).await?;
                Ok(Next::done())
            }
            other => other.map(|()| Next::done()),
        }
    }

    /// A review that was given up must not look like one that is still running, and the queue need not wait for it.
    async fn buried(self, context: &Context, lease: &Lease, reason: &str) -> Result<(), JobError> {
        if self.wish == Wish::End {
            return Ok(());
        }
        // Its files may be what the App must not read.
        let repo = self.repo(context, Access::VERDICT);
        let place = Place::group(&self);
        let name = self.name_of_last_resort(context, &place).await?;
        if let Some(verdict) = Verdict::begin(context, lease, &repo, &self.about(&place, &name)).await? {
            let remedy = "Use *Re-run*, or put the pull requests into the merge queue again.";
            verdict.give_up(context, lease, &repo, given_up("this merge group", remedy, reason)).await?;
        }
        Ok(())
    }
}

impl ReviewMergeGroup {
    fn repo(&self, context: &Context, access: Access) -> Repo {
        context.forge.repo(self.installation, (self.repository, self.repository_name.clone()), access)
    }

    fn about<'a>(&'a self, place: &'a Place, name: &'a str) -> About<'a> {
        About { place, head: &self.head, base: self.base.as_str(), name, again: self.wish == Wish::JudgeAgain }
    }

    async fn review(
        &self,
        context: &Context,
        lease: &Lease,
        (repo, facts): (&Repo, Repository),
        Part { role, check }: Part<'_>,
    ) -> Result<(), JobError> {
        let place = Place::group(self);
        let proposal = Proposal {
            repository: self.repository,
            clone_url: facts.clone_url,
            branch: self.base.clone(),
            onto: Some(self.onto.clone()),
            head: self.head.clone(),
            refs: self.head_ref.clone().into_iter().chain([self.base.full_ref()]).collect(),
            // Only who may push puts something into the queue.
            from_fork: false,
        };
        // What was decided on the pull request holds here as far as the objects are the same.
        let waivers = match self.pull() {
            Some(number) => Decisions::of(&context.store, self.repository, number).await?.waivers,
            None => Vec::new(),
        };
        let merging = Merging { role, proposal: Ok(proposal), waivers };
        carry_out(context, lease, (repo, &self.about(&place, &check)), merging).await
    }

    /// The pull request that the group adds to what it goes onto: GitHub calls the queue's branches
    /// `gh-readonly-queue/BASE/pr-NUMBER-COMMIT` (docs.github.com, "Managing a merge queue").
    pub(super) fn pull(&self) -> Option<IssueNumber> {
        let branch = self.head_ref.as_deref()?.strip_prefix("refs/heads/gh-readonly-queue/")?;
        let name = branch.strip_prefix(self.base.as_str())?.strip_prefix("/pr-")?;
        name.split_once('-')?.0.parse().ok().map(IssueNumber::new)
    }

    /// Ends the check run that is open for the group, where one is.
    async fn let_go(&self, context: &Context, lease: &Lease, repo: &Repo) -> Result<(), JobError> {
        abandon_other(context, lease, repo, (&Place::group(self), None)).await
    }

    /// Whether the forge still knows the group's commit. Where that cannot be told, the failure stands as it is.
    async fn is_there(&self, repo: &Repo) -> bool {
        repo.has_commit(&self.head).await.unwrap_or(true)
    }

    /// The name of the check run in which a review is given up, as for a pull request.
    async fn name_of_last_resort(&self, context: &Context, place: &Place) -> Result<String, JobError> {
        if let Some(open) = open_name(&context.store, place).await? {
            return Ok(open);
        }
        let name = context.known_as(self.repository, &self.repository_name);
        let part = part(context, &name, self.base.as_str()).await;
        Ok(part.ok().flatten().map_or_else(|| CHECK_NAME.to_owned(), |part| part.check))
    }
}
