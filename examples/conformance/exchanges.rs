//! One recorded REST exchange against the operation that it belongs to.

use serde_json::Value;

use crate::description::Description;
use crate::paths;
use crate::pointer::join;
use crate::table::Table;

/// Statuses that every operation may answer with, listed for it or not
/// (docs.github.com, "Troubleshooting the REST API" and "Best practices for using the REST API": 304
/// for what the client has, 400 for a body that is no JSON object).
const ALWAYS: &[u16] = &[301, 304, 307, 400, 401, 403, 404, 422, 429];

/// The client asks for a file's own bytes, which may be anything.
const RAW: &str = "/~1repos~1{owner}~1{repo}~1contents~1{path}/get";

/// Holds one line of a recording against the description.
pub(crate) fn check(description: &Description<'_>, line: &Value, table: &mut Table) {
    let method = line["method"].as_str().unwrap_or_default();
    let route = line["route"].as_str().unwrap_or_default();
    let Some(path) = paths::of_template(description, method, route) else {
        table.add(&format!("{method} {route}"), vec!["the description has no such operation".to_owned()]);
        return;
    };
    let operation = join(&join("/paths", path), &method.to_ascii_lowercase());
    let mut messages = query(description, path, &operation, line["path"].as_str().unwrap_or_default());
    messages
        .extend(request(description, &operation, &line["request"]).into_iter().map(|text| format!("request {text}")));
    let status = line["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    let answer = response(description, &operation, status, &line["response"]);
    messages.extend(answer.into_iter().map(|text| format!("response {status} {text}")));
    table.add(&format!("{method} {path}"), messages);
}

/// Parameters of the query that the operation does not take, or not with such a value.
fn query(description: &Description<'_>, path: &str, operation: &str, asked: &str) -> Vec<String> {
    let Some((_, query)) = asked.split_once('?') else { return Vec::new() };
    let mut known = Vec::new();
    for owner in [join("/paths", path), operation.to_owned()] {
        let list = join(&owner, "parameters");
        let count = description.at(&list).and_then(|(_, list)| list.as_array()).map_or(0, Vec::len);
        known.extend((0..count).filter_map(|index| description.at(&join(&list, &index.to_string()))));
    }
    let mut messages = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match known.iter().find(|(_, parameter)| parameter["in"] == "query" && parameter["name"] == name) {
            None => messages.push(format!("query {name}: the operation takes no such parameter")),
            Some((pointer, parameter)) => {
                let number = parameter["schema"]["type"] == "integer";
                let value =
                    value.parse::<u64>().ok().filter(|_| number).map_or_else(|| Value::from(value), Value::from);
                let found = description.violations(&join(pointer, "schema"), &value);
                messages.extend(found.into_iter().map(|text| format!("query {name} {text}")));
            }
        }
    }
    messages
}

/// What the request's body should not be.
fn request(description: &Description<'_>, operation: &str, body: &Value) -> Vec<String> {
    let pointer = join(operation, "requestBody");
    match (description.json_body(&pointer), body) {
        (None, Value::Null) => Vec::new(),
        (None, _) => vec!["(whole body): the operation takes none".to_owned()],
        (Some(_), Value::Null) => {
            let required = description.at(&pointer).is_some_and(|(_, body)| body["required"] == true);
            if required { vec!["(whole body): is required".to_owned()] } else { Vec::new() }
        }
        (Some(schema), body) => description.violations(&schema, body),
    }
}

/// What the answer should not be.
pub(crate) fn response(description: &Description<'_>, operation: &str, status: u16, body: &Value) -> Vec<String> {
    let pointer = join(&join(operation, "responses"), &status.to_string());
    let listed = description.at(&pointer).is_some();
    if !listed && !ALWAYS.contains(&status) && status < 500 {
        return vec!["(status): the operation does not answer so".to_owned()];
    }
    if status == 200 && operation.ends_with(RAW) {
        return Vec::new();
    }
    match (description.json_body(&pointer), body) {
        (_, Value::Null) if status == 304 => Vec::new(),
        (Some(schema), body) if status < 400 => description.violations(&schema, body),
        (schema, body) if !listed || status >= 400 => error(description, schema, status, body),
        (_, Value::Null) => Vec::new(),
        _ => vec!["(whole body): the operation answers without one".to_owned()],
    }
}

/// The pointer to the schema of an answer's body.
pub(crate) fn answer_schema(description: &Description<'_>, operation: &str, status: u16) -> Option<String> {
    description.json_body(&join(&join(operation, "responses"), &status.to_string()))
}

/// An error's body. For many operations the description lists a status without a body, or not at
/// all, where GitHub sends its usual one.
fn error(description: &Description<'_>, schema: Option<String>, status: u16, body: &Value) -> Vec<String> {
    // A proxy in front of GitHub answers in HTML, and that is recorded as nothing.
    if body.is_null() && status >= 500 {
        return Vec::new();
    }
    let usual = if status == 422 { "validation-error" } else { "basic-error" };
    let schema = schema.unwrap_or_else(|| join("/components/schemas", usual));
    let (mut body, number) = (body.clone(), status.to_string());
    // GitHub repeats the status in every error; only the description of the plain one says so.
    if let Some(fields) = body.as_object_mut()
        && fields.get("status").is_some_and(|repeated| *repeated == number)
    {
        fields.remove("status");
    }
    description.violations(&schema, &body)
}
