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
/// How many files a tree may have (`git::Walk`).
const MOST_FILES: u64 = 200_000;

/// The indexes of the trees that were looked at last.
#[derive(Debug, Default)]
pub struct IndexCache(Mutex<HashMap<Key, Vec<(Snapshot, RepositoryIndex)>>>);

/// A repository, and the path that a cluster syncs from it where that is configured.
type Key = (RepositoryId, Option<RepoPath>);

impl IndexCache {
    /// The index of a tree, seen from the path that a cluster syncs.
    ///
    /// # Errors
    /// Where the mirror cannot be read.
    pub async fn of(
        &self,
        repository: RepositoryId,
        path: Option<&RepoPath>,
        snapshot: &Snapshot,
    ) -> Result<RepositoryIndex, JobError> {
        let key: Key = (repository, path.cloned());
        let known = self.known(&key);
        if let Some((_, index)) = known.iter().find(|(other, _)| other.tree() == snapshot.tree()) {
            return Ok(index.clone());
        }
        let tree = snapshot.clone();
        let empty = || {
            path.map_or_else(RepositoryIndex::default, |path| {
                RepositoryIndex::default().with_cluster_path(path.clone())
            })
        };
        let start = known.last().map_or_else(|| (None, empty()), |(tree, index)| (Some(tree.clone()), index.clone()));
        let span = tracing::debug_span!("index.build");
        let made = tokio::task::spawn_blocking(move || span.in_scope(|| build(start, &tree))).await;
        let index = made.map_err(|error| JobError::retry(error.to_string()))??;
        tracing::debug!(
            commit.id = %snapshot.commit(), index.files = index.file_count(), index.bytes = index.bytes(),
            "read what a repository holds"
        );
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let trees = cache.entry(key).or_default();
        trees.push((snapshot.clone(), index.clone()));
        let surplus = trees.len().saturating_sub(REMEMBERED);
        trees.drain(..surplus);
        Ok(index)
    }

    fn known(&self, key: &Key) -> Vec<(Snapshot, RepositoryIndex)> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(key).cloned().unwrap_or_default()
    }
}

fn build((old, index): (Option<Snapshot>, RepositoryIndex), tree: &Snapshot) -> Result<RepositoryIndex, GitError> {
    if let Some(old) = old {
        let changes = tree.changed_since(&old, usize::MAX)?;
        whole(tree, changes.truncated)?;
        return index.try_with(changes.paths.into_iter().map(|change| {
            let summary = change.after.map(|version| read_version(tree, &change.path, version)).transpose()?;
            Ok((change.path, summary))
        }));
    }
    let walk = tree.walk("")?;
    whole(tree, walk.truncated)?;
    let made = index.try_with(walk.files.into_iter().map(|file| {
        let summary = read_version(tree, &file.path, Version { id: file.id, kind: file.kind })?;
        Ok((file.path, Some(summary)))
    }))?;
    tree.let_go()?;
    Ok(made)
}

/// An index of a part would know only some of the teams: better none.
fn whole(tree: &Snapshot, truncated: bool) -> Result<(), GitError> {
    if truncated {
        return Err(GitError::TooLarge {
            what: format!("commit {}, its files", tree.commit().short()),
            limit: MOST_FILES,
        });
    }
    Ok(())
}

fn read_version(tree: &Snapshot, path: &RepoPath, version: Version) -> Result<Arc<FileSummary>, GitError> {
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
        (None, BlobKind::File | BlobKind::Executable) => manifest::unreadable(
            path.clone(),
            "The file is larger than 3 MiB.",
            "Split it: the cluster takes no object this large.",
        ),
        (_, BlobKind::Symlink) => manifest::unreadable(
            path.clone(),
            "This is a symbolic link.",
            "Write the file itself: a link is not judged.",
        ),
        (_, BlobKind::Submodule) => manifest::unreadable(
            path.clone(),
            "This is a submodule.",
            "Write the files themselves: a submodule is not judged.",
        ),
        (Some(_), BlobKind::File | BlobKind::Executable) => {
            manifest::unreadable(path.clone(), "This is a Git LFS pointer.", "Keep manifests out of Git LFS.")
        }
    }
}
