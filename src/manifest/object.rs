//! Kubernetes objects inside a file.

use std::sync::Arc;

use super::{Node, Position};
use crate::finding::{Location, ObjectRef};
use crate::names::RepoPath;

/// Why a file, or a part of it, cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub position: Position,
    /// What is wrong, one plain sentence.
    pub message: String,
    /// What mends it.
    pub help: String,
}

/// One file of a repository, read.
#[derive(Debug, Clone)]
pub struct ManifestFile {
    /// Its path.
    pub path: RepoPath,
    /// Its text, for showing source lines.
    pub source: Arc<str>,
    /// The roots of its documents, in order.
    pub documents: Vec<Node>,
    /// Its Kubernetes objects, lists unwrapped; empty for kustomization files and other YAML.
    pub objects: Vec<Object>,
    /// What could not be read; where there is any, the file is not judged further.
    pub problems: Vec<Problem>,
}

impl ManifestFile {
    /// The location of a place in this file.
    pub fn location(&self, position: Position) -> Location {
        Location { file: self.path.clone(), line: position.line, column: position.column }
    }
}

/// One Kubernetes object as written in a manifest.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its file.
    pub file: RepoPath,
    /// The whole object.
    pub node: Node,
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`, where written and not empty.
    pub namespace: Option<String>,
    /// `metadata.name`, or `metadata.generateName`, or empty.
    pub name: String,
    /// Whether it has a `sops` block that is not empty: Flux decrypts such an object, where its `Kustomization` says so
    /// (kustomize-controller, `internal/decryptor`), and its [ciphertexts](is_ciphertext) are not what is applied.
    pub encrypted: bool,
}

impl Object {
    /// The API group: the part of `apiVersion` before the slash, empty for the core group.
    pub fn group(&self) -> &str {
        api_group(&self.api_version)
    }

    /// What a finding calls this object. Longer words than Kubernetes takes are cut: every finding
    /// has its own copy, and thousands of copies of an endless name would fill the memory.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            api_version: cut(&self.api_version),
            kind: cut(&self.kind),
            namespace: self.namespace.as_deref().map(cut),
            name: cut(&self.name),
        }
    }

    /// The location of a node of this object.
    pub fn location(&self, node: &Node) -> Location {
        Location { file: self.file.clone(), line: node.start.line, column: node.start.column }
    }
}

/// The API group of an `apiVersion`: the part before the slash, empty for the core group.
pub fn api_group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Whether a text is a value that SOPS has encrypted (getsops/sops, `aes/cipher.go`). What it will be nobody can say:
/// Flux does not check that it is the one that was encrypted, and everybody may encrypt for it.
pub fn is_ciphertext(text: &str) -> bool {
    text.starts_with("ENC[")
}

/// The longest API version has a group of 253 characters, a slash, and a version of 63.
const LONGEST: usize = 317;

fn cut(word: &str) -> String {
    match word.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest;

    #[test]
    fn an_endless_name_is_cut_in_findings() {
        let yaml = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n", "ü".repeat(1_000));
        let file = manifest::read("x.yaml".parse().expect("a path"), yaml.as_bytes());
        let name = file.objects.first().expect("an object").reference().name;
        assert!(name.chars().count() == 318 && name.ends_with('…'), "{name}");
    }
}
