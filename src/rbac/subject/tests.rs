use super::Subject;
use crate::rbac::Scope;

/// kubernetes/kubernetes, pkg/registry/rbac/validation/rule_test.go `TestAppliesTo` and rule.go `appliesToUser`.
#[test]
fn subjects_are_read_as_the_api_server_does() {
    let (cluster, team) = (Scope::Cluster, Scope::of(Some("team")));
    for (kind, namespace, name, scope, expected) in [
        ("User", None, "foobar", &cluster, Some(Subject::User("foobar".to_owned()))),
        ("User", Some("x"), "*", &team, Some(Subject::User("*".to_owned()))),
        ("Group", Some("x"), "devs", &team, Some(Subject::group("devs"))),
        ("ServiceAccount", Some("kube-system"), "default", &team, Some(Subject::account("kube-system", "default"))),
        ("ServiceAccount", None, "default", &team, Some(Subject::account("team", "default"))),
        ("ServiceAccount", Some(""), "default", &team, Some(Subject::account("team", "default"))),
        ("ServiceAccount", None, "default", &cluster, None),
        ("ServiceAccount", Some(""), "default", &cluster, None),
        ("serviceaccount", Some("x"), "y", &team, None),
        ("Robot", None, "x", &team, None),
    ] {
        assert_eq!(Subject::written(kind, namespace, name, scope), expected, "{kind} {namespace:?} {name}");
    }
}

/// apiserver, pkg/authentication/serviceaccount/util.go `SplitUsername`.
#[test]
fn the_user_of_a_service_account_is_the_service_account() {
    assert_eq!(Subject::user("system:serviceaccount:ns:x"), Subject::account("ns", "x"));
    for other in [
        "system:serviceaccount:ns",
        "system:serviceaccount::x",
        "system:serviceaccount:ns:",
        "system:serviceaccount:a:b:c",
    ] {
        assert_eq!(Subject::user(other), Subject::User(other.to_owned()));
    }
    assert_eq!(Subject::User("system:serviceaccount:ns:x".to_owned()).canonical(), Subject::account("ns", "x"));
}

#[test]
fn everybody_is_in_the_groups_of_the_api_server() {
    let groups = |subject: Subject| subject.groups().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    for (subject, expected) in [
        (
            Subject::account("ns", "x"),
            "Group system:serviceaccounts:ns, Group system:serviceaccounts, Group system:authenticated",
        ),
        (Subject::user("eve"), "Group system:authenticated"),
        (Subject::user("system:anonymous"), "Group system:unauthenticated"),
        (Subject::group("devs"), "Group system:authenticated"),
        (Subject::group("system:serviceaccounts:ns"), "Group system:serviceaccounts, Group system:authenticated"),
        (Subject::group("system:serviceaccounts"), "Group system:authenticated"),
        (Subject::group("system:authenticated"), ""),
        (Subject::group("system:unauthenticated"), ""),
    ] {
        assert_eq!(groups(subject.clone()), expected, "{subject}");
    }
    assert_eq!(Subject::account("ns", "x").to_string(), "ServiceAccount ns/x");
}
