//! Whether what an exception is for is in the repository.

use std::collections::BTreeSet;

use super::{Exception, JudgedPolicy, Target, TargetObject, path};
use crate::manifest::ManifestFile;
use crate::rules::Review;
use crate::tenancy::{ObjectId, RepositoryIndex};

/// Where the object and the file that an exception names are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Presence {
    /// Whether the change finds them.
    pub(super) before: bool,
    /// Whether it leaves them; also where nobody has to know.
    pub(super) after: bool,
}

/// Of each of these exceptions. All files are looked at, and only where one of the exceptions may be told of: a change
/// that touches neither the policy nor what it names costs nothing.
pub(super) fn presence(review: &Review<'_>, policy: JudgedPolicy<'_>, exceptions: &[&Exception]) -> Vec<Presence> {
    let of = |exception: &&Exception| {
        let before = stands(review.old, &exception.target);
        let asked = before || policy.is_whole() || policy.is_new(exception);
        Presence { before, after: !asked || stands(review.files, &exception.target) }
    };
    let mut found: Vec<Presence> = exceptions.iter().map(of).collect();
    if found.iter().any(|presence| !presence.after) {
        let names = Names::of(review.after);
        for file in review.after.files() {
            let path = file.path();
            let ids: Vec<ObjectId> = file.objects().map(|object| object.id).collect();
            for (exception, presence) in exceptions.iter().zip(&mut found).filter(|(_, presence)| !presence.after) {
                let Target { object, path: pattern } = &exception.target;
                presence.after = pattern.as_ref().is_none_or(|pattern| path::fits(pattern, path.as_str()))
                    && object.as_ref().is_none_or(|object| ids.iter().any(|id| names.may_be(object, id)));
            }
        }
    }
    found
}

/// Whether it stands in one of these files.
fn stands(files: &[ManifestFile], Target { object, path }: &Target) -> bool {
    let fits = |file: &&ManifestFile| path.as_ref().is_none_or(|pattern| path::fits(pattern, file.path.as_str()));
    files
        .iter()
        .filter(fits)
        .any(|file| object.as_ref().is_none_or(|object| file.objects.iter().any(|one| object.is(&one.reference()))))
}

/// What kustomizations do to the names of objects: a finding in what was built names an object as it is then.
struct Names {
    renamed: bool,
    namespaces: BTreeSet<String>,
}

impl Names {
    fn of(index: &RepositoryIndex) -> Self {
        let mut names = Self { renamed: false, namespaces: BTreeSet::new() };
        for kustomization in index.files().filter_map(|file| file.kustomization()) {
            names.renamed |= !kustomization.prefix.is_empty() || !kustomization.suffix.is_empty();
            names.namespaces.extend(kustomization.namespace);
        }
        names
    }

    /// Whether an object is the wanted one, or may become it.
    fn may_be(&self, TargetObject { group, kind, namespace, name }: &TargetObject, id: &ObjectId) -> bool {
        (id.name == *name || self.renamed && name.contains(&id.name))
            && group.as_ref().is_none_or(|group| *group == id.group)
            && kind.as_ref().is_none_or(|kind| *kind == id.kind)
            && namespace.as_ref().is_none_or(|wanted| {
                id.namespace.as_ref().is_none_or(|is| is == wanted) || self.namespaces.contains(wanted)
            })
    }
}
