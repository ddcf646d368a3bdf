//! How known roles and bindings are written down: words with blanks between them.

use crate::rbac::selector::Selector;
use crate::rbac::{Binding, Key, Object, Origin, PolicyRule, Role, Scope, Subject};

pub(super) const READ: &str = "get list watch";
pub(super) const WRITE: &str = "create delete deletecollection patch update";
pub(super) const READ_WRITE: &str = "create delete deletecollection get list patch update watch";

/// The core API group, whose name is empty.
pub(super) const CORE: &str = "core";

/// What lets a component write events.
pub(super) const EVENTS: Known = on("create patch update", "core events.k8s.io", "events");

const AGGREGATE: &str = "rbac.authorization.k8s.io/aggregate-to-";

/// A rule.
#[derive(Debug)]
pub(super) struct Known {
    verbs: &'static str,
    groups: &'static str,
    resources: &'static str,
    names: &'static str,
    urls: &'static str,
}

/// A rule for resources.
pub(super) const fn on(verbs: &'static str, groups: &'static str, resources: &'static str) -> Known {
    Known { verbs, groups, resources, names: "", urls: "" }
}

/// A rule for URLs.
pub(super) const fn urls(verbs: &'static str, urls: &'static str) -> Known {
    Known { verbs, groups: "", resources: "", names: "", urls }
}

impl Known {
    /// The same rule for some names only.
    pub(super) const fn named(self, names: &'static str) -> Self {
        Self { verbs: self.verbs, groups: self.groups, resources: self.resources, names, urls: self.urls }
    }

    fn rule(&self) -> PolicyRule {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let group = |group: &str| if group == CORE { String::new() } else { group.to_owned() };
        PolicyRule {
            verbs: words(self.verbs),
            api_groups: self.groups.split_whitespace().map(group).collect(),
            resources: words(self.resources),
            resource_names: words(self.names),
            non_resource_urls: words(self.urls),
        }
    }
}

/// A role.
#[derive(Debug)]
pub(super) struct KnownRole {
    /// Empty for a ClusterRole.
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
    /// Into which of `admin`, `edit` and `view` its rules go.
    pub(super) into: &'static str,
    /// Which of them it is.
    pub(super) takes: &'static str,
    pub(super) rules: &'static [Known],
}

/// A ClusterRole that is only what it says.
pub(super) const fn role(name: &'static str, rules: &'static [Known]) -> KnownRole {
    KnownRole { namespace: "", name, into: "", takes: "", rules }
}

impl KnownRole {
    pub(super) fn object(&self) -> Object {
        let mut role = self.plain(Origin::ApiServer);
        role.labels.insert("kubernetes.io/bootstrapping".to_owned(), "rbac-defaults".to_owned());
        Object::Role(role)
    }

    /// The role without the label that the API server puts on its own.
    pub(super) fn plain(&self, origin: Origin) -> Role {
        let label = |of: &str| (format!("{AGGREGATE}{of}"), "true".to_owned());
        let selector = |of: &str| Selector { labels: [label(of)].into(), expressions: Vec::new() };
        Role {
            key: key(self.namespace, self.name),
            labels: self.into.split_whitespace().map(label).collect(),
            rules: self.rules.iter().map(Known::rule).collect(),
            aggregation: (!self.takes.is_empty()).then(|| vec![selector(self.takes)]),
            origin,
        }
    }
}

/// A binding.
#[derive(Debug)]
pub(super) struct KnownBinding {
    /// Empty for a ClusterRoleBinding.
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
    pub(super) role: &'static str,
    /// Groups, users, and service accounts of `kube-system`: `Group=…`, `User=…` and `ServiceAccount=…`.
    pub(super) subjects: &'static str,
}

/// A ClusterRoleBinding to the ClusterRole of its name.
pub(super) const fn bind(name: &'static str, subjects: &'static str) -> KnownBinding {
    KnownBinding { namespace: "", name, role: name, subjects }
}

impl KnownBinding {
    pub(super) fn object(&self) -> Object {
        let subject = |text: &str| {
            let (kind, name) = text.split_once('=')?;
            Subject::written(kind, Some("kube-system"), name, &Scope::Cluster)
        };
        let subjects = self.subjects.split_whitespace().filter_map(subject).collect();
        let kind = if self.namespace.is_empty() { "ClusterRole" } else { "Role" };
        Object::Binding(Binding::new(key(self.namespace, self.name), (kind, self.role), subjects, Origin::ApiServer))
    }
}

fn key(namespace: &str, name: &str) -> Key {
    if namespace.is_empty() { Key::cluster(name) } else { Key::namespaced(namespace, name) }
}
