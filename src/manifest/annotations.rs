//! Annotations as Flux sends them: kustomize takes the annotations of every object apart and writes them anew as text,
//! so that `1.10` stays `1.10`, and a list or mapping becomes empty text. Only the object's own are meant, not those of
//! a template in it.

use super::{Node, Scalar, Value};

/// Makes text of an object's annotations. An item of a list has been made JSON before, by the rules for values.
pub(super) fn make_text(object: &mut Node, in_list: bool) {
    let annotations = entry(object, "metadata").and_then(|metadata| entry(metadata, "annotations"));
    let Some(Value::Mapping(entries)) = annotations.map(|node| &mut node.value) else { return };
    for (_, node) in entries {
        match &mut node.value {
            Value::Scalar { value: Scalar::String(_), plain, .. } if !*plain || in_list => {}
            Value::Scalar { value, text, .. } => {
                *value = Scalar::String(if in_list { as_json(value) } else { text.clone() });
            }
            other => *other = Value::Scalar { value: Scalar::String(String::new()), text: String::new(), plain: false },
        }
    }
}

fn entry<'a>(node: &'a mut Node, name: &str) -> Option<&'a mut Node> {
    let Value::Mapping(entries) = &mut node.value else { return None };
    entries.iter_mut().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value)
}

fn as_json(value: &Scalar) -> String {
    match value {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Int(value) => value.to_string(),
        Scalar::Float(value) => number(*value),
        Scalar::String(text) => text.clone(),
    }
}

/// A float as Go's `encoding/json` prints it: with an exponent of at least two digits from 1e21 on, and below 1e-6.
fn number(value: f64) -> String {
    if value == 0.0 || (1e-6..1e21).contains(&value.abs()) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::{Node, read};

    const OWN: &str = "{a: 1, b: true, c: 2024-1-1, d: ~, e: 1.10, f: 0777, g: yes, h: {x: 1}, i: [1], j: 'x', k: }";

    fn annotations(text: &str) -> Vec<Option<String>> {
        let file = read("a.yaml".parse().expect("a path"), text.as_bytes());
        assert_eq!(file.problems, [], "{text}");
        let node = file.objects[0].node.at(&["metadata", "annotations"]).expect("annotations");
        node.entries().map(|(_, value)| value.as_str().map(str::to_owned)).collect()
    }

    fn texts(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|text| Some((*text).to_owned())).collect()
    }

    #[test]
    fn annotations_are_the_text_that_is_written() {
        let text = format!("apiVersion: v1\nkind: A\nmetadata: {{name: a, annotations: {OWN}}}\n");
        let expected = ["1", "true", "2024-1-1", "~", "1.10", "0777", "yes", "", "", "x", ""];
        assert_eq!(annotations(&text), texts(&expected));
    }

    #[test]
    fn those_of_items_are_the_text_of_the_value() {
        let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n  metadata: {name: a, annotations: \
                    {a: 0x1F, b: TRUE, c: 2024-1-1, d: ~, e: 1.10, f: 1e21, g: 0.0000001, h: yes}}\n";
        let expected = ["31", "true", "2024-01-01T00:00:00Z", "null", "1.1", "1e+21", "1e-07", "yes"];
        assert_eq!(annotations(text), texts(&expected));
    }

    #[test]
    fn templates_and_labels_are_values() {
        let text = "apiVersion: v1\nkind: A\nmetadata: {labels: {a: 1}}\nspec: {metadata: {annotations: {a: 1}}}\n";
        let file = read("a.yaml".parse().expect("a path"), text.as_bytes());
        for path in [&["metadata", "labels", "a"][..], &["spec", "metadata", "annotations", "a"]] {
            assert_eq!(file.objects[0].node.at(path).and_then(Node::as_int), Some(1), "{path:?}");
        }
    }
}
