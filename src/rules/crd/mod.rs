//! Rules of the family `crd/`: what the API server refuses in a CustomResourceDefinition.

mod api_version_removed;
mod missing_schema;
mod name;
mod one_storage_version;

pub use api_version_removed::ApiVersionRemoved;
pub use missing_schema::MissingSchema;
pub use name::Name;
pub use one_storage_version::OneStorageVersion;

use super::Review;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};

/// The API group of CustomResourceDefinition.
const GROUP: &str = "apiextensions.k8s.io";

/// The CustomResourceDefinitions in the new and changed files, of whatever version.
fn definitions<'a>(review: &Review<'a>) -> impl Iterator<Item = &'a Object> + use<'a> {
    review.objects().filter(|object| object.group() == GROUP && object.kind == "CustomResourceDefinition")
}

/// The definitions that are not of the removed version v1beta1, whose fields stand elsewhere:
/// there `crd/api-version-removed` says everything that has to move.
fn current_definitions<'a>(review: &Review<'a>) -> impl Iterator<Item = &'a Object> + use<'a> {
    definitions(review).filter(|object| !object.api_version.ends_with("/v1beta1"))
}

/// An error of `rule` at a node of `object`. Everything in this family is refused by the API
/// server, so everything is an error.
fn error(rule: RuleId, object: &Object, node: &Node, message: impl Into<String>) -> Finding {
    Finding::new(rule, Severity::Error, object.location(node), message).with_object(object.reference())
}

/// A DNS-1123 subdomain, as Kubernetes' `IsDNS1123Subdomain` reads it.
fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// A DNS-1035 label, as Kubernetes' `IsDNS1035Label` reads it.
fn is_label_1035(text: &str) -> bool {
    text.len() <= 63 && is_label(text) && text.starts_with(|first: char| first.is_ascii_lowercase())
}
