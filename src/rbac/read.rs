//! Roles and bindings out of manifests. What is mistyped is read as far as it can be: Kubernetes refuses it, and
//! until somebody mends it nobody must be told that it says nothing.

use std::collections::BTreeSet;

use super::selector::{Labels, Operator, Requirement, Selector};
use super::{Binding, Key, Object, Origin, PolicyRule, Role, Scope, Subject};
use crate::manifest::{self, Node, Value};

/// The API group of roles and bindings.
pub const GROUP: &str = "rbac.authorization.k8s.io";

/// A role or a binding as it is written, before kustomize puts it into a namespace or renames it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Whether it is a ClusterRole or a ClusterRoleBinding.
    pub cluster: bool,
    /// Its namespace, where one is written.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What it says.
    pub says: Says,
}

/// What a role or a binding says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// A Role or a ClusterRole.
    Role {
        /// Its labels.
        labels: Labels,
        /// `rules`.
        rules: Vec<PolicyRule>,
        /// `aggregationRule.clusterRoleSelectors`.
        aggregation: Option<Vec<Selector>>,
    },
    /// A RoleBinding or a ClusterRoleBinding.
    Binding {
        /// Whether `roleRef.kind` is `ClusterRole`.
        of_cluster_role: bool,
        /// `roleRef.name`.
        role: String,
        /// `subjects`: kind, namespace and name of each.
        subjects: Vec<(String, Option<String>, String)>,
    },
}

/// How kustomize changes what is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Changed<'a> {
    /// The namespace that it puts into namespaced objects.
    pub namespace: Option<&'a str>,
    /// What it puts before names.
    pub prefix: &'a str,
    /// What it puts behind names.
    pub suffix: &'a str,
    /// The labels that it puts on, in the place of those of the same keys.
    pub labels: Option<&'a Labels>,
    /// What the role is called that a binding gives, where it is renamed with the binding.
    pub role: Option<&'a str>,
    /// Namespace and name of whom a binding names, where these are changed with it: one for each of its subjects, or
    /// none at all.
    pub subjects: &'a [Option<(String, String)>],
}

/// The role or binding that a manifest's object is; `None` for an object of another kind.
pub fn read(object: &manifest::Object) -> Option<Written> {
    if object.group() != GROUP {
        return None;
    }
    let (cluster, says) = match object.kind.as_str() {
        kind @ ("Role" | "ClusterRole") => (kind == "ClusterRole", role(&object.node, kind == "ClusterRole")),
        kind @ ("RoleBinding" | "ClusterRoleBinding") => (kind == "ClusterRoleBinding", binding(&object.node)),
        _ => return None,
    };
    let namespace = object.namespace.clone().filter(|_| !cluster);
    Some(Written { cluster, namespace, name: object.name.clone(), says })
}

impl Written {
    /// The object as it is applied. Where no namespace is said it is `default`, as with `kubectl apply`; Flux v2
    /// refuses such an object.
    pub fn applied(&self, changed: Changed<'_>, origin: Origin) -> Object {
        let namespace = changed.namespace.or(self.namespace.as_deref()).unwrap_or("default");
        let scope = if self.cluster { Scope::Cluster } else { Scope::Namespace(namespace.to_owned()) };
        let renamed = |name: &str| format!("{}{name}{}", changed.prefix, changed.suffix);
        let key = Key { scope, name: renamed(&self.name) };
        match &self.says {
            Says::Role { labels, rules, aggregation } => Object::Role(Role {
                key,
                labels: labelled(labels, changed.labels),
                rules: rules.clone(),
                aggregation: aggregation.clone(),
                origin,
            }),
            Says::Binding { of_cluster_role, role, subjects } => {
                let role = changed.role.unwrap_or(role);
                let named = |(number, (kind, namespace, name)): (usize, &(String, Option<String>, String))| {
                    if let Some(Some((namespace, name))) = changed.subjects.get(number) {
                        return Subject::written(kind, Some(namespace), name, &key.scope);
                    }
                    // Kustomize puts its namespace also into the account that every namespace has.
                    let own = namespace.as_deref().filter(|_| name != "default");
                    let namespace = changed.namespace.filter(|_| own.is_none()).or(namespace.as_deref());
                    Subject::written(kind, namespace, name, &key.scope)
                };
                let subjects = subjects.iter().enumerate().filter_map(named).collect();
                let kind = if *of_cluster_role { "ClusterRole" } else { "Role" };
                Object::Binding(Binding::new(key, (kind, role), subjects, origin))
            }
        }
    }
}

fn labelled(written: &Labels, put: Option<&Labels>) -> Labels {
    let put = put.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone()));
    written.clone().into_iter().chain(put).collect()
}

fn role(node: &Node, cluster: bool) -> Says {
    let aggregation = node.get("aggregationRule").filter(|rule| !rule.is_null() && cluster);
    Says::Role {
        labels: node.at(&["metadata", "labels"]).map(labels).unwrap_or_default(),
        rules: items(node.get("rules")).into_iter().map(rule).collect(),
        aggregation: aggregation
            .map(|rule| items(rule.get("clusterRoleSelectors")).into_iter().map(selector).collect()),
    }
}

/// An entry of `rules`.
pub fn rule(entry: &Node) -> PolicyRule {
    PolicyRule {
        verbs: words(entry.get("verbs")),
        api_groups: words(entry.get("apiGroups")),
        resources: words(entry.get("resources")),
        resource_names: words(entry.get("resourceNames")),
        non_resource_urls: words(entry.get("nonResourceURLs")),
    }
}

fn binding(node: &Node) -> Says {
    let text = |node: &Node, field: &str| node.get(field).and_then(Node::text).unwrap_or_default().to_owned();
    let named = |path: &str| node.at(&["roleRef", path]).and_then(Node::text).unwrap_or_default();
    let subject = |subject: &Node| {
        let namespace = subject.get("namespace").and_then(Node::text).filter(|text| !text.is_empty());
        (text(subject, "kind"), namespace.map(str::to_owned), text(subject, "name"))
    };
    Says::Binding {
        of_cluster_role: named("kind") == "ClusterRole",
        role: named("name").to_owned(),
        subjects: items(node.get("subjects")).into_iter().map(subject).collect(),
    }
}

fn selector(node: &Node) -> Selector {
    Selector {
        labels: node.get("matchLabels").map(labels).unwrap_or_default(),
        expressions: items(node.get("matchExpressions")).into_iter().map(requirement).collect(),
    }
}

fn requirement(node: &Node) -> Requirement {
    Requirement {
        key: node.get("key").and_then(Node::text).unwrap_or_default().to_owned(),
        operator: Operator::of(node.get("operator").and_then(Node::text).unwrap_or_default()),
        values: words(node.get("values")).into_iter().collect::<BTreeSet<_>>(),
    }
}

/// What a mapping of labels says.
pub fn labels(node: &Node) -> Labels {
    let pair =
        |(key, value): (&Node, &Node)| Some((key.text()?.to_owned(), value.text().unwrap_or_default().to_owned()));
    node.entries().filter_map(pair).collect()
}

/// A list's items; anything else counts as a list of itself. Kubernetes refuses a scalar where a list belongs, but a
/// mistyped field must not hide from the judge what it says.
pub fn one_or_many(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::Sequence(items) => items.iter().collect(),
        _ if node.is_null() => Vec::new(),
        _ => vec![node],
    }
}

/// The same of a field that need not be there.
fn items(node: Option<&Node>) -> Vec<&Node> {
    node.map(one_or_many).unwrap_or_default()
}

/// Go decodes a null in a list of strings to the empty string, which is the core group.
fn words(node: Option<&Node>) -> Vec<String> {
    let word = |node: &Node| if node.is_null() { Some(String::new()) } else { node.text().map(str::to_owned) };
    items(node).into_iter().filter_map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(text: &str) -> Vec<Object> {
        let file = manifest::read("cluster/common/rbac.yaml".parse().expect("a path"), text.as_bytes());
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        let read = file.objects.iter().filter_map(read);
        read.map(|written| written.applied(Changed::default(), Origin::Tree(0))).collect()
    }

    #[test]
    fn a_role_is_read_with_what_selects_it_and_what_it_selects() {
        let text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: all\n  labels: {a: \"true\"}\n\
                    aggregationRule:\n  clusterRoleSelectors:\n    - matchLabels: {b: c}\n      matchExpressions:\n        - {key: d, \
                    operator: In, values: [e, f]}\nrules:\n  - apiGroups: [null, apps]\n    resources: [pods]\n    verbs: get\n";
        let Some(Object::Role(role)) = objects(text).pop() else { panic!("a role") };
        assert_eq!((role.key, role.labels.len()), (Key::cluster("all"), 1));
        assert_eq!(role.rules[0].api_groups, ["", "apps"]);
        assert_eq!(role.rules[0].verbs, ["get"], "one word counts as a list of it");
        let selector = role.aggregation.expect("it aggregates").pop().expect("one selector");
        assert_eq!(selector.labels.get("b").map(String::as_str), Some("c"));
        assert_eq!((selector.expressions[0].operator, selector.expressions[0].values.len()), (Operator::In, 2));
    }

    #[test]
    fn a_binding_in_a_list_is_read_and_its_account_is_in_its_namespace() {
        let text = "apiVersion: v1\nkind: ConfigMapList\nitems:\n  - apiVersion: rbac.authorization.k8s.io/v1\n    kind: \
                    RoleBinding\n    metadata: {name: b, namespace: team1}\n    roleRef: {kind: ClusterRole, name: admin}\n    \
                    subjects:\n      - {kind: ServiceAccount, name: flux}\n      - {kind: User, name: \
                    \"system:serviceaccount:x:y\"}\n      - {kind: Robot, name: z}\n";
        let Some(Object::Binding(binding)) = objects(text).pop() else { panic!("a binding") };
        assert_eq!((binding.key, binding.role), (Key::namespaced("team1", "b"), Key::cluster("admin")));
        assert_eq!(binding.subjects, [Subject::account("team1", "flux"), Subject::account("x", "y")]);
    }

    #[test]
    fn kustomize_moves_and_renames_what_is_written() {
        let text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: x}\nroleRef: \
                    {kind: Role, name: r}\nsubjects:\n  - {kind: ServiceAccount, name: default, namespace: x}\n  - {kind: \
                    ServiceAccount, name: flux, namespace: y}\n";
        let file = manifest::read("cluster/team1/b.yaml".parse().expect("a path"), text.as_bytes());
        let written = read(&file.objects[0]).expect("a binding");
        let subjects = [None, Some(("team1".to_owned(), "a-flux".to_owned()))];
        let changed = Changed {
            namespace: Some("team1"),
            prefix: "a-",
            role: Some("a-r"),
            subjects: &subjects,
            ..Changed::default()
        };
        let Object::Binding(binding) = written.applied(changed, Origin::Tree(0)) else { panic!("a binding") };
        assert_eq!((binding.key, binding.role), (Key::namespaced("team1", "a-b"), Key::namespaced("team1", "a-r")));
        assert_eq!(binding.subjects, [Subject::account("team1", "default"), Subject::account("team1", "a-flux")]);
        let Object::Binding(binding) = written.applied(Changed { subjects: &[], ..changed }, Origin::Tree(0)) else {
            panic!("a binding")
        };
        assert_eq!(binding.subjects, [Subject::account("team1", "default"), Subject::account("y", "flux")]);
    }

    #[test]
    fn labels_that_are_put_on_count_before_those_that_are_written() {
        let text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r, labels: {a: written, b: \
                    written}}\nrules: []\n";
        let file = manifest::read("cluster/team1/r.yaml".parse().expect("a path"), text.as_bytes());
        let put = Labels::from([("b".to_owned(), "put".to_owned()), ("c".to_owned(), "put".to_owned())]);
        let changed = Changed { labels: Some(&put), ..Changed::default() };
        let applied = read(&file.objects[0]).expect("a role").applied(changed, Origin::Tree(0));
        let Object::Role(role) = applied else { panic!("a role") };
        let labels: Vec<_> = role.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(labels, ["a=written", "b=put", "c=put"]);
    }

    #[test]
    fn other_kinds_and_other_groups_are_none() {
        assert!(objects("apiVersion: v1\nkind: ClusterRole\nmetadata: {name: x}\n").is_empty());
        assert!(objects("apiVersion: rbac.authorization.k8s.io/v1\nkind: Rolex\nmetadata: {name: x}\n").is_empty());
    }
}
