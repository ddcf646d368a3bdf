use git2::{Commit, Repository};

use super::error::GitError;
use super::mirror::{commit_id, find};
use crate::names::CommitId;

/// Every fetched commit gets a ref of its own here: what it needs is whole, and is kept when the
/// mirror is rewritten.
const KEPT: &str = "refs/bailiwick/";
/// How many known commits a fetch names, newest first.
pub(super) const HAVE_LIMIT: usize = 64;
/// Of how many of them ancestors are named too, in case the server has dropped a pushed-over head.
const HAVE_WITH_ANCESTORS: usize = 8;

/// Those of `wants` that are not here with their files, sorted.
pub(super) fn missing(repository: &Repository, wants: &[CommitId]) -> Vec<CommitId> {
    let here = |want: &&CommitId| find(repository, want).is_ok_and(|commit| commit.tree().is_ok());
    let mut missing: Vec<CommitId> = wants.iter().filter(|want| !here(want)).cloned().collect();
    missing.sort();
    missing.dedup();
    missing
}

/// Gives each commit its ref.
pub(super) fn keep(repository: &Repository, commits: &[CommitId]) -> Result<(), GitError> {
    for commit in commits {
        let id = find(repository, commit)?.id();
        repository
            .reference(&format!("{KEPT}{commit}"), id, true, "fetched")
            .map_err(|error| GitError::corrupt(format!("ref of commit {}", commit.short()), error))?;
    }
    Ok(())
}

/// Commits to name to the server so that it sends only what is new. Each of them came with a
/// whole pack, so all that it needs is here.
pub(super) fn haves(repository: &Repository) -> Vec<CommitId> {
    let tips = newest(repository);
    let mut haves: Vec<CommitId> = tips.iter().map(|tip| commit_id(tip.id())).collect();
    for tip in tips.into_iter().take(HAVE_WITH_ANCESTORS) {
        haves.extend(sparse_ancestors(tip));
    }
    haves.sort();
    haves.dedup();
    haves
}

/// The kept commits that were made last, newest first.
pub(super) fn newest(repository: &Repository) -> Vec<Commit<'_>> {
    let kept = repository.references_glob(&format!("{KEPT}*"));
    let mut tips: Vec<Commit<'_>> =
        kept.into_iter().flatten().filter_map(|reference| reference.ok()?.peel_to_commit().ok()).collect();
    tips.sort_by_key(|tip| std::cmp::Reverse(tip.time().seconds()));
    tips.truncate(HAVE_LIMIT);
    tips
}

/// First-parent ancestors at distances 1, 2, 4 … 512.
fn sparse_ancestors(tip: Commit<'_>) -> Vec<CommitId> {
    let mut ancestors = Vec::new();
    let mut at = tip;
    for distance in 1..=512_u32 {
        let Ok(parent) = at.parent(0) else { break };
        at = parent;
        if distance.is_power_of_two() {
            ancestors.push(commit_id(at.id()));
        }
    }
    ancestors
}
