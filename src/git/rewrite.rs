//! Every fetch adds a pack to a mirror, and the heads of pull requests that are long closed stay in
//! it. So a mirror with many packs is *rewritten*: what is still wanted goes as one pack into a
//! fresh folder beside it, and one rename makes that the mirror. A crash before the rename leaves
//! the old mirror, a crash after it the new one; [`Root::open`](super::folder::Root) takes away the rest.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use super::error::GitError;
use super::folder::{Folder, Root, packs, remove, sync_all};
use super::kept::{HAVE_LIMIT, keep, missing, newest};
use super::mirror::{Mirror, Shelf, State, aside, closed, commit_id, open_or_make};
use super::mirrors::Mirrors;
use super::pack::pack;
use super::store::Store;
use crate::names::{CommitId, RepositoryId};

/// What was rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewritten {
    /// The repository.
    pub id: RepositoryId,
    /// How many commits were kept, with everything that they need.
    pub commits: usize,
    /// How many objects that is.
    pub objects: usize,
}

/// Tells the work on another thread, when it is dropped, that nobody waits for it any more.
#[derive(Default)]
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Mirrors {
    /// Rewrites one mirror that has more packs than the settings allow; the next call takes the
    /// next one. `None` where there is none, or where it cannot be done now: another process uses
    /// the mirrors too, or somebody began to read what would have been left out.
    ///
    /// # Errors
    /// `Corrupt` where a mirror cannot be read or written. The old one stays.
    pub async fn rewrite_one(&self) -> Result<Option<Rewritten>, GitError> {
        let Ok(mut last) = self.shared().rewriting.try_lock() else { return Ok(None) };
        let (shared, after) = (Arc::clone(self.shared()), *last);
        let next = aside(move || crowded(&shared.root, shared.settings.max_packs, after)).await?;
        let Some(id) = next else { return Ok(None) };
        // Also where it fails: a damaged mirror must not hide the others.
        *last = Some(id);
        self.open(id).rewrite().await
    }
}

impl Mirror {
    async fn rewrite(&self) -> Result<Option<Rewritten>, GitError> {
        let fetching = Arc::clone(&self.shelf().fetching).lock_owned().await;
        let (shelf, waiting) = (Arc::clone(self.shelf()), Waiting::default());
        let given_up = Arc::clone(&waiting.0);
        let rewritten = aside(move || {
            let _no_fetch_meanwhile = fetching;
            shelf.rewrite(&given_up)
        });
        let rewritten = rewritten.await;
        drop(waiting);
        rewritten
    }
}

impl Shelf {
    pub(super) fn rewrite(&self, given_up: &AtomicBool) -> Result<Option<Rewritten>, GitError> {
        let shared = self.shared()?;
        let (root, (folder, commits)) = (&shared.root, {
            let mut state = self.state()?;
            (state.folder, state.worth_keeping(shared.settings.max_wanted.min(HAVE_LIMIT)))
        });
        let unfinished = root.unfinished(folder.next());
        if root.alone(|| remove(&unfinished))?.is_none() {
            return Ok(None);
        }
        let written = write(&root.path(folder), &unfinished, &commits, given_up);
        let taken = written.and_then(|objects| Ok(self.take(root, folder)?.then_some(objects)));
        if !matches!(taken, Ok(Some(_))) {
            remove(&unfinished)?;
        }
        Ok(taken?.map(|objects| Rewritten { id: folder.id, commits: commits.len(), objects }))
    }

    /// Makes the fresh folder the mirror, unless somebody reads what it lacks.
    pub(super) fn take(&self, root: &Root, old: Folder) -> Result<bool, GitError> {
        let taken = root.alone(|| {
            // From here on nobody reads; snapshots go on in the new folder.
            let mut state = self.state()?;
            let needed = state.needed();
            if !missing(&open_or_make(&root.unfinished(old.next()))?, &needed).is_empty() {
                return Ok(false);
            }
            root.promote(old.next())?;
            state.move_to(old.next());
            drop(state);
            // What cannot be removed now is removed at the next start.
            root.remove(old).unwrap_or_else(|error| tracing::warn!("{error}"));
            Ok(true)
        })?;
        Ok(taken.unwrap_or(false))
    }
}

impl State {
    /// The commits that somebody holds or asked for lately, if they are here.
    fn needed(&mut self) -> Vec<CommitId> {
        let held = self.snapshots.iter().filter_map(Weak::upgrade).map(|held| held.commit.clone());
        let mut needed: BTreeSet<CommitId> = held.chain(self.wanted.iter().cloned()).collect();
        let all: Vec<CommitId> = needed.iter().cloned().collect();
        for absent in missing(&self.store().repository, &all) {
            needed.remove(&absent);
        }
        needed.into_iter().collect()
    }

    /// These; and after a start, when nobody has asked for much yet, the newest of the others: they
    /// spare the next fetch.
    fn worth_keeping(&mut self, limit: usize) -> Vec<CommitId> {
        let mut keep = self.needed();
        for tip in newest(&self.store().repository) {
            let id = commit_id(tip.id());
            if keep.len() < limit && !keep.contains(&id) {
                keep.push(id);
            }
        }
        keep
    }
}

/// The mirror with too many packs that comes next behind `after`.
fn crowded(root: &Root, max_packs: usize, after: Option<RepositoryId>) -> Result<Option<RepositoryId>, GitError> {
    let mut crowded: Vec<RepositoryId> = Vec::new();
    for folder in root.folders()? {
        if folder.generation == root.generation(folder.id) && packs(&root.path(folder)).len() > max_packs {
            crowded.push(folder.id);
        }
    }
    crowded.sort();
    Ok(crowded.iter().find(|id| Some(**id) > after).or(crowded.first()).copied())
}

/// Writes a repository that holds these commits with all that they need, and nothing else.
fn write(from: &Path, to: &Path, commits: &[CommitId], given_up: &AtomicBool) -> Result<usize, GitError> {
    // A handle of its own, so that others read meanwhile.
    let old = Store::new(open_or_make(from)?);
    let fresh = open_or_make(to)?;
    let objects = pack(&old, &fresh, commits, &|| given_up.load(Ordering::Relaxed))?;
    keep(&fresh, commits)?;
    drop(fresh);
    sync_all(to)?;
    if given_up.load(Ordering::Relaxed) { Err(closed(None)) } else { Ok(objects) }
}
