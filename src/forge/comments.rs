use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::account::Account;
use super::error::{ForgeError, absent_is_none};
use super::lenient::{null_is_default, unreadable_is_none};
use super::repo::Repo;
use crate::names::{CommentId, IssueNumber};
use crate::redact::redact;

/// A comment on an issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: CommentId,
    /// Its text: anybody's.
    #[serde(default, deserialize_with = "null_is_default")]
    pub body: String,
    /// Who wrote it first; somebody else may have edited it. `None` for a deleted account.
    #[serde(rename = "user", default)]
    pub author: Option<Account>,
    /// When it was written first; GitHub gives whole seconds. `None` where it does not say.
    #[serde(default, deserialize_with = "unreadable_is_none")]
    pub created_at: Option<jiff::Timestamp>,
    #[serde(default)]
    performed_via_github_app: Option<ById>,
    #[serde(default)]
    issue_url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct ById {
    #[serde(default)]
    pub(super) id: Option<u64>,
}

impl Comment {
    /// The App that wrote it, where GitHub says so.
    pub fn app(&self) -> Option<u64> {
        self.performed_via_github_app.as_ref().and_then(|app| app.id)
    }

    /// The issue or pull request it is on.
    pub fn issue(&self) -> Option<IssueNumber> {
        self.issue_url.as_deref()?.rsplit('/').next()?.parse().ok().map(IssueNumber::new)
    }
}

/// A small answer to a comment. GitHub keeps one of each kind per account, so repeating it is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Seen.
    Eyes,
    /// Done.
    Rocket,
    /// Not understood or refused.
    Confused,
}

impl Reaction {
    /// GitHub's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eyes => "eyes",
            Self::Rocket => "rocket",
            Self::Confused => "confused",
        }
    }
}

impl Repo {
    /// Writes a comment of at most [`super::BODY_LIMIT`] characters. GitHub has no key against
    /// writing twice: look with [`Repo::find_own_comment`] first.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn create_comment(&self, issue: IssueNumber, body: &str) -> Result<Comment, ForgeError> {
        let body = redact(body);
        self.fits("comment", &body, super::BODY_LIMIT)?;
        let route = self.route("/repos/{owner}/{repo}/issues/{issue_number}/comments", &[&issue.to_string()]);
        self.write(Method::POST, route, json!({ "body": body }), &format!("comment on #{issue}")).await
    }

    /// Replaces a comment's text.
    ///
    /// # Errors
    /// `NotFound` where it was deleted.
    pub async fn update_comment(&self, id: CommentId, body: &str) -> Result<Comment, ForgeError> {
        let body = redact(body);
        self.fits("comment", &body, super::BODY_LIMIT)?;
        let route = self.route("/repos/{owner}/{repo}/issues/comments/{comment_id}", &[&id.to_string()]);
        self.write(Method::PATCH, route, json!({ "body": body }), &format!("comment {id}")).await
    }

    /// The comment as it is now; `None` where it was deleted.
    ///
    /// # Errors
    /// Any other [`ForgeError`].
    pub async fn comment(&self, id: CommentId) -> Result<Option<Comment>, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/issues/comments/{comment_id}", &[&id.to_string()]);
        absent_is_none(self.get(route, &format!("comment {id}")).await)
    }

    /// The first comment on `issue` that this App wrote and that holds `marker`. Markers in other
    /// people's comments do not count: anybody can copy one.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn find_own_comment(&self, issue: IssueNumber, marker: &str) -> Result<Option<Comment>, ForgeError> {
        let us = self.forge.identity().await?;
        let route = self.route("/repos/{owner}/{repo}/issues/{issue_number}/comments", &[&issue.to_string()]);
        let mut found = None;
        let look = |comment: Comment| {
            if comment.body.contains(marker) && us.made(comment.app(), comment.author.as_ref()) {
                found = Some(comment);
            }
            found.is_none()
        };
        self.pages(route, &format!("comments on #{issue}"), look).await?;
        Ok(found)
    }

    /// Adds a reaction to a comment; adding it again changes nothing.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn react(&self, comment: CommentId, reaction: Reaction) -> Result<(), ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", &[&comment.to_string()]);
        let body = json!({ "content": reaction.as_str() });
        self.tell(Method::POST, route, body, &format!("reaction to comment {comment}")).await
    }
}
