use std::cell::RefCell;
use std::sync::Arc;

use git2::{ObjectType, Oid, Repository};

use super::deltas::{Delta, Deltas};
use super::error::GitError;
use super::ids::TreeId;
use super::snapshot::EntryKind;
use super::trees::Directory;

/// Smaller directories are kept by libgit2 itself (up to 4 KiB); the large ones are those that every
/// team is in, and unpacking one of 10,000 entries takes milliseconds each time.
const KEEP_FROM: usize = 64;
/// Entries kept at most, about 40 bytes each.
const KEEP_AT_MOST: usize = 200_000;

/// A repository and its large directories, read once.
pub(super) struct Store {
    pub(super) repository: Repository,
    kept: RefCell<Kept>,
    deltas: RefCell<Deltas>,
    /// How many large directories were unpacked.
    #[cfg(test)]
    pub(super) unpacked: std::cell::Cell<usize>,
}

/// The large directories; the one that was used last stands last.
#[derive(Default)]
struct Kept(Vec<(Oid, Arc<Directory>)>);

impl Kept {
    fn get(&mut self, id: Oid) -> Option<Arc<Directory>> {
        let at = self.0.iter().rposition(|(other, _)| *other == id)?;
        self.0[at..].rotate_left(1);
        self.0.last().map(|(_, directory)| Arc::clone(directory))
    }

    fn add(&mut self, id: Oid, directory: Arc<Directory>) {
        self.0.push((id, directory));
        let mut entries: usize = self.0.iter().map(|(_, kept)| kept.len()).sum();
        while entries > KEEP_AT_MOST {
            entries -= self.0.remove(0).1.len();
        }
    }
}

impl Store {
    pub(super) fn new(repository: Repository) -> Self {
        Self {
            repository,
            kept: RefCell::default(),
            deltas: RefCell::default(),
            #[cfg(test)]
            unpacked: std::cell::Cell::default(),
        }
    }

    /// Opens the repository anew: libgit2 keeps up to 16 MB of each pack and every small directory that it
    /// read, for as long as the repository is open.
    pub(super) fn let_go(&mut self) -> Result<(), GitError> {
        let path = self.repository.path().to_owned();
        let failed = |error| GitError::corrupt(format!("mirror {}", path.display()), error);
        self.repository = Repository::open_bare(&path).map_err(failed)?;
        Ok(())
    }

    /// What a fetch brought.
    pub(super) fn remember(&self, deltas: Vec<(Oid, Delta)>) {
        self.deltas.borrow_mut().remember(deltas);
    }

    /// A directory by its id.
    pub(super) fn directory(&self, id: Oid) -> Result<Arc<Directory>, GitError> {
        let mut kept = self.kept.borrow_mut();
        if let Some(directory) = kept.get(id) {
            return Ok(directory);
        }
        let find = |base| kept.0.iter().rev().find(|(other, _)| *other == base).map(|(_, directory)| directory);
        let made = self.deltas.borrow().make(id, find);
        let directory = Arc::new(made.map_or_else(|| self.unpack(id), Ok)?);
        if directory.len() >= KEEP_FROM {
            kept.add(id, Arc::clone(&directory));
        }
        Ok(directory)
    }

    fn unpack(&self, id: Oid) -> Result<Directory, GitError> {
        let failed = |error| GitError::corrupt(format!("tree {id}"), error);
        let odb = self.repository.odb().map_err(failed)?;
        let object = odb.read(id).map_err(failed)?;
        let directory = (object.kind() == ObjectType::Tree).then(|| Directory::new(object.data())).flatten();
        #[cfg(test)]
        self.unpacked.update(|count| count + usize::from(directory.as_ref().is_some_and(|it| it.len() >= KEEP_FROM)));
        directory.ok_or_else(|| failed(git2::Error::from_str("this is no tree")))
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
