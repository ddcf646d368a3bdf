//! Flux's own roles and bindings, as `flux install` and `flux bootstrap` write them for the namespace `flux-system`,
//! whose name stands behind theirs: of the newest release, and what the earlier ones of Flux 2 lacked of it
//! (github.com/fluxcd/flux2, manifests/rbac, at the tags from v2.0.0 to v2.7.5).

use super::table::{CORE, Known, KnownRole, READ, WRITE, on, role, urls};
use crate::rbac::{Binding, Key, Object, Origin, Subject};

const NAMESPACE: &str = "flux-system";

const GROUPS: &str = "notification.toolkit.fluxcd.io source.toolkit.fluxcd.io source.extensions.fluxcd.io \
                      helm.toolkit.fluxcd.io image.toolkit.fluxcd.io kustomize.toolkit.fluxcd.io";

/// Before v2.7.5.
const FEWER_GROUPS: &str = "notification.toolkit.fluxcd.io source.toolkit.fluxcd.io helm.toolkit.fluxcd.io \
                            image.toolkit.fluxcd.io kustomize.toolkit.fluxcd.io";

/// In the order in which they came.
const RULES: &[Known] = &[
    on("*", "source.toolkit.fluxcd.io", "*"),
    on("*", "kustomize.toolkit.fluxcd.io", "*"),
    on("*", "helm.toolkit.fluxcd.io", "*"),
    on("*", "notification.toolkit.fluxcd.io", "*"),
    on("*", "image.toolkit.fluxcd.io", "*"),
    on(READ, CORE, "namespaces secrets configmaps serviceaccounts"),
    on("create patch", CORE, "events"),
    on("get list watch create update patch delete", CORE, "configmaps"),
    on("get update patch", CORE, "configmaps/status"),
    on("get list watch create update patch delete", "coordination.k8s.io", "leases"),
    // v2.3.0
    urls("head", "/livez/ping"),
    // v2.6.0
    on("create", CORE, "serviceaccounts/token"),
    // v2.7.0
    on("*", "source.extensions.fluxcd.io", "*"),
];

const EARLIER_PEOPLE: &[KnownRole] = &[
    KnownRole { into: "admin edit", ..role("flux-edit-flux-system", &[on(WRITE, FEWER_GROUPS, "*")]) },
    KnownRole { into: "admin edit view", ..role("flux-view-flux-system", &[on(READ, FEWER_GROUPS, "*")]) },
];

/// How many of them the releases before the newest had.
const EARLIER: [usize; 3] = [10, 11, 12];

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
    // Last: since v2.7.0.
    "source-watcher",
];

/// Those of earlier releases that differ.
pub(super) fn earlier() -> impl Iterator<Item = Object> {
    let of_controllers = |rules: &usize| role("crd-controller-flux-system", &RULES[..*rules]).plain(Origin::Flux);
    let people = EARLIER_PEOPLE.iter().map(|role| role.plain(Origin::Flux));
    let roles = EARLIER.iter().map(of_controllers).chain(people).map(Object::Role);
    let fewer = &CONTROLLERS[..CONTROLLERS.len() - 1];
    roles.chain([binding("crd-controller-flux-system", "crd-controller-flux-system", fewer)])
}

/// All of the newest release.
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
