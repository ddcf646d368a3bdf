//! Rules of the family `kustomization/`.

mod flux;
mod kinds;
mod labels;
mod missing_resource;
mod names;
mod not_evaluated;
mod not_listed;
mod patch_items;
mod patches;

pub use missing_resource::MissingResource;
pub use not_evaluated::NotEvaluated;
pub use not_listed::NotListed;
