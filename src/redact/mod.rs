//! Secrets in text, taken out before the text leaves the process: for the log, error texts, stored
//! reasons, comments and check runs.
//!
//! Secrets are `secrecy` types and should never come this far. This is for those that come back in
//! the words of others: a forge's error, Flux's message, a panic, a URL that somebody configured.
//! What is taken out is known by its form, one file for each. A webhook secret has none, nor has a
//! hexadecimal token of GitHub's first years, which looks like a commit.
//!
//! Every form looks at the whole text for itself, and what any of them finds goes: so no form can hide a
//! secret from another. All of them read the text a fixed number of times, whatever it holds.

mod assignment;
mod header;
mod json;
mod jwt;
mod pem;
mod scan;
mod token;
mod url;

use std::borrow::Cow;
use std::ops::Range;

pub use json::{redact_json, redact_value};

/// What stands where a secret stood. It reads the same in Markdown, JSON and URLs.
pub const MARK: &str = "(redacted)";

/// Finds the secrets of one form in the text.
type Form = fn(&str) -> Vec<Range<usize>>;

const FORMS: [Form; 5] = [token::find, jwt::find, pem::find, url::find, header::find];

/// Whether a part of a text begins where the text does, and ends where it does, and not at a mark.
#[derive(Debug, Clone, Copy)]
struct Edges {
    first: bool,
    last: bool,
}

/// The text with [`MARK`] for every secret in it; the text itself where there is none. Doing it again
/// changes nothing.
pub fn redact(text: &str) -> Cow<'_, str> {
    let spans = merged(secrets(text));
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        clean.push_str(&text[from..span.start]);
        clean.push_str(MARK);
        from = span.end;
    }
    clean.push_str(&text[from..]);
    Cow::Owned(clean)
}

/// The text, owned; see [`redact`].
pub fn redacted(text: &str) -> String {
    redact(text).into_owned()
}

/// What stands before and after a mark is looked at alone: so a second look sees nothing new.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut offset = 0;
    for part in text.split(MARK) {
        let edges = Edges { first: offset == 0, last: offset + part.len() == text.len() };
        let found = FORMS.iter().flat_map(|form| form(part)).chain(assignment::find(part, edges));
        spans.extend(found.map(|span| span.start + offset..span.end + offset));
        offset += part.len() + MARK.len();
    }
    spans
}

/// Sorted, and one where several overlap or touch.
fn merged(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
