//! What a change makes Flux apply: files that are the same as before, and that nothing reached before.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::facts::Fact;
use super::live::Live;
use super::{FileSummary, RepositoryIndex, SummaryEntry};
use crate::finding::Location;
use crate::manifest::{EntryRole, PatchTarget, Position, is_kustomization};
use crate::names::RepoPath;

/// Files that are applied only since a change, each with the entry of a changed file that reaches
/// it; without one where no entry does, as where a kustomization goes and Flux takes all there is.
pub type Newly = BTreeMap<RepoPath, Option<Location>>;

/// What is done with something that is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    /// A file, or a directory's kustomization: applied.
    Applied,
    /// A directory that Flux is pointed to.
    Synced,
    /// A directory whose kustomization goes.
    Bared,
    /// A file that changes other objects.
    Patch,
    /// A file that tells kustomize which fields it changes.
    Configuration,
}

#[derive(Debug, Clone)]
struct Edge {
    target: String,
    how: How,
    /// What a patch changes, where the kustomization says it.
    patched: Option<PatchTarget>,
    at: Position,
}

/// What a change makes of a repository.
#[derive(Debug, Clone, Copy)]
pub struct Difference<'a> {
    /// The repository before.
    pub before: &'a RepositoryIndex,
    /// The repository after.
    pub after: &'a RepositoryIndex,
    /// Every path that differs.
    pub changed: &'a BTreeSet<RepoPath>,
    /// The directories that Flux starts from; `None` where the layout says it.
    pub roots: Option<&'a [String]>,
}

impl Difference<'_> {
    /// What is applied only since the change, and the index with what was read on the way: `read`
    /// gives the summary of a file that has not the name of a manifest, because a kustomization may list
    /// a file of any name. The time depends on the change and on what it reaches, not on the repository.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn newly_applied<E>(
        &self,
        read: impl FnMut(&RepoPath) -> Result<Option<Arc<FileSummary>>, E>,
    ) -> Result<(Newly, RepositoryIndex), E> {
        let mut walk = Walk {
            difference: self,
            was: Live::new(self.before, self.roots),
            after: self.after.clone(),
            waiting: VecDeque::new(),
            seen: BTreeSet::new(),
            found: Newly::new(),
            read,
        };
        walk.start();
        while let Some((edge, by)) = walk.waiting.pop_front() {
            walk.follow(&edge, by.as_ref())?;
        }
        Ok((walk.found, walk.after))
    }
}

struct Walk<'a, R> {
    difference: &'a Difference<'a>,
    was: Live<'a>,
    after: RepositoryIndex,
    waiting: VecDeque<(Edge, Option<Location>)>,
    seen: BTreeSet<(RepoPath, How)>,
    found: Newly,
    read: R,
}

impl<E, R: FnMut(&RepoPath) -> Result<Option<Arc<FileSummary>>, E>> Walk<'_, R> {
    /// The entries that the change brings. Of a changed file that was not applied and is now, all are
    /// new; of a kustomization that goes, whatever Flux takes in its place.
    fn start(&mut self) {
        let Difference { before, after, changed, roots } = *self.difference;
        let is = Live::new(after, roots);
        for path in changed {
            let old = edges(before, path);
            let old: BTreeSet<_> = old.iter().map(Edge::key).collect();
            let comes = is.applies(path) && !self.was.applies(path);
            for edge in edges(after, path) {
                if comes || !old.contains(&edge.key()) {
                    let by = edge.location(path);
                    self.waiting.push_back((edge, Some(by)));
                }
            }
            if is_kustomization(path) && !after.contains_file(path) {
                let bared = Edge::new(path.directory().to_owned(), How::Bared, Position::default());
                self.waiting.push_back((bared, None));
            }
        }
    }

    fn follow(&mut self, edge: &Edge, by: Option<&Location>) -> Result<(), E> {
        let file = edge.target.parse().ok().filter(|path| self.after.contains_file(path));
        match (edge.how, file) {
            (How::Applied | How::Patch | How::Configuration, Some(file)) => self.take(&file, edge, by),
            (How::Patch | How::Configuration, None) => Ok(()),
            (How::Applied | How::Synced | How::Bared, _) => match self.after.kustomization_of(&edge.target) {
                Some(kustomization) => self.take(&kustomization, edge, by),
                None if edge.how == How::Applied => Ok(()),
                None => self.scan(edge, by),
            },
        }
    }

    /// A directory without a kustomization: Flux makes one of what it finds.
    fn scan(&mut self, edge: &Edge, by: Option<&Location>) -> Result<(), E> {
        let is = Live::new(&self.after, self.difference.roots);
        let taken = |path: &RepoPath| {
            // Where a kustomization goes, nothing need start from there.
            let started = edge.how == How::Synced || is.applies(path);
            !self.after.is_left_out(path) && self.after.takes(&edge.target, path) && started
        };
        let below = self.after.files_below(&edge.target).map(|file| file.path());
        let files: Vec<RepoPath> = below.filter(taken).collect();
        files.iter().try_for_each(|file| self.take(file, edge, by))
    }

    /// Takes a file, and waits for what it names, unless all that was so before.
    fn take(&mut self, path: &RepoPath, edge: &Edge, by: Option<&Location>) -> Result<(), E> {
        let was = match edge.how {
            How::Patch => self.was.patches_with(path, edge.patched.as_ref()),
            How::Configuration => self.was.is_configured_by(path),
            How::Applied | How::Synced | How::Bared => self.was.applies(path),
        };
        let how = if edge.how.applies() { How::Applied } else { edge.how };
        if was || !self.seen.insert((path.clone(), how)) {
            return Ok(());
        }
        if self.after.file(path).is_some_and(|summary| !summary.is_manifest()) {
            let Some(summary) = (self.read)(path)? else { return Ok(()) };
            self.after = self.after.with([(path.clone(), Some(summary))]);
        }
        // A file of the change shows everything at its own lines.
        let changed = self.difference.changed.contains(path);
        self.found.entry(path.clone()).or_insert_with(|| by.filter(|_| !changed).cloned());
        for edge in edges(&self.after, path) {
            let by = if changed { Some(edge.location(path)) } else { by.cloned() };
            self.waiting.push_back((edge, by));
        }
        Ok(())
    }
}

impl How {
    const fn applies(self) -> bool {
        matches!(self, Self::Applied | Self::Synced | Self::Bared)
    }
}

impl Edge {
    fn new(target: String, how: How, at: Position) -> Self {
        Self { target, how, patched: None, at }
    }

    /// What makes it the same edge, wherever it is written.
    fn key(&self) -> (&str, How, Option<&PatchTarget>) {
        (&self.target, self.how, self.patched.as_ref())
    }

    fn location(&self, file: &RepoPath) -> Location {
        Location { file: file.clone(), line: self.at.line, column: self.at.column }
    }
}

/// What a file names, and what is done with that.
fn edges(index: &RepositoryIndex, path: &RepoPath) -> Vec<Edge> {
    let Some(summary) = index.file(path) else { return Vec::new() };
    let mut edges: Vec<Edge> = summary.entries().filter_map(entry).collect();
    for fact in summary.facts() {
        let Fact::Sync(sync) = fact else { continue };
        if index.is_foreign(path, &sync) {
            continue;
        }
        let base = sync.directory();
        // Most roots that are named are those of other repositories.
        if base.is_empty() && !index.is_own(path, &sync) {
            continue;
        }
        let directory = |(component, at): &(String, Position)| (sync.component(component), *at);
        let components = sync.components.iter().map(directory);
        edges.extend(components.map(|(target, at)| Edge::new(target, How::Applied, at)));
        edges.push(Edge::new(base, How::Synced, sync.path_at));
    }
    edges
}

fn entry(entry: SummaryEntry) -> Option<Edge> {
    let how = match entry.role {
        EntryRole::Resource => How::Applied,
        EntryRole::Patch => How::Patch,
        EntryRole::Data if entry.is_configuration() => How::Configuration,
        // Data stays data, and of a plug-in its kustomization is told.
        EntryRole::Data | EntryRole::Configuration => return None,
    };
    Some(Edge { patched: entry.patched, ..Edge::new(entry.target?.into(), how, entry.position) })
}

#[cfg(test)]
mod tests;
