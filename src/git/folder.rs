//! Where mirrors are on the disk. A mirror is rewritten into a fresh folder with the next
//! *generation*; the folder with the highest one is the mirror, whatever else a crash left there.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::GitError;
use crate::names::RepositoryId;

/// Every process that uses the folder holds this file's lock together with the others; alone, it
/// may take folders away.
const LOCK: &str = "lock";

/// One generation of a mirror: `42.git`, and after it was rewritten `42.1.git`, `42.2.git` …
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) id: RepositoryId,
    pub(super) generation: u64,
}

impl Folder {
    pub(super) fn next(self) -> Self {
        Self { generation: self.generation + 1, ..self }
    }

    fn name(self) -> String {
        let Self { id, generation } = self;
        if generation == 0 { format!("{id}.git") } else { format!("{id}.{generation}.git") }
    }

    fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".git")?;
        let (id, generation) = stem.split_once('.').unwrap_or((stem, "0"));
        let folder = Self { id: RepositoryId::new(id.parse().ok()?), generation: generation.parse().ok()? };
        (folder.name() == name).then_some(folder)
    }
}

/// The folder of all mirrors.
#[derive(Debug)]
pub(super) struct Root {
    path: PathBuf,
    lock: File,
    /// Of the mirrors that were rewritten, the latest generation.
    generations: Mutex<HashMap<RepositoryId, u64>>,
}

impl Root {
    /// Opens the folder and removes what a crash left in it: folders that were being written, and
    /// those whose next generation is there.
    pub(super) fn open(path: &Path) -> Result<Self, GitError> {
        let failed = |error| GitError::corrupt(path.display().to_string(), error);
        fs::create_dir_all(path).map_err(failed)?;
        let lock = File::create(path.join(LOCK)).map_err(failed)?;
        let root = Self { path: path.to_owned(), lock, generations: Mutex::default() };
        let alone = root.lock.try_lock();
        for folder in root.folders()? {
            let mut known = root.known();
            let latest = known.entry(folder.id).or_default();
            *latest = folder.generation.max(*latest);
        }
        match alone {
            Ok(()) => root.remove_remains().unwrap_or_else(|error| tracing::warn!("{error}")),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                tracing::warn!("{}: no locks there, so no mirror is ever rewritten: {error}", path.display());
            }
        }
        root.share();
        Ok(root)
    }

    fn remove_remains(&self) -> Result<(), GitError> {
        for folder in self.folders()? {
            if folder.generation < self.generation(folder.id) {
                self.remove(folder)?;
            }
        }
        for name in self.names()? {
            if name.ends_with(".tmp") {
                remove(&self.path.join(name))?;
            }
        }
        Ok(())
    }

    /// Every mirror's folders.
    pub(super) fn folders(&self) -> Result<Vec<Folder>, GitError> {
        Ok(self.names()?.iter().filter_map(|name| Folder::parse(name)).collect())
    }

    fn names(&self) -> Result<Vec<String>, GitError> {
        let entries = fs::read_dir(&self.path).map_err(|error| self.failed(error))?;
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        names.collect::<io::Result<_>>().map_err(|error| self.failed(error))
    }

    /// The latest generation of a mirror.
    pub(super) fn generation(&self, id: RepositoryId) -> u64 {
        self.known().get(&id).copied().unwrap_or(0)
    }

    pub(super) fn path(&self, folder: Folder) -> PathBuf {
        self.path.join(folder.name())
    }

    /// Where this generation is written before it is complete.
    pub(super) fn unfinished(&self, folder: Folder) -> PathBuf {
        self.path.join(format!("{}.{}.tmp", folder.id, folder.generation))
    }

    /// Makes the finished folder the mirror's latest generation, at once or not at all.
    pub(super) fn promote(&self, folder: Folder) -> Result<(), GitError> {
        fs::rename(self.unfinished(folder), self.path(folder)).map_err(|error| self.failed(error))?;
        self.known().insert(folder.id, folder.generation);
        sync(&self.path)
    }

    pub(super) fn remove(&self, folder: Folder) -> Result<(), GitError> {
        remove(&self.path(folder))
    }

    /// Runs `work` while no other process uses the folder; `None` where one does.
    pub(super) fn alone<T>(&self, work: impl FnOnce() -> Result<T, GitError>) -> Result<Option<T>, GitError> {
        // flock(2) would change a lock in place, but the standard library does not promise it.
        let alone = self.lock.unlock().is_ok() && self.lock.try_lock().is_ok();
        let done = if alone { work().map(Some) } else { Ok(None) };
        self.share();
        done
    }

    /// Where there are no locks this fails, and so does every attempt to be alone.
    fn share(&self) {
        let _ = self.lock.unlock().and_then(|()| self.lock.lock_shared());
    }

    fn known(&self) -> MutexGuard<'_, HashMap<RepositoryId, u64>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: io::Error) -> GitError {
        GitError::corrupt(self.path.display().to_string(), error)
    }
}

/// Removes a folder, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), GitError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(GitError::corrupt(path.display().to_string(), error))
        }
        _ => Ok(()),
    }
}

/// A repository's packs; none where they cannot be listed, which whoever reads it will say.
pub(super) fn packs(repository: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository.join("objects/pack"));
    let paths = entries.into_iter().flatten().flatten().map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "pack")).collect()
}

/// Brings a folder with all that is below it to the disk, so that no loss of power can keep its
/// name and lose its content.
pub(super) fn sync_all(path: &Path) -> Result<(), GitError> {
    let failed = |error| GitError::corrupt(path.display().to_string(), error);
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            sync_all(&entry.path())?;
        } else {
            sync(&entry.path())?;
        }
    }
    sync(path)
}

fn sync(path: &Path) -> Result<(), GitError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| GitError::corrupt(path.display().to_string(), error))
}
