//! YAML text to objects that know their file and lines; kustomization files; edits that keep comments.

mod annotations;
mod edit;
mod gate;
mod json;
mod kustomization;
mod lines;
mod node;
mod object;
mod read;
mod resolve;
mod scope;
mod spelling;
mod split;
mod timestamp;
mod tree;
mod witness;

pub(crate) use edit::tag_line;
pub use edit::{
    EditError, Spot, insert_list_entry, insert_list_value, insert_text_line, remove_list_items, remove_text_line,
};
pub use kustomization::{Entry, EntryPlace, EntryRole, Kustomization, PatchTarget};
pub use node::{Node, Position, Scalar, Value};
pub use object::{ManifestFile, Object, Problem, api_group, is_ciphertext};
pub use read::{
    KUSTOMIZATION_NAMES, documents, is_kustomization, is_manifest, is_read, is_source_ignore, read, unreadable,
};
pub use scope::{ObjectScope, builtin_scope};
pub use split::{document_text, without_documents};

#[cfg(test)]
mod tests;
