//! The schema check that GitHub makes of a request's body before anything else looks at it. What
//! its OpenAPI description (`api.github.com`, version 2022-11-28) calls required must be there, and
//! what is there must have the described form; fields that are not described are ignored.

use serde_json::{Map, Value};

use super::answer::{Answer, Outcome};

/// The form of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A string of at most so many characters.
    Text(usize),
    /// One of these strings.
    Word(&'static [&'static str]),
    /// An ISO 8601 time.
    Time,
    Integer,
    Flag,
    /// At most so many of the same kind.
    List(&'static Kind, usize),
    /// An object with these fields.
    Object(&'static [Field]),
    /// An object of whatever.
    Map,
    /// One of several kinds.
    Either(&'static [Kind]),
}

/// One field of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
    null: bool,
}

/// Any length.
pub(crate) const ANY: usize = usize::MAX;

/// A field that may be missing.
pub(crate) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false, null: false }
}

/// A field that must be there.
pub(crate) const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true, null: false }
}

/// A field that may be missing or `null`.
pub(crate) const fn nullable(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false, null: true }
}

/// A string field that may be missing.
pub(crate) const fn text(name: &'static str) -> Field {
    optional(name, Kind::Text(ANY))
}

/// A yes or no that may be missing.
pub(crate) const fn flag(name: &'static str) -> Field {
    optional(name, Kind::Flag)
}

/// Refuses a body that the schema forbids, with 422 and GitHub's words.
pub(crate) fn check(body: &Map<String, Value>, fields: &[Field]) -> Outcome<()> {
    object(body, fields, "properties")
}

fn object(body: &Map<String, Value>, fields: &[Field], at: &str) -> Outcome<()> {
    for field in fields {
        match body.get(field.name) {
            None if field.required => {
                return Err(Answer::invalid_request(format!("\"{}\" wasn't supplied.", field.name)));
            }
            None => {}
            Some(Value::Null) if field.null => {}
            Some(given) => value(given, field.kind, &format!("{at}/{}", field.name))?,
        }
    }
    Ok(())
}

fn value(given: &Value, kind: Kind, at: &str) -> Outcome<()> {
    let refuse = |what: String| Err(Answer::invalid_request(format!("For '{at}', {what}")));
    // GitHub speaks Ruby.
    let shown = if given.is_null() { "nil".to_owned() } else { given.to_string() };
    match (kind, given) {
        (Kind::Text(most), Value::String(text)) => {
            let length = text.chars().count();
            if length > most {
                let what = format!("Only {most} characters are allowed; {length} were supplied.");
                return Err(Answer::invalid_request(what));
            }
            Ok(())
        }
        (Kind::Word(words), Value::String(text)) if words.contains(&text.as_str()) => Ok(()),
        (Kind::Word(words), _) => refuse(format!("{shown} is not a member of {words:?}.")),
        (Kind::Time, Value::String(text)) if text.parse::<jiff::Timestamp>().is_ok() => Ok(()),
        (Kind::Time, _) => refuse(format!("{shown} is not a valid ISO 8601 timestamp.")),
        (Kind::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(()),
        (Kind::Flag, Value::Bool(_)) | (Kind::Map, Value::Object(_)) => Ok(()),
        (Kind::Object(fields), Value::Object(given)) => object(given, fields, at),
        (Kind::List(kind, most), Value::Array(items)) => {
            if items.len() > most {
                let what = format!("No more than {most} items are allowed; {} were supplied.", items.len());
                return Err(Answer::invalid_request(what));
            }
            items.iter().enumerate().try_for_each(|(index, item)| value(item, *kind, &format!("{at}/{index}")))
        }
        (Kind::Either(kinds), _) if kinds.iter().any(|kind| value(given, *kind, at).is_ok()) => Ok(()),
        (Kind::Text(_), _) => refuse(format!("{shown} is not a string.")),
        (Kind::Integer, _) => refuse(format!("{shown} is not an integer.")),
        (Kind::Flag, _) => refuse(format!("{shown} is not a boolean.")),
        (Kind::List(..), _) => refuse(format!("{shown} is not an array.")),
        (Kind::Object(_) | Kind::Map, _) => refuse(format!("{shown} is not an object.")),
        (Kind::Either(_), _) => refuse(format!("{shown} matches no possible input.")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIELDS: &[Field] = &[
        required("name", Kind::Text(3)),
        flag("draft"),
        nullable("note", Kind::Text(ANY)),
        optional("state", Kind::Word(&["open", "closed"])),
        optional("at", Kind::Time),
        optional("lines", Kind::List(&Kind::Object(&[required("line", Kind::Integer)]), 2)),
        optional("payload", Kind::Either(&[Kind::Map, Kind::Text(ANY)])),
    ];

    fn said(body: &Value) -> String {
        let body = body.as_object().expect("an object");
        check(body, FIELDS).map_or_else(|refusal| refusal.message(), |()| "fine".to_owned())
    }

    #[test]
    fn what_is_described_passes() {
        let full = json!({"name": "a", "draft": true, "note": null, "state": "open", "at": "2026-11-24T10:00:00Z",
            "lines": [{"line": 1}], "payload": {"x": 1}, "unknown": 1});
        assert_eq!(said(&full), "fine");
        assert_eq!(said(&json!({"name": "äöü", "payload": "text", "note": "n"})), "fine");
    }

    #[test]
    fn everything_else_is_refused_in_githubs_words() {
        for (body, words) in [
            (json!({}), "\"name\" wasn't supplied."),
            (json!({"name": null}), "For 'properties/name', nil is not a string."),
            (json!({"name": "abcd"}), "Only 3 characters are allowed; 4 were supplied."),
            (json!({"name": "a", "draft": "yes"}), "For 'properties/draft', \"yes\" is not a boolean."),
            (
                json!({"name": "a", "state": "shut"}),
                "For 'properties/state', \"shut\" is not a member of [\"open\", \"closed\"].",
            ),
            (json!({"name": "a", "at": "now"}), "For 'properties/at', \"now\" is not a valid ISO 8601 timestamp."),
            (json!({"name": "a", "lines": {}}), "For 'properties/lines', {} is not an array."),
            (json!({"name": "a", "lines": [1]}), "For 'properties/lines/0', 1 is not an object."),
            (json!({"name": "a", "lines": [{"line": 1.5}]}), "For 'properties/lines/0/line', 1.5 is not an integer."),
            (json!({"name": "a", "lines": [{}]}), "\"line\" wasn't supplied."),
            (
                json!({"name": "a", "lines": [{"line": 1}, {"line": 1}, {"line": 1}]}),
                "No more than 2 items are allowed; 3 were supplied.",
            ),
            (json!({"name": "a", "payload": 1}), "For 'properties/payload', 1 matches no possible input."),
        ] {
            assert_eq!(said(&body), format!("Invalid request.\n\n{words}"), "{body}");
        }
    }
}
