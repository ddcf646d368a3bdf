//! A file's summary as the index keeps it: a row of a table, read where it is looked at.

mod facts;
pub(super) mod flux;
pub(super) mod puts;
pub(super) mod rights;
pub(super) mod team;

use super::facts::Fact;
use super::table::{Content, Reader, Row, Writer};
use super::{Definition, FileSummary, KustomizationSummary, Marks, ObjectId, ObjectSummary, SummaryEntry};
use crate::manifest::{EntryPlace, EntryRole, ObjectScope, PatchTarget};
use crate::names::RepoPath;
use crate::rbac::Labels;

/// The lists of the table of files.
pub(super) mod list {
    /// Objects, by [`object_key`](super::object_key).
    pub(in crate::tenancy) const OBJECTS: usize = 0;
    /// Entries, by [`entry_key`](super::entry_key).
    pub(in crate::tenancy) const ENTRIES: usize = 1;
    /// Kustomizations, and those of Flux, that force a namespace, by that.
    pub(in crate::tenancy) const FORCING: usize = 2;
    /// Definitions of kinds, by [`definition_key`](super::definition_key).
    pub(in crate::tenancy) const DEFINITIONS: usize = 3;
    /// Flux `Kustomization`s, by their directories.
    pub(in crate::tenancy) const FLUX_PATHS: usize = 4;
    /// Definitions of kinds, by the groups of these.
    pub(in crate::tenancy) const DEFINED_GROUPS: usize = 5;
    /// Flux `Kustomization`s, by their names.
    pub(in crate::tenancy) const SYNCS: usize = 6;
    /// Flux `Kustomization`s, by the directories of their components.
    pub(in crate::tenancy) const COMPONENTS: usize = 7;
    /// What says which files source-controller leaves out.
    pub(in crate::tenancy) const IGNORES: usize = 8;
    /// Roles, by [`role_key`](super::rights::role_key).
    pub(in crate::tenancy) const ROLES: usize = 9;
    /// Bindings, by the same of the roles that they give.
    pub(in crate::tenancy) const GIVEN: usize = 10;
    /// Bindings, by [`subject_key`](super::rights::subject_key) of each of their subjects.
    pub(in crate::tenancy) const SUBJECTS: usize = 11;
    /// ClusterRoles with labels or an aggregation: one key for all of them.
    pub(in crate::tenancy) const AGGREGATION: usize = 12;
    /// How Flux's controllers are started, and patches of that: one key for all of it.
    pub(in crate::tenancy) const SETTINGS: usize = 13;
    /// Flux `Kustomization`s and `HelmRelease`s, by the names of their sources.
    pub(in crate::tenancy) const TAKEN: usize = 14;
    /// Flux `Kustomization`s that change what they apply, by [`putting_key`](super::puts::putting_key).
    pub(in crate::tenancy) const PUTTING: usize = 15;
    /// Kustomizations, and those of Flux, that put something before names, by that.
    pub(in crate::tenancy) const PREFIXES: usize = 16;
    /// The same of what they put behind names.
    pub(in crate::tenancy) const SUFFIXES: usize = 17;
    /// Those that put labels on, by the keys of these.
    pub(in crate::tenancy) const LABELLING: usize = 18;
}

/// What stands first in a row.
const MANIFEST: usize = 1;
const UNREADABLE: usize = 2;
const KUSTOMIZATION: usize = 4;
const FORCES_NAMESPACE: usize = 8;
/// Set, so that no row is empty.
const THERE: usize = 16;
/// Whether anything else stands behind.
const MORE: usize = 32;
const COMPONENT: usize = 64;
const GENERATES: usize = 128;
const PLUGINS: usize = 256;
const PATCHES: usize = 512;
const LABELS: usize = 1024;
/// Above the others stand the marks.
const MARKS: usize = 2048;

/// What stands first in an entry, with its role in the lowest bits.
const REMOTE: usize = 4;
const HAS_TARGET: usize = 8;
/// The target is the text, below the kustomization's directory.
const BELOW: usize = 16;
const PATCHED: usize = 32;

/// The roles of entries.
pub(super) const ROLES: [EntryRole; 4] =
    [EntryRole::Resource, EntryRole::Configuration, EntryRole::Patch, EntryRole::Data];

/// The key of an object.
pub(super) fn object_key(id: &ObjectId) -> Vec<u8> {
    let mut key = Writer::default();
    key.word(&id.group);
    key.word(&id.kind);
    key.optional(id.namespace.as_deref());
    key.text(&id.name);
    key.into_bytes()
}

fn object_id(key: &[u8]) -> ObjectId {
    let mut key = Reader::new(key);
    ObjectId {
        group: key.word().into_owned(),
        kind: key.word().into_owned(),
        namespace: key.optional(),
        name: key.owned(),
    }
}

/// The key of what names `target` in a role.
pub(super) fn entry_key(target: &RepoPath, role: EntryRole) -> Vec<u8> {
    let mut key = target.as_str().as_bytes().to_vec();
    key.push(b'0' + role_number(role));
    key
}

/// The key of the definition of a kind.
pub(super) fn definition_key(group: &str, kind: &str) -> Vec<u8> {
    let mut key = Writer::default();
    key.text(group);
    key.text(kind);
    key.into_bytes()
}

fn role_number(role: EntryRole) -> u8 {
    match role {
        EntryRole::Resource => 0,
        EntryRole::Configuration => 1,
        EntryRole::Patch => 2,
        EntryRole::Data => 3,
    }
}

/// The row of a file.
pub(super) fn content(path: &RepoPath, summary: &FileSummary) -> Content {
    let kustomization = summary.kustomization.as_ref();
    let forced = kustomization.and_then(|kustomization| kustomization.namespace.as_deref());
    let FileSummary { objects, entries, definitions, facts: said, .. } = summary;
    let more = !(objects.is_empty() && entries.is_empty() && definitions.is_empty() && said.is_empty());
    let flags = [
        (summary.manifest, MANIFEST),
        (summary.unreadable, UNREADABLE),
        (kustomization.is_some(), KUSTOMIZATION),
        (forced.is_some(), FORCES_NAMESPACE),
        (kustomization.is_some_and(|kustomization| kustomization.patches), PATCHES),
        (true, THERE),
        (more, MORE),
        (kustomization.is_some_and(|kustomization| kustomization.is_component), COMPONENT),
        (kustomization.is_some_and(|kustomization| kustomization.generates), GENERATES),
        (kustomization.is_some_and(|kustomization| kustomization.has_plugins), PLUGINS),
        (kustomization.is_some_and(|kustomization| !kustomization.labels.is_empty()), LABELS),
    ];
    let mut row = Content::default();
    let set: usize = flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum();
    row.number(set + MARKS * kustomization.map(|kustomization| kustomization.marks.number()).unwrap_or_default());
    if let Some(kustomization) = kustomization {
        forced.into_iter().for_each(|namespace| row.key(list::FORCING, namespace.as_bytes()));
        puts::write_name(&mut row, list::PREFIXES, &kustomization.prefix);
        puts::write_name(&mut row, list::SUFFIXES, &kustomization.suffix);
        if !kustomization.labels.is_empty() {
            row.part(|part| puts::write_labels(part, &kustomization.labels));
        }
    }
    if more {
        row.part(|part| objects.iter().for_each(|object| write_object(part, object)));
        row.part(|part| entries.iter().for_each(|entry| write_entry(part, path, entry)));
        row.part(|part| definitions.iter().for_each(|definition| write_definition(part, definition)));
        row.part(|part| said.iter().for_each(|fact| facts::write(part, fact, objects)));
    }
    row
}

fn write_object(part: &mut Content, object: &ObjectSummary) {
    part.key(list::OBJECTS, &object_key(&object.id));
    part.number(object.line as usize);
}

/// The key comes first, where there is one, so that what stands behind a key is the rest of its entry.
fn write_entry(part: &mut Content, path: &RepoPath, entry: &SummaryEntry) {
    let below = entry.target.as_ref().and_then(|target| target.below(path.directory())) == Some(&entry.text);
    let flags = [
        (entry.place == EntryPlace::Remote, REMOTE),
        (entry.target.is_some(), HAS_TARGET),
        (below, BELOW),
        (entry.patched.is_some(), PATCHED),
    ];
    let set: usize = flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum();
    match &entry.target {
        Some(target) => part.key(list::ENTRIES, &entry_key(target, entry.role)),
        None => part.bytes(&[]),
    }
    part.number(set | usize::from(role_number(entry.role)));
    if !below {
        part.text(&entry.text);
    }
    part.word(&entry.field);
    part.position(entry.position);
    if let Some(patched) = &entry.patched {
        part.optional(patched.group.as_deref());
        part.optional(patched.kind.as_deref());
    }
}

fn read_entry(path: &str, key: &[u8], part: &mut Reader<'_>) -> SummaryEntry {
    let flags = part.number();
    let is = |flag| flags & flag != 0;
    let target = key.split_last().map(|(_, target)| String::from_utf8_lossy(target).into_owned());
    let target: Option<RepoPath> = target.filter(|_| is(HAS_TARGET)).map(path_again);
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let text = match target.as_ref().filter(|_| is(BELOW)).and_then(|target| target.below(directory)) {
        Some(text) => text.to_owned(),
        None => part.owned(),
    };
    SummaryEntry {
        role: ROLES[flags & 3],
        text,
        target,
        place: if is(REMOTE) { EntryPlace::Remote } else { EntryPlace::Local },
        field: part.word(),
        position: part.position(),
        patched: is(PATCHED).then(|| PatchTarget { group: part.optional(), kind: part.optional() }),
    }
}

/// A path that was one when it was written.
pub(super) fn path_again(path: impl Into<String>) -> RepoPath {
    RepoPath::try_from(path.into()).expect("only paths are written as paths")
}

fn write_definition(part: &mut Content, definition: &Definition) {
    part.key(list::DEFINITIONS, &definition_key(&definition.group, &definition.kind));
    part.key(list::DEFINED_GROUPS, definition.group.as_bytes());
    part.number(usize::from(definition.scope == ObjectScope::Cluster) + 2 * definition.marks.number());
    part.text(&definition.name);
    part.text(&definition.list_kind);
    part.list(definition.words.iter(), |part, word| part.text(word));
}

fn read_definition(part: &mut Reader<'_>) -> Definition {
    let mut key = Reader::new(part.bytes());
    let (group, kind) = (key.owned(), key.owned());
    part.bytes();
    let number = part.number();
    let scope = if number & 1 == 1 { ObjectScope::Cluster } else { ObjectScope::Namespaced };
    let (name, list_kind) = (part.owned(), part.owned());
    let marks = Marks::numbered(number / 2);
    Definition { name, group, kind, list_kind, scope, words: part.list(Reader::owned), marks }
}

/// What the index keeps of a file, in the same words as a [`FileSummary`]. Each value is made when it is
/// asked for: ask once.
#[derive(Debug, Clone, Copy)]
pub struct StoredSummary<'i>(Row<'i>);

impl<'i> StoredSummary<'i> {
    pub(super) fn new(row: Row<'i>) -> Self {
        Self(row)
    }

    fn has(&self, flag: usize) -> bool {
        self.0.read().number() & flag != 0
    }

    /// The file's path.
    pub fn path(&self) -> RepoPath {
        path_again(self.0.path)
    }

    /// The same as text.
    pub(super) fn path_text(&self) -> &'i str {
        self.0.path
    }

    /// Whether it was read as a manifest at all.
    pub fn is_manifest(&self) -> bool {
        self.has(MANIFEST)
    }

    /// Whether it is a manifest that could not be read.
    pub fn is_unreadable(&self) -> bool {
        self.has(UNREADABLE)
    }

    /// What it does as a kustomization, where it is one.
    pub fn kustomization(&self) -> Option<KustomizationSummary> {
        let mut row = self.0.read();
        let flags = row.number();
        (flags & KUSTOMIZATION != 0).then(|| KustomizationSummary {
            namespace: (flags & FORCES_NAMESPACE != 0).then(|| row.owned()),
            prefix: row.owned(),
            suffix: row.owned(),
            labels: match flags & LABELS {
                0 => Labels::new(),
                _ => puts::read_labels(&mut Reader::new(row.bytes())),
            },
            is_component: flags & COMPONENT != 0,
            generates: flags & GENERATES != 0,
            has_plugins: flags & PLUGINS != 0,
            patches: flags & PATCHES != 0,
            marks: Marks::numbered(flags / MARKS),
        })
    }

    /// Whether it is a kustomization that changes fields of objects.
    pub fn patches(&self) -> bool {
        self.has(PATCHES)
    }

    /// One of the parts behind that: objects, entries, definitions, facts.
    fn part(&self, number: usize) -> Reader<'i> {
        let mut row = self.0.read();
        let flags = row.number();
        if flags & MORE == 0 {
            return Reader::new(&[]);
        }
        let before = [FORCES_NAMESPACE, KUSTOMIZATION, KUSTOMIZATION, LABELS];
        let before = before.into_iter().filter(|flag| flags & flag != 0);
        for _ in 0..before.count() + number {
            row.bytes();
        }
        Reader::new(row.bytes())
    }

    /// Its objects.
    pub fn objects(&self) -> impl Iterator<Item = ObjectSummary> + use<'i> {
        all(self.part(0), |part| ObjectSummary { id: object_id(part.bytes()), line: part.small() })
    }

    /// What it names, where it is a kustomization (or a `.flux.yaml`, which names a patch file).
    pub fn entries(&self) -> impl Iterator<Item = SummaryEntry> + use<'i> {
        let path = self.0.path;
        all(self.part(1), move |part| {
            let key = part.bytes();
            read_entry(path, key, part)
        })
    }

    /// The entry that names `target` in a role, from what stands behind its key.
    pub(super) fn entry_behind(&self, (target, role): (&RepoPath, EntryRole), mut behind: Reader<'_>) -> SummaryEntry {
        read_entry(self.0.path, &entry_key(target, role), &mut behind)
    }

    pub(super) fn definitions(&self) -> impl Iterator<Item = Definition> + use<'i> {
        all(self.part(2), read_definition)
    }

    pub(super) fn facts(&self) -> impl Iterator<Item = Fact> + use<'i> {
        all(self.part(3), facts::read)
    }
}

fn all<'i, T>(mut part: Reader<'i>, mut one: impl FnMut(&mut Reader<'i>) -> T) -> impl Iterator<Item = T> {
    std::iter::from_fn(move || (!part.is_empty()).then(|| one(&mut part)))
}

#[cfg(test)]
mod tests;
