//! Patches that decide over borders: those that change how Flux's controllers are started, and those that say with
//! whose rights Flux applies something. What else a patch does is not read.

use super::borders;
use super::operations::operations;
use super::starts::{Change, Does, merged};
use crate::manifest::{self, Kustomization, ManifestFile, Node, Object};

/// Such a patch.
#[derive(Debug, Clone, Default)]
pub(in crate::tenancy) struct PatchFact {
    /// What it is for, by regular expressions as kustomize takes them; `None` for any.
    pub(in crate::tenancy) group: Option<String>,
    pub(in crate::tenancy) version: Option<String>,
    pub(in crate::tenancy) kind: Option<String>,
    pub(in crate::tenancy) name: Option<String>,
    pub(in crate::tenancy) namespace: Option<String>,
    /// `labelSelector`.
    pub(in crate::tenancy) labels: Option<String>,
    /// Whether it has an `annotationSelector`.
    pub(in crate::tenancy) annotations: bool,
    /// Whether its kustomization says what it is for, and not the patch.
    pub(in crate::tenancy) targeted: bool,
    /// The object of Flux's that has it, by its name; else it is a kustomization's.
    pub(in crate::tenancy) owner: Option<String>,
    /// The file that holds what it does, as the kustomization names it; else it is written out.
    pub(in crate::tenancy) path: Option<String>,
    pub(in crate::tenancy) changes: Vec<Change>,
    /// `spec.serviceAccountName`; empty where it is taken away.
    pub(in crate::tenancy) account: Option<String>,
    /// Whether it may touch what decides over borders (`borders.rs`) and is not followed there.
    pub(in crate::tenancy) borders: bool,
    pub(in crate::tenancy) line: u32,
}

/// Kinds that say how Flux's controllers are started.
const STARTED: [&str; 2] = ["Deployment", super::starts::INSTANCE];

/// The patches in a kustomization, or the operations in a file of them.
pub(in crate::tenancy) fn patches(file: &ManifestFile) -> Vec<PatchFact> {
    let roots = file.documents.iter();
    match Kustomization::of(file) {
        Some(_) => roots.flat_map(|root| of_kustomization(file, root)).collect(),
        None => roots.filter(|root| root.is_sequence()).filter_map(|root| of_list(file, root)).collect(),
    }
}

/// The patches of a `FluxInstance` or a Flux `Kustomization`.
pub(in crate::tenancy) fn of_object(file: &ManifestFile, object: &Object) -> Vec<PatchFact> {
    let places: [&[&str]; 4] = [
        &["spec", "kustomize", "patches"],
        &["spec", "patchesStrategicMerge"],
        &["spec", "patches"],
        &["spec", "patchesJson6902"],
    ];
    let list = places.into_iter().filter_map(|place| object.node.at(place)).flat_map(Node::items);
    let mut found: Vec<PatchFact> = list.flat_map(|item| of_item(file, item, 0)).collect();
    for patch in &mut found {
        // Accounts that such a patch gives are not followed: which objects it comes to is decided elsewhere.
        patch.borders |= patch.account.take().is_some();
    }
    found.retain(|patch| !patch.changes.is_empty() || patch.borders);
    found.iter_mut().for_each(|patch| patch.owner = Some(object.name.clone()));
    found
}

/// A Deployment that changes others and may be for any of them: what it is for stands where it is named.
pub(in crate::tenancy) fn of_deployment(object: &Object) -> Option<PatchFact> {
    let is_partial = object.kind == "Deployment" && object.node.at(&["spec", "selector"]).is_none();
    is_partial.then(|| merge(&object.node, 0)).filter(|patch| !patch.changes.is_empty())
}

/// In the order in which kustomize does it (kubernetes-sigs/kustomize, `kusttarget_configplugin.go`).
fn of_kustomization(file: &ManifestFile, root: &Node) -> Vec<PatchFact> {
    let items = |field| root.get(field).into_iter().flat_map(Node::items);
    let merged = items("patchesStrategicMerge").chain(items("patches"));
    let listed = merged.chain(items("patchesJson6902")).flat_map(|item| of_item(file, item, 0));
    let replaced = items("replacements").flat_map(replacement);
    let others = ["transformers", "openapi", "crds"].into_iter().filter_map(|field| root.get(field));
    listed.chain(replaced).chain(others.filter(|node| !node.is_null()).map(unknown)).collect()
}

/// Operations in a file of their own: what they are for stands where it is named.
fn of_list(file: &ManifestFile, root: &Node) -> Option<PatchFact> {
    let borders = borders::operations_decide(file, root, None, 0);
    relevant(PatchFact { borders, ..operations(root, 0) })
}

fn unknown(node: &Node) -> PatchFact {
    let (line, changes) = (node.start.line, vec![Change::whole(Does::Unknown, node.start.line)]);
    PatchFact { changes, targeted: true, borders: true, line, ..PatchFact::default() }
}

/// What a replacement puts into an argument stands elsewhere.
fn replacement(item: &Node) -> Vec<PatchFact> {
    let targets: Vec<&Node> = item.get("targets").into_iter().flat_map(Node::items).collect();
    if targets.is_empty() {
        return vec![unknown(item)];
    }
    let one = |target: &Node| {
        let mut patch = unknown(target);
        if let Some(select) = target.get("select") {
            selected(&mut patch, select);
        }
        let fields = target.get("fieldPaths").into_iter().flat_map(Node::strings);
        let fields: Vec<String> = fields.map(|(text, _)| text.to_owned()).collect();
        patch.borders = borders::replaces(known_kind(&patch), &fields);
        patch
    };
    let mut found: Vec<PatchFact> = targets.into_iter().map(one).collect();
    let may_start = |patch: &PatchFact| known_kind(patch).is_none_or(|kind| kind == "Deployment");
    found.retain(|patch| patch.borders || may_start(patch));
    found
}

/// The kind that a patch is for, where that is no expression for several.
pub(in crate::tenancy) fn known_kind(patch: &PatchFact) -> Option<&str> {
    patch.kind.as_deref().filter(|kind| kind.chars().all(char::is_alphanumeric))
}

/// What a patch is for.
fn selected(patch: &mut PatchFact, target: &Node) {
    let word = |key| target.get(key).and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned);
    (patch.group, patch.version, patch.kind) = (word("group"), word("version"), word("kind"));
    (patch.name, patch.namespace) = (word("name"), word("namespace"));
    (patch.labels, patch.annotations) = (word("labelSelector"), word("annotationSelector").is_some());
    patch.targeted = true;
}

/// One entry of a list of patches; `depth` patches lie around it.
pub(super) fn of_item(file: &ManifestFile, item: &Node, depth: u32) -> Vec<PatchFact> {
    let line = item.start.line;
    let path = item.get("path").and_then(Node::text).filter(|text| !text.is_empty());
    let target = item.get("target").filter(|node| !node.is_null());
    let mut aim = PatchFact::default();
    if let Some(target) = target {
        selected(&mut aim, target);
    }
    let aimed = Aimed { file, kind: known_kind(&aim), has_target: target.is_some(), depth };
    let mut all = match (item.get("patch"), path, item.text()) {
        (Some(patch), _, _) => aimed.written_out(patch),
        (_, _, Some(text)) if text.contains('\n') => aimed.written_out(item),
        (_, Some(path), _) | (_, _, Some(path)) => {
            vec![PatchFact { path: Some(path.to_owned()), line, ..PatchFact::default() }]
        }
        // A strategic merge patch may stand there as it is, in an object of Flux's.
        _ => aimed.read(item, 0).into_iter().collect(),
    };
    for patch in &mut all {
        if let Some(target) = target {
            selected(patch, target);
        }
        if known_kind(patch).is_some_and(|kind| !STARTED.contains(&kind)) {
            patch.changes.clear();
        }
    }
    all.retain(|patch| !patch.changes.is_empty() || patch.account.is_some() || patch.borders || patch.path.is_some());
    all
}

/// Where a patch stands, and what it is for.
struct Aimed<'a> {
    file: &'a ManifestFile,
    kind: Option<&'a str>,
    has_target: bool,
    depth: u32,
}

impl Aimed<'_> {
    /// A patch whose text stands in the kustomization.
    fn written_out(&self, node: &Node) -> Vec<PatchFact> {
        let Some(text) = node.text() else { return vec![unknown(node)] };
        // In a block the text begins below its sign.
        let before = node.start.line - u32::from(!text.contains('\n'));
        let Ok(inner) = manifest::documents(text.as_bytes()) else {
            return vec![PatchFact { targeted: false, ..unknown(node) }];
        };
        let found: Vec<PatchFact> = inner.iter().filter_map(|root| self.read(root, before)).collect();
        found
    }

    /// What a patch does, where that counts; `before` lines stand before its text.
    fn read(&self, root: &Node, before: u32) -> Option<PatchFact> {
        // A target without a kind, or with an expression, may be for anything, whatever the patch says of itself.
        let any = self.has_target && self.kind.is_none();
        relevant(match root.is_sequence() {
            true => {
                let borders = borders::operations_decide(self.file, root, self.kind, self.depth);
                PatchFact { borders, ..operations(root, before) }
            }
            false => {
                let borders = borders::merge_decides(self.file, root, self.kind, any, self.depth);
                PatchFact { borders, ..merge(root, before) }
            }
        })
    }
}

fn relevant(patch: PatchFact) -> Option<PatchFact> {
    (!patch.changes.is_empty() || patch.account.is_some() || patch.borders).then_some(patch)
}

/// A strategic merge patch.
fn merge(root: &Node, before: u32) -> PatchFact {
    let word = |keys: &[&str]| root.at(keys).and_then(Node::text).filter(|text| !text.is_empty());
    let exactly = |text: &str| regex::escape(text);
    let kind = word(&["kind"]);
    let is_list = kind.is_some_and(|kind| kind.ends_with("List"));
    let instance = kind == Some(super::starts::INSTANCE);
    let changes = match root.at(&["spec", "cluster"]).or_else(|| root.at(&["spec", "kustomize"])) {
        _ if is_list => vec![Change::whole(Does::Unknown, before + root.start.line)],
        Some(node) if instance => vec![Change::whole(Does::Unknown, before + node.start.line)],
        _ => merged(root, before),
    };
    PatchFact {
        kind: kind.filter(|_| !is_list).map(exactly),
        name: word(&["metadata", "name"]).filter(|_| !is_list).map(exactly),
        namespace: word(&["metadata", "namespace"]).map(exactly),
        group: word(&["apiVersion"]).and_then(|version| version.rsplit_once('/')).map(|(group, _)| exactly(group)),
        changes,
        account: root.at(&["spec", "serviceAccountName"]).map(account),
        line: before + root.start.line,
        ..PatchFact::default()
    }
}

pub(super) fn account(node: &Node) -> String {
    node.text().filter(|_| !node.is_null()).unwrap_or_default().to_owned()
}
