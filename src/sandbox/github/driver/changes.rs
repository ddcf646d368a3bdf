//! Commits, branches, pull requests.

use std::collections::BTreeMap;

use anyhow::Context as _;

use super::super::GitHub;
use super::super::git::ZERO;
use super::super::git::write::{Edit, NewCommit};
use super::super::model::Repository;
use super::super::ops::merge::MergeWish;
use super::super::ops::pulls::{NewPull, PullEdit};
use super::super::ops::refs::Moved;
use super::{broken, refused};

/// A file's new content, or its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path from the repository's root.
    pub path: String,
    /// The new content; `None` deletes the file.
    pub content: Option<String>,
    /// Whether it is a symbolic link; then the content is its target.
    pub link: bool,
}

impl Change {
    /// Writes a file.
    pub fn write(path: &str, content: &str) -> Self {
        Self { path: path.to_owned(), content: Some(content.to_owned()), link: false }
    }

    /// Deletes a file.
    pub fn delete(path: &str) -> Self {
        Self { path: path.to_owned(), content: None, link: false }
    }

    /// Writes a symbolic link.
    pub fn link(path: &str, target: &str) -> Self {
        Self { path: path.to_owned(), content: Some(target.to_owned()), link: true }
    }

    fn edit(&self) -> Edit {
        let mode = if self.link { "120000" } else { "100644" };
        Edit { path: self.path.clone(), mode, content: self.content.clone().map(String::into_bytes) }
    }
}

/// A pull request to open.
#[derive(Debug, Clone, Copy)]
pub struct NewPullRequest<'a> {
    /// The branch to merge.
    pub head: &'a str,
    /// The branch to merge into.
    pub base: &'a str,
    /// The title.
    pub title: &'a str,
    /// The description.
    pub body: &'a str,
}

/// A pull request whose branch is in a fork.
#[derive(Debug, Clone)]
pub struct ForkPull {
    /// The fork, `owner/name`.
    pub fork: String,
    /// The pull request's number in the repository.
    pub number: u64,
    /// The head commit, reachable in the repository through `refs/pull/<number>/head`.
    pub head: String,
}

impl GitHub {
    /// Commits to a branch of a repository and moves it; gives the commit's id.
    pub(super) async fn commit_as(
        &self,
        by: u64,
        (repository, branch): (u64, &str),
        changes: &[Change],
        message: &str,
    ) -> anyhow::Result<String> {
        let _moving = self.shared.moving.lock().await;
        let git = &self.shared.git;
        let before = git.branch(repository, branch).await.map_err(broken)?;
        let parent = match &before {
            Some(sha) => Some(sha.clone()),
            None => {
                let default = self.shared.state().repositories.get(&repository).map(|it| it.default_branch.clone());
                git.branch(repository, &default.unwrap_or_default()).await.map_err(broken)?
            }
        };
        let author = self.shared.signature(by);
        let changes: Vec<_> = changes.iter().map(Change::edit).collect();
        let commit = NewCommit { parent: parent.as_deref(), author, message, changes: &changes };
        let after = git.make_commit(repository, commit).await.map_err(broken)?;
        let name = format!("refs/heads/{branch}");
        let before = before.unwrap_or_else(|| ZERO.to_owned());
        let moved = Moved { repository, name, before, after: after.clone(), by };
        self.shared.move_ref(&moved).await.map_err(broken)?;
        Ok(after)
    }

    /// Pushes one commit to a branch (made from the default branch where it is new) as a user;
    /// gives the commit's id.
    ///
    /// # Errors
    /// Where user or repository do not exist.
    pub async fn push(
        &self,
        user: &str,
        (repository, branch): (&str, &str),
        changes: &[Change],
        message: &str,
    ) -> anyhow::Result<String> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        self.commit_as(by, (id, branch), changes, message).await
    }

    /// Replaces a branch by one commit on top of `parent` (a branch or commit id) as a user; gives
    /// the commit's id.
    ///
    /// # Errors
    /// Where something of that does not exist.
    pub async fn force_push(
        &self,
        user: &str,
        (repository, branch): (&str, &str),
        parent: &str,
        changes: &[Change],
    ) -> anyhow::Result<String> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        let _moving = self.shared.moving.lock().await;
        let git = &self.shared.git;
        let parent = git.resolve(id, parent).await.map_err(broken)?;
        let parent = parent.with_context(|| format!("{repository} has no such commit to push on top of"))?;
        let before = git.branch(id, branch).await.map_err(broken)?;
        let before = before.with_context(|| format!("{repository} has no branch {branch}"))?;
        let changes: Vec<_> = changes.iter().map(Change::edit).collect();
        let author = self.shared.signature(by);
        let message = "Start again";
        let commit = NewCommit { parent: Some(&parent), author, message, changes: &changes };
        let after = git.make_commit(id, commit).await.map_err(broken)?;
        let name = format!("refs/heads/{branch}");
        let moved = Moved { repository: id, name, before, after: after.clone(), by };
        self.shared.move_ref(&moved).await.map_err(broken)?;
        Ok(after)
    }

    /// Deletes a branch as a user; open pull requests from it close.
    ///
    /// # Errors
    /// Where something of that does not exist.
    pub async fn delete_branch(&self, user: &str, repository: &str, branch: &str) -> anyhow::Result<()> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        let _moving = self.shared.moving.lock().await;
        let before = self.shared.git.branch(id, branch).await.map_err(broken)?;
        let before = before.with_context(|| format!("{repository} has no branch {branch}"))?;
        let (name, after) = (format!("refs/heads/{branch}"), ZERO.to_owned());
        self.shared.move_ref(&Moved { repository: id, name, before, after, by }).await.map_err(broken)
    }

    /// Opens a pull request as a user; gives its number.
    ///
    /// # Errors
    /// Where GitHub refuses: no such branch, nothing to merge, one is open already.
    pub async fn open_pull(&self, user: &str, repository: &str, new: NewPullRequest<'_>) -> anyhow::Result<u64> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        self.open(id, id, new, by).await
    }

    /// Opens a pull request that is a draft as a user; gives its number.
    ///
    /// # Errors
    /// As [`Self::open_pull`].
    pub async fn open_draft(&self, user: &str, repository: &str, new: NewPullRequest<'_>) -> anyhow::Result<u64> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        let new = NewPull { draft: true, ..new_pull((id, id), new, by) };
        self.shared.open_pull(new).await.map_err(refused)
    }

    /// Presses "Ready for review" of a draft as a user.
    ///
    /// # Errors
    /// Where something of that does not exist.
    pub fn mark_ready(&self, user: &str, repository: &str, number: u64) -> anyhow::Result<()> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        if let Some(pull) = self.shared.state().issue_mut(id, number).and_then(|issue| issue.pull.as_mut()) {
            pull.draft = false;
        }
        self.shared.tell_pull("ready_for_review", id, number, by);
        Ok(())
    }

    async fn open(&self, repository: u64, fork: u64, new: NewPullRequest<'_>, by: u64) -> anyhow::Result<u64> {
        self.shared.open_pull(new_pull((repository, fork), new, by)).await.map_err(refused)
    }

    /// Forks the repository (once), commits to a branch of the fork and opens a pull request from
    /// there, as somebody without write access does.
    ///
    /// # Errors
    /// Where something of that does not exist or GitHub refuses.
    pub async fn open_pull_from_fork(
        &self,
        user: &str,
        repository: &str,
        changes: &[Change],
        new: NewPullRequest<'_>,
    ) -> anyhow::Result<ForkPull> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        let fork = self.fork(by, id).await?;
        let head = self.commit_as(by, (fork, new.head), changes, new.title).await?;
        let number = self.open(id, fork, new, by).await?;
        let state = self.shared.state();
        let fork = state.repositories.get(&fork).map(|it| state.full_name(it)).unwrap_or_default();
        Ok(ForkPull { fork, number, head })
    }

    async fn fork(&self, owner: u64, parent: u64) -> anyhow::Result<u64> {
        let existing = {
            let state = self.shared.state();
            state.repositories.values().find(|it| it.owner == owner && it.parent == Some(parent)).map(|it| it.id)
        };
        if let Some(fork) = existing {
            return Ok(fork);
        }
        let id = self.shared.state().next_id();
        self.shared.git.fork(parent, id).await.map_err(broken)?;
        let mut state = self.shared.state();
        let now = self.shared.now();
        let original = state.repositories.get(&parent).context("the repository is gone")?;
        let fork = Repository {
            id,
            owner,
            parent: Some(parent),
            old_names: Vec::new(),
            created_at: now,
            updated_at: now,
            pushed_at: now,
            collaborators: BTreeMap::new(),
            issues: BTreeMap::new(),
            required_checks: Vec::new(),
            ruleset_checks: Vec::new(),
            strict: None,
            queue: None,
            ..original.clone()
        };
        state.repositories.insert(id, fork);
        Ok(id)
    }

    /// Merges a pull request with a merge commit as a user; gives the commit's id.
    ///
    /// # Errors
    /// Where GitHub refuses: a conflict, a required check that is not successful, not open.
    pub async fn merge(&self, user: &str, repository: &str, number: u64) -> anyhow::Result<String> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        self.shared.merge(id, number, MergeWish::default(), by).await.map_err(refused)
    }

    /// Closes a pull request or issue as a user.
    ///
    /// # Errors
    /// Where user or repository do not exist.
    pub fn close_pull(&self, user: &str, repository: &str, number: u64) -> anyhow::Result<()> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        self.shared.close(id, number, by);
        Ok(())
    }

    /// Opens a closed pull request again as a user.
    ///
    /// # Errors
    /// Where GitHub refuses: it is merged, or its branch is gone.
    pub async fn reopen_pull(&self, user: &str, repository: &str, number: u64) -> anyhow::Result<()> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        self.shared.reopen(id, number, by).await.map_err(refused)
    }

    /// Changes the branch that a pull request is to be merged into.
    ///
    /// # Errors
    /// Where GitHub refuses.
    pub async fn retarget_pull(&self, user: &str, repository: &str, number: u64, base: &str) -> anyhow::Result<()> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        let edit = PullEdit { base: Some(base.to_owned()), ..PullEdit::default() };
        self.shared.edit_pull(id, number, edit, by).await.map_err(refused)
    }
}

fn new_pull((repository, head_repository): (u64, u64), new: NewPullRequest<'_>, by: u64) -> NewPull {
    NewPull {
        repository,
        head_repository,
        head: new.head.to_owned(),
        base: new.base.to_owned(),
        title: new.title.to_owned(),
        body: Some(new.body.to_owned()),
        draft: false,
        by,
    }
}
