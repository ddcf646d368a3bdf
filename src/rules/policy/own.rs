//! The judged repository's own policy, beside what was found: what the rules about the policy look at.

use super::{Exception, Policy, PolicyError};
use crate::finding::Finding;
use crate::rules::Judgement;

/// The policy that the judged repository keeps.
#[derive(Debug, Clone)]
pub struct OwnPolicy {
    /// As it will be; the error where it cannot be read.
    pub after: Result<Policy, PolicyError>,
    /// As it is, empty where there is none yet; `None` where the whole repository was judged, and every entry is
    /// looked at.
    pub before: Option<Policy>,
    /// Whether there are kustomizations that change what they list and were not built.
    pub unbuilt: bool,
}

/// The same with what the other rules found, after the policy that holds.
#[derive(Debug, Clone, Copy)]
pub struct JudgedPolicy<'a> {
    pub(super) own: &'a OwnPolicy,
    known: &'a Judgement,
}

/// How many entries are looked at: each is held against every finding, and a pull request may bring them.
pub(super) const LOOKED_AT: usize = 1_000;

impl<'a> JudgedPolicy<'a> {
    pub(in crate::rules) const fn new(own: &'a OwnPolicy, known: &'a Judgement) -> Self {
        Self { own, known }
    }

    /// Whether all of the repository was judged.
    pub(super) const fn is_whole(self) -> bool {
        self.own.before.is_none()
    }

    /// The policy as it will be, where it can be read.
    pub(super) fn after(self) -> Option<&'a Policy> {
        self.own.after.as_ref().ok()
    }

    /// The first of its exceptions.
    pub(super) fn exceptions(self) -> impl Iterator<Item = &'a Exception> {
        self.after().into_iter().flat_map(|policy| &policy.exceptions).take(LOOKED_AT)
    }

    /// Whether the change brings an entry, or changes what it says.
    pub(super) fn is_new(self, exception: &Exception) -> bool {
        let before = self.own.before.as_ref();
        before.is_some_and(|before| !before.exceptions.iter().any(|one| one.is_same(exception)))
    }

    /// What stands.
    pub(super) fn standing(self) -> impl Iterator<Item = &'a Finding> {
        self.known.findings.iter()
    }

    /// What stands, and what the policy that holds hides already: what the policy as it will be may hide.
    pub(super) fn found(self) -> impl Iterator<Item = &'a Finding> {
        let hidden = self.known.waived.iter().filter(|waived| waived.person.is_none());
        self.standing().chain(hidden.map(|waived| &waived.finding))
    }
}
