//! Durations as Go writes them (`1h30m`), and as Scala does (`3 hours`).

/// Whether a text is a duration; `None` where the numbers are so long that they may be too great.
pub(super) fn check(text: &str) -> Option<bool> {
    if text.bytes().filter(u8::is_ascii_digit).count() > 15 {
        return None;
    }
    Some(is_go(text) || is_scala(text))
}

/// A sign, then numbers with a fraction, each with its unit; or zero alone.
fn is_go(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
        let written = &rest[..rest.len() - number.len()];
        if !written.bytes().any(|byte| byte.is_ascii_digit()) || written.matches('.').count() > 1 {
            return false;
        }
        let end = number.find(|character: char| character.is_ascii_digit() || character == '.').unwrap_or(number.len());
        if !matches!(&number[..end], "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h") {
            return false;
        }
        rest = &number[end..];
    }
    true
}

/// Somewhere a number and behind it the name of a unit; what else stands there does not count.
fn is_scala(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(|character: char| character.is_ascii_digit()) {
        let behind = rest[at..].trim_start_matches(|character: char| character.is_ascii_digit());
        let word = behind.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
        let end =
            word.find(|character: char| !(character.is_ascii_alphabetic() || character == 'µ')).unwrap_or(word.len());
        if is_unit(&word[..end].to_lowercase()) {
            return true;
        }
        rest = behind;
    }
    false
}

/// The last spelling of each unit may go on: `hours`, `second`.
fn is_unit(unit: &str) -> bool {
    const EXACT: [&str; 10] = ["ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w"];
    const PREFIXES: [&str; 8] = ["nano", "micro", "milli", "sec", "min", "hour", "day", "week"];
    EXACT.contains(&unit) || unit == "wk" || PREFIXES.iter().any(|prefix| unit.starts_with(prefix))
}
