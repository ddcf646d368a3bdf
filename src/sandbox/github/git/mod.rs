//! Real bare repositories, driven by the `git` command line with fixed arguments: no shell, no
//! user configuration, and names from outside never stand where an option could.

pub(crate) mod diff;
pub(crate) mod http;
pub(crate) mod read;
pub(crate) mod write;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// The id of "no commit", for references that come or go.
pub(crate) const ZERO: &str = "0000000000000000000000000000000000000000";

/// A `git` that failed: what was asked and what it said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("git {command} failed: {stderr}")]
    Failed { command: String, stderr: String },
    #[error("git could not be started; is it installed and on PATH?")]
    Start(#[source] std::io::Error),
}

/// All repositories of one sandbox: `<root>/<id>.git`.
#[derive(Debug)]
pub(crate) struct Git {
    root: PathBuf,
    exec_path: PathBuf,
}

/// What one command gave back.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) success: bool,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Git {
    /// Repositories below `root`; asks `git --exec-path` once.
    pub(crate) async fn new(root: PathBuf) -> Result<Self, GitError> {
        let git = Self { root, exec_path: PathBuf::new() };
        let output = git.command("git").arg("--exec-path").output().await.map_err(GitError::Start)?;
        let exec_path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        Ok(Self { exec_path, ..git })
    }

    /// Where a repository's objects are.
    pub(crate) fn dir(&self, repository: u64) -> PathBuf {
        self.root.join(format!("{repository}.git"))
    }

    fn backend(&self) -> PathBuf {
        self.exec_path.join("git-http-backend")
    }

    /// A command whose surroundings are ours alone.
    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
            .env("HOME", &self.root)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs `git` in a repository and gives its answer back, failed or not.
    pub(crate) async fn run(&self, repository: u64, args: &[&str], stdin: &[u8]) -> Result<Ran, GitError> {
        let mut command = self.command("git");
        command.arg("--git-dir").arg(self.dir(repository)).args(args);
        feed(command, stdin).await
    }

    /// Runs `git` and wants it to succeed; its output as text.
    pub(crate) async fn text(&self, repository: u64, args: &[&str]) -> Result<String, GitError> {
        self.text_from(repository, args, &[]).await
    }

    /// The same with standard input.
    pub(crate) async fn text_from(&self, repository: u64, args: &[&str], stdin: &[u8]) -> Result<String, GitError> {
        let ran = self.run(repository, args, stdin).await?;
        if ran.success {
            Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
        } else {
            Err(GitError::Failed { command: args.join(" "), stderr: ran.stderr })
        }
    }

    /// Makes an empty bare repository.
    pub(crate) async fn init(&self, repository: u64, default_branch: &str) -> Result<(), GitError> {
        let mut command = self.command("git");
        command.args(["init", "--quiet", "--bare", "--template="]);
        command.arg(format!("--initial-branch={default_branch}")).arg(self.dir(repository));
        expect_success(feed(command, &[]).await?, "init")?;
        self.configure(repository).await
    }

    /// Makes a repository that has all of another one's objects and branches, as a fork does.
    pub(crate) async fn fork(&self, parent: u64, fork: u64) -> Result<(), GitError> {
        let mut command = self.command("git");
        command.args(["clone", "--quiet", "--bare", "--template="]);
        command.arg(self.dir(parent)).arg(self.dir(fork));
        expect_success(feed(command, &[]).await?, "clone")?;
        self.configure(fork).await
    }

    /// GitHub serves any commit that exists, and lets `git http-backend` do the pushing.
    async fn configure(&self, repository: u64) -> Result<(), GitError> {
        let config = "\tallowAnySHA1InWant = true\n\tallowFilter = true\n[http]\n\treceivepack = true\n\
             [receive]\n\tdenyDeleteCurrent = refuse\n[gc]\n\tauto = 0\n[core]\n\tquotePath = false\n";
        let file = self.dir(repository).join("config");
        let mut text = tokio::fs::read_to_string(&file).await.map_err(GitError::Start)?;
        text.push_str("[uploadpack]\n");
        text.push_str(config);
        tokio::fs::write(&file, text).await.map_err(GitError::Start)
    }
}

fn expect_success(ran: Ran, command: &str) -> Result<(), GitError> {
    if ran.success { Ok(()) } else { Err(GitError::Failed { command: command.to_owned(), stderr: ran.stderr }) }
}

/// Starts a command, writes its input and collects its output at the same time, so that neither
/// side waits for the other with a full pipe.
async fn feed(mut command: Command, stdin: &[u8]) -> Result<Ran, GitError> {
    if stdin.is_empty() {
        return finish(command.output().await);
    }
    let mut child = command.stdin(Stdio::piped()).spawn().map_err(GitError::Start)?;
    let mut pipe = child.stdin.take();
    let write = async {
        if let Some(mut pipe) = pipe.take() {
            // A child that ends early closes its end; its exit status says why.
            let _ = pipe.write_all(stdin).await;
            let _ = pipe.shutdown().await;
        }
    };
    let ((), output) = tokio::join!(write, child.wait_with_output());
    finish(output)
}

fn finish(output: std::io::Result<std::process::Output>) -> Result<Ran, GitError> {
    let output = output.map_err(GitError::Start)?;
    Ok(Ran {
        success: output.status.success(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// Whether a branch name may stand in a command: what `git check-ref-format` allows, without the
/// characters that mean something in a revision.
pub(crate) fn is_plain_ref(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./+#=%,".contains(&byte) || byte >= 0x80;
    !name.is_empty()
        && name.len() <= 255
        && name.bytes().all(plain)
        && !name.starts_with(['-', '/', '.'])
        && !name.ends_with(['/', '.'])
        && !name.ends_with(".lock")
        && !name.contains("..")
        && !name.contains("//")
        && !name.contains("/.")
}

/// Whether this is a full object id.
pub(crate) fn is_sha(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether a path may be written: relative, no empty or dot parts, no `.git`.
pub(crate) fn is_plain_path(path: &str) -> bool {
    let parts: Vec<_> = path.split('/').collect();
    !path.is_empty()
        && !path.contains('\0')
        && !path.contains('\n')
        && parts
            .iter()
            .all(|part| !part.is_empty() && *part != "." && *part != ".." && !part.eq_ignore_ascii_case(".git"))
        && !Path::new(path).is_absolute()
}

#[cfg(test)]
mod tests {
    use super::{is_plain_path, is_plain_ref, is_sha};

    #[test]
    fn names_that_could_be_options_or_revisions_are_refused() {
        assert!(is_plain_ref("main") && is_plain_ref("bailiwick/create-team/team2"));
        for bad in ["", "-x", "a..b", "a/", "/a", "a b", "a^", "a~1", "a:b", "a@{1}", "x.lock", "a//b", "a/.b"] {
            assert!(!is_plain_ref(bad), "{bad}");
        }
        assert!(is_sha(super::ZERO) && !is_sha("HEAD") && !is_sha(&"A".repeat(40)));
    }

    #[test]
    fn paths_stay_inside() {
        assert!(is_plain_path("cluster/team1/a.yaml"));
        for bad in ["", "/etc", "../x", "a//b", ".git/config", "a/.GIT/x", "a/./b", "a\nb"] {
            assert!(!is_plain_path(bad), "{bad}");
        }
    }
}
