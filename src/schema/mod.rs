//! CustomResourceDefinitions and the schemas in them, as the API server reads them, through the nodes of
//! their manifests: every answer knows its line.
//!
//! Source of the words and defaults: kubernetes/apiextensions-apiserver, `pkg/apis/apiextensions`.

pub mod builtin;
mod canonical;
pub mod cel;
mod compare;
mod definition;
mod go_time;
pub mod metadata;
mod nearest;
mod node;
mod pattern;
mod resource;
pub mod since;
pub mod url;
pub mod value;
mod walk;
mod wire;

pub use canonical::{Canonical, same};
pub use compare::{Aspect, Difference, compare};
pub use definition::{Definition, Version, is_definition};
pub use nearest::nearest_name;
pub use node::{Additional, Junctor, Schema};
pub use pattern::{Pattern, Refusal};
pub use resource::judge_resource;
pub use walk::{Place, Visit, walk};
pub use wire::{NO_BASE64, decode_base64, is_micro_time, is_time};

/// The API group of CustomResourceDefinition.
pub const GROUP: &str = "apiextensions.k8s.io";

/// Its kind.
pub const KIND: &str = "CustomResourceDefinition";

#[cfg(test)]
mod tests;
