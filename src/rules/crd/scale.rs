//! The scale subresource must name the fields of the replicas.
//!
//! # What
//! Reports in `subresources.scale` of a version a `specReplicasPath` that is missing or not under `.spec.`, a
//! `statusReplicasPath` that is missing or not under `.status.`, and a `labelSelectorPath` under neither.
//!
//! # Why
//! Through these paths `kubectl scale` and the autoscaler read and write every object of the kind; the API
//! server refuses a definition with other ones.
//!
//! # Bad
//! ```yaml
//! subresources:
//!   scale: {specReplicasPath: spec.replicas, statusReplicasPath: .status.replicas}
//! ```
//!
//! # Good
//! ```yaml
//! subresources:
//!   scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
//! ```

use super::{current, error, text};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Definition, Version};

/// `crd/scale`.
#[derive(Debug)]
pub struct Scale;

const ID: RuleId = RuleId::new("crd/scale");

impl Rule for Scale {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("scale.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let check = |definition: Definition<'_>| -> Vec<Finding> {
            definition.versions().flat_map(|version| check_version(definition, version)).collect()
        };
        current(review).flat_map(check).collect()
    }
}

/// A path, where it may lead, and an example; that of the selector may be left out.
const PATHS: [(&str, &[&str], &str); 3] = [
    ("specReplicasPath", &[".spec."], ".spec.replicas"),
    ("statusReplicasPath", &[".status."], ".status.replicas"),
    (SELECTOR, &[".spec.", ".status."], ".status.selector"),
];
const SELECTOR: &str = "labelSelectorPath";

fn check_version(definition: Definition<'_>, version: Version<'_>) -> Vec<Finding> {
    let Some(scale) = version.at(&["subresources", "scale"]).filter(|scale| scale.is_mapping()) else {
        return Vec::new();
    };
    let check = |(name, under, example): &(&str, &[&str], &str)| {
        let message = fault(scale, name, under)?;
        let help = format!("Write a path such as `{example}`.");
        let finding = error(ID, definition.object, scale.nearest(&[name]), message);
        Some(finding.with_field(version.field(&format!("subresources.scale.{name}"))).with_help(help))
    };
    PATHS.iter().filter_map(check).collect()
}

fn fault(scale: &Node, name: &str, under: &[&str]) -> Option<String> {
    let path = text(scale, &[name])?;
    if path.is_empty() {
        return (name != SELECTOR)
            .then(|| format!("The scale subresource has no `{name}`, so the API server refuses it."));
    }
    if under.iter().any(|start| path.starts_with(start)) {
        return None;
    }
    let under = under.join("` or `");
    Some(format!("`{name}` is `{}`: the API server wants a path that starts with `{under}`.", shown(path)))
}
