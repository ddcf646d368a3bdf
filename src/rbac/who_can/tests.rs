use proptest::prelude::*;

use super::super::tests::{SUBJECTS, any_objects, binding, role, subject, urls, world};
use super::who_can;
use crate::rbac::{Known, Request, Role, Scope, World, effective};

fn told(world: &World, request: Request<'_>, namespace: Option<&str>) -> Vec<String> {
    let found = who_can(world, &request, namespace);
    let holders = found.holders.iter().map(|grant| format!("{} {}", grant.binding.key.name, grant.through));
    holders.chain(found.unknown.iter().map(|binding| format!("{}?", binding.key.name))).collect()
}

#[test]
fn everybody_with_the_right_is_named_with_the_binding() {
    let world = world(
        vec![role("all", &["*|*|*"]), role("ns/some", &["list|apps|x", "get|core|secrets|mine"])],
        vec![
            binding("admins", "all", "g:admins u:root"),
            binding("ns/b", "Role some", "ns/x"),
            binding("ns/c", "Role gone", "ns/y"),
            binding("other/d", "all", "u:eve"),
        ],
    );
    let get = Request::resource("get", "", "secrets");
    assert_eq!(
        told(&world, get.named("mine"), Some("ns")),
        ["admins User root", "admins Group admins", "b ServiceAccount ns/x", "c?"]
    );
    assert_eq!(told(&world, get, Some("ns")), ["admins User root", "admins Group admins", "c?"]);
    assert_eq!(told(&world, get, None), ["admins User root", "admins Group admins"]);
    let found = who_can(&world, &get.named("mine"), Some("ns"));
    let super::What::Rule { index, role, .. } = found.holders[2].what else { panic!("a rule") };
    assert_eq!((role.key.name.as_str(), index), ("some", 1));
}

#[test]
fn paths_are_given_in_the_whole_cluster_only() {
    let metrics = Role { rules: vec![urls("get|/metrics")], ..role("metrics", &[]) };
    let world = world(vec![metrics], vec![binding("c", "metrics", "u:a"), binding("ns/r", "metrics", "u:b")]);
    assert_eq!(told(&world, Request::url("get", "/metrics"), Some("ns")), ["c User a"]);
}

#[test]
fn what_every_cluster_has_is_asked_as_well() {
    let world = World::new(Known::ApiServerAndFlux, []);
    let found = told(&world, Request::resource("delete", "", "namespaces"), None);
    for expected in [
        "cluster-admin Group system:masters",
        "cluster-reconciler-flux-system ServiceAccount flux-system/kustomize-controller",
        "system:controller:namespace-controller ServiceAccount kube-system/namespace-controller",
    ] {
        assert!(found.iter().any(|line| line == expected), "{expected}: {found:?}");
    }
    assert_eq!(
        told(&world, Request::url("get", "/version"), None),
        [
            "cluster-admin Group system:masters",
            "cluster-reconciler-flux-system ServiceAccount flux-system/helm-controller",
            "cluster-reconciler-flux-system ServiceAccount flux-system/kustomize-controller",
            "system:discovery Group system:authenticated",
            "system:public-info-viewer Group system:authenticated",
            "system:public-info-viewer Group system:unauthenticated",
        ]
    );
}

proptest! {
    #[test]
    fn it_agrees_with_what_each_has(
        objects in any_objects(14),
        resource in proptest::sample::select(vec!["pods", "pods/log"]),
        name in proptest::sample::select(vec!["", "a"]),
        url in any::<bool>(),
        namespace in proptest::sample::select(vec![None, Some("ns1"), Some("ns2")]),
    ) {
        let world = World::new(Known::Nothing, objects);
        let request = if url { Request::url("get", "/a/b") } else { Request::resource("get", "", resource).named(name) };
        let found = who_can(&world, &request, namespace);
        for who in SUBJECTS.iter().map(|text| subject(text)) {
            let groups = who.groups();
            let listed = found.holders.iter().any(|grant| *grant.through == who || groups.contains(grant.through));
            let grants = effective(&world, &who, &Scope::of(namespace));
            prop_assert_eq!(listed, grants.iter().any(|grant| grant.allows(&request)), "{}", who);
            let unknown = found.unknown.iter().any(|binding| binding.subjects.contains(&who));
            prop_assert!(!unknown || grants.iter().any(|grant| grant.rule().is_none()), "{}", who);
        }
    }
}
