use std::sync::Arc;

use git2::{ObjectType, Oid, Repository};
use tokio::sync::MappedMutexGuard;

use super::BLOB_LIMIT;
use super::error::GitError;
use super::ids::{BlobId, TreeId};
use super::mirror::Shelf;
use super::store::Store;
use super::trees::Directory;
use crate::names::{CommitId, RepoPath};

/// Files that a walk lists before it stops: the design's largest repository has 60,000.
const FILE_LIMIT: usize = 200_000;
/// Directories that a walk enters: a few small trees can name each other into billions of paths.
const TREE_LIMIT: usize = 100_000;
/// How deep a walk goes.
const DEPTH_LIMIT: usize = 64;

/// The files of one commit, read from the mirror without a checkout. Cheap to clone. While it is
/// held, the mirror keeps the commit.
///
/// What reads the disk has to be called where a thread may wait, such as in
/// `tokio::task::spawn_blocking`: it panics on a thread that drives futures.
#[derive(Clone)]
pub struct Snapshot(Arc<Held>);

/// What the clones of a snapshot share.
pub(super) struct Held {
    pub(super) shelf: Arc<Shelf>,
    pub(super) commit: CommitId,
    pub(super) tree: Oid,
}

/// A file's kind, from its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobKind {
    /// A plain file.
    File,
    /// A file that can be executed.
    Executable,
    /// A symbolic link; its bytes are the target.
    Symlink,
    /// A commit of another repository; it has no bytes here.
    Submodule,
}

/// A directory's entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, link or submodule with its id.
    Blob(BlobKind, BlobId),
    /// A directory with its id.
    Directory(TreeId),
}

/// A file with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// The content's id; of a submodule the commit's.
    pub id: BlobId,
    /// What it is.
    pub kind: BlobKind,
    /// Its size in bytes; 0 for a submodule.
    pub size: usize,
    /// Its bytes; `None` for a submodule and for files above [`BLOB_LIMIT`].
    pub bytes: Option<Vec<u8>>,
}

impl Blob {
    /// Whether it is too large to be read.
    pub fn is_too_large(&self) -> bool {
        self.size > BLOB_LIMIT
    }

    /// Whether it only points to a file in Git LFS (git-lfs.com, "Git LFS Specification").
    pub fn is_lfs_pointer(&self) -> bool {
        let start = b"version https://git-lfs.github.com/spec/v1\n";
        self.size < 1024 && self.bytes.as_ref().is_some_and(|bytes| bytes.starts_with(start))
    }
}

/// A directory's entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// In Git's order.
    pub entries: Vec<ListingEntry>,
    /// Names that are no valid path parts (not UTF-8, `..`, `.git`), made printable.
    pub unreadable: Vec<String>,
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingEntry {
    /// Its name without directories.
    pub name: String,
    /// Its path from the repository's root.
    pub path: RepoPath,
    /// What it is.
    pub kind: EntryKind,
}

/// Every file of a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walk {
    /// Files, links and submodules, directory by directory.
    pub files: Vec<WalkedFile>,
    /// Paths that are not valid, made printable.
    pub unreadable: Vec<String>,
    /// Whether there are more than we list, or deeper ones: what was not seen must not be called fine.
    pub truncated: bool,
}

/// One file of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkedFile {
    /// Where.
    pub path: RepoPath,
    /// What it is.
    pub kind: BlobKind,
    /// Its content's id.
    pub id: BlobId,
}

impl Snapshot {
    pub(super) fn new(held: Arc<Held>) -> Self {
        Self(held)
    }

    /// Which commit.
    pub fn commit(&self) -> &CommitId {
        &self.0.commit
    }

    /// The whole repository's content id.
    pub fn tree(&self) -> TreeId {
        TreeId(self.0.tree)
    }

    /// A file, link or submodule; `None` where there is none or a directory.
    ///
    /// # Errors
    /// `Corrupt` where the mirror is damaged.
    pub fn read(&self, path: &RepoPath) -> Result<Option<Blob>, GitError> {
        let store = self.lock()?;
        match store.entry_at(self.0.tree, path.as_str())? {
            Some(EntryKind::Blob(kind, id)) => read_blob(&store.repository, kind, id).map(Some),
            _ => Ok(None),
        }
    }

    /// A blob by its id, as a walk or a comparison gave it.
    ///
    /// # Errors
    /// `Corrupt` where it is not in the mirror.
    pub fn read_id(&self, kind: BlobKind, id: BlobId) -> Result<Blob, GitError> {
        read_blob(&self.lock()?.repository, kind, id)
    }

    /// What is at `path`; `None` where there is nothing. The empty path is the root.
    ///
    /// # Errors
    /// `Corrupt` where the mirror is damaged.
    pub fn entry(&self, path: &str) -> Result<Option<EntryKind>, GitError> {
        self.lock()?.entry_at(self.0.tree, path)
    }

    /// A directory's content id; `None` where there is no such directory. The empty path is the root.
    ///
    /// # Errors
    /// `Corrupt` where the mirror is damaged.
    pub fn tree_of(&self, directory: &str) -> Result<Option<TreeId>, GitError> {
        Ok(match self.entry(directory)? {
            Some(EntryKind::Directory(id)) => Some(id),
            _ => None,
        })
    }

    /// A directory's entries; `None` where there is no such directory. The empty path is the root.
    ///
    /// # Errors
    /// `Corrupt` where the mirror is damaged.
    pub fn list(&self, directory: &str) -> Result<Option<Listing>, GitError> {
        let store = self.lock()?;
        let Some(EntryKind::Directory(id)) = store.entry_at(self.0.tree, directory)? else { return Ok(None) };
        Ok(Some(listing(&*store.directory(id.0)?, directory)))
    }

    /// Every file below `directory`; the empty path is the root. Empty where there is no such directory.
    ///
    /// # Errors
    /// `Corrupt` where the mirror is damaged.
    pub fn walk(&self, directory: &str) -> Result<Walk, GitError> {
        let store = self.lock()?;
        let mut walk = Walk::default();
        let Some(EntryKind::Directory(id)) = store.entry_at(self.0.tree, directory)? else { return Ok(walk) };
        let mut waiting = vec![(id, directory.to_owned(), 0)];
        let mut entered = 0;
        while let Some((id, directory, depth)) = waiting.pop() {
            entered += 1;
            if entered > TREE_LIMIT || depth > DEPTH_LIMIT {
                walk.truncated = true;
                continue;
            }
            let listing = listing(&*store.directory(id.0)?, &directory);
            walk.unreadable.extend(listing.unreadable);
            let mut below = Vec::new();
            for entry in listing.entries {
                match entry.kind {
                    EntryKind::Blob(..) if walk.files.len() >= FILE_LIMIT => walk.truncated = true,
                    EntryKind::Blob(kind, id) => walk.files.push(WalkedFile { path: entry.path, kind, id }),
                    EntryKind::Directory(id) => below.push((id, entry.path.to_string(), depth + 1)),
                }
            }
            // The stack gives back the last one first.
            waiting.extend(below.into_iter().rev());
        }
        Ok(walk)
    }

    /// Lets go of what was read and is kept in case that it is read again, but for large directories. After
    /// everything was read once that is many megabytes, which nobody asks for.
    ///
    /// # Errors
    /// `Corrupt` where the mirror cannot be opened again.
    pub fn let_go(&self) -> Result<(), GitError> {
        self.lock()?.let_go()
    }

    pub(super) fn lock(&self) -> Result<MappedMutexGuard<'_, Store>, GitError> {
        self.0.shelf.lock()
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Snapshot").field("commit", &self.0.commit).finish_non_exhaustive()
    }
}

/// The size comes first, so that a large file costs nothing.
pub(super) fn read_blob(repository: &Repository, kind: BlobKind, id: BlobId) -> Result<Blob, GitError> {
    if kind == BlobKind::Submodule {
        return Ok(Blob { id, kind, size: 0, bytes: None });
    }
    let failed = |error| GitError::corrupt(format!("blob {id}"), error);
    let odb = repository.odb().map_err(failed)?;
    let (size, object) = odb.read_header(id.0).map_err(failed)?;
    if object != ObjectType::Blob {
        return Err(GitError::Protocol { what: format!("blob {id}"), message: "it is no blob".to_owned() });
    }
    let bytes = if size > BLOB_LIMIT { None } else { Some(odb.read(id.0).map_err(failed)?.data().to_vec()) };
    Ok(Blob { id, kind, size, bytes })
}

fn listing(tree: &Directory, directory: &str) -> Listing {
    let mut listing = Listing::default();
    for entry in tree.entries() {
        match path_of(directory, entry.name) {
            Ok((name, path)) => listing.entries.push(ListingEntry { name, path, kind: entry.kind() }),
            Err(shown) => listing.unreadable.push(shown),
        }
    }
    listing
}

/// An entry's name and path, or the same made printable where it is no path of ours.
pub(super) fn path_of(directory: &str, name: &[u8]) -> Result<(String, RepoPath), String> {
    let join = |name: &str| if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
    let valid = std::str::from_utf8(name).ok().filter(|name| !name.contains('/'));
    match valid.map(|name| (name, join(name).parse())) {
        Some((name, Ok(path))) => Ok((name.to_owned(), path)),
        _ => Err(crate::names::show(&join(&String::from_utf8_lossy(name)))),
    }
}
