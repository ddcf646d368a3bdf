use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::account::Account;
use super::error::ForgeError;
use super::lenient::{null_is_default, unreadable_is_none};
use super::repo::Repo;
use crate::names::{BranchName, CommitId, IssueNumber, RepositoryId, RepositoryName};

/// A pull request as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PullRequest {
    /// Its number.
    pub number: IssueNumber,
    /// Its title: anybody's text.
    #[serde(default, deserialize_with = "null_is_default")]
    pub title: String,
    /// Its description: anybody's text; empty where there is none.
    #[serde(default, deserialize_with = "null_is_default")]
    pub body: String,
    /// Open or closed.
    pub state: PullState,
    /// Not yet meant for review.
    #[serde(default, deserialize_with = "null_is_default")]
    pub draft: bool,
    /// Whether it was merged. Lists do not say it: there it is whether `merged_at` is set.
    #[serde(default)]
    merged: Option<bool>,
    #[serde(default)]
    merged_at: Option<String>,
    /// Of a merged one, the commit that it became; of an open one, GitHub's trial merge.
    #[serde(default, deserialize_with = "unreadable_is_none")]
    pub merge_commit_sha: Option<CommitId>,
    /// What is to be merged.
    pub head: Side,
    /// Where it goes.
    pub base: Side,
    /// Who opened it; `None` for a deleted account.
    #[serde(rename = "user", default)]
    pub author: Option<Account>,
}

impl PullRequest {
    /// Whether it was merged.
    pub fn merged(&self) -> bool {
        self.merged.unwrap_or(self.merged_at.is_some())
    }

    /// The commit that it became, once it was merged.
    pub fn merge_commit(&self) -> Option<&CommitId> {
        self.merge_commit_sha.as_ref().filter(|_| self.merged())
    }

    /// The refs of the base's repository through which base and head can be fetched: GitHub keeps
    /// every head, those of forks too, as `refs/pull/<number>/head`.
    pub fn refs(&self) -> Vec<String> {
        let own = Some(&self.head).filter(|_| !self.from_fork());
        let branches = own.into_iter().chain([&self.base]).filter_map(|side| side.branch.parse::<BranchName>().ok());
        let pull = format!("refs/pull/{}/head", self.number);
        [pull].into_iter().chain(branches.map(|branch| branch.full_ref())).collect()
    }

    /// Whether the head comes from another repository, or from one that was deleted.
    pub fn from_fork(&self) -> bool {
        self.head.repo.as_ref().map(|repo| repo.id) != self.base.repo.as_ref().map(|repo| repo.id)
    }
}

/// Open or closed; a merged one is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PullState {
    /// It can be reviewed and merged.
    Open,
    /// It was merged or given up.
    Closed,
}

/// One end of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Side {
    /// The commit.
    pub sha: CommitId,
    /// The branch's name: anybody's text on the head's side.
    #[serde(rename = "ref")]
    pub branch: String,
    /// The repository; `None` where the fork was deleted.
    #[serde(default)]
    pub repo: Option<RepoRef>,
}

/// Which repository an end of a pull request is in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RepoRef {
    /// The number that stays.
    pub id: RepositoryId,
    /// Its name now.
    #[serde(rename = "full_name")]
    pub name: RepositoryName,
    /// Where Git fetches from, over HTTP.
    #[serde(default)]
    pub clone_url: Option<String>,
}

/// A pull request to open.
#[derive(Debug, Clone)]
pub struct NewPull {
    /// Title, one line.
    pub title: String,
    /// Description, at most [`super::BODY_LIMIT`] characters.
    pub body: String,
    /// The branch with the change, in the same repository.
    pub head: BranchName,
    /// The branch it goes to.
    pub base: BranchName,
}

/// What to change of a pull request; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct PullUpdate {
    /// A new title.
    pub title: Option<String>,
    /// A new description, at most [`super::BODY_LIMIT`] characters.
    pub body: Option<String>,
    /// Open it again or close it.
    pub state: Option<PullState>,
}

impl Side {
    /// Where the side's repository is cloned from, as the API says; `None` where it is gone.
    pub fn clone_url(&self) -> Option<&str> {
        self.repo.as_ref()?.clone_url.as_deref()
    }
}

impl Repo {
    /// The merged pull request that brought a commit in; `None` for a direct push.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn merged_pull_of(&self, commit: &CommitId) -> Result<Option<IssueNumber>, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/commits/{commit_sha}/pulls", &[commit.as_str()]);
        let pulls: Vec<PullRequest> = self.all(route, &format!("pull requests of {}", commit.short())).await?;
        Ok(pulls.into_iter().find(|pull| pull.merge_commit() == Some(commit)).map(|pull| pull.number))
    }

    /// The pull request as it is now, with the base's clone address filled in where the forge left it out.
    ///
    /// # Errors
    /// Any [`ForgeError`]; `Unexpected` where the answer is about another repository, as after a
    /// rename whose old name was taken by somebody else.
    pub async fn pull(&self, number: IssueNumber) -> Result<PullRequest, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/pulls/{pull_number}", &[&number.to_string()]);
        let what = format!("pull request #{number}");
        let mut pull: PullRequest = self.get(route, &what).await?;
        if let Some(base) = &mut pull.base.repo {
            let name = base.name.clone();
            base.clone_url.get_or_insert_with(|| self.forge.clone_url(&name));
        }
        let base = pull.base.repo.as_ref().map(|repo| repo.id);
        if self.id().is_some() && base.is_some() && base != self.id() {
            let message = "it belongs to a repository with another id".to_owned();
            return Err(ForgeError::Unexpected { what: self.what(&what), message });
        }
        Ok(pull)
    }

    /// All open pull requests, oldest first (`GET …/pulls`, at most 3,000).
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn open_pulls(&self) -> Result<Vec<PullRequest>, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/pulls", &[]).query("state", "open").query("direction", "asc");
        self.all(route, "open pull requests").await
    }

    /// Pull requests of any state whose head is `branch` of this repository itself, newest first.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn pulls_with_head(&self, branch: &BranchName) -> Result<Vec<PullRequest>, ForgeError> {
        let head = format!("{}:{branch}", self.name.owner());
        let route = self.route("/repos/{owner}/{repo}/pulls", &[]).query("state", "all").query("head", &head);
        let mut pulls: Vec<PullRequest> = self.all(route, "pull requests").await?;
        // A server that does not know the filter would list them all.
        pulls.retain(|pull| pull.head.branch == branch.as_str() && !pull.from_fork());
        Ok(pulls)
    }

    /// Opens a pull request. Look with [`Repo::pulls_with_head`] first: GitHub refuses a second one.
    ///
    /// # Errors
    /// `Conflict` where one is open already, `Validation` where there is nothing to merge.
    pub async fn create_pull(&self, new: &NewPull) -> Result<PullRequest, ForgeError> {
        self.fits("pull request's description", &new.body, super::BODY_LIMIT)?;
        let body = json!({ "title": new.title, "body": new.body, "head": new.head, "base": new.base });
        let route = self.route("/repos/{owner}/{repo}/pulls", &[]);
        self.write(Method::POST, route, body, &format!("pull request from {}", new.head)).await
    }

    /// Changes title, description or state.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn update_pull(&self, number: IssueNumber, update: &PullUpdate) -> Result<PullRequest, ForgeError> {
        let mut body = Map::new();
        if let Some(title) = &update.title {
            body.insert("title".to_owned(), json!(title));
        }
        if let Some(text) = &update.body {
            self.fits("pull request's description", text, super::BODY_LIMIT)?;
            body.insert("body".to_owned(), json!(text));
        }
        if let Some(state) = update.state {
            let state = if state == PullState::Open { "open" } else { "closed" };
            body.insert("state".to_owned(), json!(state));
        }
        let route = self.route("/repos/{owner}/{repo}/pulls/{pull_number}", &[&number.to_string()]);
        self.write(Method::PATCH, route, Value::Object(body), &format!("pull request #{number}")).await
    }

    /// An error where `text` has more than `limit` characters: better than a 422 afterwards.
    pub(super) fn fits(&self, what: &str, text: &str, limit: usize) -> Result<(), ForgeError> {
        // Only a text of more bytes can have more characters.
        if text.len() <= limit {
            return Ok(());
        }
        let size = text.chars().count();
        if size <= limit { Ok(()) } else { Err(ForgeError::TooLarge { what: self.what(what), size, limit }) }
    }
}
