//! Rules of the family `kustomization/`.

mod cannot_build;
mod circles;
mod flux;
mod gathered;
mod generated;
mod kinds;
mod labels;
mod missing_resource;
mod names;
mod not_evaluated;
mod not_listed;
mod patch_items;
mod patches;
mod repeats;
mod roots;
mod source_ignore;
mod syncing;
mod types;
mod unmatched;

pub use cannot_build::CannotBuild;
pub(super) use flux::is_sync;
pub use missing_resource::MissingResource;
pub use not_evaluated::{NOT_EVALUATED, NotEvaluated};
pub use not_listed::NotListed;
pub use source_ignore::SourceIgnore;

pub(super) use flux::holds_variables;
