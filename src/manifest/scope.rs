//! Which kinds are cluster-wide and which live in a namespace.

/// Where the objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectScope {
    /// One set for the whole cluster.
    Cluster,
    /// In namespaces.
    Namespaced,
}

/// The scope of a kind of Kubernetes, Flux, Gatekeeper or cert-manager; `None` for one that this
/// table does not know (a custom kind, whose CRD says it).
///
/// Taken from `kubectl api-resources` of Kubernetes 1.16 to 1.34 and from the projects' CRDs.
pub fn builtin_scope(group: &str, kind: &str) -> Option<ObjectScope> {
    if cluster_wide(group, kind) {
        return Some(ObjectScope::Cluster);
    }
    let known = NAMESPACED_GROUPS.contains(&group) || group.ends_with(".toolkit.fluxcd.io");
    known.then_some(ObjectScope::Namespaced)
}

/// Groups of which every kind that [`cluster_wide`] does not name lives in namespaces.
const NAMESPACED_GROUPS: [&str; 18] = [
    "",
    "apps",
    "autoscaling",
    "batch",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "resource.k8s.io",
    "cert-manager.io",
    "acme.cert-manager.io",
    "monitoring.coreos.com",
    "fluxcd.controlplane.io",
    "helm.fluxcd.io",
];

fn cluster_wide(group: &str, kind: &str) -> bool {
    let kinds: &[&str] = match group {
        "" => &["Namespace", "Node", "PersistentVolume", "ComponentStatus"],
        "rbac.authorization.k8s.io" => &["ClusterRole", "ClusterRoleBinding"],
        "storage.k8s.io" => &["StorageClass", "CSIDriver", "CSINode", "VolumeAttachment", "VolumeAttributesClass"],
        "networking.k8s.io" => &["IngressClass", "IPAddress", "ServiceCIDR", "ClusterCIDR"],
        "policy" | "extensions" => &["PodSecurityPolicy"],
        "resource.k8s.io" => &["DeviceClass", "ResourceSlice"],
        "policy.networking.k8s.io" => &["AdminNetworkPolicy", "BaselineAdminNetworkPolicy"],
        "gateway.networking.k8s.io" => &["GatewayClass"],
        "cert-manager.io" => &["ClusterIssuer"],
        "kyverno.io" => &["ClusterPolicy", "ClusterCleanupPolicy"],
        "external-secrets.io" => &["ClusterExternalSecret", "ClusterSecretStore"],
        "snapshot.storage.k8s.io" => &["VolumeSnapshotClass", "VolumeSnapshotContent"],
        // Every kind of these groups is cluster-wide.
        "apiextensions.k8s.io"
        | "admissionregistration.k8s.io"
        | "apiregistration.k8s.io"
        | "certificates.k8s.io"
        | "flowcontrol.apiserver.k8s.io"
        | "node.k8s.io"
        | "scheduling.k8s.io"
        | "storagemigration.k8s.io"
        | "internal.apiserver.k8s.io"
        | "templates.gatekeeper.sh"
        | "constraints.gatekeeper.sh"
        | "mutations.gatekeeper.sh"
        | "expansion.gatekeeper.sh"
        | "config.gatekeeper.sh"
        | "connection.gatekeeper.sh"
        | "externaldata.gatekeeper.sh" => return kind != "Config",
        _ => return false,
    };
    kinds.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::ObjectScope::{Cluster, Namespaced};
    use super::builtin_scope;

    #[test]
    fn kinds_live_where_kubernetes_puts_them() {
        for (group, kind, scope) in [
            ("", "Namespace", Some(Cluster)),
            ("", "ConfigMap", Some(Namespaced)),
            ("apiextensions.k8s.io", "CustomResourceDefinition", Some(Cluster)),
            ("rbac.authorization.k8s.io", "ClusterRole", Some(Cluster)),
            ("rbac.authorization.k8s.io", "RoleBinding", Some(Namespaced)),
            ("policy", "PodSecurityPolicy", Some(Cluster)),
            ("policy", "PodDisruptionBudget", Some(Namespaced)),
            ("constraints.gatekeeper.sh", "K8sRequiredLabels", Some(Cluster)),
            ("kustomize.toolkit.fluxcd.io", "Kustomization", Some(Namespaced)),
            ("cert-manager.io", "ClusterIssuer", Some(Cluster)),
            ("cert-manager.io", "Issuer", Some(Namespaced)),
            ("example.com", "Widget", None),
        ] {
            assert_eq!(builtin_scope(group, kind), scope, "{group} {kind}");
        }
    }
}
