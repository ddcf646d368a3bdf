//! What people do.

use super::{ADMIN, Change, NewPullRequest, TestWorld};

/// A page of the forge where people talk: an issue or a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// `owner/name`.
    pub repository: String,
    /// Its number there.
    pub number: u64,
}

impl Page {
    /// The issue "Requests" in the admin repository.
    pub fn requests() -> Self {
        Self { repository: ADMIN.to_owned(), number: 1 }
    }
}

/// Files to write, as people push them.
pub fn writes(files: &[(&str, &str)]) -> Vec<Change> {
    files.iter().map(|(path, text)| Change::write(path, text)).collect()
}

impl TestWorld {
    /// Pushes files to a branch, made from `main` where it is new; gives the commit.
    pub async fn push(&self, user: &str, at: (&str, &str), files: &[(&str, &str)]) -> String {
        self.push_changes(user, at, &writes(files)).await
    }

    /// Pushes changes to a branch; gives the commit.
    pub async fn push_changes(&self, user: &str, at: (&str, &str), changes: &[Change]) -> String {
        self.github().push(user, at, changes, "Change something").await.expect("the push is taken")
    }

    /// Pushes files to a new branch and opens a pull request into `main`.
    pub async fn open(&self, user: &str, at: (&str, &str), files: &[(&str, &str)]) -> Page {
        self.open_changes(user, at, &writes(files)).await
    }

    /// Pushes changes to a new branch and opens a pull request into `main`.
    pub async fn open_changes(&self, user: &str, at: (&str, &str), changes: &[Change]) -> Page {
        self.push_changes(user, at, changes).await;
        self.open_into(user, at, "main").await
    }

    /// Lets another branch of a repository stand at the same commit.
    pub fn twin(&self, repository: &str, branch: &str, head: &str) {
        let path = self.github().repository_path(repository).expect("a repository");
        let mut git = std::process::Command::new("git");
        let made = git.arg("--git-dir").arg(path).args(["update-ref", &format!("refs/heads/{branch}"), head]).status();
        assert!(made.expect("git runs").success());
    }

    /// Opens a pull request from a branch into another.
    pub async fn open_into(&self, user: &str, (repository, head): (&str, &str), base: &str) -> Page {
        let new = NewPullRequest { head, base, title: "A change", body: "" };
        let number = self.github().open_pull(user, repository, new).await.expect("the pull request opens");
        Page { repository: repository.to_owned(), number }
    }

    /// An issue or pull request by its number.
    pub fn page(&self, repository: &str, number: u64) -> Page {
        Page { repository: repository.to_owned(), number }
    }

    /// The head that the pull request has now.
    pub fn head(&self, pull: &Page) -> String {
        self.github().pull(&pull.repository, pull.number).expect("there is this pull request").head_sha
    }

    /// Writes a comment; gives its id.
    pub fn comment(&self, user: &str, page: &Page, text: &str) -> u64 {
        self.github().comment(user, &page.repository, page.number, text).expect("the comment is taken")
    }

    /// Merges a pull request; gives the merge commit.
    pub async fn merge(&self, user: &str, pull: &Page) -> String {
        self.github().merge(user, &pull.repository, pull.number).await.expect("the merge is taken")
    }
}
