//! Which Flux `Kustomization`s apply which definitions, before a change and after it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Finds it out for the definitions that the change concerns; `None` where it concerns none.
    pub fn of(review: &Review<'a>) -> Option<Self> {
        let touched = Touched::of(review)?;
        let mut names = BTreeSet::new();
        for index in [review.whole_before, review.after] {
            let concerned = index.definitions().filter(|(file, _)| touched.concerns(index, file));
            names.extend(concerned.map(|(_, definition)| definition.name));
        }
        let side = |index| Side::of(index, &names);
        (!names.is_empty()).then(|| Self { before: side(review.whole_before), after: side(review.after) })
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

/// What a change touches of all that decides what applies a file.
struct Touched<'a> {
    files: BTreeSet<&'a RepoPath>,
    kustomizations: BTreeSet<&'a RepoPath>,
    /// The directories in which one comes or goes: there Flux takes something else by itself.
    directories: BTreeSet<&'a str>,
    /// Whether it touches what may apply anything here.
    syncs: bool,
}

impl<'a> Touched<'a> {
    /// `None` where nothing of it is touched.
    fn of(review: &Review<'a>) -> Option<Self> {
        let changed = || review.files.iter().chain(review.old);
        let defines = |file: &&ManifestFile| file.objects.iter().any(|it| is_definition(it.group(), &it.kind));
        let kustomizations: BTreeSet<&RepoPath> =
            changed().map(|file| &file.path).filter(|path| is_kustomization(path)).collect();
        let comes_or_goes =
            |path: &RepoPath| review.whole_before.contains_file(path) != review.after.contains_file(path);
        let touched = Self {
            files: changed().filter(defines).map(|file| &file.path).collect(),
            directories: kustomizations
                .iter()
                .filter(|path| comes_or_goes(path))
                .map(|path| path.directory())
                .collect(),
            kustomizations,
            syncs: changed().any(|file| says_what_is_applied(review, file)),
        };
        let nothing = touched.files.is_empty() && touched.kustomizations.is_empty() && !touched.syncs;
        (!nothing).then_some(touched)
    }

    /// Whether something else may apply a file than before.
    fn concerns(&self, index: &RepositoryIndex, file: &RepoPath) -> bool {
        if self.syncs || self.files.contains(file) {
            return true;
        }
        let is_below = |path: &RepoPath| directories(path.directory()).any(|above| self.directories.contains(above));
        is_below(file) || index.built_into(file).iter().any(|by| self.kustomizations.contains(by) || is_below(by))
    }
}

/// A directory and those above it, the root's empty name last.
fn directories(directory: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(directory), |directory| {
        (!directory.is_empty()).then(|| directory.rsplit_once('/').map_or("", |(above, _)| above))
    })
}

/// Whether a file holds a `Kustomization` that may apply files of this repository, or a source of the platform's.
fn says_what_is_applied(review: &Review<'_>, file: &ManifestFile) -> bool {
    let sides = [review.whole_before, review.after];
    let is_team = || sides.iter().any(|index| index.team_of_path(&file.path).is_some());
    let is_source = file.objects.iter().any(|object| object.group() == "source.toolkit.fluxcd.io") && !is_team();
    is_source || file.objects.iter().any(is_sync) && sides.iter().any(|index| index.may_sync_itself(&file.path))
}

impl<'a> Side<'a> {
    fn of(index: &'a RepositoryIndex, names: &BTreeSet<String>) -> Self {
        let mut definitions: BTreeMap<String, Vec<Standing>> = BTreeMap::new();
        for (file, definition) in index.definitions().filter(|(_, definition)| names.contains(&definition.name)) {
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

/// So many objects of one name are looked at: the others would say the same.
pub(super) const ALIKE: usize = 100;
/// So many names of definitions are told.
const NAMES: usize = 5;

/// Some names of definitions, for a message.
pub(super) fn named(names: &[&str]) -> String {
    let told: Vec<String> = names.iter().take(NAMES).map(|name| format!("`{}`", shown(name))).collect();
    let more = if names.len() > NAMES { format!(" and {} more", names.len() - NAMES) } else { String::new() };
    format!("{}{more}", told.join(", "))
}
