use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use git2::{Oid, Repository};

use super::error::GitError;
use super::ids::{BlobId, TreeId};
use super::snapshot::{BlobKind, EntryKind};

/// Smaller directories are kept by libgit2 itself (up to 4 KiB); the large ones are those that every
/// team is in, and reading one of 10,000 entries takes milliseconds each time.
const KEEP_FROM: usize = 64;
/// Entries kept at most, about 80 bytes each.
const KEEP_AT_MOST: usize = 100_000;

/// A repository and its large directories, read once.
pub(super) struct Store {
    pub(super) repository: Repository,
    kept: RefCell<HashMap<Oid, Arc<Directory>>>,
}

/// A directory's entries.
pub(super) struct Directory {
    /// In the order in which Git has them.
    pub(super) entries: Vec<Entry>,
    /// Positions in `entries`, sorted by name, files before directories.
    sorted: Vec<u32>,
}

/// One entry.
#[derive(PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: Box<[u8]>,
    pub(super) kind: EntryKind,
}

impl Entry {
    fn order(&self) -> (&[u8], bool) {
        (&self.name, matches!(self.kind, EntryKind::Directory(_)))
    }
}

impl Store {
    pub(super) fn new(repository: Repository) -> Self {
        Self { repository, kept: RefCell::default() }
    }

    /// A directory by its id.
    pub(super) fn directory(&self, id: Oid) -> Result<Arc<Directory>, GitError> {
        if let Some(kept) = self.kept.borrow().get(&id) {
            return Ok(Arc::clone(kept));
        }
        let tree = self.repository.find_tree(id).map_err(|error| GitError::corrupt(format!("tree {id}"), error))?;
        let entries = tree
            .iter()
            .map(|entry| Entry { name: entry.name_bytes().into(), kind: kind_of(entry.filemode_raw(), entry.id()) });
        let directory = Arc::new(Directory::new(entries.collect()));
        if directory.entries.len() >= KEEP_FROM {
            let mut kept = self.kept.borrow_mut();
            if kept.values().map(|kept| kept.entries.len()).sum::<usize>() + directory.entries.len() > KEEP_AT_MOST {
                kept.clear();
            }
            kept.insert(id, Arc::clone(&directory));
        }
        Ok(directory)
    }

    /// What is at `path` below the tree `root`; links are not followed. The empty path is `root`.
    pub(super) fn entry_at(&self, root: Oid, path: &str) -> Result<Option<EntryKind>, GitError> {
        let mut at = EntryKind::Directory(TreeId(root));
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let EntryKind::Directory(id) = at else { return Ok(None) };
            match self.directory(id.0)?.find(part.as_bytes()) {
                Some(kind) => at = kind,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}

impl Directory {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let mut sorted: Vec<u32> = (0..count).collect();
        sorted.sort_by(|one, two| entries[*one as usize].order().cmp(&entries[*two as usize].order()));
        Self { entries, sorted }
    }

    fn find(&self, name: &[u8]) -> Option<EntryKind> {
        let at = self.sorted.partition_point(|at| &*self.entries[*at as usize].name < name);
        let entry = &self.entries[*self.sorted.get(at)? as usize];
        (&*entry.name == name).then_some(entry.kind)
    }

    fn in_order(&self) -> impl Iterator<Item = &Entry> {
        self.sorted.iter().map(|at| &self.entries[*at as usize])
    }

    /// What differs between two directories, by name. A file and a directory of one name are two
    /// differences.
    pub(super) fn differences<'a>(
        &'a self,
        other: &'a Self,
        mut found: impl FnMut(Option<&'a Entry>, Option<&'a Entry>),
    ) {
        let (mut ours, mut theirs) = (self.in_order().peekable(), other.in_order().peekable());
        loop {
            let order = match (ours.peek(), theirs.peek()) {
                (Some(one), Some(two)) => one.order().cmp(&two.order()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return,
            };
            let one = if order.is_le() { ours.next() } else { None };
            let two = if order.is_ge() { theirs.next() } else { None };
            if one != two {
                found(one, two);
            }
        }
    }
}

/// What a tree's mode and id mean, as Git itself reads odd ones (`canon_mode` in its cache.h: a
/// type that is neither file, link nor directory is a submodule).
fn kind_of(mode: i32, id: Oid) -> EntryKind {
    let blob = |kind| EntryKind::Blob(kind, BlobId(id));
    match mode & 0o170_000 {
        0o040_000 => EntryKind::Directory(TreeId(id)),
        0o100_000 if mode & 0o100 != 0 => blob(BlobKind::Executable),
        0o100_000 => blob(BlobKind::File),
        0o120_000 => blob(BlobKind::Symlink),
        _ => blob(BlobKind::Submodule),
    }
}
