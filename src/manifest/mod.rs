//! YAML text to objects that know their file and lines; kustomization files; edits that keep comments.

mod edit;
mod node;
mod object;

pub(crate) use edit::tag_line;
pub use edit::{EditError, insert_list_entry};
pub use node::{Node, Position, Scalar, Value};
pub use object::{ManifestFile, Object, Problem};
