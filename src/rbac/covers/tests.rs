use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::tests::{any_rule, any_rules, rule, rules, urls};
use super::{Remainder, covers, minus};
use crate::rbac::rule::covers_url;
use crate::rbac::{On, PolicyRule, Right};

/// What `Covers` breaks a rule into: verb, group, resource, name, or verb and URL.
type Tuple = (String, Option<(String, String, Option<String>)>, Option<String>);

fn tuples(rule: &PolicyRule) -> BTreeSet<Tuple> {
    let mut found = BTreeSet::new();
    let names = match rule.resource_names.as_slice() {
        [] => vec![None],
        names => names.iter().cloned().map(Some).collect(),
    };
    for verb in &rule.verbs {
        for (group, resource) in rule.api_groups.iter().flat_map(|a| rule.resources.iter().map(move |b| (a, b))) {
            let tuple =
                |name: &Option<String>| (verb.clone(), Some((group.clone(), resource.clone(), name.clone())), None);
            found.extend(names.iter().map(tuple));
        }
        found.extend(rule.non_resource_urls.iter().map(|url| (verb.clone(), None, Some(url.clone()))));
    }
    found
}

/// `ruleCovers` of policy_comparator.go for one tuple, word for word.
fn covers_tuple(owner: &PolicyRule, (verb, resource, url): &Tuple) -> bool {
    let has = |list: &[String], word: &str| list.iter().any(|item| item == word);
    let star = |list: &[String], word: &str| has(list, "*") || has(list, word);
    let resources = |(group, resource, name): &(String, String, Option<String>)| {
        let under = resource.split_once('/').is_some_and(|(_, sub)| has(&owner.resources, &format!("*/{sub}")));
        let names = &owner.resource_names;
        let named = names.is_empty() || name.as_ref().is_some_and(|name| has(names, name));
        star(&owner.api_groups, group) && (star(&owner.resources, resource) || under) && named
    };
    let of_url = |url: &String| {
        owner.resource_names.is_empty() && owner.non_resource_urls.iter().any(|word| covers_url(word, url))
    };
    star(&owner.verbs, verb) && resource.as_ref().is_none_or(resources) && url.as_ref().is_none_or(of_url)
}

fn uncovered(owner: &[PolicyRule], servant: &[PolicyRule]) -> BTreeSet<Tuple> {
    let all = servant.iter().flat_map(tuples);
    all.filter(|tuple| !owner.iter().any(|owner| covers_tuple(owner, tuple))).collect()
}

fn in_tuples(remainder: &Remainder) -> BTreeSet<Tuple> {
    remainder.rights.iter().flat_map(|right| tuples(&right.rule())).collect()
}

fn texts(remainder: &Remainder) -> Vec<String> {
    let text = |right: &Right| match &right.on {
        On::Resources { groups, resources, names } => {
            format!("{}|{}|{}|{}", right.verbs.join(" "), groups.join(" "), resources.join(" "), names.join(" "))
        }
        On::Urls(urls) => format!("{}|{}", right.verbs.join(" "), urls.join(" ")),
    };
    remainder.rights.iter().map(text).collect()
}

/// policy_comparator_test.go, by the names of its tests behind `TestCovers`.
#[test]
fn resources_are_covered_as_the_api_server_says() {
    let (one, more) =
        ("delete update|v1|builds deployments", "delete|v1|deployments;delete|v1|builds;update|v1|builds deployments");
    for (test, owner, servant, left) in [
        ("ExactMatch", "get|v1|builds", "get|v1|builds", ""),
        ("SubresourceWildcard", "get|v1|*/scale", "get|v1|foo/scale", ""),
        ("MultipleRulesCoveringSingleRule", more, one, ""),
        ("SingleAPIGroupsCoveringMultiple", one, more, ""),
        (
            "MultipleRulesMissingSingleVerbResourceCombination",
            "delete update|v1|builds deployments;delete|v1|pods",
            "delete update|v1|builds deployments pods",
            "update|v1|pods|",
        ),
        ("APIGroupStarCoveringMultiple", "get|*|roles", "get|group1 group2|roles", ""),
        ("EnumerationNotCoveringAPIGroupStar", "get|dummy-group|roles", "get|*|roles", "get|*|roles|"),
        ("APIGroupStarCoveringStar", "get|*|roles", "get|*|roles", ""),
        ("VerbStarCoveringMultiple", "*|v1|roles", "watch list|v1|roles", ""),
        (
            "EnumerationNotCoveringVerbStar",
            "get list watch create update delete exec|v1|roles",
            "*|v1|roles",
            "*|v1|roles|",
        ),
        ("VerbStarCoveringStar", "*|v1|roles", "*|v1|roles", ""),
        ("ResourceStarCoveringMultiple", "get|v1|*", "get|v1|resourcegroup:deployments", ""),
        ("EnumerationNotCoveringResourceStar", "get|v1|roles resourcegroup:deployments", "get|v1|*", "get|v1|*|"),
        ("ResourceNameEmptyCoveringMultiple", "get|v1|pods", "get|v1|pods|foo bar", ""),
        ("EnumerationNotCoveringResourceNameEmpty", "get|v1|pods|foo bar", "get|v1|pods", "get|v1|pods|"),
        ("(ours) some names", "get|v1|pods|foo", "get|v1|pods|foo bar", "get|v1|pods|bar"),
        ("(ours) a subresource of all is not everything", "get|v1|*/scale", "get|v1|* */log", "get|v1|* */log|"),
        ("(ours) a resource is not its subresource", "get|v1|pods", "get|v1|pods/exec", "get|v1|pods/exec|"),
    ] {
        let split = |text: &str| rules(&text.split(';').collect::<Vec<_>>());
        let remainder = covers(&split(owner), &split(servant));
        assert_eq!(texts(&remainder).join(";"), left, "{test}");
        assert!(remainder.complete, "{test}");
    }
}

/// The same, of `TestCoversNonResourceURLs…`.
#[test]
fn urls_are_covered_as_the_api_server_says() {
    for (owner, servant, left) in [
        ("*|/apis", "*|/apis", ""),
        ("*|*", "*|/apis /apis/v1 /", ""),
        ("*|/apis/*", "get|/apis /apis/v1", "get|/apis"),
        ("*|/apis/*", "get|/apis/v1/foo /apis/v1", ""),
        ("get|/apis/v1", "get|/apis/*", "get|/apis/*"),
    ] {
        assert_eq!(texts(&covers(&[urls(owner)], &[urls(servant)])).join(";"), left, "{owner} {servant}");
    }
    let both = PolicyRule { non_resource_urls: vec!["/apis".to_owned()], ..rule("get|v1|builds") };
    assert!(covers(std::slice::from_ref(&both), std::slice::from_ref(&both)).is_empty());
    assert_eq!(texts(&covers(&[rule("get|v1|builds")], &[both])), ["get|/apis"]);
}

/// A rule of a hundred million tuples, and one that takes them apart.
#[test]
fn large_rules_end_and_are_never_taken_as_covered() {
    let many = |word: &str, count: usize| (0..count).map(|n| format!("{word}{n}")).collect::<Vec<_>>();
    let (verbs, api_groups, resources) = (many("v", 100), many("g", 1_000), many("r", 1_000));
    let huge = PolicyRule { verbs, api_groups, resources, ..PolicyRule::default() };
    let alike = PolicyRule { verbs: [huge.verbs.clone(), many("w", 1)].concat(), ..huge.clone() };
    assert!(covers(&[alike], std::slice::from_ref(&huge)).is_empty());

    let single = |n: usize| rule(&format!("v{}|g{}|r{}", n % 100, n * 7 % 1_000, n * 13 % 1_000));
    let owners: Vec<_> = (0..10_000).map(single).collect();
    let remainder = minus([&huge], &owners);
    assert!(!remainder.complete && !remainder.is_empty());
    // One tuple that is not covered is still in what is left.
    let lost = rule("v0|g1|r1").sorted();
    assert!(remainder.rights.iter().any(|right| covers(&[right.rule()], std::slice::from_ref(&lost)).is_empty()));

    let servants: Vec<_> = (0..20_000).map(|n| rule(&format!("get|g{n}|r"))).collect();
    let others: Vec<_> = (0..20_000).map(|n| rule(&format!("list|g{n}|r"))).collect();
    let remainder = minus(&servants, &others);
    assert!(!remainder.complete);
    assert_eq!(remainder.rights.len(), servants.len());
}

proptest! {
    #[test]
    fn nothing_is_left_of_rules_by_themselves(rules in any_rules(6)) {
        prop_assert_eq!(covers(&rules, &rules), Remainder { rights: Vec::new(), complete: true });
    }

    #[test]
    fn what_is_left_is_what_the_comparison_of_tuples_finds(owner in any_rules(6), servant in any_rules(4)) {
        let remainder = covers(&owner, &servant);
        prop_assert!(remainder.complete);
        prop_assert_eq!(in_tuples(&remainder), uncovered(&owner, &servant));
    }

    #[test]
    fn the_parts_of_one_rule_do_not_overlap(owner in any_rules(6), servant in any_rule()) {
        let remainder = covers(&owner, &[servant]);
        let count: usize = remainder.rights.iter().map(|right| tuples(&right.rule()).len()).sum();
        prop_assert_eq!(count, in_tuples(&remainder).len());
    }

    #[test]
    fn covering_is_transitive(a in any_rules(4), b in any_rules(3), c in any_rules(2)) {
        if covers(&a, &b).is_empty() && covers(&b, &c).is_empty() {
            prop_assert!(covers(&a, &c).is_empty());
        }
        // What is left and what was there cover the whole.
        let left: Vec<_> = covers(&a, &b).rights.iter().map(Right::rule).chain(a).collect();
        prop_assert!(covers(&left, &b).is_empty());
    }

    #[test]
    fn another_owner_leaves_no_more(owner in any_rules(4), more in any_rule(), servant in any_rules(3)) {
        let before = in_tuples(&covers(&owner, &servant));
        let after = in_tuples(&covers(&[owner, vec![more]].concat(), &servant));
        prop_assert!(after.is_subset(&before));
    }
}
