use std::collections::HashSet;
use std::io::Write as _;
use std::sync::Arc;

use git2::{Oid, PackBuilder, Repository, Sort};

use super::error::GitError;
use super::mirror::{closed, find};
use super::snapshot::{BlobKind, EntryKind};
use super::store::Store;
use super::trees::Directory;
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
        // Parents come first. A tree that was told is then whole when a child is compared with it,
        // also where the child goes back to what a grandparent had.
        history.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE).map_err(failed)?;
        for commit in commits {
            history.push(find(repository, commit)?.id()).map_err(failed)?;
        }
        for id in history {
            let commit = repository.find_commit(id.map_err(failed)?).map_err(failed)?;
            self.tell(commit.id(), None)?;
            // Of each commit only what its first parent has not.
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

#[cfg(test)]
mod tests {
    use git2::ObjectType;
    use proptest::prelude::*;

    use super::super::mirror::{commit_id, open_or_make};
    use super::*;

    fn write(repository: &Repository, kind: ObjectType, bytes: &[u8]) -> Oid {
        repository.odb().expect("objects").write(kind, bytes).expect("written")
    }

    /// A directory of two files and a directory, by what is in them.
    fn tree(repository: &Repository, (one, two, below): (u8, u8, u8)) -> Oid {
        let file = |content: u8| write(repository, ObjectType::Blob, &[content]);
        let entry = |mode: &str, name: &str, id: Oid| [format!("{mode} {name}\0").as_bytes(), id.as_bytes()].concat();
        let below = write(repository, ObjectType::Tree, &entry("100644", "deep", file(below)));
        let entries =
            [entry("40000", "below", below), entry("100644", "one", file(one)), entry("100644", "two", file(two))];
        write(repository, ObjectType::Tree, &entries.concat())
    }

    /// Everything that an object names, seen in the plainest way.
    fn closure(repository: &Repository, id: Oid, all: &mut HashSet<Oid>) {
        if !all.insert(id) {
            return;
        }
        let object = repository.find_object(id, None).expect("it is there");
        if let Some(commit) = object.as_commit() {
            closure(repository, commit.tree_id(), all);
            commit.parent_ids().for_each(|parent| closure(repository, parent, all));
        } else if let Some(tree) = object.as_tree() {
            tree.iter().for_each(|entry| closure(repository, entry.id(), all));
        }
    }

    /// A commit: its files, its time, and how far back its parents are.
    type Commit = ((u8, u8, u8), u8, Vec<usize>);

    fn commits() -> impl Strategy<Value = Vec<Commit>> {
        let files = (0..3_u8, 0..2_u8, 0..3_u8);
        let one = (files, any::<u8>(), prop::collection::vec(1..4_usize, 0..3));
        prop::collection::vec(one, 1..10)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_commits_need_is_whole_whatever_their_history(commits in commits(), wanted in 1..3_usize) {
            let folder = tempfile::tempdir().expect("a folder");
            let from = Store::new(open_or_make(&folder.path().join("from.git")).expect("made"));
            let to = open_or_make(&folder.path().join("to.git")).expect("made");
            let mut made: Vec<Oid> = Vec::new();
            for (files, time, parents) in &commits {
                let mut text = format!("tree {}\n", tree(&from.repository, *files));
                let mut known: Vec<Oid> = parents.iter().filter_map(|back| made.iter().rev().nth(back - 1)).copied().collect();
                known.dedup();
                known.iter().for_each(|parent| text.push_str(&format!("parent {parent}\n")));
                let person = format!("Ann <ann@example.org> {time} +0000");
                text.push_str(&format!("author {person}\ncommitter {person}\n\n{}\n", made.len()));
                made.push(write(&from.repository, ObjectType::Commit, text.as_bytes()));
            }
            let wanted: Vec<Oid> = made.iter().rev().step_by(2).take(wanted).copied().collect();
            let ids: Vec<CommitId> = wanted.iter().map(|id| commit_id(*id)).collect();
            let objects = pack(&from, &to, &ids, &|| false).expect("packed");
            let mut all = HashSet::new();
            wanted.iter().for_each(|id| closure(&from.repository, *id, &mut all));
            prop_assert_eq!(objects, all.len());
            let odb = to.odb().expect("objects");
            prop_assert!(all.iter().all(|id| odb.exists(*id)));
        }
    }
}
