//! Whether the schemas of two versions are the same to the API server.

use super::shape::{Kind, SCHEMA, Shape, VALIDATION};
use crate::manifest::{Node, Scalar, Value};

/// Whether two `schema`s mean the same to the API server: order, lines and spelling do not count, nor what it
/// does not read at all, and what is null, false or empty is mostly as good as not written.
pub(super) fn alike(one: &Node, other: &Node) -> bool {
    same(Some(one), Some(other), &Kind::Object(&VALIDATION))
}

fn same(one: Option<&Node>, other: Option<&Node>, kind: &Kind) -> bool {
    let written = |node: Option<&'_ Node>| node.is_some_and(|node| !says_nothing(node, kind));
    match (one, other) {
        (Some(one_node), Some(other_node)) if written(one) && written(other) => same_values(one_node, other_node, kind),
        _ => written(one) == written(other),
    }
}

fn says_nothing(node: &Node, kind: &Kind) -> bool {
    match (kind, &node.value) {
        (_, Value::Scalar { value: Scalar::Null, .. }) => true,
        (Kind::Truth, Value::Scalar { value, .. }) => *value == Scalar::Bool(false),
        (Kind::Text, Value::Scalar { text, .. }) => text.is_empty(),
        (Kind::List(_) | Kind::Set | Kind::Keyed(..), Value::Sequence(items)) => items.is_empty(),
        (Kind::Map(_), Value::Mapping(entries)) => entries.is_empty(),
        _ => false,
    }
}

fn same_values(one: &Node, other: &Node, kind: &Kind) -> bool {
    match (&one.value, &other.value) {
        (Value::Mapping(_), Value::Mapping(_)) => match kind {
            Kind::Object(shape) | Kind::Keyed(shape, _) => same_fields(one, other, shape),
            Kind::SchemaOrTruth | Kind::SchemaOrList | Kind::SchemaOrTexts => same_fields(one, other, &SCHEMA),
            Kind::Map(kind) => same_entries(one, other, kind),
            _ => same_entries(one, other, &Kind::Any),
        },
        (Value::Sequence(ones), Value::Sequence(others)) => {
            let kind = match kind {
                Kind::List(kind) => kind,
                Kind::Keyed(shape, _) => &Kind::Object(shape),
                Kind::SchemaOrList => &Kind::Object(&SCHEMA),
                _ => &Kind::Any,
            };
            ones.len() == others.len() && ones.iter().zip(others).all(|(one, other)| same(Some(one), Some(other), kind))
        }
        (Value::Scalar { value: one, .. }, Value::Scalar { value: other, .. }) => same_scalars(one, other),
        _ => false,
    }
}

/// Fields that nobody knows are not read.
fn same_fields(one: &Node, other: &Node, shape: &Shape) -> bool {
    let covers = |one: &Node, other: &Node| {
        one.entries().all(|(key, value)| {
            let name = key.text().unwrap_or_default();
            shape.field(name).is_none_or(|kind| same(Some(value), other.get(name), kind))
        })
    };
    covers(one, other) && covers(other, one)
}

/// The same keys, and the same behind each.
fn same_entries(one: &Node, other: &Node, kind: &Kind) -> bool {
    let found = |name: &str, value: &Node| other.get(name).is_some_and(|found| same(Some(value), Some(found), kind));
    one.entries().count() == other.entries().count()
        && one.entries().all(|(key, value)| key.text().is_some_and(|name| found(name, value)))
}

#[expect(clippy::cast_precision_loss, reason = "Go compares numbers of 64 bits with a fraction, too")]
fn same_scalars(one: &Scalar, other: &Scalar) -> bool {
    match (one, other) {
        (Scalar::Int(whole), Scalar::Float(number)) | (Scalar::Float(number), Scalar::Int(whole)) => {
            (*whole as f64).total_cmp(number).is_eq()
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::alike;
    use crate::manifest;

    fn are_alike(one: &str, other: &str) -> bool {
        let text = format!("{{openAPIV3Schema: {one}}}\n---\n{{openAPIV3Schema: {other}}}\n");
        let file = manifest::read("x.yaml".parse().expect("a path"), text.as_bytes());
        let [one, other] = file.documents.as_slice() else { panic!("two documents: {:?}", file.problems) };
        alike(one, other)
    }

    #[test]
    fn what_the_api_server_reads_alike_is_alike() {
        for (one, other) in [
            ("{type: object, required: [a, 'b']}", "{required: [\"a\", b], type: \"object\"}"),
            ("{type: object, nullable: false, title: '', not: null, allOf: [], properties: {}}", "{type: object}"),
            ("{items: {type: string, typo: 1}}", "{items: {typo: 2, type: string}}"),
            ("{minimum: 1, maxLength: 5.0}", "{minimum: 1.0, maxLength: 5}"),
            ("{default: {a: 1, b: [x]}}", "{default: {b: [x], a: 1}}"),
            ("{x-kubernetes-validations: [{rule: a, message: ''}]}", "{x-kubernetes-validations: [{rule: a}]}"),
        ] {
            assert!(are_alike(one, other) && are_alike(other, one), "{one} | {other}");
        }
        for (one, other) in [
            ("{type: object}", "{type: string}"),
            ("{minLength: 1}", "{minLength: 2}"),
            ("{required: [a, b]}", "{required: [b, a]}"),
            ("{properties: {a: {type: string}}}", "{properties: {b: {type: string}}}"),
            ("{properties: {a: {}}}", "{properties: {}}"),
            ("{not: {}}", "{}"),
            ("{additionalProperties: false}", "{}"),
            ("{default: {a: false}}", "{default: {}}"),
            ("{enum: [a]}", "{enum: [b]}"),
            ("{x-kubernetes-validations: [{rule: a}]}", "{x-kubernetes-validations: [{rule: b}]}"),
        ] {
            assert!(!are_alike(one, other) && !are_alike(other, one), "{one} | {other}");
        }
    }
}
