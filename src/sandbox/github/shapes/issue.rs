//! Issues, comments and reactions.

use serde_json::{Value, json};

use super::super::model::{Comment, Issue, Reaction, Repository};
use super::{Show, node, time};

/// The contents that a reaction may have.
pub(crate) const REACTIONS: [&str; 8] = ["+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"];

impl Show<'_> {
    /// `issue`; pull requests are issues with `pull_request`.
    pub(crate) fn issue(&self, repository: &Repository, issue: &Issue) -> Value {
        let repository_url = self.repository_url(repository);
        let url = format!("{repository_url}/issues/{}", issue.number);
        let html = self.issue_page(repository, issue);
        let comments = self.state.comments.values();
        let comments = comments.filter(|it| it.repository == repository.id && it.number == issue.number).count();
        let mut shown = json!({
            "url": url,
            "repository_url": repository_url,
            "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"),
            "events_url": format!("{url}/events"),
            "html_url": html,
            "id": issue.id,
            "node_id": node("I", issue.id),
            "number": issue.number,
            "title": issue.title,
            "user": self.user(issue.user),
            "labels": [],
            "state": if issue.open { "open" } else { "closed" },
            "locked": false,
            "assignee": null,
            "assignees": [],
            "milestone": null,
            "comments": comments,
            "created_at": time(issue.created_at),
            "updated_at": time(issue.updated_at),
            "closed_at": issue.closed_at.map(time),
            "author_association": self.state.association(issue.user, repository),
            "active_lock_reason": null,
            "body": issue.body,
            "reactions": no_reactions(&url),
            "timeline_url": format!("{url}/timeline"),
            "performed_via_github_app": null,
            "state_reason": null,
        });
        if let Some(pull) = &issue.pull {
            shown["draft"] = json!(pull.draft);
            shown["pull_request"] = json!({
                "url": format!("{repository_url}/pulls/{}", issue.number),
                "html_url": html,
                "diff_url": format!("{html}.diff"),
                "patch_url": format!("{html}.patch"),
                "merged_at": pull.merged.as_ref().map(|merged| time(merged.at)),
            });
        }
        shown
    }

    /// The page of an issue or pull request.
    pub(crate) fn issue_page(&self, repository: &Repository, issue: &Issue) -> String {
        let kind = if issue.pull.is_some() { "pull" } else { "issues" };
        self.web(&format!("/{}/{kind}/{}", self.state.full_name(repository), issue.number))
    }

    /// `issue-comment`.
    pub(crate) fn comment(&self, comment: &Comment) -> Value {
        let Some(repository) = self.state.repositories.get(&comment.repository) else { return Value::Null };
        let Some(issue) = repository.issues.get(&comment.number) else { return Value::Null };
        let repository_url = self.repository_url(repository);
        let url = format!("{repository_url}/issues/comments/{}", comment.id);
        json!({
            "url": url,
            "html_url": format!("{}#issuecomment-{}", self.issue_page(repository, issue), comment.id),
            "issue_url": format!("{repository_url}/issues/{}", comment.number),
            "id": comment.id,
            "node_id": node("IC", comment.id),
            "user": self.user(comment.user),
            "created_at": time(comment.created_at),
            "updated_at": time(comment.updated_at),
            "body": comment.body,
            "author_association": self.state.association(comment.user, repository),
            "reactions": rollup(&url, &comment.reactions),
            "performed_via_github_app": if comment.by_app { self.integration() } else { Value::Null },
        })
    }

    /// `reaction`.
    pub(crate) fn reaction(&self, reaction: &Reaction) -> Value {
        json!({
            "id": reaction.id,
            "node_id": node("REA", reaction.id),
            "user": self.user(reaction.user),
            "content": reaction.content,
            "created_at": time(reaction.created_at),
        })
    }
}

fn no_reactions(url: &str) -> Value {
    rollup(url, &[])
}

/// `reaction-rollup`.
fn rollup(url: &str, reactions: &[Reaction]) -> Value {
    let mut shown = json!({"url": format!("{url}/reactions"), "total_count": reactions.len()});
    for content in REACTIONS {
        shown[content] = json!(reactions.iter().filter(|it| it.content == content).count());
    }
    shown
}
