//! Conditions in a status.

use serde_json::{Value, json};

use crate::sandbox::cluster::store::json::{child, number, text};

/// Sets a condition of an object; its transition time moves only with its status.
pub(super) fn set(object: &mut Value, kind: &str, status: &str, words: (&str, &str), now: &str) {
    let generation = number(object, "/metadata/generation");
    let conditions = conditions(object);
    let old = conditions.iter().find(|condition| condition["type"] == kind);
    let since = old.filter(|old| old["status"] == status).map_or(now, |old| text(old, "/lastTransitionTime"));
    let condition = json!({
        "type": kind, "status": status, "reason": words.0, "message": cut(words.1), "lastTransitionTime": since,
        "observedGeneration": generation,
    });
    conditions.retain(|condition| condition["type"] != kind);
    conditions.push(condition);
}

/// Takes a condition away.
pub(super) fn clear(object: &mut Value, kind: &str) {
    conditions(object).retain(|condition| condition["type"] != kind);
}

fn conditions(object: &mut Value) -> &mut Vec<Value> {
    let conditions = child(object, "status").as_object_mut().expect("a map").entry("conditions").or_insert(json!([]));
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    conditions.as_array_mut().expect("it was made one above")
}

/// Conditions hold at most 32 KiB of text (apimachinery, `Condition.message`).
fn cut(message: &str) -> String {
    message.chars().take(32_000).collect()
}
