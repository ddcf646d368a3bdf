//! What the tests of this room make their objects with.

use proptest::prelude::*;

use super::{
    Binding, Key, Known, Labels, Object, Origin, PolicyRule, Role, Scope, Selector, Subject, World, bootstrap,
};

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(|word| if word == "core" { String::new() } else { word.to_owned() }).collect()
}

/// `verbs | groups | resources | names`, words with blanks between them; the core group is `core`.
pub(super) fn rule(text: &str) -> PolicyRule {
    let mut parts = text.split('|').map(words).chain(std::iter::repeat(Vec::new()));
    let mut next = || parts.next().unwrap_or_default();
    PolicyRule {
        verbs: next(),
        api_groups: next(),
        resources: next(),
        resource_names: next(),
        non_resource_urls: Vec::new(),
    }
}

/// `verbs | URLs`.
pub(super) fn urls(text: &str) -> PolicyRule {
    let (verbs, urls) = text.split_once('|').expect("two parts");
    PolicyRule { verbs: words(verbs), non_resource_urls: words(urls), ..PolicyRule::default() }
}

pub(super) fn rules(texts: &[&str]) -> Vec<PolicyRule> {
    texts.iter().map(|text| rule(text)).collect()
}

/// A key of `name` or `namespace/name`.
pub(super) fn key(text: &str) -> Key {
    text.split_once('/').map_or_else(|| Key::cluster(text), |(namespace, name)| Key::namespaced(namespace, name))
}

pub(super) fn role(name: &str, texts: &[&str]) -> Role {
    Role { key: key(name), labels: Labels::new(), rules: rules(texts), aggregation: None, origin: Origin::Tree(0) }
}

/// Labels of `key=value` with blanks between them.
pub(super) fn labels(text: &str) -> Labels {
    let pair = |word: &str| word.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    text.split_whitespace().filter_map(pair).collect()
}

pub(super) fn labelled(text: &str, role: Role) -> Role {
    Role { labels: labels(text), ..role }
}

/// A role that takes what has the labels of each text.
pub(super) fn taking(selectors: &[&str], role: Role) -> Role {
    let selector = |text: &&str| Selector { labels: labels(text), expressions: Vec::new() };
    Role { aggregation: Some(selectors.iter().map(selector).collect()), ..role }
}

/// A subject of `u:name`, `g:name` or `namespace/name`.
pub(super) fn subject(text: &str) -> Subject {
    match (text.split_once(':'), text.split_once('/')) {
        (Some(("u", name)), _) => Subject::user(name),
        (Some(("g", name)), _) => Subject::group(name),
        (_, Some((namespace, name))) => Subject::account(namespace, name),
        _ => panic!("no subject: {text}"),
    }
}

/// A binding of a ClusterRole, or with `Role ` before its name of a Role, to subjects with blanks between them.
pub(super) fn binding(name: &str, role: &str, subjects: &str) -> Binding {
    let role = role.strip_prefix("Role ").map_or(("ClusterRole", role), |role| ("Role", role));
    Binding::new(key(name), role, subjects.split_whitespace().map(subject).collect(), Origin::Tree(0))
}

pub(super) fn objects(roles: Vec<Role>, bindings: Vec<Binding>) -> Vec<Object> {
    roles.into_iter().map(Object::Role).chain(bindings.into_iter().map(Object::Binding)).collect()
}

/// A world without anything else.
pub(super) fn world(roles: Vec<Role>, bindings: Vec<Binding>) -> World {
    World::new(Known::Nothing, objects(roles, bindings))
}

/// What a bootstrap role or binding is called.
pub(super) fn known_names() -> Vec<Key> {
    let key = |object: Object| match object {
        Object::Role(role) => role.key,
        Object::Binding(binding) => binding.key,
    };
    bootstrap::api_server().chain(bootstrap::flux()).map(key).collect()
}

/// Rules over a small world of words, with stars, subresources and names.
pub(super) fn any_rule() -> impl Strategy<Value = PolicyRule> {
    let some = |words: &'static [&'static str], least: usize| {
        let list = proptest::sample::subsequence(words, least..=words.len());
        list.prop_map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let resources = (
        some(&["get", "list", "*"], 0),
        some(&["", "apps", "*"], 0),
        some(&["pods", "pods/log", "*/log", "pods/*", "*"], 0),
        some(&["a", "b", ""], 0),
    );
    let paths = (some(&["get", "list", "*"], 0), some(&["/a", "/a/b", "/a/*", "*"], 0));
    prop_oneof![
        3 => resources.prop_map(|(verbs, api_groups, resources, resource_names)| PolicyRule {
            verbs, api_groups, resources, resource_names, non_resource_urls: Vec::new(),
        }),
        1 => paths.prop_map(|(verbs, non_resource_urls)| PolicyRule {
            verbs, non_resource_urls, ..PolicyRule::default()
        }),
    ]
}

pub(super) fn any_rules(most: usize) -> impl Strategy<Value = Vec<PolicyRule>> {
    proptest::collection::vec(any_rule(), 0..=most)
}

fn any_role() -> impl Strategy<Value = Role> {
    let name = proptest::sample::select(vec!["a", "b", "c", "d", "ns1/a", "ns1/b", "ns2/a"]);
    let label = proptest::sample::select(vec!["", "x=1", "x=2", "y=1", "x=1 y=1"]);
    let selectors = proptest::sample::subsequence(vec!["x=1", "x=2", "y=1", ""], 0..=2);
    let aggregation = proptest::option::weighted(0.3, selectors);
    (name, label, aggregation, any_rules(3), 0..3_u32).prop_map(|(name, label, selectors, rules, origin)| {
        let role = labelled(label, Role { rules, origin: Origin::Tree(origin), ..role(name, &[]) });
        match selectors {
            Some(selectors) => taking(&selectors, role),
            None => role,
        }
    })
}

pub(super) const SUBJECTS: &[&str] = &[
    "u:eve",
    "u:system:serviceaccount:ns1:x",
    "ns1/x",
    "ns2/y",
    "g:devs",
    "g:system:authenticated",
    "g:system:serviceaccounts:ns1",
];

fn any_binding() -> impl Strategy<Value = Binding> {
    let name = proptest::sample::select(vec!["p", "q", "ns1/p", "ns1/q", "ns2/p"]);
    let role = proptest::sample::select(vec!["a", "b", "c", "d", "missing", "Role a", "Role b"]);
    let subjects = proptest::sample::subsequence(SUBJECTS, 0..=3);
    (name, role, subjects, 0..3_u32).prop_map(|(name, role, subjects, origin)| Binding {
        origin: Origin::Tree(origin),
        ..binding(name, role, &subjects.join(" "))
    })
}

pub(super) fn any_objects(most: usize) -> impl Strategy<Value = Vec<Object>> {
    let object = prop_oneof![any_role().prop_map(Object::Role), any_binding().prop_map(Object::Binding)];
    proptest::collection::vec(object, 0..=most)
}

pub(super) fn scopes() -> Vec<Scope> {
    vec![Scope::Cluster, Scope::of(Some("ns1")), Scope::of(Some("ns2"))]
}
