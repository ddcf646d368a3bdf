//! Objects that exist, of the kinds whose definitions a change replaces or takes away.

use std::collections::{BTreeMap, BTreeSet};

use super::View;
use crate::finding::Afar;
use crate::manifest::{ManifestFile, Object};
use crate::names::{CommitId, RepoPath, RepositoryName};
use crate::schema::Definition;

/// So many files with such objects are looked at in the repository itself, and as many in those of all teams
/// together.
const MOST_FILES: usize = 1_000;
/// So many bytes of them.
const MOST_BYTES: usize = 16 << 20;

/// Files that are no part of the change and hold objects which its definitions are for.
#[derive(Debug, Default)]
pub struct Users {
    /// Those that were looked at.
    pub files: Vec<ManifestFile>,
    /// How many more there are.
    pub left: usize,
    /// What the teams' repositories hold; empty where they were not looked at.
    pub teams: Vec<TeamUsers>,
    /// The teams' repositories that should have been looked at and were not, and why: a few words.
    pub unseen: BTreeMap<RepositoryName, String>,
}

/// What a team's repository holds at the tip of the branch that Flux applies.
#[derive(Debug)]
pub struct TeamUsers {
    /// The repository.
    pub repository: RepositoryName,
    /// The commit.
    pub commit: CommitId,
    /// The address of its pages, without a slash at the end.
    pub web: String,
    /// The files with objects of the kinds that were asked for; what holds no whole objects is left out.
    pub files: Vec<ManifestFile>,
    /// Those of them whose objects a kustomization there may patch.
    pub patched: BTreeSet<RepoPath>,
    /// How many more there are.
    pub left: usize,
}

impl TeamUsers {
    /// The place of a line of one of its files.
    pub fn place(&self, file: &RepoPath, line: u32) -> Afar {
        let (repository, web, commit) = (self.repository.clone(), self.web.clone(), self.commit.clone());
        Afar { repository, web, commit, file: file.clone(), line }
    }

    /// Its objects of a kind.
    pub fn objects<'u>(&'u self, group: &'u str, kind: &'u str) -> impl Iterator<Item = &'u Object> {
        let objects = self.files.iter().flat_map(|file| &file.objects);
        objects.filter(move |object| object.group() == group && object.kind == kind)
    }
}

impl Users {
    /// Reads the files of these views that hold objects of kinds whose definitions are replaced.
    ///
    /// # Errors
    /// Those of `read`, which gives a file as it will be.
    pub(super) fn of<E>(
        views: &[View],
        (files, old): (&[ManifestFile], &[ManifestFile]),
        read: impl FnMut(&RepoPath) -> Result<Option<ManifestFile>, E>,
    ) -> Result<Self, E> {
        let kinds = replaced(files, old);
        let mut paths = BTreeSet::new();
        for view in views {
            paths.extend(view.after.objects_of(&kinds).map(|(path, _)| path));
        }
        paths.retain(|path| files.binary_search_by(|file| file.path.cmp(path)).is_err());
        let (files, left) = within(&mut Room::default(), paths, read)?;
        Ok(Self { files, left, ..Self::default() })
    }

    /// How many objects of a kind the teams' repositories hold, each with its number; not those that hold none.
    pub fn in_teams(&self, group: &str, kind: &str) -> BTreeMap<&RepositoryName, usize> {
        let mut counts = BTreeMap::new();
        for team in &self.teams {
            let count = team.objects(group, kind).count();
            if count > 0 {
                *counts.entry(&team.repository).or_default() += count;
            }
        }
        counts
    }
}

/// How much may still be read.
#[derive(Debug)]
pub struct Room {
    files: usize,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { files: MOST_FILES, bytes: MOST_BYTES }
    }
}

/// Reads files as long as there is room; says how many it did not read.
///
/// # Errors
/// Those of `read`.
pub fn within<E>(
    room: &mut Room,
    paths: impl IntoIterator<Item = RepoPath>,
    mut read: impl FnMut(&RepoPath) -> Result<Option<ManifestFile>, E>,
) -> Result<(Vec<ManifestFile>, usize), E> {
    let (mut files, mut left) = (Vec::new(), 0);
    for path in paths {
        if room.files == 0 || room.bytes == 0 {
            left += 1;
        } else if let Some(file) = read(&path)? {
            room.files -= 1;
            room.bytes = room.bytes.saturating_sub(file.source.len());
            files.push(file);
        }
    }
    Ok((files, left))
}

/// The groups and kinds of the definitions that replace others.
fn replaced<'f>(files: &'f [ManifestFile], old: &[ManifestFile]) -> BTreeSet<(&'f str, &'f str)> {
    let before: BTreeSet<&str> = definitions(old).map(|definition| definition.object.name.as_str()).collect();
    let again = definitions(files).filter(|definition| before.contains(definition.object.name.as_str()));
    kinds(again)
}

/// The groups and kinds of the definitions that a change touches and that were there before it: replaced, or
/// taken away.
pub(super) fn touched<'f>(files: &'f [ManifestFile], old: &'f [ManifestFile]) -> BTreeSet<(&'f str, &'f str)> {
    let mut touched = replaced(files, old);
    touched.extend(kinds(definitions(old)));
    touched
}

fn kinds<'f>(definitions: impl Iterator<Item = Definition<'f>>) -> BTreeSet<(&'f str, &'f str)> {
    definitions.filter_map(|definition| Some((definition.group()?, definition.kind()?))).collect()
}

fn definitions(files: &[ManifestFile]) -> impl Iterator<Item = Definition<'_>> {
    files.iter().flat_map(|file| &file.objects).filter_map(Definition::of)
}
