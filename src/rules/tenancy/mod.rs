//! Rules of the family `tenancy/`.

mod border;
mod cluster_object_outside_common;
mod duplicate_object;
mod flux_objects;
mod foreign_namespace;
mod moved_teams;
mod path_cluster;
mod path_findings;
mod path_team;
mod repository_changed;

pub use cluster_object_outside_common::ClusterObjectOutsideCommon;
pub use duplicate_object::DuplicateObject;
pub use foreign_namespace::ForeignNamespace;
pub use path_cluster::PathCluster;
pub use path_team::PathTeam;
pub use repository_changed::RepositoryChanged;
