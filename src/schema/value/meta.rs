//! Whole and embedded resources: apiVersion, kind and metadata.
//!
//! Facts: kubernetes/apiextensions-apiserver `pkg/apiserver/schema/objectmeta`, and for whole resources
//! kubernetes/apimachinery `pkg/api/validation/objectmeta.go` and `pkg/apis/meta/v1/validation`.

use super::{Found, Kind, below};
use crate::manifest::Node;
use crate::schema::metadata::{self, NameRule};

/// `whole` for the object that is written itself, of which the name is more than a part of a path.
pub(super) fn check<'v>(value: &'v Node, path: &str, whole: bool, found: &mut Found<'v>) {
    if Kind::of(value) != Kind::Object {
        return;
    }
    for name in ["apiVersion", "kind"] {
        let field = below(path, name);
        match value.get(name) {
            None => found.invalid(value, &field, "is required, but missing"),
            Some(node) => match node.as_str() {
                None => found.invalid(node, &field, "must be a text"),
                Some("") => found.invalid(node, &field, "must not be empty"),
                Some(text) if name == "apiVersion" && text.matches('/').count() > 1 => {
                    found.invalid(node, &field, "must be a group, a slash and a version, or a version alone");
                }
                Some(text) if name == "kind" && !is_kind(text) => {
                    found.invalid(node, &field, "must be letters, digits and `-`, and begin with a letter");
                }
                Some(_) => {}
            },
        }
    }
    if let Some(metadata) = value.get("metadata") {
        check_metadata(metadata, &below(path, "metadata"), whole, found);
    }
}

fn check_metadata<'v>(metadata: &'v Node, path: &str, whole: bool, found: &mut Found<'v>) {
    match Kind::of(metadata) {
        Kind::Null => return,
        Kind::Object => {}
        _ => return found.invalid(metadata, path, "must be a mapping"),
    }
    for (key, node) in metadata.entries() {
        let name = key.text().unwrap_or_default();
        let field = below(path, name);
        match name {
            _ if node.is_null() => {}
            "name" if whole => {
                if let Some(problem) = metadata::name(node, &field, NameRule::Subdomain) {
                    tell(problem, found);
                }
            }
            "managedFields" if whole => found.invalid(node, &field, metadata::MANAGED_FIELDS),
            "name" | "generateName" | "namespace" | "uid" | "resourceVersion" | "selfLink" => {
                check_name(name, node, &field, found);
            }
            "labels" | "annotations" => check_texts(node, &field, found),
            // What the server decodes and checks in many more ways.
            "ownerReferences"
            | "finalizers"
            | "managedFields"
            | "creationTimestamp"
            | "deletionTimestamp"
            | "deletionGracePeriodSeconds"
            | "generation" => found.undecided(node, &field, "is checked by the server"),
            _ => {}
        }
    }
}

fn check_name<'v>(name: &str, node: &'v Node, field: &str, found: &mut Found<'v>) {
    let Some(text) = node.as_str() else { return found.invalid(node, field, "must be a text") };
    let segment = matches!(name, "name" | "generateName");
    if segment && (text.contains(['/', '%']) || (name == "name" && matches!(text, "." | ".."))) {
        found.invalid(node, field, "must not have `/` or `%` in it, nor be `.` or `..`");
    } else if name == "namespace" && !text.is_empty() && !is_label(text) {
        found.invalid(node, field, "must be lower case letters, digits and `-`");
    }
}

fn tell<'v>(fault: metadata::Fault<'v>, found: &mut Found<'v>) {
    match fault {
        metadata::Fault::Invalid(problem) => found.invalid.push(problem),
        metadata::Fault::Undecided(problem) => found.undecided.push(problem),
    }
}

fn check_texts<'v>(node: &'v Node, field: &str, found: &mut Found<'v>) {
    if Kind::of(node) != Kind::Object {
        return found.invalid(node, field, "must be a mapping of texts");
    }
    for (key, value) in node.entries() {
        if value.as_str().is_none() && !value.is_null() {
            found.invalid(value, &below(field, key.text().unwrap_or_default()), "must be a text");
        }
    }
    let problems =
        if field.ends_with("labels") { metadata::labels(node, field) } else { metadata::annotations(node, field) };
    problems.into_iter().for_each(|problem| tell(problem, found));
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= 63 && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// A kind may have capitals, but otherwise is a DNS-1035 label. Go's lower case of all of Unicode makes ASCII of
/// U+212A and U+0130 only.
fn is_kind(text: &str) -> bool {
    let lower = text.to_lowercase();
    is_label(&lower) && !lower.is_empty() && lower.starts_with(|first: char| first.is_ascii_lowercase())
}
