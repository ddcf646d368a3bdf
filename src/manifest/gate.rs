//! The byte gate: what is refused before any parser sees it, because parsers read it differently.

use super::lines::{BYTE_ORDER_MARK, Lines};
use super::{Position, Problem};

/// The largest file that is read. The API server takes requests of 3 MiB (k8s.io/apiserver, `MaxRequestBodyBytes`)
/// and etcd stores 1.5 MiB, and YAML is longer than the JSON that it becomes.
pub(super) const MAXIMUM_SIZE: usize = 3 * 1024 * 1024;

/// How many problems of one file are told.
pub(super) const MAXIMUM_PROBLEMS: usize = 20;

/// The text of a file that passed, without its byte order mark, and how many bytes that took.
pub(super) type Text<'a> = (&'a str, usize);

/// Lets a file pass, or says why not.
pub(super) fn pass(bytes: &[u8]) -> Result<Text<'_>, Vec<Problem>> {
    if bytes.len() > MAXIMUM_SIZE {
        let message = format!("The file has {} bytes; more than 3 MiB is not judged.", bytes.len());
        return Err(vec![problem(start(), message, "Split the file.")]);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| vec![not_utf8(bytes, error.valid_up_to())])?;
    let (text, base) = text.strip_prefix(BYTE_ORDER_MARK).map_or((text, 0), |text| (text, BYTE_ORDER_MARK.len()));
    let problems = characters(text, base).chain(document_lines(text, base)).take(MAXIMUM_PROBLEMS).collect::<Vec<_>>();
    if problems.is_empty() { Ok((text, base)) } else { Err(problems) }
}

/// A problem at a place.
pub(super) fn problem(position: Position, message: impl Into<String>, help: &str) -> Problem {
    Problem { position, message: message.into(), help: help.to_owned() }
}

fn start() -> Position {
    Position { offset: 0, line: 1, column: 1 }
}

fn not_utf8(bytes: &[u8], valid: usize) -> Problem {
    let valid_text = std::str::from_utf8(&bytes[..valid]).unwrap_or_default();
    let position = Lines::new(valid_text, 0).position(valid);
    problem(position, "The file is not UTF-8.", "Save it as UTF-8.")
}

fn characters(text: &str, base: usize) -> impl Iterator<Item = Problem> {
    let mut lines = Lines::new(text, base);
    // All refused characters are control characters below U+0020, or not ASCII.
    text.char_indices().filter(|(_, character)| !(' '..='~').contains(character)).filter_map(move |(at, character)| {
        let what = refused(character, text.as_bytes().get(at + 1).copied())?;
        let message = format!("{what} (U+{:04X}): programs read this file differently.", u32::from(character));
        Some(problem(lines.position(at), message, "Remove the character."))
    })
}

/// What is wrong with a character, and nothing for one that all parsers take for the same.
fn refused(character: char, next: Option<u8>) -> Option<&'static str> {
    Some(match character {
        '\t' | '\n' => return None,
        '\r' if next == Some(b'\n') => return None,
        '\r' => "A carriage return without a line feed is a hidden line break",
        '\0'..='\u{1f}' | '\u{7f}' | '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}' => "A control character",
        '\u{85}' | '\u{2028}' | '\u{2029}' => "A hidden line break",
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {
            "A hidden character that reverses the direction of text"
        }
        '\u{feff}' => "A byte order mark inside the file",
        '\u{fffe}' | '\u{ffff}' => "A code point that is no character",
        _ => return None,
    })
}

/// Lines that start with `---` or `...`: kustomize cuts a file at every line that starts with
/// `---` and takes what follows on that line for an error, and Go's parser forgets what follows a
/// `...`, while other parsers read on.
fn document_lines(text: &str, base: usize) -> impl Iterator<Item = Problem> {
    let mut lines = Lines::new(text, base);
    let mut offset = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let at = offset;
        offset += line.len();
        let blank = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']);
        if let Some(rest) = line.strip_prefix("---") {
            let content = rest.trim();
            let judged = content.is_empty() || content.starts_with('#') && blank(rest);
            let message = "A line that starts with `---` holds something else too: kustomize refuses it.";
            return (!judged).then(|| problem(lines.position(at), message, "Put it on the next line."));
        }
        let rest = line.strip_prefix("...")?;
        let message = "A line `...` ends the document: Flux forgets what follows, other programs do not.";
        blank(rest).then(|| problem(lines.position(at), message, "Separate documents with `---`."))
    })
}

#[cfg(test)]
mod tests {
    use super::pass;

    #[test]
    fn what_parsers_read_differently_is_refused_with_its_place() {
        for (text, place) in [
            ("a: 1\n# x\u{2028}rules: []\n", (2, 4)),
            ("a: 1\u{85}b: 2\n", (1, 5)),
            ("a: 1\rb: 2\n", (1, 5)),
            ("a: \0\n", (1, 4)),
            ("a: \u{202e}x\n", (1, 4)),
            ("a: 1\n\u{feff}b: 2\n", (2, 1)),
            ("a: 1\n---b: 2\n", (2, 1)),
            ("a: 1\n--- {b: 2}\n", (2, 1)),
            ("a: 1\n---#x\n", (2, 1)),
            ("a: 1\n...\nb: 2\n", (2, 1)),
        ] {
            let problems = pass(text.as_bytes()).expect_err(text);
            let position = problems.first().expect("a problem").position;
            assert_eq!((position.line, position.column), place, "{text:?}");
        }
        assert!(pass(b"a: 1\n\xff\n").is_err());
        assert!(pass(&vec![b'a'; super::MAXIMUM_SIZE + 1]).is_err());
    }

    #[test]
    fn plain_text_passes() {
        for text in ["", "\u{feff}a: 1\n", "a: 1\r\n--- # two\r\nb: é\t\n", "---\n---\n", "a: ...x\n....\n"] {
            assert!(pass(text.as_bytes()).is_ok(), "{text:?}");
        }
    }
}
