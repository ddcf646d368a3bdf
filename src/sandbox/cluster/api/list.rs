//! Lists, pages of lists, and the selectors that lists and watches share.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::path::Target;
use super::{Call, Query};
use crate::sandbox::cluster::store::json::text;
use crate::sandbox::cluster::store::{Key, Kind, Refusal, Store};

/// The `labelSelector` and `fieldSelector` of a request, with the namespace of its path.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    namespace: String,
    labels: Vec<Requirement>,
    /// `metadata.name` and `metadata.namespace`, the fields that every kind can be selected by.
    fields: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    /// The label has one of these values.
    In(String, Vec<String>),
    /// It has none of these values, or is missing.
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl Selection {
    pub(super) fn parse(query: &Query, target: &Target) -> Result<Self, Refusal> {
        let labels = split(query.get("labelSelector").unwrap_or_default());
        let labels = labels.iter().map(|text| requirement(text)).collect::<Result<_, _>>()?;
        let mut fields = Vec::new();
        for text in query.get("fieldSelector").unwrap_or_default().split(',').filter(|text| !text.is_empty()) {
            let (field, value) = text.split_once('=').unwrap_or((text, ""));
            if !["metadata.name", "metadata.namespace"].contains(&field) {
                return Err(Refusal::bad_request(format!("field label not supported: {field}")));
            }
            fields.push((field.to_owned(), value.trim_start_matches('=').to_owned()));
        }
        Ok(Self { namespace: target.namespace.clone(), labels, fields })
    }

    pub(super) fn matches(&self, key: &Key, object: &Value) -> bool {
        let label = |name: &str| object["metadata"]["labels"].get(name).and_then(Value::as_str);
        (self.namespace.is_empty() || key.namespace == self.namespace)
            && self.fields.iter().all(|(field, value)| match field.as_str() {
                "metadata.name" => key.name == *value,
                _ => key.namespace == *value,
            })
            && self.labels.iter().all(|requirement| match requirement {
                Requirement::In(name, values) => label(name).is_some_and(|value| values.iter().any(|v| v == value)),
                Requirement::NotIn(name, values) => label(name).is_none_or(|value| values.iter().all(|v| v != value)),
                Requirement::Exists(name) => label(name).is_some(),
                Requirement::Missing(name) => label(name).is_none(),
            })
    }
}

/// Splits at commas outside of parentheses.
fn split(selector: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0_u32);
    for character in selector.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("it starts with one").push(character);
    }
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn requirement(part: &str) -> Result<Requirement, Refusal> {
    let one = |value: &str| vec![value.trim_start_matches('=').trim().to_owned()];
    let many = |values: &str| -> Vec<String> {
        values.trim().trim_matches(['(', ')']).split(',').map(|value| value.trim().to_owned()).collect()
    };
    let parsed = if let Some((name, values)) = part.split_once(" notin ") {
        Requirement::NotIn(name.trim().to_owned(), many(values))
    } else if let Some((name, values)) = part.split_once(" in ") {
        Requirement::In(name.trim().to_owned(), many(values))
    } else if let Some((name, value)) = part.split_once("!=") {
        Requirement::NotIn(name.trim().to_owned(), one(value))
    } else if let Some((name, value)) = part.split_once('=') {
        Requirement::In(name.trim().to_owned(), one(value))
    } else if let Some(name) = part.strip_prefix('!') {
        Requirement::Missing(name.trim().to_owned())
    } else {
        Requirement::Exists(part.to_owned())
    };
    let (Requirement::In(name, _)
    | Requirement::NotIn(name, _)
    | Requirement::Exists(name)
    | Requirement::Missing(name)) = &parsed;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(Refusal::bad_request(format!("unable to parse requirement: {part}")));
    }
    Ok(parsed)
}

/// The object as the asked version shows it.
pub(super) fn shown(kind: &Kind, version: &str, object: &Value) -> Value {
    let mut object = object.clone();
    object["apiVersion"] = json!(kind.api_version(version));
    object["kind"] = json!(kind.kind);
    object
}

/// A list, or the next page of one.
pub(super) fn answer(store: &Store, call: &Call, target: &Target, kind: &Kind) -> Result<Value, Refusal> {
    let selection = Selection::parse(&call.query, target)?;
    let limit = call.query.get("limit").and_then(|text| text.parse::<usize>().ok()).filter(|limit| *limit > 0);
    let after = call.query.get("continue").map(|token| Page::read(store, token)).transpose()?;
    let revision = after.as_ref().map_or(store.revision(), |page| page.revision);
    let found: Vec<(&Key, &Arc<Value>)> = store
        .all(kind, &target.namespace)
        .filter(|(key, object)| selection.matches(key, object))
        .filter(|(key, _)| {
            after.as_ref().is_none_or(|page| (&key.namespace, &key.name) > (&page.namespace, &page.name))
        })
        .collect();
    let shown_now = limit.unwrap_or(found.len()).min(found.len());
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if shown_now < found.len() {
        let last = found[shown_now - 1].0;
        let page = Page { revision, namespace: last.namespace.clone(), name: last.name.clone() };
        metadata["continue"] = json!(page.token());
        metadata["remainingItemCount"] = json!(found.len() - shown_now);
    }
    let items: Vec<Value> = found[..shown_now].iter().map(|(_, object)| shown(kind, &target.version, object)).collect();
    Ok(json!({
        "kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(&target.version),
        "metadata": metadata, "items": items,
    }))
}

/// Where the next page starts.
struct Page {
    revision: u64,
    namespace: String,
    name: String,
}

impl Page {
    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {} {}", self.revision, self.namespace, self.name))
    }

    fn read(store: &Store, token: &str) -> Result<Self, Refusal> {
        let bad = || Refusal::bad_request("continue key is not valid: it was not made by this server");
        let text =
            URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad)?;
        let mut words = text.splitn(3, ' ');
        let mut word = || words.next().map(str::to_owned).ok_or_else(bad);
        let page = Self { revision: word()?.parse().map_err(|_| bad())?, namespace: word()?, name: word()? };
        // A page that is older than the log can no longer be continued.
        drop(store.changes_after(page.revision)?);
        Ok(page)
    }
}

/// The `resourceVersion` of a request as a number; `None` where it is not given.
pub(super) fn asked_revision(query: &Query) -> Result<Option<u64>, Refusal> {
    let Some(version) = query.get("resourceVersion") else { return Ok(None) };
    version.parse().map(Some).map_err(|_| Refusal::bad_request(format!("Invalid value: {version:?}: resource version")))
}

/// The name in an object, for the check against its path.
pub(super) fn name_of(object: &Value) -> &str {
    text(object, "/metadata/name")
}

#[cfg(test)]
mod tests {
    use super::{Requirement, requirement, split};

    #[test]
    fn selectors_are_read_as_kubectl_writes_them() {
        let parts = split("a=b,c==d,e!=f,g in (h, i),j notin (k),l,!m");
        let parsed: Vec<Requirement> = parts.iter().map(|part| requirement(part).expect("a requirement")).collect();
        let some = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let expected = [
            Requirement::In("a".to_owned(), some(&["b"])),
            Requirement::In("c".to_owned(), some(&["d"])),
            Requirement::NotIn("e".to_owned(), some(&["f"])),
            Requirement::In("g".to_owned(), some(&["h", "i"])),
            Requirement::NotIn("j".to_owned(), some(&["k"])),
            Requirement::Exists("l".to_owned()),
            Requirement::Missing("m".to_owned()),
        ];
        assert_eq!(parsed, expected);
        assert!(requirement("a b").is_err());
    }
}
