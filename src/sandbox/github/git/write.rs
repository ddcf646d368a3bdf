//! Making objects and moving references.

use super::read::Signature;
use super::{Git, GitError, ZERO};

/// A commit to make from file contents.
#[derive(Debug)]
pub(crate) struct NewCommit<'a> {
    /// The first parent, or nothing for a root commit.
    pub(crate) parent: Option<&'a str>,
    pub(crate) author: Signature,
    pub(crate) message: &'a str,
    pub(crate) changes: &'a [Edit],
}

/// One path of a new commit.
#[derive(Debug)]
pub(crate) struct Edit {
    pub(crate) path: String,
    /// Git's mode: `100644`, or `120000` for a symbolic link, whose content is its target.
    pub(crate) mode: &'static str,
    /// No content deletes.
    pub(crate) content: Option<Vec<u8>>,
}

impl Edit {
    /// A plain file's content.
    pub(crate) fn file(path: &str, content: Vec<u8>) -> Self {
        Self { path: path.to_owned(), mode: "100644", content: Some(content) }
    }
}

/// One line of a new tree.
#[derive(Debug)]
pub(crate) struct TreeLine {
    pub(crate) path: String,
    pub(crate) mode: String,
    /// `None` removes the path.
    pub(crate) sha: Option<String>,
}

/// A scratch branch for `git fast-import`, which cannot make a commit without one.
const SCRATCH: &str = "refs/sandbox/scratch";

impl Git {
    /// Makes a commit without moving any branch; gives its id.
    pub(crate) async fn make_commit(&self, repository: u64, new: NewCommit<'_>) -> Result<String, GitError> {
        let mut stream = Vec::new();
        let Signature { name, email, when } = &new.author;
        let who = format!("{} <{}> {when} +0000\n", clean(name), clean(email));
        stream.extend(format!("commit {SCRATCH}\nmark :1\nauthor {who}committer {who}").bytes());
        data(&mut stream, new.message.as_bytes());
        if let Some(parent) = new.parent {
            stream.extend(format!("from {parent}\n").bytes());
        }
        for Edit { path, mode, content } in new.changes {
            match content {
                Some(content) => {
                    stream.extend(format!("M {mode} inline {}\n", quote(path)).bytes());
                    data(&mut stream, content);
                }
                None => stream.extend(format!("D {}\n", quote(path)).bytes()),
            }
        }
        stream.extend(b"get-mark :1\nreset ");
        stream.extend(format!("{SCRATCH}\nfrom {ZERO}\ndone\n").bytes());
        let args = ["fast-import", "--quiet", "--force", "--done"];
        Ok(self.text_from(repository, &args, &stream).await?.trim().to_owned())
    }

    /// Stores blobs; gives their ids in the same order.
    pub(crate) async fn make_blobs(&self, repository: u64, blobs: &[Vec<u8>]) -> Result<Vec<String>, GitError> {
        if blobs.is_empty() {
            return Ok(Vec::new());
        }
        let mut stream = Vec::new();
        for (index, blob) in blobs.iter().enumerate() {
            stream.extend(format!("blob\nmark :{}\n", index + 1).bytes());
            data(&mut stream, blob);
            stream.extend(format!("get-mark :{}\n", index + 1).bytes());
        }
        stream.extend(b"done\n");
        let text = self.text_from(repository, &["fast-import", "--quiet", "--done"], &stream).await?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Makes a tree from a base tree and lines that replace, add or remove; gives its id.
    pub(crate) async fn make_tree(
        &self,
        repository: u64,
        base: Option<&str>,
        lines: &[TreeLine],
    ) -> Result<String, GitError> {
        let index = tempfile::Builder::new().prefix("index-").tempdir_in(&self.root).map_err(GitError::Start)?;
        let file = index.path().join("index");
        let with_index = |args: &[&str]| {
            let mut command = self.command("git");
            command.arg("--git-dir").arg(self.dir(repository)).env("GIT_INDEX_FILE", &file).args(args);
            command
        };
        match base {
            Some(base) => done(super::feed(with_index(&["read-tree", base]), &[]).await?, "read-tree")?,
            None => done(super::feed(with_index(&["read-tree", "--empty"]), &[]).await?, "read-tree")?,
        };
        let mut input = Vec::new();
        for line in lines {
            match &line.sha {
                Some(sha) => input.extend(format!("{} {sha}\t{}\0", line.mode, line.path).bytes()),
                None => input.extend(format!("0 {ZERO}\t{}\0", line.path).bytes()),
            }
        }
        if !input.is_empty() {
            let command = with_index(&["update-index", "--add", "--replace", "-z", "--index-info"]);
            done(super::feed(command, &input).await?, "update-index")?;
        }
        let tree = done(super::feed(with_index(&["write-tree"]), &[]).await?, "write-tree")?;
        Ok(tree.trim().to_owned())
    }

    /// Makes a commit from a tree; gives its id.
    pub(crate) async fn commit_tree(
        &self,
        repository: u64,
        tree: &str,
        parents: &[String],
        commit: (&Signature, &Signature, &str),
    ) -> Result<String, GitError> {
        let (author, committer, message) = commit;
        let mut command = self.command("git");
        command.arg("--git-dir").arg(self.dir(repository)).args(["commit-tree", tree, "-F", "-"]);
        for parent in parents {
            command.args(["-p", parent]);
        }
        command
            .env("GIT_AUTHOR_NAME", clean(&author.name))
            .env("GIT_AUTHOR_EMAIL", clean(&author.email))
            .env("GIT_AUTHOR_DATE", format!("{} +0000", author.when))
            .env("GIT_COMMITTER_NAME", clean(&committer.name))
            .env("GIT_COMMITTER_EMAIL", clean(&committer.email))
            .env("GIT_COMMITTER_DATE", format!("{} +0000", committer.when));
        let message = if message.is_empty() { "\n" } else { message };
        Ok(done(super::feed(command, message.as_bytes()).await?, "commit-tree")?.trim().to_owned())
    }

    /// The tree of merging two commits, or `None` where they conflict.
    pub(crate) async fn merge_tree(&self, repository: u64, base: &str, head: &str) -> Result<Option<String>, GitError> {
        let args = ["merge-tree", "--write-tree", "--no-messages", base, head];
        let ran = self.run(repository, &args, &[]).await?;
        let text = String::from_utf8_lossy(&ran.stdout);
        Ok(ran.success.then(|| text.lines().next().unwrap_or_default().to_owned()))
    }

    /// Moves a reference from `old` to `new` ([`ZERO`] creates or deletes); fails where it is not at `old`.
    pub(crate) async fn move_ref(&self, repository: u64, name: &str, new: &str, old: &str) -> Result<(), GitError> {
        let line =
            if new == ZERO { format!("delete {name}\0{old}\0") } else { format!("update {name}\0{new}\0{old}\0") };
        self.text_from(repository, &["update-ref", "-z", "--stdin"], line.as_bytes()).await.map(drop)
    }

    /// Sets a reference, wherever it was.
    pub(crate) async fn set_ref(&self, repository: u64, name: &str, new: &str) -> Result<(), GitError> {
        self.text(repository, &["update-ref", name, new]).await.map(drop)
    }

    /// Drops loose objects that no reference leads to.
    pub(crate) async fn prune(&self, repository: u64) -> Result<(), GitError> {
        self.text(repository, &["prune", "--expire=now"]).await.map(drop)
    }

    /// Copies a commit and its history from one repository to another, under a reference there.
    pub(crate) async fn copy(&self, from: u64, to: u64, sha: &str, name: &str) -> Result<(), GitError> {
        let source = self.dir(from);
        let spec = format!("+{sha}:{name}");
        let source = source.to_string_lossy();
        self.text(to, &["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", &source, &spec]).await.map(drop)
    }
}

fn done(ran: super::Ran, command: &str) -> Result<String, GitError> {
    if ran.success {
        Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
    } else {
        Err(GitError::Failed { command: command.to_owned(), stderr: ran.stderr })
    }
}

fn data(stream: &mut Vec<u8>, bytes: &[u8]) {
    stream.extend(format!("data {}\n", bytes.len()).bytes());
    stream.extend(bytes);
    stream.push(b'\n');
}

/// A path as `git fast-import` wants it where it has unusual characters.
fn quote(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// A name without the characters that end it in a commit's header.
fn clean(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '<' | '>' | '\n' | '\0')).collect()
}
