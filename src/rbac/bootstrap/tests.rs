use std::collections::BTreeSet;

use super::super::tests::{key, known_names, rule};
use super::flux::earlier;
use super::{api_server, flux, is_bootstrap, is_bootstrap_binding};
use crate::rbac::{Binding, Key, Known, Object, Role, Scope, State, Subject, World};

fn known(name: &str) -> Role {
    let of = |object| match object {
        Object::Role(role) if role.key == key(name) => Some(role),
        _ => None,
    };
    api_server().chain(flux()).find_map(of).expect("a known role")
}

fn known_binding(name: &str) -> Binding {
    let of = |object| match object {
        Object::Binding(binding) if binding.key == key(name) => Some(binding),
        _ => None,
    };
    api_server().chain(flux()).find_map(of).expect("a known binding")
}

#[test]
fn every_object_is_there_once_and_leads_somewhere() {
    let roles = |of: Vec<Object>| of.into_iter().filter(|object| matches!(object, Object::Role(_))).count();
    assert_eq!(roles(api_server().collect()), 31 + 38 + 7, "cluster, controller and namespace roles");
    let world = World::new(Known::ApiServerAndFlux, []);
    for object in api_server().chain(flux()) {
        match object {
            Object::Binding(binding) => {
                assert_eq!(world.parts(&binding.role).state, State::Whole, "{:?}", binding.key);
                assert_eq!(world.bindings(&binding.key).len(), 1, "{:?}", binding.key);
            }
            Object::Role(role) => assert_eq!(world.roles(&role.key).len(), 1, "{:?}", role.key),
        }
    }
    assert!(known_names().contains(&Key::namespaced("kube-public", "system:controller:bootstrap-signer")));
}

#[test]
fn every_rule_is_whole() {
    for role in api_server().chain(flux()) {
        let Object::Role(role) = role else { continue };
        let rules = role.rules.len();
        assert!(rules > 0 || role.aggregation.is_some(), "{:?}", role.key);
        for rule in &role.rules {
            let resources = !rule.api_groups.is_empty() && !rule.resources.is_empty();
            assert!(!rule.verbs.is_empty() && resources == rule.non_resource_urls.is_empty(), "{rule:?}");
            let words = rule.verbs.iter().chain(&rule.resources).chain(&rule.api_groups);
            assert!(
                words.clone().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || "*/-.08".contains(c))),
                "{rule:?}"
            );
            assert_eq!(rule.sorted().resources.len(), rule.resources.len(), "{rule:?}");
        }
        let distinct: BTreeSet<_> = role.rules.iter().collect();
        assert_eq!(distinct.len(), rules, "{:?}", role.key);
    }
}

/// Values read in the source: what the defaults end up with.
#[test]
fn the_roles_for_people_are_put_together() {
    let world = World::new(Known::ApiServerAndFlux, []);
    let parts = |name: &str| world.parts(&key(name)).roles.iter().map(|it| it.key.name.clone()).collect::<Vec<_>>();
    assert_eq!(parts("view"), ["flux-view-flux-system", "system:aggregate-to-view"]);
    let edit =
        ["flux-edit-flux-system", "flux-view-flux-system", "system:aggregate-to-edit", "system:aggregate-to-view"];
    assert_eq!(parts("edit"), edit);
    assert_eq!(parts("admin").len(), 5);
    assert_eq!(known("cluster-admin").rules[0], rule("*|*|*"));
    assert!(known("system:aggregate-to-edit").rules.contains(&rule("impersonate|core|serviceaccounts")));
    assert_eq!(known_binding("system:node").subjects, Vec::<Subject>::new());
    let dns = known_binding("system:controller:ttl-controller");
    assert_eq!(dns.subjects, [Subject::account("kube-system", "ttl-controller")]);
}

#[test]
fn a_role_is_known_by_its_content_and_not_by_its_name() {
    let view = known("system:aggregate-to-view");
    assert!(is_bootstrap(&view));
    let mut turned = view.clone();
    turned.rules.reverse();
    turned.rules[0].verbs.reverse();
    turned.labels.insert("app.kubernetes.io/part-of".to_owned(), "flux".to_owned());
    assert!(is_bootstrap(&turned), "order and the installer's labels do not count");

    let mut more = view.clone();
    more.rules.push(rule("get|core|secrets"));
    let mut less = view.clone();
    less.rules.pop();
    let mut label = view.clone();
    label.labels.insert("rbac.authorization.k8s.io/aggregate-to-edit".to_owned(), "true".to_owned());
    let mut unlabelled = view.clone();
    unlabelled.labels.clear();
    let named = Role { key: key("system:mine"), ..view.clone() };
    let namespaced = Role { key: key("kube-system/system:aggregate-to-view"), ..view.clone() };
    let taking = Role { aggregation: known("view").aggregation, ..view };
    for other in [more, less, label, unlabelled, named, namespaced, taking] {
        assert!(!is_bootstrap(&other), "{other:?}");
    }
}

#[test]
fn a_binding_is_known_by_its_content() {
    let admin = known_binding("cluster-admin");
    assert!(is_bootstrap_binding(&admin));
    let with = |subject: Subject| Binding { subjects: vec![admin.subjects[0].clone(), subject], ..admin.clone() };
    assert!(!is_bootstrap_binding(&with(Subject::user("eve"))));
    assert!(is_bootstrap_binding(&with(admin.subjects[0].clone())), "twice the same is the same");
    assert!(!is_bootstrap_binding(&Binding { key: key("system:mine"), ..admin.clone() }));
    assert!(!is_bootstrap_binding(&Binding { role: key("view"), ..admin }));
    assert!(is_bootstrap_binding(&known_binding("crd-controller-flux-system")));
    assert_eq!(known_binding("cluster-reconciler-flux-system").key.scope, Scope::Cluster);
}

/// What `flux install` of each release since v2.0.0 writes is recognised, and nothing between two of them.
#[test]
fn earlier_releases_of_flux_are_recognised() {
    let rules = |role: &Role| role.rules.len();
    let mut controllers = vec![known("crd-controller-flux-system")];
    let mut people = Vec::new();
    for object in earlier() {
        match object {
            Object::Role(role) if role.key == key("crd-controller-flux-system") => controllers.push(role),
            Object::Role(role) => people.push(role),
            Object::Binding(binding) => {
                assert!(is_bootstrap_binding(&binding));
                assert_eq!(binding.subjects.len() + 1, known_binding("crd-controller-flux-system").subjects.len());
            }
        }
    }
    assert_eq!(controllers.iter().map(rules).collect::<Vec<_>>(), [13, 10, 11, 12]);
    assert!(controllers.iter().chain(&people).all(is_bootstrap));
    for role in &people {
        assert!(!role.rules[0].api_groups.contains(&"source.extensions.fluxcd.io".to_owned()), "{:?}", role.key);
    }
    for mut role in controllers {
        role.rules.remove(4);
        assert!(!is_bootstrap(&role), "no release had these");
    }
}
