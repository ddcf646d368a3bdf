//! GitHub's JSON as it comes over the wire, and what we keep of it.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::lenient::unreadable_is_none;
use super::*;

/// A field that only other events have.
pub(super) struct Foreign;

impl<'de> Deserialize<'de> for Foreign {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("this field belongs to another event"))
    }
}

/// An event and the wire form that it is read from.
pub(super) trait Wire: Sized {
    /// The wire form.
    type Raw: DeserializeOwned;
    /// Keeps what is needed.
    fn from_raw(raw: Self::Raw) -> Self;
}

/// Any event. An `action` that is no text is as unknown as one that is not there.
#[derive(Deserialize)]
pub(super) struct Envelope {
    #[serde(default, deserialize_with = "text_or_none")]
    pub(super) action: Option<String>,
}

fn text_or_none<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(reader)? {
        serde_json::Value::String(text) => Some(text),
        _ => None,
    })
}

#[derive(Deserialize)]
pub(super) struct Id<T> {
    pub(super) id: T,
}

pub(super) fn id<T>(reference: Option<Id<T>>) -> Option<T> {
    reference.map(|reference| reference.id)
}

/// The `pull_requests` of checks may name pull requests of other repositories (a fork's parent).
#[derive(Deserialize)]
pub(super) struct PullRequestReference {
    number: IssueNumber,
    base: Option<ReferenceBase>,
}

#[derive(Deserialize)]
struct ReferenceBase {
    repo: Option<Id<RepositoryId>>,
}

fn own(references: Option<Vec<PullRequestReference>>, repository: &Repository) -> Vec<IssueNumber> {
    let is_own = |reference: &PullRequestReference| {
        let repo = reference.base.as_ref().and_then(|base| base.repo.as_ref());
        repo.is_none_or(|repo| repo.id == repository.id)
    };
    references.unwrap_or_default().into_iter().filter(is_own).map(|reference| reference.number).collect()
}

/// A pull request's event, whose number is known.
#[derive(Deserialize)]
#[serde(try_from = "UnnumberedPullRequest")]
pub(super) struct RawPullRequest(UnnumberedPullRequest, IssueNumber);

#[derive(Deserialize)]
struct UnnumberedPullRequest {
    action: PullRequestAction,
    installation: Option<Id<InstallationId>>,
    repository: Repository,
    /// GitHub says it twice; doubles of it say it here or there.
    number: Option<IssueNumber>,
    pull_request: PullRequestBody,
    #[serde(default)]
    changes: Option<PullRequestChanges>,
    sender: Option<Account>,
    // Reviews and their comments carry a pull request too; what has one of these is such a body.
    #[serde(rename = "review")]
    _review: Option<Foreign>,
    #[serde(rename = "comment")]
    _comment: Option<Foreign>,
    #[serde(rename = "thread")]
    _thread: Option<Foreign>,
}

#[derive(Deserialize)]
struct PullRequestBody {
    number: Option<IssueNumber>,
    head: Head,
    base: Base,
    #[serde(default)]
    merged: Option<bool>,
    #[serde(default, deserialize_with = "unreadable_is_none")]
    merge_commit_sha: Option<CommitId>,
}

#[derive(Deserialize)]
struct Head {
    sha: CommitId,
}

#[derive(Deserialize)]
struct Base {
    r#ref: BranchName,
}

#[derive(Deserialize)]
struct PullRequestChanges {
    base: Option<serde::de::IgnoredAny>,
}

impl TryFrom<UnnumberedPullRequest> for RawPullRequest {
    /// In serde's words, from which `misfit` reads the field.
    type Error = &'static str;
    fn try_from(raw: UnnumberedPullRequest) -> Result<Self, Self::Error> {
        let number = raw.number.or(raw.pull_request.number).ok_or("missing field `number`")?;
        Ok(Self(raw, number))
    }
}

impl Wire for PullRequestEvent {
    type Raw = RawPullRequest;
    fn from_raw(RawPullRequest(raw, number): RawPullRequest) -> Self {
        Self {
            action: raw.action,
            installation: id(raw.installation),
            repository: raw.repository,
            number,
            head: raw.pull_request.head.sha,
            base: raw.pull_request.base.r#ref,
            base_changed: raw.changes.is_some_and(|changes| changes.base.is_some()),
            merged: raw.pull_request.merged.unwrap_or_default(),
            merge_commit: raw.pull_request.merge_commit_sha,
            sender: raw.sender,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RawIssueComment {
    action: IssueCommentAction,
    installation: Option<Id<InstallationId>>,
    repository: Repository,
    issue: Issue,
    comment: Comment,
    sender: Account,
}

#[derive(Deserialize)]
struct Issue {
    number: IssueNumber,
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Comment {
    id: CommentId,
    body: Option<String>,
    user: Option<Account>,
    performed_via_github_app: Option<Id<Option<u64>>>,
}

impl Wire for IssueCommentEvent {
    type Raw = RawIssueComment;
    fn from_raw(raw: RawIssueComment) -> Self {
        Self {
            action: raw.action,
            installation: id(raw.installation),
            repository: raw.repository,
            number: raw.issue.number,
            is_pull_request: raw.issue.pull_request.is_some(),
            comment: raw.comment.id,
            body: raw.comment.body.unwrap_or_default(),
            author: raw.comment.user,
            via_app: id(raw.comment.performed_via_github_app).flatten(),
            sender: raw.sender,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RawPush {
    installation: Option<Id<InstallationId>>,
    repository: Repository,
    r#ref: String,
    before: CommitId,
    after: CommitId,
    sender: Option<Account>,
}

impl Wire for PushEvent {
    type Raw = RawPush;
    fn from_raw(raw: RawPush) -> Self {
        Self {
            installation: id(raw.installation),
            repository: raw.repository,
            git_ref: raw.r#ref,
            deleted: raw.after.is_zero(),
            before: raw.before,
            after: raw.after,
            sender: raw.sender,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RawCheckRun {
    /// GitHub's description lets it be missing, here and only here.
    #[serde(default)]
    action: CheckRunAction,
    installation: Option<Id<InstallationId>>,
    repository: Repository,
    check_run: CheckRun,
    requested_action: Option<Button>,
    sender: Option<Account>,
}

#[derive(Deserialize)]
struct CheckRun {
    id: CheckRunId,
    name: String,
    head_sha: CommitId,
    external_id: Option<String>,
    app: Option<Id<Option<u64>>>,
    pull_requests: Option<Vec<PullRequestReference>>,
}

#[derive(Deserialize)]
struct Button {
    identifier: Option<String>,
}

impl Wire for CheckRunEvent {
    type Raw = RawCheckRun;
    fn from_raw(raw: RawCheckRun) -> Self {
        Self {
            action: raw.action,
            installation: id(raw.installation),
            pull_requests: own(raw.check_run.pull_requests, &raw.repository),
            repository: raw.repository,
            check_run: raw.check_run.id,
            name: raw.check_run.name,
            head: raw.check_run.head_sha,
            external_id: raw.check_run.external_id.filter(|text| !text.is_empty()),
            app: id(raw.check_run.app).flatten(),
            button: raw.requested_action.and_then(|button| button.identifier),
            sender: raw.sender,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RawCheckSuite {
    action: CheckSuiteAction,
    installation: Option<Id<InstallationId>>,
    repository: Repository,
    check_suite: CheckSuite,
    sender: Option<Account>,
}

#[derive(Deserialize)]
struct CheckSuite {
    head_sha: CommitId,
    app: Option<Id<Option<u64>>>,
    pull_requests: Option<Vec<PullRequestReference>>,
}

impl Wire for CheckSuiteEvent {
    type Raw = RawCheckSuite;
    fn from_raw(raw: RawCheckSuite) -> Self {
        Self {
            action: raw.action,
            installation: id(raw.installation),
            pull_requests: own(raw.check_suite.pull_requests, &raw.repository),
            repository: raw.repository,
            head: raw.check_suite.head_sha,
            app: id(raw.check_suite.app).flatten(),
            sender: raw.sender,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RawMergeGroup {
    action: MergeGroupAction,
    installation: Option<Id<InstallationId>>,
    repository: Option<Repository>,
    merge_group: MergeGroup,
}

#[derive(Deserialize)]
struct MergeGroup {
    head_sha: CommitId,
    head_ref: String,
    base_sha: CommitId,
    base_ref: String,
}

impl Wire for MergeGroupEvent {
    type Raw = RawMergeGroup;
    fn from_raw(raw: RawMergeGroup) -> Self {
        Self {
            action: raw.action,
            installation: id(raw.installation),
            repository: raw.repository,
            head: raw.merge_group.head_sha,
            head_ref: raw.merge_group.head_ref,
            base_commit: raw.merge_group.base_sha,
            base_ref: raw.merge_group.base_ref,
        }
    }
}
