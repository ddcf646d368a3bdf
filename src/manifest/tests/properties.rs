//! Properties of the reader, over any bytes and over generated trees in many styles.

use proptest::prelude::*;

use crate::manifest::{ManifestFile, Node, Scalar, Value, read};

fn file(bytes: &[u8]) -> ManifestFile {
    read("cluster/x.yaml".parse().expect("a path"), bytes)
}

/// A tree without places, as it is meant.
#[derive(Debug, Clone, PartialEq)]
enum Tree {
    /// A scalar as it is written between quotes, or without them.
    Text(String),
    Plain(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// How a tree is written.
#[derive(Debug, Clone, Copy)]
struct Style {
    flow: bool,
    single: bool,
    literal: bool,
    indent: usize,
    comments: bool,
    carriage_returns: bool,
}

fn style() -> impl Strategy<Value = Style> {
    (any::<[bool; 5]>(), 1..6_usize).prop_map(|([flow, single, literal, comments, carriage_returns], indent)| Style {
        flow,
        single,
        literal,
        indent,
        comments,
        carriage_returns,
    })
}

/// Words that mean something without quotes, to somebody.
fn plain() -> impl Strategy<Value = String> {
    let words = [
        "yes",
        "n",
        "On",
        "true",
        "FALSE",
        "null",
        "~",
        "0777",
        "08",
        "0o7",
        "0b-1",
        "1_0",
        "12:30",
        "1e3",
        "-0",
        "1.10",
        "123e4567",
        "2024-01-01",
        "2024-1-2 3:4:5",
        "2024-13-45",
        "web",
        "a b",
        "x#y",
        "a-b",
        "10Gi",
        "${var}",
        "é",
        "<<",
    ];
    proptest::sample::select(words.to_vec()).prop_map(str::to_owned)
}

/// Text of all sorts that the byte gate lets pass.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z :#,\\[\\]{}&*!|>'\"%@`\\-?\n\té日😀]{0,12}",
        plain(),
        proptest::sample::select(vec!["---", "...", "a\n---\nb", "{{ x }}", "- a", "a: b", " x", "x ", "\n", "\\n"])
            .prop_map(str::to_owned),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![text().prop_map(Tree::Text), plain().prop_map(Tree::Plain)];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let map = proptest::collection::btree_map(text(), inner.clone(), 0..5);
        prop_oneof![
            proptest::collection::vec(inner, 0..5).prop_map(Tree::List),
            map.prop_map(|map| Tree::Map(map.into_iter().filter(|(key, _)| key != "<<").collect())),
        ]
    })
}

fn quoted(text: &str, single: bool) -> String {
    if single && !text.contains(['\n', '\t']) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    // JSON's escapes are YAML's, but for those of surrogates, which it has no need of here.
    serde_json::to_string(text).expect("text is JSON")
}

/// Whether a text can stand in a block as it is.
fn fits_block(text: &str) -> bool {
    let lines = text.split('\n');
    text.len() > 1
        && text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n', '\t'])
        && lines.clone().all(|line| !line.ends_with([' ', '\t']))
}

fn in_flow(tree: &Tree, style: Style) -> String {
    match tree {
        Tree::Text(text) => quoted(text, style.single),
        Tree::Plain(text) if text.contains(['{', '}']) => quoted(text, true),
        Tree::Plain(text) => text.clone(),
        Tree::List(items) => {
            format!("[{}]", items.iter().map(|item| in_flow(item, style)).collect::<Vec<_>>().join(", "))
        }
        Tree::Map(entries) => {
            let entry =
                |(key, value): &(String, Tree)| format!("{}: {}", quoted(key, style.single), in_flow(value, style));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Writes a tree behind a key or a dash, down to the line's end.
fn in_block(out: &mut String, tree: &Tree, style: Style, depth: usize) {
    let blanks = " ".repeat(depth);
    let end = if style.comments { " # x: y\n" } else { "\n" };
    match tree {
        Tree::Text(text) if style.literal && fits_block(text) => {
            out.push_str(" |\n");
            for line in text.trim_end_matches('\n').split('\n') {
                out.push_str(&if line.is_empty() { "\n".to_owned() } else { format!("{blanks}{line}\n") });
            }
        }
        Tree::List(items) if !items.is_empty() && !style.flow => {
            out.push_str(end);
            for item in items {
                out.push_str(&format!("{blanks}-"));
                in_block(out, item, style, depth + style.indent);
            }
        }
        Tree::Map(entries) if !entries.is_empty() && !style.flow => {
            out.push_str(end);
            for (key, value) in entries {
                out.push_str(&format!("{blanks}{}:", quoted(key, style.single)));
                in_block(out, value, style, depth + style.indent);
            }
        }
        other => out.push_str(&format!(" {}{end}", in_flow(other, style))),
    }
}

fn written(tree: &Tree, style: Style) -> String {
    let mut out = "root:".to_owned();
    in_block(&mut out, tree, style, style.indent);
    if style.carriage_returns { out.replace('\n', "\r\n") } else { out }
}

/// What a tree is in a file's tree, as far as it is meant.
fn is_same(node: &Node, tree: &Tree) -> bool {
    match (&node.value, tree) {
        (Value::Scalar { value, text, plain }, Tree::Text(meant)) => {
            !plain && text == meant && *value == Scalar::String(meant.clone())
        }
        (Value::Scalar { text, plain, .. }, Tree::Plain(meant)) => text == meant && (*plain || meant.contains('{')),
        (Value::Sequence(items), Tree::List(meant)) => {
            items.len() == meant.len() && items.iter().zip(meant).all(|(item, meant)| is_same(item, meant))
        }
        (Value::Mapping(entries), Tree::Map(meant)) => {
            entries.len() == meant.len()
                && entries
                    .iter()
                    .zip(meant)
                    .all(|((key, value), (name, meant))| key.as_str() == Some(name) && is_same(value, meant))
        }
        _ => false,
    }
}

/// A node as JSON, which is how Flux sends it.
fn printed(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Scalar { value, .. } => match value {
            Scalar::Null => serde_json::Value::Null,
            Scalar::Bool(value) => (*value).into(),
            Scalar::Int(value) => i64::try_from(*value).map_or_else(|_| (*value as f64).into(), Into::into),
            Scalar::Float(value) => (*value).into(),
            Scalar::String(text) => text.clone().into(),
        },
        Value::Sequence(items) => items.iter().map(printed).collect(),
        Value::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_str().unwrap_or_default().to_owned(), printed(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let file = file(&bytes);
        prop_assert!(file.problems.is_empty() || file.objects.is_empty() && file.documents.is_empty());
    }

    #[test]
    fn any_yaml_is_read_or_refused(text in "[a-c0:#,\\[\\]{}&*!|>'\"%\\-?~. \n\t\r]{0,60}", name in "a|kustomization") {
        let path = format!("cluster/{name}.yaml").parse().expect("a path");
        let file = read(path, text.as_bytes());
        prop_assert!(file.problems.is_empty() || file.objects.is_empty() && file.documents.is_empty());
        let length = text.len();
        let lines = u32::try_from(text.matches('\n').count()).expect("few") + 2;
        for problem in &file.problems {
            prop_assert!(problem.position.line >= 1 && problem.position.line <= lines, "{problem:?}");
            prop_assert!(problem.position.column >= 1 && problem.position.offset <= length + 1, "{problem:?}");
        }
    }

    /// Both readers see the same, and it is what was meant, in whatever style it is written.
    #[test]
    fn a_tree_is_read_as_it_was_meant(tree in tree(), style in style()) {
        let text = written(&tree, style);
        let file = file(text.as_bytes());
        // A line `---` in a block would be taken for the end of the document by kustomize.
        prop_assert_eq!(&file.problems, &Vec::new(), "{}", text);
        let root = file.documents[0].get("root").expect("the root");
        prop_assert!(is_same(root, &tree), "{text}\n{root:?}");
    }

    /// What is read, printed as JSON and read again, is the same.
    #[test]
    fn what_is_printed_is_read_again(tree in tree(), style in style()) {
        let first = file(written(&tree, style).as_bytes());
        prop_assert_eq!(&first.problems, &Vec::new());
        let json = printed(&first.documents[0]);
        let again = file(json.to_string().as_bytes());
        prop_assert_eq!(&again.problems, &Vec::new(), "{}", json);
        prop_assert_eq!(printed(&again.documents[0]), json);
    }
}
