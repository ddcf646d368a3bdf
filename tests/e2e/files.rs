//! What people put into pull requests.

use std::fmt::Write as _;

/// `cluster/common/kustomization.yaml` with more resources than at the start.
pub(super) fn common(resources: &[&str]) -> String {
    let mut text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n".to_owned();
    for resource in ["roles.yaml"].iter().chain(resources) {
        writeln!(text, "  - {resource}").expect("a string takes every write");
    }
    text
}

/// A role that may do everything; the `*` in `resources` is on line 7.
pub(super) const GREEDY: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: canary-operator
rules:
  - apiGroups: [\"*\"]
    resources: [\"*\"]
    verbs: [\"*\"]
";

/// A role that only reads.
pub(super) const MODEST: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: canary-operator
rules:
  - apiGroups: [example.org]
    resources: [canaries]
    verbs: [get, list, watch]
";

/// A definition whose two versions both are for storage.
pub(super) const TWO_STORAGE_VERSIONS: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: canaries.example.org
spec:
  group: example.org
  scope: Namespaced
  names:
    kind: Canary
    plural: canaries
  versions:
    - name: v1beta1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {on: {type: boolean}}}}}}
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {on: {type: boolean}}}}}}
";

/// As many roles as wanted, each with one finding: a rule that may delete everything of an API group.
pub(super) fn greedy_roles(count: usize) -> String {
    let role = |number: usize| {
        format!(
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: greedy-{number}\nrules:\n  - \
             apiGroups: [example.org]\n    resources: [\"*\"]\n    verbs: [delete]\n"
        )
    };
    (0..count).map(role).collect()
}
