//! Which groups, versions and kinds there are.

use serde_json::{Value, json};

use super::path::Path;
use crate::sandbox::cluster::store::{Kind, Kinds};

/// The version that the sandbox claims to be.
const VERSION: (&str, &str) = ("1", "34");

pub(super) enum Answer {
    Json(Value),
    Text(&'static str),
}

pub(super) fn answer(kinds: &Kinds, path: &Path) -> Option<Answer> {
    Some(Answer::Json(match path {
        Path::Health => return Some(Answer::Text("ok")),
        Path::Root => json!({"paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/readyz", "/version"]}),
        Path::Version => json!({
            "major": VERSION.0, "minor": VERSION.1, "gitVersion": format!("v{}.{}.0+sandbox", VERSION.0, VERSION.1),
            "gitCommit": "", "gitTreeState": "clean", "buildDate": "", "goVersion": "", "compiler": "", "platform": "",
        }),
        Path::Legacy => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        Path::Groups => {
            let mut names: Vec<&str> = kinds.iter().map(|kind| kind.group.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            let groups: Vec<Value> = names.iter().filter_map(|name| group(kinds, name)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        Path::Group(name) => {
            let mut group = group(kinds, name)?;
            group["kind"] = json!("APIGroup");
            group["apiVersion"] = json!("v1");
            group
        }
        Path::GroupVersion(group, version) => resources(kinds, group, version)?,
        Path::Resource(_) => return None,
    }))
}

/// One named group; the core group is not among them.
fn group(kinds: &Kinds, name: &str) -> Option<Value> {
    let mut versions: Vec<&str> = Vec::new();
    for version in kinds.iter().filter(|kind| kind.group == name).flat_map(|kind| &kind.versions) {
        if !versions.contains(&version.as_str()) {
            versions.push(version);
        }
    }
    if name.is_empty() || versions.is_empty() {
        return None;
    }
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    Some(json!({"name": name, "versions": versions, "preferredVersion": versions[0]}))
}

fn resources(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    let mut resources = Vec::new();
    let mut group_version = String::new();
    for kind in kinds.iter().filter(|kind| kind.group == group && kind.serves(version)) {
        group_version = kind.api_version(version);
        resources.push(entry(kind, ""));
        if kind.status {
            resources.push(entry(kind, "/status"));
        }
    }
    if resources.is_empty() {
        return None;
    }
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources,
    }))
}

fn entry(kind: &Kind, subresource: &str) -> Value {
    let verbs: &[&str] = if subresource.is_empty() {
        &["create", "delete", "get", "list", "patch", "update", "watch"]
    } else {
        &["get", "patch", "update"]
    };
    let short: &[String] = if subresource.is_empty() { &kind.short } else { &[] };
    json!({
        "name": format!("{}{subresource}", kind.plural),
        "singularName": if subresource.is_empty() { kind.kind.to_lowercase() } else { String::new() },
        "namespaced": kind.namespaced, "kind": kind.kind, "verbs": verbs, "shortNames": short,
    })
}
