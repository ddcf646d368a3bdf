//! How much it matters that a change of a kind was not seen.

use crate::finding::Severity;
use crate::manifest::PatchTarget;

/// What a patch, a label or a field path is for; the greater, the more it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// A kind of Kubernetes that decides over nobody's rights: only what makes another object of it matters.
    Harmless,
    /// A kind that nobody here knows: its usual content does not matter.
    Other,
    /// Flux's kinds, and namespaces: whose account applies what, and where. Flux's own documentation
    /// patches them, so a person looks.
    Syncing,
    /// A kind that decides over rights, or for the whole cluster.
    Deciding,
    /// Any kind may be meant.
    Any,
}

impl Weight {
    /// How bad it is that a patch was not seen, whatever is in it.
    pub(super) const fn severity(self) -> Option<Severity> {
        match self {
            Self::Harmless | Self::Other => None,
            Self::Syncing => Some(Severity::Warning),
            Self::Deciding | Self::Any => Some(Severity::Error),
        }
    }
}

const HARMLESS: &[&str] = &[
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Endpoints",
    "EndpointSlice",
    "HorizontalPodAutoscaler",
    "Ingress",
    "IngressClass",
    "Job",
    "Lease",
    "LimitRange",
    "NetworkPolicy",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "PodTemplate",
    "PriorityClass",
    "ReplicaSet",
    "ReplicationController",
    "ResourceQuota",
    "RuntimeClass",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
    "StorageClass",
    "VolumeSnapshotClass",
];

const SYNCING: &[&str] = &[
    "Kustomization",
    "HelmRelease",
    "GitRepository",
    "OCIRepository",
    "HelmRepository",
    "Bucket",
    "ResourceSet",
    "FluxInstance",
    "Namespace",
];

const DECIDING: &[&str] = &[
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "CustomResourceDefinition",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "APIService",
    "CertificateSigningRequest",
    "PodSecurityPolicy",
    "SecurityContextConstraints",
    "ConstraintTemplate",
    "ClusterPolicy",
    "RBACDefinition",
];

/// Groups of which every kind decides, whatever it is called.
const DECIDING_GROUPS: &[&str] = &[
    "rbac.authorization.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "certificates.k8s.io",
    "constraints.gatekeeper.sh",
    "templates.gatekeeper.sh",
    "mutations.gatekeeper.sh",
    "config.gatekeeper.sh",
    "kyverno.io",
    "policies.kyverno.io",
    "authorization.openshift.io",
    "security.openshift.io",
    "rbacmanager.reactiveops.io",
];

/// Groups of which every kind is harmless.
const HARMLESS_GROUPS: &[&str] = &[
    "apps",
    "autoscaling",
    "batch",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "networking.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// The weight of a selector; kustomize takes group and kind for regular expressions that fit the whole
/// word (`api/resmap/selector.go`), so whatever is more than a choice of words may mean any.
pub(super) fn weigh(target: &PatchTarget) -> Weight {
    let words = |text: &str| text.trim_matches(['(', ')', '^', '$']).split('|').map(str::to_owned).collect::<Vec<_>>();
    let groups = target.group.as_deref().map(words).unwrap_or_default();
    let of_groups = groups.iter().map(|group| weight_of_group(group)).max();
    let of_kinds = target.kind.as_deref().map(words).unwrap_or_default();
    let of_kinds = of_kinds.iter().map(|kind| weight_of_kind(kind)).max();
    match (of_groups, of_kinds) {
        (Some(groups @ (Weight::Deciding | Weight::Any)), _) => groups,
        (_, Some(kinds)) => kinds,
        (Some(Weight::Other), None) | (None, None) => Weight::Any,
        (Some(groups), None) => groups,
    }
}

fn weight_of_group(group: &str) -> Weight {
    let plain = !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    match group {
        _ if !plain => Weight::Any,
        _ if DECIDING_GROUPS.contains(&group) => Weight::Deciding,
        _ if HARMLESS_GROUPS.contains(&group) => Weight::Harmless,
        _ if group.ends_with(".toolkit.fluxcd.io") || group == "fluxcd.controlplane.io" => Weight::Syncing,
        _ => Weight::Other,
    }
}

fn weight_of_kind(kind: &str) -> Weight {
    match kind {
        "" => Weight::Any,
        _ if !kind.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Weight::Any,
        _ if DECIDING.contains(&kind) => Weight::Deciding,
        _ if SYNCING.contains(&kind) => Weight::Syncing,
        _ if HARMLESS.contains(&kind) => Weight::Harmless,
        _ => Weight::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Weight, weigh};
    use crate::manifest::PatchTarget;

    #[test]
    fn both_sides() {
        for (group, kind, weight) in [
            ("", "StorageClass", Weight::Harmless),
            ("", "Deployment|StatefulSet", Weight::Harmless),
            ("", "(Deployment|Ingress)", Weight::Harmless),
            ("apps", "", Weight::Harmless),
            ("storage.k8s.io", "StorageClass", Weight::Harmless),
            ("example.org", "Widget", Weight::Other),
            ("", "Widget", Weight::Other),
            ("kustomize.toolkit.fluxcd.io", "", Weight::Syncing),
            ("", "Kustomization|Deployment", Weight::Syncing),
            ("", "Role", Weight::Deciding),
            ("", "Deployment|ClusterRole", Weight::Deciding),
            ("constraints.gatekeeper.sh", "K8sRequiredLabels", Weight::Deciding),
            ("apps|rbac.authorization.k8s.io", "", Weight::Deciding),
            ("apps|rbac.*", "Deployment", Weight::Any),
            ("", "", Weight::Any),
            ("example.org", "", Weight::Any),
            ("", "Deployment|", Weight::Any),
            ("", ".*", Weight::Any),
            ("", "Clust[e]rRole", Weight::Any),
            ("", "(?i)clusterrole", Weight::Any),
        ] {
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let target = PatchTarget { group: some(group), kind: some(kind) };
            assert_eq!(weigh(&target), weight, "{group:?} {kind:?}");
        }
    }
}
