//! Names of hosts, numbers of books and colours.
//!
//! Facts: kubernetes/kube-openapi `pkg/validation/strfmt/default.go` and `pkg/internal/third_party/govalidator`.

use std::sync::LazyLock;

use crate::schema::Pattern;

/// Letters of every script, digits, and symbols such as `+` and `$`, which count as letters.
static WORD: LazyLock<Option<Pattern>> = LazyLock::new(|| Pattern::new(r"^[0-9A-Za-z\pL\pS]*$").ok());
static LETTERS: LazyLock<Option<Pattern>> = LazyLock::new(|| Pattern::new(r"^[A-Za-z\pL]*$").ok());

/// Whether a text is the name of a host: one label, in which only the second character may be a dash, or labels with dots
/// behind them and two letters or more at the end.
pub(super) fn hostname(text: &str) -> Option<bool> {
    if text.len() > 255 || text.split('.').any(|label| label.len() > 63) {
        return Some(false);
    }
    let is_word = |text: &str| WORD.as_ref()?.matches(text);
    let Some((labels, last)) = text.rsplit_once('.') else {
        let mut rest = text.chars();
        let first: String = rest.by_ref().take(1).collect();
        let rest = rest.as_str().strip_prefix('-').unwrap_or(rest.as_str());
        return Some(!first.is_empty() && is_word(&first)? && is_word(rest)? && rest.chars().count() <= 62);
    };
    let count = last.chars().count();
    let mut good = (2..=63).contains(&count) && LETTERS.as_ref()?.matches(last)?;
    for label in labels.split('.') {
        let ends = !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
        good = good && ends && is_word(&label.replace('-', ""))?;
    }
    Some(good)
}

/// The characters of a number of a book: white space and dashes do not count.
fn book(text: &str) -> Vec<u8> {
    text.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'-')).collect()
}

fn digit(byte: u8) -> u32 {
    u32::from(byte.wrapping_sub(b'0'))
}

/// Ten digits, the last one perhaps an X, with a good sum.
pub(super) fn isbn10(text: &str) -> bool {
    let book = book(text);
    let [digits @ .., last] = book.as_slice() else { return false };
    let shape = digits.len() == 9 && digits.iter().all(u8::is_ascii_digit) && (*last == b'X' || last.is_ascii_digit());
    let sum: u32 = (1..).zip(digits).map(|(factor, byte)| factor * digit(*byte)).sum();
    let last = if *last == b'X' { 10 } else { digit(*last) };
    shape && (sum + 10 * last).is_multiple_of(11)
}

/// Thirteen digits with a good sum.
pub(super) fn isbn13(text: &str) -> bool {
    let book = book(text);
    let shape = book.len() == 13 && book.iter().all(u8::is_ascii_digit);
    let sum: u32 = book.iter().zip([1, 3].into_iter().cycle()).map(|(byte, factor)| factor * digit(*byte)).sum();
    shape && sum.is_multiple_of(10)
}

/// `rgb(1, 2, 3)`, each up to 255.
pub(super) fn rgb(text: &str) -> bool {
    let inside = text.strip_prefix("rgb(").and_then(|text| text.strip_suffix(')'));
    let space = [' ', '\t', '\n', '\r', '\u{c}'];
    let part = |part: &str| {
        let part = part.trim_matches(space);
        let plain = part == "0" || (part.bytes().all(|byte| byte.is_ascii_digit()) && !part.starts_with('0'));
        plain && part.parse::<u8>().is_ok()
    };
    inside.is_some_and(|inside| inside.split(',').count() == 3 && inside.split(',').all(part))
}
