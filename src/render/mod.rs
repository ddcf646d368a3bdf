//! kustomize as a child process that is kept on a short lead: it gets the directory, an empty
//! home, no credentials, no Git, no proxy out, a time limit and an output limit.
//!
//! What it reads comes from pull requests, so everything that would make it fetch is refused
//! before it starts (see [`remote`]), and `git` and the network proxies lead nowhere while it runs.
//! Plugins, Helm and loading files from outside of a base stay off, as they are by default.

mod remote;
mod version;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

/// How much of what kustomize complains about is kept, in bytes.
const COMPLAINT: usize = 8 * 1024;

/// How `kubectl` is told to build.
const KUBECTL: &[&str] = &["kustomize"];

/// Why a directory was not rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Neither `kustomize` nor `kubectl` was found.
    #[error("neither kustomize nor kubectl is on the PATH: install one of them")]
    NotInstalled,
    /// A kustomization wants something from the network.
    #[error("{} names {reference:?}, which is fetched from the network: vendor it into the repository", file.display())]
    Remote {
        /// The kustomization file.
        file: PathBuf,
        /// What it names.
        reference: String,
    },
    /// A kustomization includes a directory outside of the repository.
    #[error("a kustomization includes a directory outside of the repository: copy it into the repository")]
    Outside,
    /// A kustomization has generators, transformers or validators of its own.
    #[error("{} has `{field}`, which are not run: write out what they make", file.display())]
    Plugins {
        /// The kustomization file.
        file: PathBuf,
        /// The field.
        field: &'static str,
    },
    /// kustomize refused the directory, or a kustomization file could not be read.
    #[error("kustomize could not build the directory: {complaint}")]
    Failed {
        /// What it said, cut: hostile text, it quotes the repository.
        complaint: String,
    },
    /// It took too long.
    #[error("kustomize did not finish within {limit:?}: make the directory smaller")]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// It wrote too much.
    #[error("kustomize wrote more than {limit} bytes: make the directory smaller")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The child process could not be run.
    #[error("{} could not be run: check that it is executable and that there is room for a process", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The operating system's answer.
        #[source]
        source: std::io::Error,
    },
}

/// Builds kustomize directories. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Renderer {
    program: PathBuf,
    arguments: &'static [&'static str],
    home: Arc<TempDir>,
    root: Option<PathBuf>,
    time_limit: Duration,
    output_limit: usize,
}

impl Renderer {
    /// Finds `kustomize`, or else `kubectl`, in `path` (the value of `PATH`), with limits of 30 seconds
    /// and 32 MiB.
    ///
    /// # Errors
    /// [`RenderError::NotInstalled`] where there is neither; `Spawn` where there is no room for an empty home.
    pub fn find(path: &OsStr) -> Result<Self, RenderError> {
        let find = |name: &str| {
            let mut candidates = std::env::split_paths(path).filter(|directory| directory.is_absolute());
            candidates.find_map(|directory| Some(directory.join(name)).filter(|program| is_executable(program)))
        };
        let (program, arguments): (_, &[&str]) = match (find("kustomize"), find("kubectl")) {
            (Some(program), _) => (program, &["build"]),
            (None, Some(program)) => (program, KUBECTL),
            (None, None) => return Err(RenderError::NotInstalled),
        };
        let home = TempDir::new().map_err(|source| RenderError::Spawn { program: program.clone(), source })?;
        let (time_limit, output_limit) = (Duration::from_secs(30), 32 << 20);
        Ok(Self { program, arguments, home: Arc::new(home), root: None, time_limit, output_limit })
    }

    /// The same with other limits: of time for one directory, and of output in bytes.
    #[must_use]
    pub fn with_limits(self, time_limit: Duration, output_limit: usize) -> Self {
        Self { time_limit, output_limit, ..self }
    }

    /// The same for directories that include nothing outside of `root`, a path without links, themselves excepted.
    #[must_use]
    pub fn within(self, root: PathBuf) -> Self {
        Self { root: Some(root), ..self }
    }

    /// Whether a version of kustomize is one that Bailiwick works with: 5 or later.
    pub fn is_supported(version: &str) -> bool {
        version::major(version).is_some_and(|major| major >= version::LEAST)
    }

    /// The program that is used.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// kustomize's version as its program tells it, such as `v5.5.0`: foreign text. `kubectl` tells it of the
    /// kustomize that is built into it.
    ///
    /// # Errors
    /// `Spawn`, `TimedOut`; `Failed` where the program ends with an error or says nothing that can be read.
    pub async fn version(&self) -> Result<String, RenderError> {
        let arguments: &[&str] =
            if self.arguments == KUBECTL { &["version", "--client", "--output=json"] } else { &["version"] };
        let mut command = self.bare();
        let said = tokio::time::timeout(self.time_limit, self.output(command.args(arguments))).await;
        let said = said.unwrap_or(Err(RenderError::TimedOut { limit: self.time_limit }))?;
        version::read(&said).ok_or_else(|| RenderError::Failed { complaint: "it tells no version".to_owned() })
    }

    /// Builds one directory that has a kustomization file; returns the YAML stream. The child dies
    /// with the future.
    ///
    /// # Errors
    /// [`RenderError`]; never `NotInstalled`.
    pub async fn render(&self, directory: &Path) -> Result<String, RenderError> {
        let (scanned, root) = (directory.to_owned(), self.root.clone());
        let scan = tokio::task::spawn_blocking(move || remote::refuse_remote(&scanned, root.as_deref())).await;
        scan.unwrap_or_else(|_| Err(RenderError::Failed { complaint: "the scan was cut off".to_owned() }))?;
        match tokio::time::timeout(self.time_limit, self.run(directory)).await {
            Ok(result) => result,
            Err(_) => Err(RenderError::TimedOut { limit: self.time_limit }),
        }
    }

    async fn run(&self, directory: &Path) -> Result<String, RenderError> {
        self.output(self.bare().args(self.arguments).arg(directory)).await
    }

    async fn output(&self, command: &mut Command) -> Result<String, RenderError> {
        let spawn = |source| RenderError::Spawn { program: self.program.clone(), source };
        let mut child = command.spawn().map_err(spawn)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (output, complaint) =
            tokio::join!(read_at_most(stdout, self.output_limit), read_at_most(stderr, COMPLAINT));
        let (output, complaint) = (output.map_err(spawn)?, complaint.map_err(spawn)?);
        if output.len() > self.output_limit {
            return Err(RenderError::TooLarge { limit: self.output_limit });
        }
        if !child.wait().await.map_err(spawn)?.success() {
            let complaint = self.tidy(&complaint);
            let silent = || format!("{} failed without a word", self.program.display());
            return Err(RenderError::Failed { complaint: if complaint.is_empty() { silent() } else { complaint } });
        }
        String::from_utf8(output).map_err(|_| RenderError::Failed { complaint: "the output is not UTF-8".to_owned() })
    }

    /// The program without arguments, on its short lead.
    fn bare(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("HOME", self.home.path())
            // kustomize fetches remote bases with the `git` that it finds: it finds none.
            .env("PATH", self.home.path())
            .envs(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:9")))
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// What kustomize said, in one piece, without our own temporary paths.
    fn tidy(&self, complaint: &[u8]) -> String {
        let text = String::from_utf8_lossy(complaint.get(..COMPLAINT).unwrap_or(complaint));
        unwrapped(text.replace(&*self.home.path().to_string_lossy(), "").trim())
    }
}

/// Whether a shell would run it, too.
fn is_executable(program: &Path) -> bool {
    #[cfg(unix)]
    let may_run = |it: &std::fs::Metadata| std::os::unix::fs::PermissionsExt::mode(&it.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = |_: &std::fs::Metadata| true;
    program.metadata().is_ok_and(|it| it.is_file() && may_run(&it))
}

/// The complaint without what programs put around it: kustomize writes `Error: …`, `kubectl` `error: …` or, since
/// 1.28, a line of its log with `err="…"`, which is `err=<…>` where it has several lines.
fn unwrapped(text: &str) -> String {
    match text.split_once("\"command failed\" err=") {
        Some((_, said)) if said.starts_with('<') => said.trim_matches(['<', '>', '\n', '\t', ' ']).to_owned(),
        Some((_, said)) => {
            let quoted = said.strip_prefix('"').unwrap_or(said);
            quoted.strip_suffix('"').unwrap_or(quoted).replace("\\\"", "\"")
        }
        None => text.trim_start_matches("Error: ").trim_start_matches("error: ").to_owned(),
    }
}

/// Reads up to one byte more than `limit`; what follows is thrown away unread when the pipe closes.
async fn read_at_most(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        pipe.take(more).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
