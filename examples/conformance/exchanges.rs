//! One recorded REST exchange against the operation that it belongs to.

use serde_json::Value;

use crate::description::Description;
use crate::pointer::join;
use crate::table::Table;

/// Statuses that every operation may answer with, listed for it or not
/// (docs.github.com, "Troubleshooting the REST API" and "Best practices for using the REST API").
const ALWAYS: &[u16] = &[301, 307, 401, 403, 404, 422, 429];

/// Holds one line of a recording against the description.
pub(crate) fn check(description: &Description<'_>, line: &Value, table: &mut Table) {
    let method = line["method"].as_str().unwrap_or_default();
    let route = line["route"].as_str().unwrap_or_default();
    let Some(path) = path_of(description, method, route) else {
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

/// The description's path for one of our templates, which may name its places differently, and
/// may spell out the first parts of a place that takes several (`heads/{+branch}` for `{ref}`).
fn path_of<'a>(description: &Description<'a>, method: &str, template: &str) -> Option<&'a str> {
    let ours: Vec<&str> = template.split('/').collect();
    let fits = |path: &&&'a String| {
        let theirs: Vec<&str> = path.split('/').collect();
        fit(&ours, &theirs) && description.at(&join(&join("/paths", path), &method.to_ascii_lowercase())).is_some()
    };
    let literals = |path: &&'a String| path.split('/').filter(|part| !is_place(part)).count();
    let paths: Vec<&'a String> = description.keys("/paths").collect();
    paths.iter().filter(fits).copied().max_by_key(literals).map(String::as_str)
}

fn is_place(part: &str) -> bool {
    part.starts_with('{')
}

fn fit(ours: &[&str], theirs: &[&str]) -> bool {
    match (ours, theirs) {
        ([], []) => true,
        ([_, ..], ["{ref}" | "{path}"]) => true,
        ([our, ours @ ..], [their, theirs @ ..]) => {
            (if is_place(our) { is_place(their) } else { our == their || is_place(their) }) && fit(ours, theirs)
        }
        _ => false,
    }
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

fn response(description: &Description<'_>, operation: &str, status: u16, body: &Value) -> Vec<String> {
    let pointer = join(&join(operation, "responses"), &status.to_string());
    if description.at(&pointer).is_none() {
        if !ALWAYS.contains(&status) && status < 500 {
            return vec!["(status): the operation does not answer so".to_owned()];
        }
        let kind = if status == 422 { "validation-error" } else { "basic-error" };
        // A server error may come from a proxy in front of GitHub, which writes HTML.
        let opaque = status >= 500 && body.is_null();
        let schema = join("/components/schemas", kind);
        return if opaque { Vec::new() } else { description.violations(&schema, body) };
    }
    match (description.json_body(&pointer), body) {
        // The client asks for the file's own bytes, which may be anything.
        _ if status == 200 && operation.ends_with("~1contents~1{path}/get") => Vec::new(),
        (None, Value::Null) => Vec::new(),
        (None, _) => vec!["(whole body): the operation answers without one".to_owned()],
        (Some(schema), body) => description.violations(&schema, body),
    }
}
