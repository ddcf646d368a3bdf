//! The roles and bindings of a repository: all of them, or those that decide what a change gives and takes.
//!
//! Who may do what depends on objects anywhere in the tree. To find what a change gives, only those are read that can
//! matter: what is bound to the roles that change, whatever else those subjects have, and the roles of all that. So it
//! costs what the change touches, and not what the repository holds.

use std::collections::BTreeSet;

mod landing;
mod search;
mod ways;

use self::landing::Landing;
use self::search::{Search, below, matter};
pub(super) use self::ways::ways_of;
use self::ways::{End, ends_of};
use super::facts::{Fact, RightsFact};
use super::stored::list;
use super::{RepositoryIndex, StoredSummary};
use crate::manifest;
use crate::names::RepoPath;
use crate::rbac::read::{Changed, read};
use crate::rbac::{Known, Object, Origin, Subject, World};

/// Where a role or a binding is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: RepoPath,
    /// The line of the object, from 1.
    pub line: u32,
}

/// The roles and bindings before and after a change, as far as they matter for it.
#[derive(Debug)]
pub struct Rights {
    /// Before.
    pub before: World,
    /// After.
    pub after: World,
    /// Where they are written, by the numbers of their [`Origin::Tree`].
    pub places: Vec<Place>,
}

impl Rights {
    /// All that there is, as what a repository is now: nothing was there before.
    pub fn whole(index: &RepositoryIndex) -> Self {
        let mut places = Vec::new();
        let files: BTreeSet<RepoPath> = [list::ROLES, list::GIVEN]
            .into_iter()
            .flat_map(|list| index.listed(list))
            .map(|file| file.path())
            .collect();
        let after = world(index, &files, &mut places);
        Self { before: World::new(known(index), []), after, places }
    }

    /// What matters for a change of some files.
    pub fn of(before: &RepositoryIndex, after: &RepositoryIndex, changed: &BTreeSet<RepoPath>) -> Self {
        // What does not change is found on either side, and what changes is looked at on both.
        let mut places = Vec::new();
        let below = below([before, after], changed);
        let files: BTreeSet<RepoPath> =
            [before, after].into_iter().flat_map(|index| matter(index, &below)).chain(below.iter().cloned()).collect();
        let (before, after) = (world(before, &files, &mut places), world(after, &files, &mut places));
        Self { before, after, places }
    }

    /// Where a role or binding is written; `None` for one that is not in the tree.
    pub fn place(&self, origin: Origin) -> Option<&Place> {
        match origin {
            Origin::Tree(number) => self.places.get(number as usize),
            Origin::ApiServer | Origin::Flux => None,
        }
    }
}

/// What the cluster has besides: Flux v1 has other accounts than Flux v2.
fn known(index: &RepositoryIndex) -> Known {
    if index.may_list(list::SYNCS) { Known::ApiServerAndFlux } else { Known::ApiServer }
}

/// The world of the roles and bindings in some files.
fn world(index: &RepositoryIndex, files: &BTreeSet<RepoPath>, places: &mut Vec<Place>) -> World {
    let landing = Landing::new(index);
    let mut objects = Vec::new();
    for file in files {
        let Some(summary) = index.file(file) else { continue };
        let mut ends = None;
        for fact in rights_in(summary) {
            let origin = Origin::Tree(u32::try_from(places.len()).unwrap_or(u32::MAX));
            places.push(Place { file: file.clone(), line: fact.line });
            let ends = ends.get_or_insert_with(|| ends_of(index, file));
            objects.extend(applied(&landing, &fact, ends, origin));
        }
    }
    World::new(known(index), objects)
}

/// A role or a binding as it is applied: once for each way on which its file is. As it is written where no way is
/// known, and without an index, which is for what kustomize has built. Nothing for an object of another kind.
pub fn as_applied(index: Option<&RepositoryIndex>, object: &manifest::Object) -> Vec<Object> {
    let Some(written) = read(object) else { return Vec::new() };
    let fact = RightsFact { written, line: object.node.start.line };
    let Some(index) = index else { return vec![fact.written.applied(Changed::default(), Origin::Tree(0))] };
    let ends = ends_of(index, &object.file);
    if ends.is_empty() {
        return vec![fact.written.applied(Changed::default(), Origin::Tree(0))];
    }
    applied(&Landing::new(index), &fact, &ends, Origin::Tree(0))
}

/// What is bound in some files or to some subjects themselves, and the roles of that. What the groups have that
/// everybody is in is left out, and whatever else is bound to those that the files name.
pub(super) fn about(
    index: &RepositoryIndex,
    files: &BTreeSet<RepoPath>,
    subjects: &BTreeSet<Subject>,
    places: &mut Vec<Place>,
) -> World {
    let mut search = Search::new(index, files.clone());
    subjects.iter().for_each(|subject| search.held(subject));
    search.roles_of_bindings();
    world(index, &search.files, places)
}

/// The roles and bindings that are written in a file.
fn rights_in(file: StoredSummary<'_>) -> impl Iterator<Item = RightsFact> {
    file.facts().filter_map(|fact| if let Fact::Rights(fact) = fact { Some(fact) } else { None })
}

/// A role or a binding as it is at each end, the same once.
fn applied(landing: &Landing<'_>, fact: &RightsFact, ends: &[End], origin: Origin) -> Vec<Object> {
    let mut objects = Vec::new();
    for end in ends {
        let landed = landing.of(end, &fact.written);
        let way = &end.way;
        let changed = Changed {
            namespace: way.namespace.as_deref(),
            prefix: &way.prefix,
            suffix: &way.suffix,
            labels: Some(&way.labels),
            role: landed.role.as_deref(),
            subjects: &landed.subjects,
        };
        let object = fact.written.applied(changed, origin);
        if !objects.contains(&object) {
            objects.push(object);
        }
    }
    objects
}

#[cfg(test)]
mod tests;
