//! What kustomizations and Flux's `Kustomization`s put into what they apply, as parts of a file's row.

use super::list;
use crate::manifest::Position;
use crate::rbac::Labels;
use crate::tenancy::ObjectSummary;
use crate::tenancy::facts::SyncFact;
use crate::tenancy::table::{Content, Reader};

/// The key of what changes all that is taken from a directory; that of the root is not empty.
pub(in crate::tenancy) fn putting_key(directory: &str) -> Vec<u8> {
    [b"/", directory.as_bytes()].concat()
}

/// A prefix or a suffix, by which the row is found; nothing for one that is empty.
pub(super) fn write_name(part: &mut Content, list: usize, name: &str) {
    if name.is_empty() { part.text(name) } else { part.key(list, name.as_bytes()) }
}

/// Labels, by whose keys the row is found.
pub(super) fn write_labels(part: &mut Content, labels: &Labels) {
    part.number(labels.len());
    for (key, value) in labels {
        part.key(list::LABELLING, key.as_bytes());
        part.text(value);
    }
}

pub(super) fn read_labels(part: &mut Reader<'_>) -> Labels {
    part.list(|part| (part.owned(), part.owned())).into_iter().collect()
}

/// What a Flux `Kustomization` changes besides the namespace.
pub(super) fn write(part: &mut Content, sync: &SyncFact, objects: &[ObjectSummary]) {
    let may_be_own = may_be_own(sync, objects);
    for directory in sync.directories() {
        // Most teams name the root, and mean that of their own repository.
        if directory.is_empty() && !may_be_own {
            part.bytes(&[]);
        } else {
            part.key(list::PUTTING, &putting_key(&directory));
        }
    }
    write_name(part, list::PREFIXES, &sync.prefix);
    write_name(part, list::SUFFIXES, &sync.suffix);
    write_labels(part, &sync.labels);
}

pub(super) fn read(part: &mut Reader<'_>, components: &[(String, Position)]) -> (String, String, Labels) {
    for _directory in 0..=components.len() {
        part.bytes();
    }
    (part.owned(), part.owned(), read_labels(part))
}

/// Whether nothing in the file says already that the source is another repository, as `RepositoryIndex::is_own` would
/// find it.
fn may_be_own(sync: &SyncFact, objects: &[ObjectSummary]) -> bool {
    let Some(source) = sync.source.as_ref().filter(|_| sync.from_git) else { return false };
    let declares = |object: &ObjectSummary| {
        let id = &object.id;
        let here = [None, source.namespace.as_deref(), sync.namespace.as_deref()].contains(&id.namespace.as_deref());
        here && id.kind == "GitRepository" && id.group == "source.toolkit.fluxcd.io" && id.name == source.name
    };
    source.name == super::super::puts::BOOTSTRAP || !objects.iter().any(declares)
}
