//! What in a cluster applies the admin repository: its sources there, and the Kustomizations of them.
//! Pure, so that every row of the table is a test.
//!
//! What stands in a team's namespace does not count: a team could name the admin repository from there
//! and colour every merge. The host of an address does not count either: admins may fetch from a mirror.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::decide::{kustomization_name, source_name};
use crate::cluster::{ObjectRef, SourceState, SyncState as Kustomization};
use crate::names::{BranchName, Namespace, RepoPath, RepositoryName};
use crate::report::comment::Candidate;
use crate::tenancy::{flux_path, parse_git_url};

/// The kind of source that is followed.
const FOLLOWED: &str = "GitRepository";

/// What applies the admin repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    /// Its sources, never none.
    pub(super) sources: BTreeSet<ObjectRef>,
    /// The Kustomizations of these, never none.
    pub(super) kustomizations: BTreeSet<ObjectRef>,
    /// Whether only what `flux bootstrap` makes could be looked at.
    pub(super) narrow: bool,
}

/// What to look for.
pub(super) struct Wanted<'a> {
    /// The names of the admin repository: as configured, and as it is called now.
    pub(super) repository: [&'a RepositoryName; 2],
    /// Its branch.
    pub(super) branch: &'a BranchName,
    /// The directory of it that is applied.
    pub(super) path: &'a RepoPath,
    /// Whether a namespace is a team's.
    pub(super) is_team: &'a dyn Fn(&Namespace) -> bool,
}

/// Flux's objects in a cluster, as far as they may be seen.
pub(super) struct Survey {
    pub(super) sources: Vec<SourceState>,
    pub(super) kustomizations: Vec<Kustomization>,
    pub(super) narrow: bool,
}

impl Wanted<'_> {
    /// What applies the repository, or what comes near. One Kustomization has to apply the cluster's path, or
    /// a part of it; then all others of the source count too: infrastructure, tenants, apps.
    pub(super) fn choose(&self, survey: &Survey) -> Result<Found, Vec<Candidate>> {
        let mut near = Vec::new();
        let mut sources = BTreeSet::new();
        for source in survey.sources.iter().filter(|source| !source.deleting) {
            match self.near_miss(source) {
                None => drop(sources.insert(source.object.clone())),
                Some(candidate) => near.extend(candidate),
            }
        }
        let users: Vec<&Kustomization> = self.users(&sources, &survey.kustomizations).collect();
        if users.iter().any(|user| self.relates(user)) {
            let kustomizations = users.iter().map(|user| user.object.clone()).collect();
            let sources = users.iter().map(|user| user.source_ref.object.clone()).collect();
            return Ok(Found { sources, kustomizations, narrow: survey.narrow });
        }
        near.extend(self.unused(&sources, &survey.kustomizations));
        near.extend(survey.kustomizations.iter().filter_map(|other| self.of_other_kind(other)));
        // The nearest first.
        near.sort_by_key(|candidate| matches!(candidate, Candidate::OtherAddress { .. }));
        Err(near)
    }

    /// The Kustomizations of these sources that count. One that applies another directory to another cluster
    /// is that cluster's.
    pub(super) fn users<'a>(
        &self,
        sources: &BTreeSet<ObjectRef>,
        kustomizations: &'a [Kustomization],
    ) -> impl Iterator<Item = &'a Kustomization> {
        kustomizations.iter().filter(|user| {
            uses(user, sources)
                && !user.deleting
                && !(self.is_team)(&user.object.namespace)
                && (!user.remote || self.relates(user))
        })
    }

    /// Why a source is not one of the repository's; the inner `None` where that is not worth a word.
    fn near_miss(&self, source: &SourceState) -> Option<Option<Candidate>> {
        let name = source_name(source);
        let of_team = (self.is_team)(&source.object.namespace);
        let named = parse_git_url(&source.url);
        if !named.as_ref().is_some_and(|named| self.repository.iter().any(|wanted| wanted.is(named))) {
            return Some((!of_team).then_some(Candidate::OtherAddress { source: name, repository: named }));
        }
        if of_team {
            return Some(Some(Candidate::OfTeam { object: name }));
        }
        let follows = match source.followed_branch() {
            Ok(branch) if branch == self.branch.as_str() => return None,
            Ok(branch) => format!("branch {branch}"),
            Err(pinned) => pinned.to_owned(),
        };
        Some(Some(Candidate::OtherBranch { source: name, follows }))
    }

    /// What is wrong with the sources that have the address: nobody uses them, or for another directory.
    fn unused(&self, sources: &BTreeSet<ObjectRef>, kustomizations: &[Kustomization]) -> Vec<Candidate> {
        let of = |source: &ObjectRef| {
            let only = BTreeSet::from([source.clone()]);
            let users: Vec<&Kustomization> = kustomizations.iter().filter(|user| uses(user, &only)).collect();
            if users.is_empty() {
                return vec![Candidate::Unused { source: format!("{FOLLOWED} {source}") }];
            }
            users.into_iter().map(|user| self.why_not(user)).collect()
        };
        sources.iter().flat_map(of).collect()
    }

    fn why_not(&self, user: &Kustomization) -> Candidate {
        let name = kustomization_name(user);
        if (self.is_team)(&user.object.namespace) {
            return Candidate::OfTeam { object: name };
        }
        Candidate::OtherPath { kustomization: name, path: user.path.clone() }
    }

    fn of_other_kind(&self, other: &Kustomization) -> Option<Candidate> {
        let counts = other.source_ref.kind != FOLLOWED && !(self.is_team)(&other.object.namespace);
        let source = format!("{} {}", other.source_ref.kind, other.source_ref.object);
        counts.then(|| Candidate::OtherKind { kustomization: kustomization_name(other), source })
    }

    /// Whether a Kustomization applies the cluster's path: it, a directory above it, or one in it.
    fn relates(&self, user: &Kustomization) -> bool {
        let (applied, wanted) = (flux_path(&user.path), flux_path(self.path.as_str()));
        applied.iter().zip(&wanted).all(|(one, other)| one == other)
    }
}

fn uses(user: &Kustomization, sources: &BTreeSet<ObjectRef>) -> bool {
    user.source_ref.kind == FOLLOWED && sources.contains(&user.source_ref.object)
}

#[cfg(test)]
mod tests;
