//! One commit of a bare repository as files, done by the real `git`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// How long one call of `git` may take.
const TIME: Duration = Duration::from_secs(30);
/// What Flux leaves out of artifacts by default (source-controller, `sourceignore`).
const LEFT_OUT: [&str; 6] = [".git", ".github", ".flux.yaml", ".sops.yaml", ".goreleaser.yml", ".gitmodules"];

/// The full id of a revision such as `refs/heads/main`.
pub(super) async fn resolve(repository: &Path, revision: &str) -> Result<String, String> {
    let commit = format!("{revision}^{{commit}}");
    let output = git(repository, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit], None).await;
    output.map_err(|_| format!("unable to resolve {revision:?}: reference not found"))
}

/// Writes the files of `commit` into the empty directory `to`, without what Flux leaves out.
pub(super) async fn export(repository: &Path, commit: &str, to: &Path) -> Result<(), String> {
    let index = to.with_extension("index");
    let index = index.as_path();
    git(repository, &["read-tree", commit], Some((to, index))).await?;
    git(repository, &["checkout-index", "--all", "--force"], Some((to, index))).await?;
    // It was a scratch file.
    let _ = std::fs::remove_file(index);
    tidy(to).map_err(|error| format!("cannot tidy the export: {error}"))
}

/// Runs `git` on the bare repository, with a work tree and index of our own where they are given.
async fn git(repository: &Path, arguments: &[&str], tree: Option<(&Path, &Path)>) -> Result<String, String> {
    let mut command = Command::new("git");
    command
        .arg("--git-dir")
        .arg(repository)
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false"])
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .current_dir(repository)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some((tree, index)) = tree {
        command.env("GIT_WORK_TREE", tree).env("GIT_INDEX_FILE", index).current_dir(tree);
    }
    let output = tokio::time::timeout(TIME, command.output()).await.map_err(|_| "git took too long".to_owned())?;
    let output = output.map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().chars().take(2000).collect())
}

/// Removes what is not in an artifact: the names above, and symbolic links (Flux's archive skips them).
fn tidy(directory: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let left_out = LEFT_OUT.iter().any(|name| entry.file_name() == *name);
        if left_out && kind.is_dir() {
            std::fs::remove_dir_all(&path)?;
        } else if left_out || kind.is_symlink() {
            std::fs::remove_file(&path)?;
        } else if kind.is_dir() {
            tidy(&path)?;
        }
    }
    Ok(())
}

/// Copies a directory of plain files and directories.
pub(super) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
