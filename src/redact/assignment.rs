//! Values whose name gives them away: `password=…` in a database's URL, `"access_token": "…"` in an answer.

use std::ops::Range;

use super::scan::{Value, find_word, looks_secret, run_end, skip_separator};

const NAMES: [&str; 5] = ["password", "passwd", "access_token", "refresh_token", "client_secret"];

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    NAMES.iter().flat_map(|name| assigned(text.as_bytes(), name)).collect()
}

/// Whether a name alone says that its value is secret.
pub(super) fn is_secret(name: &str) -> bool {
    let others = ["authorization", "token", "private_key"];
    NAMES.iter().chain(&others).any(|known| name.eq_ignore_ascii_case(known))
}

fn assigned(bytes: &[u8], name: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut from, mut plain) = (0, Value::default());
    while let Some(place) = find_word(bytes, from, name) {
        from = place + name.len();
        found.extend(skip_separator(bytes, from).and_then(|(kind, at)| value(bytes, (kind, at), &mut plain)));
    }
    found
}

/// The value after a separator, which is `:` or `=`. In a sentence a colon may follow these words too, so that what
/// comes after one without a quote has to look like a secret.
fn value(bytes: &[u8], (separator, at): (u8, usize), plain: &mut Value) -> Option<Range<usize>> {
    let at = run_end(bytes, at, |byte| byte == b' ');
    let quote = run_end(bytes, at, |byte| byte == b'\\');
    if let Some(mark @ (b'"' | b'\'')) = bytes.get(quote).copied() {
        return quoted(bytes, quote + 1, mark);
    }
    let word = plain.from(bytes, at);
    let is_secret = if separator == b'=' { !word.is_empty() } else { looks_secret(&bytes[word.clone()]) };
    is_secret.then_some(word)
}

/// Up to the quote that ends it, or to the end of the line. The backslash of an escaped quote goes with the value.
fn quoted(bytes: &[u8], start: usize, mark: u8) -> Option<Range<usize>> {
    let end = run_end(bytes, start, |byte| byte != mark && byte != b'\n');
    (end > start).then_some(start..end)
}
