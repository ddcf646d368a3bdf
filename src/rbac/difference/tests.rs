use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::tests::{
    SUBJECTS, any_objects, binding, key, labelled, objects, role, scopes, subject, taking, urls, world,
};
use super::{Difference, Moved, Movement, difference};
use crate::rbac::{Binding, Grant, Known, Object, ObjectId, On, Origin, PolicyRule, Role, World, covers, effective};

fn text(movement: &Movement<'_>) -> String {
    let what = match &movement.what {
        Moved::Right(right) => match &right.on {
            On::Resources { groups, resources, names } => {
                format!("{} {}|{}|{}", right.verbs.join(" "), groups.join(" "), resources.join(" "), names.join(" "))
            }
            On::Urls(urls) => format!("{} {}", right.verbs.join(" "), urls.join(" ")),
        },
        Moved::MissingRole(role) => format!("? {}", role.name),
        Moved::TooLarge(role) => format!("?? {}", role.name),
    };
    let ways: Vec<_> = movement.ways.iter().map(|way| way.binding.key.name.as_str()).collect();
    format!("{what} by {}", ways.join(" "))
}

fn told(difference: &Difference<'_>) -> Vec<String> {
    let mut told = Vec::new();
    for change in &difference.changes {
        let place = change.scope.namespace().map_or_else(String::new, |namespace| format!(" in {namespace}"));
        told.extend(change.gained.iter().map(|it| format!("{}{place} + {}", change.subject, text(it))));
        told.extend(change.lost.iter().map(|it| format!("{}{place} - {}", change.subject, text(it))));
    }
    told
}

/// The difference of a change of some objects, which has to be the same between two new worlds, and the other way round.
fn changes(before: (Vec<Role>, Vec<Binding>), removed: &[&str], after: (Vec<Role>, Vec<Binding>)) -> Vec<String> {
    let before = objects(before.0, before.1);
    let is_removed = |object: &Object| match object {
        Object::Role(role) => removed.iter().any(|name| *name == format!("role {}", role.key.name)),
        Object::Binding(binding) => removed.iter().any(|name| *name == format!("binding {}", binding.key.name)),
    };
    let ids: Vec<ObjectId> = before.iter().filter(|object| is_removed(object)).map(Object::id).collect();
    assert_eq!(ids.len(), removed.len());
    let added = objects(after.0, after.1);
    let was = World::new(Known::Nothing, before.clone());
    let is = was.changed(&ids, added.clone());
    let told_change = told(&difference(&was, &is));

    let rest = before.into_iter().filter(|object| !ids.contains(&object.id())).chain(added);
    let new = World::new(Known::Nothing, rest);
    assert_eq!(told(&difference(&was, &new)), told_change);
    let turned = |line: &String| {
        if line.contains(" + ") { line.replacen(" + ", " - ", 1) } else { line.replacen(" - ", " + ", 1) }
    };
    let mut back: Vec<_> = told(&difference(&is, &was)).iter().map(turned).collect();
    let mut expected = told_change.clone();
    back.sort();
    expected.sort();
    assert_eq!(back, expected);
    told_change
}

fn reader() -> (Vec<Role>, Vec<Binding>) {
    (vec![role("ns/read", &["get list|core|pods services"])], vec![binding("ns/b", "Role read", "ns/x g:devs")])
}

#[test]
fn another_name_or_another_order_changes_nothing() {
    for (removed, after) in [
        (vec!["binding b"], (vec![], vec![binding("ns/c", "Role read", "g:devs ns/x")])),
        (vec!["role read"], (vec![role("ns/read", &["list get|core|services", "get list get|core|pods"])], vec![])),
        (
            vec!["role read", "binding b"],
            (
                vec![role("ns/one", &["get|core|pods services"]), role("ns/two", &["list|core|pods services"])],
                vec![
                    binding("ns/1", "Role one", "ns/x g:devs"),
                    binding("ns/2", "Role two", "g:devs u:system:serviceaccount:ns:x"),
                ],
            ),
        ),
        (vec!["role read"], (vec![Role { origin: Origin::Tree(7), ..reader().0[0].clone() }], vec![])),
    ] {
        assert_eq!(changes(reader(), &removed, after), Vec::<String>::new(), "{removed:?}");
    }
}

#[test]
fn only_what_is_new_is_gained() {
    let more = role("ns/read", &["get list watch|core|pods services", "get|core|secrets"]);
    assert_eq!(
        changes(reader(), &["role read"], (vec![more], vec![])),
        [
            "Group devs in ns + get |secrets| by b",
            "Group devs in ns + watch |pods services| by b",
            "ServiceAccount ns/x in ns + get |secrets| by b",
            "ServiceAccount ns/x in ns + watch |pods services| by b",
        ]
    );
    let fewer = role("ns/read", &["get|core|pods"]);
    assert_eq!(
        changes(reader(), &["role read"], (vec![fewer], vec![]))[..2],
        ["Group devs in ns - get list |services| by b", "Group devs in ns - list |pods| by b"]
    );
}

#[test]
fn what_a_group_or_the_cluster_gave_before_is_not_gained() {
    let (mut roles, mut bindings) = reader();
    roles.push(role("pods", &["get list|core|*"]));
    bindings.push(binding("all", "pods", "g:system:serviceaccounts:ns"));
    let direct = binding("ns/direct", "pods", "ns/x ns/y other/z");
    assert_eq!(
        changes((roles, bindings), &[], (vec![], vec![direct])),
        ["ServiceAccount other/z in ns + get list |*| by direct"]
    );
}

#[test]
fn a_wider_scope_is_a_gain() {
    let roles = vec![role("read", &["get|core|pods"])];
    let before = (roles, vec![binding("ns/b", "read", "u:eve")]);
    assert_eq!(
        changes(before, &["binding b"], (vec![], vec![binding("c", "read", "u:eve")])),
        ["User eve + get |pods| by c"],
        "and nothing is lost in the namespace"
    );
}

#[test]
fn every_way_is_told_but_not_without_end() {
    let roles = vec![role("read", &["get|core|pods"])];
    let two = vec![binding("c", "read", "u:eve"), binding("d", "read", "u:eve")];
    assert_eq!(changes((roles.clone(), vec![]), &[], (vec![], two)), ["User eve + get |pods| by c d"]);
    let many = (0..50).map(|n| binding(&format!("b{n}"), "read", "u:eve")).collect();
    let (before, after) = (world(roles.clone(), vec![]), world(roles, many));
    assert_eq!(difference(&before, &after).changes[0].gained[0].ways.len(), 8);
}

#[test]
fn paths_count_in_the_whole_cluster_only() {
    let metrics = Role { rules: vec![urls("get|/metrics")], ..role("metrics", &[]) };
    let after = (vec![metrics], vec![binding("c", "metrics", "u:a"), binding("ns/r", "metrics", "u:b")]);
    assert_eq!(changes((vec![], vec![]), &[], after), ["User a + get /metrics by c"]);
}

#[test]
fn a_label_hands_rights_to_everybody_who_holds_the_role() {
    let all = taking(&["to=all"], role("all", &[]));
    let deep = labelled("to=all", taking(&["to=deep"], role("deep", &[])));
    let before = (vec![all, deep, role("mine", &["*|*|secrets"])], vec![binding("ns/b", "all", "u:eve")]);
    let labelled_role = labelled("to=deep", role("mine", &["*|*|secrets"]));
    assert_eq!(changes(before, &["role mine"], (vec![labelled_role], vec![])), ["User eve in ns + * *|secrets| by b"]);
}

#[test]
fn a_rule_in_a_role_that_others_take_is_gained_through_them() {
    let mine = |rules: &[&str]| labelled("to=all", role("mine", rules));
    let before = vec![taking(&["to=all"], role("all", &[])), mine(&["get|core|pods"])];
    let bindings = vec![binding("ns/b", "all", "u:eve")];
    assert_eq!(
        changes((before, bindings), &["role mine"], (vec![mine(&["get|core|pods", "get|core|secrets"])], vec![])),
        ["User eve in ns + get |secrets| by b"]
    );
}

#[test]
fn a_role_that_does_not_exist_is_told_when_it_is_bound_and_when_it_comes() {
    let bound = vec![binding("ns/b", "Role gone", "u:eve")];
    assert_eq!(changes((vec![], vec![]), &[], (vec![], bound.clone())), ["User eve in ns + ? gone by b"]);
    let other = vec![binding("ns/c", "Role gone", "u:eve")];
    let again: Vec<_> = changes((vec![], bound.clone()), &["binding b"], (vec![], other));
    assert_eq!(again, Vec::<String>::new(), "another binding to it is nothing new");
    let made = vec![role("ns/gone", &["get|core|pods"])];
    assert_eq!(
        changes((vec![], bound), &[], (made, vec![])),
        ["User eve in ns + get |pods| by b", "User eve in ns - ? gone by b"]
    );
}

#[test]
fn the_tree_can_take_from_what_every_cluster_has() {
    let before = World::new(Known::ApiServerAndFlux, []);
    let none = Object::Binding(binding("cluster-reconciler-flux-system", "cluster-admin", ""));
    let after = before.changed(&[], [none]);
    let found = difference(&before, &after);
    let subjects: Vec<_> = found.changes.iter().map(|change| change.subject.to_string()).collect();
    assert_eq!(
        subjects,
        ["ServiceAccount flux-system/helm-controller", "ServiceAccount flux-system/kustomize-controller"]
    );
    assert!(found.complete && found.changes.iter().all(|change| change.gained.is_empty()));
}

#[test]
fn what_is_too_large_is_not_told_as_all() {
    let rules: Vec<PolicyRule> = (0..5_000).map(|n| super::super::tests::rule(&format!("get|g{n}|r"))).collect();
    let subjects: Vec<_> = (0..5_000).map(|n| format!("u:{n}")).collect();
    let before = world(vec![role("other", &["list|core|pods"])], vec![binding("a", "other", "g:system:authenticated")]);
    let after = before
        .changed(&[], objects(vec![Role { rules, ..role("r", &[]) }], vec![binding("b", "r", &subjects.join(" "))]));
    let found = difference(&before, &after);
    assert!(!found.complete);
    let told: usize = found.changes.iter().map(|change| change.gained.len()).sum();
    assert!((1..=30_000).contains(&told), "{told}");
}

/// What a subject has in a scope, URLs of RoleBindings left out.
fn rights(world: &World, who: &str, scope: &crate::rbac::Scope) -> Vec<PolicyRule> {
    let rule = |grant: &Grant<'_>| {
        let mut rule = grant.rule()?.clone();
        if grant.binding.key.scope != crate::rbac::Scope::Cluster {
            rule.non_resource_urls.clear();
        }
        Some(rule)
    };
    effective(world, &subject(who), scope).iter().filter_map(rule).collect()
}

proptest! {
    #[test]
    fn nothing_changes_between_a_world_and_itself(objects in any_objects(14)) {
        let world = World::new(Known::ApiServer, objects.clone());
        prop_assert_eq!(told(&difference(&world, &world)), Vec::<String>::new());
        prop_assert_eq!(told(&difference(&world, &World::new(Known::ApiServer, objects))), Vec::<String>::new());
    }

    #[test]
    fn a_change_back_is_the_change_turned_round(first in any_objects(10), second in any_objects(10)) {
        let (before, after) = (World::new(Known::Nothing, first), World::new(Known::Nothing, second));
        let (there, back) = (difference(&before, &after), difference(&after, &before));
        prop_assert_eq!(there.changes.len(), back.changes.len());
        for (one, other) in there.changes.iter().zip(&back.changes) {
            prop_assert_eq!((one.subject, one.scope), (other.subject, other.scope));
            prop_assert_eq!((&one.gained, &one.lost), (&other.lost, &other.gained));
        }
    }

    /// What is told as gained is in the new world and not in the old one; and with it, and what others are told to have
    /// gained of whom the subject is one, the old one covers the new one.
    #[test]
    fn gains_are_new_and_all_that_is_new(
        first in any_objects(10),
        added in any_objects(4),
        remove in proptest::collection::vec(any::<proptest::sample::Index>(), 0..3),
    ) {
        let removed: Vec<_> = remove.iter().filter(|_| !first.is_empty()).map(|index| index.get(&first).id()).collect();
        let before = World::new(Known::Nothing, first);
        let after = before.changed(&removed, added);
        let found = difference(&before, &after);
        prop_assert!(found.complete);
        for text in SUBJECTS {
            let who = subject(text);
            let names: Vec<_> = std::iter::once(who.clone()).chain(who.groups()).collect();
            for scope in scopes() {
                let (had, has) = (rights(&before, text, &scope), rights(&after, text, &scope));
                let mut gained = Vec::new();
                for change in found.changes.iter().filter(|it| names.contains(it.subject)) {
                    let here = *change.scope == scope || *change.scope == crate::rbac::Scope::Cluster;
                    for movement in change.gained.iter().filter(|_| here) {
                        let Moved::Right(right) = &movement.what else { continue };
                        prop_assert!(covers(&has, &[right.rule()]).is_empty(), "{} has {:?}", who, right);
                        if *change.subject == who && *change.scope == scope {
                            let left = covers(&had, &[right.rule()]);
                            prop_assert_eq!(left.rights.len(), 1, "{} had not {:?}", who, right);
                            prop_assert_eq!(&left.rights[0].rule(), &right.rule());
                        }
                        gained.push(right.rule());
                    }
                }
                gained.extend(had);
                prop_assert!(covers(&gained, &has).is_empty(), "{} in {:?}", who, scope);
            }
        }
    }
}

#[test]
fn a_change_names_its_role_and_rule() {
    let (before, after) = (
        world(vec![], vec![]),
        world(vec![role("a", &["get|x|y", "get|core|pods"])], vec![binding("b", "a", "u:eve")]),
    );
    let found = difference(&before, &after);
    let ways: Vec<_> = found.changes[0].gained.iter().map(|it| it.ways[0].what).collect();
    let places: BTreeSet<_> = ways
        .iter()
        .filter_map(|what| match what {
            crate::rbac::What::Rule { role, index, .. } => Some((role.key.clone(), *index)),
            _ => None,
        })
        .collect();
    assert_eq!(places, [(key("a"), 0), (key("a"), 1)].into());
}
