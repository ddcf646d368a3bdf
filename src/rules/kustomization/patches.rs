//! What a patch of a harmless kind may touch so that the object stays harmless.

use super::kinds::Weight;
use super::labels::AGGREGATE;
use super::syncing;
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
pub(super) fn hazard_of_text(text: &str, target: Target) -> Option<String> {
    let file = read("patch.yaml".parse().expect("a path inside the repository"), text.as_bytes());
    let [root] = file.documents.as_slice() else { return Some("cannot be read as one patch".to_owned()) };
    let list = root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    if list || !root.is_sequence() && !root.is_mapping() {
        return Some("cannot be read as one patch".to_owned());
    }
    hazards(root, target).into_iter().next().map(|(_, hazard)| hazard)
}

/// What a patch is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// How much it matters.
    pub(super) weight: Weight,
    /// Whether it stands in the admin repository, where a person looks at patches of Flux's objects.
    pub(super) lenient: bool,
}

/// The hazards of a patch's document, each with its node.
pub(super) fn hazards(root: &Node, target: Target) -> Vec<(&Node, String)> {
    if root.is_sequence() {
        return root.items().filter_map(|item| Some((item, hazard_of_operation(item, target)?))).collect();
    }
    let mut found =
        if target.weight == Weight::Syncing { syncing::hazards_of_merge(root, target.lenient) } else { Vec::new() };
    // Kustomize keeps kind and name of a target, unless this annotation of the patch says otherwise.
    let annotations = root.at(&["metadata", "annotations"]).into_iter().flat_map(Node::entries);
    let allows = |key: &str| key.ends_with("/allowKindChange") || key.ends_with("/allowNameChange");
    let allowing = annotations.filter(|(key, _)| key.text().is_some_and(allows));
    found.extend(allowing.map(|(key, _)| (key, "may change kind and name".to_owned())));
    found
}

/// Why the `options` of a patch let it make something else of its target.
pub(super) fn hazard_of_options(item: &Node) -> Option<String> {
    let options = item.get("options").into_iter().flat_map(Node::entries);
    let mut allowed = options.filter(|(_, value)| value.as_bool() != Some(false));
    allowed.next().map(|(key, _)| format!("has the option `{}`", shown(key.text().unwrap_or_default())))
}

/// Why one target of a replacement is more than content: its paths are parted by dots.
pub(super) fn hazard_of_fields(selected: &Node, Target { weight, lenient }: Target) -> Option<String> {
    let mut paths = selected.get("fieldPaths").into_iter().flat_map(Node::items);
    paths.find_map(|path| {
        let text = path.text().unwrap_or_default();
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        let aggregate = text.replace('\\', "").contains(AGGREGATE);
        // Replacements take nothing away.
        let decides = weight == Weight::Syncing && syncing::hazard_of_path(&parts, false, lenient).is_some();
        (aggregate || decides || !is_content(&parts, weight)).then(|| format!("changes `{}`", shown(text)))
    })
}

fn hazard_of_operation(operation: &Node, Target { weight, lenient }: Target) -> Option<String> {
    let text = |key| operation.get(key).and_then(Node::as_str);
    let op = text("op");
    let keys: &[&str] = match op {
        Some("test") => return None,
        Some("add" | "replace" | "remove") => &["path"],
        Some("move" | "copy") => &["path", "from"],
        _ => return Some("has an operation that is not known".to_owned()),
    };
    for key in keys {
        let Some(pointer) = text(key) else { return Some(format!("has an operation without `{key}`")) };
        let Some(parts) = pointer_parts(pointer).filter(|parts| is_content(parts, weight)) else {
            return Some(format!("changes `{}`", shown(pointer)));
        };
        let takes_away = op == Some("remove")
            || op == Some("move") && *key == "from"
            || *key == "path" && operation.get("value").is_none_or(syncing::is_without_account);
        let hazard = || syncing::hazard_of_path(&parts, takes_away, lenient);
        if let Some(hazard) = (weight == Weight::Syncing).then(hazard).flatten() {
            return Some(hazard);
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
    use super::{Target, hazard_of_fields, hazard_of_text};
    use crate::manifest::read;
    use crate::rules::kustomization::kinds::Weight;

    fn of(weight: Weight) -> Target {
        Target { weight, lenient: true }
    }

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
                assert!(hazard_of_text(&text, of(weight)).is_some(), "{path:?} {weight:?}");
            }
        }
        // On a kind that nobody knows these may decide over rights.
        for path in ["/rules", "/rules/0/verbs", "/subjects/0", "/roleRef", "/specs", "/rbacBindings"] {
            let text = format!("- {{op: add, path: \"{path}\", value: x}}");
            assert!(hazard_of_text(&text, of(Weight::Other)).is_some(), "{path:?}");
        }
        for path in ["/spec/replicas", "/data/color", "/metadata/annotations/a~1b", "/metadata/labels/x"] {
            let text = format!("- {{op: add, path: \"{path}\", value: x}}");
            assert_eq!(hazard_of_text(&text, of(Weight::Other)), None, "{path:?}");
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
            assert_eq!(hazard_of_text(&text, of(Weight::Harmless)), None, "{path:?}");
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
            assert!(hazard_of_text(text, of(Weight::Harmless)).is_some(), "{text:?}");
        }
        for text in ["[{\"op\": \"test\", \"path\": \"/kind\", \"value\": \"A\"}]", "kind: A\ndata: {a: b}\n"] {
            assert_eq!(hazard_of_text(text, of(Weight::Other)), None, "{text:?}");
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
            assert_eq!(hazard_of_fields(&file.documents[0], of(weight)).is_none(), harmless, "{path} {weight:?}");
        }
    }

    #[test]
    fn what_decides_over_an_object_of_flux() {
        // A patch, and whether it is a hazard in the admin repository, and in a team's.
        for (text, admin, team) in [
            ("- {op: replace, path: /spec/interval, value: 5m}", false, false),
            ("- {op: add, path: /spec/values/image, value: x}", false, false),
            ("- {op: replace, path: /spec/path, value: ./production}", false, false),
            ("- {op: add, path: /metadata/labels/a, value: x}", false, false),
            ("- {op: add, path: /spec/serviceAccountName, value: x}", false, true),
            ("- {op: add, path: /spec/serviceAccountName, value: ''}", true, true),
            ("- {op: add, path: /spec/serviceAccountName, value: null}", true, true),
            ("- {op: remove, path: /spec/serviceAccountName}", true, true),
            ("- {op: move, from: /spec/serviceAccountName, path: /spec/interval}", true, true),
            ("- {op: replace, path: /spec, value: {interval: 5m}}", true, true),
            ("- {op: replace, path: /spec, value: {serviceAccountName: team1}}", false, true),
            ("- {op: add, path: /spec/targetNamespace, value: x}", false, true),
            ("- {op: add, path: /spec/sourceRef/namespace, value: x}", false, true),
            ("- {op: remove, path: /spec/suspend}", false, false),
            ("spec: {interval: 5m, values: {a: b}}", false, false),
            ("metadata: {labels: {a: b}}", false, false),
            ("spec: {path: ./production}", false, false),
            ("spec: {serviceAccountName: other}", false, true),
            ("spec: {serviceAccountName: null}", true, true),
            ("spec: {serviceAccountName: ''}", true, true),
            ("spec: {targetNamespace: kube-system}", false, true),
            ("spec: {chart: {spec: {sourceRef: {namespace: x}}}}", false, true),
            ("spec: {kubeConfig: {secretRef: {name: x}}}", false, true),
            ("spec: null", true, true),
            ("spec: {$patch: replace, interval: 5m}", true, true),
            ("$patch: delete", false, true),
            ("$patch: replace", true, true),
        ] {
            for (lenient, hazard) in [(true, admin), (false, team)] {
                let found = hazard_of_text(text, Target { weight: Weight::Syncing, lenient });
                assert_eq!(found.is_some(), hazard, "{text} {lenient} {found:?}");
            }
        }
    }
}
