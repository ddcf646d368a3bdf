//! One recorded webhook against the description's webhook of its event and action.

use serde_json::Value;

use crate::description::Description;
use crate::pointer::join;
use crate::table::Table;

/// Holds one line of a recording against the description.
pub(crate) fn check(description: &Description<'_>, line: &Value, table: &mut Table) {
    let event = line["event"].as_str().unwrap_or_default();
    let body = &line["body"];
    let name = name_of(event, body);
    let messages = match schema_of(description, &name) {
        Some(schema) => description.violations(&schema, body),
        None => vec!["the description has no such webhook".to_owned()],
    };
    table.add(&name, messages);
}

/// What the description calls the webhook of this event and body, such as `pull-request-opened`.
pub(crate) fn name_of(event: &str, body: &Value) -> String {
    let name = body["action"].as_str().map_or_else(|| event.to_owned(), |action| format!("{event}-{action}"));
    name.replace('_', "-")
}

/// The pointer to the schema of the webhook that the description calls `name`.
pub(crate) fn schema_of(description: &Description<'_>, name: &str) -> Option<String> {
    description.json_body(&join(&join(&join("/x-webhooks", name), "post"), "requestBody"))
}
