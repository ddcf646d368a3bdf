//! Text of others inside GitHub's Markdown, made harmless.
//!
//! Backslashes keep Markdown from seeing its marks, but GitHub looks for mentions, issue numbers and
//! addresses in the rendered text, where a backslash is gone. There, a WORD JOINER (which has no
//! width) stands between the mark and what follows it.
//!
//! Secrets are taken out of every text first: once it is escaped, cut or split they are not to be recognised.

use super::visible;
use crate::redact::redact;

/// A character without width at which GitHub's links stop.
const JOINER: char = '\u{2060}';

/// The text as one line of Markdown that reads the same, and mentions nobody, links nothing,
/// closes no issue, opens no HTML and starts no list, table, heading or code.
pub fn escape(text: &str) -> String {
    let text = visible(text);
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // `@name` and mail addresses, `#1` and `org/repo#1`.
            '@' | '#' => escaped.extend(['\\', character, JOINER]),
            // `https://…` and `www.…`.
            ':' if characters.peek() == Some(&'/') => escaped.extend([':', JOINER]),
            '.' if before.eq_ignore_ascii_case(&'w') => escaped.extend([JOINER, '.']),
            // `GH-1` is an issue too.
            '-' if before.eq_ignore_ascii_case(&'h') => escaped.extend(['-', JOINER]),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|' | '$' | '!' | '=' => escaped.extend(['\\', character]),
            // Lists: `- x`, `+ x`, `1. x`, `1) x`.
            '-' | '+' if before == ' ' => escaped.extend(['\\', character]),
            '.' | ')' if before.is_ascii_digit() => escaped.extend(['\\', character]),
            other => escaped.push(other),
        }
        before = character;
    }
    escaped
}

/// The text as code inside a line: GitHub neither renders nor links what stands in it. It is safe
/// in a table's cell too.
pub fn code(text: &str) -> String {
    let text = visible(text);
    if text.trim().is_empty() {
        return escape(&text);
    }
    // A table splits its cells at `|` before it looks at code, and takes `\|` for a plain `|`.
    // Outside of a table the backslash would be shown, so the look-alike U+2502 stands in.
    let text = text.replace('|', "\u{2502}");
    let fence = "`".repeat(longest_run(&text) + 1);
    // Backticks at an edge need a space, which Markdown takes off again.
    let edge = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{edge}{text}{edge}{fence}")
}

/// A sentence of ours that repeats words of others: what stands between two backticks is code, the
/// rest is escaped. Backticks among the words of others can move the marks, and both ways of
/// writing are harmless.
pub fn prose(text: &str) -> String {
    let text = redact(text);
    let mut parts: Vec<&str> = text.split('`').collect();
    // A backtick without a partner is a letter like any other.
    let odd = if parts.len().is_multiple_of(2) { parts.pop() } else { None };
    let spans = parts.iter().enumerate();
    let written = spans.map(|(index, part)| if index % 2 == 0 { escape(part) } else { code(part) });
    let mut prose: String = written.collect();
    if let Some(rest) = odd {
        prose.push_str(&escape(&format!("`{rest}")));
    }
    prose
}

/// The text as a block of code, lines kept.
pub fn block(text: &str, language: &str) -> String {
    let text = redact(text);
    let fence = "`".repeat((longest_run(&text) + 1).max(3));
    let lines: Vec<_> = text.lines().map(visible).collect();
    format!("{fence}{language}\n{}\n{fence}", lines.join("\n"))
}

/// The text, cut to `max_bytes` between two characters, with a visible note where it was cut. Where
/// not even the note fits, as much of the text as fits.
pub fn cut(text: &str, max_bytes: usize) -> String {
    let text = redact(text);
    if text.len() <= max_bytes {
        return text.into_owned();
    }
    let note = format!("… (cut: {} bytes in all)", text.len());
    match max_bytes.checked_sub(note.len()) {
        Some(kept) => format!("{}{note}", head(&text, kept)),
        None => head(&text, max_bytes).to_owned(),
    }
}

/// The longest beginning of the text within `max_bytes` that ends between two characters.
fn head(text: &str, max_bytes: usize) -> &str {
    let end = (0..=max_bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|character| character != '`');
    runs.map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
