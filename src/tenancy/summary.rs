//! What the index keeps of a file: enough to know teams, reachability and doubles, and no tree.

use std::borrow::Cow;

use crate::manifest::{
    EntryPlace, EntryRole, Kustomization, ManifestFile, Node, Object, ObjectScope, PatchTarget, Position,
    builtin_scope, is_source_ignore,
};
use crate::names::RepoPath;
use crate::rbac::Labels;

use super::Marks;
use super::facts::{Fact, facts, flux, patches};
use super::puts::labels_of_kustomization;

/// Which object, as Kubernetes tells them apart: the version does not count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// The API group, empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace as written.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl ObjectId {
    /// The id of an object as it is written.
    pub fn of(object: &Object) -> Self {
        let cluster_wide = builtin_scope(object.group(), &object.kind) == Some(ObjectScope::Cluster);
        Self {
            group: object.group().to_owned(),
            kind: object.kind.clone(),
            namespace: object.namespace.clone().filter(|_| !cluster_wide),
            name: object.name.clone(),
        }
    }

    /// The same object in another namespace.
    #[must_use]
    pub fn in_namespace(&self, namespace: Option<&str>) -> Self {
        Self { namespace: namespace.map(str::to_owned), ..self.clone() }
    }
}

/// An object and where it stands in its file.
#[derive(Debug, Clone)]
pub struct ObjectSummary {
    /// Which.
    pub id: ObjectId,
    /// The line, from 1.
    pub line: u32,
}

/// Something that a kustomization names.
#[derive(Debug, Clone)]
pub struct SummaryEntry {
    /// What is done with it.
    pub role: EntryRole,
    /// As it is written.
    pub text: String,
    /// Where in the repository; `None` for what is elsewhere (see `place`) or leaves the repository.
    pub target: Option<RepoPath>,
    /// Of this repository, or remote.
    pub place: EntryPlace,
    /// The field that holds it.
    pub field: Cow<'static, str>,
    /// Where it is written.
    pub position: Position,
    /// What a patch file changes, where the kustomization says it and not the file.
    pub patched: Option<PatchTarget>,
}

impl SummaryEntry {
    /// Whether it tells kustomize which fields of which kinds it changes.
    pub(super) fn is_configuration(&self) -> bool {
        self.field == "configurations"
    }
}

/// What a kustomization does to what it names.
#[derive(Debug, Clone, Default)]
pub struct KustomizationSummary {
    /// `namespace`, put into every namespaced object.
    pub namespace: Option<String>,
    /// What it puts before every name.
    pub prefix: String,
    /// What it puts behind every name.
    pub suffix: String,
    /// The labels that it puts on everything.
    pub labels: Labels,
    /// Whether it is a component.
    pub is_component: bool,
    /// Whether it makes ConfigMaps or Secrets that stand in no file.
    pub generates: bool,
    /// Whether plug-ins or charts make objects that stand in no file.
    pub has_plugins: bool,
    /// Whether it changes fields of objects.
    pub patches: bool,
    /// What it puts on everything.
    pub marks: Marks,
}

/// A custom kind that a CRD defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The name of the CRD.
    pub name: String,
    /// The API group of the kind.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The kind of a list of them.
    pub list_kind: String,
    /// Where its objects live.
    pub scope: ObjectScope,
    /// What its objects are called in the API's paths and by people: plural, singular and short names.
    pub words: Vec<String>,
    /// What its own labels and annotations tell Flux.
    pub marks: Marks,
}

/// What the index keeps of a file.
#[derive(Debug, Clone, Default)]
pub struct FileSummary {
    /// Its objects.
    pub objects: Vec<ObjectSummary>,
    /// What it names, where it is a kustomization (or a `.flux.yaml`, which names a patch file).
    pub entries: Vec<SummaryEntry>,
    /// Set where it is a kustomization.
    pub kustomization: Option<KustomizationSummary>,
    /// Whether it is a manifest that could not be read.
    pub unreadable: bool,
    /// Whether it was read as a manifest at all.
    pub manifest: bool,
    pub(super) definitions: Vec<Definition>,
    pub(super) facts: Vec<Fact>,
}

impl FileSummary {
    /// A file that is no manifest: only its existence counts.
    pub fn other() -> Self {
        Self::default()
    }

    /// The summary of a manifest.
    pub fn of(file: &ManifestFile) -> Self {
        if is_source_ignore(&file.path) {
            let lines = super::ignore::lines(&file.source).map(str::to_owned).collect();
            return Self { unreadable: !file.problems.is_empty(), facts: vec![Fact::Ignore(lines)], ..Self::default() };
        }
        let mut summary = Self { manifest: true, unreadable: !file.problems.is_empty(), ..Self::default() };
        if let Some(kustomization) = Kustomization::of(file) {
            summary.take_kustomization(file, &kustomization);
        }
        if file.path.file_name() == ".flux.yaml" {
            summary.entries.extend(flux_patch(file));
        }
        for object in &file.objects {
            summary.objects.push(ObjectSummary { id: ObjectId::of(object), line: object.node.start.line });
            summary.definitions.extend(definition(object));
            summary.facts.extend(facts(object));
            if object.kind == "GitRepository" {
                // That is a source as well.
                summary.facts.extend(flux::fact(object).map(Fact::Flux));
            }
            if object.kind == flux::INSTANCE || object.group() == "kustomize.toolkit.fluxcd.io" {
                summary.facts.extend(patches::of_object(file, object).into_iter().map(Fact::Patch));
            }
            let is_controller = matches!(summary.facts.last(), Some(Fact::Controller(_)));
            if !is_controller {
                summary.facts.extend(patches::of_deployment(object).map(Fact::Patch));
            }
        }
        summary.facts.extend(patches::patches(file).into_iter().map(Fact::Patch));
        summary
    }

    fn take_kustomization(&mut self, file: &ManifestFile, kustomization: &Kustomization) {
        let root = file.documents.first();
        self.kustomization = Some(KustomizationSummary {
            namespace: kustomization.namespace.as_ref().map(|(name, _)| name.clone()),
            prefix: kustomization.prefix.clone(),
            suffix: kustomization.suffix.clone(),
            labels: root.map(labels_of_kustomization).unwrap_or_default(),
            is_component: kustomization.is_component,
            generates: kustomization.generates,
            has_plugins: kustomization.has_plugins,
            patches: kustomization.patches,
            marks: root.map(Marks::of_kustomization).unwrap_or_default(),
        });
        self.entries = kustomization
            .entries
            .iter()
            .map(|entry| SummaryEntry {
                role: entry.role,
                text: entry.text.clone(),
                target: local_target(&file.path, entry.place, &entry.text),
                place: entry.place,
                field: Cow::Borrowed(entry.field),
                position: entry.node.start,
                patched: entry.target.clone(),
            })
            .collect();
    }
}

fn local_target(kustomization: &RepoPath, place: EntryPlace, text: &str) -> Option<RepoPath> {
    match place {
        EntryPlace::Local => RepoPath::resolve(kustomization.directory(), text),
        EntryPlace::Remote => None,
    }
}

/// Flux v1 applies the patch file that `.flux.yaml` names (`patchUpdated.patchFile`) to what its
/// generator printed; its objects are patches.
fn flux_patch(file: &ManifestFile) -> Option<SummaryEntry> {
    let node = file.documents.first()?.at(&["patchUpdated", "patchFile"])?;
    let text = node.as_str()?;
    Some(SummaryEntry {
        role: EntryRole::Patch,
        text: text.to_owned(),
        target: RepoPath::resolve(file.path.directory(), text),
        place: EntryPlace::Local,
        field: Cow::Borrowed("patchUpdated"),
        position: node.start,
        patched: None,
    })
}

fn definition(object: &Object) -> Option<Definition> {
    if object.group() != "apiextensions.k8s.io" || object.kind != "CustomResourceDefinition" {
        return None;
    }
    let text = |path: &[&str]| object.node.at(path).and_then(Node::as_str);
    let scope = match text(&["spec", "scope"])? {
        "Cluster" => ObjectScope::Cluster,
        "Namespaced" => ObjectScope::Namespaced,
        _ => return None,
    };
    let (group, kind) = (text(&["spec", "group"])?.to_owned(), text(&["spec", "names", "kind"])?.to_owned());
    let written = |name| text(&["spec", "names", name]).filter(|text| !text.is_empty()).map(str::to_owned);
    let list_kind = written("listKind").unwrap_or_else(|| format!("{kind}List"));
    let singular = written("singular").unwrap_or_else(|| kind.to_lowercase());
    let short = object.node.at(&["spec", "names", "shortNames"]).into_iter().flat_map(Node::strings);
    let short = short.map(|(name, _)| name.to_owned());
    let words = written("plural").into_iter().chain([singular]).chain(short).collect();
    let marks = Marks::of_object(&object.node);
    Some(Definition { name: object.name.clone(), group, kind, list_kind, scope, words, marks })
}
