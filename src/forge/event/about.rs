//! What every event has in common.

use super::{Event, Repository};
use crate::names::InstallationId;

impl Event {
    /// The event's name, as in `X-GitHub-Event`.
    pub fn name(&self) -> &str {
        match self {
            Self::PullRequest(_) => "pull_request",
            Self::IssueComment(_) => "issue_comment",
            Self::Push(_) => "push",
            Self::CheckRun(_) => "check_run",
            Self::CheckSuite(_) => "check_suite",
            Self::MergeGroup(_) => "merge_group",
            Self::Installation(_) => "installation",
            Self::InstallationRepositories(_) => "installation_repositories",
            Self::Repository(_) => "repository",
            Self::DeployKey(_) => "deploy_key",
            Self::Ping(_) => "ping",
            Self::Ignored { event, .. } => event,
        }
    }

    /// What happened, as the payload spells it; some events have no actions.
    pub fn action(&self) -> Option<&str> {
        match self {
            Self::PullRequest(event) => Some(event.action.as_str()),
            Self::IssueComment(event) => Some(event.action.as_str()),
            Self::CheckRun(event) => Some(event.action.as_str()),
            Self::CheckSuite(event) => Some(event.action.as_str()),
            Self::MergeGroup(event) => Some(event.action.as_str()),
            Self::Installation(event) => Some(event.action.as_str()),
            Self::InstallationRepositories(event) => Some(event.action.as_str()),
            Self::Repository(event) => Some(event.action.as_str()),
            Self::DeployKey(event) => Some(event.action.as_str()),
            Self::Ignored { action, .. } => action.as_deref(),
            Self::Push(_) | Self::Ping(_) => None,
        }
    }

    /// The repository that it is about.
    pub const fn repository(&self) -> Option<&Repository> {
        match self {
            Self::PullRequest(event) => Some(&event.repository),
            Self::IssueComment(event) => Some(&event.repository),
            Self::Push(event) => Some(&event.repository),
            Self::CheckRun(event) => Some(&event.repository),
            Self::CheckSuite(event) => Some(&event.repository),
            Self::MergeGroup(event) => event.repository.as_ref(),
            Self::Repository(event) => Some(&event.repository),
            Self::DeployKey(event) => Some(&event.repository),
            Self::Installation(_) | Self::InstallationRepositories(_) | Self::Ping(_) | Self::Ignored { .. } => None,
        }
    }

    /// Where the App is installed.
    pub const fn installation(&self) -> Option<InstallationId> {
        match self {
            Self::PullRequest(event) => event.installation,
            Self::IssueComment(event) => event.installation,
            Self::Push(event) => event.installation,
            Self::CheckRun(event) => event.installation,
            Self::CheckSuite(event) => event.installation,
            Self::MergeGroup(event) => event.installation,
            Self::Installation(event) => Some(event.installation),
            Self::InstallationRepositories(event) => Some(event.installation),
            Self::Repository(event) => event.installation,
            Self::DeployKey(event) => event.installation,
            Self::Ping(_) | Self::Ignored { .. } => None,
        }
    }
}
