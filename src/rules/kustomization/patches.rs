//! What a patch of a harmless kind may touch so that the object stays harmless.

use crate::manifest::{Node, read};
use crate::rules::shown;

/// First parts of paths that leave an object what it is, wherever it is, and whatever it may.
const CONTENT: &[&str] = &[
    "spec",
    "data",
    "stringData",
    "binaryData",
    "immutable",
    "type",
    "automountServiceAccountToken",
    "imagePullSecrets",
    "secrets",
];

/// Labels that make a ClusterRole a part of another one.
const AGGREGATE: &str = "rbac.authorization.k8s.io/aggregate-to";

/// Why a patch that is written out may make something else of its target: a JSON patch (RFC 6902)
/// outside of content, or what cannot be read as one patch. `None` where it may not.
pub(super) fn hazard_of_text(text: &str) -> Option<String> {
    let file = read("patch.yaml".parse().expect("a path inside the repository"), text.as_bytes());
    let [root] = file.documents.as_slice() else { return Some("cannot be read as one patch".to_owned()) };
    let list = root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    if list || !root.is_sequence() && !root.is_mapping() {
        return Some("cannot be read as one patch".to_owned());
    }
    hazards(root).into_iter().next().map(|(_, hazard)| hazard)
}

/// The hazards of a patch's document, each with its node.
pub(super) fn hazards(root: &Node) -> Vec<(&Node, String)> {
    if root.is_sequence() {
        return root.items().filter_map(|item| Some((item, hazard_of_operation(item)?))).collect();
    }
    // Kustomize keeps kind and name of a target, unless this annotation of the patch says otherwise.
    let annotations = root.at(&["metadata", "annotations"]).into_iter().flat_map(Node::entries);
    annotations
        .filter(|(key, _)| {
            key.text().is_some_and(|key| key.ends_with("/allowKindChange") || key.ends_with("/allowNameChange"))
        })
        .map(|(key, _)| (key, "may change kind and name".to_owned()))
        .collect()
}

/// Why the `options` of a patch let it make something else of its target.
pub(super) fn hazard_of_options(item: &Node) -> Option<String> {
    let options = item.get("options").into_iter().flat_map(Node::entries);
    let mut allowed = options.filter(|(_, value)| value.as_bool() != Some(false));
    allowed.next().map(|(key, _)| format!("has the option `{}`", shown(key.text().unwrap_or_default())))
}

/// Why the target of a replacement is more than content: its paths are parted by dots.
pub(super) fn hazard_of_replacement(item: &Node) -> Option<String> {
    let targets = item.get("targets").into_iter().flat_map(Node::items);
    let mut paths = targets.flat_map(|target| target.get("fieldPaths").into_iter().flat_map(Node::items));
    paths.find_map(|path| {
        let text = path.text().unwrap_or_default();
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        let aggregate = text.replace('\\', "").contains(AGGREGATE);
        (aggregate || !is_content(&parts)).then(|| format!("changes `{}`", shown(text)))
    })
}

fn hazard_of_operation(operation: &Node) -> Option<String> {
    let text = |key| operation.get(key).and_then(Node::as_str);
    let keys: &[&str] = match text("op") {
        Some("test") => return None,
        Some("add" | "replace" | "remove") => &["path"],
        Some("move" | "copy") => &["path", "from"],
        _ => return Some("has an operation that is not known".to_owned()),
    };
    for key in keys {
        let Some(pointer) = text(key) else { return Some(format!("has an operation without `{key}`")) };
        if !pointer_parts(pointer).is_some_and(|parts| is_content(&parts)) {
            return Some(format!("changes `{}`", shown(pointer)));
        }
    }
    let labels = operation.get("value").filter(|_| text("path") == Some("/metadata/labels"));
    let mut keys = labels.into_iter().flat_map(Node::entries).filter_map(|(key, _)| key.text());
    keys.find(|key| key.starts_with(AGGREGATE)).map(|key| format!("sets the label `{}`", shown(key)))
}

/// The parts of a JSON pointer (RFC 6901); `None` for what is none or the whole object.
fn pointer_parts(pointer: &str) -> Option<Vec<String>> {
    Some(pointer.strip_prefix('/')?.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

fn is_content(parts: &[String]) -> bool {
    let part = |at: usize| parts.get(at).map(String::as_str);
    match (part(0), part(1)) {
        (Some("metadata"), Some("labels" | "annotations")) => !part(2).is_some_and(|key| key.starts_with(AGGREGATE)),
        (Some(first), _) => CONTENT.contains(&first),
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{hazard_of_replacement, hazard_of_text};
    use crate::manifest::read;

    #[test]
    fn only_content_may_be_patched() {
        for path in [
            "",
            "/",
            "kind",
            "x/kind",
            "/kind",
            "//kind",
            "/apiVersion",
            "/metadata",
            "/metadata/name",
            "/metadata/namespace",
            "/rules",
            "/rules/0/verbs",
            "/subjects/0",
            "/roleRef",
            "/specs",
            "/metadata/labels/rbac.authorization.k8s.io~1aggregate-to-admin",
        ] {
            assert!(hazard_of_text(&format!("- {{op: add, path: \"{path}\", value: x}}")).is_some(), "{path:?}");
        }
        for path in ["/spec/replicas", "/data/color", "/metadata/annotations/a~1b", "/metadata/labels/x"] {
            assert_eq!(hazard_of_text(&format!("- {{op: add, path: \"{path}\", value: x}}")), None, "{path:?}");
        }
    }

    #[test]
    fn what_is_not_one_plain_patch_is_a_hazard() {
        for text in [
            "- {op: move, path: /spec/a, from: /kind}",
            "- {op: copy, path: /kind, from: /spec/a}",
            "- {op: move, path: /spec/a}",
            "- {op: Add, path: /spec/a}",
            "- {path: /spec/a}",
            "[{\"op\": \"test\", \"path\": \"/kind\"}, {\"op\": \"add\", \"path\": \"/spec/a\", \"path\": \"/kind\"}]",
            "- {op: add, path: /metadata/labels, value: {rbac.authorization.k8s.io/aggregate-to-edit: \"true\"}}",
            "kind: A\n---\nkind: B\n",
            "kind: ConfigMapList\nitems: []\n",
            "kind: A\nmetadata: {annotations: {internal.config.kubernetes.io/allowKindChange: allowed}}\n",
            "a: [\n",
            "",
            "text",
        ] {
            assert!(hazard_of_text(text).is_some(), "{text:?}");
        }
        for text in ["[{\"op\": \"test\", \"path\": \"/kind\", \"value\": \"A\"}]", "kind: A\ndata: {a: b}\n"] {
            assert_eq!(hazard_of_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn replacements_may_change_content_only() {
        for (path, harmless) in [
            ("spec.replicas", true),
            ("data.[a.b]", true),
            ("kind", false),
            ("metadata.namespace", false),
            ("metadata.labels.rbac\\.authorization\\.k8s\\.io/aggregate-to-admin", false),
        ] {
            let text = format!("targets: [{{select: {{kind: ConfigMap}}, fieldPaths: ['{path}']}}]\n");
            let file = read("a.yaml".parse().expect("a path"), text.as_bytes());
            assert_eq!(hazard_of_replacement(&file.documents[0]).is_none(), harmless, "{path}");
        }
    }
}
