//! What the repositories hold, kept by tree: the index of a tree is made from the one of the last
//! known tree and the files that differ, so a small change costs little in a large repository.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::JobError;
use crate::git::{Blob, BlobKind, GitError, Snapshot, Version};
use crate::manifest::{self, ManifestFile};
use crate::names::{RepoPath, RepositoryId};
use crate::tenancy::{FileSummary, FoldedIndex, RepositoryIndex};

/// How many trees are remembered per repository: the tip, and the one before it that open pull
/// requests may still be judged against.
const REMEMBERED: usize = 2;
/// How many files a tree may have (`git::Walk`).
const MOST_FILES: u64 = 200_000;

/// The indexes of the trees that were looked at last.
#[derive(Debug, Default)]
pub struct IndexCache(Mutex<HashMap<Key, Trees>>);

/// A repository, and the path that a cluster syncs from it where that is configured.
type Key = (RepositoryId, Option<RepoPath>);

/// What is remembered of one repository.
#[derive(Debug, Clone, Default)]
struct Trees {
    /// The one that was looked at last stands last.
    open: Vec<(Snapshot, RepositoryIndex)>,
    /// The last one, where nobody has looked at it for a while.
    folded: Option<(Snapshot, Arc<FoldedIndex>)>,
    /// Whether somebody has looked at it since the last [`IndexCache::rest`].
    used: bool,
}

impl Trees {
    fn remember(&mut self, tree: Snapshot, index: RepositoryIndex) {
        (self.used, self.folded) = (true, None);
        self.open.retain(|(other, _)| other.tree() != tree.tree());
        self.open.push((tree, index));
        let surplus = self.open.len().saturating_sub(REMEMBERED);
        self.open.drain(..surplus);
    }
}

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
        let Trees { open, folded, .. } = self.look(&key);
        if let Some((_, index)) = open.iter().find(|(other, _)| other.tree() == snapshot.tree()) {
            return Ok(index.clone());
        }
        let tree = snapshot.clone();
        let span = tracing::debug_span!("index.build");
        let work = move || {
            let last = open.last().cloned();
            let last = last.or_else(|| folded.map(|(tree, folded)| (tree, folded.unfold())));
            span.in_scope(|| build(last, key.1.as_ref(), &tree)).map(|index| (key, index))
        };
        let made = tokio::task::spawn_blocking(work).await;
        let (key, index) = made.map_err(|error| JobError::retry(error.to_string()))??;
        tracing::debug!(
            commit.id = %snapshot.commit(), index.files = index.file_count(), index.bytes = index.bytes(),
            "read what a repository holds"
        );
        self.lock().entry(key).or_default().remember(snapshot.clone(), index.clone());
        Ok(index)
    }

    /// Packs what nobody has looked at since this was called last, and lets go of what the mirrors keep in
    /// case that it is read again. To be called now and then.
    pub async fn rest(&self) {
        for (key, (tree, index)) in self.unused() {
            let work = move || {
                let (folded, gone) = (index.fold(), tree.let_go());
                gone.map(|()| (tree, folded))
            };
            match tokio::task::spawn_blocking(work).await {
                Ok(Ok((tree, folded))) => self.put_away(&key, tree, folded),
                Ok(Err(error)) => tracing::warn!("a mirror cannot be opened again: {error}"),
                Err(error) => tracing::warn!("an index was not packed: {error}"),
            }
        }
    }

    /// How much memory is remembered, in bytes: what is as it was, and what is packed.
    pub fn bytes(&self) -> (usize, usize) {
        let cache = self.lock();
        let open = cache.values().flat_map(|trees| &trees.open).map(|(_, index)| index.bytes()).sum();
        let folded = cache.values().filter_map(|trees| trees.folded.as_ref()).map(|(_, index)| index.bytes()).sum();
        (open, folded)
    }

    /// The last tree of each repository that nobody has looked at.
    fn unused(&self) -> Vec<(Key, (Snapshot, RepositoryIndex))> {
        let mut cache = self.lock();
        let unused = cache.iter_mut().filter_map(|(key, trees)| {
            let used = std::mem::take(&mut trees.used);
            let last = trees.open.last().filter(|_| !used)?;
            Some((key.clone(), last.clone()))
        });
        unused.collect()
    }

    fn put_away(&self, key: &Key, tree: Snapshot, folded: FoldedIndex) {
        let mut cache = self.lock();
        if let Some(trees) = cache.get_mut(key).filter(|trees| !trees.used) {
            tracing::debug!(commit.id = %tree.commit(), index.bytes = folded.bytes(), "put an index away");
            *trees = Trees { folded: Some((tree, Arc::new(folded))), ..Trees::default() };
        }
    }

    fn look(&self, key: &Key) -> Trees {
        let mut cache = self.lock();
        let Some(trees) = cache.get_mut(key) else { return Trees::default() };
        trees.used = true;
        trees.clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Trees>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The index of a tree, from that of the last one where there is one.
fn build(
    last: Option<(Snapshot, RepositoryIndex)>,
    path: Option<&RepoPath>,
    tree: &Snapshot,
) -> Result<RepositoryIndex, GitError> {
    if let Some((old, index)) = last {
        if old.tree() == tree.tree() {
            return Ok(index);
        }
        let changes = tree.changed_since(&old, usize::MAX)?;
        whole(tree, changes.truncated)?;
        return index.try_with(changes.paths.into_iter().map(|change| {
            let summary = change.after.map(|version| read_version(tree, &change.path, version)).transpose()?;
            Ok((change.path, summary))
        }));
    }
    let empty = RepositoryIndex::default();
    let empty = path.map_or_else(|| empty.clone(), |path| empty.with_cluster_path(path.clone()));
    let walk = tree.walk("")?;
    whole(tree, walk.truncated)?;
    let made = empty.try_with(walk.files.into_iter().map(|file| {
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
    if !manifest::is_read(path) {
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
