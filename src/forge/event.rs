//! Webhook payloads to events: our own structs, tolerant of unknown actions and fields.
//!
//! An event is a hint that something may have changed, not the truth: jobs read the present state
//! from the forge. So only what is needed to find the right job is read here. The event's name
//! comes from a header that the signature does not cover; a body that does not fit the name is
//! refused ([`EventError`]), and that check is all that ties the two together.
//! Fields and actions: docs.github.com, "Webhook events and payloads".

mod about;
mod action;
mod error;
mod raw;
mod raw_settings;

use serde::de::DeserializeOwned;

pub use action::{
    CheckRunAction, CheckSuiteAction, DeployKeyAction, InstallationAction, InstallationRepositoriesAction,
    IssueCommentAction, MergeGroupAction, PullRequestAction, RepositoryAction,
};
pub use error::EventError;

use crate::names::{
    BranchName, CheckRunId, CommentId, CommitId, InstallationId, IssueNumber, Login, PublicKey, RepositoryId,
    RepositoryName, UserId,
};

/// What a delivery says has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A pull request changed.
    PullRequest(PullRequestEvent),
    /// Somebody commented on an issue or a pull request.
    IssueComment(IssueCommentEvent),
    /// Commits were pushed, or a ref was created or deleted.
    Push(PushEvent),
    /// A check run changed, or somebody pressed one of its buttons.
    CheckRun(CheckRunEvent),
    /// A check suite changed, or somebody wants it run again.
    CheckSuite(CheckSuiteEvent),
    /// A merge queue wants a merged tree to be checked.
    MergeGroup(MergeGroupEvent),
    /// The App was installed, changed or removed.
    Installation(InstallationEvent),
    /// The App may see more or fewer repositories.
    InstallationRepositories(InstallationRepositoriesEvent),
    /// A repository was created, renamed, moved, archived, deleted.
    Repository(RepositoryEvent),
    /// A deploy key was added or removed.
    DeployKey(DeployKeyEvent),
    /// The forge tries the webhook.
    Ping(PingEvent),
    /// An event that we do not know, or an action of a known one that is new and looks different.
    Ignored {
        /// The event's name.
        event: String,
        /// Its action, where it has one.
        action: Option<String>,
    },
}

/// The repository that an event is about.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Repository {
    /// Stays when it is renamed.
    pub id: RepositoryId,
    /// `owner/name` at the time of the event.
    #[serde(rename = "full_name")]
    pub name: RepositoryName,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Account {
    /// The only thing that identifies one.
    pub id: UserId,
    /// For showing.
    pub login: Login,
    /// A person or not.
    #[serde(rename = "type", default)]
    pub kind: AccountKind,
}

/// What kind of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
pub enum AccountKind {
    /// A person (or a person's machine account).
    User,
    /// An App.
    Bot,
    /// An organisation.
    Organization,
    /// Something else, or not said: never to be trusted as a person.
    #[default]
    #[serde(other)]
    Other,
}

/// `pull_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestEvent {
    /// What happened.
    pub action: PullRequestAction,
    /// Where the App is installed.
    pub installation: Option<InstallationId>,
    /// The base repository.
    pub repository: Repository,
    /// The pull request's number.
    pub number: IssueNumber,
    /// The head commit at that time.
    pub head: CommitId,
    /// The branch that it goes into.
    pub base: BranchName,
    /// Whether an edit moved it to another base branch.
    pub base_changed: bool,
    /// Whether it is merged.
    pub merged: bool,
    /// The merge commit of a merged one; of an open one GitHub's test merge.
    pub merge_commit: Option<CommitId>,
    /// Who did it, where it is told.
    pub sender: Option<Account>,
}

/// `issue_comment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueCommentEvent {
    /// What happened.
    pub action: IssueCommentAction,
    /// Where the App is installed.
    pub installation: Option<InstallationId>,
    /// The repository.
    pub repository: Repository,
    /// The issue's or pull request's number.
    pub number: IssueNumber,
    /// Whether it is a pull request.
    pub is_pull_request: bool,
    /// The comment.
    pub comment: CommentId,
    /// Its text, hostile like every text from outside.
    pub body: String,
    /// Who wrote it first; absent where the account is gone. Not the one who acted: see `sender`.
    pub author: Option<Account>,
    /// The App through which it was written.
    pub via_app: Option<u64>,
    /// Who did this action.
    pub sender: Account,
}

/// `push`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushEvent {
    /// Where the App is installed.
    pub installation: Option<InstallationId>,
    /// The repository.
    pub repository: Repository,
    /// The full ref, `refs/heads/…` or `refs/tags/…`.
    pub git_ref: String,
    /// The commit before; all zeros for a new ref.
    pub before: CommitId,
    /// The commit after; all zeros for a deleted ref.
    pub after: CommitId,
    /// Whether the ref was deleted.
    pub deleted: bool,
    /// Who did it.
    pub sender: Option<Account>,
}

impl PushEvent {
    /// The branch that was pushed; `None` for tags.
    pub fn branch(&self) -> Option<BranchName> {
        self.git_ref.strip_prefix("refs/heads/")?.parse().ok()
    }
}

/// `check_run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRunEvent {
    /// What happened.
    pub action: CheckRunAction,
    /// Where the App is installed.
    pub installation: Option<InstallationId>,
    /// The repository.
    pub repository: Repository,
    /// The check run.
    pub check_run: CheckRunId,
    /// Its name.
    pub name: String,
    /// The commit that it is about.
    pub head: CommitId,
    /// What its App wrote there to find it again.
    pub external_id: Option<String>,
    /// The App that owns it.
    pub app: Option<u64>,
    /// The button that was pressed, for `requested_action`.
    pub button: Option<String>,
    /// The open pull requests of this repository with that head; empty for forks.
    pub pull_requests: Vec<IssueNumber>,
    /// Who did it.
    pub sender: Option<Account>,
}

/// `check_suite`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSuiteEvent {
    /// What happened.
    pub action: CheckSuiteAction,
    /// Where the App is installed.
    pub installation: Option<InstallationId>,
    /// The repository.
    pub repository: Repository,
    /// The commit that it is about.
    pub head: CommitId,
    /// The App that owns it.
    pub app: Option<u64>,
    /// The open pull requests of this repository with that head; empty for forks.
    pub pull_requests: Vec<IssueNumber>,
    /// Who did it.
    pub sender: Option<Account>,
}

/// `merge_group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeGroupEvent {
    /// What happened.
    pub action: MergeGroupAction,
    /// Where the App is installed.
    pub installation: Option<InstallationId>,
    /// The repository, where it is told.
    pub repository: Option<Repository>,
    /// The merged tree's commit.
    pub head: CommitId,
    /// The full ref of the queue's own branch.
    pub head_ref: String,
    /// The commit that it is merged onto.
    pub base_commit: CommitId,
    /// The full ref of the branch that it goes into.
    pub base_ref: String,
}

/// `installation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationEvent {
    /// What happened.
    pub action: InstallationAction,
    /// The installation.
    pub installation: InstallationId,
    /// The App that is installed.
    pub app: u64,
    /// The repositories that it can see, where the event lists them.
    pub repositories: Vec<Repository>,
}

/// `installation_repositories`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationRepositoriesEvent {
    /// What happened.
    pub action: InstallationRepositoriesAction,
    /// The installation.
    pub installation: InstallationId,
    /// Repositories that it can see from now on.
    pub added: Vec<Repository>,
    /// Repositories that it can no longer see.
    pub removed: Vec<Repository>,
}

/// `repository`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryEvent {
    /// What happened.
    pub action: RepositoryAction,
    /// Where the App is installed.
    pub installation: Option<InstallationId>,
    /// The repository, with its new name where it was renamed.
    pub repository: Repository,
    /// Its name without owner before it was renamed.
    pub old_name: Option<String>,
}

/// `deploy_key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployKeyEvent {
    /// What happened.
    pub action: DeployKeyAction,
    /// Where the App is installed.
    pub installation: Option<InstallationId>,
    /// The repository.
    pub repository: Repository,
    /// GitHub's id of the key.
    pub key_id: u64,
    /// The key; absent where it is of a form that we do not read.
    pub key: Option<PublicKey>,
    /// Its title.
    pub title: String,
    /// Whether it may not push.
    pub read_only: bool,
}

/// `ping`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PingEvent {
    /// The webhook, where it is told.
    pub hook: Option<u64>,
    /// The App that owns it.
    pub app: Option<u64>,
}

impl Event {
    /// Reads the body of a delivery as the event of this name (`X-GitHub-Event`). An unknown event
    /// becomes [`Event::Ignored`], and so does an unknown action of a body that has the event's own
    /// field and else looks different from what we know; one that looks the same keeps its name in
    /// the action's `Other`.
    ///
    /// # Errors
    /// The body is no JSON object or does not fit the event.
    pub fn parse(event_name: &str, body: &[u8]) -> Result<Self, EventError> {
        // serde would also read a struct from an array of its fields.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(EventError::NotJson { line: 1, column: 1 });
        }
        match event_name {
            "pull_request" => read(("pull_request", "pull_request", PullRequestAction::KNOWN), body, Self::PullRequest),
            "issue_comment" => read(("issue_comment", "comment", IssueCommentAction::KNOWN), body, Self::IssueComment),
            "push" => read(("push", "ref", &[]), body, Self::Push),
            "check_run" => read(("check_run", "check_run", CheckRunAction::KNOWN), body, Self::CheckRun),
            "check_suite" => read(("check_suite", "check_suite", CheckSuiteAction::KNOWN), body, Self::CheckSuite),
            "merge_group" => read(("merge_group", "merge_group", MergeGroupAction::KNOWN), body, Self::MergeGroup),
            "installation" => {
                read(("installation", "installation", InstallationAction::KNOWN), body, Self::Installation)
            }
            "installation_repositories" => {
                let known = InstallationRepositoriesAction::KNOWN;
                read(("installation_repositories", "repositories_added", known), body, Self::InstallationRepositories)
            }
            "repository" => read(("repository", "repository", RepositoryAction::KNOWN), body, Self::Repository),
            "deploy_key" => read(("deploy_key", "key", DeployKeyAction::KNOWN), body, Self::DeployKey),
            "ping" => read(("ping", "hook", &[]), body, Self::Ping),
            unknown => Ok(Self::Ignored { event: action::short(unknown), action: action_of(body)? }),
        }
    }
}

/// Reads a body as the wire form of `E`. Given are the event's name, the field that no other event
/// has (as far as there is one), and the actions that we know.
fn read<E: raw::Wire>(
    (event, subject, known_actions): (&'static str, &'static str, &[&str]),
    body: &[u8],
    wrap: fn(E) -> Event,
) -> Result<Event, EventError> {
    if let Ok(raw) = serde_json::from_slice::<E::Raw>(body) {
        return Ok(wrap(E::from_raw(raw)));
    }
    match action_of(body)? {
        Some(action) if !known_actions.is_empty() && !known_actions.contains(&action.as_str()) => {
            if has_field(body, subject) {
                return Ok(Event::Ignored { event: event.to_owned(), action: Some(action) });
            }
            Err(EventError::Misfit { event, field: subject.to_owned() })
        }
        _ => Err(EventError::Misfit { event, field: misfit::<E::Raw>(body) }),
    }
}

fn has_field(body: &[u8], name: &str) -> bool {
    type Fields = std::collections::BTreeMap<String, serde::de::IgnoredAny>;
    serde_json::from_slice::<Fields>(body).is_ok_and(|fields| fields.contains_key(name))
}

/// The `action` of any JSON object.
fn action_of(body: &[u8]) -> Result<Option<String>, EventError> {
    let envelope: raw::Envelope = serde_json::from_slice(body)
        .map_err(|error| EventError::NotJson { line: error.line(), column: error.column() })?;
    Ok(envelope.action.map(|action| action::short(&action)))
}

/// Which field does not fit. Only paths made of our own field names and of indexes can come out.
fn misfit<R: DeserializeOwned>(body: &[u8]) -> String {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let Err(error) = serde_path_to_error::deserialize::<_, R>(&mut reader) else { return "(end)".to_owned() };
    let path = error.path().to_string();
    let message = error.into_inner().to_string();
    // serde names a missing field in the message and its parent in the path.
    match message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
        Some((field, _)) if path == "." => field.to_owned(),
        Some((field, _)) => format!("{path}.{field}"),
        None => path,
    }
}

#[cfg(test)]
mod tests;
