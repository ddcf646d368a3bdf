//! What is applied must be objects.
//!
//! # What
//! Reports documents of a new or changed manifest that Flux applies and that are no object: no
//! mapping, without `kind`, `metadata.name` or `apiVersion`, or with one of these that is not text,
//! also inside of lists. Empty documents are not meant, nor files that are patches or data. Where
//! it is not sure that Flux applies the file, it is a warning.
//!
//! # Why
//! kustomize refuses a document without kind or name, and then nothing of the whole tree is
//! applied any more. One without `apiVersion` it lets through, and Flux passes over it: the pull
//! request is green, and the object never comes.
//!
//! # Bad
//! ```yaml
//! kind: ConfigMap   # there is no apiVersion
//! metadata:
//!   name: colors
//! ```
//!
//! # Good
//! ```yaml
//! apiVersion: v1
//! kind: ConfigMap
//! metadata:
//!   name: colors
//! ```

use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{EntryRole, ManifestFile, Node, is_kustomization};
use crate::rules::{Meta, Review, Rule, Scope};
use crate::tenancy::Layout;

/// `yaml/no-object`.
#[derive(Debug)]
pub struct NoObject;

const ID: RuleId = RuleId::new("yaml/no-object");

/// How many of one file are told.
const SHOWN: usize = 10;

impl Rule for NoObject {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("no_object.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        review.files.iter().flat_map(|file| in_file(file, review)).collect()
    }
}

fn in_file(file: &ManifestFile, review: &Review<'_>) -> Vec<Finding> {
    let problems: Vec<Wrong<'_>> = file.documents.iter().flat_map(of_document).take(SHOWN).collect();
    if problems.is_empty() {
        return Vec::new();
    }
    let Some(severity) = severity(file, review) else { return Vec::new() };
    let finding = |wrong: Wrong<'_>| {
        let finding = Finding::new(ID, severity, file.location(wrong.node.start), wrong.message);
        finding.with_field(wrong.field).with_help(wrong.help)
    };
    problems.into_iter().map(finding).collect()
}

/// How bad it is; nothing where the file's own objects are not applied.
fn severity(file: &ManifestFile, review: &Review<'_>) -> Option<Severity> {
    let index = review.after;
    if index.referrers_of(&file.path).any(|(_, role)| role == EntryRole::Resource) {
        return Some(Severity::Error);
    }
    // What has kustomize's name is told by `kustomization/cannot-build`, and Flux looks for no JSON.
    let path = &file.path;
    let is_taken = !is_kustomization(path) && (path.as_str().ends_with(".yaml") || path.as_str().ends_with(".yml"));
    if !is_taken || !review.is_synced(path) || !index.is_scanned(path) || index.is_foreign_to_flux(path) {
        return None;
    }
    match review.scope {
        Scope::Team(team) => {
            let inside = |directory: &String| path.below(directory).is_some();
            team.paths.iter().any(inside).then_some(Severity::Warning)
        }
        Scope::Admin if index.layout() == Layout::Unknown => Some(Severity::Warning),
        Scope::Admin => Some(Severity::Error),
    }
}

struct Wrong<'a> {
    node: &'a Node,
    field: &'static str,
    message: String,
    help: &'static str,
}

/// What is wrong with a document or an item of a list. kustomize passes over empty ones.
fn of_document(node: &Node) -> Vec<Wrong<'_>> {
    if node.is_null() || (node.is_mapping() || node.is_sequence()) && is_empty(node) {
        return Vec::new();
    }
    if !node.is_mapping() {
        let message = "This is no object: kustomize refuses it, and nothing is applied any more.".to_owned();
        let help = "Remove it, or write an object with `apiVersion`, `kind` and `metadata.name`.";
        return vec![Wrong { node, field: "", message, help }];
    }
    let items = node.get("items").filter(|_| node.get("kind").and_then(Node::as_str).is_some_and(is_list));
    match items {
        Some(items) if items.is_null() => Vec::new(),
        Some(items) if items.is_sequence() => items.items().flat_map(of_document).take(SHOWN).collect(),
        Some(items) => {
            let message = "The items of a list are a list: what is written here is not applied.".to_owned();
            vec![Wrong { node: items, field: "items", message, help: "Write one item a line, each after `- `." }]
        }
        None => of_object(node).into_iter().collect(),
    }
}

fn is_empty(node: &Node) -> bool {
    node.entries().next().is_none() && node.items().next().is_none()
}

fn is_list(kind: &str) -> bool {
    kind.ends_with("List")
}

fn of_object(node: &Node) -> Option<Wrong<'_>> {
    const REFUSED: &str = "kustomize refuses it, and nothing is applied any more";
    const PASSED_OVER: &str = "Flux passes over it, so it is never applied";
    let fields: [(&'static str, &[&str], &str); 3] = [
        ("kind", &["kind"], REFUSED),
        ("metadata.name", &["metadata", "name"], REFUSED),
        ("apiVersion", &["apiVersion"], PASSED_OVER),
    ];
    fields.into_iter().find_map(|(field, path, missing)| {
        let value = node.at(path).filter(|value| !value.is_null() && value.text() != Some(""));
        let missing = if field == "metadata.name" && node.get("kind").and_then(Node::as_str).is_some_and(is_list) {
            PASSED_OVER
        } else {
            missing
        };
        let (message, help) = match value {
            None => (format!("This object has no `{field}`: {missing}."), "Write it, or remove the document."),
            Some(value) if value.as_str().is_none() => {
                (format!("`{field}` must be text: Flux cannot apply this object."), "Put it in quotes.")
            }
            Some(_) => return None,
        };
        Some(Wrong { node: value.unwrap_or_else(|| node.nearest(path)), field, message, help })
    })
}
