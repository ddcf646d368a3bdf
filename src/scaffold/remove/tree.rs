//! The repository while it is changed: texts, and the index that goes with them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::RemoveError;
use crate::manifest::{self, ManifestFile, Node, Spot, remove_list_items, without_documents};
use crate::names::RepoPath;
use crate::scaffold::{ChangeSet, FileChange};
use crate::tenancy::{FileSummary, RepositoryIndex};

/// Texts that were changed; `None` for a file that is gone.
pub(super) type Texts = BTreeMap<RepoPath, Option<String>>;

pub(super) struct Tree<'a> {
    files: &'a BTreeMap<RepoPath, String>,
    changed: Texts,
    /// What it was at first.
    pub(super) before: &'a RepositoryIndex,
    /// What it is now.
    pub(super) index: RepositoryIndex,
}

impl<'a> Tree<'a> {
    pub(super) fn new(files: &'a BTreeMap<RepoPath, String>, index: &'a RepositoryIndex) -> Self {
        Self { files, changed: Texts::new(), before: index, index: index.clone() }
    }

    /// The text of a file as it is now.
    pub(super) fn text(&self, path: &RepoPath) -> Option<&str> {
        match self.changed.get(path) {
            Some(text) => text.as_deref(),
            None => self.files.get(path).map(String::as_str),
        }
    }

    /// Every file that is there now, with its text.
    pub(super) fn all(&self) -> impl Iterator<Item = (&RepoPath, &str)> {
        self.files.keys().filter_map(|path| Some((path, self.text(path)?)))
    }

    /// The files that are there now in a directory, and below.
    pub(super) fn below(&self, directory: &RepoPath) -> Vec<RepoPath> {
        let start = format!("{directory}/");
        let from = self.files.range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded));
        let inside = from.map(|(path, _)| path).take_while(|path| path.as_str().starts_with(&start));
        inside.filter(|path| self.text(path).is_some()).cloned().collect()
    }

    /// A file, read.
    pub(super) fn read(&self, path: &RepoPath) -> Result<ManifestFile, RemoveError> {
        let file = manifest::read(path.clone(), self.text(path).unwrap_or_default().as_bytes());
        match file.problems.first() {
            Some(problem) => Err(RemoveError::Unreadable {
                path: path.clone(),
                line: problem.position.line,
                problem: problem.message.clone(),
            }),
            None => Ok(file),
        }
    }

    /// The files go.
    pub(super) fn delete(&mut self, paths: impl IntoIterator<Item = RepoPath>) {
        let paths: Vec<RepoPath> = paths.into_iter().collect();
        self.index = self.index.with(paths.iter().map(|path| (path.clone(), None)));
        self.changed.extend(paths.into_iter().map(|path| (path, None)));
    }

    /// A file has another text.
    pub(super) fn write(&mut self, path: &RepoPath, text: String) {
        let summary = FileSummary::of(&manifest::read(path.clone(), text.as_bytes()));
        self.index = self.index.with([(path.clone(), Some(Arc::new(summary)))]);
        self.changed.insert(path.clone(), Some(text));
    }

    /// The documents whose roots these are go; a file without another one goes whole. Whether it went.
    pub(super) fn without(&mut self, file: &ManifestFile, roots: &[&Node]) -> Result<bool, RemoveError> {
        let mut numbers = BTreeSet::new();
        for root in roots {
            let is = |document: &Node| (document.start, document.end) == (root.start, root.end);
            let Some(number) = file.documents.iter().position(is) else {
                return Err(by_hand(file, root, "an object of the team stands in a list with others"));
            };
            numbers.insert(number);
        }
        if numbers.len() == file.documents.len() {
            self.delete([file.path.clone()]);
            return Ok(true);
        }
        let text = without_documents(file, &numbers);
        let text = text.ok_or_else(|| {
            let root = roots.first().copied().unwrap_or(&file.documents[0]);
            by_hand(file, root, "the lines `---` do not tell the team's objects from the others")
        })?;
        self.write(&file.path, text);
        Ok(false)
    }

    /// Items go from a list at the root of a kustomization file.
    pub(super) fn without_items(
        &mut self,
        path: &RepoPath,
        list: &str,
        numbers: &BTreeSet<usize>,
    ) -> Result<(), RemoveError> {
        if numbers.is_empty() {
            return Ok(());
        }
        let text = self.text(path).unwrap_or_default();
        let text = remove_list_items(text, Spot { document: 0, path: &[list] }, numbers)
            .map_err(|problem| RemoveError::Edit { path: path.clone(), problem })?;
        self.write(path, text);
        Ok(())
    }

    /// All that was changed up to now.
    pub(super) fn texts(&self) -> Texts {
        self.changed.clone()
    }

    /// All changes.
    pub(super) fn changes(&self) -> ChangeSet {
        self.changes_since(&Texts::new())
    }

    /// The changes since these texts.
    pub(super) fn changes_since(&self, earlier: &Texts) -> ChangeSet {
        let change = |(path, after): (&RepoPath, &Option<String>)| {
            let before = match earlier.get(path) {
                Some(text) => text.clone(),
                None => self.files.get(path).cloned(),
            };
            (before != *after).then(|| FileChange { path: path.clone(), before, after: after.clone() })
        };
        ChangeSet { files: self.changed.iter().filter_map(change).collect() }
    }
}

/// What stands at a node has to be changed by somebody.
pub(super) fn by_hand(file: &ManifestFile, node: &Node, what: &str) -> RemoveError {
    RemoveError::ByHand { path: file.path.clone(), line: node.start.line, what: what.to_owned() }
}
