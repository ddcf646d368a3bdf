//! Merging: whether it can be done, and doing it with a real merge commit.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::answer::{Answer, Outcome};
use super::super::git::GitError;
use super::super::model::{Merged, Pull, Repository, State};
use super::super::shared::Shared;
use super::refs::Moved;

/// How to merge.
#[derive(Debug, Clone, Default)]
pub(crate) struct MergeWish {
    /// The head that the caller saw; another one refuses.
    pub(crate) sha: Option<String>,
    pub(crate) squash: bool,
    pub(crate) title: Option<String>,
    pub(crate) message: Option<String>,
}

/// A pull request that may be merged.
pub(super) struct Ready {
    pub(super) pull: Pull,
    pub(super) title: String,
    /// `owner/branch` of its head.
    pub(super) label: String,
    /// Whether its head has to contain the base branch's tip.
    strict: bool,
    /// Whether the merge queue alone merges.
    queued: bool,
}

impl State {
    /// The first required check that is not successful at the head, if the base is protected.
    pub(crate) fn missing_check(&self, repository: &Repository, pull: &Pull) -> Option<String> {
        if pull.base_ref != repository.default_branch {
            return None;
        }
        let good = |name: &String| {
            let mut runs = self
                .check_runs
                .values()
                .filter(|run| run.repository == repository.id && run.head_sha == pull.head_sha && run.name == *name);
            // The newest run of a name counts; skipped and neutral pass.
            let conclusion = runs.next_back().and_then(|run| run.conclusion.as_deref());
            matches!(conclusion, Some("success" | "neutral" | "skipped"))
        };
        repository.demanded_checks().find(|name| !good(name)).cloned()
    }
}

impl Shared {
    /// Finds out whether a pull request merges without conflict, and remembers it.
    pub(crate) async fn find_mergeable(&self, repository: u64, number: u64) -> Result<bool, GitError> {
        let pull = self.state().issue(repository, number).filter(|it| it.open).and_then(|it| it.pull.clone());
        let Some(pull) = pull else { return Ok(false) };
        let Some(base) = self.git.branch(repository, &pull.base_ref).await? else { return Ok(false) };
        if let Some((known_base, known_head, mergeable)) = &pull.mergeable
            && *known_base == base
            && *known_head == pull.head_sha
        {
            return Ok(*mergeable);
        }
        let mergeable = self.git.merge_tree(repository, &base, &pull.head_sha).await?.is_some();
        if let Some(pull) = self.state().issue_mut(repository, number).and_then(|issue| issue.pull.as_mut()) {
            pull.mergeable = Some((base, pull.head_sha.clone(), mergeable));
        }
        Ok(mergeable)
    }

    /// Merges a pull request; gives the merge commit.
    pub(crate) async fn merge(&self, repository: u64, number: u64, wish: MergeWish, by: u64) -> Outcome<String> {
        let refuse = |message: String| Answer::refuse(StatusCode::METHOD_NOT_ALLOWED, message);
        let _moving = self.moving.lock().await;
        let Ready { pull, title, label, strict, queued } = self.ready(repository, number, wish.sha.as_deref())?;
        if queued {
            return Err(refuse("Changes must be made through the merge queue".to_owned()));
        }
        let base = self.git.branch(repository, &pull.base_ref).await?.ok_or_else(Answer::not_found)?;
        if strict && !self.git.is_ancestor(repository, &base, &pull.head_sha).await? {
            return Err(refuse("Head branch is not up to date with the base branch".to_owned()));
        }
        let Some(tree) = self.git.merge_tree(repository, &base, &pull.head_sha).await? else {
            return Err(refuse("Pull Request is not mergeable".to_owned()));
        };
        let (default_title, default_message, parents) = if wish.squash {
            (format!("{title} (#{number})"), String::new(), vec![base.clone()])
        } else {
            let parents = vec![base.clone(), pull.head_sha.clone()];
            (format!("Merge pull request #{number} from {label}"), title, parents)
        };
        let message = format!("{}\n\n{}", wish.title.unwrap_or(default_title), wish.message.unwrap_or(default_message));
        let (author, committer) = (self.signature(by), self.github_signature());
        let commit = (&author, &committer, message.trim_end());
        let sha = self.git.commit_tree(repository, &tree, &parents, commit).await?;
        self.state().verified.insert(sha.clone());
        self.set_base(repository, number, &base);
        self.mark_before_push(repository, number, &sha, by);
        let name = format!("refs/heads/{}", pull.base_ref);
        self.move_ref(&Moved { repository, name, before: base, after: sha.clone(), by }).await?;
        self.tell_pull("closed", repository, number, by);
        Ok(sha)
    }

    /// A pull request that may be merged, as far as its own state and its checks go.
    pub(super) fn ready(&self, repository: u64, number: u64, seen: Option<&str>) -> Outcome<Ready> {
        let refuse = |message: String| Answer::refuse(StatusCode::METHOD_NOT_ALLOWED, message);
        let state = self.state();
        let found = state.repositories.get(&repository).ok_or_else(Answer::not_found)?;
        let issue = found.issues.get(&number).ok_or_else(Answer::not_found)?;
        let pull = issue.pull.clone().ok_or_else(Answer::not_found)?;
        if !issue.open || pull.draft {
            return Err(refuse("Pull Request is not mergeable".to_owned()));
        }
        if seen.is_some_and(|sha| *sha != pull.head_sha) {
            return Err(Answer::conflict("Head branch was modified. Review and try the merge again."));
        }
        if let Some(check) = state.missing_check(found, &pull) {
            return Err(refuse(format!("Required status check \"{check}\" is expected.")));
        }
        let owner = state.repositories.get(&pull.head_repository).map_or("", |it| state.login(it.owner));
        let label = format!("{owner}/{}", pull.head_ref);
        let here = pull.base_ref == found.default_branch;
        let strict = here && found.strict == Some(true) && found.demanded_checks().next().is_some();
        Ok(Ready { title: issue.title.clone(), label, strict, queued: here && found.queue.is_some(), pull })
    }

    /// A merged pull request keeps the base that it was merged into.
    pub(super) fn set_base(&self, repository: u64, number: u64, base: &str) {
        if let Some(pull) = self.state().issue_mut(repository, number).and_then(|issue| issue.pull.as_mut()) {
            pull.base_sha = base.to_owned();
        }
    }

    pub(super) fn mark_before_push(&self, repository: u64, number: u64, sha: &str, by: u64) {
        let mut state = self.state();
        let at = self.now();
        let Some(issue) = state.issue_mut(repository, number) else { return };
        issue.open = false;
        issue.closed_at = Some(at);
        issue.updated_at = at;
        if let Some(pull) = issue.pull.as_mut() {
            pull.merged = Some(Merged { sha: sha.to_owned(), by, at });
        }
    }

    /// A pull request whose head got into the base by a push counts as merged.
    pub(crate) fn mark_merged(&self, repository: u64, number: u64, sha: &str, by: u64) {
        self.mark_before_push(repository, number, sha, by);
        self.tell_pull("closed", repository, number, by);
    }
}

/// `pull-request-merge-result`.
pub(crate) fn result(sha: &str) -> Value {
    json!({"sha": sha, "merged": true, "message": "Pull Request successfully merged"})
}
