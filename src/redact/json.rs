//! Secrets in JSON. The values are looked at and not the text, so that the answer is JSON again.

use serde_json::Value;

use super::assignment::is_secret;
use super::{MARK, redact, redacted};

/// The text with every secret taken out of its values; a text that is no JSON like any other.
/// Blanks between values are not kept, a line break at the end is.
pub fn redact_json(text: &str) -> String {
    let Ok(value) = serde_json::from_str(text) else { return redacted(text) };
    let end = if text.ends_with('\n') { "\n" } else { "" };
    format!("{}{end}", redact_value(value))
}

/// The value with every secret taken out of the texts in it, and out of the names of objects' members.
pub fn redact_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(owned(text)),
        Value::Array(items) => Value::Array(items.into_iter().map(redact_value).collect()),
        Value::Object(members) => Value::Object(members.into_iter().map(member).collect()),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

fn member((name, value): (String, Value)) -> (String, Value) {
    let value = match value {
        Value::String(text) if is_secret(&name) && !text.is_empty() => Value::String(MARK.to_owned()),
        value => redact_value(value),
    };
    (owned(name), value)
}

/// Keeps the text where nothing is taken out of it.
fn owned(text: String) -> String {
    match redact(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(clean) => clean,
    }
}
