//! Text of others on a terminal.

use std::borrow::Cow;

use crate::redact::redact;

/// The text with everything visible: control characters (ANSI escapes begin with one), line and
/// paragraph separators, bidirectional controls, and characters without width are written as
/// `\u{…}`, and without its secrets. The answer is one line.
pub fn visible(text: &str) -> Cow<'_, str> {
    let text = redact(text);
    if !text.chars().any(is_hidden) {
        return text;
    }
    let show =
        |character: char| if is_hidden(character) { character.escape_unicode().to_string() } else { character.into() };
    Cow::Owned(text.chars().map(show).collect())
}

/// Whether a terminal or browser would act on the character, or show nothing for it: Unicode's
/// `Cc`, separators `Zl` and `Zp`, and the format characters (`Cf`) with their look-alikes.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_terminals_act_on_is_shown_as_text() {
        assert_eq!(visible("\u{1b}[31mred\u{1b}[0m"), "\\u{1b}[31mred\\u{1b}[0m");
        assert_eq!(
            visible("a\u{202e}b\u{2066}c\u{200b}d\u{9b}e\u{7f}"),
            "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{9b}e\\u{7f}"
        );
        assert_eq!(visible("one\ntwo\r\u{2028}"), "one\\u{a}two\\u{d}\\u{2028}");
        assert_eq!(visible("Zürich · 東京"), "Zürich · 東京");
        assert_eq!(visible("\u{202e}https://a:b@c"), "\\u{202e}https://a:(redacted)@c");
    }
}
