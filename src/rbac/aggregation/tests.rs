use super::super::tests::{key, labelled, role, taking, world};
use crate::rbac::{Operator, Requirement, Role, Selector, State, World};

/// What a role ends up with: the role in which a rule is written, and its verbs.
fn rules(world: &World, name: &str) -> String {
    let parts = world.parts(&key(name));
    assert_eq!(parts.state, State::Whole, "{name}");
    let of = |role: &&Role| {
        let verbs: Vec<_> = role.rules.iter().map(|rule| rule.verbs.join(" ")).collect();
        format!("{}: {}", role.key.name, verbs.join(", "))
    };
    parts.roles.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn hammer(label: &str) -> Role {
    labelled(label, role("hammer", &["hammer|a|nails", "hammer|a|wedges"]))
}

fn chisel(label: &str) -> Role {
    labelled(label, role("chisel", &["chisel|a|mortises"]))
}

fn saw(label: &str) -> Role {
    labelled(label, role("saw", &["saw|a|boards"]))
}

fn combined(selectors: &[&str]) -> Role {
    taking(selectors, role("combined", &["drill|a|holes"]))
}

/// kubernetes/kubernetes, pkg/controller/clusterroleaggregation/clusterroleaggregation_controller_test.go
/// `TestSyncClusterRole`, by the names of its cases; "rules removed twice" are told with each role they are written in.
#[test]
fn roles_are_put_together_as_the_controller_does() {
    let (no, bar) = ("foo=not-bar", "foo=bar");
    for (case, roles, selectors, expected) in [
        ("remove dead rules", vec![hammer(bar)], vec![bar], "hammer: hammer, hammer"),
        ("strip rules", vec![hammer(no)], vec![bar], ""),
        (
            "select properly and put in order",
            vec![hammer(bar), chisel(bar), saw(no)],
            vec![bar],
            "chisel: chisel; hammer: hammer, hammer",
        ),
        (
            "select properly with multiple selectors",
            vec![hammer(bar), chisel(bar), saw(no)],
            vec![bar, no],
            "chisel: chisel; hammer: hammer, hammer; saw: saw",
        ),
        ("(ours) no selector", vec![hammer(bar)], vec![], ""),
        (
            "(ours) a selector that asks nothing",
            vec![hammer(""), saw(no)],
            vec![""],
            "hammer: hammer, hammer; saw: saw",
        ),
        ("(ours) a Role is never taken", vec![Role { key: key("ns/hammer"), ..hammer(bar) }], vec![bar], ""),
    ] {
        let roles = roles.into_iter().chain([labelled("foo=bar", combined(&selectors))]).map(|role| {
            match role.key.name.as_str() {
                "combined" => combined(&selectors),
                _ => role,
            }
        });
        assert_eq!(rules(&world(roles.collect(), Vec::new()), "combined"), expected, "{case}");
    }
}

#[test]
fn expressions_are_followed() {
    let requirement = |operator, values: &[&str]| Requirement {
        key: "foo".to_owned(),
        operator,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    for (operator, values, expected) in [
        (Operator::In, vec!["bar", "baz"], "chisel: chisel; hammer: hammer, hammer"),
        (Operator::NotIn, vec!["bar"], "chisel: chisel; saw: saw"),
        (Operator::Exists, vec![], "chisel: chisel; hammer: hammer, hammer"),
        (Operator::DoesNotExist, vec![], "saw: saw"),
    ] {
        let selector = Selector { expressions: vec![requirement(operator, &values)], ..Selector::default() };
        let combined = Role { aggregation: Some(vec![selector]), ..combined(&[]) };
        let world = world(vec![hammer("foo=bar"), chisel("foo=baz"), saw("x=y"), combined], Vec::new());
        assert_eq!(rules(&world, "combined"), expected, "{operator:?}");
    }
}

/// The defaults work so: view goes into edit, and edit into admin.
#[test]
fn what_is_taken_may_take_itself() {
    let into = |label: &str, name: &str, from: &str| labelled(label, taking(&[from], role(name, &[])));
    let world = world(
        vec![saw("to=view"), into("to=edit", "view", "to=view"), chisel("to=edit"), into("", "edit", "to=edit")],
        Vec::new(),
    );
    assert_eq!(rules(&world, "view"), "saw: saw");
    assert_eq!(rules(&world, "edit"), "chisel: chisel; saw: saw");
    assert_eq!(world.aggregated_into(&key("saw")).collect::<Vec<_>>(), ["edit", "view"]);
}

/// A role that selects itself gets nothing of itself; roles that select each other may hand on what they held before.
#[test]
fn circles_end() {
    let alone = labelled("to=x", taking(&["to=x"], role("alone", &["drill|a|holes"])));
    assert_eq!(rules(&world(vec![alone, saw("to=x")], Vec::new()), "alone"), "saw: saw");

    let one = labelled("to=y", taking(&["to=x"], role("one", &["drill|a|holes"])));
    let two = labelled("to=x", taking(&["to=y"], role("two", &["glue|a|parts"])));
    let outside = taking(&["to=x"], role("three", &["paint|a|walls"]));
    let world = world(vec![one, two, outside, saw("to=x")], Vec::new());
    assert_eq!(rules(&world, "one"), "one: drill; saw: saw; two: glue");
    assert_eq!(rules(&world, "two"), "one: drill; saw: saw; two: glue");
    assert_eq!(rules(&world, "three"), "one: drill; saw: saw; two: glue", "its own rules are lost");
}

/// The controller leaves a role alone whose selectors it cannot read; the API server does not take one.
#[test]
fn rules_stay_beside_a_selector_that_nobody_can_read() {
    let requirement = Requirement { key: "a".to_owned(), operator: Operator::Unknown, values: [].into() };
    let broken = Selector { expressions: vec![requirement], ..Selector::default() };
    let role = Role { aggregation: Some(vec![broken]), ..combined(&[]) };
    assert_eq!(rules(&world(vec![role, saw("")], Vec::new()), "combined"), "combined: drill");
}

#[test]
fn thousands_that_take_each_other_end_and_say_so() {
    let role = |n: u32| labelled("a=b", taking(&["", "a=b"], role(&format!("r{n}"), &["get|a|b"])));
    let world = world((0..1_600).map(role).collect(), Vec::new());
    assert_eq!(world.parts(&key("r1599")).state, State::TooLarge);
}
