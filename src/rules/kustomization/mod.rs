//! Rules of the family `kustomization/`.

mod missing_resource;
mod not_evaluated;
mod not_listed;
mod patches;

pub use missing_resource::MissingResource;
pub use not_evaluated::NotEvaluated;
pub use not_listed::NotListed;
