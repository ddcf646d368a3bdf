//! What GitHub accepts in a check run, and what it refuses with 422.
//!
//! Facts: <https://docs.github.com/rest/checks/runs>; limits of the OpenAPI description.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Outcome};
use super::super::call::{required, text};
use super::super::model::CheckRun;

/// Longest `summary` and `text`, in characters.
const MAX_TEXT: usize = 65_535;
/// Annotations in one request.
const MAX_ANNOTATIONS: usize = 50;
/// Longest `message` and `raw_details` of an annotation, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;
const STATUSES: [&str; 6] = ["queued", "in_progress", "completed", "waiting", "requested", "pending"];
const CONCLUSIONS: [&str; 7] =
    ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"];
const LEVELS: [&str; 3] = ["notice", "warning", "failure"];

/// Puts the fields of a request into a check run.
pub(super) fn apply(body: &Map<String, Value>, run: &mut CheckRun, now: &str) -> Outcome<()> {
    for (field, slot) in [("external_id", &mut run.external_id), ("details_url", &mut run.details_url)] {
        if let Some(value) = text(body, field) {
            *slot = Some(value.to_owned());
        }
    }
    for (field, slot) in [("started_at", &mut run.started_at), ("completed_at", &mut run.completed_at)] {
        if let Some(value) = text(body, field) {
            let parsed: Timestamp = value.parse().map_err(|_| {
                Answer::invalid_request(format!("{value} is not a valid ISO 8601 timestamp for \"{field}\"."))
            })?;
            *slot = Some(super::super::shapes::time(parsed));
        }
    }
    apply_status(body, run, now)?;
    if let Some(output) = body.get("output") {
        apply_output(output, run)?;
    }
    if let Some(actions) = body.get("actions") {
        run.actions = check_actions(actions)?;
    }
    Ok(())
}

fn apply_status(body: &Map<String, Value>, run: &mut CheckRun, now: &str) -> Outcome<()> {
    if let Some(status) = body.get("status") {
        run.status = member(status, &STATUSES, "status")?;
    }
    match body.get("conclusion").filter(|it| !it.is_null()) {
        Some(conclusion) => {
            run.conclusion = Some(member(conclusion, &CONCLUSIONS, "conclusion")?);
            // A conclusion completes the run, whatever its status was.
            "completed".clone_into(&mut run.status);
        }
        None if run.status == "completed" && body.contains_key("status") && run.conclusion.is_none() => {
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

fn apply_output(output: &Value, run: &mut CheckRun) -> Outcome<()> {
    let Value::Object(output) = output else {
        return Err(Answer::invalid_request(format!("For 'properties/output', {output} is not an object.")));
    };
    let summary = required(output, "summary")?;
    // The schema asks for a title only in new runs, but the check is the same.
    let title = match text(output, "title") {
        Some(title) => Some(title.to_owned()),
        None if run.title.is_none() => return Err(Answer::invalid_request("\"title\" wasn't supplied.")),
        None => run.title.clone(),
    };
    for (field, value) in [("summary", Some(summary)), ("text", text(output, "text"))] {
        let length = value.map_or(0, |value| value.chars().count());
        if length > MAX_TEXT {
            let what = format!("Only {MAX_TEXT} characters are allowed for {field}; {length} were supplied.");
            return Err(Answer::invalid_request(what));
        }
    }
    let annotations = match output.get("annotations") {
        Some(Value::Array(annotations)) => annotations.as_slice(),
        Some(other) => return Err(Answer::invalid_request(format!("{other} is not an array."))),
        None => &[],
    };
    if annotations.len() > MAX_ANNOTATIONS {
        let what = format!("No more than {MAX_ANNOTATIONS} items are allowed; {} were supplied.", annotations.len());
        return Err(Answer::invalid_request(what));
    }
    let checked: Vec<Value> = annotations.iter().map(check_annotation).collect::<Outcome<_>>()?;
    run.title = title;
    run.summary = Some(summary.to_owned());
    if let Some(value) = text(output, "text") {
        run.text = Some(value.to_owned());
    }
    // Further annotations are added to those that are there.
    run.annotations.extend(checked);
    Ok(())
}

fn check_annotation(annotation: &Value) -> Outcome<Value> {
    let Value::Object(fields) = annotation else {
        return Err(Answer::invalid_request(format!("{annotation} is not an object.")));
    };
    let line = |field: &str| match fields.get(field).map(Value::as_u64) {
        Some(Some(line)) => Ok(line),
        Some(None) => Err(Answer::invalid_request(format!("\"{field}\" is not an integer."))),
        None => Err(Answer::invalid_request(format!("\"{field}\" wasn't supplied."))),
    };
    let path = required(fields, "path")?;
    let message = required(fields, "message")?;
    let level = fields.get("annotation_level");
    let level = level.ok_or_else(|| Answer::invalid_request("\"annotation_level\" wasn't supplied."))?;
    let level = member(level, &LEVELS, "annotation_level")?;
    let (start, end) = (line("start_line")?, line("end_line")?);
    if end < start {
        return Err(Answer::invalid_request("\"end_line\" must be greater than or equal to \"start_line\"."));
    }
    let column = |field: &str| fields.get(field).filter(|it| !it.is_null()).map(|_| line(field)).transpose();
    let (start_column, end_column) = (column("start_column")?, column("end_column")?);
    if start != end && (start_column.is_some() || end_column.is_some()) {
        return Err(Answer::invalid_request(
            "Annotations only support \"start_column\" and \"end_column\" on the same line.",
        ));
    }
    if message.len() > MAX_MESSAGE || text(fields, "raw_details").is_some_and(|it| it.len() > MAX_MESSAGE) {
        return Err(Answer::invalid_request("\"message\" and \"raw_details\" must be 64 KB or less."));
    }
    if text(fields, "title").is_some_and(|title| title.chars().count() > 255) {
        return Err(Answer::invalid_request("Only 255 characters are allowed for \"title\"."));
    }
    Ok(json!({
        "path": path, "start_line": start, "end_line": end, "start_column": start_column, "end_column": end_column,
        "annotation_level": level, "message": message, "title": text(fields, "title"),
        "raw_details": text(fields, "raw_details"),
    }))
}

fn check_actions(actions: &Value) -> Outcome<Vec<Value>> {
    let actions = actions.as_array().ok_or_else(|| Answer::invalid_request("\"actions\" is not an array."))?;
    if actions.len() > 3 {
        let what = format!("No more than 3 items are allowed; {} were supplied.", actions.len());
        return Err(Answer::invalid_request(what));
    }
    for action in actions {
        let fields = action.as_object().ok_or_else(|| Answer::invalid_request("An action is not an object."))?;
        for (field, limit) in [("label", 20), ("description", 40), ("identifier", 20)] {
            let length = required(fields, field)?.chars().count();
            if length > limit {
                let what = format!("Only {limit} characters are allowed for \"{field}\"; {length} were supplied.");
                return Err(Answer::invalid_request(what));
            }
        }
    }
    Ok(actions.clone())
}

fn member(value: &Value, allowed: &[&str], field: &str) -> Outcome<String> {
    let found = value.as_str().filter(|text| allowed.contains(text));
    found.map(str::to_owned).ok_or_else(|| {
        Answer::invalid_request(format!("For 'properties/{field}', {value} is not a member of {allowed:?}."))
    })
}
