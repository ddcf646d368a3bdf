//! What Flux itself makes of what was built: the patches, labels and variables of its `Kustomization`
//! (<https://fluxcd.io/flux/components/kustomize/kustomizations/>).

use super::labels::{Hazard, of_pairs};
use crate::finding::Severity;
use crate::manifest::{Kustomization, ManifestFile, Node, Object, Value};
use crate::rules::{Review, Scope, shown};

/// The group of roles and bindings.
const RBAC: &str = "rbac.authorization.k8s.io";

/// Fields of Flux's objects that say whose rights count, and where things come from and go.
const OF_FLUX: &[&[&str]] = &[
    &["spec", "path"],
    &["spec", "targetNamespace"],
    &["spec", "serviceAccountName"],
    &["spec", "url"],
    &["spec", "sourceRef", "name"],
    &["spec", "sourceRef", "namespace"],
];

/// Whether an object is a `Kustomization` of Flux.
pub(in crate::rules) fn is_sync(object: &Object) -> bool {
    object.group() == "kustomize.toolkit.fluxcd.io" && object.kind == "Kustomization"
}

/// The labels that a `Kustomization` of Flux puts on everything, and the beginnings of names.
pub(super) fn of_sync(object: &Object) -> Vec<Hazard<'_>> {
    let mut found = object.node.at(&["spec", "commonMetadata", "labels"]).map(of_pairs).unwrap_or_default();
    for field in ["namePrefix", "nameSuffix"] {
        let node = object.node.at(&["spec", field]).filter(|node| node.text().is_some_and(|text| !text.is_empty()));
        found.extend(node.filter(|node| super::names::may_make_one_alone(node.text().unwrap_or_default())).map(
            |node| {
                let text = shown(node.text().unwrap_or_default());
                let message =
                    format!("`{field}: {text}` may make a role of Kubernetes of another one, and is not evaluated.");
                (node, Severity::Error, message)
            },
        ));
    }
    found
}

/// Variables where they would decide: Flux fills them in after everything was built (`spec.postBuild`).
pub(super) fn variables<'a>(object: &'a Object, review: &Review<'_>) -> Vec<Hazard<'a>> {
    let root = &object.node;
    let mut found = Vec::new();
    let types = [root.get("apiVersion"), root.get("kind")];
    found.extend(types.into_iter().flatten().filter(|node| holds_variable(node)).map(|node| (node, Severity::Error)));
    if object.group() == RBAC || found.iter().any(|(_, severity)| *severity == Severity::Error) {
        let decide = |key: &&str| matches!(*key, "rules" | "aggregationRule" | "roleRef" | "subjects" | "metadata");
        let parts = root.entries().filter(|(key, _)| key.text().as_ref().is_some_and(decide));
        found.extend(parts.filter_map(|(_, value)| Some((first_variable(value)?, Severity::Error))));
    }
    // In a team's repository a namespace that is not the team's own is an error already.
    if matches!(review.scope, Scope::Admin) && object.group() != RBAC {
        let is_namespace = object.group().is_empty() && object.kind == "Namespace";
        let name = root.at(&["metadata", "name"]).filter(|_| is_namespace);
        let flux = object.group().ends_with(".toolkit.fluxcd.io");
        let of_flux = OF_FLUX.iter().filter(|_| flux).filter_map(|path| root.at(path));
        let places = root.at(&["metadata", "namespace"]).into_iter().chain(name).chain(of_flux);
        found.extend(places.filter(|node| holds_variable(node)).map(|node| (node, Severity::Warning)));
    }
    found.into_iter().map(|(node, severity)| (node, severity, of_variable(node))).collect()
}

/// A kustomization that puts its objects into a namespace that nobody knows.
pub(super) fn namespace<'a>(file: &'a ManifestFile, kustomization: &Kustomization) -> Option<Hazard<'a>> {
    kustomization.namespace.as_ref().filter(|(name, _)| is_variable(name))?;
    let node = file.documents.first()?.get("namespace")?;
    Some((node, Severity::Warning, of_variable(node)))
}

fn of_variable(node: &Node) -> String {
    let text = shown(node.text().unwrap_or_default());
    format!("`{text}` is filled in by Flux after everything was built, so nobody has seen what stands here.")
}

/// `${name}`, of which `$${name}` is the written-out text (<https://github.com/drone/envsubst>).
fn is_variable(text: &str) -> bool {
    text.replace("$$", "").contains("${")
}

fn holds_variable(node: &Node) -> bool {
    node.text().is_some_and(is_variable)
}

/// Whether Flux may fill something in anywhere in a node.
pub(in crate::rules) fn holds_variables(node: &Node) -> bool {
    first_variable(node).is_some()
}

/// The first scalar, or key, that holds a variable.
fn first_variable(node: &Node) -> Option<&Node> {
    match &node.value {
        Value::Scalar { .. } => Some(node).filter(|node| holds_variable(node)),
        Value::Sequence(items) => items.iter().find_map(first_variable),
        Value::Mapping(entries) => entries.iter().find_map(|(key, value)| {
            let key = Some(key).filter(|key| holds_variable(key));
            key.or_else(|| first_variable(value))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::is_variable;

    #[test]
    fn what_flux_fills_in() {
        for text in ["${a}", "x-${a:=b}", "$${a} and ${b}"] {
            assert!(is_variable(text), "{text}");
        }
        for text in ["", "$a", "$(a)", "$${a}", "{a}"] {
            assert!(!is_variable(text), "{text}");
        }
    }
}
