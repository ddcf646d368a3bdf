//! Names that kustomizations put together: a role called `admin` with the prefix `cluster-`.

use std::collections::BTreeSet;

use super::labels::Hazard;
use crate::finding::Severity;
use crate::manifest::{Kustomization, ManifestFile, Node, Object};
use crate::rules::{Review, shown};
use crate::tenancy::{ObjectId, Reach};

/// The roles that Kubernetes ships. References follow the name, so a binding to the role is then one to these.
const SHIPPED: &[&str] = &["cluster-admin", "admin", "edit", "view"];

/// The group of roles and bindings.
const GROUP: &str = "rbac.authorization.k8s.io";

fn is_kept(kind: &str, name: &str) -> bool {
    name.starts_with("system:") || kind == "ClusterRole" && SHIPPED.contains(&name)
}

/// What becomes of an object's name on one of its file's ways, where that is a name that Kubernetes keeps for
/// itself.
fn kept_name(ways: &BTreeSet<Reach>, id: &ObjectId) -> Option<String> {
    let ways = ways.iter().filter(|reach| id.group == GROUP && reach.renames());
    let mut names = ways.map(|reach| format!("{}{}{}", reach.prefix, id.name, reach.suffix));
    names.find(|name| is_kept(&id.kind, name))
}

/// New or changed roles and bindings of which kustomizations make those of Kubernetes.
pub(super) fn of_file<'a>(file: &'a ManifestFile, review: &Review<'_>) -> Vec<(&'a Object, Hazard<'a>)> {
    if file.objects.iter().all(|object| object.group() != GROUP) {
        return Vec::new();
    }
    let ways = review.after.reaches(&file.path);
    let of_object = |object: &'a Object| {
        let name = kept_name(&ways, &ObjectId::of(object))?;
        let node = object.node.at(&["metadata", "name"]).unwrap_or(&object.node);
        let message = format!(
            "Kustomizations make `{}` of this name, which belongs to Kubernetes, and references follow it.",
            shown(&name)
        );
        Some((object, (node, Severity::Error, message)))
    };
    file.objects.iter().filter_map(of_object).collect()
}

/// A new or changed prefix or suffix that makes one of Kubernetes' roles of one that is not a part of the
/// change.
pub(super) fn of_kustomization<'a>(
    file: &'a ManifestFile,
    kustomization: &Kustomization,
    review: &Review<'_>,
) -> Option<(&'static str, Hazard<'a>)> {
    let Kustomization { prefix, suffix, .. } = kustomization;
    if !may_make_one(prefix, suffix) {
        return None;
    }
    let root = file.documents.first()?;
    let field = if prefix.is_empty() { "nameSuffix" } else { "namePrefix" };
    let node: &Node = root.get(field)?;
    review.after.files_named_by(vec![file.path.clone()]).into_iter().find_map(|path| {
        let objects: Vec<_> = review.after.file(&path)?.objects().collect();
        objects.iter().find(|object| object.id.group == GROUP)?;
        let ways = review.after.reaches(&path);
        let (id, name) = objects.iter().find_map(|object| Some((&object.id, kept_name(&ways, &object.id)?)))?;
        let (kind, old, name) = (shown(&id.kind), shown(&id.name), shown(&name));
        let message = format!("This makes `{name}`, which belongs to Kubernetes, of the {kind} `{old}` in {path}.");
        Some((field, (node, Severity::Error, message)))
    })
}

/// Whether a prefix or suffix may make a name of Kubernetes' of one that nobody has seen.
pub(super) fn may_make_one_alone(part: &str) -> bool {
    may_make_one(part, "")
}

/// Whether a name of Kubernetes' may come of it at all; most never do, and need no search.
fn may_make_one(prefix: &str, suffix: &str) -> bool {
    let fits = |part: &str| {
        SHIPPED.iter().any(|name| name.contains(part)) || part.contains("system:") || "system:".contains(part)
    };
    !(prefix.is_empty() && suffix.is_empty()) && (prefix.contains("system:") || fits(prefix) && fits(suffix))
}

#[cfg(test)]
mod tests {
    use super::may_make_one;

    #[test]
    fn most_names_need_no_search() {
        for (prefix, suffix, may) in [
            ("cluster-", "", true),
            ("", "-admin", true),
            ("clu", "min", true),
            ("system:", "", true),
            ("system:x-", "-team", true),
            ("", "", false),
            ("team1-", "", false),
            ("", "-staging", false),
            ("cluster-", "-staging", false),
        ] {
            assert_eq!(may_make_one(prefix, suffix), may, "{prefix} {suffix}");
        }
    }
}
