//! Definitions of kinds that stand in another repository.

use std::sync::Arc;

use crate::manifest::{ManifestFile, ObjectScope};
use crate::schema::is_definition;
use crate::tenancy::{FileSummary, RepositoryIndex};

/// The definitions of the admin repository that a team's repository is judged with: its custom resources are
/// held against them, and they say which kinds are cluster-wide.
#[derive(Debug, Default)]
pub struct Elsewhere {
    files: Vec<ManifestFile>,
    index: RepositoryIndex,
}

impl Elsewhere {
    /// The definitions in these files; files without one are let go.
    pub fn of(files: impl IntoIterator<Item = ManifestFile>) -> Self {
        let defines = |file: &ManifestFile| file.objects.iter().any(|it| is_definition(it.group(), &it.kind));
        let files: Vec<ManifestFile> = files.into_iter().filter(defines).collect();
        let summaries = files.iter().map(|file| (file.path.clone(), Arc::new(FileSummary::of(file))));
        Self { index: RepositoryIndex::from_files(summaries), files }
    }

    /// The files that hold them.
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    /// Where the objects of a kind live; `None` where nothing here defines it.
    pub fn scope_of(&self, group: &str, kind: &str) -> Option<ObjectScope> {
        self.index.scope_of(group, kind)
    }
}
