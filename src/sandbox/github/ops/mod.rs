//! What can be done to the sandbox's GitHub, whoever asks: the REST API, a `git push`, a form on a
//! page, or a test. Each change tells the App about itself, as GitHub does.

pub(crate) mod checks;
pub(crate) mod comments;
pub(crate) mod keys;
pub(crate) mod merge;
pub(crate) mod pulls;
pub(crate) mod queue;
pub(crate) mod refs;
pub(crate) mod repositories;

use super::answer::Answer;
use super::git::GitError;
use super::git::read::Signature;
use super::shared::Shared;

/// Longest body of an issue, pull request or comment, in characters.
pub(crate) const MAX_BODY: usize = 65_536;

impl From<GitError> for Answer {
    fn from(error: GitError) -> Self {
        tracing::warn!(error = %error, "The sandbox's GitHub could not run git");
        Self::refuse(http::StatusCode::INTERNAL_SERVER_ERROR, "Server Error")
    }
}

impl Shared {
    /// Author or committer of what an account does here.
    pub(crate) fn signature(&self, account: u64) -> Signature {
        let login = self.state().login(account).to_owned();
        let email = format!("{account}+{login}@users.noreply.github.com");
        Signature { name: login, email, when: self.now().as_second() }
    }

    /// GitHub's own name, as committer of what it makes.
    pub(crate) fn github_signature(&self) -> Signature {
        Signature { name: "GitHub".into(), email: "noreply@github.com".into(), when: self.now().as_second() }
    }
}
