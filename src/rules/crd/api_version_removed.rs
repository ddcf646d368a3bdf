//! A CustomResourceDefinition must use an API version that clusters still serve.
//!
//! # What
//! Reports a CustomResourceDefinition whose `apiVersion` is not `apiextensions.k8s.io/v1`.
//!
//! # Why
//! Kubernetes 1.22 removed `apiextensions.k8s.io/v1beta1`; `v1` is the only version since then.
//! Flux cannot apply the object ("no matches for kind"), and nothing else of the same
//! Kustomization is applied either.
//!
//! # Bad
//! ```yaml
//! apiVersion: apiextensions.k8s.io/v1beta1
//! kind: CustomResourceDefinition
//! ```
//!
//! # Good
//! ```yaml
//! apiVersion: apiextensions.k8s.io/v1
//! kind: CustomResourceDefinition
//! ```

use super::{definitions, error};
use crate::finding::{Finding, RuleId, Severity};
use crate::rules::{Meta, Review, Rule};
use crate::schema::GROUP;

/// `crd/api-version-removed`.
#[derive(Debug)]
pub struct ApiVersionRemoved;

const ID: RuleId = RuleId::new("crd/api-version-removed");

impl Rule for ApiVersionRemoved {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("api_version_removed.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        definitions(review)
            .filter_map(|object| {
                let version = object.api_version.strip_prefix(GROUP)?.strip_prefix('/')?;
                if version == "v1" {
                    return None;
                }
                let node = object.node.get("apiVersion").unwrap_or(&object.node);
                let message = match version {
                    "v1beta1" => {
                        format!("`{GROUP}/v1beta1` was removed in Kubernetes 1.22, so the cluster refuses this object.")
                    }
                    other => format!("`{GROUP}/{other}` is not a version that Kubernetes serves; there is only v1."),
                };
                Some(error(ID, object, node, message).with_field("apiVersion").with_help(format!(
                    "Write `apiVersion: {GROUP}/v1`, and move `validation` (as `schema`), `subresources` and \
                     `additionalPrinterColumns` from `spec` into every item of `spec.versions`."
                )))
            })
            .collect()
    }
}
