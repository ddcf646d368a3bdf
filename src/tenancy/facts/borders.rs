//! Which fields decide over borders between teams: with whose rights something is applied, from where it comes, and who
//! may do what. A patch that touches one of them and is not followed leaves the answer open.

use super::patches::of_item;
use crate::manifest::{ManifestFile, Node};

/// Kinds, and the fields that decide, each below its object.
const DECIDING: [(&[&str], &[&str]); 9] = [
    (&["Role", "ClusterRole"], &["rules", "aggregationRule", "metadata/labels"]),
    (&["RoleBinding", "ClusterRoleBinding"], &["subjects", "roleRef"]),
    (
        &["Kustomization"],
        &[
            "spec/sourceRef",
            "spec/targetNamespace",
            "spec/kubeConfig",
            "spec/serviceAccountName",
            "spec/commonMetadata",
            "spec/components",
            "spec/namePrefix",
            "spec/nameSuffix",
        ],
    ),
    (&["HelmRelease"], &["spec/chart/spec/sourceRef", "spec/chartRef", "spec/kubeConfig", "spec/serviceAccountName"]),
    (
        &["GitRepository", "OCIRepository", "Bucket", "HelmChart", "ArtifactGenerator"],
        &["spec/url", "spec/include", "spec/bucketName", "spec/sourceRef", "spec/sources", "spec/artifacts"],
    ),
    (
        &["Receiver", "Alert", "ImageUpdateAutomation", "ImagePolicy"],
        &["spec/resources", "spec/eventSources", "spec/sourceRef", "spec/imageRepositoryRef"],
    ),
    (&["Secret"], &["type", "metadata/annotations"]),
    (
        &["ResourceSet", "ResourceSetInputProvider"],
        &["spec/resources", "spec/resourcesTemplate", "spec/serviceAccountName"],
    ),
    (&["ServiceAccount"], &[]),
];

/// What names an object: whoever changes that makes another one of it.
const NAMING: [&str; 4] = ["metadata/name", "metadata/namespace", "kind", "apiVersion"];

/// Fields that hold patches of their own.
const PATCHES: [&str; 3] = ["patches", "patchesStrategicMerge", "patchesJson6902"];

/// How deep patches may lie in patches.
const DEEP: u32 = 3;

/// Whether a field of a kind decides; `None` for a kind that is not known. Fields above it count as it does.
pub(super) fn decides(kind: Option<&str>, field: &str) -> bool {
    let touches = |deciding: &&str| {
        let below =
            |one: &str, other: &str| one == other || one.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'));
        below(field, deciding) || below(deciding, field)
    };
    let fits = |kinds: &[&str]| kind.is_none_or(|kind| kinds.contains(&kind));
    let mut fitting = DECIDING.iter().filter(|(kinds, _)| fits(kinds)).peekable();
    fitting.peek().is_some() && (field.is_empty() || NAMING.iter().any(&touches))
        || fitting.any(|(_, fields)| fields.iter().any(&touches))
}

/// Whether anything of a kind decides; `None` for a kind that is not known.
pub(in crate::tenancy) fn may_decide(kind: Option<&str>) -> bool {
    kind.is_none_or(|kind| DECIDING.iter().any(|(kinds, _)| kinds.contains(&kind)))
}

/// Whether a strategic merge patch touches such a field, by the kind that its target says, or else by its own, unless
/// it may be for `any` kind.
pub(super) fn merge_decides(file: &ManifestFile, root: &Node, kind: Option<&str>, any: bool, depth: u32) -> bool {
    let own = root.get("kind").and_then(Node::text).filter(|kind| !kind.is_empty());
    let kind = kind.or(own.filter(|_| !any));
    // Taking something away gives nobody more.
    if root.get("$patch").and_then(Node::text) == Some("delete") {
        return false;
    }
    let walk = Walk { file, kind, depth };
    kind.is_some_and(|kind| kind.ends_with("List")) || walk.decides(root, &mut Vec::new())
}

/// How far fields lie below each other that decide.
const WORDS: usize = 4;

/// A walk over what a strategic merge patch touches.
struct Walk<'a> {
    file: &'a ManifestFile,
    kind: Option<&'a str>,
    depth: u32,
}

impl Walk<'_> {
    fn decides<'n>(&self, node: &'n Node, above: &mut Vec<&'n str>) -> bool {
        node.entries().any(|(key, value)| {
            let Some(key) = key.text() else { return true };
            if key.starts_with('$') {
                return decides(self.kind, &above.join("/"));
            }
            above.push(key);
            let found = match above.as_slice() {
                // They say what the patch is for; under a target they change nothing.
                ["apiVersion" | "kind"] | ["metadata", "name" | "namespace"] => false,
                ["spec", list] if PATCHES.contains(list) => patches_decide(self.file, value, self.depth),
                // That is followed.
                ["spec", "serviceAccountName"] if self.kind == Some("Kustomization") => false,
                _ if value.is_mapping() && above.len() < WORDS => self.decides(value, above),
                _ => decides(self.kind, &above.join("/")),
            };
            above.pop();
            found
        })
    }
}

/// Whether a list of patches holds one that touches such a field.
fn patches_decide(file: &ManifestFile, list: &Node, depth: u32) -> bool {
    depth >= DEEP
        || list
            .items()
            .any(|item| of_item(file, item, depth + 1).iter().any(|patch| patch.borders || patch.account.is_some()))
}

/// Whether a list of operations touches such a field.
pub(super) fn operations_decide(file: &ManifestFile, root: &Node, kind: Option<&str>, depth: u32) -> bool {
    let field = |path: &str| path.trim_start_matches('/').replace("~1", "\u{1}").replace("~0", "~");
    root.items().any(|operation| {
        let word = |key| operation.get(key).and_then(Node::text);
        let (Some(does), Some(path)) = (word("op"), word("path")) else { return decides(kind, "") };
        let moved = word("from").filter(|_| does == "move").is_some_and(|from| decides(kind, &field(from)));
        let place = field(path);
        let is_list = PATCHES.iter().any(|list| place == format!("spec/{list}"));
        match does {
            "test" => false,
            _ if is_list => operation.get("value").is_some_and(|value| {
                let inside = path.split('/').count() > 3;
                depth >= DEEP
                    || if inside {
                        of_item(file, value, depth + 1).iter().any(|patch| patch.borders || patch.account.is_some())
                    } else {
                        patches_decide(file, value, depth)
                    }
            }),
            // Its account is followed, where it is written out.
            "add" | "replace" | "remove" if path == "/spec/serviceAccountName" => false,
            _ => moved || decides(kind, &place),
        }
    })
}

/// Whether a list of a replacement's fields holds such a field. They are written with dots.
pub(super) fn replaces(kind: Option<&str>, fields: &[String]) -> bool {
    fields.is_empty() || fields.iter().any(|path| decides(kind, &path.replace('.', "/")))
}
