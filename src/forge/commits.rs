use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ForgeError;
use super::repo::Repo;
use crate::names::{BranchName, CommitId, RepoPath, RepositoryName};

/// Branches that the App makes and may overwrite.
const OUR_BRANCHES: &str = "bailiwick/";

/// One file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Where.
    pub path: RepoPath,
    /// The whole new text, or `None` to delete the file.
    pub content: Option<String>,
    /// Whether it can be executed (mode 100755).
    pub executable: bool,
}

impl FileChange {
    /// A plain file with this text.
    pub fn write(path: RepoPath, content: impl Into<String>) -> Self {
        Self { path, content: Some(content.into()), executable: false }
    }

    /// The file goes away.
    pub fn delete(path: RepoPath) -> Self {
        Self { path, content: None, executable: false }
    }
}

/// A commit to make on one branch.
#[derive(Debug, Clone)]
pub struct NewCommit {
    /// The branch that will point to it; made where `expected` is `None`.
    pub branch: BranchName,
    /// Where the branch must be now, or `None` where it must not exist.
    pub expected: Option<CommitId>,
    /// The commit's parent. Where it is not `expected`, the branch is rebuilt, which is only
    /// done to branches below `bailiwick/`.
    pub parent: CommitId,
    /// The parent's tree, where the caller knows it: saves a request.
    pub parent_tree: Option<String>,
    /// The commit's message.
    pub message: String,
    /// The files that change.
    pub files: Vec<FileChange>,
}

/// A commit that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitMade {
    /// Its id.
    pub id: CommitId,
    /// Whether the forge signed it. GitHub does for Apps, as long as no author is given.
    pub verified: bool,
}

#[derive(Deserialize)]
struct Tree {
    sha: String,
}

#[derive(Deserialize)]
struct GitCommit {
    sha: CommitId,
    tree: Tree,
    #[serde(default)]
    parents: Vec<Tree>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    verification: Verification,
}

#[derive(Default, Deserialize)]
struct Verification {
    #[serde(default)]
    verified: bool,
}

pub(super) fn is_ours(branch: &BranchName) -> bool {
    branch.as_str().starts_with(OUR_BRANCHES)
}

/// Workflow files would need a right that lets the App run anything: never.
pub(super) fn refuse_workflows(path: &RepoPath, repository: &RepositoryName) -> Result<(), ForgeError> {
    if path.as_str().to_ascii_lowercase().starts_with(".github/workflows/") {
        let reason = "the App does not write workflow files";
        return Err(ForgeError::Refused { what: format!("{path} of {repository}"), reason });
    }
    Ok(())
}

impl Repo {
    /// Makes one commit on one branch through the API (trees, commits, refs), so that GitHub
    /// signs it: no author, committer or signature is given.
    ///
    /// Moving a branch forward fails where somebody was faster, because the new commit is then no
    /// descendant. Rebuilding one of our own branches looks first and then forces it; a push
    /// within that moment would be lost, and those branches are ours alone. Where the branch is at
    /// this very commit already, as after a run that was cut, it stays there.
    ///
    /// # Errors
    /// `Conflict` where the branch is not where it is expected; `Refused` for workflow files and
    /// for rebuilding a branch that is not ours; `EmptyRepository`; `Validation` where a deleted
    /// file does not exist.
    pub async fn commit_files(&self, new: &NewCommit) -> Result<CommitMade, ForgeError> {
        for file in &new.files {
            refuse_workflows(&file.path, &self.name)?;
        }
        let rebuilt = new.expected.as_ref().is_some_and(|expected| *expected != new.parent);
        if rebuilt {
            self.may_rebuild(new).await?;
        }
        let base = match &new.parent_tree {
            Some(tree) => tree.clone(),
            None => self.git_commit(&new.parent).await?.tree.sha,
        };
        let tree = self.create_tree(&base, new).await?;
        if let Some(there) = self.already_there(new, &tree).await? {
            return Ok(there);
        }
        let made = self.create_commit(&tree, new).await?;
        match &new.expected {
            None => self.create_branch(&new.branch, &made.sha).await?,
            Some(_) => self.move_branch(&new.branch, &made.sha, rebuilt).await?,
        }
        Ok(CommitMade { id: made.sha, verified: made.verification.verified })
    }

    /// The commit that the branch is at, where it is the one to make.
    async fn already_there(&self, new: &NewCommit, tree: &str) -> Result<Option<CommitMade>, ForgeError> {
        let Some(tip) = new.expected.as_ref().filter(|tip| **tip != new.parent) else { return Ok(None) };
        let tip = self.git_commit(tip).await?;
        let same_parent = matches!(tip.parents.as_slice(), [only] if only.sha == new.parent.as_str());
        let same = same_parent && tip.tree.sha == tree && tip.message.trim_end() == new.message.trim_end();
        Ok(same.then_some(CommitMade { id: tip.sha, verified: tip.verification.verified }))
    }

    async fn may_rebuild(&self, new: &NewCommit) -> Result<(), ForgeError> {
        let what = self.what(&format!("branch {}", new.branch));
        if !is_ours(&new.branch) {
            return Err(ForgeError::Refused { what, reason: "only branches below bailiwick/ are rebuilt" });
        }
        if self.branch_head(&new.branch).await? != new.expected {
            return Err(ForgeError::Conflict { what, message: "it was moved meanwhile".to_owned() });
        }
        Ok(())
    }

    async fn git_commit(&self, id: &CommitId) -> Result<GitCommit, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/git/commits/{commit_sha}", &[id.as_str()]);
        self.get(route, &format!("commit {}", id.short())).await
    }

    async fn create_tree(&self, base: &str, new: &NewCommit) -> Result<String, ForgeError> {
        let entries: Vec<Value> = new.files.iter().map(entry).collect();
        let route = self.route("/repos/{owner}/{repo}/git/trees", &[]);
        let body = json!({ "base_tree": base, "tree": entries });
        let tree: Tree = self.write(Method::POST, route, body, &format!("tree for branch {}", new.branch)).await?;
        Ok(tree.sha)
    }

    async fn create_commit(&self, tree: &str, new: &NewCommit) -> Result<GitCommit, ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/git/commits", &[]);
        let body = json!({ "message": new.message, "tree": tree, "parents": [new.parent] });
        self.write(Method::POST, route, body, &format!("commit for branch {}", new.branch)).await
    }

    async fn move_branch(&self, branch: &BranchName, to: &CommitId, force: bool) -> Result<(), ForgeError> {
        let route = self.route("/repos/{owner}/{repo}/git/refs/heads/{+branch}", &[branch.as_str()]);
        let body = json!({ "sha": to, "force": force });
        self.tell(Method::PATCH, route, body, &format!("branch {branch}")).await
    }
}

fn entry(file: &FileChange) -> Value {
    let mode = if file.executable { "100755" } else { "100644" };
    match &file.content {
        Some(content) => json!({ "path": file.path, "mode": mode, "type": "blob", "content": content }),
        None => json!({ "path": file.path, "mode": mode, "type": "blob", "sha": null }),
    }
}
