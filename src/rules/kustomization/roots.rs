//! The kustomization file as a whole: one in a directory, of the right kind, not empty, of text.

use super::cannot_build::finding;
use super::types::{self, is_text, not_text};
use crate::finding::Finding;
use crate::manifest::{
    EntryPlace, EntryRole, KUSTOMIZATION_NAMES, Kustomization, ManifestFile, Node, Position, is_kustomization,
};
use crate::names::RepoPath;
use crate::rules::Review;
use crate::tenancy::RepositoryIndex;

/// Lists of text.
const LISTS: &[&str] = &[
    "resources",
    "components",
    "bases",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "patchesStrategicMerge",
    "buildMetadata",
];

/// What kustomize refuses of a kustomization file as a whole.
pub(super) fn of_file(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
    if !is_kustomization(&file.path) {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = second(&file.path, review).into_iter().collect();
    let Some(kustomization) = Kustomization::of(file) else {
        findings.extend(another_kind(file, review));
        return findings;
    };
    let Some(root) = file.documents.first().filter(|root| !is_empty(root)) else {
        let at = file.documents.first().map(|root| root.start).unwrap_or_default();
        let message = "This kustomization is empty: kustomize refuses it.".to_owned();
        findings.push(finding(&file.path, at, "", message, "Name something in it, or write `resources: []`."));
        return findings;
    };
    findings.extend(version(file, root));
    findings.extend(LISTS.iter().flat_map(|field| list(file, root, field)));
    findings.extend(types::of_root(file, root));
    findings.extend(components(file, &kustomization, review.after));
    findings
}

/// Another kustomization file in the same directory; where the change brings both, only one of them is told.
fn second(path: &RepoPath, review: &Review<'_>) -> Option<Finding> {
    let beside = |name: &&str| RepoPath::resolve(path.directory(), name).filter(|other| other != path);
    let other = KUSTOMIZATION_NAMES.iter().filter_map(beside).find(|other| review.after.contains_file(other))?;
    let is_one = |path| review.after.file(path).is_some_and(|file| file.kustomization().is_some());
    let untold = !review.has(&other) || review.after.kustomization_of(path.directory()).as_ref() != Some(path);
    (untold && (is_one(path) || is_one(&other))).then(|| {
        let message = format!(
            "The directory has two kustomization files, this one and `{}`: kustomize refuses to choose.",
            other.file_name()
        );
        finding(path, Position::default(), "", message, "Keep one of them.")
    })
}

/// A file with a kustomization's name that holds something else, in a directory that is built.
fn another_kind(file: &ManifestFile, review: &Review<'_>) -> Option<Finding> {
    let root = file.documents.first().filter(|_| file.problems.is_empty())?;
    let index = review.after;
    let directory = file.path.parent();
    let is_named = directory.is_some_and(|directory| {
        let mut names = index.referrers_of(&directory);
        names.any(|(_, role)| role == EntryRole::Resource)
    });
    let is_built = is_named
        || review.is_synced(&file.path) && index.is_scanned(&file.path) && !index.is_foreign_to_flux(&file.path);
    let node = root.get("apiVersion").unwrap_or(root);
    is_built.then(|| {
        let name = file.path.file_name();
        let message =
            format!("kustomize takes a file `{name}` for its own and refuses this one, which is another kind.");
        finding(&file.path, node.start, "apiVersion", message, "Give the file another name.")
    })
}

/// Whether kustomize finds nothing in a document.
fn is_empty(root: &Node) -> bool {
    let told = root.entries().filter(|(key, _)| !matches!(key.text(), Some("apiVersion" | "kind")));
    root.is_null()
        || root.is_mapping() && told.filter(|(_, value)| !value.is_null() && value.as_str() != Some("")).count() == 0
}

/// A kind or version that kustomize does not take (`api/types/kustomization.go`, `EnforceFields`).
fn version(file: &ManifestFile, root: &Node) -> Option<Finding> {
    let help = "Write `apiVersion: kustomize.config.k8s.io/v1beta1` and `kind: Kustomization`, or leave both out.";
    if !root.is_mapping() {
        let message = "A kustomization is a mapping of fields: kustomize refuses this.".to_owned();
        return Some(finding(&file.path, root.start, "", message, help));
    }
    let written = |key| root.get(key).filter(|node| !node.is_null() && node.as_str() != Some(""));
    let kind = written("kind").map_or(Some("Kustomization"), Node::as_str);
    let (field, node, wanted) = match kind {
        Some("Kustomization") => ("apiVersion", written("apiVersion"), "kustomize.config.k8s.io/v1beta1"),
        Some("Component") => ("apiVersion", written("apiVersion"), "kustomize.config.k8s.io/v1alpha1"),
        _ => ("kind", written("kind"), "Kustomization"),
    };
    let node = node.filter(|node| node.as_str() != Some(wanted))?;
    let message = format!("kustomize refuses this `{field}` of a kustomization: it takes `{wanted}` only.");
    Some(finding(&file.path, node.start, field, message, help))
}

/// What is not text in a list of text, or is no list.
fn list(file: &ManifestFile, root: &Node, field: &str) -> Vec<Finding> {
    let Some(value) = root.get(field).filter(|value| !value.is_null()) else { return Vec::new() };
    if !value.is_sequence() {
        let message = format!("`{field}` is no list: kustomize refuses it.");
        return vec![finding(&file.path, value.start, field, message, "Write one entry a line, each after `- `.")];
    }
    let wrong = value.items().filter(|item| !is_text(item) || item.as_str() == Some(""));
    wrong.map(|item| not_text(file, field, item)).collect()
}

/// Components among resources, and the reverse.
fn components(file: &ManifestFile, kustomization: &Kustomization, index: &RepositoryIndex) -> Vec<Finding> {
    let local = kustomization.entries.iter().filter(|entry| entry.place == EntryPlace::Local);
    let named = local.filter(|entry| entry.role == EntryRole::Resource);
    named
        .filter_map(|entry| {
            let target = RepoPath::resolve(file.path.directory(), &entry.text)?;
            let wanted = entry.field == "components";
            let message = match index.file(&target) {
                Some(_) if wanted => format!("`{target}` is a file, and a component is a directory"),
                Some(_) => return None,
                None => {
                    let own = index.kustomization_of(target.as_str())?;
                    let is_one = index.file(&own)?.kustomization()?.is_component;
                    let (is, belongs) = if is_one { ("a", "components") } else { ("no", "resources") };
                    if is_one == wanted {
                        return None;
                    }
                    format!("`{target}` is {is} component and belongs under `{belongs}`")
                }
            };
            let message = format!("{message}: kustomize refuses it here.");
            let help = "Move the entry to where it belongs.";
            Some(finding(&file.path, entry.node.start, entry.field, message, help))
        })
        .collect()
}
