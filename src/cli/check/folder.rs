//! The files of a folder.

use std::collections::BTreeMap;
use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::tree::{Kind, Source};
use crate::names::RepoPath;

/// Folders below each other; more than this is a mistake, or a trap.
const DEPTH: usize = 64;

/// A folder as a repository's root.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `path`, which must exist. `what` is what it is to be, such as "the repository".
    pub(super) fn open(path: &Path, what: &str) -> Result<Self> {
        let shown = path.display();
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Ok(Self { root: path.to_path_buf() }),
            Ok(_) => bail!("{shown} is a file: give the root folder of {what}"),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("{shown} does not exist: give the root folder of {what}")
            }
            Err(error) => {
                Err(error).with_context(|| format!("{shown} cannot be opened: give a folder that you may read"))
            }
        }
    }

    fn walk(&self, directory: &Path, depth: usize, found: &mut BTreeMap<RepoPath, Kind>) -> Result<()> {
        let shown = directory.display();
        if depth > DEPTH {
            bail!("{shown} lies more than {DEPTH} folders deep: give the root of an admin or team repository");
        }
        let unreadable = || format!("{shown} cannot be listed: give yourself the right to read it");
        for entry in fs::read_dir(directory).with_context(unreadable)? {
            let entry = entry.with_context(unreadable)?;
            if entry.file_name() == ".git" {
                continue;
            }
            let kind = entry.file_type().with_context(unreadable)?;
            if kind.is_dir() {
                self.walk(&entry.path(), depth + 1, found)?;
            } else {
                found.insert(self.name(&entry.path())?, of(kind, &entry));
            }
        }
        Ok(())
    }

    fn name(&self, path: &Path) -> Result<RepoPath> {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        let name = inside.to_str().and_then(|text| text.parse().ok());
        name.with_context(|| format!("{} has a name that no repository can hold: rename it", path.display()))
    }
}

fn of(kind: FileType, entry: &fs::DirEntry) -> Kind {
    if kind.is_symlink() {
        Kind::Link
    } else if kind.is_file() {
        Kind::File(entry.metadata().map_or(0, |metadata| metadata.len()))
    } else {
        Kind::Other
    }
}

impl Source for Folder {
    fn list(&mut self) -> Result<BTreeMap<RepoPath, Kind>> {
        let mut found = BTreeMap::new();
        self.walk(&self.root, 0, &mut found)?;
        Ok(found)
    }

    fn read(&mut self, path: &RepoPath) -> Result<Vec<u8>> {
        let path = self.root.join(path.as_str());
        fs::read(&path)
            .with_context(|| format!("{} cannot be read: give yourself the right to read it", path.display()))
    }
}
