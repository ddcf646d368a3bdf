//! One schema: a thin, typed look at its node.

use crate::manifest::Node;

/// A schema of OpenAPI v3 as CustomResourceDefinitions have it (`JSONSchemaProps`). What is written as
/// `null` is not there: so does Go read it.
#[derive(Debug, Clone, Copy)]
pub struct Schema<'a>(&'a Node);

/// `additionalProperties`: either a schema for all other fields, or whether there may be any.
#[derive(Debug, Clone, Copy)]
pub enum Additional<'a> {
    /// Whether other fields may be there.
    Allowed(bool),
    /// What other fields must be.
    Schema(Schema<'a>),
}

/// The words that join schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Junctor {
    /// All must hold.
    AllOf,
    /// One at least must hold.
    AnyOf,
    /// Exactly one must hold.
    OneOf,
    /// It must not hold.
    Not,
}

impl Junctor {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 4] = [Self::AllOf, Self::AnyOf, Self::Not, Self::OneOf];

    /// The key in a schema.
    pub const fn key(self) -> &'static str {
        match self {
            Self::AllOf => "allOf",
            Self::AnyOf => "anyOf",
            Self::OneOf => "oneOf",
            Self::Not => "not",
        }
    }
}

impl<'a> Schema<'a> {
    /// The schema that a node holds. A node that is no mapping is a schema that says nothing.
    pub const fn new(node: &'a Node) -> Self {
        Self(node)
    }

    /// Its node.
    pub const fn node(self) -> &'a Node {
        self.0
    }

    /// What stands under a key, where it is not null.
    pub fn get(self, key: &str) -> Option<&'a Node> {
        self.0.get(key).filter(|node| !node.is_null())
    }

    /// The text under a key.
    pub fn text(self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// Whether a key is set to true.
    pub fn is(self, key: &str) -> bool {
        self.get(key).and_then(Node::as_bool) == Some(true)
    }

    /// `type`; an empty one is none.
    pub fn type_name(self) -> Option<&'a str> {
        self.text("type").filter(|name| !name.is_empty())
    }

    /// The fields in the order in which they stand: the key, and what it must be.
    pub fn properties(self) -> impl Iterator<Item = (&'a Node, Self)> {
        self.get("properties").into_iter().flat_map(Node::entries).map(|(key, value)| (key, Self(value)))
    }

    /// The schema of a field.
    pub fn property(self, name: &str) -> Option<Self> {
        self.get("properties")?.get(name).map(Self)
    }

    /// The schema of a list's items, where there is one for all of them.
    pub fn items(self) -> Option<Self> {
        self.get("items").filter(|items| items.is_mapping()).map(Self)
    }

    /// What other fields than the named ones may be.
    pub fn additional(self) -> Option<Additional<'a>> {
        let node = self.get("additionalProperties")?;
        Some(node.as_bool().map_or(Additional::Schema(Self(node)), Additional::Allowed))
    }

    /// The schemas that are joined by one of the words, each with its node.
    pub fn joined(self, junctor: Junctor) -> impl Iterator<Item = Self> {
        let node = self.get(junctor.key());
        let one = node.filter(|_| junctor == Junctor::Not);
        let many = node.filter(|_| junctor != Junctor::Not).into_iter().flat_map(Node::items);
        one.into_iter().chain(many).map(Self)
    }

    /// The names of the fields that must be there, each with its node.
    pub fn required(self) -> impl Iterator<Item = (&'a str, &'a Node)> {
        self.get("required").into_iter().flat_map(Node::strings)
    }

    /// Whether a field must be there.
    pub fn requires(self, name: &str) -> bool {
        self.required().any(|(required, _)| required == name)
    }

    /// `x-kubernetes-int-or-string`: a whole number or a text.
    pub fn is_int_or_string(self) -> bool {
        self.is("x-kubernetes-int-or-string")
    }

    /// `x-kubernetes-preserve-unknown-fields`: fields that nobody has named stay.
    pub fn preserves_unknown_fields(self) -> bool {
        self.is("x-kubernetes-preserve-unknown-fields")
    }

    /// `x-kubernetes-embedded-resource`: an object of Kubernetes, with kind and metadata.
    pub fn is_embedded_resource(self) -> bool {
        self.is("x-kubernetes-embedded-resource")
    }

    /// Whether null is a value.
    pub fn is_nullable(self) -> bool {
        self.is("nullable")
    }

    /// `x-kubernetes-list-type`: `atomic`, `set`, `map`, or what somebody wrote.
    pub fn list_type(self) -> Option<&'a str> {
        self.text("x-kubernetes-list-type")
    }

    /// `x-kubernetes-map-type`: `granular`, `atomic`, or what somebody wrote.
    pub fn map_type(self) -> Option<&'a str> {
        self.text("x-kubernetes-map-type")
    }

    /// `x-kubernetes-list-map-keys`, each with its node.
    pub fn list_map_keys(self) -> impl Iterator<Item = (&'a str, &'a Node)> {
        self.get("x-kubernetes-list-map-keys").into_iter().flat_map(Node::strings)
    }
}
