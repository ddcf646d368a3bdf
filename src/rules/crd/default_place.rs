//! Defaults must stand where the API server sets them.
//!
//! # What
//! Reports `default` under `metadata`, `kind` or `apiVersion` of the root, inside of `additionalProperties` of the
//! metadata of an embedded resource, and inside of `allOf`, `anyOf`, `oneOf` or `not`.
//!
//! # Why
//! Metadata belong to Kubernetes, and which alternative holds is known only after defaults are set. The API server
//! refuses a definition with a default in such a place.
//!
//! # Bad
//! ```yaml
//! spec: {type: object, properties: {size: {type: integer}}, anyOf: [{properties: {size: {default: 3}}}]}
//! ```
//!
//! # Good
//! ```yaml
//! spec: {type: object, properties: {size: {type: integer, default: 3}}}
//! ```

use super::schemas::each;
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::Visit;

/// `crd/default-place`.
#[derive(Debug)]
pub struct DefaultPlace;

const ID: RuleId = RuleId::new("crd/default-place");

impl Rule for DefaultPlace {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("default_place.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        let mut metadata: Vec<(String, bool)> = Vec::new();
        each(review, |root, at, found| {
            if at.place.root {
                metadata.clear();
            }
            let reason = reason(at, &metadata).filter(|_| !(at.place.joined && root.is_old_fashioned()));
            if let (Some(node), Some(reason)) = (at.schema.get("default"), reason) {
                let message = format!("A default stands {reason}, where the API server sets none.");
                found.push(
                    root.error(ID, node, format!("{}.default", at.path), message)
                        .with_help("Move it to a field of the schema itself, or remove it."),
                );
            }
            if at.place.root || at.schema.is_embedded_resource() {
                let names = ["metadata", "kind", "apiVersion"];
                metadata.extend(names.map(|name| (format!("{}.properties[{name}]", at.path), at.place.root)));
            }
        })
    }
}

/// Why no default may stand here. `metadata` are the paths of metadata so far, each with whether it is the root's.
fn reason(at: &Visit<'_>, metadata: &[(String, bool)]) -> Option<&'static str> {
    let inside = |(path, root): &(String, bool)| {
        let rest = at.path.strip_prefix(path.as_str())?;
        (*root || rest.contains(".additionalProperties")).then_some(*root)
    };
    match metadata.iter().find_map(inside) {
        Some(true) => Some("under metadata, kind or apiVersion of the root"),
        Some(false) => Some("inside of additionalProperties of metadata"),
        None if at.place.joined => Some("inside of allOf, anyOf, oneOf or not"),
        None => None,
    }
}
