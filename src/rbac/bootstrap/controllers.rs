//! Roles of the controllers in kube-controller-manager, each bound to the service account of its name.

use super::table::{CORE, EVENTS, KnownRole, READ, on, role};
use crate::rbac::{Binding, Key, Object, Origin, Subject};

const PREFIX: &str = "system:controller:";
const APPS: &str = "apps extensions";
const STORAGE: &str = "storage.k8s.io";
const RESOURCE: &str = "resource.k8s.io";
const NETWORK: &str = "networking.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const DISCOVERY: &str = "discovery.k8s.io";
const MAKE: &str = "create delete list patch watch";
const OWN: &str = "create delete get list patch update watch";
const KEEP: &str = "get list update watch";
const SLICES: &str = "create delete get list update watch";

/// The ClusterRoleBindings of all of them.
pub(super) fn bindings() -> impl Iterator<Item = Object> {
    ROLES.iter().map(|role| {
        let account = role.name.strip_prefix(PREFIX).unwrap_or(role.name);
        let subjects = vec![Subject::account("kube-system", account)];
        Object::Binding(Binding::new(Key::cluster(role.name), ("ClusterRole", role.name), subjects, Origin::ApiServer))
    })
}

pub(super) const ROLES: &[KnownRole] = &[
    role(
        "system:controller:attachdetach-controller",
        &[
            on("list watch", CORE, "persistentvolumeclaims persistentvolumes"),
            on(READ, CORE, "nodes"),
            on("patch update", CORE, "nodes/status"),
            on("list watch", CORE, "pods"),
            EVENTS,
            on("create delete get list watch", STORAGE, "volumeattachments"),
            on(READ, STORAGE, "csidrivers"),
            on(READ, STORAGE, "csinodes"),
        ],
    ),
    role(
        "system:controller:certificate-controller",
        &[
            on("delete get list watch", CERTIFICATES, "certificatesigningrequests"),
            on("update", CERTIFICATES, "certificatesigningrequests/approval certificatesigningrequests/status"),
            on("approve", CERTIFICATES, "signers").named("kubernetes.io/kube-apiserver-client-kubelet"),
            on("sign", CERTIFICATES, "signers").named(
                "kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet \
                 kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown",
            ),
            on("create", "authorization.k8s.io", "subjectaccessreviews"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:clusterrole-aggregation-controller",
        &[on("escalate get list patch update watch", "rbac.authorization.k8s.io", "clusterroles")],
    ),
    role(
        "system:controller:cronjob-controller",
        &[
            on(KEEP, "batch", "cronjobs"),
            on(OWN, "batch", "jobs"),
            on("update", "batch", "cronjobs/status"),
            on("update", "batch", "cronjobs/finalizers"),
            on("delete list watch", CORE, "pods"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:daemon-set-controller",
        &[
            on(READ, APPS, "daemonsets"),
            on("update", APPS, "daemonsets/status"),
            on("update", APPS, "daemonsets/finalizers"),
            on("list watch", CORE, "nodes"),
            on(MAKE, CORE, "pods"),
            on("create", CORE, "pods/binding"),
            on(OWN, "apps", "controllerrevisions"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:deployment-controller",
        &[
            on(KEEP, APPS, "deployments"),
            on("update", APPS, "deployments/status"),
            on("update", APPS, "deployments/finalizers"),
            on(OWN, APPS, "replicasets"),
            on(KEEP, CORE, "pods"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:device-taint-eviction-controller",
        &[
            on("delete get list watch", CORE, "pods"),
            on("patch update", CORE, "pods/status"),
            on(READ, RESOURCE, "resourceclaims"),
            on(READ, RESOURCE, "resourceslices"),
            on(READ, RESOURCE, "deviceclasses"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:disruption-controller",
        &[
            on(READ, APPS, "deployments"),
            on(READ, APPS, "replicasets"),
            on(READ, CORE, "replicationcontrollers"),
            on(READ, "policy", "poddisruptionbudgets"),
            on(READ, "apps", "statefulsets"),
            on("update", "policy", "poddisruptionbudgets/status"),
            on("patch update", CORE, "pods/status"),
            on("get", "*", "*/scale"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:endpoint-controller",
        &[
            on(READ, CORE, "pods services"),
            on(SLICES, CORE, "endpoints"),
            on("create", CORE, "endpoints/restricted"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:endpointslice-controller",
        &[
            on(READ, CORE, "nodes pods services"),
            on("update", CORE, "services/finalizers"),
            on(SLICES, DISCOVERY, "endpointslices"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:endpointslicemirroring-controller",
        &[
            on(READ, CORE, "endpoints services"),
            on("update", CORE, "services/finalizers"),
            on("update", CORE, "endpoints/finalizers"),
            on(SLICES, DISCOVERY, "endpointslices"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:ephemeral-volume-controller",
        &[
            on(READ, CORE, "pods"),
            on("update", CORE, "pods/finalizers"),
            on("create get list watch", CORE, "persistentvolumeclaims"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:expand-controller",
        &[
            on("get list patch update watch", CORE, "persistentvolumes"),
            on("patch update", CORE, "persistentvolumeclaims/status"),
            on(READ, CORE, "persistentvolumeclaims"),
            EVENTS,
        ],
    ),
    role("system:controller:generic-garbage-collector", &[on("delete get list patch update watch", "*", "*"), EVENTS]),
    role(
        "system:controller:horizontal-pod-autoscaler",
        &[
            on(READ, "autoscaling", "horizontalpodautoscalers"),
            on("update", "autoscaling", "horizontalpodautoscalers/status"),
            on("get update", "*", "*/scale"),
            on("list watch", CORE, "pods"),
            on("list watch", "metrics.k8s.io", "pods"),
            on(READ, "custom.metrics.k8s.io", "*"),
            on(READ, "external.metrics.k8s.io", "*"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:job-controller",
        &[
            on("get list patch update watch", "batch", "jobs"),
            on("update", "batch", "jobs/status"),
            on("update", "batch", "jobs/finalizers"),
            on(MAKE, CORE, "pods"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:legacy-service-account-token-cleaner",
        &[
            on("get", CORE, "configmaps").named("kube-apiserver-legacy-service-account-token-tracking"),
            on("delete patch", CORE, "secrets"),
        ],
    ),
    role(
        "system:controller:namespace-controller",
        &[
            on("delete get list watch", CORE, "namespaces"),
            on("update", CORE, "namespaces/finalize namespaces/status"),
            on("delete deletecollection get list watch", "*", "*"),
        ],
    ),
    role(
        "system:controller:node-controller",
        &[
            on("delete get list patch update watch", CORE, "nodes"),
            on("patch update", CORE, "nodes/status"),
            on("patch update", CORE, "pods/status"),
            on("delete get list watch", CORE, "pods"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:persistent-volume-binder",
        &[
            on(SLICES, CORE, "persistentvolumes"),
            on("update", CORE, "persistentvolumes/status"),
            on(KEEP, CORE, "persistentvolumeclaims"),
            on("update", CORE, "persistentvolumeclaims/status"),
            on("create delete get list watch", CORE, "pods"),
            on(READ, STORAGE, "storageclasses"),
            on("list watch", CORE, "nodes"),
            EVENTS,
            on("watch", CORE, "events"),
        ],
    ),
    role(
        "system:controller:pod-garbage-collector",
        &[on("delete list watch", CORE, "pods"), on(READ, CORE, "nodes"), on("patch", CORE, "pods/status")],
    ),
    role("system:controller:pv-protection-controller", &[on(KEEP, CORE, "persistentvolumes"), EVENTS]),
    role(
        "system:controller:pvc-protection-controller",
        &[
            on(KEEP, CORE, "persistentvolumeclaims"),
            on("update", CORE, "persistentvolumeclaims/status"),
            on(READ, CORE, "pods"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:replicaset-controller",
        &[
            on(KEEP, APPS, "replicasets"),
            on("update", APPS, "replicasets/status"),
            on("update", APPS, "replicasets/finalizers"),
            on(MAKE, CORE, "pods"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:replication-controller",
        &[
            on(KEEP, CORE, "replicationcontrollers"),
            on("update", CORE, "replicationcontrollers/status"),
            on("update", CORE, "replicationcontrollers/finalizers"),
            on(MAKE, CORE, "pods"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:resource-claim-controller",
        &[
            on(READ, CORE, "pods"),
            on("update", CORE, "pods/finalizers"),
            on("create delete get list watch", RESOURCE, "resourceclaims"),
            on("patch update", RESOURCE, "resourceclaims resourceclaims/status"),
            on("patch update", CORE, "pods/status"),
            EVENTS,
            on("patch update", RESOURCE, "resourceclaims/binding"),
        ],
    ),
    role(
        "system:controller:resourcequota-controller",
        &[on("list watch", "*", "*"), on("update", CORE, "resourcequotas/status"), EVENTS],
    ),
    role("system:controller:root-ca-cert-publisher", &[on("create update", CORE, "configmaps"), EVENTS]),
    role(
        "system:controller:route-controller",
        &[on("list watch", CORE, "nodes"), on("patch", CORE, "nodes/status"), EVENTS],
    ),
    role(
        "system:controller:selinux-warning-controller",
        &[
            EVENTS,
            on(READ, CORE, "persistentvolumes"),
            on(READ, CORE, "persistentvolumeclaims"),
            on(READ, CORE, "pods"),
            on(READ, STORAGE, "csidrivers"),
        ],
    ),
    role("system:controller:service-account-controller", &[on("create", CORE, "serviceaccounts"), EVENTS]),
    role(
        "system:controller:service-cidrs-controller",
        &[
            on("get list patch update watch", NETWORK, "servicecidrs"),
            on("patch update", NETWORK, "servicecidrs/finalizers"),
            on("patch update", NETWORK, "servicecidrs/status"),
            on(READ, NETWORK, "ipaddresses"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:service-controller",
        &[
            on(READ, CORE, "services"),
            on("patch update", CORE, "services/status"),
            on("list watch", CORE, "nodes"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:statefulset-controller",
        &[
            on("list watch", CORE, "pods"),
            on(READ, "apps", "statefulsets"),
            on("update", "apps", "statefulsets/status"),
            on("update", "apps", "statefulsets/finalizers"),
            on("create delete get patch update", CORE, "pods"),
            on(OWN, "apps", "controllerrevisions"),
            on("create get list watch", CORE, "persistentvolumeclaims"),
            on("delete update", CORE, "persistentvolumeclaims"),
            on("update", CORE, "pods/finalizers"),
            EVENTS,
        ],
    ),
    role("system:controller:ttl-after-finished-controller", &[on("delete get list watch", "batch", "jobs"), EVENTS]),
    role("system:controller:ttl-controller", &[on("list patch update watch", CORE, "nodes"), EVENTS]),
    role(
        "system:controller:validatingadmissionpolicy-status-controller",
        &[
            on(READ, "admissionregistration.k8s.io", "validatingadmissionpolicies"),
            on("get patch update", "admissionregistration.k8s.io", "validatingadmissionpolicies/status"),
            EVENTS,
        ],
    ),
    role(
        "system:controller:volumeattributesclass-protection-controller",
        &[
            on(READ, CORE, "persistentvolumeclaims"),
            on(READ, CORE, "persistentvolumes"),
            on(KEEP, STORAGE, "volumeattributesclasses"),
            EVENTS,
        ],
    ),
];
