use std::sync::Arc;

use git2::Oid;

use super::error::GitError;
use super::ids::BlobId;
use super::snapshot::{BlobKind, EntryKind, Snapshot, path_of};
use super::store::Store;
use super::trees::{Directory, Entry};
use crate::names::RepoPath;

/// Directories that a comparison enters; see the same limit for a walk.
const TREE_LIMIT: usize = 100_000;
/// How deep it goes.
const DEPTH_LIMIT: usize = 64;

/// A file's content and kind on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// What it is.
    pub kind: BlobKind,
    /// Its content's id.
    pub id: BlobId,
}

/// A path whose content or kind differs. A renamed file is one path that goes and one that comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Where.
    pub path: RepoPath,
    /// What was there; `None` where it is new.
    pub before: Option<Version>,
    /// What is there; `None` where it was deleted.
    pub after: Option<Version>,
}

/// What differs between two trees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Changed paths, sorted.
    pub paths: Vec<Changed>,
    /// Changed paths that are not valid (not UTF-8, `..`, `.git`), made printable.
    pub unreadable: Vec<String>,
    /// Whether there are more than the limit: what was not seen must not be called fine.
    pub truncated: bool,
}

impl Snapshot {
    /// What changed from `before` to this one, at most `limit` paths. Equal directories are not
    /// entered, so the time depends on the change and not on the repository. Both have to be of
    /// the same mirror.
    ///
    /// # Errors
    /// `Corrupt` where the mirror is damaged.
    pub fn changed_since(&self, before: &Self, limit: usize) -> Result<Changes, GitError> {
        compare(&*self.lock()?, Some(before.tree().0), Some(self.tree().0), limit)
    }
}

struct Pair {
    directory: String,
    before: Option<Oid>,
    after: Option<Oid>,
    depth: usize,
}

/// The same for two trees; `None` is an empty one.
pub(super) fn compare(
    store: &Store,
    before: Option<Oid>,
    after: Option<Oid>,
    limit: usize,
) -> Result<Changes, GitError> {
    let mut changes = Changes::default();
    if before == after {
        return Ok(changes);
    }
    let mut waiting = vec![Pair { directory: String::new(), before, after, depth: 0 }];
    let mut entered = 0;
    while let Some(pair) = waiting.pop() {
        entered += 1;
        if entered > TREE_LIMIT || pair.depth > DEPTH_LIMIT || changes.truncated {
            changes.truncated = true;
            break;
        }
        compare_directory(store, &pair, &mut changes, &mut waiting)?;
        if changes.paths.len() + changes.unreadable.len() > limit {
            changes.paths.truncate(limit);
            changes.truncated = true;
        }
    }
    changes.paths.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(changes)
}

fn compare_directory(
    store: &Store,
    pair: &Pair,
    changes: &mut Changes,
    waiting: &mut Vec<Pair>,
) -> Result<(), GitError> {
    let read = |id: Option<Oid>| id.map_or_else(|| Ok(Arc::new(Directory::empty())), |id| store.directory(id));
    let (before, after) = (read(pair.before)?, read(pair.after)?);
    before.differences(&after, |before, after| {
        let Some(name) = before.or(after).map(|entry| entry.name) else { return };
        let (before, after) = (kind(before), kind(after));
        match path_of(&pair.directory, name) {
            Err(shown) => changes.unreadable.push(shown),
            Ok((_, path)) if matches!(before.or(after), Some(EntryKind::Directory(_))) => {
                let directory = path.to_string();
                waiting.push(Pair { directory, before: oid(before), after: oid(after), depth: pair.depth + 1 });
            }
            Ok((_, path)) => changes.paths.push(Changed { path, before: version(before), after: version(after) }),
        }
    });
    Ok(())
}

fn kind(entry: Option<Entry<'_>>) -> Option<EntryKind> {
    entry.map(|entry| entry.kind())
}

fn oid(entry: Option<EntryKind>) -> Option<Oid> {
    match entry? {
        EntryKind::Directory(id) => Some(id.0),
        EntryKind::Blob(..) => None,
    }
}

pub(super) fn version(entry: Option<EntryKind>) -> Option<Version> {
    match entry? {
        EntryKind::Blob(kind, id) => Some(Version { kind, id }),
        EntryKind::Directory(_) => None,
    }
}
