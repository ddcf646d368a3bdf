//! The files of a Git revision, read through the `git` command without a checkout.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::tree::{Kind, Source};
use crate::names::RepoPath;

/// The tree of a revision, or of a folder in it.
#[derive(Debug)]
pub(super) struct Revision {
    folder: PathBuf,
    tree: String,
    blobs: HashMap<RepoPath, String>,
    reader: Option<BlobReader>,
}

impl Revision {
    /// The revision as it is in the repository that `folder` belongs to, cut down to that folder.
    pub(super) fn open(folder: &Path, revision: &str) -> Result<Self> {
        let shown = folder.display();
        let Some(prefix) = output(folder, &["rev-parse", "--show-prefix"])? else {
            bail!("{shown} is not in a Git repository: give --base DIR instead of --base-rev");
        };
        let commit = format!("{revision}^{{commit}}");
        let Some(commit) = output(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])? else {
            bail!("the revision {revision:?} does not exist in {shown}: fetch it, or give another one");
        };
        let tree = format!("{}:{}", commit.trim(), prefix.trim_end_matches('\n'));
        Ok(Self { folder: folder.to_path_buf(), tree, blobs: HashMap::new(), reader: None })
    }
}

impl Source for Revision {
    fn list(&mut self) -> Result<BTreeMap<RepoPath, Kind>> {
        // A folder that the revision does not have yet is an empty one: everything is new.
        let listing =
            output(&self.folder, &["ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", &self.tree])?;
        let mut found = BTreeMap::new();
        for line in listing.unwrap_or_default().split('\0').filter(|line| !line.is_empty()) {
            let (path, kind, object) =
                parse(line).with_context(|| format!("git ls-tree answered {line:?}, which is not understood"))?;
            self.blobs.insert(path.clone(), object);
            found.insert(path, kind);
        }
        Ok(found)
    }

    fn read(&mut self, path: &RepoPath) -> Result<Vec<u8>> {
        let object = self.blobs.get(path).with_context(|| format!("{path} is not in the revision"))?;
        let reader = match &mut self.reader {
            Some(reader) => reader,
            empty => empty.insert(BlobReader::start(&self.folder)?),
        };
        reader.read(object).with_context(|| format!("{path} cannot be read from the revision with git cat-file"))
    }
}

/// `<mode> <type> <object> <size>\t<path>`, as git-ls-tree documents it.
fn parse(line: &str) -> Option<(RepoPath, Kind, String)> {
    let (head, path) = line.split_once('\t')?;
    let [mode, _, object, size] = head.split_ascii_whitespace().collect::<Vec<_>>().try_into().ok()?;
    let kind = match mode {
        "120000" => Kind::Link,
        "100644" | "100755" | "100664" => Kind::File(size.parse().ok()?),
        _ => Kind::Other,
    };
    Some((path.parse().ok()?, kind, object.to_owned()))
}

/// A `git` command in `folder` that asks nobody anything, fetches nothing, and runs none of the
/// programs that a repository's configuration may name.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_EXTERNAL_DIFF"] {
        command.env_remove(name);
    }
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0");
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// What the command prints; `None` where it fails.
fn output(folder: &Path, arguments: &[&str]) -> Result<Option<String>> {
    let output =
        git(folder).args(arguments).output().context("git cannot be started, which --base-rev needs: install git")?;
    if !output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8(output.stdout).context("a path in the revision is not UTF-8: rename it")?;
    Ok(Some(text))
}

/// A running `git cat-file --batch`: one question, one answer.
#[derive(Debug)]
struct BlobReader {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl BlobReader {
    fn start(folder: &Path) -> Result<Self> {
        let mut command = git(folder);
        let mut child = command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = child.stdin.take().context("git has no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("git has no standard output")?);
        Ok(Self { child, questions, answers })
    }

    fn read(&mut self, object: &str) -> Result<Vec<u8>> {
        writeln!(self.questions, "{object}")?;
        self.questions.flush()?;
        let mut head = String::new();
        self.answers.read_line(&mut head)?;
        let size: usize = head.trim_end().rsplit(' ').next().and_then(|size| size.parse().ok()).context(head)?;
        let mut bytes = vec![0; size + 1];
        self.answers.read_exact(&mut bytes)?;
        bytes.pop();
        Ok(bytes)
    }
}

impl Drop for BlobReader {
    fn drop(&mut self) {
        // It waits for the next question for ever; a process that has ended already is fine too.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
