//! Patches that decide over borders: those that give Flux's controllers arguments, and those that say with whose
//! rights Flux applies something. What else a patch does is not read.

use super::flux::{Setting, of_deployment, setting, settings};
use crate::manifest::{self, Kustomization, ManifestFile, Node};

/// Such a patch.
#[derive(Debug, Clone, Default)]
pub(in crate::tenancy) struct PatchFact {
    /// The kind that it is for: a regular expression, as kustomize takes it; `None` for any.
    pub(in crate::tenancy) kind: Option<String>,
    /// The name, likewise.
    pub(in crate::tenancy) name: Option<String>,
    /// The file that holds what it does, as the kustomization names it; else it is written out.
    pub(in crate::tenancy) path: Option<String>,
    pub(in crate::tenancy) settings: Vec<Setting>,
    /// `spec.serviceAccountName`; empty where it is taken away.
    pub(in crate::tenancy) account: Option<String>,
    /// Whether it may change roles or bindings, which is not followed.
    pub(in crate::tenancy) rights: bool,
    pub(in crate::tenancy) line: u32,
}

/// Kinds whose rights somebody may want to patch.
const RIGHTS: [&str; 4] = ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];

/// The patches in a kustomization, or the operations in a file of them.
pub(in crate::tenancy) fn patches(file: &ManifestFile) -> Vec<PatchFact> {
    let roots = file.documents.iter();
    match Kustomization::of(file) {
        Some(_) => roots.flat_map(|root| of_kustomization(file, root)).collect(),
        None => roots.filter(|root| root.is_sequence()).filter_map(|root| relevant(operations(root, 0))).collect(),
    }
}

/// The patches of a `FluxInstance`.
pub(in crate::tenancy) fn of_instance(file: &ManifestFile, node: &Node) -> Vec<PatchFact> {
    let list = node.at(&["spec", "kustomize", "patches"]).into_iter().flat_map(Node::items);
    list.flat_map(|item| of_item(file, item)).collect()
}

fn of_kustomization(file: &ManifestFile, root: &Node) -> Vec<PatchFact> {
    let items = |field| root.get(field).into_iter().flat_map(Node::items);
    let listed = items("patches").chain(items("patchesJson6902")).flat_map(|item| of_item(file, item));
    let merged = items("patchesStrategicMerge").flat_map(|item| written_out(file, item));
    listed.chain(merged).collect()
}

fn of_item(file: &ManifestFile, item: &Node) -> Vec<PatchFact> {
    let word = |keys: &[&str]| item.at(keys).and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned);
    let (kind, name) = (word(&["target", "kind"]), word(&["target", "name"]));
    let rights = kind.as_deref().is_some_and(|kind| RIGHTS.contains(&kind));
    let line = item.start.line;
    let mut found = match (item.get("patch"), word(&["path"])) {
        (Some(patch), _) => written_out(file, patch),
        (None, Some(path)) if item.get("target").is_some() => {
            vec![PatchFact { path: Some(path), line, ..PatchFact::default() }]
        }
        _ => Vec::new(),
    };
    if rights && found.is_empty() {
        found.push(PatchFact { line, ..PatchFact::default() });
    }
    for patch in &mut found {
        patch.kind = kind.clone().or(patch.kind.take());
        patch.name = name.clone().or(patch.name.take());
        patch.rights |= rights;
    }
    found
}

/// A patch whose text stands in the kustomization.
fn written_out(file: &ManifestFile, node: &Node) -> Vec<PatchFact> {
    let Some(text) = node.text() else { return Vec::new() };
    if !text.contains("--") && !text.contains("serviceAccountName") {
        return Vec::new();
    }
    // In a block the text begins below its sign.
    let before = node.start.line - u32::from(!text.contains('\n'));
    let inner = manifest::read(file.path.clone(), text.as_bytes());
    let read = |root: &Node| relevant(if root.is_sequence() { operations(root, before) } else { merge(root, before) });
    inner.documents.iter().filter_map(read).collect()
}

fn relevant(patch: PatchFact) -> Option<PatchFact> {
    (!patch.settings.is_empty() || patch.account.is_some()).then_some(patch)
}

/// A strategic merge patch.
fn merge(root: &Node, before: u32) -> PatchFact {
    let word = |keys: &[&str]| root.at(keys).and_then(Node::text).map(str::to_owned);
    PatchFact {
        kind: word(&["kind"]),
        name: word(&["metadata", "name"]).map(|name| regex::escape(&name)),
        settings: of_deployment(root, before),
        account: root.at(&["spec", "serviceAccountName"]).map(account),
        line: before + root.start.line,
        ..PatchFact::default()
    }
}

fn account(node: &Node) -> String {
    node.text().filter(|_| !node.is_null()).unwrap_or_default().to_owned()
}

/// A list of operations (RFC 6902).
fn operations(root: &Node, before: u32) -> PatchFact {
    let mut patch = PatchFact { line: before + root.start.line, ..PatchFact::default() };
    for operation in root.items() {
        let word = |key| operation.get(key).and_then(Node::text);
        let (Some(does), Some(path)) = (word("op"), word("path")) else { continue };
        let value = operation.get("value").filter(|_| matches!(does, "add" | "replace"));
        if path == "/spec/serviceAccountName" && matches!(does, "add" | "replace" | "remove") {
            patch.account = Some(value.map(account).unwrap_or_default());
        }
        if let (Some(value), true) = (value, path.contains("/args")) {
            let one = value.text().and_then(|text| setting(text, before + value.start.line));
            patch.settings.extend(one);
            patch.settings.extend(settings(value, before));
        }
    }
    patch
}
