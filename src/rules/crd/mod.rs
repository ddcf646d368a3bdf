//! Rules of the family `crd/`: what the API server refuses in a CustomResourceDefinition.

mod api_version_removed;
mod conversion_changed;
mod default_changed;
mod deleted;
mod enum_narrowed;
mod field_removed;
mod identity_changed;
mod joined_changed;
mod limit_tightened;
mod merging_changed;
mod missing_schema;
mod name;
mod nullable_changed;
mod one_storage_version;
mod pattern_changed;
mod replaced;
mod required_added;
mod served_versions_differ;
mod storage_version_changed;
mod stored_version_removed;
mod subresource_changed;
mod type_changed;
mod unhandled_change;
mod unknown_fields_changed;
mod validation_changed;
mod version_unserved;

pub use api_version_removed::ApiVersionRemoved;
pub use conversion_changed::ConversionChanged;
pub use default_changed::DefaultChanged;
pub use deleted::Deleted;
pub use enum_narrowed::EnumNarrowed;
pub use field_removed::FieldRemoved;
pub use identity_changed::IdentityChanged;
pub use joined_changed::JoinedChanged;
pub use limit_tightened::LimitTightened;
pub use merging_changed::MergingChanged;
pub use missing_schema::MissingSchema;
pub use name::Name;
pub use nullable_changed::NullableChanged;
pub use one_storage_version::OneStorageVersion;
pub use pattern_changed::PatternChanged;
pub use required_added::RequiredAdded;
pub use served_versions_differ::ServedVersionsDiffer;
pub use storage_version_changed::StorageVersionChanged;
pub use stored_version_removed::StoredVersionRemoved;
pub use subresource_changed::SubresourceChanged;
pub use type_changed::TypeChanged;
pub use unhandled_change::UnhandledChange;
pub use unknown_fields_changed::UnknownFieldsChanged;
pub use validation_changed::ValidationChanged;
pub use version_unserved::VersionUnserved;

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
