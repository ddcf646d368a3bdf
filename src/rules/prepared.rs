//! What many rules ask for, found out once.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::{Review, crd, object, rbac};
use crate::names::RepoPath;
use crate::tenancy::{NewPaths, Rights};

/// What is known of a review beyond its files.
#[derive(Debug)]
pub struct Prepared<'a> {
    /// What differs between definitions and those that they replace.
    pub differences: crd::Differences<'a>,
    /// The objects beside what their kinds ask for.
    pub objects: object::Judged<'a>,
    /// Which Flux `Kustomization`s apply which definitions.
    pub applied: Option<crd::Applied<'a>>,
    /// The roles and bindings that are judged.
    pub roles: rbac::Judged<'a>,
    /// Who may do what: only found out where a rule asks.
    rights: OnceCell<Rights>,
    /// The paths that the change opens: likewise.
    paths: OnceCell<NewPaths>,
}

impl<'a> Prepared<'a> {
    /// Finds it out.
    pub fn of(review: &Review<'a>) -> Self {
        let rights = OnceCell::new();
        Self {
            differences: crd::Differences::of(review),
            objects: object::Judged::of(review),
            applied: crd::Applied::of(review),
            roles: rbac::Judged::of(review, || rights.get_or_init(|| rights_of(review))),
            rights,
            paths: OnceCell::new(),
        }
    }

    /// The paths from teams to others that the change opens.
    pub fn paths(&self, review: &Review<'_>) -> &NewPaths {
        self.paths.get_or_init(|| {
            NewPaths::between(review.whole_before, review.after, &changed(review), || self.rights(review))
        })
    }

    /// The roles and bindings before and after, as far as they matter for the change.
    pub fn rights(&self, review: &Review<'_>) -> &Rights {
        self.rights.get_or_init(|| rights_of(review))
    }

    /// Asks what is known already, else finds it out.
    pub(super) fn with<T>(review: &Review<'a>, ask: impl FnOnce(&Self) -> T) -> T {
        match review.prepared {
            Some(known) => ask(known),
            None => ask(&Self::of(review)),
        }
    }
}

fn rights_of(review: &Review<'_>) -> Rights {
    if review.whole_before.file_count() == 0 {
        return Rights::whole(review.after);
    }
    Rights::of(review.whole_before, review.after, &changed(review))
}

fn changed(review: &Review<'_>) -> BTreeSet<RepoPath> {
    let files = review.files.iter().chain(review.old).map(|file| &file.path);
    files.chain(review.dropped.keys()).cloned().collect()
}
