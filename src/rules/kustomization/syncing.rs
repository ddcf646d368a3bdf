//! What may be changed unseen in Flux's own objects, and what not: whose rights count, what is applied, and
//! where (<https://fluxcd.io/flux/components/kustomize/kustomizations/>, <https://fluxcd.io/flux/components/helm/helmreleases/>).

use crate::manifest::{Node, Scalar, Value};
use crate::rules::shown;

/// Fields of `spec` that say when and how, not whose rights count, what comes from where, or where it goes. A
/// path leads to another directory of the same repository, and all of them are judged.
const HOW: &[&str] = &[
    "dependsOn",
    "force",
    "healthCheckExprs",
    "healthChecks",
    "install",
    "interval",
    "maxHistory",
    "path",
    "prune",
    "retryInterval",
    "rollback",
    "suspend",
    "test",
    "timeout",
    "uninstall",
    "upgrade",
    "values",
    "valuesFrom",
    "wait",
];

/// Where the account is named with whose rights Flux works; without it Flux takes its own.
const ACCOUNT: &str = "serviceAccountName";

/// Whether a path below an object of Flux leads to nothing that decides.
pub(super) fn is_how(parts: &[String]) -> bool {
    let part = |at: usize| parts.get(at).map(String::as_str);
    match part(0) {
        Some("spec") => part(1).is_some_and(|field| HOW.contains(&field)),
        Some("metadata") => matches!(part(1), Some("labels" | "annotations")),
        _ => false,
    }
}

/// Why one operation of a JSON patch decides over an object of Flux. In the admin repository (`lenient`) a person
/// looks at such patches anyway, but must not overlook that the account goes.
pub(super) fn hazard_of_path(parts: &[String], takes_away: bool, lenient: bool) -> Option<String> {
    if is_how(parts) {
        return None;
    }
    let path = parts.join("/");
    let account = parts.len() < 2 || parts.get(1).is_some_and(|field| field == ACCOUNT);
    match (lenient, takes_away && account) {
        (_, true) => Some(format!("takes away `{}`, so that Flux may use its own rights,", shown(&path))),
        (true, false) => None,
        (false, false) => Some(format!("changes `{}` of an object of Flux", shown(&path))),
    }
}

/// The hazards of a strategic merge patch for an object of Flux, each with its node.
pub(super) fn hazards_of_merge(root: &Node, lenient: bool) -> Vec<(&Node, String)> {
    let mut found = Vec::new();
    // Without the object nothing is applied.
    let deletes = |value: &Node| value.text() == Some("delete");
    if let Some((key, _)) = root.entry("$patch").filter(|(_, value)| !(lenient && deletes(value))) {
        found.push((key, "replaces or deletes an object of Flux".to_owned()));
    }
    let Some((key, spec)) = root.entry("spec") else { return found };
    if !spec.is_mapping() {
        found.push((key, "takes away `spec` of an object of Flux".to_owned()));
    }
    for (key, value) in spec.entries() {
        let Some(field) = key.text() else { continue };
        if field == "$patch" || field == "$retainKeys" {
            found.push((key, "replaces or deletes `spec` of an object of Flux".to_owned()));
            continue;
        }
        let parts = ["spec".to_owned(), field.to_owned()];
        found.extend(hazard_of_path(&parts, is_nothing(value), lenient).map(|hazard| (key, hazard)));
    }
    found
}

/// Null, or an empty text, is to Flux as if it were not written.
fn is_nothing(node: &Node) -> bool {
    match &node.value {
        Value::Scalar { value: Scalar::Null, .. } => true,
        Value::Scalar { text, .. } => text.is_empty(),
        _ => false,
    }
}

/// Whether a value that is put into an object of Flux names no account: it is empty, or a whole `spec` without one.
pub(super) fn is_without_account(value: &Node) -> bool {
    is_nothing(value) || value.is_mapping() && value.get(ACCOUNT).is_none_or(is_nothing)
}
