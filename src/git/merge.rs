use std::collections::BTreeSet;

use git2::{MergeFileInput, MergeFileOptions, ObjectType, Oid};

use super::changed::{Changed, Version, compare, version};
use super::error::GitError;
use super::ids::{BlobId, TreeId};
use super::mirror::{Mirror, find};
use super::snapshot::{Blob, BlobKind, EntryKind, read_blob};
use super::store::Store;
use crate::names::{CommitId, RepoPath};

/// More changed files than this are not judged; GitHub itself lists at most 3,000 per pull request.
const FILE_LIMIT: usize = 3_000;
/// All changed files together, in bytes.
const TOTAL_LIMIT: usize = 64 << 20;

/// What merging a head into a base branch would change there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergePreview {
    /// The base branch's files as they are.
    pub base_tree: TreeId,
    /// The common ancestor that was compared with.
    pub merge_base: CommitId,
    /// What would be different afterwards, sorted by path.
    pub changes: Vec<MergeChange>,
    /// Paths that both sides changed in ways that cannot be put together.
    pub conflicts: Vec<RepoPath>,
    /// Changed paths that are not valid (not UTF-8, `..`, `.git`), made printable.
    pub unreadable: Vec<String>,
}

/// A path that the merge would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeChange {
    /// Where.
    pub path: RepoPath,
    /// The content on the base branch now; `None` where there is none.
    pub before: Option<BlobId>,
    /// The content afterwards; `None` where the file would go. Its bytes are `None` for a
    /// submodule or a file above [`super::BLOB_LIMIT`].
    pub after: Option<Blob>,
}

/// How one path comes out.
enum Outcome {
    Same,
    Conflict,
    Change(MergeChange),
}

impl Mirror {
    /// What merging `head` into a branch whose tip is `base_tip` would change. The changes of the
    /// head since the common ancestor are laid over the tip: a path that the tip has not touched
    /// since takes the head's content, one that both changed alike stays, and one that both
    /// changed is merged as text, as Git does. The time depends on the size of the change.
    ///
    /// Renames are a path that goes and one that comes: where the tip has changed the old path
    /// meanwhile, this says conflict, though Git may follow the rename. Where the histories cross there is
    /// no one ancestor to compare with, and no answer: a revert on one of two ways would be overlooked.
    ///
    /// It reads the disk: call it where a thread may wait, such as in `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    /// `Missing`, `Unrelated`, `Crossing`, `TooLarge` (files or bytes), `Corrupt`.
    ///
    /// # Panics
    /// On a thread that drives futures.
    pub fn preview_merge(&self, base_tip: &CommitId, head: &CommitId) -> Result<MergePreview, GitError> {
        let ancestor = match self.merge_bases(base_tip, head)?.as_slice() {
            [] => return Err(GitError::Unrelated(base_tip.clone(), head.clone())),
            [one] => one.clone(),
            _ => return Err(GitError::Crossing(base_tip.clone(), head.clone())),
        };
        let store = self.shelf().lock()?;
        let base = find(&store.repository, base_tip)?.tree_id();
        let old = find(&store.repository, &ancestor)?.tree_id();
        let new = find(&store.repository, head)?.tree_id();
        let changes = compare(&store, Some(old), Some(new), FILE_LIMIT)?;
        if changes.truncated {
            return Err(GitError::TooLarge {
                what: format!("commit {}, changed files", head.short()),
                limit: FILE_LIMIT as u64,
            });
        }
        let mut preview = MergePreview {
            base_tree: TreeId(base),
            merge_base: ancestor,
            changes: Vec::new(),
            conflicts: Vec::new(),
            unreadable: changes.unreadable,
        };
        let merge = Merge { store: &store, base, untouched: base == old, deleted: deleted(&changes.paths) };
        let mut total = 0;
        for changed in changes.paths {
            match merge.outcome(&changed)? {
                Outcome::Same => {}
                Outcome::Conflict => preview.conflicts.push(changed.path),
                Outcome::Change(change) => {
                    total += change.after.as_ref().and_then(|blob| blob.bytes.as_ref()).map_or(0, Vec::len);
                    preview.changes.push(change);
                }
            }
            if total > TOTAL_LIMIT {
                let what = format!("commit {}, bytes of changed files", head.short());
                return Err(GitError::TooLarge { what, limit: TOTAL_LIMIT as u64 });
            }
        }
        Ok(preview)
    }
}

fn deleted(paths: &[Changed]) -> BTreeSet<RepoPath> {
    paths.iter().filter(|changed| changed.after.is_none()).map(|changed| changed.path.clone()).collect()
}

struct Merge<'s> {
    store: &'s Store,
    base: Oid,
    /// Whether the tip is as the head found it: then every change is one, and large directories need no reading.
    untouched: bool,
    /// Paths that the head deleted, so that a directory may come in a file's place.
    deleted: BTreeSet<RepoPath>,
}

impl Merge<'_> {
    fn outcome(&self, changed: &Changed) -> Result<Outcome, GitError> {
        if self.untouched {
            return self.taken(changed, changed.before);
        }
        if changed.after.is_some() && self.blocked(&changed.path)? {
            return Ok(Outcome::Conflict);
        }
        let entry = self.store.entry_at(self.base, changed.path.as_str())?;
        let ours = version(entry);
        let is_directory = matches!(entry, Some(EntryKind::Directory(_)));
        if ours == changed.after && !(is_directory && changed.after.is_some()) {
            return Ok(Outcome::Same);
        }
        if is_directory && !self.all_deleted(&changed.path)? {
            return Ok(Outcome::Conflict);
        }
        if ours == changed.before {
            return self.taken(changed, ours);
        }
        self.both_changed(changed, ours)
    }

    /// The head's content, over what the tip has.
    fn taken(&self, changed: &Changed, ours: Option<Version>) -> Result<Outcome, GitError> {
        let after = changed.after.map(|version| read_blob(&self.store.repository, version.kind, version.id));
        Ok(Outcome::Change(self.change(changed, ours, after.transpose()?)))
    }

    fn change(&self, changed: &Changed, ours: Option<Version>, after: Option<Blob>) -> MergeChange {
        MergeChange { path: changed.path.clone(), before: ours.map(|version| version.id), after }
    }

    /// Whether the tip has a file where this path needs a directory, and the head leaves it there.
    fn blocked(&self, path: &RepoPath) -> Result<bool, GitError> {
        let mut above = path.parent();
        while let Some(directory) = above {
            let entry = self.store.entry_at(self.base, directory.as_str())?;
            match entry {
                Some(EntryKind::Directory(_)) => return Ok(false),
                Some(EntryKind::Blob(..)) => return Ok(!self.deleted.contains(&directory)),
                None => above = directory.parent(),
            }
        }
        Ok(false)
    }

    /// Whether the head deleted everything that the tip has below `directory`.
    fn all_deleted(&self, directory: &RepoPath) -> Result<bool, GitError> {
        let Some(EntryKind::Directory(id)) = self.store.entry_at(self.base, directory.as_str())? else {
            return Ok(true);
        };
        let here = compare(self.store, None, Some(id.0), FILE_LIMIT)?;
        let gone =
            |changed: &Changed| directory.join(changed.path.as_str()).is_some_and(|path| self.deleted.contains(&path));
        Ok(!here.truncated && here.unreadable.is_empty() && here.paths.iter().all(gone))
    }

    fn both_changed(&self, changed: &Changed, ours: Option<Version>) -> Result<Outcome, GitError> {
        let (Some(old), Some(ours), Some(theirs)) = (changed.before, ours, changed.after) else {
            // Deleted on one side and changed on the other, or made anew on both.
            return Ok(Outcome::Conflict);
        };
        let kind = if ours.kind == old.kind { theirs.kind } else { ours.kind };
        let one_kind = theirs.kind == old.kind || ours.kind == old.kind || ours.kind == theirs.kind;
        let plain = |version: Version| matches!(version.kind, BlobKind::File | BlobKind::Executable);
        if !one_kind || ![old, ours, theirs].into_iter().all(plain) {
            return Ok(Outcome::Conflict);
        }
        let Some(after) = self.merge_text([old, ours, theirs], kind)? else { return Ok(Outcome::Conflict) };
        if after.id == ours.id && after.kind == ours.kind {
            return Ok(Outcome::Same);
        }
        Ok(Outcome::Change(self.change(changed, Some(ours), Some(after))))
    }

    /// The three versions put together line by line; `None` where they cannot be.
    fn merge_text(&self, versions: [Version; 3], kind: BlobKind) -> Result<Option<Blob>, GitError> {
        let mut texts = Vec::with_capacity(3);
        for version in versions {
            // As Git does, a file with a NUL is taken for binary and never merged. An emptied
            // file has no line in common with what the other side made of it.
            match read_blob(&self.store.repository, version.kind, version.id)?.bytes {
                Some(bytes) if !bytes.is_empty() && !bytes.contains(&0) => texts.push(bytes),
                _ => return Ok(None),
            }
        }
        let [old, ours, theirs] = [&texts[0], &texts[1], &texts[2]].map(|text| {
            let mut input = MergeFileInput::new();
            input.content(text);
            input
        });
        let failed = |error| GitError::corrupt("merge of a file", error);
        let mut options = MergeFileOptions::new();
        let merged = git2::merge_file(&old, &ours, &theirs, Some(&mut options)).map_err(failed)?;
        if !merged.is_automergeable() {
            return Ok(None);
        }
        let bytes = merged.content().to_vec();
        let id = BlobId(Oid::hash_object(ObjectType::Blob, &bytes).map_err(failed)?);
        Ok(Some(Blob { id, kind, size: bytes.len(), bytes: Some(bytes) }))
    }
}
