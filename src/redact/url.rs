//! Passwords in URLs: `https://user:password@host`, `postgres://…`, and `x-access-token:…@` without its scheme.
//!
//! RFC 3986 ends the part with the password at the first `/`, `?` or `#`. People forget to encode those in the
//! password of a database, so there, and where the port would be no number, the last `@` of the word counts.

use std::ops::Range;

use super::scan::{ends_word, run_end};

const DATABASES: [&str; 9] =
    ["postgres", "postgresql", "mysql", "mariadb", "redis", "rediss", "amqp", "mongodb", "srv"];
const ACCESS_TOKEN: &str = "x-access-token:";

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = in_urls(text);
    found.extend(access_tokens(text));
    found
}

/// A word of the text and the last `@` in it.
#[derive(Clone, Copy, Default)]
struct Word {
    end: usize,
    last_at: Option<usize>,
}

impl Word {
    fn from(bytes: &[u8], start: usize) -> Self {
        let end = run_end(bytes, start, |byte| !ends_word(byte));
        Self { end, last_at: bytes[start..end].iter().rposition(|byte| *byte == b'@').map(|place| start + place) }
    }
}

fn in_urls(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    // The word is read once, also where it holds a thousand URLs.
    let (mut from, mut word) = (0, Word::default());
    while let Some(place) = text[from..].find("://") {
        let start = from + place + 3;
        if start > word.end || from == 0 {
            word = Word::from(bytes, start);
        }
        let secret = password(text, start, word);
        from = secret.as_ref().map_or(start, |secret| secret.end);
        found.extend(secret);
    }
    found
}

/// The password of the URL whose authority starts at `start`.
fn password(text: &str, start: usize, word: Word) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let authority = run_end(&bytes[..word.end], start, |byte| !matches!(byte, b'/' | b'?' | b'#'));
    // An IPv6 address has colons of its own.
    let host = if bytes[start..authority].starts_with(b"[") {
        run_end(&bytes[..authority], start, |byte| byte != b']')
    } else {
        start
    };
    let colon = host + bytes[host..authority].iter().position(|byte| *byte == b':')?;
    let is_port = bytes[colon + 1..authority].iter().all(u8::is_ascii_digit);
    let inside = bytes[colon..authority].iter().rposition(|byte| *byte == b'@').map(|place| colon + place);
    let anywhere = word.last_at.filter(|at| *at > colon);
    let at = if is_database(&text[..start]) { anywhere } else { inside.or(anywhere.filter(|_| !is_port)) }?;
    (at > colon + 1).then_some(colon + 1..at)
}

/// Whether what stands before the authority is the scheme of a database.
fn is_database(before: &str) -> bool {
    let before = before.strip_suffix("://").unwrap_or(before);
    let bytes = before.as_bytes();
    let from = bytes.iter().rev().take(16).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let scheme = &bytes[bytes.len() - from..];
    DATABASES.iter().any(|name| {
        scheme.len() >= name.len() && scheme[scheme.len() - name.len()..].eq_ignore_ascii_case(name.as_bytes())
    })
}

fn access_tokens(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(place) = text[from..].find(ACCESS_TOKEN) {
        let start = from + place + ACCESS_TOKEN.len();
        from = run_end(text.as_bytes(), start, |byte| !ends_word(byte) && byte != b'@');
        if from > start {
            found.push(start..from);
        }
    }
    found
}
