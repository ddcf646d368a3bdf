//! Pull requests.

use serde_json::{Value, json};

use super::super::model::{Issue, Pull, Repository};
use super::user::extend;
use super::{Show, node, time};

impl Show<'_> {
    /// `pull-request-simple`, as lists have it. `Null` where the issue is none.
    pub(crate) fn pull_simple(&self, repository: &Repository, issue: &Issue) -> Value {
        let Some(pull) = &issue.pull else { return Value::Null };
        let repository_url = self.repository_url(repository);
        let url = format!("{repository_url}/pulls/{}", issue.number);
        let issue_url = format!("{repository_url}/issues/{}", issue.number);
        let html = self.issue_page(repository, issue);
        let statuses = format!("{repository_url}/statuses/{}", pull.head_sha);
        let mut shown = json!({
            "url": url,
            "id": pull.id,
            "node_id": node("PR", pull.id),
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "issue_url": issue_url,
            "number": issue.number,
            "state": if issue.open { "open" } else { "closed" },
            "locked": false,
            "title": issue.title,
            "user": self.user(issue.user),
            "body": issue.body,
            "created_at": time(issue.created_at),
            "updated_at": time(issue.updated_at),
            "closed_at": issue.closed_at.map(time),
            "merged_at": pull.merged.as_ref().map(|merged| time(merged.at)),
            "merge_commit_sha": pull.merged.as_ref().map(|merged| &merged.sha),
            "assignee": null,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "labels": [],
            "milestone": null,
            "draft": pull.draft,
            "commits_url": format!("{url}/commits"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{repository_url}/pulls/comments{{/number}}"),
            "comments_url": format!("{issue_url}/comments"),
            "statuses_url": statuses,
        });
        extend(
            &mut shown,
            json!({
                "head": self.side((pull.head_repository, pull.head_owner), &pull.head_ref, &pull.head_sha),
                "base": self.side((repository.id, repository.owner), &pull.base_ref, &pull.base_sha),
                "_links": {
                    "self": {"href": url},
                    "html": {"href": html},
                    "issue": {"href": issue_url},
                    "comments": {"href": format!("{issue_url}/comments")},
                    "review_comments": {"href": format!("{url}/comments")},
                    "review_comment": {"href": format!("{repository_url}/pulls/comments{{/number}}")},
                    "commits": {"href": format!("{url}/commits")},
                    "statuses": {"href": statuses},
                },
                "author_association": self.state.association(issue.user, repository),
                "auto_merge": null,
                "active_lock_reason": null,
            }),
        );
        shown
    }

    /// `pull-request`, as `GET /repos/…/pulls/…` and webhooks have it.
    pub(crate) fn pull(&self, repository: &Repository, issue: &Issue) -> Value {
        let Some(pull) = &issue.pull else { return Value::Null };
        let mut shown = self.pull_simple(repository, issue);
        let comments = self.state.comments.values();
        let comments = comments.filter(|it| it.repository == repository.id && it.number == issue.number).count();
        let (mergeable, mergeable_state) = self.mergeable(repository, issue, pull);
        extend(
            &mut shown,
            json!({
                "merged": pull.merged.is_some(),
                "mergeable": mergeable,
                "rebaseable": mergeable,
                "mergeable_state": mergeable_state,
                "merged_by": pull.merged.as_ref().map(|merged| self.user(merged.by)),
                "comments": comments,
                "review_comments": 0,
                "maintainer_can_modify": false,
                "commits": pull.size.commits,
                "additions": pull.size.additions,
                "deletions": pull.size.deletions,
                "changed_files": pull.size.changed_files,
            }),
        );
        shown
    }

    /// `mergeable` and `mergeable_state`: unknown until somebody asks for the pull request, and
    /// after every push again.
    fn mergeable(&self, repository: &Repository, issue: &Issue, pull: &Pull) -> (Option<bool>, &'static str) {
        if pull.merged.is_some() || !issue.open {
            return (None, "unknown");
        }
        match &pull.mergeable {
            Some((_, head, mergeable)) if *head == pull.head_sha => {
                let state = match (mergeable, self.state.missing_check(repository, pull)) {
                    (false, _) => "dirty",
                    (true, Some(_)) => "blocked",
                    (true, None) if pull.draft => "draft",
                    (true, None) => "clean",
                };
                (Some(*mergeable), state)
            }
            _ => (None, "unknown"),
        }
    }

    /// One side of a pull request; `repo` is `null` where a fork was deleted.
    fn side(&self, (repository, owner): (u64, u64), branch: &str, sha: &str) -> Value {
        let repository = self.state.repositories.get(&repository);
        json!({
            "label": format!("{}:{branch}", self.state.login(owner)),
            "ref": branch,
            "sha": sha,
            "user": self.user(owner),
            "repo": repository.map(|it| self.repository(it)),
        })
    }

    /// `pull-request-minimal`, as check runs have it: only of the same repository, never of forks.
    pub(crate) fn pulls_of(&self, repository: &Repository, sha: &str) -> Vec<Value> {
        let side = |branch: &str, sha: &str| {
            let url = self.repository_url(repository);
            json!({"ref": branch, "sha": sha, "repo": {"id": repository.id, "url": url, "name": repository.name}})
        };
        let matching = repository.issues.values().filter_map(|issue| {
            let pull = issue.pull.as_ref()?;
            let same = issue.open && pull.head_sha == sha && pull.head_repository == repository.id;
            same.then(|| {
                json!({
                    "url": format!("{}/pulls/{}", self.repository_url(repository), issue.number),
                    "id": pull.id,
                    "number": issue.number,
                    "head": side(&pull.head_ref, &pull.head_sha),
                    "base": side(&pull.base_ref, &pull.base_sha),
                })
            })
        });
        matching.collect()
    }
}
