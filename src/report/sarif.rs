//! Findings as SARIF 2.1.0 (OASIS), which code scanning services read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::explain;
use crate::finding::{Finding, Location};
use crate::redact::redact_value;
use crate::rules::{Documentation, Judgement, Meta, Waived};

/// One run of the tool `bailiwick` with the rules `rules` (all that may be named in a finding, in
/// the order in which they are documented) and its results. Paths are relative to `%SRCROOT%`, the
/// root of the repository.
pub fn sarif(judgement: &Judgement, rules: &[Meta]) -> Value {
    let mut seen = BTreeMap::new();
    let mut results: Vec<Value> = judgement.findings.iter().map(|finding| result(finding, rules, &mut seen)).collect();
    results.extend(judgement.waived.iter().map(|waived| suppressed(waived, rules, &mut seen)));
    let results: Vec<Value> = results.into_iter().map(redact_value).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "bailiwick",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(descriptor).collect::<Vec<Value>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn descriptor(meta: &Meta) -> Value {
    let documentation = Documentation::of(meta);
    let text = explain(meta);
    json!({
        "id": meta.id,
        "shortDescription": {"text": documentation.title},
        "fullDescription": {"text": documentation.what},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": meta.severity},
    })
}

fn result(finding: &Finding, rules: &[Meta], seen: &mut BTreeMap<String, usize>) -> Value {
    let mut message = finding.message.clone();
    if !finding.help.is_empty() {
        write!(message, " {}", finding.help).expect("a string takes every write");
    }
    let location = &finding.location;
    let mut result = json!({
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": message},
        "locations": [{"physicalLocation": physical(location)}],
        "partialFingerprints": {"bailiwick/v1": fingerprint(finding, seen)},
    });
    if let Some(by) = &finding.reached {
        let words = format!("{}:{} makes Flux apply the file", by.file, by.line);
        result["relatedLocations"] = json!([{"physicalLocation": physical(by), "message": {"text": words}}]);
    }
    if let Some(index) = rules.iter().position(|meta| meta.id == finding.rule) {
        result["ruleIndex"] = index.into();
    }
    if let Some(object) = &finding.object {
        let name = if finding.field.is_empty() { object.to_string() } else { format!("{object}, {}", finding.field) };
        result["locations"][0]["logicalLocations"] = json!([{"fullyQualifiedName": name, "kind": "object"}]);
    }
    result
}

fn physical(location: &Location) -> Value {
    json!({
        "artifactLocation": {"uri": uri(location.file.as_str()), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": location.line.max(1), "startColumn": location.column.max(1)},
    })
}

/// What the policy lets pass is told, with its reason.
fn suppressed(waived: &Waived, rules: &[Meta], seen: &mut BTreeMap<String, usize>) -> Value {
    let mut result = result(&waived.finding, rules, seen);
    result["suppressions"] = json!([{"kind": "external", "justification": waived.reason}]);
    result
}

/// A relative URI reference: everything but letters, digits, `/` and `-._~` is percent-encoded.
pub(super) fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(byte.into()),
            other => write!(uri, "%{other:02X}").expect("a string takes every write"),
        }
    }
    uri
}

/// What stays the same when lines above are added or removed: rule, file, object and field, and the
/// how-manieth of its like this is.
fn fingerprint(finding: &Finding, seen: &mut BTreeMap<String, usize>) -> String {
    let object = finding.object.as_ref().map(|object| format!("{}\0{object}", object.api_version)).unwrap_or_default();
    let parts = [finding.rule.as_str(), finding.location.file.as_str(), &object, &finding.field];
    let digest = hex::encode(Sha256::digest(parts.join("\0")));
    let number = seen.entry(digest.clone()).or_default();
    *number += 1;
    format!("{digest}:{number}")
}
