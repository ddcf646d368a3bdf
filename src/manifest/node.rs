//! A YAML tree in which every node knows where it stands. Values are read by go-yaml v3's untyped
//! rules, because that is what Flux does (see `resolve`).

use super::resolve::resolve_by_kubectl;

/// A place in a file: byte offset from 0, line and column from 1. Lines are counted in `\n`, as
/// GitHub does; columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Bytes from the file's start.
    pub offset: usize,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// What a scalar means to Flux.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number with a fraction or exponent.
    Float(f64),
    /// Text.
    String(String),
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A scalar, with the text as written (unquoted, unescaped).
    Scalar {
        /// What it means.
        value: Scalar,
        /// What is written.
        text: String,
        /// Whether it is written without quotes.
        plain: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the order in which they stand.
    Mapping(Vec<(Node, Node)>),
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it starts.
    pub start: Position,
    /// Where it ends (exclusive).
    pub end: Position,
    /// What it holds.
    pub value: Value,
}

impl Node {
    /// The value under `key`, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Key and value under `key`.
    pub fn entry(&self, key: &str) -> Option<(&Self, &Self)> {
        self.entries().find(|(name, _)| name.text() == Some(key))
    }

    /// The value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The node to point at for a path of keys: the deepest part of it that is written.
    pub fn nearest(&self, path: &[&str]) -> &Self {
        let mut deepest = self;
        for key in path {
            match deepest.get(key) {
                Some(next) => deepest = next,
                None => break,
            }
        }
        deepest
    }

    /// Keys and values of a mapping; nothing for anything else.
    pub fn entries(&self) -> impl Iterator<Item = (&Self, &Self)> {
        let entries: &[(Self, Self)] = if let Value::Mapping(entries) = &self.value { entries } else { &[] };
        entries.iter().map(|(key, value)| (key, value))
    }

    /// The items of a list; nothing for anything else.
    pub fn items(&self) -> impl Iterator<Item = &Self> {
        let items: &[Self] = if let Value::Sequence(items) = &self.value { items } else { &[] };
        items.iter()
    }

    /// The text, where this is a scalar that Flux reads as a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { value: Scalar::String(text), .. } => Some(text),
            _ => None,
        }
    }

    /// The scalar's text as written, whatever it means.
    pub fn text(&self) -> Option<&str> {
        if let Value::Scalar { text, .. } = &self.value { Some(text) } else { None }
    }

    /// What `kubectl` takes a scalar for, and kustomize in its own files and in JSON patches.
    pub fn by_kubectl(&self) -> Option<Scalar> {
        match &self.value {
            Value::Scalar { text, plain: true, .. } => Some(resolve_by_kubectl(text)),
            Value::Scalar { value, .. } => Some(value.clone()),
            _ => None,
        }
    }

    /// The boolean, where Flux reads one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Scalar { value: Scalar::Bool(value), .. } = self.value { Some(value) } else { None }
    }

    /// The whole number, where Flux reads one.
    pub fn as_int(&self) -> Option<i128> {
        if let Value::Scalar { value: Scalar::Int(value), .. } = self.value { Some(value) } else { None }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Scalar { value: Scalar::Null, .. })
    }

    /// Whether this is a list.
    pub fn is_sequence(&self) -> bool {
        matches!(self.value, Value::Sequence(_))
    }

    /// Whether this is a mapping.
    pub fn is_mapping(&self) -> bool {
        matches!(self.value, Value::Mapping(_))
    }

    /// The strings of a list, with their nodes; items that are no strings are passed over.
    pub fn strings(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.items().filter_map(|item| item.as_str().map(|text| (text, item)))
    }
}
