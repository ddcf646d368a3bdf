//! What the sandbox answered to whoever asked: tests that want to be refused, and Git's own tools.
//!
//! Its answers have to be as described; and where the description forbids the request, it must have
//! been refused. A sandbox that is more lenient than GitHub hides faults of its clients.

use serde_json::Value;

use crate::description::Description;
use crate::exchanges;
use crate::paths;
use crate::pointer::join;
use crate::table::Table;

/// Holds one line of the sandbox's record against the description.
pub(crate) fn check(description: &Description<'_>, line: &Value, table: &mut Table) {
    let text = |field: &str| line[field].as_str().unwrap_or_default();
    let (method, status) = (text("method"), line["status"].as_u64().unwrap_or_default());
    let status = u16::try_from(status).unwrap_or_default();
    let Some(path) = paths::of_path(description, method, text("path")) else {
        // GitHub answers 404 (401 without a token) where there is nothing; so must the sandbox.
        if ![401, 403, 404].contains(&status) {
            let message = format!("{status}: the description has no such operation");
            table.add(&format!("{method} {}", text("path")), vec![message]);
        }
        return;
    };
    let operation = paths::operation(path, method);
    let mut messages = lenient(description, &operation, &line["request"], status);
    let said = exchanges::response(description, &operation, status, &line["response"]);
    messages.extend(said.into_iter().map(|text| format!("response {status} {text}")));
    messages.extend(missing_headers(description, &operation, status, &line["headers"]));
    table.add(&format!("{method} {path}"), messages);
}

/// What the request should have been refused for, and was not.
fn lenient(description: &Description<'_>, operation: &str, body: &Value, status: u16) -> Vec<String> {
    if status >= 300 {
        return Vec::new();
    }
    let pointer = join(operation, "requestBody");
    let required = description.at(&pointer).is_some_and(|(_, described)| described["required"] == true);
    let wrong = match (description.json_body(&pointer), body) {
        (Some(_), Value::Null) if required => vec!["(whole body): is required".to_owned()],
        (None, _) | (Some(_), Value::Null) => Vec::new(),
        (Some(schema), body) => description.forbidden(&schema, body),
    };
    wrong.into_iter().map(|text| format!("accepted with {status} though {text}")).collect()
}

/// Headers that the description promises with the answer. `Link` is only there where there are
/// further pages.
fn missing_headers(description: &Description<'_>, operation: &str, status: u16, sent: &Value) -> Vec<String> {
    let headers = join(&join(&join(operation, "responses"), &status.to_string()), "headers");
    let sent: Vec<&str> = sent.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let promised = description.keys(&headers).filter(|name| *name != "Link");
    let missing = promised.filter(|name| !sent.iter().any(|sent| sent.eq_ignore_ascii_case(name)));
    missing.map(|name| format!("response {status} (headers): {name} is missing")).collect()
}
