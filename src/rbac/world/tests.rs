use proptest::prelude::*;

use super::super::tests::{
    SUBJECTS, any_objects, binding, key, labelled, objects, role, scopes, subject, taking, world,
};
use super::{Known, State, World};
use crate::rbac::{Object, ObjectId, Origin, Request, Role, Scope, Subject, effective, who_can};

/// Everything that a world says, in words.
pub(in crate::rbac) fn told(world: &World) -> Vec<String> {
    let mut told = Vec::new();
    for subject in SUBJECTS.iter().map(|text| subject(text)) {
        for scope in scopes() {
            let mut grants: Vec<_> = effective(world, &subject, &scope).iter().map(|it| format!("{it:?}")).collect();
            grants.sort();
            told.push(format!("{subject} {scope:?} {grants:?}"));
        }
    }
    for request in [Request::resource("get", "", "pods"), Request::url("get", "/a")] {
        let found = who_can(world, &request, Some("ns1"));
        let mut lines: Vec<_> =
            found.holders.iter().map(|it| format!("{:?} {:?}", it.binding.key, it.through)).collect();
        lines.extend(found.unknown.iter().map(|it| format!("{it:?}")));
        lines.sort();
        told.push(format!("{lines:?}"));
    }
    told.push(format!("{:?}", world.subjects().collect::<Vec<_>>()));
    told
}

#[test]
fn objects_are_found_by_what_names_them() {
    let world = world(
        vec![role("a", &["get|core|pods"]), role("ns1/a", &["get|core|secrets"])],
        vec![binding("p", "a", "u:eve"), binding("ns1/p", "Role a", "u:eve"), binding("q", "Role a", "u:eve")],
    );
    assert_eq!(world.roles(&key("a")).len(), 1);
    assert_eq!(world.roles(&key("ns2/a")), Vec::<&Role>::new());
    let of = |role: &str| world.bindings_of(&key(role)).iter().map(|it| it.key.clone()).collect::<Vec<_>>();
    assert_eq!(of("a"), [key("p")]);
    assert_eq!(of("ns1/a"), [key("ns1/p")]);
    // A ClusterRoleBinding cannot name a Role: nothing is found behind it.
    assert_eq!(world.parts(&world.bindings(&key("q"))[0].role).state, State::Missing);
    let subjects: Vec<_> = world.subjects().map(|(subject, scope)| (subject.to_string(), scope.clone())).collect();
    assert_eq!(subjects, [("User eve".to_owned(), Scope::Cluster), ("User eve".to_owned(), Scope::of(Some("ns1")))]);
}

#[test]
fn the_tree_replaces_what_the_cluster_has() {
    let world = World::new(
        Known::ApiServerAndFlux,
        objects(
            vec![role("cluster-admin", &["get|core|pods"])],
            vec![binding("cluster-reconciler-flux-system", "cluster-admin", "flux-system/mine")],
        ),
    );
    let rules = |name: &str| world.parts(&key(name)).roles.iter().map(|role| role.rules.len()).sum::<usize>();
    assert_eq!(rules("cluster-admin"), 1);
    assert!(rules("view") > 10 && rules("edit") > rules("view") && rules("admin") > rules("edit"));
    let may = |subject: &Subject| {
        effective(&world, subject, &Scope::Cluster).iter().any(|it| it.binding.role.name == "cluster-admin")
    };
    assert!(may(&Subject::account("flux-system", "mine")) && may(&Subject::group("system:masters")));
    assert!(!may(&Subject::account("flux-system", "kustomize-controller")));
    assert_eq!(World::new(Known::Nothing, []).parts(&key("view")).state, State::Missing);
}

/// Server-side apply leaves labels and an aggregation that the tree does not name.
#[test]
fn a_default_role_in_the_tree_keeps_what_the_api_server_has_given_it() {
    let world = World::new(Known::ApiServer, objects(vec![role("view", &["*|*|*"])], Vec::new()));
    let written =
        |name: &str| world.parts(&key(name)).roles.iter().map(|role| role.key.name.clone()).collect::<Vec<_>>();
    assert_eq!(written("view"), ["system:aggregate-to-view"]);
    assert_eq!(written("edit"), ["system:aggregate-to-edit", "system:aggregate-to-view"]);
}

#[test]
fn what_is_taken_away_comes_back_from_below() {
    let tree = World::new(Known::ApiServer, objects(vec![role("system:discovery", &[])], Vec::new()));
    let count = |world: &World| world.parts(&key("system:discovery")).roles[0].rules.len();
    assert_eq!(count(&tree), 0);
    let after = tree.changed(&[ObjectId::Role(key("system:discovery"), Origin::Tree(0))], []);
    assert_eq!((count(&tree), count(&after)), (0, 1));
}

#[test]
fn two_objects_of_one_name_both_count() {
    let twice =
        |origin, verb: &str| Role { origin: Origin::Tree(origin), ..role("a", &[&format!("{verb}|core|pods")]) };
    let world = world(vec![twice(2, "list"), twice(1, "get")], vec![binding("p", "a", "u:eve")]);
    let verbs = |world: &World| -> Vec<_> {
        effective(world, &Subject::user("eve"), &Scope::Cluster)
            .iter()
            .filter_map(|it| Some(it.rule()?.verbs[0].clone()))
            .collect()
    };
    assert_eq!(verbs(&world), ["get", "list"]);
    let after = world.changed(&[ObjectId::Role(key("a"), Origin::Tree(1))], []);
    assert_eq!(verbs(&after), ["list"]);
}

#[test]
fn a_change_reaches_roles_that_take_the_changed_one() {
    let before =
        world(vec![taking(&["a=b"], role("all", &[])), labelled("a=b", role("x", &["get|core|pods"]))], vec![]);
    let after = before.changed(&[], [Object::Role(labelled("a=b", role("y", &["list|core|pods"])))]);
    let parts =
        |world: &World| world.parts(&key("all")).roles.iter().map(|role| role.key.name.clone()).collect::<Vec<_>>();
    assert_eq!((parts(&before), parts(&after)), (vec!["x".to_owned()], vec!["x".to_owned(), "y".to_owned()]));
}

#[test]
fn after_many_changes_a_world_still_says_the_same() {
    let make = |n: u32| Object::Role(Role { origin: Origin::Tree(n), ..role(&format!("r{n}"), &["get|core|pods"]) });
    let mut world = World::new(Known::ApiServer, (0..10).map(make));
    for n in 0..600 {
        world = world.changed(&[make(n).id()], [make(n + 10)]);
    }
    let there: Vec<_> = (0..700).filter(|n| !world.roles(&key(&format!("r{n}"))).is_empty()).collect();
    assert_eq!(there, (600..610).collect::<Vec<_>>());
}

proptest! {
    #[test]
    fn a_changed_world_is_the_same_as_a_new_one(
        first in any_objects(12),
        added in any_objects(4),
        more in any_objects(4),
        remove in proptest::collection::vec(any::<proptest::sample::Index>(), 0..4),
        again in proptest::collection::vec(any::<proptest::sample::Index>(), 0..3),
        known in proptest::sample::select(vec![Known::Nothing, Known::ApiServerAndFlux]),
    ) {
        let mut objects = first.clone();
        let mut world = World::new(known, first);
        for (indexes, new) in [(remove, added), (again, more)] {
            let removed: Vec<_> =
                indexes.iter().filter(|_| !objects.is_empty()).map(|index| index.get(&objects).id()).collect();
            objects.retain(|object| !removed.contains(&object.id()));
            objects.extend(new.clone());
            world = world.changed(&removed, new);
        }
        prop_assert_eq!(told(&world), told(&World::new(known, objects)));
    }
}
