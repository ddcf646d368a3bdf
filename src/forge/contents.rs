use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{ForgeError, absent_is_none};
use super::repo::Repo;
use super::send::Call;
use crate::names::{BranchName, CommitId, RepoPath};

#[derive(Deserialize)]
pub(super) struct GitRef {
    object: GitObject,
}

#[derive(Deserialize)]
struct GitObject {
    sha: CommitId,
}

#[derive(Deserialize)]
struct FileMade {
    commit: FileCommit,
}

#[derive(Deserialize)]
struct FileCommit {
    #[serde(default)]
    sha: Option<CommitId>,
}

impl Repo {
    /// A file's bytes at `at` (a branch or commit); `None` where there is no such file.
    ///
    /// # Errors
    /// `TooLarge` above 16 MiB; any other [`ForgeError`].
    pub async fn file(&self, path: &RepoPath, at: &str) -> Result<Option<Vec<u8>>, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/contents/{+path}", &[path.as_str()]).query("ref", at);
        let answer = absent_is_none(self.send(Call::get(route, self.what(path.as_str())).raw()).await)?;
        let Some(answer) = answer else { return Ok(None) };
        // A directory comes as a JSON list whatever is asked for. A server that does not know the
        // raw type answers with JSON around the content.
        let kind = answer.header("content-type").unwrap_or_default();
        if !kind.contains("json") || kind.contains("raw") {
            return Ok(Some(answer.body));
        }
        let odd =
            |message: &str| ForgeError::Unexpected { what: self.what(path.as_str()), message: message.to_owned() };
        let value: Value = answer.json(&self.what(path.as_str()))?;
        let Some(content) = value.get("content").and_then(Value::as_str) else {
            return Err(odd("it is not a file"));
        };
        if value["encoding"] == "none" {
            return Err(odd("its content is not in the answer: the file is too large for that"));
        }
        let packed: String = content.split_whitespace().collect();
        STANDARD.decode(packed).map(Some).map_err(|_| odd("its content is not base64"))
    }

    /// The commit that a branch points to; `None` where there is no such branch, as in a
    /// repository without any commit.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn branch_head(&self, branch: &BranchName) -> Result<Option<CommitId>, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/git/ref/heads/{+branch}", &[branch.as_str()]);
        match self.get::<GitRef>(route, &format!("branch {branch}")).await {
            Err(ForgeError::EmptyRepository { .. }) => Ok(None),
            found => Ok(absent_is_none(found)?.map(|found| found.object.sha)),
        }
    }

    /// Whether the repository has a commit: one that no ref leads to is dropped some day.
    ///
    /// # Errors
    /// Any [`ForgeError`].
    pub async fn has_commit(&self, commit: &CommitId) -> Result<bool, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/git/commits/{commit_sha}", &[commit.as_str()]);
        let found = self.get::<serde::de::IgnoredAny>(route, &format!("commit {}", commit.short())).await;
        Ok(absent_is_none(found)?.is_some())
    }

    /// Makes a branch at `commit`.
    ///
    /// # Errors
    /// `Conflict` where it exists, `EmptyRepository` where there is no commit yet.
    pub async fn create_branch(&self, branch: &BranchName, commit: &CommitId) -> Result<(), ForgeError> {
        let body = json!({ "ref": branch.full_ref(), "sha": commit });
        let route = self.route("/repos/{owner}/{repo}/git/refs", &[]);
        self.tell(Method::POST, route, body, &format!("branch {branch}")).await
    }

    /// Deletes a branch that the App made; one that is gone already is fine.
    ///
    /// # Errors
    /// `Refused` for a branch that is not ours; any other [`ForgeError`].
    pub async fn delete_branch(&self, branch: &BranchName) -> Result<(), ForgeError> {
        let what = format!("branch {branch}");
        if !super::commits::is_ours(branch) {
            let reason = "only branches below bailiwick/ are deleted";
            return Err(ForgeError::Refused { what: self.what(&what), reason });
        }
        let route = self.route("/repos/{owner}/{repo}/git/refs/heads/{+branch}", &[branch.as_str()]);
        match self.delete(route, &what).await {
            Err(ForgeError::Validation { message, .. }) if message.contains("does not exist") => Ok(()),
            done => absent_is_none(done).map(drop),
        }
    }

    /// Makes the first file and with it the first commit of an empty repository, where trees and
    /// refs cannot be made yet (REST, "Create or update file contents").
    ///
    /// # Errors
    /// `Conflict` or `Validation` where the file exists already.
    pub async fn create_first_file(
        &self,
        branch: &BranchName,
        path: &RepoPath,
        content: &str,
        message: &str,
    ) -> Result<CommitId, ForgeError> {
        super::commits::refuse_workflows(path, &self.name)?;
        let body = json!({ "message": message, "content": STANDARD.encode(content), "branch": branch });
        let route = self.route("/repos/{owner}/{repo}/contents/{+path}", &[path.as_str()]);
        let made: FileMade = self.write(Method::PUT, route, body, path.as_str()).await?;
        match made.commit.sha {
            Some(sha) => Ok(sha),
            // GitHub's description lets it be missing; then it is the tip of what was just made.
            None => {
                self.branch_head(branch).await?.ok_or_else(|| ForgeError::NotFound { what: self.what(path.as_str()) })
            }
        }
    }
}
