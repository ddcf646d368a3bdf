//! Durations as Go writes them (`1h30m`), and as Scala does (`3 hours`).

use crate::schema::go_time;

/// Whether a text is a duration (`ParseDuration` of kube-openapi's `pkg/validation/strfmt/duration.go`).
pub(super) fn check(text: &str) -> bool {
    go_time::duration(text).is_some() || is_scala(text)
}

/// Somewhere a number and behind it the name of a unit; what else stands there does not count, but every number before
/// letters has to fit into 64 bits.
fn is_scala(text: &str) -> bool {
    let (mut rest, mut found) = (text, false);
    while let Some(at) = rest.find(|character: char| character.is_ascii_digit()) {
        let behind = rest[at..].trim_start_matches(|character: char| character.is_ascii_digit());
        let number = &rest[at..rest.len() - behind.len()];
        let word = behind.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
        let end =
            word.find(|character: char| !(character.is_ascii_alphabetic() || character == 'µ')).unwrap_or(word.len());
        if end > 0 && number.parse::<i64>().is_err() {
            return false;
        }
        found |= is_unit(&word[..end].to_lowercase());
        rest = behind;
    }
    found
}

/// The last spelling of each unit may go on: `hours`, `second`.
fn is_unit(unit: &str) -> bool {
    const EXACT: [&str; 10] = ["ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w"];
    const PREFIXES: [&str; 8] = ["nano", "micro", "milli", "sec", "min", "hour", "day", "week"];
    EXACT.contains(&unit) || unit == "wk" || PREFIXES.iter().any(|prefix| unit.starts_with(prefix))
}
