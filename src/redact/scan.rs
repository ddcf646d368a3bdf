//! Small steps over bytes that the forms share. All of them stop at ASCII characters or at the end, so that every
//! place that they give is one between two characters.

use std::ops::Range;

/// Where the longest run of bytes that `fits` ends, from `from` on.
pub(super) fn run_end(bytes: &[u8], from: usize, fits: impl Fn(u8) -> bool) -> usize {
    bytes[from..].iter().position(|byte| !fits(*byte)).map_or(bytes.len(), |length| from + length)
}

/// The next place of `needle`, in small or large letters.
pub(super) fn find_word(bytes: &[u8], from: usize, needle: &str) -> Option<usize> {
    let needle = needle.as_bytes();
    let place = bytes.get(from..)?.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle));
    place.map(|place| from + place)
}

/// Whether a byte ends a word that people would not write into the middle of a secret: spaces, control
/// characters, and what quotes or brackets text.
pub(super) fn ends_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_control() || matches!(byte, b'"' | b'<' | b'>' | b'`')
}

/// The same, and what ends a value in a header or an assignment.
fn ends_value(byte: u8) -> bool {
    ends_word(byte) || matches!(byte, b'\'' | b'\\' | b',' | b';' | b'&' | b')' | b']' | b'}')
}

/// Whether it reads like a word of a sentence: letters and hyphens, a capital at most in front. No
/// word is longer than 31 characters.
pub(super) fn is_word(value: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'.' | b':');
    value.len() < 32
        && value.split_first().is_none_or(|(first, rest)| first.is_ascii_alphabetic() && rest.iter().all(plain))
}

/// Whether a value without a name that gives it away is taken for a secret.
pub(super) fn looks_secret(value: &[u8]) -> bool {
    value.len() >= 8 && !is_word(value)
}

/// The end of the value that a byte stands in, found once for all starts within it: they come in order.
#[derive(Default)]
pub(super) struct Value {
    start: usize,
    end: usize,
}

impl Value {
    /// The value from `start` on.
    pub(super) fn from(&mut self, bytes: &[u8], start: usize) -> Range<usize> {
        if start < self.start || start >= self.end {
            self.start = start;
            self.end = run_end(bytes, start, |byte| !ends_value(byte));
        }
        start..self.end
    }
}

/// Past blanks, quotes, backslashes and a terminal's colours.
pub(super) fn skip_quotes(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'"' | b'\'' | b'\\' | b'[') => at += 1,
            // A colour: `ESC [ 3 m`.
            Some(0x1b) if bytes.get(at + 1) == Some(&b'[') => {
                let letter = run_end(bytes, at + 2, |byte| byte.is_ascii_digit() || byte == b';');
                if bytes.get(letter) != Some(&b'm') {
                    return at;
                }
                at = letter + 1;
            }
            _ => return at,
        }
    }
}

/// Past `:` or `=` and what is around it; says which it was.
pub(super) fn skip_separator(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let at = skip_quotes(bytes, at);
    let separator = *bytes.get(at).filter(|byte| matches!(byte, b':' | b'='))?;
    Some((separator, at + 1))
}
