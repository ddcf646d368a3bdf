//! Nobody may hand out rights that they do not have (kubernetes.io, "Privilege escalation
//! prevention and bootstrapping").

use serde_json::Value;

use super::json::{list, text};
use super::rbac::{Action, User, allows, rules_of};
use super::{Kind, Refusal, Store};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Refuses to write a role or binding that grants more than the user has, unless the user may
/// `escalate` the role or `bind` the referenced one.
pub(crate) fn refuse_escalation(
    store: &Store,
    user: &User,
    kind: &Kind,
    namespace: &str,
    object: &Value,
) -> Result<(), Refusal> {
    if kind.group != GROUP {
        return Ok(());
    }
    let name = text(object, "/metadata/name");
    let binding = kind.kind.ends_with("Binding");
    let (verb, resource, role) = match (binding, text(object, "/roleRef/kind")) {
        (true, "Role") => ("bind", "roles", text(object, "/roleRef/name")),
        (true, _) => ("bind", "clusterroles", text(object, "/roleRef/name")),
        (false, _) => ("escalate", kind.plural.as_str(), name),
    };
    if allows(store, user, Action { verb, group: GROUP, resource, namespace, name: role }) {
        return Ok(());
    }
    let rules = if binding { rules_of(store, namespace, object) } else { list(object, "/rules").to_vec() };
    if binding && store.find(text(object, "/roleRef/kind"), namespace, role).is_none() {
        let known = store.kinds.by_plural(GROUP, resource);
        return Err(known.map_or_else(|| Refusal::of_code(500), |known| Refusal::not_found(known, role)));
    }
    match rules.iter().find(|rule| !holds(store, user, namespace, rule)) {
        None => Ok(()),
        Some(rule) => {
            let words = |field: &str| {
                let words: Vec<String> = list(rule, field).iter().map(ToString::to_string).collect();
                words.join(" ")
            };
            let why = format!(
                "user {:?} is attempting to grant RBAC permissions not currently held: {{APIGroups:[{}], \
                 Resources:[{}], Verbs:[{}]}}",
                user.name,
                words("/apiGroups"),
                words("/resources"),
                words("/verbs")
            );
            Err(Refusal::forbidden(kind, name, &why))
        }
    }
}

/// Whether the user may do all that the rule allows.
fn holds(store: &Store, user: &User, namespace: &str, rule: &Value) -> bool {
    let words = |field: &str| list(rule, field).iter().filter_map(Value::as_str).collect::<Vec<_>>();
    let mut names = words("/resourceNames");
    if names.is_empty() {
        names.push("");
    }
    let (groups, resources, verbs) = (words("/apiGroups"), words("/resources"), words("/verbs"));
    groups.iter().all(|group| {
        resources.iter().all(|resource| {
            verbs.iter().all(|verb| {
                names.iter().all(|name| allows(store, user, Action { verb, group, resource, namespace, name }))
            })
        })
    })
}
