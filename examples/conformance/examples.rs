//! GitHub's own example webhooks, read by Bailiwick.

use bailiwick::forge::event::Event;
use serde_json::Value;

use crate::description::Description;
use crate::poor::reduced;
use crate::table::Table;
use crate::webhooks;

/// The events that Bailiwick reads. Every other one is to be ignored, whatever it holds.
const READ: &[&str] = &[
    "check_run",
    "check_suite",
    "deploy_key",
    "installation",
    "installation_repositories",
    "issue_comment",
    "merge_group",
    "ping",
    "pull_request",
    "push",
    "repository",
];

/// Reads every example as it is and, for the events that Bailiwick reads, with each action that
/// GitHub describes and with one that nobody has thought of yet.
pub(crate) fn check(description: &Description<'_>, index: &Value, table: &mut Table) {
    let none = Vec::new();
    let mut missing: Vec<&str> = READ.to_vec();
    for event in index.as_array().unwrap_or(&none) {
        let name = event["name"].as_str().unwrap_or_default();
        missing.retain(|read| *read != name);
        let actions = if READ.contains(&name) { actions_of(description, name) } else { Vec::new() };
        for example in event["examples"].as_array().unwrap_or(&none) {
            let as_it_is = example["action"].as_str().unwrap_or("(no action)").to_owned();
            let whole = read(name, example, &as_it_is);
            let fine = whole.is_empty();
            table.add(name, whole);
            if fine && READ.contains(&name) {
                let poorest = poor(description, name, example);
                table.add(name, read(name, &poorest, &format!("{as_it_is}, as poor as may be")));
            }
            if example["action"].is_string() {
                for action in &actions {
                    let mut changed = example.clone();
                    changed["action"] = Value::from(action.as_str());
                    table.add(name, read(name, &changed, action));
                }
            }
        }
    }
    for name in missing {
        table.add(name, vec!["there is no example of it".to_owned()]);
    }
}

/// What the description leaves of an example.
fn poor(description: &Description<'_>, event: &str, example: &Value) -> Value {
    let name = webhooks::name_of(event, example);
    match webhooks::schema_of(description, &name) {
        Some(schema) => reduced(description, &schema, example),
        None => example.clone(),
    }
}

fn read(name: &str, example: &Value, action: &str) -> Vec<String> {
    let reads = READ.contains(&name);
    match Event::parse(name, example.to_string().as_bytes()) {
        Err(error) => vec![format!("{action}: {error}")],
        Ok(Event::Ignored { .. }) if reads => vec![format!("{action}: is ignored though it looks as always")],
        Ok(Event::Ignored { .. }) => Vec::new(),
        Ok(_) if reads => Vec::new(),
        Ok(_) => vec![format!("{action}: is read as an event that Bailiwick is not known to read")],
    }
}

/// The actions of an event in the description, and one that is not there.
fn actions_of(description: &Description<'_>, event: &str) -> Vec<String> {
    let prefix = format!("{}-", event.replace('_', "-"));
    let mut actions = vec!["invented".to_owned()];
    for name in description.keys("/x-webhooks").filter(|name| name.starts_with(&prefix)) {
        let Some((_, schema)) = webhooks::schema_of(description, name).and_then(|pointer| description.at(&pointer))
        else {
            continue;
        };
        let values = schema["properties"]["action"]["enum"].as_array();
        let values = values.into_iter().flatten().filter_map(Value::as_str);
        // `pull-request-` also begins the names of `pull_request_review`'s webhooks.
        actions.extend(values.filter(|value| name[prefix.len()..] == value.replace('_', "-")).map(str::to_owned));
    }
    actions.sort();
    actions.dedup();
    actions
}
