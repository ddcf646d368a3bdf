//! What happened to a team's deploy key.

use crate::names::{RepositoryName, TeamName};
use crate::report::markdown;

/// How far a key is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum KeyState {
    /// Waiting for the team's namespace.
    WaitingForNamespace,
    /// Registered; whether Flux fetches with it is not known yet.
    Registered {
        /// Whether the key may only read.
        read_only: bool,
    },
    /// Registered, and Flux has fetched with it.
    Fetched {
        /// Whether the key may only read.
        read_only: bool,
        /// What Flux has fetched.
        revision: String,
    },
    /// Registered, and Flux does not fetch with it.
    Unfetched {
        /// Whether the key may only read.
        read_only: bool,
        /// Why, in words.
        problem: String,
    },
    /// The App has no administration right on the repository, or the repository does not exist.
    NoAdminRight,
    /// The organisation or enterprise forbids deploy keys.
    DisabledByOrganisation,
    /// GitHub says that the key is registered on another repository.
    InUseElsewhere,
    /// The repository is not one on which a key of this team may be registered, in words.
    NotTheTeams(String),
    /// The Secret is there, but was not made by the bot and cannot be read as a key.
    ForeignSecret(String),
    /// The team has left the admin repository: there is nothing to register any more.
    TeamGone,
    /// Anything else, in words.
    Failed(String),
}

/// One team's key, for the list in the sync comment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeyReport {
    /// The team.
    pub team: TeamName,
    /// The repository on which the key is registered.
    pub repository: RepositoryName,
    /// How far it is.
    pub state: KeyState,
}

impl KeyReport {
    /// One line of Markdown.
    pub fn line(&self) -> String {
        let Self { team, repository, state } = self;
        match state {
            KeyState::WaitingForNamespace => format!("⏳ **{team}**: waiting for the namespace `{team}`"),
            KeyState::Registered { read_only } => {
                format!("⏳ **{team}**: {}; Flux has not fetched with it yet", registered(repository, *read_only))
            }
            KeyState::Fetched { read_only, revision } => format!(
                "✅ **{team}**: {}; Flux has fetched {}",
                registered(repository, *read_only),
                markdown::code(revision)
            ),
            KeyState::Unfetched { read_only, problem } => format!(
                "❌ **{team}**: {}, but Flux does not fetch with it: {}. I look again by myself.",
                registered(repository, *read_only),
                markdown::escape(problem)
            ),
            KeyState::NoAdminRight => format!(
                "❌ **{team}**: no deploy key: `{repository}` does not exist, or the App is not installed on it or lacks \
                 the permission *Administration: write*. Create the repository or accept the permission; I look again by myself."
            ),
            KeyState::DisabledByOrganisation => format!(
                "❌ **{team}**: no deploy key: the organisation of `{repository}` forbids deploy keys. An owner can allow them under \
                 *Settings → Deploy keys*, or set `git_access.mode: github-app` for this cluster. I look again by myself."
            ),
            KeyState::InUseElsewhere => format!(
                "❌ **{team}**: no deploy key: GitHub says that this key is in use on another repository. Delete the Secret in \
                 the namespace `{team}`; I then make a new pair."
            ),
            KeyState::NotTheTeams(problem) => format!(
                "❌ **{team}**: no deploy key: {}. Correct `spec.url` of the team's GitRepository. I look again by myself.",
                markdown::escape(problem)
            ),
            KeyState::ForeignSecret(problem) => format!(
                "❌ **{team}**: no deploy key: the Secret in the namespace `{team}` is not mine and cannot be used: {} I look \
                 again by myself.",
                markdown::escape(problem)
            ),
            KeyState::TeamGone => {
                format!("❔ **{team}**: no deploy key: the team is no longer in the admin repository")
            }
            KeyState::Failed(problem) => {
                format!("❌ **{team}**: no deploy key yet: {}. I look again by myself.", markdown::escape(problem))
            }
        }
    }

    /// The same without the sign and the team.
    pub(super) fn words(&self) -> String {
        let line = self.line();
        line.split_once("**: ").map_or(line.as_str(), |(_, words)| words).to_owned()
    }

    /// Whether its job is waiting for something.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, KeyState::WaitingForNamespace)
    }

    /// Whether nothing is left to do.
    pub fn is_settled(&self) -> bool {
        matches!(self.state, KeyState::Registered { .. } | KeyState::Fetched { .. })
    }
}

fn registered(repository: &RepositoryName, read_only: bool) -> String {
    let access = if read_only { "read-only" } else { "with write access" };
    format!("deploy key registered on `{repository}`, {access}")
}
