//! Roles in `kube-system` and `kube-public`.

use super::table::{CORE, EVENTS, Known, KnownBinding, KnownRole, READ, on, role};
use crate::rbac::Object;

/// What a component needs to be the only one of several that works.
const LOCKING: &[Known] = &[
    on("create get list update watch", "coordination.k8s.io", "leases"),
    on("create get list update watch", "coordination.k8s.io", "leasecandidates"),
];

const fn system(name: &'static str, rules: &'static [Known]) -> KnownRole {
    KnownRole { namespace: "kube-system", ..role(name, rules) }
}

const ROLES: &[KnownRole] = &[
    system(
        "extension-apiserver-authentication-reader",
        &[on(READ, CORE, "configmaps").named("extension-apiserver-authentication")],
    ),
    system("system::leader-locking-kube-controller-manager", LOCKING),
    system("system::leader-locking-kube-scheduler", LOCKING),
    system("system:controller:bootstrap-signer", &[on(READ, CORE, "secrets")]),
    system("system:controller:cloud-provider", &[on("create get list watch", CORE, "configmaps")]),
    system("system:controller:token-cleaner", &[on("delete get list watch", CORE, "secrets"), EVENTS]),
    KnownRole {
        namespace: "kube-public",
        ..role(
            "system:controller:bootstrap-signer",
            &[on(READ, CORE, "configmaps"), on("update", CORE, "configmaps").named("cluster-info"), EVENTS],
        )
    },
];

const fn bind(name: &'static str, subjects: &'static str) -> KnownBinding {
    KnownBinding { namespace: "kube-system", name, role: name, subjects }
}

const BINDINGS: &[KnownBinding] = &[
    KnownBinding {
        role: "extension-apiserver-authentication-reader",
        ..bind(
            "system::extension-apiserver-authentication-reader",
            "User=system:kube-controller-manager User=system:kube-scheduler",
        )
    },
    bind(
        "system::leader-locking-kube-controller-manager",
        "User=system:kube-controller-manager ServiceAccount=kube-controller-manager \
         ServiceAccount=leader-election-controller",
    ),
    bind("system::leader-locking-kube-scheduler", "User=system:kube-scheduler ServiceAccount=kube-scheduler"),
    bind("system:controller:bootstrap-signer", "ServiceAccount=bootstrap-signer"),
    bind("system:controller:cloud-provider", "ServiceAccount=cloud-provider"),
    bind("system:controller:token-cleaner", "ServiceAccount=token-cleaner"),
    KnownBinding {
        namespace: "kube-public",
        ..bind("system:controller:bootstrap-signer", "ServiceAccount=bootstrap-signer")
    },
];

/// All of them.
pub(super) fn objects() -> impl Iterator<Item = Object> {
    ROLES.iter().map(KnownRole::object).chain(BINDINGS.iter().map(KnownBinding::object))
}
