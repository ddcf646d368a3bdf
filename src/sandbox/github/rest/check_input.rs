//! What GitHub makes of a check run's fields, and what it refuses that the schema cannot say.
//!
//! Facts: <https://docs.github.com/rest/checks/runs>.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Outcome};
use super::super::call::text;
use super::super::model::CheckRun;

/// Longest `message` and `raw_details` of an annotation, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;

/// Puts the fields of a request into a check run.
pub(super) fn apply(body: &Map<String, Value>, run: &mut CheckRun, now: &str) -> Outcome<()> {
    for (field, slot) in [("external_id", &mut run.external_id), ("details_url", &mut run.details_url)] {
        if let Some(value) = text(body, field) {
            *slot = Some(value.to_owned());
        }
    }
    for (field, slot) in [("started_at", &mut run.started_at), ("completed_at", &mut run.completed_at)] {
        if let Some(Ok(time)) = text(body, field).map(str::parse::<Timestamp>) {
            *slot = Some(super::super::shapes::time(time));
        }
    }
    apply_status(body, run, now)?;
    if let Some(Value::Object(output)) = body.get("output") {
        apply_output(output, run)?;
    }
    if let Some(Value::Array(actions)) = body.get("actions") {
        run.actions.clone_from(actions);
    }
    Ok(())
}

fn apply_status(body: &Map<String, Value>, run: &mut CheckRun, now: &str) -> Outcome<()> {
    if let Some(status) = text(body, "status") {
        status.clone_into(&mut run.status);
    }
    match text(body, "conclusion") {
        Some(conclusion) => {
            run.conclusion = Some(conclusion.to_owned());
            // A conclusion completes the run, whatever its status was.
            "completed".clone_into(&mut run.status);
        }
        None if text(body, "status") == Some("completed") => {
            return Err(Answer::invalid_request(
                "\"conclusion\" wasn't supplied. Provide a conclusion when the status is completed.",
            ));
        }
        None => {}
    }
    if run.status == "completed" {
        run.completed_at.get_or_insert_with(|| now.to_owned());
        run.started_at.get_or_insert_with(|| now.to_owned());
    } else {
        run.conclusion = None;
        run.completed_at = None;
        if run.status == "in_progress" {
            run.started_at.get_or_insert_with(|| now.to_owned());
        }
    }
    Ok(())
}

fn apply_output(output: &Map<String, Value>, run: &mut CheckRun) -> Outcome<()> {
    let annotations = output.get("annotations").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let checked: Vec<Value> = annotations.iter().map(check_annotation).collect::<Outcome<_>>()?;
    for (field, slot) in [("title", &mut run.title), ("summary", &mut run.summary), ("text", &mut run.text)] {
        if let Some(value) = text(output, field) {
            *slot = Some(value.to_owned());
        }
    }
    // Further annotations are added to those that are there.
    run.annotations.extend(checked);
    Ok(())
}

fn check_annotation(annotation: &Value) -> Outcome<Value> {
    let line = |field: &str| annotation[field].as_i64().unwrap_or_default();
    let text = |field: &str| annotation[field].as_str();
    let (start, end) = (line("start_line"), line("end_line"));
    if start < 1 || end < start {
        return Err(Answer::invalid_request("\"end_line\" must be greater than or equal to \"start_line\"."));
    }
    let columns = [&annotation["start_column"], &annotation["end_column"]];
    if start != end && columns.iter().any(|column| !column.is_null()) {
        return Err(Answer::invalid_request(
            "Annotations only support \"start_column\" and \"end_column\" on the same line.",
        ));
    }
    let long = |field: &str| text(field).is_some_and(|it| it.len() > MAX_MESSAGE);
    if long("message") || long("raw_details") {
        return Err(Answer::invalid_request("\"message\" and \"raw_details\" must be 64 KB or less."));
    }
    Ok(json!({
        "path": text("path"), "start_line": start, "end_line": end,
        "start_column": columns[0], "end_column": columns[1],
        "annotation_level": text("annotation_level"), "message": text("message"), "title": text("title"),
        "raw_details": text("raw_details"),
    }))
}
