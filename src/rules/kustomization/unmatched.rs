//! Patches that kustomize refuses: they fit no object, or nothing says what they are for.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::cannot_build::finding;
use super::gathered::Gathered;
use super::generated::{GENERATORS, id_of};
use crate::finding::Finding;
use crate::manifest::{EntryRole, Kustomization, ManifestFile, Node, read};
use crate::names::RepoPath;
use crate::rules::{Review, shown};
use crate::tenancy::{ObjectId, RepositoryIndex, SummaryEntry};

const FIELDS: [&str; 2] = ["patches", JSON_ONLY];

/// The field whose patches are lists of operations, for one object by its name
/// (`api/internal/builtins/PatchJson6902Transformer.go`).
const JSON_ONLY: &str = "patchesJson6902";

const HELP: &str = "Name an object that is listed here as its own file names it, or remove the patch.";

/// What kustomize does with a JSON patch (RFC 6902).
const OPERATIONS: &[&str] = &["add", "remove", "replace", "move", "copy", "test"];

/// A patch: where it stands, what it says, and whether it has a target of its own.
struct Patch<'a> {
    field: &'static str,
    node: &'a Node,
    documents: Vec<Node>,
    ids: Vec<ObjectId>,
    targeted: bool,
    /// Whether it looks like JSON and is none.
    broken: bool,
}

/// Whether kustomize takes a text for JSON, by its first character, and it is none.
fn is_broken(text: &str) -> bool {
    text.starts_with('[') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
}

/// What kustomize refuses of a kustomization's patches (`api/internal/builtins/PatchTransformer.go`). A component
/// changes what others have gathered, so what its patches fit is not seen there.
pub(super) fn of_file(file: &ManifestFile, kustomization: &Kustomization, review: &Review<'_>) -> Vec<Finding> {
    let Some(root) = file.documents.first() else { return Vec::new() };
    let mut findings = Vec::new();
    let mut patches = Vec::new();
    for field in FIELDS {
        for item in root.get(field).into_iter().flat_map(Node::items) {
            match of_item(file, field, item, review) {
                Ok(patch) => patches.extend(patch),
                Err(message) => findings.push(finding(&file.path, item.start, field, message, "Write one of them.")),
            }
        }
    }
    for item in root.get("patchesStrategicMerge").into_iter().flat_map(Node::items) {
        patches.extend(of_text(file, item, review));
    }
    let made: Vec<ObjectId> = GENERATORS
        .iter()
        .flat_map(|(field, kind)| {
            root.get(field).into_iter().flat_map(Node::items).filter_map(|item| id_of(item, kind))
        })
        .collect();
    let gathered = OnceCell::new();
    for patch in patches {
        let told = |(message, help)| finding(&file.path, patch.node.start, patch.field, message, help);
        if let Some(wrong) = patch.documents.iter().find_map(|root| wrong(root, &patch)) {
            findings.push(told(wrong));
        } else if !patch.targeted && !kustomization.is_component {
            let fits = |id: &&ObjectId| {
                made.contains(id) || gathered.get_or_init(|| Gathered::of(review.after, &file.path)).may_hold(id)
            };
            let lost = patch.ids.iter().find(|id| !fits(id));
            findings.extend(lost.map(|id| told((unmatched(id), HELP))));
        }
    }
    findings
}

fn unmatched(id: &ObjectId) -> String {
    let place = id.namespace.as_ref().map(|namespace| format!(" in namespace `{}`", shown(namespace)));
    let (kind, name, place) = (shown(&id.kind), shown(&id.name), place.unwrap_or_default());
    format!("This patch is for {kind} `{name}`{place}, which is not listed here: kustomize refuses it.")
}

/// The patch of an item; an error where kustomize cannot tell what it is.
fn of_item<'a>(
    file: &ManifestFile,
    field: &'static str,
    item: &'a Node,
    review: &Review<'_>,
) -> Result<Option<Patch<'a>>, String> {
    let written =
        |key| item.get(key).filter(|node| node.text().is_some_and(|text| !text.is_empty()) && !node.is_null());
    let target = item.get("target").filter(|target| !target.is_null());
    let is_name = |name: &Node| name.text().is_some_and(|text| !text.is_empty());
    let targeted = target.is_some_and(|target| field != JSON_ONLY || target.get("name").is_some_and(is_name));
    match (written("patch"), written("path")) {
        (Some(_), Some(_)) => Err("This has both a `patch` and a `path`: kustomize refuses to choose.".to_owned()),
        (None, None) => Err("This has neither a `patch` nor a `path`: kustomize refuses it.".to_owned()),
        (Some(patch), None) => Ok(patch.text().and_then(|text| inline(field, patch, text, targeted))),
        (None, Some(path)) => {
            let target = path.text().and_then(|text| RepoPath::resolve(file.path.directory(), text));
            Ok(target.and_then(|target| named(field, path, &target, review)).map(|patch| Patch { targeted, ..patch }))
        }
    }
}

/// An item of `patchesStrategicMerge`: a file, or a patch written out.
fn of_text<'a>(file: &ManifestFile, item: &'a Node, review: &Review<'_>) -> Option<Patch<'a>> {
    let (field, text) = ("patchesStrategicMerge", item.text()?);
    let target = RepoPath::resolve(file.path.directory(), text).filter(|path| review.after.contains_file(path));
    match target {
        Some(target) => named(field, item, &target, review),
        None if text.contains([':', '\n']) => inline(field, item, text, false),
        None => None,
    }
}

fn inline<'a>(field: &'static str, node: &'a Node, text: &str, targeted: bool) -> Option<Patch<'a>> {
    let file = read("patch.yaml".parse().ok()?, text.as_bytes());
    let ids = file.objects.iter().map(ObjectId::of).collect();
    // What cannot be read is told by `kustomization/not-evaluated`.
    file.problems.is_empty().then_some(Patch {
        field,
        node,
        documents: file.documents,
        ids,
        targeted,
        broken: is_broken(text),
    })
}

/// A patch in a file. Of one that is not a part of the change only the objects are known.
fn named<'a>(field: &'static str, node: &'a Node, path: &RepoPath, review: &Review<'_>) -> Option<Patch<'a>> {
    let place = review.files.binary_search_by(|file| file.path.cmp(path));
    let changed = place.ok().and_then(|place| review.files.get(place));
    let documents = changed.map(|file| file.documents.clone()).unwrap_or_default();
    let ids = review.after.file(path)?.objects().map(|object| object.id).collect();
    let broken = changed.is_some_and(|file| is_broken(&file.source));
    Some(Patch { field, node, documents, ids, targeted: false, broken })
}

/// Why kustomize refuses a patch whatever it is for, and what mends it.
fn wrong(root: &Node, patch: &Patch<'_>) -> Option<(String, &'static str)> {
    let targeted = patch.targeted;
    if root.is_sequence() {
        let operation = |item: &Node| item.get("op").and_then(Node::as_str).unwrap_or_default().to_owned();
        let unknown = root.items().map(operation).find(|name| !OPERATIONS.contains(&name.as_str()));
        if patch.broken {
            let message = "A patch that starts with `[` is read as JSON, and this is none: kustomize refuses it.";
            return Some((message.to_owned(), "Write a list with `- `, or put keys and words in double quotes."));
        }
        if !targeted {
            let message = "This JSON patch does not say what it is for: kustomize refuses it.";
            return Some((message.to_owned(), "Give it a `target` with `kind` and `name`."));
        }
        let message =
            |name: String| format!("`{}` is no operation of a JSON patch: kustomize refuses it.", shown(&name));
        return unknown.map(|name| (message(name), "Use add, remove, replace, move, copy or test."));
    }
    if patch.field == JSON_ONLY {
        let message = "kustomize takes nothing but a list of operations here, and refuses this.";
        return Some((message.to_owned(), "Move it to `patches`."));
    }
    if !root.is_mapping() {
        let message = "This is neither an object nor a list of operations: kustomize refuses it as a patch.";
        return Some((message.to_owned(), "Write an object with `apiVersion`, `kind` and `metadata.name`."));
    }
    let written = |path: &[&str]| root.at(path).and_then(Node::text).is_some_and(|text| !text.is_empty());
    let is_list = root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    let needed: [(&str, &[&str]); 3] =
        [("kind", &["kind"]), ("metadata.name", &["metadata", "name"]), ("apiVersion", &["apiVersion"])];
    // With a target, the version is of no account.
    let needed = needed.iter().take(if targeted { 2 } else { 3 });
    let missing = needed.filter(|(name, path)| !(written(path) || is_list && *name == "metadata.name"));
    let message = |name: &str| format!("This patch has no `{name}`: kustomize refuses it.");
    missing.map(|(name, _)| (message(name), "Write it as the patched object has it.")).next()
}

/// Patch files of kustomizations that are no part of the change: a changed file that fits nothing, and one whose
/// object the change takes away.
pub(super) fn of_review(review: &Review<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    for object in review.objects() {
        let id = ObjectId::of(object);
        let lost =
            patched_by(review, &object.file).any(|(by, _)| !gathered(&mut after, review.after, &by).may_hold(&id));
        let node = object.node.at(&["metadata", "name"]).unwrap_or(&object.node);
        findings.extend(lost.then(|| finding(&object.file, node.start, "metadata.name", unmatched(&id), HELP)));
    }
    let dropped = review.dropped.keys().filter_map(|path| review.before.file(path));
    let dropped = dropped.flat_map(|file| file.objects()).map(|object| object.id);
    for id in review.old_objects().map(ObjectId::of).chain(dropped) {
        for file in review.after.objects_with_id(&id).filter(|file| !review.has(file)) {
            for (by, entry) in patched_by(review, &file) {
                let was = gathered(&mut before, review.before, &by).holds(&id);
                let told = was && !gathered(&mut after, review.after, &by).may_hold(&id);
                findings.extend(told.then(|| finding(&by, entry.position, &entry.field, unmatched(&id), HELP)));
            }
        }
    }
    findings
}

/// What a kustomization gathers, found out once.
fn gathered<'a>(known: &'a mut BTreeMap<RepoPath, Gathered>, index: &RepositoryIndex, by: &RepoPath) -> &'a Gathered {
    known.entry(by.clone()).or_insert_with(|| Gathered::of(index, by))
}

/// The unchanged kustomizations that take a file for a patch that says itself what it is for.
fn patched_by<'a>(review: &'a Review<'_>, file: &'a RepoPath) -> impl Iterator<Item = (RepoPath, SummaryEntry)> {
    review.after.named_by(file).filter(|(by, entry)| {
        let kustomization = review.after.file(by).and_then(|file| file.kustomization());
        entry.role == EntryRole::Patch
            && entry.patched.is_none()
            && matches!(&*entry.field, "patches" | "patchesStrategicMerge")
            && kustomization.is_some_and(|one| !one.is_component)
            && !review.has(by)
    })
}
