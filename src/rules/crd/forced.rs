//! What makes Flux delete and make anew a definition that the API server does not let it change.

use super::applied::Side;
use crate::manifest::{Node, Object};
use crate::rules::shown;
use crate::tenancy::Marks;

/// The annotation, or label, that asks for it.
pub(super) const FORCE: &str = "kustomize.toolkit.fluxcd.io/force";

/// What asks for it of a definition as it stands on one side of a change, in words.
pub(super) fn forced(side: &Side<'_>, name: &str) -> Option<String> {
    if side.standing(name).iter().any(|it| it.definition.marks.force) {
        return Some(format!("`{FORCE}`, which it carries,"));
    }
    side.applying(name).syncs.into_iter().find_map(|applying| {
        let called = shown(&applying.sync.called());
        if side.syncs.forces(&applying.sync) {
            return Some(format!("`force: true` of the Kustomization {called}"));
        }
        applying.marks.force.then(|| format!("`{FORCE}`, which a kustomization or {called} puts on everything,"))
    })
}

/// The node that asks for it in what a Flux `Kustomization` says, with its field.
pub(super) fn of_sync(object: &Object) -> Option<(&Node, &'static str)> {
    let force = object.node.at(&["spec", "force"]).filter(|node| !node.is_null() && node.as_bool() != Some(false));
    let common = || {
        let common = object.node.at(&["spec", "commonMetadata"]);
        common.filter(|common| Marks::of_metadata(Some(common)).force)
    };
    force.map(|node| (node, "spec.force")).or_else(|| Some((common()?, "spec.commonMetadata")))
}
