//! An object's kind must be there in its API version.
//!
//! # What
//! Reports objects of a kind that Kubernetes does not have in that API version, in the configured version of
//! Kubernetes or in any that Bailiwick knows, and custom resources in a version that their definition in the
//! repository does not serve.
//!
//! # Why
//! The API server does not know such an object, and the whole sync of the Flux `Kustomization` in which it stands
//! fails.
//!
//! # Bad
//! ```yaml
//! apiVersion: extensions/v1beta1 # gone since Kubernetes 1.22
//! kind: Ingress
//! ```
//!
//! # Good
//! ```yaml
//! apiVersion: networking.k8s.io/v1
//! kind: Ingress
//! ```

use super::{Answer, One};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Prepared, Review, Rule, shown};
use crate::schema::builtin::Versions;

/// `object/version-not-served`.
#[derive(Debug)]
pub struct VersionNotServed;

const ID: RuleId = RuleId::new("object/version-not-served");

impl Rule for VersionNotServed {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("version_not_served.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        Prepared::with(review, |prepared| {
            let judged = &prepared.objects;
            judged.objects.iter().filter_map(|one| check_object(one, judged.versions)).collect()
        })
    }
}

fn check_object(one: &One<'_>, versions: Versions) -> Option<Finding> {
    let Answer::NotServed(instead) = &one.answer else { return None };
    let object = one.object;
    let (kind, api_version) = (shown(&object.kind), shown(&object.api_version));
    let message = if one.is_custom {
        format!("The definition of {kind} does not serve {api_version}.")
    } else {
        format!("Kubernetes {versions} has no {kind} in {api_version}.")
    };
    let help = match instead.as_slice() {
        [] => "Look for the kind that took its place, or remove the object.".to_owned(),
        [first, ..] => format!("Write `apiVersion: {}` and adapt the fields.", shown(first)),
    };
    let node = object.node.get("apiVersion").unwrap_or(&object.node);
    let finding = Finding::new(ID, Severity::Error, object.location(node), message);
    Some(finding.with_object(object.reference()).with_field("apiVersion").with_help(help))
}
