use super::super::tests::{rule, urls};
use super::Request;

/// kubernetes/kubernetes, plugin/pkg/auth/authorizer/rbac/rbac_test.go `TestRuleMatches`: each rule with what it allows
/// of `verb group resource`.
#[test]
fn rules_match_as_the_api_server_says() {
    let table = [
        ("*|group1|resource1", "verb1 group1 resource1; verb2 group1 resource1"),
        ("verb1|*|resource1", "verb1 group1 resource1; verb1 group2 resource1"),
        (
            "verb1|group1|*",
            "verb1 group1 resource1; verb1 group1 resource2; verb1 group1 resource1/subresource1; \
             verb1 group1 resource2/subresource1; verb1 group1 resource1/subresource2",
        ),
        ("*|*|resource1/subresource1", "verb1 group1 resource1/subresource1; verb2 group1 resource1/subresource1"),
        ("verb1|group1|*/subresource1", "verb1 group1 resource1/subresource1; verb1 group1 resource2/subresource1"),
        ("verb1|group1|resource1/*", ""),
        ("verb1|group1|*/", ""),
        ("|group1|resource1", ""),
        ("verb1||resource1", ""),
        ("verb1|group1|", ""),
    ];
    let requests = [
        "verb1 group1 resource1",
        "verb1 group2 resource1",
        "verb1 group1 resource2",
        "verb2 group1 resource1",
        "verb2 group2 resource2",
        "verb1 group1 resource1/subresource1",
        "verb1 group1 resource2/subresource1",
        "verb2 group1 resource1/subresource1",
        "verb1 group1 resource1/subresource2",
    ];
    for (text, expected) in table {
        let allowed: Vec<_> = requests
            .into_iter()
            .filter(|request| {
                let parts: Vec<_> = request.split(' ').collect();
                rule(text).allows(&Request::resource(parts[0], parts[1], parts[2]))
            })
            .collect();
        let mut expected: Vec<_> = expected.split("; ").filter(|text| !text.is_empty()).collect();
        expected.sort_by_key(|text| requests.iter().position(|request| request == text));
        assert_eq!(allowed, expected, "{text}");
    }
}

/// The same test's cases of URLs, and `TestNonResourceURLCovers` of policy_comparator_test.go, whose question is the
/// same one.
#[test]
fn urls_match_whole_or_by_their_beginning() {
    for (word, path, expected) in [
        ("*", "", true),
        ("*", "/api", true),
        ("/*", "", false),
        ("/*", "/", true),
        ("/*", "/foo", true),
        ("/foo/*", "/foo", false),
        ("/foo/*", "/foo/bar", true),
        ("/foo/*", "/foo/bar/one", true),
        ("/foo/**", "/foo/bar", true),
        ("/foo*", "/foobar", true),
        ("/api", "/api", true),
        ("/apis", "/api", false),
        ("/api/v1", "/api", false),
        ("/api/*/*", "/api/v1", false),
        ("/*/v1/*", "/api/v1", false),
    ] {
        let rule = urls(&format!("get|{word}"));
        assert_eq!(rule.allows(&Request::url("get", path)), expected, "{word} {path}");
        assert!(!rule.allows(&Request::url("post", path)), "{word} {path}");
        assert!(!rule.allows(&Request::resource("get", "", path)), "{word} {path}");
    }
    assert!(!rule("*|*|*").allows(&Request::url("get", "/metrics")), "a resource is no URL");
}

/// evaluation_helpers.go `ResourceNameMatches`: names are compared with the name of the request, which is empty where it
/// has none.
#[test]
fn names_do_not_match_a_request_without_one() {
    let (get, create) = (Request::resource("get", "", "secrets"), Request::resource("create", "", "secrets"));
    let named = rule("get list create|core|secrets|mine other");
    assert!(named.allows(&get.named("mine")) && named.allows(&get.named("other")));
    assert!(!named.allows(&get.named("yours")) && !named.allows(&create));
    assert!(!rule("*|*|*|*").allows(&get.named("mine")), "a star is a name like others");
    assert!(rule("*|*|*").allows(&create));
    // The name that is the empty text, which nothing refuses, opens the list of all.
    let mut empty = named;
    empty.resource_names.push(String::new());
    assert!(empty.allows(&create) && empty.allows(&Request::resource("list", "", "secrets")));
}

#[test]
fn words_keep_their_case() {
    assert!(!rule("get|core|pods").allows(&Request::resource("GET", "", "pods")));
    assert!(!rule("get|core|pods").allows(&Request::resource("get", "", "Pods")));
}

#[test]
fn a_sorted_rule_says_each_word_once() {
    assert_eq!(rule("list get list|b a|y x|n m").sorted(), rule("get list|a b|x y|m n"));
    assert_eq!(urls("get|/b /a /b").sorted(), urls("get|/a /b"));
}
