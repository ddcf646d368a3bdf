//! ConfigMaps and Secrets that a kustomization makes.

use std::collections::BTreeSet;

use super::cannot_build::finding;
use super::gathered::Gathered;
use crate::finding::Finding;
use crate::manifest::{Kustomization, ManifestFile, Node};
use crate::rules::shown;
use crate::tenancy::{ObjectId, RepositoryIndex};

/// The fields that make objects, each with their kind.
pub(super) const GENERATORS: [(&str, &str); 2] = [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")];

/// What kustomize refuses of a kustomization's generators (`api/resmap/reswrangler.go`, `AbsorbAll`).
pub(super) fn of_file(file: &ManifestFile, index: &RepositoryIndex) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(root) = file.documents.first() else { return findings };
    if GENERATORS.iter().all(|(field, _)| root.get(field).is_none()) {
        return findings;
    }
    let gathered = Gathered::of(index, &file.path);
    let is_component = Kustomization::of(file).is_some_and(|kustomization| kustomization.is_component);
    let mut made = BTreeSet::new();
    for (field, kind) in GENERATORS {
        for item in root.get(field).into_iter().flat_map(Node::items) {
            let told = |node: &Node, message: String, help: &str| finding(&file.path, node.start, field, message, help);
            findings.extend(pair(item).map(|(node, message, help)| told(node, message, help)));
            let Some(id) = id_of(item, kind) else {
                let message = format!("A generated {kind} needs a name: kustomize refuses this one.");
                findings.push(told(item, message, "Give it a `name`."));
                continue;
            };
            let name = shown(&id.name);
            let joins = matches!(item.get("behavior").and_then(Node::text), Some("merge" | "replace"));
            let is_there = made.contains(&id) || gathered.holds(&id);
            let node = item.get("name").unwrap_or(item);
            if joins && !is_there && !is_component && !gathered.may_hold(&id) {
                let message = format!("There is no {kind} `{name}` to join this one with: kustomize refuses it.");
                findings.push(told(node, message, "Leave `behavior` out, or list what it is to be joined with."));
            } else if !joins && is_there {
                let message = format!("The {kind} `{name}` is there already: kustomize refuses to make it again.");
                let help = "Give it another name, put both into one, or write `behavior: merge`.";
                findings.push(told(node, message, help));
            }
            made.insert(id);
        }
    }
    findings
}

/// The id of what a generator makes.
pub(super) fn id_of(item: &Node, kind: &str) -> Option<ObjectId> {
    let text = |key| item.get(key).and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned);
    // No namespace and `default` are the same to kustomize.
    let namespace = text("namespace").filter(|name| name != "default");
    Some(ObjectId { group: String::new(), kind: kind.to_owned(), namespace, name: text("name")? })
}

/// A pair of key and value that kustomize does not take, and why.
fn pair(item: &Node) -> Option<(&Node, String, &'static str)> {
    let mut keys = BTreeSet::new();
    for (field, is_file) in [("literals", false), ("files", true)] {
        for node in item.get(field).into_iter().flat_map(Node::items) {
            let Some(text) = node.text() else { continue };
            let key = match text.split_once('=') {
                Some((key, _)) => key,
                None if is_file => text.rsplit('/').next().unwrap_or(text),
                None => {
                    let message = format!("`{}` is no pair of key and value: kustomize refuses it.", shown(text));
                    return Some((node, message, "Write `key=value`."));
                }
            };
            if !keys.insert(key) {
                let message = format!("The key `{}` stands here twice: kustomize refuses it.", shown(key));
                return Some((node, message, "Give it another key, or remove it."));
            }
        }
    }
    None
}
