//! The merge queue, as people and GitHub itself work it.

use super::super::GitHub;
use super::super::model::{Entry, Queue};
use super::{broken, refused};

/// A group of a merge queue: a pull request on top of those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeGroup {
    /// The group's commit, whose checks count.
    pub head: String,
    /// The queue's own branch.
    pub branch: String,
    /// The commit that it goes onto.
    pub onto: String,
}

impl From<Entry> for MergeGroup {
    fn from(Entry { head, branch, onto, .. }: Entry) -> Self {
        Self { head, branch, onto }
    }
}

impl GitHub {
    /// Gives the default branch a merge queue by a ruleset: nothing is merged past it. `grouping` is `ALLGREEN`
    /// or `HEADGREEN`.
    ///
    /// # Errors
    /// Where there is no such repository.
    pub fn require_merge_queue(&self, repository: &str, grouping: &str) -> anyhow::Result<()> {
        let queue = Queue { grouping: grouping.to_owned(), entries: Vec::new() };
        self.change_repository(repository, |it| it.queue = Some(queue))
    }

    /// Takes the merge queue away again.
    ///
    /// # Errors
    /// Where there is no such repository.
    pub fn forget_merge_queue(&self, repository: &str) -> anyhow::Result<()> {
        self.change_repository(repository, |it| it.queue = None)
    }

    /// Presses "Merge when ready" of a pull request as a user; gives its group.
    ///
    /// # Errors
    /// Where GitHub refuses: no queue, a conflict, a required check that is not successful, not open.
    pub async fn enqueue(&self, user: &str, repository: &str, number: u64) -> anyhow::Result<MergeGroup> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        self.shared.enqueue(id, number, by).await.map(MergeGroup::from).map_err(refused)
    }

    /// What GitHub does once the checks of the queue's first group are green: merges it; gives the merge commit.
    ///
    /// # Errors
    /// Where they are not, or the queue is empty.
    pub async fn merge_first_group(&self, repository: &str) -> anyhow::Result<String> {
        let id = self.find(repository)?;
        self.shared.merge_first(id).await.map_err(refused)
    }

    /// Takes a pull request out of the queue as a user; the groups behind it are made anew.
    ///
    /// # Errors
    /// Where it is not in the queue.
    pub async fn dequeue(&self, user: &str, repository: &str, number: u64) -> anyhow::Result<()> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        self.shared.dequeue(id, number, by).await.map_err(refused)
    }

    /// The groups that are in the queue now, first to be merged first.
    pub fn merge_groups(&self, repository: &str) -> Vec<MergeGroup> {
        let Ok(id) = self.find(repository) else { return Vec::new() };
        let state = self.shared.state();
        let queue = state.repositories.get(&id).and_then(|it| it.queue.as_ref());
        queue.map(|queue| queue.entries.iter().cloned().map(MergeGroup::from).collect()).unwrap_or_default()
    }

    /// Drops every commit that no reference leads to, as GitHub does in time.
    ///
    /// # Errors
    /// Where there is no such repository, or Git fails.
    pub async fn drop_unreachable(&self, repository: &str) -> anyhow::Result<()> {
        let id = self.find(repository)?;
        self.shared.git.prune(id).await.map_err(broken)
    }
}
