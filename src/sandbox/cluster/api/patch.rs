//! The four kinds of patch. A strategic merge is done as a plain merge: the two differ in lists
//! only, and the lists that Bailiwick patches have no merge keys.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Call;
use super::list::name_of;
use crate::sandbox::cluster::store::json::{list, merge, text};
use crate::sandbox::cluster::store::rbac::{Action, allows};
use crate::sandbox::cluster::store::{Apply, Key, Kind, Part, Refusal, Store, definition, refuse_escalation};

pub(super) fn patch(
    store: &mut Store,
    call: &Call,
    kind: &Kind,
    key: &Key,
    part: Part,
) -> Result<(u16, Arc<Value>), Refusal> {
    if call.content_type == "application/apply-patch+yaml" {
        return apply(store, call, kind, key, part);
    }
    let current = store.get(key).cloned().ok_or_else(|| Refusal::not_found(kind, &key.name))?;
    let mut object = Value::clone(&current);
    let body: Value = serde_json::from_slice(&call.body)
        .map_err(|error| Refusal::bad_request(format!("error decoding patch: {error}")))?;
    match call.content_type.as_str() {
        "application/merge-patch+json" | "application/strategic-merge-patch+json" => merge(&mut object, &body),
        "application/json-patch+json" => json_patch(&mut object, &body)?,
        other => {
            let message = format!(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml (not {other})"
            );
            return Err(Refusal::new(415, "UnsupportedMediaType", message));
        }
    }
    if name_of(&object) != key.name || text(&object, "/kind") != text(&current, "/kind") {
        return Err(Refusal::bad_request("a patch may change neither the name nor the kind"));
    }
    refuse_escalation(store, &call.user, kind, &key.namespace, &object)?;
    Ok((200, store.replace(kind, key, part, object)?))
}

fn apply(store: &mut Store, call: &Call, kind: &Kind, key: &Key, part: Part) -> Result<(u16, Arc<Value>), Refusal> {
    let Some(manager) = call.query.get("fieldManager") else {
        let message =
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
        return Err(Refusal::new(422, "Invalid", message));
    };
    let mut fields: Value = serde_yaml::from_slice(&call.body)
        .map_err(|error| Refusal::bad_request(format!("error decoding YAML: {error}")))?;
    let (api_version, named) = (text(&fields, "/apiVersion").to_owned(), text(&fields, "/kind"));
    let version = api_version.rsplit('/').next().unwrap_or_default();
    if named != kind.kind || !kind.serves(version) || kind.api_version(version) != api_version {
        return Err(Refusal::bad_request(format!("apply of {api_version} {named} to {}", kind.resource())));
    }
    if !name_of(&fields).is_empty() && name_of(&fields) != key.name {
        return Err(Refusal::bad_request("metadata.name in the body does not match the name on the URL"));
    }
    let unknown = if definition::is_definition(kind) { definition::unknown_fields(&fields) } else { Vec::new() };
    if !unknown.is_empty() {
        return Err(Refusal::untyped(kind, &api_version, &key.name, &unknown));
    }
    crate::sandbox::cluster::store::json::child(&mut fields, "metadata")["name"] = json!(key.name);
    if store.get(key).is_none() {
        may_create(store, call, kind, key)?;
    }
    refuse_escalation(store, &call.user, kind, &key.namespace, &fields)?;
    let code = if store.get(key).is_some() { 200 } else { 201 };
    Ok((code, store.apply(kind, key, Apply { manager, part, fields })?))
}

/// An apply that makes the object needs the right to create it, too.
fn may_create(store: &Store, call: &Call, kind: &Kind, key: &Key) -> Result<(), Refusal> {
    let (namespace, resource) = (&key.namespace, &kind.plural);
    let action = Action { verb: "create", group: &kind.group, resource, namespace, name: &key.name };
    if allows(store, &call.user, action) {
        return Ok(());
    }
    Err(Refusal::forbidden(kind, &key.name, &action.refused(&call.user)))
}

/// RFC 6902 without `move` and `copy`.
fn json_patch(object: &mut Value, operations: &Value) -> Result<(), Refusal> {
    let failed = |what: &str| Refusal::new(422, "Invalid", format!("the server rejected our request: {what}"));
    for operation in list(operations, "") {
        let (path, value) = (text(operation, "/path"), &operation["value"]);
        let (parent, last) = path.rsplit_once('/').ok_or_else(|| failed("a path must start with /"))?;
        let last = last.replace("~1", "/").replace("~0", "~");
        let kind = text(operation, "/op");
        if kind == "test" {
            if object.pointer(path) != Some(value) {
                return Err(failed("testing value failed"));
            }
            continue;
        }
        let exists = object.pointer(path).is_some();
        let parent = object.pointer_mut(parent).ok_or_else(|| failed("a path leads nowhere"))?;
        match (kind, parent) {
            ("add", Value::Object(map)) => drop(map.insert(last, value.clone())),
            ("replace", Value::Object(map)) if exists => drop(map.insert(last, value.clone())),
            ("remove", Value::Object(map)) if exists => drop(map.remove(&last)),
            ("add", Value::Array(items)) if last == "-" => items.push(value.clone()),
            (_, Value::Array(items)) => {
                let index: usize = last.parse().map_err(|_| failed("not an index"))?;
                match kind {
                    "add" if index <= items.len() => items.insert(index, value.clone()),
                    "replace" if index < items.len() => items[index] = value.clone(),
                    "remove" if index < items.len() => drop(items.remove(index)),
                    _ => return Err(failed("an index is out of range")),
                }
            }
            _ => return Err(failed("unknown operation, or nothing at its path")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::json_patch;

    #[test]
    fn operations_are_done_in_order_and_a_test_can_stop_them() {
        let mut object = json!({"a": {"b/c": 1}, "l": [1, 2]});
        let operations = json!([
            {"op": "test", "path": "/a/b~1c", "value": 1},
            {"op": "replace", "path": "/a/b~1c", "value": 2},
            {"op": "add", "path": "/l/-", "value": 3},
            {"op": "remove", "path": "/l/0"},
        ]);
        json_patch(&mut object, &operations).expect("a good patch");
        assert_eq!(object, json!({"a": {"b/c": 2}, "l": [2, 3]}));
        let wrong = json!([{"op": "test", "path": "/l/0", "value": 9}]);
        assert!(json_patch(&mut object, &wrong).is_err());
    }
}
