//! Issues, comments, and the buttons of check runs.

use super::super::GitHub;
use super::refused;

impl GitHub {
    /// Opens a plain issue as a user; gives its number.
    ///
    /// # Errors
    /// Where user or repository do not exist.
    pub fn open_issue(&self, user: &str, repository: &str, title: &str, body: &str) -> anyhow::Result<u64> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        self.shared.open_issue(id, title, body, by).map_err(refused)
    }

    /// Comments on an issue or pull request as a user; gives the comment's id.
    ///
    /// # Errors
    /// Where something of that does not exist, or the text is empty or too long.
    pub fn comment(&self, user: &str, repository: &str, number: u64, body: &str) -> anyhow::Result<u64> {
        let (by, id) = (self.who(user)?, self.find(repository)?);
        self.shared.comment(id, number, body, by).map_err(refused)
    }

    /// Changes a comment as a user, who need not be its author.
    ///
    /// # Errors
    /// Where user or comment do not exist.
    pub fn edit_comment(&self, user: &str, comment: u64, body: &str) -> anyhow::Result<()> {
        let by = self.who(user)?;
        self.shared.edit_comment(comment, body, by).map_err(refused)
    }

    /// Deletes a comment as a user.
    ///
    /// # Errors
    /// Where user or comment do not exist.
    pub fn delete_comment(&self, user: &str, comment: u64) -> anyhow::Result<()> {
        let by = self.who(user)?;
        self.shared.delete_comment(comment, by).map_err(refused)
    }

    /// Presses "Re-run" of a check run as a user.
    ///
    /// # Errors
    /// Where user or check run do not exist.
    pub fn rerequest_check(&self, user: &str, check_run: u64) -> anyhow::Result<()> {
        let by = self.who(user)?;
        self.shared.rerequest(check_run, by).map_err(refused)
    }

    /// Presses "Re-run all checks" of the check run's commit as a user.
    ///
    /// # Errors
    /// Where user or check run do not exist.
    pub async fn rerequest_all_checks(&self, user: &str, check_run: u64) -> anyhow::Result<()> {
        let by = self.who(user)?;
        let suite = self.shared.state().check_runs.get(&check_run).map(|run| run.suite).unwrap_or_default();
        self.shared.rerequest_suite(suite, by).await.map_err(refused)
    }

    /// Presses one of the App's own buttons of a check run as a user.
    ///
    /// # Errors
    /// Where user, check run or button do not exist.
    pub fn press_check_button(&self, user: &str, check_run: u64, identifier: &str) -> anyhow::Result<()> {
        let by = self.who(user)?;
        self.shared.press(check_run, identifier, by).map_err(refused)
    }
}
