//! Every version of a CustomResourceDefinition needs a name of its own.
//!
//! # What
//! Reports a version whose name is missing, is not 1 to 63 lower-case letters, digits and `-` that start with
//! a letter and do not end with `-`, or is the name of an earlier version.
//!
//! # Why
//! The name is the last part of `apiVersion` in every custom resource and of the API's path; the API server
//! refuses a definition without one. Doubles happen when a version is added by copying the old one.
//!
//! # Bad
//! ```yaml
//! versions:
//!   - {name: v1, served: true, storage: true}
//!   - {name: v1, served: true, storage: false}
//! ```
//!
//! # Good
//! ```yaml
//! versions:
//!   - {name: v1, served: true, storage: true}
//!   - {name: v2, served: true, storage: false}
//! ```

use std::collections::BTreeMap;

use super::{current, error, is_label_1035, text};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Definition, Version};

/// `crd/version-name`.
#[derive(Debug)]
pub struct VersionName;

const ID: RuleId = RuleId::new("crd/version-name");

impl Rule for VersionName {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("version_name.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        current(review).flat_map(check_definition).collect()
    }
}

fn check_definition(definition: Definition<'_>) -> Vec<Finding> {
    let mut seen = BTreeMap::new();
    definition.versions().filter_map(|version| check_version(definition, version, &mut seen)).collect()
}

fn check_version<'a>(
    definition: Definition<'a>,
    version: Version<'a>,
    seen: &mut BTreeMap<&'a str, usize>,
) -> Option<Finding> {
    let name = text(version.node, &["name"])?;
    let first = *seen.entry(name).or_insert(version.index);
    let number = version.index + 1;
    let message = match name {
        "" => format!("Version number {number} has no name, so the API server refuses the definition."),
        name if !is_label_1035(name) => format!(
            "The version name `{}` must be 1 to 63 lower-case letters, digits and `-`, starting with a letter and not \
             ending with `-`.",
            shown(name)
        ),
        name if first < version.index => format!(
            "Version number {number} is called `{name}` like version number {}; the API server wants different names.",
            first + 1
        ),
        _ => return None,
    };
    let finding = error(ID, definition.object, version.node.nearest(&["name"]), message);
    Some(finding.with_field(version.field("name")).with_help("Give the version a name such as `v1` or `v2beta1`."))
}
