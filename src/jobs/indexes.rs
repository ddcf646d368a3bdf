//! What the repositories hold, kept by tree: the index of a tree is made from the one of the last
//! known tree and the files that differ, so a small change costs little in a large repository.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::JobError;
use crate::git::{Blob, BlobKind, GitError, Snapshot, Version};
use crate::manifest::{self, ManifestFile};
use crate::names::{RepoPath, RepositoryId};
use crate::tenancy::{FileSummary, RepositoryIndex};

/// How many trees are remembered per repository: the tip, and the one before it that open pull
/// requests may still be judged against.
const REMEMBERED: usize = 2;

/// The indexes of the trees that were looked at last.
#[derive(Debug, Default)]
pub struct IndexCache(Mutex<HashMap<RepositoryId, Vec<(Snapshot, RepositoryIndex)>>>);

impl IndexCache {
    /// The index of a tree.
    ///
    /// # Errors
    /// Where the mirror cannot be read.
    pub async fn of(&self, repository: RepositoryId, snapshot: &Snapshot) -> Result<RepositoryIndex, JobError> {
        let known = self.known(repository);
        if let Some((_, index)) = known.iter().find(|(other, _)| other.tree() == snapshot.tree()) {
            return Ok(index.clone());
        }
        let tree = snapshot.clone();
        let made = tokio::task::spawn_blocking(move || build(known.last(), &tree)).await;
        let index = made.map_err(|error| JobError::retry(error.to_string()))??;
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let trees = cache.entry(repository).or_default();
        trees.push((snapshot.clone(), index.clone()));
        let surplus = trees.len().saturating_sub(REMEMBERED);
        trees.drain(..surplus);
        Ok(index)
    }

    fn known(&self, repository: RepositoryId) -> Vec<(Snapshot, RepositoryIndex)> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(&repository).cloned().unwrap_or_default()
    }
}

fn build(known: Option<&(Snapshot, RepositoryIndex)>, tree: &Snapshot) -> Result<RepositoryIndex, GitError> {
    if let Some((old, index)) = known {
        let changes = tree.changed_since(old, usize::MAX)?;
        let mut summaries = Vec::with_capacity(changes.paths.len());
        for change in changes.paths {
            let summary = match &change.after {
                Some(version) => Some(read_version(tree, &change.path, version)?),
                None => None,
            };
            summaries.push((change.path, summary));
        }
        return Ok(index.with(summaries));
    }
    let mut files = Vec::new();
    for file in tree.walk("")?.files {
        let summary = read_version(tree, &file.path, &Version { id: file.id, kind: file.kind })?;
        files.push((file.path, summary));
    }
    Ok(RepositoryIndex::from_files(files))
}

fn read_version(tree: &Snapshot, path: &RepoPath, version: &Version) -> Result<Arc<FileSummary>, GitError> {
    if !manifest::is_manifest(path) {
        return Ok(Arc::new(FileSummary::other()));
    }
    Ok(Arc::new(FileSummary::of(&read_blob(path, &tree.read_id(version.kind, version.id)?))))
}

/// A blob as a manifest; what is no plain file, or too large, is a manifest that cannot be judged.
pub(super) fn read_blob(path: &RepoPath, blob: &Blob) -> ManifestFile {
    match (&blob.bytes, blob.kind) {
        (Some(bytes), BlobKind::File | BlobKind::Executable) if !blob.is_lfs_pointer() => {
            manifest::read(path.clone(), bytes)
        }
        (None, BlobKind::File | BlobKind::Executable) => {
            manifest::unreadable(path.clone(), "the file is larger than 1 MiB", "split it: the cluster takes no object this large")
        }
        (_, BlobKind::Symlink) => {
            manifest::unreadable(path.clone(), "this is a symbolic link", "write the file itself: a link is not judged")
        }
        (_, BlobKind::Submodule) => {
            manifest::unreadable(path.clone(), "this is a submodule", "write the files themselves: a submodule is not judged")
        }
        (Some(_), BlobKind::File | BlobKind::Executable) => {
            manifest::unreadable(path.clone(), "this is a Git LFS pointer", "keep manifests out of Git LFS")
        }
    }
}
