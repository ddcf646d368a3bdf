//! Flux's own roles and bindings, as `flux install` and `flux bootstrap` write them for the namespace `flux-system`,
//! whose name stands behind theirs.

use super::table::{CORE, Known, KnownRole, READ, WRITE, on, role, urls};
use crate::rbac::{Binding, Key, Object, Origin, Subject};

const NAMESPACE: &str = "flux-system";

const GROUPS: &str = "notification.toolkit.fluxcd.io source.toolkit.fluxcd.io source.extensions.fluxcd.io \
                      helm.toolkit.fluxcd.io image.toolkit.fluxcd.io kustomize.toolkit.fluxcd.io";

const RULES: &[Known] = &[
    on("*", "source.toolkit.fluxcd.io", "*"),
    on("*", "kustomize.toolkit.fluxcd.io", "*"),
    on("*", "helm.toolkit.fluxcd.io", "*"),
    on("*", "notification.toolkit.fluxcd.io", "*"),
    on("*", "image.toolkit.fluxcd.io", "*"),
    on("*", "source.extensions.fluxcd.io", "*"),
    on(READ, CORE, "namespaces secrets configmaps serviceaccounts"),
    on("create patch", CORE, "events"),
    on("get list watch create update patch delete", CORE, "configmaps"),
    on("get update patch", CORE, "configmaps/status"),
    on("get list watch create update patch delete", "coordination.k8s.io", "leases"),
    on("create", CORE, "serviceaccounts/token"),
    urls("head", "/livez/ping"),
];

const ROLES: &[KnownRole] = &[
    role("crd-controller-flux-system", RULES),
    KnownRole { into: "admin edit", ..role("flux-edit-flux-system", &[on(WRITE, GROUPS, "*")]) },
    KnownRole { into: "admin edit view", ..role("flux-view-flux-system", &[on(READ, GROUPS, "*")]) },
];

/// Those that apply what is in repositories.
const RECONCILERS: &[&str] = &["kustomize-controller", "helm-controller"];

const CONTROLLERS: &[&str] = &[
    "kustomize-controller",
    "helm-controller",
    "source-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
    "source-watcher",
];

/// All of them.
pub(super) fn objects() -> impl Iterator<Item = Object> {
    let roles = ROLES.iter().map(|role| Object::Role(role.plain(Origin::Flux)));
    let bindings = [
        binding("cluster-reconciler-flux-system", "cluster-admin", RECONCILERS),
        binding("crd-controller-flux-system", "crd-controller-flux-system", CONTROLLERS),
    ];
    roles.chain(bindings)
}

fn binding(name: &str, role: &str, accounts: &[&str]) -> Object {
    let subjects = accounts.iter().map(|account| Subject::account(NAMESPACE, account)).collect();
    Object::Binding(Binding::new(Key::cluster(name), ("ClusterRole", role), subjects, Origin::Flux))
}
