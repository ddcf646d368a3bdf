//! Which Flux `Kustomization`s apply which definitions, before a change and after it.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::super::kustomization::is_sync;
use crate::finding::{Finding, Location, RuleId, Severity};
use crate::manifest::{ManifestFile, is_kustomization};
use crate::names::RepoPath;
use crate::rules::{Prepared, Review, shown};
use crate::schema::is_definition;
use crate::tenancy::{Appliers, Definition, RepositoryIndex, Syncs};

/// So many times a definition is found with something that applies it, on one side of a change: some of hundreds of
/// clusters each.
const MOST: usize = 1_000_000;

/// What applies definitions.
#[derive(Debug)]
pub struct Applied<'a> {
    pub(super) before: Side<'a>,
    pub(super) after: Side<'a>,
}

/// A repository before the change, or after it.
#[derive(Debug)]
pub(super) struct Side<'a> {
    pub(super) syncs: Syncs<'a>,
    /// By their names.
    pub(super) definitions: BTreeMap<String, Vec<Standing>>,
    /// How many more may be found; none where something was left out.
    room: Cell<usize>,
}

/// A definition and the file that holds it.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) file: RepoPath,
    pub(super) definition: Definition,
}

impl<'a> Applied<'a> {
    /// Finds it out; `None` where the change touches nothing that says what is applied.
    pub fn of(review: &Review<'a>) -> Option<Self> {
        let concerns = review.files.iter().chain(review.old).any(says_what_is_applied);
        let sides = || Self { before: Side::of(review.whole_before), after: Side::of(review.after) };
        concerns.then(sides)
    }

    /// Asks for it.
    pub(super) fn with<T: Default>(review: &Review<'a>, ask: impl FnOnce(&Self) -> T) -> T {
        Prepared::with(review, |prepared| prepared.applied.as_ref().map(ask).unwrap_or_default())
    }

    /// Says that not all was looked at, where that is so.
    pub(super) fn left_out(&self, review: &Review<'_>, rule: RuleId) -> Option<Finding> {
        let file = review.files.iter().chain(review.old).next()?;
        let is_cut = self.before.room.get() == 0 || self.after.room.get() == 0;
        is_cut.then(|| {
            let place = Location { file: file.path.clone(), line: 1, column: 1 };
            let message = "There are so many definitions, and so many Kustomizations apply them, that not all of them were looked at.";
            Finding::new(rule, Severity::Error, place, message)
                .with_help("Look at them yourself; where that is right, accept this finding with an exception in the policy.")
        })
    }
}

/// Whether a file holds a definition, or one of the things that decide what applies one.
fn says_what_is_applied(file: &ManifestFile) -> bool {
    let says = |group: &str, kind: &str| is_definition(group, kind) || group == "source.toolkit.fluxcd.io";
    let objects = || file.objects.iter().any(|object| is_sync(object) || says(object.group(), &object.kind));
    is_kustomization(&file.path) || objects()
}

impl<'a> Side<'a> {
    fn of(index: &'a RepositoryIndex) -> Self {
        let mut definitions: BTreeMap<String, Vec<Standing>> = BTreeMap::new();
        for (file, definition) in index.definitions() {
            definitions.entry(definition.name.clone()).or_default().push(Standing { file, definition });
        }
        Self { syncs: index.syncs(), definitions, room: Cell::new(MOST) }
    }

    /// Where a definition stands.
    pub(super) fn standing(&self, name: &str) -> &[Standing] {
        self.definitions.get(name).map_or(&[], Vec::as_slice)
    }

    /// Every definition with what applies it.
    pub(super) fn each(&self) -> impl Iterator<Item = (&str, Appliers)> {
        self.definitions.keys().map(|name| (name.as_str(), self.applying(name)))
    }

    /// What applies a definition, with what is written in it, too.
    pub(super) fn applying(&self, name: &str) -> Appliers {
        let mut found = Appliers::default();
        for Standing { file, definition } in self.standing(name) {
            if self.room.get() == 0 {
                break;
            }
            let mut appliers = self.syncs.applying(file);
            for applying in &mut appliers.syncs {
                applying.marks = definition.marks.under(applying.marks);
            }
            self.room.set(self.room.get().saturating_sub(1 + appliers.syncs.len()));
            found.absorb(appliers);
        }
        found
    }
}

/// So many names of definitions are told.
const NAMES: usize = 5;

/// Some names of definitions, for a message.
pub(super) fn named(names: &[&str]) -> String {
    let told: Vec<String> = names.iter().take(NAMES).map(|name| format!("`{}`", shown(name))).collect();
    let more = if names.len() > NAMES { format!(" and {} more", names.len() - NAMES) } else { String::new() };
    format!("{}{more}", told.join(", "))
}
