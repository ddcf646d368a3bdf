//! What the API server refuses before it stores. Only the checks that matter for the kinds that
//! Bailiwick and Flux handle; they are as strict as the real ones, not complete.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::json::{child, map_of, text};
use super::{Kind, Refusal, definition};

/// Brings an object into the form that is stored: `stringData` of a Secret becomes `data`.
pub(super) fn normalise(kind: &Kind, object: &mut Value) {
    if kind.kind != "Secret" || !kind.group.is_empty() {
        return;
    }
    if let Some(Value::Object(plain)) = map_of(object).remove("stringData") {
        for (key, value) in plain {
            child(object, "data")[&key] = json!(STANDARD.encode(value.as_str().unwrap_or_default()));
        }
    }
    if text(object, "/type").is_empty() {
        map_of(object).insert("type".to_owned(), json!("Opaque"));
    }
}

/// Checks an object that is about to be stored.
pub(super) fn check(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let name = text(object, "/metadata/name");
    check_name(kind, name)?;
    for field in ["labels", "annotations"] {
        let map = object.pointer(&format!("/metadata/{field}"));
        let texts = |map: &Value| map.as_object().is_some_and(|map| map.values().all(Value::is_string));
        if map.is_some_and(|map| !map.is_null() && !texts(map)) {
            let message =
                format!("json: cannot unmarshal into Go struct field ObjectMeta.metadata.{field} of type string");
            return Err(Refusal::bad_request(message));
        }
    }
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    for (key, value) in labels {
        if !is_label_value(value.as_str().unwrap_or_default()) || key.is_empty() {
            let problem = format!(
                "Invalid value: {value}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'"
            );
            return Err(Refusal::invalid(kind, name, "metadata.labels", &problem));
        }
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Secret") => check_secret(kind, name, object),
        ("source.toolkit.fluxcd.io", "GitRepository") => check_git_repository(kind, name, object),
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => check_kustomization(kind, name, object),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => check_binding(kind, name, object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition::check(kind, name, object),
        _ => Ok(()),
    }
}

/// Checks what may not change.
pub(super) fn check_change(kind: &Kind, before: &Value, after: &Value) -> Result<(), Refusal> {
    let name = text(after, "/metadata/name");
    let changed = |field: &str| before.pointer(field) != after.pointer(field);
    let refuse = |field: &str, problem: &str| Err(Refusal::invalid(kind, name, field, problem));
    match kind.kind.as_str() {
        "RoleBinding" | "ClusterRoleBinding" if changed("/roleRef") => {
            refuse("roleRef", "Invalid value: cannot change roleRef")
        }
        "Secret" if changed("/type") => refuse("type", "Invalid value: field is immutable"),
        "Secret" | "ConfigMap" if before["immutable"] == true && changed("/data") => {
            refuse("data", "Forbidden: field is immutable when `immutable` is set")
        }
        "CustomResourceDefinition" => definition::check_change(kind, before, after),
        "Deployment" if changed("/spec/selector") => refuse("spec.selector", "Invalid value: field is immutable"),
        _ => Ok(()),
    }
}

fn check_name(kind: &Kind, name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        let problem = "Required value: name or generateName is required";
        return Err(Refusal::invalid(kind, "", "metadata.name", problem));
    }
    let label = matches!(kind.kind.as_str(), "Namespace" | "Service");
    let rbac = kind.group == "rbac.authorization.k8s.io";
    let (good, problem) = if rbac {
        (!name.contains(['/', '%']) && name != "." && name != "..", "may not contain '/' or '%'")
    } else if label {
        (
            is_label(name),
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
        )
    } else {
        let good =
            name.len() <= 253 && name.split('.').all(|part| is_label(part) || (part.len() > 63 && is_long(part)));
        (
            good,
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        )
    };
    if good {
        return Ok(());
    }
    Err(Refusal::invalid(kind, name, "metadata.name", &format!("Invalid value: {name:?}: {problem}")))
}

fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_long(name)
}

fn is_long(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (first, last) = (name.bytes().next(), name.bytes().last());
    first.is_some_and(good) && last.is_some_and(good) && name.bytes().all(|byte| good(byte) || byte == b'-')
}

fn is_label_value(value: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric();
    value.is_empty()
        || (value.len() <= 63
            && value.bytes().next().is_some_and(good)
            && value.bytes().last().is_some_and(good)
            && value.bytes().all(|byte| good(byte) || b"-_.".contains(&byte)))
}

fn check_secret(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
    let data = object.get("data").and_then(Value::as_object).into_iter().flatten();
    for (key, value) in data {
        if !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            let problem = format!(
                "Invalid value: {key:?}: a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
            );
            return Err(Refusal::invalid(kind, name, &format!("data[{key}]"), &problem));
        }
        if value.as_str().is_none_or(|value| STANDARD.decode(value).is_err()) {
            let message = "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 0";
            return Err(Refusal::bad_request(message));
        }
    }
    Ok(())
}

fn check_git_repository(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
    required(kind, name, object, &["/spec/url", "/spec/interval"])?;
    let url = text(object, "/spec/url");
    if !["http://", "https://", "ssh://"].iter().any(|scheme| url.starts_with(scheme)) {
        let problem = format!("Invalid value: {url:?}: spec.url in body should match '^(http|https|ssh)://.*$'");
        return Err(Refusal::invalid(kind, name, "spec.url", &problem));
    }
    check_duration(kind, name, object)
}

fn check_kustomization(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
    let fields = ["/spec/interval", "/spec/prune", "/spec/sourceRef", "/spec/sourceRef/kind", "/spec/sourceRef/name"];
    required(kind, name, object, &fields)?;
    let source = text(object, "/spec/sourceRef/kind");
    if !["OCIRepository", "GitRepository", "Bucket", "ExternalArtifact"].contains(&source) {
        let problem = format!(
            "Unsupported value: {source:?}: supported values: \"OCIRepository\", \"GitRepository\", \"Bucket\", \"ExternalArtifact\""
        );
        return Err(Refusal::invalid(kind, name, "spec.sourceRef.kind", &problem));
    }
    if !object["spec"]["prune"].is_boolean() {
        let problem = "Invalid value: spec.prune in body must be of type boolean";
        return Err(Refusal::invalid(kind, name, "spec.prune", problem));
    }
    check_duration(kind, name, object)
}

fn check_duration(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
    let interval = text(object, "/spec/interval");
    if crate::sandbox::cluster::flux::duration(interval).is_some() {
        return Ok(());
    }
    let problem =
        format!("Invalid value: {interval:?}: spec.interval in body should match '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$'");
    Err(Refusal::invalid(kind, name, "spec.interval", &problem))
}

fn check_binding(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
    required(kind, name, object, &["/roleRef/apiGroup", "/roleRef/kind", "/roleRef/name"])?;
    let role = text(object, "/roleRef/kind");
    if role == "ClusterRole" || (role == "Role" && kind.kind == "RoleBinding") {
        return Ok(());
    }
    Err(Refusal::invalid(kind, name, "roleRef.kind", &format!("Unsupported value: {role:?}")))
}

fn required(kind: &Kind, name: &str, object: &Value, pointers: &[&str]) -> Result<(), Refusal> {
    for pointer in pointers {
        if object.pointer(pointer).is_none_or(Value::is_null) {
            let field = pointer.trim_start_matches('/').replace('/', ".");
            return Err(Refusal::invalid(kind, name, &field, "Required value"));
        }
    }
    Ok(())
}
