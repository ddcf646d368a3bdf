//! YAML text to objects that know their file and lines; kustomization files; edits that keep comments.

mod node;
mod object;

pub use node::{Node, Position, Scalar, Value};
pub use object::{ManifestFile, Object, Problem};
