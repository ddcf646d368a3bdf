//! Labels that a kustomization puts on everything, and the fields that it is told to change.

use super::kinds::{Weight, weigh};
use super::patches::is_content;
use super::syncing::is_how;
use crate::finding::Severity;
use crate::manifest::{Node, PatchTarget};
use crate::rules::shown;

/// Labels that make a ClusterRole a part of another one.
pub(super) const AGGREGATE: &str = "rbac.authorization.k8s.io/aggregate-to";

/// Labels that decide on a Namespace, each with what about.
const ON_NAMESPACES: &[(&str, &str)] =
    &[("pod-security.kubernetes.io/", "which pods it takes"), ("toolkit.fluxcd.io/tenant", "whose it is")];

/// Something that was not seen: where, how bad, and what, in a sentence.
pub(super) type Hazard<'a> = (&'a Node, Severity, String);

/// The hazards of the labels in a kustomization.
pub(super) fn of_kustomization(root: &Node) -> Vec<Hazard<'_>> {
    let mut found: Vec<Hazard<'_>> = root.get("commonLabels").map(of_pairs).unwrap_or_default();
    for item in root.get("labels").into_iter().flat_map(Node::items) {
        found.extend(item.get("pairs").map(of_pairs).unwrap_or_default());
        found.extend(item.get("fields").into_iter().flat_map(Node::items).filter_map(of_field));
    }
    found
}

/// The hazards of labels that everything gets.
pub(super) fn of_pairs(pairs: &Node) -> Vec<Hazard<'_>> {
    pairs.entries().filter_map(|(key, _)| of_label(key)).collect()
}

fn of_label(key: &Node) -> Option<Hazard<'_>> {
    let text = key.text()?;
    let label = format!("The label `{}` is put on every object here", shown(text));
    if text.starts_with(AGGREGATE) {
        let effect = "so that each ClusterRole among them adds its rights to a role of Kubernetes";
        return Some((key, Severity::Error, format!("{label}, {effect}.")));
    }
    let (_, about) = ON_NAMESPACES.iter().find(|(label, _)| text.starts_with(label))?;
    Some((key, Severity::Warning, format!("{label}, and of a Namespace it says {about}.")))
}

/// Parts of a webhook's or a conversion's address: they follow the name and namespace of a Service.
const ADDRESS: &[&str] = &["clientConfig/service/name", "clientConfig/service/namespace"];

/// The hazard of a field that kustomize is told to change (`api/types/fieldspec.go`): its path is parted by
/// slashes, and it holds for every kind where none is named.
pub(super) fn of_field(spec: &Node) -> Option<Hazard<'_>> {
    let target = PatchTarget::of(spec);
    let weight = weigh(&target);
    let path = spec.get("path").and_then(Node::text).unwrap_or_default();
    let plain = path.replace("[]", "");
    let parts = |path: &str| -> Vec<String> { path.split('/').map(str::to_owned).collect() };
    let harmless = match weight {
        Weight::Deciding | Weight::Any => {
            let ends = ["metadata/labels", "metadata/annotations"].iter().any(|end| plain.ends_with(end));
            ends || ADDRESS.iter().any(|end| plain.ends_with(end))
        }
        Weight::Syncing => is_how(&parts(&plain)),
        Weight::Harmless | Weight::Other => is_content(&parts(&plain), weight),
    };
    let kind = target.kind.map_or_else(|| "any kind".to_owned(), |kind| format!("`{}`", shown(&kind)));
    let message = || format!("Kustomize changes the field `{}` of {kind}, which is not evaluated.", shown(path));
    (!harmless).then(|| (spec, Severity::Error, message()))
}

/// The hazards of a file that `configurations` names: lists of fields, and of names that follow others.
pub(super) fn of_configuration(root: &Node) -> Vec<Hazard<'_>> {
    let items = root.entries().flat_map(|(_, list)| list.items());
    let fields = items.flat_map(|item| match item.get("fieldSpecs") {
        Some(fields) => fields.items().collect(),
        None => vec![item],
    });
    fields.filter_map(of_field).collect()
}

#[cfg(test)]
mod tests {
    use super::{of_configuration, of_kustomization};
    use crate::finding::Severity;
    use crate::manifest::read;

    fn severities(text: &str, of: impl Fn(&crate::manifest::Node) -> Vec<super::Hazard<'_>>) -> Vec<Severity> {
        let file = read("x.yaml".parse().expect("a path"), text.as_bytes());
        assert_eq!(file.problems, []);
        of(&file.documents[0]).into_iter().map(|(_, severity, _)| severity).collect()
    }

    #[test]
    fn labels_of_everything() {
        for (text, found) in [
            ("commonLabels: {app: x, app.kubernetes.io/part-of: y}\n", vec![]),
            ("commonLabels: {rbac.authorization.k8s.io/aggregate-to-admin: 'true'}\n", vec![Severity::Error]),
            ("labels: [{pairs: {rbac.authorization.k8s.io/aggregate-to-x: 'true'}}]\n", vec![Severity::Error]),
            ("labels: [{pairs: {pod-security.kubernetes.io/enforce: privileged}}]\n", vec![Severity::Warning]),
            ("labels: [{pairs: {a: b}, fields: [{path: spec/template/metadata/labels, kind: Deployment}]}]\n", vec![]),
            ("labels: [{pairs: {a: b}, fields: [{path: spec/template/metadata/labels}]}]\n", vec![]),
            (
                "labels: [{pairs: {name: x}, fields: [{path: roleRef, kind: ClusterRoleBinding}]}]\n",
                vec![Severity::Error],
            ),
            ("labels: [{pairs: {name: x}, fields: [{path: roleRef}]}]\n", vec![Severity::Error]),
            ("labels: [{pairs: {name: x}, fields: [{path: metadata, kind: ConfigMap}]}]\n", vec![Severity::Error]),
            ("labels: [{pairs: {name: x}, fields: [{path: spec, kind: Kustomization}]}]\n", vec![Severity::Error]),
            (
                "labels: [{pairs: {name: x}, fields: [{path: spec/sourceRef, kind: HelmRelease}]}]\n",
                vec![Severity::Error],
            ),
            ("labels: [{pairs: {name: x}, fields: [{path: spec/values/labels, kind: HelmRelease}]}]\n", vec![]),
        ] {
            assert_eq!(severities(text, of_kustomization), found, "{text}");
        }
    }

    #[test]
    fn fields_that_kustomize_is_told_to_change() {
        for (text, harmless) in [
            // What kubebuilder writes for its webhooks and definitions.
            (
                "nameReference:\n- kind: Service\n  version: v1\n  fieldSpecs:\n  - kind: CustomResourceDefinition\n    \
                 group: apiextensions.k8s.io\n    path: spec/conversion/webhook/clientConfig/service/name\n\
                 namespace:\n- kind: ValidatingWebhookConfiguration\n  group: admissionregistration.k8s.io\n  \
                 path: webhooks/clientConfig/service/namespace\n  create: true\nvarReference:\n- path: metadata/annotations\n",
                true,
            ),
            ("images: [{path: 'spec/jobs[]/image', kind: Workflow}]\n", true),
            ("namePrefix: [{path: roleRef/name, kind: ClusterRoleBinding}]\n", false),
            ("varReference: [{path: rules/verbs}]\n", false),
            ("commonAnnotations: [{path: spec, kind: Kustomization, group: kustomize.toolkit.fluxcd.io}]\n", false),
            ("namespace: [{path: spec/targetNamespace, kind: HelmRelease, create: true}]\n", false),
            // What Flux's documentation has for values that are generated.
            (
                "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs:\n  - path: spec/valuesFrom/name\n    \
                 kind: HelmRelease\n",
                true,
            ),
            ("nameReference: [{kind: ConfigMap, fieldSpecs: [{path: roleRef/name, kind: RoleBinding}]}]\n", false),
            ("namespace: [{path: metadata/name, kind: ConfigMap}]\n", false),
        ] {
            assert_eq!(severities(text, of_configuration).is_empty(), harmless, "{text}");
        }
    }
}
