//! Objects that exist, of the kinds whose definitions a change replaces.

use std::collections::BTreeSet;

use super::View;
use crate::manifest::ManifestFile;
use crate::names::RepoPath;
use crate::schema::Definition;

/// So many files with such objects are looked at.
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
}

impl Users {
    /// Reads the files of these views that hold objects of kinds whose definitions are replaced.
    ///
    /// # Errors
    /// Those of `read`, which gives a file as it will be.
    pub(super) fn of<E>(
        views: &[View],
        (files, old): (&[ManifestFile], &[ManifestFile]),
        mut read: impl FnMut(&RepoPath) -> Result<Option<ManifestFile>, E>,
    ) -> Result<Self, E> {
        let kinds = replaced(files, old);
        let mut paths = BTreeSet::new();
        for view in views {
            paths.extend(view.after.objects_of(&kinds).map(|(path, _)| path));
        }
        paths.retain(|path| files.binary_search_by(|file| file.path.cmp(path)).is_err());
        let mut users = Self::default();
        let mut bytes = 0;
        for path in paths {
            if users.files.len() >= MOST_FILES || bytes >= MOST_BYTES {
                users.left += 1;
            } else if let Some(file) = read(&path)? {
                bytes += file.source.len();
                users.files.push(file);
            }
        }
        Ok(users)
    }
}

/// The groups and kinds of the definitions that replace others.
fn replaced<'f>(files: &'f [ManifestFile], old: &[ManifestFile]) -> BTreeSet<(&'f str, &'f str)> {
    let before: BTreeSet<&str> = definitions(old).map(|definition| definition.object.name.as_str()).collect();
    let again = definitions(files).filter(|definition| before.contains(definition.object.name.as_str()));
    again.filter_map(|definition| Some((definition.group()?, definition.kind()?))).collect()
}

fn definitions(files: &[ManifestFile]) -> impl Iterator<Item = Definition<'_>> {
    files.iter().flat_map(|file| &file.objects).filter_map(Definition::of)
}
