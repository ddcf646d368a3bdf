//! Looking at what is there, in plain values.

use std::path::PathBuf;

use serde_json::Value;

use super::super::GitHub;
use super::super::model::{CheckRun, Issue};
use super::super::state::short;
use super::broken;
use crate::names::PublicKey;

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullView {
    /// Its number in the repository.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Who opened it.
    pub author: String,
    /// Whether it is open.
    pub open: bool,
    /// The merge commit, if it was merged.
    pub merged: Option<String>,
    /// The branch to merge.
    pub head: String,
    /// The head commit.
    pub head_sha: String,
    /// The repository of the head, `owner/name`.
    pub head_repository: String,
    /// The branch to merge into.
    pub base: String,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentView {
    /// Its id.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// Its text.
    pub body: String,
    /// Reactions: who and which.
    pub reactions: Vec<(String, String)>,
}

/// A check run.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckRunView {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The commit it judges.
    pub head_sha: String,
    /// `queued`, `in_progress`, `completed`.
    pub status: String,
    /// `success`, `failure`, …, once completed.
    pub conclusion: Option<String>,
    /// What the App calls it.
    pub external_id: Option<String>,
    /// The output's title.
    pub title: Option<String>,
    /// The output's summary, Markdown.
    pub summary: Option<String>,
    /// The output's text, Markdown.
    pub text: Option<String>,
    /// The annotations, as they were sent.
    pub annotations: Vec<Value>,
    /// The App's own buttons, as they were sent.
    pub actions: Vec<Value>,
}

/// A deploy key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployKeyView {
    /// Its id.
    pub id: u64,
    /// Its title.
    pub title: String,
    /// Type and base64.
    pub key: String,
    /// Whether it only reads.
    pub read_only: bool,
    /// Who added it.
    pub added_by: String,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentView {
    /// Its id.
    pub id: u64,
    /// The deployed commit.
    pub sha: String,
    /// Where to.
    pub environment: String,
    /// The statuses, oldest first: state and description.
    pub statuses: Vec<(String, String)>,
    /// The last status' link to logs.
    pub log_url: String,
}

impl GitHub {
    /// All pull requests of a repository by number; none where there is no such repository.
    pub fn pulls(&self, repository: &str) -> Vec<PullView> {
        let Ok(id) = self.find(repository) else { return Vec::new() };
        let state = self.shared.state();
        let Some(found) = state.repositories.get(&id) else { return Vec::new() };
        let view = |issue: &Issue| {
            let pull = issue.pull.as_ref()?;
            let head_repository = state.repositories.get(&pull.head_repository);
            Some(PullView {
                number: issue.number,
                title: issue.title.clone(),
                body: issue.body.clone().unwrap_or_default(),
                author: state.login(issue.user).to_owned(),
                open: issue.open,
                merged: pull.merged.as_ref().map(|merged| merged.sha.clone()),
                head: pull.head_ref.clone(),
                head_sha: pull.head_sha.clone(),
                head_repository: head_repository.map(|it| state.full_name(it)).unwrap_or_default(),
                base: pull.base_ref.clone(),
            })
        };
        found.issues.values().filter_map(view).collect()
    }

    /// One pull request.
    pub fn pull(&self, repository: &str, number: u64) -> Option<PullView> {
        self.pulls(repository).into_iter().find(|pull| pull.number == number)
    }

    /// The comments of an issue or pull request, oldest first.
    pub fn comments(&self, repository: &str, number: u64) -> Vec<CommentView> {
        let Ok(id) = self.find(repository) else { return Vec::new() };
        let state = self.shared.state();
        let comments = state.comments.values().filter(|it| it.repository == id && it.number == number);
        let view = |comment: &super::super::model::Comment| CommentView {
            id: comment.id,
            author: state.login(comment.user).to_owned(),
            body: comment.body.clone(),
            reactions: comment
                .reactions
                .iter()
                .map(|it| (state.login(it.user).to_owned(), it.content.clone()))
                .collect(),
        };
        comments.map(view).collect()
    }

    /// Every comment of one account, in the order of writing: repository, number, comment.
    pub fn comments_by(&self, login: &str) -> Vec<(String, u64, CommentView)> {
        let Ok(user) = self.who(login) else { return Vec::new() };
        let places: std::collections::BTreeSet<(String, u64)> = {
            let state = self.shared.state();
            let of_user = state.comments.values().filter(|comment| comment.user == user);
            let place = |comment: &super::super::model::Comment| {
                let repository = state.repositories.get(&comment.repository)?;
                Some((state.full_name(repository), comment.number))
            };
            of_user.filter_map(place).collect()
        };
        let mut found = Vec::new();
        for (repository, number) in places {
            let comments = self.comments(&repository, number);
            let of_user = comments.into_iter().filter(|comment| comment.author == login);
            found.extend(of_user.map(|comment| (repository.clone(), number, comment)));
        }
        found.sort_by_key(|(_, _, comment)| comment.id);
        found
    }

    /// Every check run without a conclusion.
    pub fn unfinished_check_runs(&self) -> Vec<CheckRunView> {
        self.shared.state().check_runs.values().filter(|run| run.status != "completed").map(check_run).collect()
    }

    /// The check runs of a commit, oldest first.
    pub fn check_runs(&self, repository: &str, sha: &str) -> Vec<CheckRunView> {
        let Ok(id) = self.find(repository) else { return Vec::new() };
        let state = self.shared.state();
        let runs = state.check_runs.values().filter(|run| run.repository == id && run.head_sha == sha);
        runs.map(check_run).collect()
    }

    /// The deploy keys of a repository.
    pub fn deploy_keys(&self, repository: &str) -> Vec<DeployKeyView> {
        let Ok(id) = self.find(repository) else { return Vec::new() };
        let state = self.shared.state();
        let view = |key: &super::super::model::DeployKey| DeployKeyView {
            id: key.id,
            title: key.title.clone(),
            key: key.key.clone(),
            read_only: key.read_only,
            added_by: state.login(key.added_by).to_owned(),
        };
        state.deploy_keys.values().filter(|key| key.repository == id).map(view).collect()
    }

    /// The deployments of a repository, oldest first.
    pub fn deployments(&self, repository: &str) -> Vec<DeploymentView> {
        let Ok(id) = self.find(repository) else { return Vec::new() };
        let state = self.shared.state();
        let view = |it: &super::super::model::Deployment| DeploymentView {
            id: it.id,
            sha: it.sha.clone(),
            environment: it.environment.clone(),
            statuses: it.statuses.iter().map(|status| (status.state.clone(), status.description.clone())).collect(),
            log_url: it.statuses.last().map(|status| status.log_url.clone()).unwrap_or_default(),
        };
        state.deployments.values().filter(|it| it.repository == id).map(view).collect()
    }

    /// A file's text at a branch or commit; nothing where there is none.
    pub async fn read_file(&self, repository: &str, reference: &str, path: &str) -> Option<String> {
        let id = self.find(repository).ok()?;
        let commit = self.shared.git.resolve(id, reference).await.ok()??;
        let bytes = self.shared.git.file(id, &commit, path).await.ok()??;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The names of a repository's branches.
    ///
    /// # Errors
    /// Where there is no such repository.
    pub async fn branches(&self, repository: &str) -> anyhow::Result<Vec<String>> {
        let id = self.find(repository)?;
        let references = self.shared.git.references(id, "refs/heads/").await.map_err(broken)?;
        Ok(references.into_iter().map(|(name, _)| short(&name).to_owned()).collect())
    }

    /// A branch's tip.
    pub async fn branch_tip(&self, repository: &str, branch: &str) -> Option<String> {
        let id = self.find(repository).ok()?;
        self.shared.git.branch(id, branch).await.ok()?
    }

    /// The bare repository that somebody who has this key may fetch `owner/name` from; what an SSH
    /// client is told otherwise. For the sandbox cluster's Flux.
    ///
    /// # Errors
    /// The text of the refusal: the key is not registered there.
    pub fn deploy_key_fetch_path(&self, repository: &str, key: &PublicKey) -> Result<PathBuf, String> {
        let (owner, name) = repository.split_once('/').unwrap_or_default();
        self.shared.path_for_key(owner, name, key)
    }

    /// The bare repository, for fetching without any right (in tests).
    ///
    /// # Errors
    /// Where there is no such repository.
    pub fn repository_path(&self, repository: &str) -> anyhow::Result<PathBuf> {
        Ok(self.shared.git.dir(self.find(repository)?))
    }
}

fn check_run(run: &CheckRun) -> CheckRunView {
    CheckRunView {
        id: run.id,
        name: run.name.clone(),
        head_sha: run.head_sha.clone(),
        status: run.status.clone(),
        conclusion: run.conclusion.clone(),
        external_id: run.external_id.clone(),
        title: run.title.clone(),
        summary: run.summary.clone(),
        text: run.text.clone(),
        annotations: run.annotations.clone(),
        actions: run.actions.clone(),
    }
}
