//! Who may do what, from the Role, ClusterRole and binding objects in the store (kubernetes.io,
//! "Using RBAC Authorization").

use serde_json::{Value, json};

use super::Store;
use super::json::{list, text};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
}

impl User {
    /// A user by name; service accounts (`system:serviceaccount:<namespace>:<name>`) are in their groups.
    pub(crate) fn named(name: &str) -> Self {
        let mut groups = vec!["system:authenticated".to_owned()];
        if let Some((namespace, _)) = account(name) {
            groups.extend(["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")]);
        }
        Self { name: name.to_owned(), groups }
    }

    pub(crate) fn service_account(namespace: &str, name: &str) -> Self {
        Self::named(&format!("system:serviceaccount:{namespace}:{name}"))
    }

    /// The cluster's owner, who may do everything.
    pub(crate) fn admin() -> Self {
        Self { name: "kubernetes-admin".to_owned(), groups: vec!["system:masters".to_owned()] }
    }
}

/// The namespace and name in a service account's user name.
fn account(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("system:serviceaccount:")?.split_once(':')
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Action<'a> {
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    /// The plural, with `/status` for the subresource.
    pub(crate) resource: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

impl Action<'_> {
    /// The end of Kubernetes' sentence for a refusal.
    pub(crate) fn refused(&self, user: &User) -> String {
        let place = match self.namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace {namespace:?}"),
        };
        format!(
            "User {:?} cannot {} resource {:?} in API group {:?} {place}",
            user.name, self.verb, self.resource, self.group
        )
    }
}

/// Whether the user may.
pub(crate) fn allows(store: &Store, user: &User, action: Action<'_>) -> bool {
    if user.groups.iter().any(|group| group == "system:masters") {
        return true;
    }
    let everywhere = store.of_kind("ClusterRoleBinding");
    let here = store.of_kind("RoleBinding");
    let here = here
        .iter()
        .filter(|binding| !action.namespace.is_empty() && text(binding, "/metadata/namespace") == action.namespace);
    everywhere
        .iter()
        .chain(here)
        .filter(|binding| list(binding, "/subjects").iter().any(|subject| is_subject(subject, binding, user)))
        .any(|binding| {
            rules_of(store, text(binding, "/metadata/namespace"), binding).iter().any(|rule| covers(rule, action))
        })
}

fn is_subject(subject: &Value, binding: &Value, user: &User) -> bool {
    let name = text(subject, "/name");
    match text(subject, "/kind") {
        "User" => user.name == name,
        "Group" => user.groups.iter().any(|group| group == name),
        "ServiceAccount" => {
            let own = text(binding, "/metadata/namespace");
            let namespace = Some(text(subject, "/namespace")).filter(|text| !text.is_empty()).unwrap_or(own);
            account(&user.name) == Some((namespace, name))
        }
        _ => false,
    }
}

/// The rules of the role that a binding in `namespace` names.
pub(super) fn rules_of(store: &Store, namespace: &str, binding: &Value) -> Vec<Value> {
    let name = text(binding, "/roleRef/name");
    if text(binding, "/roleRef/kind") == "Role" {
        let role = store.find("Role", namespace, name);
        return role.map(|role| list(role, "/rules").to_vec()).unwrap_or_default();
    }
    let Some(role) = store.find("ClusterRole", "", name) else { return Vec::new() };
    let mut rules = list(role, "/rules").to_vec();
    for selector in list(role, "/aggregationRule/clusterRoleSelectors") {
        let wanted = selector["matchLabels"].as_object();
        let others = store.of_kind("ClusterRole");
        let matching = others.iter().filter(|other| {
            wanted.is_some_and(|wanted| {
                wanted.iter().all(|(key, value)| other["metadata"]["labels"].get(key) == Some(value))
            })
        });
        rules.extend(matching.flat_map(|other| list(other, "/rules").to_vec()));
    }
    rules
}

fn covers(rule: &Value, action: Action<'_>) -> bool {
    let has = |field: &str, wanted: &str| list(rule, field).iter().any(|item| item == "*" || item == wanted);
    let names = list(rule, "/resourceNames");
    has("/verbs", action.verb)
        && has("/apiGroups", action.group)
        && has("/resources", action.resource)
        && (names.is_empty() || names.iter().any(|name| name == action.name && !action.name.is_empty()))
}

/// The ClusterRoles that every cluster has, in short, and the one that Flux adds to them.
pub(crate) fn default_roles() -> Vec<Value> {
    let all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    let read = ["get", "list", "watch"];
    let core = ["configmaps", "endpoints", "persistentvolumeclaims", "pods", "secrets", "serviceaccounts", "services"];
    let read_core = ["configmaps", "endpoints", "persistentvolumeclaims", "pods", "serviceaccounts", "services"];
    let shown = ["events", "limitranges", "namespaces", "resourcequotas"];
    let groups = ["apps", "autoscaling", "batch", "networking.k8s.io", "policy"];
    let flux: Vec<&str> = {
        let mut groups: Vec<&str> = super::kinds::FLUX.iter().map(|row| row.0).collect();
        groups.dedup();
        groups
    };
    let rule = |groups: &[&str], resources: &[&str], verbs: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
    let aggregated = |name: &str, rules: Value| {
        let label = format!("{GROUP}/aggregate-to-{name}");
        role(name, rules, &json!({}), Some(json!({"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]})))
    };
    let edit = [rule(&[""], &core, &all), rule(&groups, &["*"], &all), rule(&[""], &shown, &read)];
    let admin = [&edit[..], &[rule(&[GROUP], &["roles", "rolebindings"], &all)]].concat();
    let view = [rule(&[""], &read_core, &read), rule(&groups, &["*"], &read), rule(&[""], &shown, &read)];
    let flux_label = |name: &str| format!("{GROUP}/aggregate-to-{name}");
    let flux_edit = json!({flux_label("admin"): "true", flux_label("edit"): "true"});
    let flux_view = json!({flux_label("admin"): "true", flux_label("edit"): "true", flux_label("view"): "true"});
    vec![
        role("cluster-admin", json!([rule(&["*"], &["*"], &["*"])]), &json!({}), None),
        aggregated("admin", json!(admin)),
        aggregated("edit", json!(edit)),
        aggregated("view", json!(view)),
        role("flux-edit", json!([rule(&flux, &["*"], &all)]), &flux_edit, None),
        role("flux-view", json!([rule(&flux, &["*"], &read)]), &flux_view, None),
    ]
}

fn role(name: &str, rules: Value, labels: &Value, aggregation: Option<Value>) -> Value {
    let mut role = json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRole",
        "metadata": {"name": name, "labels": labels}, "rules": rules,
    });
    if let Some(aggregation) = aggregation {
        role["aggregationRule"] = aggregation;
    }
    role
}
