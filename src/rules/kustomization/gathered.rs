//! What a kustomization gathers before it changes it.

use std::collections::BTreeSet;

use crate::manifest::{EntryPlace, ObjectScope, builtin_scope};
use crate::names::RepoPath;
use crate::tenancy::{ObjectId, RepositoryIndex};

/// Everything below a kustomization. To make it costs a look at each file there.
pub(super) struct Gathered {
    /// Without a namespace where that is `default` or the kind has none: to kustomize these are the same.
    objects: BTreeSet<ObjectId>,
    /// Whether something is not seen, whatever it is.
    unseen: bool,
    /// Whether ConfigMaps and Secrets are generated below.
    generates: bool,
    /// Whether names are changed below.
    renames: bool,
    /// What is put in below.
    namespaces: BTreeSet<String>,
}

impl Gathered {
    /// What a kustomization gathers.
    pub(super) fn of(index: &RepositoryIndex, own: &RepoPath) -> Self {
        let mut gathered = Self {
            objects: BTreeSet::new(),
            unseen: false,
            generates: false,
            renames: false,
            namespaces: BTreeSet::new(),
        };
        for path in index.files_named_by(vec![own.clone()]).iter().filter(|path| *path != own).chain([own]) {
            let Some(file) = index.file(path) else { continue };
            let kustomization = file.kustomization();
            gathered.unseen |= file.is_unreadable() || !file.is_manifest();
            gathered.unseen |= kustomization.as_ref().is_some_and(|one| one.has_plugins);
            gathered.unseen |= file.entries().any(|entry| entry.place == EntryPlace::Remote);
            gathered.objects.extend(file.objects().map(|object| alike(&object.id)));
            // What it does itself comes later.
            let Some(kustomization) = kustomization.filter(|_| path != own) else { continue };
            gathered.generates |= kustomization.generates;
            gathered.renames |= !kustomization.prefix.is_empty() || !kustomization.suffix.is_empty();
            gathered.namespaces.extend(kustomization.namespace);
        }
        gathered
    }

    /// Whether it surely gathers an object of this id: a file writes it so.
    pub(super) fn holds(&self, id: &ObjectId) -> bool {
        self.objects.contains(&alike(id))
    }

    /// Whether it may gather an object of this id: one is written so or may be called so on the way, or there are
    /// parts that stand in no file or were not read.
    pub(super) fn may_hold(&self, id: &ObjectId) -> bool {
        let generated = id.group.is_empty() && matches!(id.kind.as_str(), "ConfigMap" | "Secret");
        if self.unseen || self.generates && generated || self.holds(id) {
            return true;
        }
        let changes = self.renames || !self.namespaces.is_empty();
        let id = alike(id);
        changes && self.objects.iter().any(|written| self.may_become(written, &id))
    }

    fn may_become(&self, written: &ObjectId, id: &ObjectId) -> bool {
        // Of a Namespace, the namespace that is put in becomes the name.
        let placed = id.kind == "Namespace" && self.namespaces.contains(&id.name);
        let named = written.name == id.name || self.renames && id.name.contains(&written.name) || placed;
        let put = |name| self.namespaces.contains(name);
        (&written.group, &written.kind) == (&id.group, &id.kind)
            && named
            && (written.namespace == id.namespace || put(id.namespace.as_deref().unwrap_or("default")))
    }
}

fn alike(id: &ObjectId) -> ObjectId {
    let cluster_wide = builtin_scope(&id.group, &id.kind) == Some(ObjectScope::Cluster);
    id.in_namespace(id.namespace.as_deref().filter(|name| !cluster_wide && *name != "default"))
}
