//! A definition cannot keep unknown fields everywhere.
//!
//! # What
//! Reports `spec.preserveUnknownFields: true` where it was not so before, and, wherever it is true, defaults
//! in a schema and a conversion webhook beside it.
//!
//! # Why
//! The field is left over from v1beta1: the API server keeps it where it is true already and never lets it
//! become true. Where it is true, fields are not pruned, so nothing can be defaulted or converted.
//!
//! # Bad
//! ```yaml
//! spec:
//!   preserveUnknownFields: true
//! ```
//!
//! # Good
//! ```yaml
//! openAPIV3Schema:
//!   type: object
//!   properties:
//!     settings: {type: object, x-kubernetes-preserve-unknown-fields: true}
//! ```

use super::{current, error, old_definition};
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule};
use crate::schema::{Definition, walk};

/// `crd/preserve-unknown-fields`.
#[derive(Debug)]
pub struct PreserveUnknownFields;

const ID: RuleId = RuleId::new("crd/preserve-unknown-fields");

impl Rule for PreserveUnknownFields {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("preserve_unknown_fields.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let preserving = current(review).filter(|definition| definition.preserves_unknown_fields());
        preserving.flat_map(|definition| check_definition(review, definition)).collect()
    }
}

fn check_definition(review: &Review<'_>, definition: Definition<'_>) -> Vec<Finding> {
    let object = definition.object;
    let mut findings = Vec::new();
    if !old_definition(review, object).is_some_and(Definition::preserves_unknown_fields) {
        let message = "`spec.preserveUnknownFields` cannot become true: the API server keeps it only where it is old.";
        let finding = error(ID, object, definition.nearest(&["preserveUnknownFields"]), message);
        findings.push(finding.with_field("spec.preserveUnknownFields").with_help(
            "Remove the line, and write `x-kubernetes-preserve-unknown-fields: true` where the schema shall keep what \
             it does not name.",
        ));
    }
    let with_default = |(node, path): (&Node, String)| {
        let message = "A schema cannot have defaults while `spec.preserveUnknownFields` is true.";
        let help = "Write `preserveUnknownFields: false`, or remove the default.";
        error(ID, object, node, message).with_field(path).with_help(help)
    };
    findings.extend(first_default(definition).map(with_default));
    let strategy = definition.spec(&["conversion"]).map(|conversion| conversion.nearest(&["strategy"]));
    if let Some(node) = strategy.filter(|node| node.as_str() != Some("None")) {
        let message = "Versions cannot be converted by a webhook while `spec.preserveUnknownFields` is true.";
        let finding = error(ID, object, node, message).with_field("spec.conversion.strategy");
        findings.push(finding.with_help("Write `preserveUnknownFields: false`."));
    }
    findings
}

fn first_default(definition: Definition<'_>) -> Option<(&Node, String)> {
    let mut found = None;
    for version in definition.versions() {
        let Some(root) = version.schema() else { continue };
        walk(root, &version.field("schema.openAPIV3Schema"), &mut |at| {
            if let (None, Some(node)) = (&found, at.schema.get("default")) {
                found = Some((node, format!("{}.default", at.path)));
            }
        });
    }
    found
}
