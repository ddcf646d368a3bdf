//! The kinds that the cluster serves: a built-in table, and what custom resource definitions add.

use serde_json::Value;

use super::json::{list, text};

/// One kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) group: String,
    /// The served versions, the preferred one first.
    pub(crate) versions: Vec<String>,
    pub(crate) kind: String,
    pub(crate) plural: String,
    pub(crate) short: Vec<String>,
    pub(crate) namespaced: bool,
    /// Whether `status` is written apart from the rest.
    pub(crate) status: bool,
    /// Whether `metadata.generation` counts the changes of the spec.
    pub(crate) generation: bool,
    /// Whether a custom resource definition brought it.
    pub(crate) custom: bool,
}

impl Kind {
    /// `plural.group`, or the plural alone in the core group: how error texts name a resource.
    pub(crate) fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `group/version`, or the version alone in the core group.
    pub(crate) fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() { version.to_owned() } else { format!("{}/{version}", self.group) }
    }

    /// `Kind`, or `Kind.group` where there is a group: how a 422 names what is invalid.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.kind.clone() } else { format!("{}.{}", self.kind, self.group) }
    }

    pub(crate) fn serves(&self, version: &str) -> bool {
        self.versions.iter().any(|served| served == version)
    }
}

/// group, version, kind, plural, short names, flags: n namespaced, s status, g generation.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const BUILT_IN: &[Row] = &[
    ("", "v1", "Namespace", "namespaces", "ns", "s"),
    ("", "v1", "Secret", "secrets", "", "n"),
    ("", "v1", "ConfigMap", "configmaps", "cm", "n"),
    ("", "v1", "ServiceAccount", "serviceaccounts", "sa", "n"),
    ("", "v1", "Service", "services", "svc", "ns"),
    ("", "v1", "Pod", "pods", "po", "ns"),
    ("", "v1", "Event", "events", "ev", "n"),
    ("", "v1", "ResourceQuota", "resourcequotas", "quota", "ns"),
    ("", "v1", "LimitRange", "limitranges", "limits", "n"),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", "ns"),
    ("apps", "v1", "Deployment", "deployments", "deploy", "nsg"),
    ("apps", "v1", "StatefulSet", "statefulsets", "sts", "nsg"),
    ("apps", "v1", "DaemonSet", "daemonsets", "ds", "nsg"),
    ("batch", "v1", "Job", "jobs", "", "nsg"),
    ("batch", "v1", "CronJob", "cronjobs", "cj", "nsg"),
    ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", "ns"),
    ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", "nsg"),
    ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "netpol", "ng"),
    ("networking.k8s.io", "v1", "Ingress", "ingresses", "ing", "nsg"),
    ("rbac.authorization.k8s.io", "v1", "Role", "roles", "", "n"),
    ("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "", "n"),
    ("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "", ""),
    ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", "", ""),
    ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "crd", "sg"),
    ("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "", "sg"),
    ("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", "", "g"),
    ("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "", "g"),
    ("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "", "g"),
    ("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "pc", "g"),
    ("storage.k8s.io", "v1", "StorageClass", "storageclasses", "sc", ""),
];

/// The kinds of Flux 2.7 and later with their served version (all namespaced).
#[rustfmt::skip]
pub(crate) const FLUX: &[(&str, &str, &str, &str)] = &[
    ("source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories"),
    ("source.toolkit.fluxcd.io", "v1", "OCIRepository", "ocirepositories"),
    ("source.toolkit.fluxcd.io", "v1", "HelmRepository", "helmrepositories"),
    ("source.toolkit.fluxcd.io", "v1", "HelmChart", "helmcharts"),
    ("source.toolkit.fluxcd.io", "v1", "Bucket", "buckets"),
    ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations"),
    ("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases"),
    ("notification.toolkit.fluxcd.io", "v1", "Receiver", "receivers"),
    ("notification.toolkit.fluxcd.io", "v1beta3", "Alert", "alerts"),
    ("notification.toolkit.fluxcd.io", "v1beta3", "Provider", "providers"),
];

/// All kinds that are served now.
#[derive(Debug, Clone)]
pub(crate) struct Kinds(Vec<Kind>);

impl Kinds {
    pub(crate) fn built_in() -> Self {
        let kind = |(group, version, kind, plural, short, flags): &Row| Kind {
            group: (*group).to_owned(),
            versions: vec![(*version).to_owned()],
            kind: (*kind).to_owned(),
            plural: (*plural).to_owned(),
            short: short.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            namespaced: flags.contains('n'),
            status: flags.contains('s'),
            generation: flags.contains('g'),
            custom: false,
        };
        Self(BUILT_IN.iter().map(kind).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.0.iter()
    }

    /// By path: group, version and plural.
    pub(crate) fn by_resource(&self, group: &str, version: &str, plural: &str) -> Option<&Kind> {
        self.0.iter().find(|kind| kind.group == group && kind.plural == plural && kind.serves(version))
    }

    /// By manifest: `apiVersion` and `kind`.
    pub(crate) fn by_kind(&self, api_version: &str, kind: &str) -> Option<&Kind> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.0.iter().find(|known| known.group == group && known.kind == kind && known.serves(version))
    }

    /// By group and plural, in whatever version.
    pub(crate) fn by_plural(&self, group: &str, plural: &str) -> Option<&Kind> {
        self.0.iter().find(|kind| kind.group == group && kind.plural == plural)
    }

    /// Takes in what a custom resource definition declares; a known kind is replaced.
    pub(crate) fn register(&mut self, definition: &Value) {
        let mut versions: Vec<String> = list(definition, "/spec/versions")
            .iter()
            .filter(|version| version["served"] == true)
            .map(|version| text(version, "/name").to_owned())
            .collect();
        // Kubernetes prefers `v1` to `v1beta1`, and the greater number.
        versions.sort_by_key(|version| (version.contains("alpha"), version.contains("beta"), version.len()));
        let with_status = |version: &Value| version.pointer("/subresources/status").is_some();
        let kind = Kind {
            group: text(definition, "/spec/group").to_owned(),
            versions,
            kind: text(definition, "/spec/names/kind").to_owned(),
            plural: text(definition, "/spec/names/plural").to_owned(),
            short: list(definition, "/spec/names/shortNames")
                .iter()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect(),
            namespaced: text(definition, "/spec/scope") == "Namespaced",
            status: list(definition, "/spec/versions").iter().any(with_status),
            generation: true,
            custom: true,
        };
        self.unregister(&kind.group, &kind.plural);
        if !kind.versions.is_empty() {
            self.0.push(kind);
        }
    }

    pub(crate) fn unregister(&mut self, group: &str, plural: &str) {
        self.0.retain(|kind| !(kind.custom && kind.group == group && kind.plural == plural));
    }
}
