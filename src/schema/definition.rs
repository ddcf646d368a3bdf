//! One CustomResourceDefinition.

use super::{GROUP, KIND, Schema};
use crate::manifest::{Node, Object};

/// A CustomResourceDefinition of `apiextensions.k8s.io/v1`, with the API server's defaults for its names
/// (`pkg/apis/apiextensions/v1/defaults.go`).
#[derive(Debug, Clone, Copy)]
pub struct Definition<'a> {
    /// The object.
    pub object: &'a Object,
}

/// Whether objects of a group and kind are CustomResourceDefinitions, of whatever version.
pub fn is_definition(group: &str, kind: &str) -> bool {
    group == GROUP && kind == KIND
}

/// One of its versions.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// Its place in `spec.versions`, from 0.
    pub index: usize,
    /// Its node.
    pub node: &'a Node,
}

impl<'a> Definition<'a> {
    /// The definition that an object is; `None` for every other object, and for one of the removed version
    /// v1beta1, whose fields stand elsewhere.
    pub fn of(object: &'a Object) -> Option<Self> {
        let is_one = is_definition(object.group(), &object.kind);
        (is_one && !object.api_version.ends_with("/v1beta1")).then_some(Self { object })
    }

    /// What stands under `spec` and a path of keys, where it is not null.
    pub fn spec(self, path: &[&str]) -> Option<&'a Node> {
        let spec = self.object.node.get("spec")?;
        spec.at(path).filter(|node| !node.is_null())
    }

    fn text(self, path: &[&str]) -> Option<&'a str> {
        self.spec(path).and_then(Node::as_str).filter(|text| !text.is_empty())
    }

    /// `spec.group`.
    pub fn group(self) -> Option<&'a str> {
        self.text(&["group"])
    }

    /// `spec.scope`.
    pub fn scope(self) -> Option<&'a str> {
        self.text(&["scope"])
    }

    /// `spec.names.kind`.
    pub fn kind(self) -> Option<&'a str> {
        self.text(&["names", "kind"])
    }

    /// `spec.names.plural`.
    pub fn plural(self) -> Option<&'a str> {
        self.text(&["names", "plural"])
    }

    /// `spec.names.singular`, else the kind in lower case.
    pub fn singular(self) -> Option<String> {
        let written = self.text(&["names", "singular"]).map(str::to_owned);
        written.or_else(|| self.kind().map(str::to_lowercase))
    }

    /// `spec.names.listKind`, else the kind and `List`.
    pub fn list_kind(self) -> Option<String> {
        let written = self.text(&["names", "listKind"]).map(str::to_owned);
        written.or_else(|| self.kind().map(|kind| format!("{kind}List")))
    }

    /// `spec.names.shortNames`, each with its node.
    pub fn short_names(self) -> impl Iterator<Item = (&'a str, &'a Node)> {
        self.spec(&["names", "shortNames"]).into_iter().flat_map(Node::strings)
    }

    /// The versions in the order in which they stand.
    pub fn versions(self) -> impl Iterator<Item = Version<'a>> {
        let versions = self.spec(&["versions"]).into_iter().flat_map(Node::items);
        versions.enumerate().map(|(index, node)| Version { index, node })
    }

    /// The version of a name.
    pub fn version(self, name: &str) -> Option<Version<'a>> {
        self.versions().find(|version| version.name() == Some(name))
    }

    /// The version in which an object is written, where the API server answers for it.
    pub fn serving(self, object: &Object) -> Option<Version<'a>> {
        let name = object.api_version.rsplit('/').next().unwrap_or_default();
        self.version(name).filter(|version| version.is_served())
    }

    /// `spec.preserveUnknownFields`.
    pub fn preserves_unknown_fields(self) -> bool {
        self.spec(&["preserveUnknownFields"]).and_then(Node::as_bool) == Some(true)
    }

    /// The node to point at for a path below `spec`: the deepest part of it that is written.
    pub fn nearest(self, path: &[&str]) -> &'a Node {
        self.object.node.get("spec").unwrap_or(&self.object.node).nearest(path)
    }
}

impl<'a> Version<'a> {
    /// What stands under a path of keys, where it is not null.
    pub fn at(self, path: &[&str]) -> Option<&'a Node> {
        self.node.at(path).filter(|node| !node.is_null())
    }

    /// Its name.
    pub fn name(self) -> Option<&'a str> {
        self.at(&["name"])?.as_str()
    }

    /// What people call it: its name, or its number where it has no proper one.
    pub fn called(self) -> String {
        let proper = |name: &&str| name.len() <= 63 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        self.name()
            .filter(proper)
            .map_or_else(|| format!("version number {}", self.index + 1), |name| format!("version `{name}`"))
    }

    /// Whether the API server answers for it.
    pub fn is_served(self) -> bool {
        self.at(&["served"]).and_then(Node::as_bool) == Some(true)
    }

    /// Whether objects are stored in it.
    pub fn is_stored(self) -> bool {
        self.at(&["storage"]).and_then(Node::as_bool) == Some(true)
    }

    /// `schema.openAPIV3Schema`.
    pub fn schema(self) -> Option<Schema<'a>> {
        self.at(&["schema", "openAPIV3Schema"]).map(Schema::new)
    }

    /// The path of one of its fields, as `spec.versions[0].schema`.
    pub fn field(self, rest: &str) -> String {
        let dot = if rest.is_empty() { "" } else { "." };
        format!("spec.versions[{}]{dot}{rest}", self.index)
    }
}
