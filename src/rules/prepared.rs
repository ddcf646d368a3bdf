//! What many rules ask for, found out once.

use super::{Review, crd, object};

/// What is known of a review beyond its files.
#[derive(Debug)]
pub struct Prepared<'a> {
    /// What differs between definitions and those that they replace.
    pub differences: crd::Differences<'a>,
    /// The objects beside what their kinds ask for.
    pub objects: object::Judged<'a>,
    /// Which Flux `Kustomization`s apply which definitions.
    pub applied: Option<crd::Applied<'a>>,
}

impl<'a> Prepared<'a> {
    /// Finds it out.
    pub fn of(review: &Review<'a>) -> Self {
        Self {
            differences: crd::Differences::of(review),
            objects: object::Judged::of(review),
            applied: crd::Applied::of(review),
        }
    }

    /// Asks what is known already, else finds it out.
    pub(super) fn with<T>(review: &Review<'a>, ask: impl FnOnce(&Self) -> T) -> T {
        match review.prepared {
            Some(known) => ask(known),
            None => ask(&Self::of(review)),
        }
    }
}
