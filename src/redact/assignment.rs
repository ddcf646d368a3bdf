//! Values whose name gives them away: `password=…` in a database's URL, `"access_token": "…"` in an answer,
//! `token: …` in a line of YAML.

use std::ops::Range;

use super::Edges;
use super::scan::{Value, find_word, is_word, looks_secret, run_end, skip_separator};

const NAMES: [&str; 5] = ["password", "passwd", "access_token", "refresh_token", "client_secret"];

/// Names that sentences have too: `unexpected token: ';'`. They count as the key of a line of YAML, or where the
/// value itself looks like a secret.
const KEYS: [&str; 3] = ["token", "client-key-data", "client-secret"];

/// No key is longer; so far is looked back for where one begins.
const LONGEST_KEY: usize = 64;

/// What these names are given to say that there is nothing.
const NOTHING: [&[u8]; 6] = [b"null", b"true", b"false", b"~", b"|", b">"];

pub(super) fn find(text: &str, edges: Edges) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let named = NAMES.iter().flat_map(|name| assigned(bytes, name));
    let keys = NAMES.iter().chain(&KEYS).flat_map(|name| in_yaml(bytes, edges, name));
    named.chain(keys).collect()
}

/// Whether a name alone says that its value is secret.
pub(super) fn is_secret(name: &str) -> bool {
    let others = ["authorization", "private_key"];
    NAMES.iter().chain(&KEYS).chain(&others).any(|known| name.eq_ignore_ascii_case(known))
}

fn assigned(bytes: &[u8], name: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut from, mut plain) = (0, Value::default());
    while let Some(place) = find_word(bytes, from, name) {
        from = place + name.len();
        found.extend(skip_separator(bytes, from).and_then(|at| value(bytes, at, &mut plain)));
    }
    found
}

/// The value after a separator, which is `:` or `=`. In a sentence a colon may follow these words too, so that what
/// comes after one without a quote has to look like no word of one.
fn value(bytes: &[u8], (separator, at): (u8, usize), plain: &mut Value) -> Option<Range<usize>> {
    let at = run_end(bytes, at, |byte| byte == b' ');
    let quote = run_end(bytes, at, |byte| byte == b'\\');
    if let Some(mark @ (b'"' | b'\'')) = bytes.get(quote).copied() {
        return quoted(bytes, quote + 1, mark);
    }
    let word = plain.from(bytes, at);
    let value = &bytes[word.clone()];
    let is_secret = if separator == b'=' { !word.is_empty() } else { looks_secret(value) || !is_word(value) };
    is_secret.then_some(word)
}

/// Up to the quote that ends it, or to the end of the line. The backslash of an escaped quote goes with the value.
fn quoted(bytes: &[u8], start: usize, mark: u8) -> Option<Range<usize>> {
    let end = run_end(bytes, start, |byte| byte != mark && byte != b'\n');
    (end > start).then_some(start..end)
}

/// The values of a name that is the key of `key: value`: one word, and nothing after it, whatever it is. Elsewhere
/// only what looks like a secret.
fn in_yaml(bytes: &[u8], edges: Edges, name: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut from, mut plain) = (0, Value::default());
    while let Some(place) = find_word(bytes, from, name) {
        from = place + name.len();
        let Some((b':', at)) = skip_separator(bytes, from) else { continue };
        // `x-access-token:…@` is the user of a URL, and no line of YAML.
        let value_at = run_end(bytes, at, |byte| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'\\'));
        if value_at == at {
            continue;
        }
        let at = value_at;
        let word = plain.from(bytes, at);
        let value = &bytes[word.clone()];
        let is_key = is_key(bytes, place, edges) && is_last(bytes, word.end, edges);
        let is_value = !value.is_empty() && !NOTHING.contains(&value);
        if looks_secret(value) || is_key && is_value {
            found.push(word);
        }
    }
    found
}

/// Whether a key begins or goes on here: at the start of a line, of an item or of a mapping, and behind what an
/// error shows in front of a line (`3 | token: …`). A key may have a word in front (`id-token`).
fn is_key(bytes: &[u8], place: usize, edges: Edges) -> bool {
    let before = &bytes[place.saturating_sub(LONGEST_KEY)..place];
    let own = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let words = before.iter().rev().take_while(|byte| own(byte)).count();
    if words > 0 && !matches!(before.last(), Some(b'-' | b'_')) {
        return false;
    }
    let before = &before[..before.len() - words];
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'\\');
    match before.iter().rev().find(|byte| !blank(byte)) {
        None => edges.first && place <= LONGEST_KEY,
        Some(byte) => matches!(byte, b'\n' | b'\r' | b'{' | b',' | b'-' | b'|' | b'(' | b'`' | b';'),
    }
}

/// Whether nothing of the same value comes after it.
fn is_last(bytes: &[u8], end: usize, edges: Edges) -> bool {
    let quotes = run_end(bytes, end, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    match bytes.get(run_end(bytes, quotes, |byte| matches!(byte, b' ' | b'\t'))) {
        None => edges.last,
        Some(byte) => matches!(byte, b'\n' | b'\r' | b',' | b'}' | b']' | b')' | b'`' | b'#' | b';'),
    }
}
