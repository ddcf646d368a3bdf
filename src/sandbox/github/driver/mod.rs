//! The sandbox's GitHub from the inside: the verbs of tests and of the demo's seed. People do
//! here what they do on GitHub, and the App hears of it in the same way.

mod changes;
mod install;
mod look;
mod queue;
mod setup;
mod talk;
mod tokens;

use super::answer::Answer;
use super::{GitHub, git};

pub use changes::{Change, ForkPull, NewPullRequest};
pub use look::{CheckRunView, CommentView, DeployKeyView, DeploymentView, PullView};
pub use queue::MergeGroup;
pub use tokens::Minted;

impl GitHub {
    /// The repository's id.
    fn find(&self, repository: &str) -> anyhow::Result<u64> {
        let state = self.shared.state();
        let found = repository.split_once('/').and_then(|(owner, name)| state.repository(owner, name));
        found.map(|it| it.id).ok_or_else(|| anyhow::anyhow!("the sandbox's GitHub has no repository {repository}"))
    }

    /// The account's id.
    fn who(&self, login: &str) -> anyhow::Result<u64> {
        let state = self.shared.state();
        let found = state.account(login).map(|account| account.id);
        found.ok_or_else(|| anyhow::anyhow!("the sandbox's GitHub has no user {login}"))
    }
}

/// A refusal as an error.
fn refused(answer: Answer) -> anyhow::Error {
    anyhow::anyhow!("the sandbox's GitHub refuses with {}: {}", answer.status.as_u16(), answer.message())
}

/// A failed Git command as an error.
fn broken(error: git::GitError) -> anyhow::Error {
    anyhow::Error::new(error).context("the sandbox's GitHub could not change its repository")
}
