//! Where readers of YAML differ, row by row: what Flux and `kubectl` make of a text, and what is made of it here.
//!
//! The columns of Flux and `kubectl` are what their own code answered when it was run: kustomize v0.21.1 (`krusty`)
//! with `ReadObjects` of `fluxcd/pkg/ssa` v0.70.0, and the decoder of `k8s.io/apimachinery` v0.35.2. A text that is
//! not read here need not be one that they refuse; but what is read must be what Flux reads.

use serde_json::Value as Json;

use crate::manifest::{ManifestFile, Node, Scalar, Value, read};

const HEAD: &str = "apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: a}\n";

/// The answer of a program that refuses the text.
const ERROR: &str = "error";

fn file(text: &[u8]) -> ManifestFile {
    read("cluster/x.yaml".parse().expect("a path"), text)
}

fn value(text: &str) -> Node {
    let file = file(format!("{HEAD}v: {text}\n").as_bytes());
    assert_eq!(file.problems, [], "{text:?}");
    file.documents[0].get("v").expect("a value").clone()
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Whether a scalar is this JSON. Go prints a float without fraction as an integer, and what does not fit into 64
/// bits with a sign becomes a float.
fn is(scalar: &Scalar, expected: &Json) -> bool {
    match (scalar, expected) {
        (Scalar::Null, Json::Null) => true,
        (Scalar::Bool(value), Json::Bool(expected)) => value == expected,
        (Scalar::String(text), Json::String(expected)) => text == expected,
        (Scalar::Int(value), Json::Number(number)) => {
            number.as_i64().map_or_else(|| number.as_f64() == Some(*value as f64), |whole| i128::from(whole) == *value)
        }
        (Scalar::Float(value), Json::Number(number)) => number.as_f64() == Some(*value),
        _ => false,
    }
}

fn same(node: &Node, expected: &Json) -> bool {
    match (&node.value, expected) {
        (Value::Scalar { value, .. }, expected) => is(value, expected),
        (Value::Sequence(items), Json::Array(expected)) => {
            items.len() == expected.len() && items.iter().zip(expected).all(|(item, expected)| same(item, expected))
        }
        (Value::Mapping(entries), Json::Object(expected)) => {
            let known = |key: &Node| key.as_str().and_then(|key| expected.get(key));
            entries.len() == expected.len()
                && entries.iter().all(|(key, value)| known(key).is_some_and(|expected| same(value, expected)))
        }
        _ => false,
    }
}

/// A plain scalar, what Flux reads, and what `kubectl` reads where it differs.
type ScalarRow = (&'static str, &'static str, Option<&'static str>);

const SCALARS: &[ScalarRow] = &[
    ("yes", r#""yes""#, Some("true")),
    ("No", r#""No""#, Some("false")),
    ("on", r#""on""#, Some("true")),
    ("OFF", r#""OFF""#, Some("false")),
    ("y", r#""y""#, Some("true")),
    ("N", r#""N""#, Some("false")),
    ("TRUE", "true", None),
    ("tRue", r#""tRue""#, None),
    ("0777", "511", None),
    ("08", "8", None),
    ("-010", "-8", None),
    ("0o777", "511", None),
    ("0o-1", "-1", Some(r#""0o-1""#)),
    ("0O-1", r#""0O-1""#, None),
    ("0x1F", "31", None),
    ("0b11", "3", None),
    ("0b-1", "-1", None),
    ("1_000", "1000", None),
    ("_1", r#""_1""#, None),
    ("12:30:45", r#""12:30:45""#, None),
    ("22:22", r#""22:22""#, None),
    ("123e4567", r#""123e4567""#, None),
    ("12e3", "12000", None),
    ("1e21", "1e21", None),
    ("1e-400", "0", None),
    ("2024-01-01", r#""2024-01-01T00:00:00Z""#, Some(r#""2024-01-01""#)),
    ("2024-1-2", r#""2024-01-02T00:00:00Z""#, Some(r#""2024-1-2""#)),
    ("2024-13-45", r#""2024-13-45""#, None),
    ("2024-01-01 10:11:12", r#""2024-01-01T10:11:12Z""#, Some(r#""2024-01-01 10:11:12""#)),
    ("2024-01-01T10:11:12Z", r#""2024-01-01T10:11:12Z""#, None),
    ("18446744073709551615", "18446744073709552000", None),
    ("18446744073709551616", "18446744073709552000", None),
    ("-9223372036854775809", "-9223372036854776000", None),
    ("9007199254740993", "9007199254740993", None),
    ("0x10000000000000000", r#""0x10000000000000000""#, None),
    ("~", "null", None),
    ("nULL", r#""nULL""#, None),
    ("-0", "0", None),
    ("", "null", None),
    ("1.10", "1.1", None),
    ("1.2.3", r#""1.2.3""#, None),
    ("=", r#""=""#, None),
    ("<<", r#""<<""#, None),
    ("${var}", r#""${var}""#, None),
    ("!!str 12", r#""12""#, None),
    ("\"2024-01-01\"", r#""2024-01-01""#, None),
    ("'yes'", r#""yes""#, None),
    ("|\n  yes", r#""yes\n""#, None),
    ("{b: \"x\n y\"}", r#"{"b": "x y"}"#, None),
];

#[test]
fn scalars_are_what_flux_makes_of_them() {
    for (text, flux, kubectl) in SCALARS {
        let node = value(text);
        assert!(same(&node, &json(flux)), "{text:?}: Flux reads {flux}, here it is {:?}", node.value);
        if let Some(scalar) = node.by_kubectl() {
            let kubectl = kubectl.unwrap_or(flux);
            assert!(is(&scalar, &json(kubectl)), "{text:?}: kubectl reads {kubectl}, here it is {scalar:?}");
        }
    }
}

/// kustomize prints what it has read before it is sent, and go-yaml prints nothing between braces as `''`.
#[test]
fn nothing_between_braces_is_empty_text() {
    for (text, flux) in [
        ("{a: , b: 1}", r#"{"a": "", "b": 1}"#),
        ("{a}", r#"{"a": ""}"#),
        ("[a: ]", r#"[{"a": ""}]"#),
        ("{a: [b, {c: }]}", r#"{"a": ["b", {"c": ""}]}"#),
        ("{a: ~}", r#"{"a": null}"#),
        ("\n  - a:\n  - {b: }\n  -", r#"[{"a": null}, {"b": ""}, null]"#),
    ] {
        let node = value(text);
        assert!(same(&node, &json(flux)), "{text:?}: Flux reads {flux}, here it is {:?}", node.value);
    }
}

#[test]
fn keys_are_what_flux_makes_of_them() {
    for (text, kubectl) in [("y", "true"), ("n", "false"), ("on", "true"), ("Off", "false"), ("oN", "oN")] {
        let node = value(&format!("{{{text}: 1}}"));
        assert!(same(&node, &json(&format!(r#"{{"{text}": 1}}"#))), "{text}: {node:?}");
        let key = node.entries().next().expect("an entry").0.by_kubectl();
        let read = match key {
            Some(Scalar::Bool(value)) => value.to_string(),
            Some(Scalar::String(text)) => text,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(read, kubectl, "{text}");
    }
}

/// A text behind the head of an object, part of the reason for which it is not read here, and what Flux and
/// `kubectl` read of `v`, or of all that the text says.
type RefusedRow = (&'static str, &'static str, &'static str, &'static str);

const REFUSED: &[RefusedRow] = &[
    ("v: .inf\n", "Infinity", ERROR, ERROR),
    ("v: -.Inf\n", "Infinity", ERROR, ERROR),
    ("v: .nan\n", "Infinity", ERROR, ERROR),
    ("v: 2024-01-01T10:11:12+24:00\n", "a day or more", ERROR, r#""2024-01-01T10:11:12+24:00""#),
    // At the first level go-yaml takes the text of a key that is no text; in JSON that is the same key as a text's.
    ("~: 1\n", "is not text", ERROR, ERROR),
    ("1: x\n", "is not text", r#"{"1": "x"}"#, r#"{"1": "x"}"#),
    ("v: {1: a}\n", "is not text", ERROR, r#"{"1": "a"}"#),
    ("v: {0777: a}\n", "is not text", ERROR, r#"{"511": "a"}"#),
    ("v: {true: a}\n", "is not text", ERROR, r#"{"true": "a"}"#),
    ("v: {~: a}\n", "is not text", ERROR, ERROR),
    ("v: {2024-01-01: a}\n", "a time, not text", ERROR, r#"{"2024-01-01": "a"}"#),
    ("v: {.inf: a}\n", "Infinity", ERROR, r#"{".inf": "a"}"#),
    ("v: {a: 1, a: 2}\n", "twice", ERROR, r#"{"a": 2}"#),
    ("v: {1: a, \"1\": b}\n", "is not text", ERROR, r#"{"1": "b"}"#),
    ("x: &x {c: 1, d: 2}\nv:\n  d: 3\n  <<: *x\n", "An anchor", r#"{"c": 1, "d": 3}"#, r#"{"c": 1, "d": 2}"#),
    ("v: {<<: {c: 1}}\n", "A merge key", r#"{"c": 1}"#, r#"{"c": 1}"#),
    ("v: !!binary aGk=\n", "A tag", r#""hi""#, r#""hi""#),
    ("v: !foo bar\n", "A tag", r#""bar""#, r#""bar""#),
    ("v: !!bool yes\n", "A tag", ERROR, "true"),
    ("v: !!timestamp 2024-01-01\n", "A tag", r#""2024-01-01T00:00:00Z""#, r#""2024-01-01""#),
    ("v: 1\n# x\u{2028}rules: 1\n", "hidden line break", r#"{"v": 1, "rules": 1}"#, r#"{"v": 1, "rules": 1}"#),
    ("v: 1\n# x\u{2029}rules: 1\n", "hidden line break", r#"{"v": 1, "rules": 1}"#, r#"{"v": 1, "rules": 1}"#),
    ("v: 1\n# x\u{85}rules: 1\n", "hidden line break", r#"{"v": 1, "rules": 1}"#, r#"{"v": 1, "rules": 1}"#),
    ("v: 1\n# x\rrules: 1\n", "hidden line break", r#"{"v": 1, "rules": 1}"#, r#"{"v": 1, "rules": 1}"#),
    ("v: 1\r---\rb: 2\n", "hidden line break", r#"{"v": 1}"#, r#"{"v": 1}"#),
    ("v: 1\n...\nb: 2\n", "ends the document", r#"{"v": 1}"#, r#"{"v": 1}"#),
    ("---b: 2\n", "holds something else", ERROR, ERROR),
    ("--- {a: 1}\n", "holds something else", ERROR, ERROR),
    ("--- |\n  text\n", "holds something else", ERROR, ERROR),
    ("---\n\u{feff}b: 2\n", "byte order mark inside", r#"{"b": 2}"#, r#"{"b": 2}"#),
    ("v: \u{202e}x\n", "reverses", "\"\u{202e}x\"", "\"\u{202e}x\""),
    ("v: \0\n", "control character", ERROR, ERROR),
    ("v:\n-\ta\n", "not YAML", ERROR, ERROR),
    ("v: [-]\n", "Two YAML readers", r#"["-"]"#, r#"["-"]"#),
    ("v: \"\\ud83d\\ude00\"\n", "not YAML", ERROR, ERROR),
    ("v: &x 1\n---\nb: *x\n", "An anchor", ERROR, ERROR),
    ("v: {{ x }}\n", "where a key belongs", ERROR, ERROR),
];

#[test]
fn what_is_not_read_says_why() {
    for (text, reason, flux, _) in REFUSED {
        let file = file(format!("{HEAD}{text}").as_bytes());
        let problem = file.problems.first().unwrap_or_else(|| panic!("{text:?} is read, Flux says {flux}"));
        assert!(problem.message.contains(reason), "{text:?}: {}", problem.message);
        assert!(file.documents.is_empty() && file.objects.is_empty(), "{text:?}");
    }
}

/// go-yaml reads UTF-16 with a byte order mark, so Flux applies such a file.
#[test]
fn other_encodings_are_not_read() {
    let text = format!("\u{feff}{HEAD}");
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [little, big, b"a: \xe9\n".to_vec()] {
        assert!(file(&bytes).problems[0].message.contains("not UTF-8"));
    }
    assert_eq!(file(text.as_bytes()).problems, []);
}

/// kustomize refuses a directive in front of the first document, since it cuts the file at `---`.
#[test]
fn directives_are_not_read() {
    let file = file(format!("%YAML 1.1\n---\n{HEAD}").as_bytes());
    assert!(file.problems[0].message.contains("directive"), "{:?}", file.problems);
}

/// kustomize writes aliases out without any limit: with six levels of ten it took 1.8 GB.
#[test]
fn bombs_and_monsters_are_cheap() {
    let mut bomb = "v:\n  a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (at, name) in ('b'..'k').zip('a'..'j') {
        bomb += &format!("  {at}: &{at} [{}]\n", vec![format!("*{name}"); 10].join(","));
    }
    assert!(file(format!("{HEAD}{bomb}").as_bytes()).problems[0].message.contains("An anchor"));
    // Flux reads 5,000 levels and refuses 10,000; a manifest has less than 30.
    let deep = format!("{HEAD}v: {}{}\n", "[".repeat(100), "]".repeat(100));
    assert!(file(deep.as_bytes()).problems[0].message.contains("nesting"));
    for text in [format!("v: {{{}: x}}\n", "k".repeat(1_100)), format!("v:\n  {}: x\n", "k".repeat(1_100))] {
        assert!(file(format!("{HEAD}{text}").as_bytes()).problems[0].message.contains("not YAML"));
    }
    let long = "x".repeat(200_000);
    assert_eq!(value(&long).as_str(), Some(long.as_str()));
}

/// kustomize takes the items out of every kind that ends in `List`, and so does the reader of Flux.
#[test]
fn every_list_is_unwrapped() {
    let text = "apiVersion: v1\nkind: ConfigMapList\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  \
                - {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n";
    let names: Vec<String> = file(text.as_bytes()).objects.into_iter().map(|object| object.name).collect();
    assert_eq!(names, ["b"]);
}
