//! What a kustomization gathers before it changes it.

use std::collections::BTreeSet;

use crate::manifest::{EntryPlace, ObjectScope, builtin_scope};
use crate::names::RepoPath;
use crate::tenancy::{ObjectId, RepositoryIndex};

/// Whether a kustomization surely gathers an object of this id: a file below it writes it so.
pub(super) fn holds(index: &RepositoryIndex, own: &RepoPath, id: &ObjectId) -> bool {
    let namespace = id.namespace.as_deref().filter(|name| *name != "default");
    // No namespace and `default` are the same to kustomize.
    let spellings = if namespace.is_some() { vec![namespace] } else { vec![None, Some("default")] };
    spellings.into_iter().any(|namespace| {
        let written = id.in_namespace(namespace);
        index.objects_with_id(&written).any(|file| index.built_into(&file).contains(own))
    })
}

/// Whether a kustomization may gather an object of this id: one is written so or may be called so on the way, or
/// there are parts that stand in no file or were not read.
pub(super) fn may_hold(index: &RepositoryIndex, own: &RepoPath, id: &ObjectId) -> bool {
    holds(index, own, id) || Below::of(index, own).may_hold(id)
}

/// Everything below a kustomization.
struct Below<'a> {
    index: &'a RepositoryIndex,
    files: BTreeSet<RepoPath>,
    /// Whether something is not seen, whatever it is.
    unseen: bool,
    /// Whether ConfigMaps and Secrets are generated below.
    generates: bool,
    /// Whether names are changed below.
    renames: bool,
    namespaces: BTreeSet<String>,
}

impl<'a> Below<'a> {
    fn of(index: &'a RepositoryIndex, own: &RepoPath) -> Self {
        let files = index.files_named_by(vec![own.clone()]);
        let namespaces = BTreeSet::new();
        let mut below = Self { index, files, unseen: false, generates: false, renames: false, namespaces };
        for path in below.files.iter().chain([own]) {
            let Some(file) = index.file(path) else { continue };
            let kustomization = file.kustomization();
            below.unseen |= file.is_unreadable() || !file.is_manifest();
            below.unseen |= kustomization.as_ref().is_some_and(|one| one.has_plugins);
            below.unseen |= file.entries().any(|entry| entry.place == EntryPlace::Remote);
            // What it does itself comes later.
            let Some(kustomization) = kustomization.filter(|_| path != own) else { continue };
            below.generates |= kustomization.generates;
            below.renames |= !kustomization.prefix.is_empty() || !kustomization.suffix.is_empty();
            below.namespaces.extend(kustomization.namespace);
        }
        below
    }

    fn may_hold(&self, id: &ObjectId) -> bool {
        let generated = id.group.is_empty() && matches!(id.kind.as_str(), "ConfigMap" | "Secret");
        if self.unseen || self.generates && generated {
            return true;
        }
        let mut objects = self.files.iter().filter_map(|path| self.index.file(path)).flat_map(|file| file.objects());
        objects.any(|object| self.may_be(&object.id, id))
    }

    fn may_be(&self, written: &ObjectId, id: &ObjectId) -> bool {
        let place = |id: &ObjectId| id.namespace.clone().filter(|name| name != "default");
        let cluster_wide = builtin_scope(&id.group, &id.kind) == Some(ObjectScope::Cluster);
        let put = || id.namespace.as_ref().is_some_and(|name| self.namespaces.contains(name));
        // Of a Namespace, the namespace that is put in becomes the name.
        let named = id.kind == "Namespace" && self.namespaces.contains(&id.name);
        let name = written.name == id.name || self.renames && id.name.contains(&written.name) || named;
        (&written.group, &written.kind) == (&id.group, &id.kind)
            && name
            && (cluster_wide || place(written) == place(id) || put())
    }
}
