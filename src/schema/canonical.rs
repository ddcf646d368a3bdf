//! What a node holds, in a form that can be sorted and looked up: comparing each of ten thousand values with
//! each other would take minutes.

use std::collections::BTreeMap;

use crate::manifest::{Node, Scalar, Value};

/// What a node holds, wherever it stands and in whatever order its keys do. Numbers are JSON's: 1 is 1.0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Canonical<'a> {
    /// Null, and nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number, however it is written.
    Int(i128),
    /// Any other number: its bits.
    Float(u64),
    /// A text.
    Text(&'a str),
    /// A list.
    List(Vec<Self>),
    /// A mapping.
    Map(BTreeMap<Self, Self>),
}

impl<'a> Canonical<'a> {
    /// What `node` holds.
    pub fn of(node: &'a Node) -> Self {
        match &node.value {
            Value::Scalar { value, .. } => Self::scalar(value),
            Value::Sequence(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Mapping(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (Self::of(key), Self::of(value))).collect())
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "only where nothing is lost")]
    fn scalar(scalar: &'a Scalar) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Bool(value) => Self::Bool(*value),
            Scalar::Int(value) => Self::Int(*value),
            Scalar::Float(value) if value.fract() == 0.0 && value.abs() < (1_i128 << 53) as f64 => {
                Self::Int(*value as i128)
            }
            Scalar::Float(value) => Self::Float(value.to_bits()),
            Scalar::String(text) => Self::Text(text),
        }
    }
}

/// Whether two nodes hold the same, wherever they stand and in whatever order their keys do.
pub fn same(one: &Node, other: &Node) -> bool {
    Canonical::of(one) == Canonical::of(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest;

    #[test]
    fn what_is_written_otherwise_is_the_same() {
        let node = |text: &str| {
            let file = manifest::read("x.yaml".parse().expect("a path"), text.as_bytes());
            file.documents.into_iter().next().expect("a document")
        };
        for (one, other, alike) in [
            ("{a: 1, b: [x, null]}", "b: ['x', ~]\na: 1.0", true),
            ("[1, 2]", "[2, 1]", false),
            ("{a: '1'}", "{a: 1}", false),
            ("{a: null}", "{}", false),
            ("[0.5, -0.0, 1e3]", "[5e-1, 0, 1000]", true),
            ("[9007199254740993]", "[9007199254740992]", false),
            ("{a: {b: {c: [{d: e}]}}}", "{a: {b: {c: [{d: e}]}}}", true),
        ] {
            assert_eq!(same(&node(one), &node(other)), alike, "{one} and {other}");
        }
    }
}
