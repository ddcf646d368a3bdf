//! Roles of the cluster's own programs.

use super::table::{CORE, EVENTS, KnownBinding, KnownRole, READ, READ_WRITE, bind, on, role};

const CERTIFICATES: &str = "certificates.k8s.io";
const STORAGE: &str = "storage.k8s.io";
const RESOURCE: &str = "resource.k8s.io";
const LEASES: &str = "coordination.k8s.io";

pub(super) const ROLES: &[KnownRole] = &[
    role(
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
        &[on("create", CERTIFICATES, "certificatesigningrequests/nodeclient")],
    ),
    role(
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        &[on("create", CERTIFICATES, "certificatesigningrequests/selfnodeclient")],
    ),
    role(
        "system:certificates.k8s.io:kube-apiserver-client-approver",
        &[on("approve", CERTIFICATES, "signers").named("kubernetes.io/kube-apiserver-client")],
    ),
    role(
        "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
        &[on("approve", CERTIFICATES, "signers").named("kubernetes.io/kube-apiserver-client-kubelet")],
    ),
    role(
        "system:certificates.k8s.io:kubelet-serving-approver",
        &[on("approve", CERTIFICATES, "signers").named("kubernetes.io/kubelet-serving")],
    ),
    role(
        "system:certificates.k8s.io:legacy-unknown-approver",
        &[on("approve", CERTIFICATES, "signers").named("kubernetes.io/legacy-unknown")],
    ),
    role("system:heapster", &[on(READ, CORE, "events namespaces nodes pods"), on(READ, "extensions", "deployments")]),
    role("system:kube-aggregator", &[on(READ, CORE, "endpoints services")]),
    role(
        "system:kube-controller-manager",
        &[
            EVENTS,
            on("create", LEASES, "leases"),
            on("get update", LEASES, "leases").named("kube-controller-manager"),
            on("create", CORE, "secrets serviceaccounts"),
            on("delete", CORE, "secrets"),
            on("get", CORE, "configmaps namespaces secrets serviceaccounts"),
            on("update", CORE, "secrets serviceaccounts"),
            on("create", "authentication.k8s.io", "tokenreviews"),
            on("create", "authorization.k8s.io", "subjectaccessreviews"),
            on("list watch", "*", "*"),
            on("create", CORE, "serviceaccounts/token"),
        ],
    ),
    role("system:kube-dns", &[on("list watch", CORE, "endpoints services")]),
    role(
        "system:kube-scheduler",
        &[
            EVENTS,
            on("create", LEASES, "leases"),
            on("get list update watch", LEASES, "leases").named("kube-scheduler"),
            on(READ_WRITE, LEASES, "leasecandidates"),
            on(READ, CORE, "nodes"),
            on("delete get list watch", CORE, "pods"),
            on("create", CORE, "bindings pods/binding"),
            on("patch update", CORE, "pods/status"),
            on(READ, CORE, "replicationcontrollers services"),
            on(READ, "apps extensions", "replicasets"),
            on(READ, "apps", "statefulsets"),
            on(READ, "policy", "poddisruptionbudgets"),
            on(READ, CORE, "persistentvolumeclaims persistentvolumes"),
            on("create", "authentication.k8s.io", "tokenreviews"),
            on("create", "authorization.k8s.io", "subjectaccessreviews"),
            on(READ, STORAGE, "csinodes"),
            on(READ, STORAGE, "volumeattachments"),
            on(READ, CORE, "namespaces"),
            on(READ, STORAGE, "csidrivers"),
            on(READ, STORAGE, "csistoragecapacities"),
            on(READ, RESOURCE, "deviceclasses"),
            on("get list patch update watch", RESOURCE, "resourceclaims"),
            on("get list patch update watch", RESOURCE, "resourceclaims/status"),
            on("update", CORE, "pods/finalizers"),
            on(READ, RESOURCE, "resourceslices"),
            on("create delete", RESOURCE, "resourceclaims"),
        ],
    ),
    role(
        "system:node",
        &[
            on("create", "authentication.k8s.io", "tokenreviews"),
            on("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
            on(READ, CORE, "services"),
            on("create get list watch", CORE, "nodes"),
            on("patch update", CORE, "nodes/status"),
            on("patch update", CORE, "nodes"),
            EVENTS,
            on(READ, CORE, "pods"),
            on("create delete", CORE, "pods"),
            on("patch update", CORE, "pods/status"),
            on("create", CORE, "pods/eviction"),
            on(READ, CORE, "configmaps secrets"),
            on("get", CORE, "persistentvolumeclaims persistentvolumes"),
            on("get", CORE, "endpoints"),
            on("create get list watch", CERTIFICATES, "certificatesigningrequests"),
            on("create delete get patch update", LEASES, "leases"),
            on("get", STORAGE, "volumeattachments"),
            on("create", CORE, "serviceaccounts/token"),
            on("get patch update", CORE, "persistentvolumeclaims/status"),
            on(READ, STORAGE, "csidrivers"),
            on("create delete get patch update", STORAGE, "csinodes"),
            on(READ, "node.k8s.io", "runtimeclasses"),
            on("get", RESOURCE, "resourceclaims"),
            on("deletecollection", RESOURCE, "resourceslices"),
            on("get", CORE, "serviceaccounts"),
        ],
    ),
    role("system:node-bootstrapper", &[on("create get list watch", CERTIFICATES, "certificatesigningrequests")]),
    role("system:node-problem-detector", &[on("get", CORE, "nodes"), on("patch", CORE, "nodes/status"), EVENTS]),
    role(
        "system:node-proxier",
        &[
            on("list watch", CORE, "endpoints services"),
            on(READ, CORE, "nodes"),
            EVENTS,
            on("list watch", "networking.k8s.io", "servicecidrs"),
            on("list watch", "discovery.k8s.io", "endpointslices"),
        ],
    ),
    role(
        "system:persistent-volume-provisioner",
        &[
            on("create delete get list watch", CORE, "persistentvolumes"),
            on("get list update watch", CORE, "persistentvolumeclaims"),
            on(READ, STORAGE, "storageclasses"),
            on("watch", CORE, "events"),
            EVENTS,
        ],
    ),
    role(
        "system:volume-scheduler",
        &[
            on("get list patch update watch", CORE, "persistentvolumes"),
            on(READ, STORAGE, "storageclasses"),
            on("get list patch update watch", CORE, "persistentvolumeclaims"),
        ],
    ),
];

pub(super) const BINDINGS: &[KnownBinding] = &[
    bind("system:kube-controller-manager", "User=system:kube-controller-manager"),
    bind("system:kube-dns", "ServiceAccount=kube-dns"),
    bind("system:kube-scheduler", "User=system:kube-scheduler"),
    // Nodes have an authorizer of their own.
    bind("system:node", ""),
    bind("system:node-proxier", "User=system:kube-proxy"),
    bind("system:volume-scheduler", "User=system:kube-scheduler"),
];
