//! Rules of the family `tenancy/`.

mod border;
mod cluster_object_outside_common;
mod duplicate_object;
mod flux_objects;
mod foreign_namespace;
mod moved_teams;
mod repository_changed;

pub use cluster_object_outside_common::ClusterObjectOutsideCommon;
pub use duplicate_object::DuplicateObject;
pub use foreign_namespace::ForeignNamespace;
pub use repository_changed::RepositoryChanged;
