//! Looking into a repository: references, commits, trees, files.

use super::{Git, GitError, is_plain_ref, is_sha};

/// Who and when, as a commit tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) email: String,
    /// Seconds since 1970.
    pub(crate) when: i64,
}

/// One commit.
#[derive(Debug, Clone)]
pub(crate) struct CommitInfo {
    pub(crate) sha: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: Signature,
    pub(crate) committer: Signature,
    pub(crate) message: String,
}

/// One entry of a tree.
#[derive(Debug, Clone)]
pub(crate) struct TreeEntry {
    pub(crate) mode: String,
    pub(crate) kind: String,
    pub(crate) sha: String,
    pub(crate) size: Option<u64>,
    pub(crate) path: String,
}

/// Fields of a commit, separated by NUL and ended by a record separator.
const FORMAT: &str = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B%x1e";

impl Git {
    /// The commit that a branch, tag, full reference or commit id names.
    pub(crate) async fn resolve(&self, repository: u64, rev: &str) -> Result<Option<String>, GitError> {
        if !is_plain_ref(rev) {
            return Ok(None);
        }
        let candidates = if is_sha(rev) || rev.starts_with("refs/") {
            vec![rev.to_owned()]
        } else {
            vec![format!("refs/heads/{rev}"), format!("refs/tags/{rev}"), rev.to_owned()]
        };
        for candidate in candidates {
            let wanted = format!("{candidate}^{{commit}}");
            let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted];
            let ran = self.run(repository, &args, &[]).await?;
            if ran.success {
                return Ok(Some(String::from_utf8_lossy(&ran.stdout).trim().to_owned()));
            }
        }
        Ok(None)
    }

    /// The tip of a branch.
    pub(crate) async fn branch(&self, repository: u64, branch: &str) -> Result<Option<String>, GitError> {
        if is_plain_ref(branch) { self.reference(repository, &format!("refs/heads/{branch}")).await } else { Ok(None) }
    }

    /// What a full reference points to.
    pub(crate) async fn reference(&self, repository: u64, name: &str) -> Result<Option<String>, GitError> {
        if !is_plain_ref(name) {
            return Ok(None);
        }
        let ran = self.run(repository, &["rev-parse", "--verify", "--quiet", "--end-of-options", name], &[]).await?;
        Ok(ran.success.then(|| String::from_utf8_lossy(&ran.stdout).trim().to_owned()))
    }

    /// All references below a prefix such as `refs/heads/`, by name.
    pub(crate) async fn references(&self, repository: u64, prefix: &str) -> Result<Vec<(String, String)>, GitError> {
        let text = self.text(repository, &["for-each-ref", "--format=%(objectname) %(refname)", prefix]).await?;
        Ok(text.lines().filter_map(|line| line.split_once(' ')).map(|(sha, name)| (name.into(), sha.into())).collect())
    }

    /// What kind of object an id names, if it exists.
    pub(crate) async fn kind(&self, repository: u64, sha: &str) -> Result<Option<String>, GitError> {
        if !is_sha(sha) {
            return Ok(None);
        }
        let ran = self.run(repository, &["cat-file", "-t", sha], &[]).await?;
        Ok(ran.success.then(|| String::from_utf8_lossy(&ran.stdout).trim().to_owned()))
    }

    /// One commit by id.
    pub(crate) async fn commit(&self, repository: u64, sha: &str) -> Result<Option<CommitInfo>, GitError> {
        if !is_sha(sha) {
            return Ok(None);
        }
        let ran = self.run(repository, &["log", FORMAT, "-1", sha], &[]).await?;
        let text = String::from_utf8_lossy(&ran.stdout);
        // A tag's id leads to its commit, which is another object.
        Ok(text.split('\u{1e}').find_map(parse_commit).filter(|commit| commit.sha == sha))
    }

    /// Commits as `git log` lists them, newest first.
    pub(crate) async fn log(&self, repository: u64, args: &[&str]) -> Result<Vec<CommitInfo>, GitError> {
        let mut all = vec!["log", FORMAT];
        all.extend(args);
        let text = self.text(repository, &all).await?;
        Ok(text.split('\u{1e}').filter_map(parse_commit).collect())
    }

    /// The entries of a tree or of a commit's tree, optionally with everything below.
    pub(crate) async fn tree(
        &self,
        repository: u64,
        treeish: &str,
        recursive: bool,
    ) -> Result<Vec<TreeEntry>, GitError> {
        let mut args = vec!["ls-tree", "-z", "-l"];
        if recursive {
            args.extend(["-r", "-t"]);
        }
        args.push(treeish);
        let text = self.text(repository, &args).await?;
        Ok(text.split('\0').filter_map(parse_entry).collect())
    }

    /// The entry at a path.
    pub(crate) async fn entry(&self, repository: u64, commit: &str, path: &str) -> Result<Option<TreeEntry>, GitError> {
        let text = self.text(repository, &["--literal-pathspecs", "ls-tree", "-z", "-l", commit, "--", path]).await?;
        Ok(text.split('\0').find_map(parse_entry))
    }

    /// A blob's bytes.
    pub(crate) async fn blob(&self, repository: u64, sha: &str) -> Result<Option<Vec<u8>>, GitError> {
        if !is_sha(sha) {
            return Ok(None);
        }
        let ran = self.run(repository, &["cat-file", "blob", sha], &[]).await?;
        Ok(ran.success.then_some(ran.stdout))
    }

    /// A file's bytes at a commit.
    pub(crate) async fn file(&self, repository: u64, commit: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        match self.entry(repository, commit, path).await? {
            Some(entry) if entry.kind == "blob" => self.blob(repository, &entry.sha).await,
            _ => Ok(None),
        }
    }

    /// Whether `ancestor` is reachable from `descendant` (a commit is its own ancestor).
    pub(crate) async fn is_ancestor(
        &self,
        repository: u64,
        ancestor: &str,
        descendant: &str,
    ) -> Result<bool, GitError> {
        Ok(self.run(repository, &["merge-base", "--is-ancestor", ancestor, descendant], &[]).await?.success)
    }

    /// The best common ancestor.
    pub(crate) async fn merge_base(&self, repository: u64, one: &str, two: &str) -> Result<Option<String>, GitError> {
        let ran = self.run(repository, &["merge-base", one, two], &[]).await?;
        Ok(ran.success.then(|| String::from_utf8_lossy(&ran.stdout).trim().to_owned()))
    }
}

fn parse_commit(record: &str) -> Option<CommitInfo> {
    let fields: Vec<_> = record.trim_start_matches('\n').splitn(10, '\0').collect();
    let [sha, tree, parents, an, ae, at, cn, ce, ct, message] = fields.try_into().ok()?;
    let signature = |name: &str, email: &str, when: &str| Signature {
        name: name.to_owned(),
        email: email.to_owned(),
        when: when.parse().unwrap_or_default(),
    };
    Some(CommitInfo {
        sha: sha.to_owned(),
        tree: tree.to_owned(),
        parents: parents.split_whitespace().map(str::to_owned).collect(),
        author: signature(an, ae, at),
        committer: signature(cn, ce, ct),
        message: message.trim_end_matches('\n').to_owned(),
    })
}

fn parse_entry(record: &str) -> Option<TreeEntry> {
    let (head, path) = record.split_once('\t')?;
    let mut words = head.split_whitespace();
    Some(TreeEntry {
        mode: words.next()?.to_owned(),
        kind: words.next()?.to_owned(),
        sha: words.next()?.to_owned(),
        size: words.next()?.parse().ok(),
        path: path.to_owned(),
    })
}
