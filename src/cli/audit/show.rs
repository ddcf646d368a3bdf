//! An audit entry as a line for people.

use serde_json::Value;

use crate::report::visible;
use crate::store::AuditRecord;

/// `#12 2026-01-31T12:00:00Z alice (1001) command allowed: /create-team team2 …`.
pub(super) fn line(entry: &AuditRecord) -> String {
    let mut line = format!(
        "#{} {} {} {} {}: {}",
        entry.seq,
        entry.time().strftime("%Y-%m-%dT%H:%M:%SZ"),
        actor(entry),
        entry.action,
        entry.decision,
        entry.what
    );
    if let Some(name) = &entry.repository_name {
        let issue = entry.issue.map_or_else(String::new, |issue| format!("#{issue}"));
        line.push_str(&format!(" in {name}{issue}"));
    }
    let head = entry.head.as_ref().map(|head| head.chars().take(12).collect());
    let more = [("at", head), ("by", entry.proof.clone()), ("because", entry.reason.clone())];
    for (word, text) in more.into_iter().filter_map(|(word, text)| Some((word, text?))) {
        line.push_str(&format!(" · {word} {}", text.replace('\n', " ")));
    }
    for effect in effects(&entry.effects) {
        line.push_str(&format!(" → {effect}"));
    }
    visible(&line).into_owned()
}

fn actor(entry: &AuditRecord) -> String {
    let number = entry.actor_id.map_or_else(String::new, |id| format!(" ({})", id.cast_unsigned()));
    match entry.actor_kind.as_str() {
        "bot" => "the bot".to_owned(),
        "operator" => format!("operator {}{number}", entry.actor_name.as_deref().unwrap_or("?")),
        _ => format!("{}{number}", entry.actor_name.as_deref().unwrap_or("?")),
    }
}

fn effects(json: &str) -> Vec<String> {
    let list: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    list.iter().map(|effect| format!("{} {}", text(&effect["kind"]), text(&effect["id"]))).collect()
}
