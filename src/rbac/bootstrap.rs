//! Roles and bindings that every API server makes, and those of Flux's own installation.
//!
//! As of Kubernetes 1.36 in development, for the features that are on by default: kubernetes/kubernetes,
//! plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata (controller and namespace roles at 008b3652, cluster roles
//! as in aks-lts/kubernetes at ec451e29), and fluxcd/flux2, manifests/rbac at 0a87ed5a (2.7).

mod components;
mod controllers;
mod flux;
mod namespaced;
mod people;
mod table;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use super::index::Index;
use super::{Binding, Known, Object, PolicyRule, Role, Scope};

static NOTHING: LazyLock<Arc<Index>> = LazyLock::new(Arc::default);
static API_SERVER: LazyLock<Arc<Index>> = LazyLock::new(|| of(api_server()));
/// What earlier releases of Flux had otherwise: recognised, and never supposed to be there.
static EARLIER: LazyLock<Arc<Index>> = LazyLock::new(|| of(flux::earlier()));
static ALL: LazyLock<Arc<Index>> = LazyLock::new(|| of(api_server().chain(flux::objects())));

fn of(objects: impl Iterator<Item = Object>) -> Arc<Index> {
    let mut index = Index::default();
    objects.for_each(|object| index.add(object));
    Arc::new(index)
}

/// What every API server makes.
pub fn api_server() -> impl Iterator<Item = Object> {
    let roles = people::ROLES.iter().chain(components::ROLES).chain(controllers::ROLES);
    let bindings = people::BINDINGS.iter().chain(components::BINDINGS);
    let cluster = roles.map(table::KnownRole::object).chain(bindings.map(table::KnownBinding::object));
    cluster.chain(controllers::bindings()).chain(namespaced::objects())
}

/// What Flux's installation into `flux-system` has.
pub fn flux() -> impl Iterator<Item = Object> {
    flux::objects()
}

pub(super) fn index(known: Known) -> Arc<Index> {
    match known {
        Known::Nothing => NOTHING.clone(),
        Known::ApiServer => API_SERVER.clone(),
        Known::ApiServerAndFlux => ALL.clone(),
    }
}

/// Whether a role is in its content the one of its name that every API server or Flux has: the same rules, labels and
/// aggregation, in any order. The name alone says nothing: everybody may take it. Labels that installers put on
/// everything (`app.kubernetes.io/…`) do not count.
pub fn is_bootstrap(role: &Role) -> bool {
    let known = [&ALL, &EARLIER].into_iter().filter_map(|index| index.roles.get(&role.key)).flatten();
    let rules = |role: &Role| -> BTreeSet<PolicyRule> { role.rules.iter().map(PolicyRule::sorted).collect() };
    let labels = |role: &Role| -> BTreeSet<(String, String)> {
        let mut labels = role.labels.clone();
        labels.retain(|key, _| !key.starts_with("app.kubernetes.io/"));
        labels.into_iter().collect()
    };
    known
        .filter(|known| known.aggregation == role.aggregation)
        .any(|known| labels(known) == labels(role) && rules(known) == rules(role))
}

/// Whether a binding is in its content the one of its name that every API server or Flux has.
pub fn is_bootstrap_binding(binding: &Binding) -> bool {
    let subjects = |binding: &Binding| -> BTreeSet<_> { binding.subjects.iter().cloned().collect() };
    let mut known = [&ALL, &EARLIER].into_iter().filter_map(|index| index.bindings.get(&binding.key)).flatten();
    known.any(|known| known.role == binding.role && subjects(known) == subjects(binding))
}

/// A role of the tree as it is once it is applied. Where the API server has made one of its name, applying it with
/// server-side apply, as Flux does, leaves what it does not name: labels, and an `aggregationRule`, before which
/// its rules do not last (kubernetes.io/docs/reference/using-api/server-side-apply/#field-management).
pub(super) fn applied(mut role: Role) -> Role {
    if role.key.scope != Scope::Cluster {
        return role;
    }
    for known in API_SERVER.roles.get(&role.key).into_iter().flatten() {
        for (key, value) in &known.labels {
            role.labels.entry(key.clone()).or_insert_with(|| value.clone());
        }
        role.aggregation = role.aggregation.or_else(|| known.aggregation.clone());
    }
    role
}

#[cfg(test)]
mod tests;
