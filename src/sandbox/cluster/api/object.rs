//! Requests for one object: read, make, replace, patch, delete.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::list::{name_of, shown};
use super::path::Target;
use super::{Call, patch};
use crate::sandbox::cluster::Shared;
use crate::sandbox::cluster::store::json::text;
use crate::sandbox::cluster::store::{Key, Kind, Part, Refusal, Store, definition, refuse_escalation};

/// Does one request; returns the status code and the object to answer with.
pub(super) fn answer(shared: &Arc<Shared>, call: &Call, target: &Target, kind: &Kind) -> Result<(u16, Value), Refusal> {
    let writes = matches!(call.method, Method::POST | Method::PUT | Method::PATCH);
    let refused = Some(&target.name).filter(|_| writes && definition::is_definition(kind));
    let refused = refused.and_then(|name| shared.faults.refusal_of_definition(name));
    // A dry run is the real thing on a copy.
    let (code, object) = if is_dry_run(call)? || refused.is_some() {
        let mut copy = shared.store(|store| store.clone());
        let done = act(&mut copy, call, target, kind)?;
        if let Some((code, message, causes)) = refused {
            return Err(Refusal::with_causes(code, kind, &target.name, &message, &causes));
        }
        done
    } else {
        shared.store(|store| act(store, call, target, kind))?
    };
    if call.method == Method::DELETE && object.pointer("/metadata/deletionTimestamp").is_none() {
        let details = json!({"name": target.name, "group": kind.group, "kind": kind.plural,
                             "uid": text(&object, "/metadata/uid")});
        return Ok((
            code,
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}),
        ));
    }
    Ok((code, shown(kind, &target.version, &object)))
}

fn is_dry_run(call: &Call) -> Result<bool, Refusal> {
    match call.query.get("dryRun") {
        None => Ok(false),
        Some("All") => Ok(true),
        Some(other) => {
            let message = format!("dryRun: Unsupported value: {other:?}: supported values: \"All\"");
            Err(Refusal::new(422, "Invalid", message))
        }
    }
}

/// With `fieldValidation=Strict` a field that nobody knows is refused; only definitions have known fields here.
fn strict(call: &Call, kind: &Kind, object: &Value) -> Result<(), Refusal> {
    if call.query.get("fieldValidation") != Some("Strict") || !definition::is_definition(kind) {
        return Ok(());
    }
    let unknown = definition::unknown_fields(object);
    let words: Vec<String> =
        unknown.iter().map(|field| format!("unknown field {:?}", field.trim_start_matches('.'))).collect();
    if words.is_empty() {
        Ok(())
    } else {
        Err(Refusal::bad_request(format!("strict decoding error: {}", words.join(", "))))
    }
}

fn act(store: &mut Store, call: &Call, target: &Target, kind: &Kind) -> Result<(u16, Arc<Value>), Refusal> {
    let key = Key::new(kind, &target.namespace, &target.name);
    let part = if target.subresource == "status" { Part::Status } else { Part::Main };
    match call.method {
        Method::POST => {
            let object = manifest(call, target, kind)?;
            refuse_escalation(store, &call.user, kind, &target.namespace, &object)?;
            Ok((201, store.create(kind, &target.namespace, object)?))
        }
        Method::PUT => {
            let object = manifest(call, target, kind)?;
            if name_of(&object) != target.name {
                let message = format!(
                    "the name of the object ({}) does not match the name on the URL ({})",
                    name_of(&object),
                    target.name
                );
                return Err(Refusal::bad_request(message));
            }
            if kind.custom && text(&object, "/metadata/resourceVersion").is_empty() {
                let problem = "Invalid value: 0: must be specified for an update";
                return Err(Refusal::invalid(kind, &target.name, "metadata.resourceVersion", problem));
            }
            refuse_escalation(store, &call.user, kind, &target.namespace, &object)?;
            Ok((200, store.replace(kind, &key, part, object)?))
        }
        Method::PATCH => patch::patch(store, call, kind, &key, part),
        Method::DELETE => Ok((200, delete(store, call, kind, &key)?)),
        _ => {
            let found = store.get(&key).cloned();
            Ok((200, found.ok_or_else(|| Refusal::not_found(kind, &target.name))?))
        }
    }
}

fn delete(store: &mut Store, call: &Call, kind: &Kind, key: &Key) -> Result<Arc<Value>, Refusal> {
    let options: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let wanted = text(&options, "/preconditions/uid");
    let found = store.get(key).is_some_and(|object| !wanted.is_empty() && text(object, "/metadata/uid") != wanted);
    if found {
        return Err(Refusal::conflict(kind, &key.name));
    }
    let deleted = store.delete(kind, key)?;
    // What still has finalizers is answered with its mark.
    Ok(store.get(key).cloned().unwrap_or(deleted))
}

/// The object in the body, checked against the path.
fn manifest(call: &Call, target: &Target, kind: &Kind) -> Result<Value, Refusal> {
    let object: Value = match call.content_type.as_str() {
        "application/json" | "" => serde_json::from_slice(&call.body).ok(),
        "application/yaml" => serde_yaml::from_slice(&call.body).ok(),
        other => {
            let message = format!("the body of the request was in an unknown format - accepted media types include: application/json, application/yaml (not {other})");
            return Err(Refusal::new(415, "UnsupportedMediaType", message));
        }
    }
    .filter(Value::is_object)
    .ok_or_else(|| Refusal::bad_request("the object provided is unrecognized (must be of type Object)"))?;
    check_type(&object, target, kind)?;
    strict(call, kind, &object)?;
    Ok(object)
}

/// Refuses an object of another kind, version or namespace than the path's.
pub(super) fn check_type(object: &Value, target: &Target, kind: &Kind) -> Result<(), Refusal> {
    let wanted = kind.api_version(&target.version);
    let (api_version, given) = (text(object, "/apiVersion"), text(object, "/kind"));
    if api_version != wanted {
        let message =
            format!("the API version in the data ({api_version}) does not match the expected API version ({wanted})");
        return Err(Refusal::bad_request(message));
    }
    if given != kind.kind {
        let message = format!(
            "{given} in version \"{}\" cannot be handled as a {}: converting to the wrong kind",
            target.version, kind.kind
        );
        return Err(Refusal::bad_request(message));
    }
    let namespace = text(object, "/metadata/namespace");
    if !namespace.is_empty() && namespace != target.namespace {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Refusal::bad_request(message));
    }
    Ok(())
}
