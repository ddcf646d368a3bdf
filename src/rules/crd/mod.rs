//! Rules of the family `crd/`: what the API server refuses in a CustomResourceDefinition.

mod alike;
mod api_version_removed;
mod applied;
mod breaks_objects;
mod ca_bundle;
mod cel;
mod cel_undecided;
mod cluster_warns;
mod conversion;
mod conversion_changed;
mod default_changed;
mod default_place;
mod default_value;
mod deleted;
mod deprecation_warning;
mod embedded_resource;
mod enum_narrowed;
mod field_removed;
mod field_typed;
mod force_enabled;
mod forced;
mod group_approval;
mod identity_changed;
mod joined_changed;
mod json_path;
mod limit_tightened;
mod list_and_map_type;
mod map_keys;
mod merging_changed;
mod metadata;
mod missing_schema;
mod moved_between_kustomizations;
mod name;
mod name_conflict;
mod names;
mod newer_kubernetes;
mod not_tried;
mod nullable_changed;
mod one_storage_version;
mod owner_changed;
mod pattern;
mod pattern_changed;
mod preserve_unknown_fields;
mod printer_column;
mod properties_and_additional;
mod recreated_by_force;
mod refused_by_cluster;
mod replaced;
mod required_added;
mod root_nullable;
mod rules_of;
mod scale;
mod schema_extension;
mod schema_keyword;
mod schema_metadata;
mod schema_type;
mod schemas;
mod scope;
mod selectable_field;
mod served_versions_differ;
mod server_path;
mod set_items;
mod shape;
mod status_ignored;
mod status_root;
mod storage_version_changed;
mod stored_version_removed;
mod structural;
mod structural_complete;
mod structural_junctor;
mod structural_type;
mod subresource_changed;
mod type_changed;
mod unhandled_change;
mod unknown_field;
mod unknown_fields_changed;
mod unknown_format;
mod used;
mod validation_changed;
mod validation_rule;
mod version_name;
mod version_unserved;

pub use api_version_removed::ApiVersionRemoved;
pub use applied::Applied;
pub use breaks_objects::BreaksObjects;
pub use cel::Cel;
pub use cel_undecided::CelUndecided;
pub use cluster_warns::ClusterWarns;
pub use conversion::Conversion;
pub use conversion_changed::ConversionChanged;
pub use default_changed::DefaultChanged;
pub use default_place::DefaultPlace;
pub use default_value::DefaultValue;
pub use deleted::Deleted;
pub use deprecation_warning::DeprecationWarning;
pub use embedded_resource::EmbeddedResource;
pub use enum_narrowed::EnumNarrowed;
pub use field_removed::FieldRemoved;
pub use field_typed::FieldTyped;
pub use force_enabled::ForceEnabled;
pub use group_approval::GroupApproval;
pub use identity_changed::IdentityChanged;
pub use joined_changed::JoinedChanged;
pub use limit_tightened::LimitTightened;
pub use list_and_map_type::ListAndMapType;
pub use map_keys::MapKeys;
pub use merging_changed::MergingChanged;
pub use missing_schema::MissingSchema;
pub use moved_between_kustomizations::MovedBetweenKustomizations;
pub use name::Name;
pub use name_conflict::NameConflict;
pub use names::Names;
pub use newer_kubernetes::NewerKubernetes;
pub use not_tried::NotTried;
pub use nullable_changed::NullableChanged;
pub use one_storage_version::OneStorageVersion;
pub use owner_changed::OwnerChanged;
pub use pattern::Pattern;
pub use pattern_changed::PatternChanged;
pub use preserve_unknown_fields::PreserveUnknownFields;
pub use printer_column::PrinterColumn;
pub use properties_and_additional::PropertiesAndAdditional;
pub use recreated_by_force::RecreatedByForce;
pub use refused_by_cluster::RefusedByCluster;
pub use replaced::Differences;
pub use required_added::RequiredAdded;
pub use root_nullable::RootNullable;
pub use scale::Scale;
pub use schema_extension::SchemaExtension;
pub use schema_keyword::SchemaKeyword;
pub use schema_metadata::SchemaMetadata;
pub use schema_type::SchemaType;
pub use scope::Scope;
pub use selectable_field::SelectableField;
pub use served_versions_differ::ServedVersionsDiffer;
pub use set_items::SetItems;
pub use status_ignored::StatusIgnored;
pub use status_root::StatusRoot;
pub use storage_version_changed::StorageVersionChanged;
pub use stored_version_removed::StoredVersionRemoved;
pub use structural_complete::StructuralComplete;
pub use structural_junctor::StructuralJunctor;
pub use structural_type::StructuralType;
pub use subresource_changed::SubresourceChanged;
pub use type_changed::TypeChanged;
pub use unhandled_change::UnhandledChange;
pub use unknown_field::UnknownField;
pub use unknown_fields_changed::UnknownFieldsChanged;
pub use unknown_format::UnknownFormat;
pub use validation_changed::ValidationChanged;
pub use validation_rule::ValidationRule;
pub use version_name::VersionName;
pub use version_unserved::VersionUnserved;

use super::Review;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::{Node, Object};
use crate::schema::{Definition, is_definition};

/// The CustomResourceDefinitions in the new and changed files, of whatever version.
fn definitions<'a>(review: &Review<'a>) -> impl Iterator<Item = &'a Object> + use<'a> {
    review.objects().filter(|object| is_definition(object.group(), &object.kind))
}

/// The rule of definitions that go.
pub(super) const DELETED: &str = "crd/deleted";
/// The rule of what only the cluster can decide.
pub(super) const CEL_UNDECIDED: &str = "crd/cel-undecided";

/// The rules whose errors the API server takes, and that break what exists: objects, clients, other teams.
pub(super) const COMPARING: &[&str] = &[
    DELETED,
    "crd/recreated-by-force",
    "crd/moved-between-kustomizations",
    "crd/owner-changed",
    "crd/name-conflict",
    "crd/breaks-objects",
    "crd/version-unserved",
    "crd/storage-version-changed",
    "crd/conversion-changed",
    "crd/subresource-changed",
    "crd/field-removed",
    "crd/field-typed",
    "crd/type-changed",
    "crd/required-added",
    "crd/enum-narrowed",
    "crd/limit-tightened",
    "crd/pattern-changed",
    "crd/nullable-changed",
    "crd/default-changed",
    "crd/joined-changed",
    "crd/validation-changed",
    "crd/unknown-fields-changed",
    "crd/merging-changed",
    "crd/served-versions-differ",
    "crd/unhandled-change",
];

/// The definitions that are not of the removed version v1beta1, whose fields stand elsewhere: there `crd/api-version-removed` says everything that has to move.
pub(super) fn current<'a>(review: &Review<'a>) -> impl Iterator<Item = Definition<'a>> + use<'a> {
    review.objects().filter_map(Definition::of)
}

/// The definition of the same name as it was before the change, that which Flux applied first of all. What the
/// API server refuses only where it is new is compared with it.
pub(super) fn old_definition<'a>(review: &Review<'a>, object: &Object) -> Option<Definition<'a>> {
    let mut named = review.old_objects().filter(|old| old.name == object.name).filter_map(Definition::of).peekable();
    let first = *named.peek()?;
    named.find(|old| review.before.is_applied(&old.object.file, None)).or(Some(first))
}

/// An error of `rule` at a node of `object`: what the API server refuses.
fn error(rule: RuleId, object: &Object, node: &Node, message: impl Into<String>) -> Finding {
    Finding::new(rule, Severity::Error, object.location(node), message).with_object(object.reference())
}

/// A warning of `rule` at a node of `object`: what the API server takes and does not do.
fn warning(rule: RuleId, object: &Object, node: &Node, message: impl Into<String>) -> Finding {
    Finding::new(rule, Severity::Warning, object.location(node), message).with_object(object.reference())
}

/// The text at the end of a path as Go decodes it, empty where nothing is written; `None` where something
/// else than a text stands there, of which `crd/unknown-field` speaks.
fn text<'a>(node: &'a Node, path: &[&str]) -> Option<&'a str> {
    match node.at(path) {
        Some(found) if !found.is_null() => found.as_str(),
        _ => Some(""),
    }
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
