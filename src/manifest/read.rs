//! From a file's bytes to its documents and objects.

use std::borrow::Cow;
use std::sync::Arc;

use super::gate::{self, problem};
use super::{ManifestFile, Node, Object, Problem, annotations, spelling, tree, witness};
use crate::names::RepoPath;

/// The names under which kustomize looks for its file, in its order.
pub const KUSTOMIZATION_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether a path has a name that is read as YAML: `.yaml`, `.yml`, `.json` (JSON is YAML), or a
/// kustomization file's.
pub fn is_manifest(path: &RepoPath) -> bool {
    let name = path.file_name();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    matches!(ending, Some("yaml" | "yml" | "json")) || is_kustomization(path)
}

/// Whether a path has the name of a file that tells Flux's source-controller what to leave out
/// (<https://fluxcd.io/flux/components/source/gitrepositories/#sourceignore-file>).
pub fn is_source_ignore(path: &RepoPath) -> bool {
    path.file_name() == ".sourceignore"
}

/// Whether a path has a name for which [`read`] knows what to do.
pub fn is_read(path: &RepoPath) -> bool {
    is_manifest(path) || is_source_ignore(path)
}

/// Such a file with more is not judged; Go reads no line that is as long.
const LONGEST_IGNORE: usize = 64 * 1024 - 1;

fn source_ignore(path: RepoPath, bytes: &[u8]) -> ManifestFile {
    let text = if bytes.len() > LONGEST_IGNORE { Err("It has more than 64 KiB.") } else { Ok(()) };
    let text = text.and_then(|()| std::str::from_utf8(bytes).map_err(|_| "It is not UTF-8."));
    match text {
        Ok(text) => {
            let (source, nothing) = (text.into(), (Vec::new(), Vec::new(), Vec::new()));
            ManifestFile { path, source, documents: nothing.0, objects: nothing.1, problems: nothing.2 }
        }
        Err(why) => unreadable(path, why, "Write fewer and shorter patterns, in UTF-8."),
    }
}

/// Whether a path has the name of a kustomization file.
pub fn is_kustomization(path: &RepoPath) -> bool {
    KUSTOMIZATION_NAMES.contains(&path.file_name())
}

/// A file that cannot be read at all, for a reason that lies outside of its text.
pub fn unreadable(path: RepoPath, message: &str, help: &str) -> ManifestFile {
    let problem = Problem {
        position: super::Position { offset: 0, line: 1, column: 1 },
        message: message.to_owned(),
        help: help.to_owned(),
    };
    ManifestFile { path, source: "".into(), documents: Vec::new(), objects: Vec::new(), problems: vec![problem] }
}

/// Reads a file. This never fails and never panics: what cannot be judged is in
/// [`ManifestFile::problems`], and where there is any, documents and objects are empty.
///
/// The order: byte gate, parser of the libyaml family with marks, go-yaml v3's meaning of
/// scalars, a second parser as witness. Lists (`kind: …List` with `items`) are unwrapped
/// recursively, as kustomize and Flux do. Of a `.sourceignore` only the text is taken.
pub fn read(path: RepoPath, bytes: &[u8]) -> ManifestFile {
    if is_source_ignore(&path) {
        return source_ignore(path, bytes);
    }
    let source: Arc<str> = String::from_utf8_lossy(bytes).into();
    let (documents, problems) = match documents(bytes) {
        Ok(documents) => (documents, Vec::new()),
        Err(problems) => (Vec::new(), problems),
    };
    let mut file = ManifestFile { path, source, documents, objects: Vec::new(), problems };
    if holds_kustomization(&file) {
        let message = "A kustomization has one document; kustomize reads no further.";
        let second = file.documents.get(1).map(|root| root.start);
        file.problems.extend(second.map(|start| problem(start, message, "Remove the second document.")));
        let misspelled = file.documents.first().map(spelling::misspelled).unwrap_or_default();
        file.problems.extend(misspelled);
    } else {
        let (objects, problems) = objects(&file);
        file.objects = objects;
        file.problems = problems;
    }
    if !file.problems.is_empty() {
        file.documents.clear();
        file.objects.clear();
    }
    file
}

/// The roots of the documents in a text, whatever they hold, or why it is no YAML.
pub fn documents(bytes: &[u8]) -> Result<Vec<Node>, Vec<Problem>> {
    let (text, base) = gate::pass(bytes)?;
    // libyaml-safer 0.3.0 panics where a block of text or an open quote ends without a line end.
    let text = if text.ends_with('\n') { Cow::Borrowed(text) } else { Cow::Owned(format!("{text}\n")) };
    let documents = tree::build(&text, base)?;
    match witness::disagreement(&text, base, &documents) {
        Some(problem) => Err(vec![problem]),
        None => Ok(documents),
    }
}

/// Whether the file is read as kustomize's own: it has one of kustomize's names, and does not say
/// that it is something else (a Flux `Kustomization` in a file of that name is an object).
pub(super) fn holds_kustomization(file: &ManifestFile) -> bool {
    is_kustomization(&file.path)
        && file.documents.first().is_none_or(|root| {
            let version = root.get("apiVersion").and_then(Node::as_str);
            version.is_none_or(|api| api.is_empty() || api.starts_with("kustomize.config.k8s.io/"))
                || spelling::hides_version(root)
        })
}

fn objects(file: &ManifestFile) -> (Vec<Object>, Vec<Problem>) {
    let mut found = Found { file: &file.path, objects: Vec::new(), problems: file.problems.clone() };
    for document in &file.documents {
        found.add(document, false);
    }
    (found.objects, found.problems)
}

struct Found<'a> {
    file: &'a RepoPath,
    objects: Vec<Object>,
    problems: Vec<Problem>,
}

impl Found<'_> {
    fn add(&mut self, node: &Node, in_list: bool) {
        let Some((api_version, kind)) = type_of(node) else { return };
        let items = node.get("items").filter(|items| kind.ends_with("List") && items.is_sequence());
        match items {
            Some(items) if items.items().next().is_none() => {}
            Some(items) if items.items().any(|item| type_of(item).is_some()) => self.add_items(items),
            _ => {
                let object = self.object(node, api_version, kind, in_list);
                self.objects.push(object);
            }
        }
    }

    fn add_items(&mut self, items: &Node) {
        for item in items.items() {
            if type_of(item).is_some() {
                self.add(item, true);
            } else {
                let message = "An item of this list has no apiVersion and kind.";
                self.problems.push(problem(
                    item.start,
                    message,
                    "Give each item both, or write it as its own document.",
                ));
            }
        }
    }

    fn object(&self, written: &Node, api_version: &str, kind: &str, in_list: bool) -> Object {
        let mut node = written.clone();
        annotations::make_text(&mut node, in_list);
        let text =
            |path: &[&str]| node.at(path).and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned);
        let namespace = text(&["metadata", "namespace"]);
        let name = text(&["metadata", "name"]).or_else(|| text(&["metadata", "generateName"])).unwrap_or_default();
        let encrypted = node.get("sops").is_some_and(is_there);
        Object {
            file: self.file.clone(),
            node,
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace,
            name,
            encrypted,
        }
    }
}

/// Whether a field is there and not empty, as kustomize sees it.
fn is_there(node: &Node) -> bool {
    let scalar = node.text().is_some_and(|text| !text.is_empty()) && !node.is_null();
    scalar || node.entries().next().is_some() || node.items().next().is_some()
}

fn type_of(node: &Node) -> Option<(&str, &str)> {
    let text = |key| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    Some((text("apiVersion")?, text("kind")?))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::manifest::{ManifestFile, Node};

    fn file(text: &str) -> ManifestFile {
        read("cluster/x.yaml".parse().expect("a path"), text.as_bytes())
    }

    fn named(text: &str, name: &str) -> ManifestFile {
        read(name.parse().expect("a path"), text.as_bytes())
    }

    fn first_problem(text: &str) -> (u32, u32, String) {
        let file = file(text);
        assert!(file.objects.is_empty() && file.documents.is_empty(), "{text:?} is not judged");
        let problem = file.problems.first().unwrap_or_else(|| panic!("{text:?} has a problem"));
        (problem.position.line, problem.position.column, problem.message.clone())
    }

    #[test]
    fn a_file_may_end_without_a_line_end() {
        for text in ["kind: A\napiVersion: v1\ndata:\n  k: |\n    text", "kind: A\napiVersion: v1\nx: 'y'", "a: b"] {
            assert_eq!(file(text).problems, [], "{text:?}");
        }
        assert_eq!(file("kind: A\napiVersion: v1\nx: \"y\\").problems.len(), 1);
    }

    #[test]
    fn a_file_of_very_many_values_is_not_judged() {
        let text = format!("a: [{}1]\n", "1,".repeat(200_000));
        assert!(first_problem(&text).2.contains("150000 values"));
    }

    #[test]
    fn objects_know_their_names_and_places() {
        let file = file(
            "---\n# nothing\n---\nkind: Role\napiVersion: rbac.authorization.k8s.io/v1\n\
            metadata: {name: é, namespace: team1}\n---\nkind: X\n",
        );
        assert_eq!(file.problems, []);
        assert_eq!((file.documents.len(), file.objects.len()), (2, 1));
        let role = &file.objects[0];
        assert_eq!((role.kind.as_str(), role.name.as_str(), role.namespace.as_deref()), ("Role", "é", Some("team1")));
        let namespace = role.node.at(&["metadata", "namespace"]).expect("a namespace");
        assert_eq!((namespace.start.line, namespace.start.column), (6, 32));
        assert_eq!(&file.source[namespace.start.offset..namespace.end.offset], "team1");
    }

    #[test]
    fn a_byte_order_mark_and_line_feeds_with_carriage_return_shift_nothing() {
        let file = file("\u{feff}apiVersion: v1\r\nkind: ConfigMap\r\nmetadata:\r\n  name: ü1\r\n");
        assert_eq!(file.problems, []);
        let name = file.objects[0].node.at(&["metadata", "name"]).expect("a name");
        assert_eq!((name.start.line, name.start.column), (4, 9));
        assert_eq!(&file.source[name.start.offset..name.end.offset], "ü1");
        let first = file.objects[0].node.start;
        assert_eq!((first.offset, first.line, first.column), (3, 1, 1));
    }

    #[test]
    fn lists_are_unwrapped_however_they_are_called() {
        let file = file(
            "apiVersion: v1\nkind: ConfigMapList\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  \
             - apiVersion: rbac.authorization.k8s.io/v1\n    kind: ClusterRole\n    metadata: {name: hidden}\n",
        );
        let names: Vec<_> = file.objects.iter().map(|object| (object.kind.as_str(), object.name.as_str())).collect();
        assert_eq!(names, [("ClusterRole", "hidden")]);
        assert_eq!(file.objects[0].node.start.line, 7);
        let (line, _, message) =
            first_problem("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n- {kind: B}\n");
        assert_eq!((line, message.contains("no apiVersion")), (5, true));
    }

    #[test]
    fn what_programs_read_differently_is_a_problem() {
        for (text, line, part) in [
            ("a: 1\na: 2\n", 2, "twice"),
            ("1: a\n", 1, "not text"),
            ("~: a\n", 1, "not text"),
            ("a: &x 1\n", 1, "An anchor"),
            ("a: &x 1\nb: *x\n", 1, "An anchor"),
            ("a: {b: 1}\n<<: {c: 2}\n", 2, "A merge key"),
            ("a: !foo bar\n", 1, "A tag"),
            ("a: !!bool yes\n", 1, "A tag"),
            ("a: !!binary aGk=\n", 1, "A tag"),
            ("a: .inf\n", 1, "Infinity"),
            ("a: 2024-01-01T10:11:12+24:00\n", 1, "a day or more"),
            ("2024-01-01: a\n", 1, "a time, not text"),
            ("%YAML 1.1\n---\na: 1\n", 1, "directive"),
            ("a: {{ x }}\n", 1, "where a key belongs"),
            ("a: [\n", 2, "not YAML"),
            ("a: b: c\n", 1, "not YAML"),
            ("a: [-]\n", 1, "Two YAML readers"),
        ] {
            let (at, _, message) = first_problem(text);
            assert!(message.contains(part) && at == line, "{text:?}: line {at}: {message}");
        }
    }

    /// The definitions of Flagger and others have such texts, and Flux takes them.
    #[test]
    fn a_quoted_text_may_go_on_further_to_the_left() {
        for (text, expected) in [
            ("a:\n  b: \"x\n y\"\n", "x y"),
            ("a:\n  b: 'x\n  y\n  z'\n", "x y z"),
            ("a:\n  b: \"x\n\n\n  y\\\n  z\"\n", "x\n\nyz"),
            ("a:\n  b: 'x: 1\n  c: 2'\n", "x: 1 c: 2"),
            ("\u{feff}a:\n  b: \"ü\n  y\"\n", "ü y"),
        ] {
            let file = file(text);
            assert_eq!(file.problems, [], "{text:?}");
            let value = file.documents[0].at(&["a", "b"]).and_then(Node::as_str);
            assert_eq!(value, Some(expected), "{text:?}");
        }
        // Anything else that the second reader does not take stays unread.
        assert!(first_problem("a:\n  b: \"x\n y\"\n  c: [-]\n").2.contains("Two YAML readers"));
    }

    #[test]
    fn scalars_are_read_as_flux_reads_them() {
        let file = file("a: yes\nb: 0777\nc: '0777'\nd: !!str 12\ne: |\n  x\non: 2024-01-1\n");
        assert_eq!(file.problems, []);
        let root = &file.documents[0];
        assert_eq!(root.get("a").and_then(Node::as_str), Some("yes"));
        assert_eq!(root.get("b").and_then(Node::as_int), Some(511));
        assert_eq!(root.get("c").and_then(Node::as_str), Some("0777"));
        assert_eq!(root.get("d").and_then(Node::as_str), Some("12"));
        assert_eq!(root.get("e").and_then(Node::as_str), Some("x\n"));
        assert_eq!(root.get("on").and_then(Node::as_str), Some("2024-01-01T00:00:00Z"));
        assert_eq!(root.get("on").and_then(Node::text), Some("2024-01-1"));
    }

    #[test]
    fn depth_is_limited_and_cheap() {
        for nest in ["[", "- ", "{a: ", "? "] {
            let (_, _, message) = first_problem(&nest.repeat(200_000 / nest.len()));
            assert!(message.contains("nesting") || message.contains("not YAML"), "{nest}: {message}");
        }
        assert_eq!(file(&format!("{}{}", "[".repeat(60), "]".repeat(60))).problems, []);
    }

    #[test]
    fn kustomizations_and_encrypted_objects_are_told_apart() {
        assert!(
            named("kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\n", "a/kustomization.yaml")
                .objects
                .is_empty()
        );
        let two = named("resources: []\n---\nresources: [x]\n", "a/kustomization.yaml");
        assert_eq!(two.problems.first().map(|problem| problem.position.line), Some(3));
        // Kustomize takes an empty version for none.
        let empty = named("apiVersion: ''\nresources: []\n---\na: b\n", "a/kustomization.yaml");
        assert_eq!(empty.problems.first().map(|problem| problem.position.line), Some(4));
        let flux = "kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\nmetadata: {name: a}\n";
        assert_eq!(named(flux, "a/kustomization.yaml").objects.len(), 1);
        let secret = "kind: Secret\napiVersion: v1\nmetadata: {name: a}\nsops: {mac: x, version: 3.7}\n";
        assert!(named(secret, "a.yaml").objects[0].encrypted);
        for empty in ["", "~", "{}", "''"] {
            let secret = format!("kind: Secret\napiVersion: v1\nmetadata: {{name: a}}\nsops: {empty}\n");
            assert!(!named(&secret, "a.yaml").objects[0].encrypted, "{empty}");
        }
        assert_eq!(named("{\"apiVersion\":\"v1\",\n\t\"kind\":\"ConfigMap\"}", "a.json").objects.len(), 1);
    }
}
