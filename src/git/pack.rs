use std::collections::HashSet;
use std::io::Write as _;
use std::sync::Arc;

use git2::{Oid, PackBuilder, Repository, Sort};

use super::error::GitError;
use super::mirror::{closed, find};
use super::snapshot::{BlobKind, EntryKind};
use super::trees::{Directory, Store};
use crate::names::CommitId;

/// Writes one pack with these commits and all that they need from one repository into another, and
/// says how many objects that is. What is written is indexed, and so verified, as a fetched pack is.
pub(super) fn pack(
    from: &Store,
    to: &Repository,
    commits: &[CommitId],
    given_up: &dyn Fn() -> bool,
) -> Result<usize, GitError> {
    let failed = |error| GitError::corrupt("pack of a mirror", error);
    let mut needed =
        Needed { from, builder: from.repository.packbuilder().map_err(failed)?, told: HashSet::new(), given_up };
    needed.add(commits)?;
    let Needed { mut builder, told, .. } = needed;
    if told.is_empty() {
        return Ok(0);
    }
    let odb = to.odb().map_err(failed)?;
    let mut writer = odb.packwriter().map_err(failed)?;
    let mut broken = Ok(());
    let written = builder.foreach(|bytes| {
        broken = writer.write_all(bytes);
        broken.is_ok() && !given_up()
    });
    broken.map_err(|error| GitError::corrupt("pack of a mirror", error))?;
    if given_up() {
        return Err(closed(None));
    }
    written.map_err(failed)?;
    writer.commit().map_err(failed)?;
    Ok(told.len())
}

/// Finds the objects that commits need. libgit2 can do so too, but enters trees by recursion, and a
/// pull request may hold trees that are deeper than any stack.
struct Needed<'s> {
    from: &'s Store,
    builder: PackBuilder<'s>,
    told: HashSet<Oid>,
    given_up: &'s dyn Fn() -> bool,
}

/// A directory with the one that the parent commit has in its place.
struct Pair {
    before: Option<Oid>,
    after: Oid,
}

impl Needed<'_> {
    fn add(&mut self, commits: &[CommitId]) -> Result<(), GitError> {
        let failed = |error| GitError::corrupt("history", error);
        let repository = &self.from.repository;
        let mut history = repository.revwalk().map_err(failed)?;
        history.set_sorting(Sort::TIME).map_err(failed)?;
        for commit in commits {
            history.push(find(repository, commit)?.id()).map_err(failed)?;
        }
        for id in history {
            let commit = repository.find_commit(id.map_err(failed)?).map_err(failed)?;
            self.tell(commit.id(), None)?;
            // Every ancestor is told too, so of each commit only what its first parent has not.
            let before = match commit.parent(0) {
                Ok(parent) => Some(parent.tree_id()),
                Err(_) if commit.parent_count() == 0 => None,
                Err(error) => return Err(failed(error)),
            };
            self.add_tree(before, commit.tree_id())?;
        }
        Ok(())
    }

    fn add_tree(&mut self, before: Option<Oid>, after: Oid) -> Result<(), GitError> {
        let mut waiting = vec![(Pair { before, after }, None)];
        while let Some((pair, name)) = waiting.pop() {
            if (self.given_up)() {
                return Err(closed(None));
            }
            if pair.before == Some(pair.after) || !self.tell(pair.after, name.as_deref())? {
                continue;
            }
            let read =
                |id: Option<Oid>| id.map_or_else(|| Ok(Arc::new(Directory::empty())), |id| self.from.directory(id));
            let (before, after) = (read(pair.before)?, read(Some(pair.after))?);
            let mut files = Vec::new();
            before.differences(&after, |before, after| {
                let Some(entry) = after else { return };
                let name = std::str::from_utf8(entry.name).ok().map(str::to_owned);
                match entry.kind() {
                    EntryKind::Directory(id) => {
                        let before = before.and_then(|before| match before.kind() {
                            EntryKind::Directory(id) => Some(id.0),
                            EntryKind::Blob(..) => None,
                        });
                        waiting.push((Pair { before, after: id.0 }, name));
                    }
                    // Its commit is another repository's.
                    EntryKind::Blob(BlobKind::Submodule, _) => {}
                    EntryKind::Blob(_, id) => files.push((id.0, name)),
                }
            });
            for (id, name) in files {
                self.tell(id, name.as_deref())?;
            }
        }
        Ok(())
    }

    /// Whether the object is a new one. Objects of one name are tried as each other's deltas.
    fn tell(&mut self, id: Oid, name: Option<&str>) -> Result<bool, GitError> {
        let new = self.told.insert(id);
        if new {
            self.builder.insert_object(id, name).map_err(|error| GitError::corrupt(format!("object {id}"), error))?;
        }
        Ok(new)
    }
}
