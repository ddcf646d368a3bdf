//! What kustomize takes in the fields of a kustomization: text, `true` or `false`, whole numbers.
//!
//! It makes JSON of its file by go-yaml v2's rules (`sigs.k8s.io/yaml`), and decodes that into typed fields
//! (`api/types/`), so that it refuses whatever those rules take for another type. Null is taken everywhere.

use super::cannot_build::finding;
use crate::finding::Finding;
use crate::manifest::{ManifestFile, Node, Scalar};
use crate::rules::shown;

const SELECTOR: &[&str] = &["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];
const GENERATOR: &[&str] = &["name", "namespace", "behavior", "env", "type"];
const CHANGES: &[&str] = &["allowNameChange", "allowKindChange"];
const OPTIONS: &[&str] = &["disableNameSuffixHash", "immutable"];

/// A way through mappings and lists, and fields at its end.
type Fields = (&'static [&'static str], &'static [&'static str]);

/// Text.
const TEXTS: &[Fields] = &[
    (&[], &["namespace", "namePrefix", "nameSuffix"]),
    (&["metadata"], &["name", "namespace"]),
    (&["images"], &["name", "newName", "newTag", "tagSuffix", "digest"]),
    (&["replicas"], &["name"]),
    (&["configMapGenerator"], GENERATOR),
    (&["secretGenerator"], GENERATOR),
    (&["patches"], &["path", "patch"]),
    (&["patches", "target"], SELECTOR),
    (&["patchesJson6902"], &["path", "patch"]),
    (&["patchesJson6902", "target"], SELECTOR),
    (&["replacements"], &["path"]),
    (&["replacements", "source"], &["group", "version", "kind", "name", "namespace", "fieldPath"]),
    (&["replacements", "targets", "select"], SELECTOR),
    (&["replacements", "targets", "reject"], SELECTOR),
];

/// Lists of text.
const LISTS: &[Fields] = &[
    (&["configMapGenerator"], &["files", "literals", "envs"]),
    (&["secretGenerator"], &["files", "literals", "envs"]),
    (&["replacements", "targets"], &["fieldPaths"]),
];

/// Keys with a text each.
const PAIRS: &[Fields] = &[
    (&[], &["commonLabels", "commonAnnotations", "openapi"]),
    (&["metadata"], &["labels", "annotations"]),
    (&["labels"], &["pairs"]),
    (&["generatorOptions"], &["labels", "annotations"]),
    (&["configMapGenerator", "options"], &["labels", "annotations"]),
    (&["secretGenerator", "options"], &["labels", "annotations"]),
];

/// Pairs whose keys kustomize writes into objects, where it refuses those that are no text.
const WRITTEN: &[Fields] = &[(&[], &["commonLabels", "commonAnnotations"]), (&["labels"], &["pairs"])];

/// `true` or `false`.
const BOOLEANS: &[Fields] = &[
    (&["generatorOptions"], OPTIONS),
    (&["configMapGenerator", "options"], OPTIONS),
    (&["secretGenerator", "options"], OPTIONS),
    (&["labels"], &["includeSelectors", "includeTemplates"]),
    (&["patches", "options"], CHANGES),
    (&["patchesJson6902", "options"], CHANGES),
];

/// Whole numbers.
const NUMBERS: &[Fields] = &[(&["replicas"], &["count"])];

/// What is of another type than kustomize takes.
pub(super) fn of_root(file: &ManifestFile, root: &Node) -> Vec<Finding> {
    let mut texts = all(root, TEXTS);
    for (field, list) in all(root, LISTS) {
        texts.extend(if list.is_sequence() {
            list.items().map(|item| (field, item)).collect()
        } else {
            vec![(field, list)]
        });
    }
    for (field, pairs) in all(root, PAIRS) {
        let written = pairs.entries().map(|(_, value)| (field, value));
        texts.extend(if pairs.is_mapping() { written.collect() } else { vec![(field, pairs)] });
    }
    for (field, pairs) in all(root, WRITTEN) {
        texts.extend(pairs.entries().map(|(key, _)| (field, key)));
    }
    let wrong = texts.into_iter().filter(|(_, node)| !is_nothing(node) && !is_text(node));
    let mut findings: Vec<Finding> = wrong.map(|(field, node)| not_text(file, field, node)).collect();
    let booleans =
        all(root, BOOLEANS).into_iter().filter(|(_, node)| !matches!(node.by_kubectl(), Some(Scalar::Bool(_))));
    findings.extend(booleans.filter(|(_, node)| !is_nothing(node)).map(|(field, node)| {
        let message = "Here must be `true` or `false`: kustomize refuses anything else.".to_owned();
        finding(&file.path, node.start, field, message, "Write one of them, without quotes.")
    }));
    let numbers = all(root, NUMBERS).into_iter().filter(|(_, node)| !is_nothing(node) && !is_whole(node));
    findings.extend(numbers.map(|(field, node)| {
        let message = "Here must be a whole number: kustomize refuses anything else.".to_owned();
        finding(&file.path, node.start, field, message, "Write a number without quotes.")
    }));
    findings
}

/// The fields that are written, each with the first key of its way.
fn all<'a>(root: &'a Node, fields: &[Fields]) -> Vec<(&'static str, &'a Node)> {
    let mut found = Vec::new();
    for (way, keys) in fields {
        let nodes = way.iter().fold(vec![root], |nodes, key| {
            let values = nodes.into_iter().filter_map(|node| node.get(key));
            values.flat_map(|value| if value.is_sequence() { value.items().collect() } else { vec![value] }).collect()
        });
        for node in nodes {
            let first = |key| way.first().copied().unwrap_or(key);
            found.extend(keys.iter().filter_map(|key| Some((first(*key), node.get(key)?))));
        }
    }
    found
}

/// Whether kustomize takes this for text.
pub(super) fn is_text(node: &Node) -> bool {
    matches!(node.by_kubectl(), Some(Scalar::String(_)))
}

/// Nothing between braces is null to kustomize, and empty text in an object.
fn is_nothing(node: &Node) -> bool {
    node.by_kubectl() == Some(Scalar::Null)
}

/// Go prints a float without fraction as digits.
fn is_whole(node: &Node) -> bool {
    match node.by_kubectl() {
        Some(Scalar::Int(value)) => i64::try_from(value).is_ok(),
        Some(Scalar::Float(value)) => value.fract() == 0.0 && value.abs() < 9.2e18,
        _ => false,
    }
}

/// The finding about what should be text.
pub(super) fn not_text(file: &ManifestFile, field: &str, node: &Node) -> Finding {
    let message = match node.text().filter(|text| !text.is_empty() && !node.is_null()) {
        Some(text) => format!("kustomize does not take `{}` for text, and refuses it.", shown(text)),
        None => "Here must be text: kustomize refuses anything else.".to_owned(),
    };
    finding(&file.path, node.start, field, message, "Write text, with quotes around it, or remove it.")
}
