use proptest::prelude::*;

use super::super::tests::{
    SUBJECTS, any_objects, any_rule, binding, key, labelled, role, scopes, subject, taking, urls, world,
};
use super::{What, effective};
use crate::rbac::{Binding, Known, Object, Origin, Request, Role, Scope, Subject, World};

/// Each grant as `binding subject > role#index verbs`.
fn told(world: &World, who: &str, namespace: Option<&str>) -> Vec<String> {
    let text = |grant: &super::Grant<'_>| {
        let what = match grant.what {
            What::Rule { rule, role, index } => format!("{}#{index} {}", role.key.name, rule.verbs.join(" ")),
            What::MissingRole => "missing".to_owned(),
            What::TooLarge => "too large".to_owned(),
        };
        format!("{} {} > {what}", grant.binding.key.name, grant.through)
    };
    effective(world, &subject(who), &Scope::of(namespace)).iter().map(text).collect()
}

/// kubernetes/kubernetes, pkg/registry/rbac/validation/rule_test.go `TestDefaultRuleResolver`.
#[test]
fn rules_come_from_the_cluster_and_the_namespace() {
    let world = world(
        vec![
            role("namespace1/readthings", &["GET WATCH|v1|pods", "GET WATCH|v1|services"]),
            role("cluster-admin", &["*|*|*"]),
            role("write-nodes", &["PUT CREATE UPDATE|v1|nodes"]),
        ],
        vec![
            binding("namespace1/rb", "Role readthings", "u:foobar g:group1"),
            binding("crb", "cluster-admin", "u:admin g:admin"),
        ],
    );
    let read = ["rb User foobar > readthings#0 GET WATCH", "rb User foobar > readthings#1 GET WATCH"];
    assert_eq!(told(&world, "u:foobar", Some("namespace1")), read);
    assert_eq!(told(&world, "u:foobar", Some("namespace2")), Vec::<String>::new());
    assert_eq!(told(&world, "u:foobar", None), Vec::<String>::new());
    for namespace in [None, Some("namespace1")] {
        assert_eq!(told(&world, "g:admin", namespace), ["crb Group admin > cluster-admin#0 *"]);
    }
}

/// kubernetes/kubernetes, plugin/pkg/auth/authorizer/rbac/rbac_test.go `TestAuthorizer`.
#[test]
fn a_role_binding_holds_in_its_namespace_only() {
    let everything = Role { rules: vec![urls("*|*"), super::super::tests::rule("*|*|*")], ..role("admin", &[]) };
    let world = world(vec![everything], vec![binding("ns1/b", "admin", "u:admin")]);
    let allowed = |scope: Option<&str>, request: Request<'_>| {
        effective(&world, &Subject::user("admin"), &Scope::of(scope)).iter().any(|grant| grant.allows(&request))
    };
    let pods = Request::resource("get", "", "pods");
    assert!(allowed(Some("ns1"), pods) && !allowed(Some("ns2"), pods) && !allowed(None, pods));
    // Paths are in no namespace: RoleBindings are not asked for them.
    assert!(!allowed(Some("ns1"), Request::url("get", "/metrics")));
}

#[test]
fn a_service_account_has_what_its_user_and_its_groups_have() {
    let world = world(
        vec![role("a", &["get|core|pods"])],
        vec![
            binding("b1", "a", "u:system:serviceaccount:ns:x"),
            binding("b2", "a", "g:system:serviceaccounts:ns"),
            binding("b3", "a", "g:system:serviceaccounts"),
            binding("b4", "a", "g:system:authenticated"),
            binding("b5", "a", "g:system:serviceaccounts:other g:system:unauthenticated other/x ns/y"),
            binding("ns/b6", "a", "ns/x"),
        ],
    );
    let bindings = |who: &str, namespace| -> Vec<_> {
        told(&world, who, namespace).iter().map(|text| text.split(' ').next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(bindings("ns/x", Some("ns")), ["b1", "b6", "b2", "b3", "b4"]);
    assert_eq!(bindings("u:system:serviceaccount:ns:x", None), ["b1", "b2", "b3", "b4"]);
    assert_eq!(bindings("u:eve", None), ["b4"]);
    assert_eq!(bindings("u:system:anonymous", None), ["b5"]);
    let written = Subject::User("system:serviceaccount:ns:x".to_owned());
    assert_eq!(effective(&world, &written, &Scope::Cluster).len(), 4, "however it is written");
}

#[test]
fn a_missing_role_is_told() {
    let world = world(vec![role("x", &[])], vec![binding("ns/b", "Role x", "u:eve"), binding("c", "gone", "u:eve")]);
    assert_eq!(told(&world, "u:eve", Some("ns")), ["c User eve > missing", "b User eve > missing"]);
}

#[test]
fn the_way_leads_to_the_role_in_which_a_rule_is_written() {
    let world = World::new(
        Known::ApiServer,
        [
            Object::Role(labelled(
                "rbac.authorization.k8s.io/aggregate-to-view=true",
                role("mine", &["get|x|y", "*|*|secrets"]),
            )),
            Object::Binding(binding("ns/b", "view", "u:eve")),
        ],
    );
    let grants = effective(&world, &Subject::user("eve"), &Scope::of(Some("ns")));
    let secrets = Request::resource("delete", "", "secrets");
    let grant = grants.iter().find(|grant| grant.allows(&secrets)).expect("a right through aggregation");
    assert!(grant.is_aggregated());
    assert_eq!((&grant.binding.key, &grant.binding.role), (&key("ns/b"), &key("view")));
    let What::Rule { role, index, .. } = grant.what else { panic!("a rule") };
    assert_eq!((&role.key, index, role.origin), (&key("mine"), 1, Origin::Tree(0)));
}

#[test]
fn what_is_too_large_is_told() {
    let role = |n: u32| labelled("a=b", taking(&[""], role(&format!("r{n}"), &["get|a|b"])));
    let world = world((0..1_600).map(role).collect(), vec![binding("b", "r1599", "u:eve")]);
    assert_eq!(told(&world, "u:eve", None)[0], "b User eve > too large");
}

#[test]
fn ways_to_one_role_end() {
    let bindings = (0..50).map(|n| binding(&format!("b{n:02}"), if n < 30 { "a" } else { "b" }, "u:eve")).collect();
    let world = world(vec![role("a", &["get|core|pods"]), role("b", &["list|core|pods"])], bindings);
    let told = told(&world, "u:eve", None);
    assert_eq!(
        (told.len(), told[7].as_str(), told[8].as_str()),
        (16, "b07 User eve > a#0 get", "b30 User eve > b#0 list")
    );
}

#[test]
fn bindings_name_everybody_once() {
    let many = Binding { subjects: vec![subject("u:eve"); 3], ..binding("b", "a", "") };
    let world = world(vec![role("a", &["get|core|pods"])], vec![many]);
    assert_eq!(told(&world, "u:eve", None).len(), 1);
}

proptest! {
    /// The API server's own walk over all bindings, for every subject and scope.
    #[test]
    fn grants_are_those_of_a_walk_over_all_bindings(objects in any_objects(14), verb in proptest::sample::select(vec!["get", "list"])) {
        let world = World::new(Known::Nothing, objects.clone());
        for who in SUBJECTS.iter().map(|text| subject(text)) {
            for scope in scopes() {
                let names: Vec<Subject> = std::iter::once(who.clone()).chain(who.groups()).collect();
                let request = Request::resource(verb, "apps", "pods/log");
                let by_hand = objects.iter().any(|object| match object {
                    Object::Binding(binding) => {
                        let holds = binding.key.scope == Scope::Cluster || binding.key.scope == scope;
                        let is_for = binding.subjects.iter().any(|subject| names.contains(subject));
                        let parts = world.parts(&binding.role);
                        let mut rules = parts.roles.iter().flat_map(|role| &role.rules);
                        holds && is_for && rules.any(|rule| rule.allows(&request))
                    }
                    Object::Role(_) => false,
                });
                let found = effective(&world, &who, &scope).iter().any(|grant| grant.allows(&request));
                prop_assert_eq!(found, by_hand, "{} {:?}", who, scope);
            }
        }
    }

    #[test]
    fn another_rule_takes_no_right_away(objects in any_objects(12), rule in any_rule(), at in any::<proptest::sample::Index>()) {
        let mut more = objects.clone();
        let roles: Vec<_> = (0..more.len()).filter(|at| matches!(more[*at], Object::Role(_))).collect();
        if !roles.is_empty() && let Object::Role(role) = &mut more[*at.get(&roles)] {
            role.rules.push(rule);
        }
        let (before, after) = (World::new(Known::Nothing, objects), World::new(Known::Nothing, more));
        for who in SUBJECTS.iter().map(|text| subject(text)) {
            for scope in scopes() {
                let had: Vec<_> = effective(&before, &who, &scope).iter().filter_map(super::Grant::rule).cloned().collect();
                let has: Vec<_> = effective(&after, &who, &scope).iter().filter_map(super::Grant::rule).cloned().collect();
                prop_assert!(crate::rbac::covers(&has, &had).is_empty());
            }
        }
    }
}
