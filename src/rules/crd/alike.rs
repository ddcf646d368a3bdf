//! Whether two parts of a definition are the same to the API server.

use crate::manifest::{Node, Scalar, Value};

/// Whether two nodes mean the same: order, lines and spelling do not count, and in a schema what is null,
/// false or an empty text is as good as not written.
pub(super) fn alike(one: &Node, other: &Node) -> bool {
    same(one, other, false)
}

/// What stands under these keys of a schema is kept as it is.
const VERBATIM: [&str; 3] = ["default", "enum", "example"];

fn same(one: &Node, other: &Node, verbatim: bool) -> bool {
    match (&one.value, &other.value) {
        (Value::Mapping(_), Value::Mapping(_)) => covers(one, other, verbatim) && covers(other, one, verbatim),
        (Value::Sequence(one), Value::Sequence(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other, verbatim))
        }
        (Value::Scalar { value: one, .. }, Value::Scalar { value: other, .. }) => one == other,
        _ => false,
    }
}

/// Whether everything that one mapping says stands in the other too.
fn covers(one: &Node, other: &Node, verbatim: bool) -> bool {
    one.entries().filter(|(_, value)| verbatim || !says_nothing(value)).all(|(key, value)| {
        let Some(name) = key.text() else { return false };
        other.get(name).is_some_and(|found| same(value, found, verbatim || VERBATIM.contains(&name)))
    })
}

fn says_nothing(node: &Node) -> bool {
    match &node.value {
        Value::Scalar { value: Scalar::Null | Scalar::Bool(false), .. } => true,
        Value::Scalar { value: Scalar::String(text), .. } => text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::alike;
    use crate::manifest;

    fn are_alike(one: &str, other: &str) -> bool {
        let file = manifest::read("x.yaml".parse().expect("a path"), format!("{one}\n---\n{other}\n").as_bytes());
        let [one, other] = file.documents.as_slice() else { panic!("two documents: {:?}", file.problems) };
        alike(one, other)
    }

    #[test]
    fn what_the_api_server_reads_alike_is_alike() {
        for (one, other) in [
            ("{a: 1, b: [x, {c: d}]}", "b: ['x', {c: \"d\"}]\na: 1"),
            ("{type: object, nullable: false, title: '', not: null}", "{type: object}"),
        ] {
            assert!(are_alike(one, other) && are_alike(other, one), "{one} | {other}");
        }
        for (one, other) in [
            ("{a: 1}", "{a: 2}"),
            ("{a: 1}", "{a: '1'}"),
            ("{a: [1, 2]}", "{a: [2, 1]}"),
            ("{a: {}}", "{b: 1}"),
            ("{default: {a: null}}", "{default: {}}"),
            ("{default: {a: false}}", "{default: {}}"),
        ] {
            assert!(!are_alike(one, other) && !are_alike(other, one), "{one} | {other}");
        }
    }
}
