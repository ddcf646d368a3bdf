//! A CustomResourceDefinition must store exactly one of its versions.
//!
//! # What
//! Reports a CustomResourceDefinition in which no version, or more than one, has `storage: true`.
//!
//! # Why
//! The API server keeps every custom resource in one version and refuses a definition that does
//! not name exactly one. Two happen when a version is added by copying the old one.
//!
//! # Bad
//! ```yaml
//! versions:
//!   - {name: v1beta1, served: true, storage: true}
//!   - {name: v1, served: true, storage: true}
//! ```
//!
//! # Good
//! ```yaml
//! versions:
//!   - {name: v1beta1, served: true, storage: true}
//!   - {name: v1, served: true, storage: false}
//! ```

use super::{current, error, is_label_1035};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
use crate::rules::{Meta, Review, Rule};

/// `crd/one-storage-version`.
#[derive(Debug)]
pub struct OneStorageVersion;

const ID: RuleId = RuleId::new("crd/one-storage-version");

impl Rule for OneStorageVersion {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("one_storage_version.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        current(review).flat_map(|definition| check_definition(definition.object)).collect()
    }
}

fn check_definition(object: &Object) -> Vec<Finding> {
    let Some(versions) = object.node.at(&["spec", "versions"]) else {
        let node = object.node.get("spec").unwrap_or(&object.node);
        return vec![
            error(ID, object, node, "`spec.versions` is missing, so no version is stored.")
                .with_field("spec.versions")
                .with_help("List the versions, and set `storage: true` in exactly one of them."),
        ];
    };
    let mut stored = versions.items().enumerate().filter_map(|(index, version)| Stored::of(index, version));
    let Some(first) = stored.next() else {
        return vec![
            error(ID, object, versions, "No version has `storage: true`; exactly one must.")
                .with_field("spec.versions")
                .with_help(
                    "Set `storage: true` (without quotes) in the version that the cluster stores today, or in the \
                     newest one of a new definition.",
                ),
        ];
    };
    let first = named(first.index, first.version);
    let further = stored.map(|Stored { index, version, node }| {
        let name = named(index, version);
        error(
            ID,
            object,
            node,
            format!("The {name} has `storage: true`, but the {first} has it already; exactly one may."),
        )
        .with_field(format!("spec.versions[{index}].storage"))
        .with_help("Write `storage: false` here, or in the other version if this one shall be stored.")
    });
    further.collect()
}

/// A version with `storage: true`.
struct Stored<'a> {
    index: usize,
    version: &'a Node,
    node: &'a Node,
}

impl<'a> Stored<'a> {
    fn of(index: usize, version: &'a Node) -> Option<Self> {
        let node = version.get("storage").filter(|node| node.as_bool() == Some(true))?;
        Some(Self { index, version, node })
    }
}

/// What people call the version at `index`: its name, or its number where it has no proper one.
fn named(index: usize, version: &Node) -> String {
    let name = version.get("name").and_then(Node::text).filter(|name| is_label_1035(name));
    name.map_or_else(|| format!("version number {}", index + 1), |name| format!("version `{name}`"))
}
