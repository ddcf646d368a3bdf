//! What a patch of a harmless kind may touch so that the object stays harmless.

use super::kinds::Weight;
use super::labels::AGGREGATE;
use crate::manifest::{Node, read};
use crate::rules::shown;

/// First parts of paths that leave an object what it is, wherever it is, and whatever it may; of a kind that
/// nobody here knows. Of a harmless kind of Kubernetes all are content that do not name the object.
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

/// First parts of paths that make another object of it.
const IDENTITY: &[&str] = &["", "apiVersion", "kind", "metadata"];

/// Why a patch that is written out may make something else of its target: a JSON patch (RFC 6902)
/// outside of content, or what cannot be read as one patch. `None` where it may not.
pub(super) fn hazard_of_text(text: &str, weight: Weight) -> Option<String> {
    let file = read("patch.yaml".parse().expect("a path inside the repository"), text.as_bytes());
    let [root] = file.documents.as_slice() else { return Some("cannot be read as one patch".to_owned()) };
    let list = root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    if list || !root.is_sequence() && !root.is_mapping() {
        return Some("cannot be read as one patch".to_owned());
    }
    hazards(root, weight).into_iter().next().map(|(_, hazard)| hazard)
}

/// The hazards of a patch's document, each with its node.
pub(super) fn hazards(root: &Node, weight: Weight) -> Vec<(&Node, String)> {
    if root.is_sequence() {
        return root.items().filter_map(|item| Some((item, hazard_of_operation(item, weight)?))).collect();
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

/// Why one target of a replacement is more than content: its paths are parted by dots.
pub(super) fn hazard_of_fields(target: &Node, weight: Weight) -> Option<String> {
    let mut paths = target.get("fieldPaths").into_iter().flat_map(Node::items);
    paths.find_map(|path| {
        let text = path.text().unwrap_or_default();
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        let aggregate = text.replace('\\', "").contains(AGGREGATE);
        (aggregate || !is_content(&parts, weight)).then(|| format!("changes `{}`", shown(text)))
    })
}

fn hazard_of_operation(operation: &Node, weight: Weight) -> Option<String> {
    let text = |key| operation.get(key).and_then(Node::as_str);
    let keys: &[&str] = match text("op") {
        Some("test") => return None,
        Some("add" | "replace" | "remove") => &["path"],
        Some("move" | "copy") => &["path", "from"],
        _ => return Some("has an operation that is not known".to_owned()),
    };
    for key in keys {
        let Some(pointer) = text(key) else { return Some(format!("has an operation without `{key}`")) };
        if !pointer_parts(pointer).is_some_and(|parts| is_content(&parts, weight)) {
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

/// Whether a path leads to content of an object of this weight.
pub(super) fn is_content(parts: &[String], weight: Weight) -> bool {
    let part = |at: usize| parts.get(at).map(String::as_str);
    match (part(0), part(1)) {
        (Some("metadata"), Some("labels" | "annotations")) => !part(2).is_some_and(|key| key.starts_with(AGGREGATE)),
        (Some("metadata"), Some("finalizers")) => weight == Weight::Harmless,
        (Some(first), _) if weight == Weight::Harmless => !IDENTITY.contains(&first),
        (Some(first), _) => CONTENT.contains(&first),
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{hazard_of_fields, hazard_of_text};
    use crate::manifest::read;
    use crate::rules::kustomization::kinds::Weight;

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
            "/metadata/generateName",
            "/metadata/ownerReferences",
            "/metadata/labels/rbac.authorization.k8s.io~1aggregate-to-admin",
        ] {
            for weight in [Weight::Harmless, Weight::Other, Weight::Syncing] {
                let text = format!("- {{op: add, path: \"{path}\", value: x}}");
                assert!(hazard_of_text(&text, weight).is_some(), "{path:?} {weight:?}");
            }
        }
        // On a kind that nobody knows these may decide over rights.
        for path in ["/rules", "/rules/0/verbs", "/subjects/0", "/roleRef", "/specs", "/rbacBindings"] {
            let text = format!("- {{op: add, path: \"{path}\", value: x}}");
            assert!(hazard_of_text(&text, Weight::Other).is_some(), "{path:?}");
        }
        for path in ["/spec/replicas", "/data/color", "/metadata/annotations/a~1b", "/metadata/labels/x"] {
            let text = format!("- {{op: add, path: \"{path}\", value: x}}");
            assert_eq!(hazard_of_text(&text, Weight::Other), None, "{path:?}");
        }
    }

    #[test]
    fn no_alarm_for_what_cannot_matter() {
        for path in [
            "/spec/replicas",
            "/parameters",
            "/parameters/type",
            "/provisioner",
            "/allowVolumeExpansion",
            "/mountOptions/-",
            "/value",
            "/subsets/0/addresses",
            "/handler",
            "/metadata/annotations",
            "/metadata/annotations/nginx.ingress.kubernetes.io~1rewrite-target",
            "/metadata/finalizers/0",
        ] {
            let text = format!("- {{op: replace, path: \"{path}\", value: x}}");
            assert_eq!(hazard_of_text(&text, Weight::Harmless), None, "{path:?}");
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
            assert!(hazard_of_text(text, Weight::Harmless).is_some(), "{text:?}");
        }
        for text in ["[{\"op\": \"test\", \"path\": \"/kind\", \"value\": \"A\"}]", "kind: A\ndata: {a: b}\n"] {
            assert_eq!(hazard_of_text(text, Weight::Other), None, "{text:?}");
        }
    }

    #[test]
    fn replacements_may_change_content_only() {
        for (path, weight, harmless) in [
            ("spec.replicas", Weight::Other, true),
            ("data.[a.b]", Weight::Other, true),
            ("parameters.type", Weight::Harmless, true),
            ("parameters.type", Weight::Other, false),
            ("kind", Weight::Harmless, false),
            ("metadata.namespace", Weight::Harmless, false),
            ("metadata.labels.rbac\\.authorization\\.k8s\\.io/aggregate-to-admin", Weight::Harmless, false),
        ] {
            let file = read("a.yaml".parse().expect("a path"), format!("fieldPaths: ['{path}']\n").as_bytes());
            assert_eq!(hazard_of_fields(&file.documents[0], weight).is_none(), harmless, "{path} {weight:?}");
        }
    }
}
