//! Which scalars without quotes are read in more than one way, and how.

use crate::manifest::{Node, Scalar, Value};
use crate::rules::shown;

/// Who reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// Flux reads objects.
    Flux,
    /// kustomize reads its own files and JSON patches, by the rules of `kubectl`.
    Kustomize,
}

/// What is said of a scalar that is read in more than one way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    /// Who reads what.
    pub(super) message: String,
    /// What mends it.
    pub(super) help: &'static str,
}

const QUOTE: &str = "Put it in quotes if it is text; write `true` or `false` if it is not.";
const QUOTE_NULL: &str = "Write `null`, or text in quotes.";
const QUOTE_KEY: &str = "Put the key in quotes.";
const QUOTE_TEXT: &str = "Put it in quotes as it is meant.";
const QUOTE_NUMBER: &str = "Put it in quotes if it is text, or write the number that is meant.";

/// The doubt about a scalar under the key `name`, where there is any.
pub(super) fn doubt(node: &Node, name: &str, is_key: bool, reader: Reader) -> Option<Doubt> {
    let Value::Scalar { value, text, plain: true } = &node.value else { return None };
    // All of them start so, or are nothing.
    if text.starts_with(|first: char| !first.is_ascii_digit() && !"yYnNoOtTfF~+-.".contains(first)) {
        return None;
    }
    let by_kubectl = node.by_kubectl()?;
    let said = if is_key { said_of_key } else { said };
    match reader {
        Reader::Kustomize => (matches!(by_kubectl, Scalar::Bool(_)) && by_kubectl != *value).then(|| Doubt {
            message: format!("kustomize reads {} here; in an object Flux reads {}.", said(&by_kubectl), said(value)),
            help: if is_key { QUOTE_KEY } else { QUOTE },
        }),
        Reader::Flux if by_kubectl != *value => Some(Doubt {
            message: format!("Flux reads {} here, kubectl reads {}.", said(value), said(&by_kubectl)),
            help: match by_kubectl {
                _ if is_key => QUOTE_KEY,
                Scalar::Bool(_) => QUOTE,
                Scalar::Null => QUOTE_NULL,
                _ => QUOTE_TEXT,
            },
        }),
        Reader::Flux if !is_key => misread(text, value, name),
        Reader::Flux => None,
    }
}

/// What all of Flux and `kubectl` read alike, and people do not.
fn misread(text: &str, value: &Scalar, name: &str) -> Option<Doubt> {
    let digits = text.trim_start_matches(['+', '-']);
    let number = matches!(value, Scalar::Int(_) | Scalar::Float(_));
    let lower = digits.get(..2).unwrap_or_default().to_ascii_lowercase();
    let why = if number && digits.contains('_') {
        "`_` between digits is left out"
    } else if number && (lower == "0b" || lower == "0o") {
        "other programs read text"
    } else if number && lower.starts_with('0') && lower.ends_with(|next: char| next.is_ascii_digit()) {
        let octal = matches!(value, Scalar::Int(_));
        // A file's mode is meant in octal digits.
        if octal && is_mode(name) {
            return None;
        }
        if octal { "the leading zero makes the digits octal" } else { "the leading zero is left out" }
    } else if is_hash(text) {
        if number { "the `e` makes it a power of ten" } else { "other programs read a number" }
    } else if matches!(value, Scalar::Float(_)) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        "it has more than 64 bits"
    } else {
        return None;
    };
    let message = format!("Flux and kubectl read {} for `{}` here: {why}.", said(value), shown(text));
    Some(Doubt { message, help: QUOTE_NUMBER })
}

fn is_mode(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.ends_with("mode") || lower.ends_with("umask")
}

/// Digits with an `e` among them, and as long as a short commit id or nearly.
fn is_hash(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.split_once(['e', 'E']);
    text.len() >= 6 && parts.is_some_and(|(before, after)| digits(before) && digits(after))
}

/// Keys are text in any case.
fn said_of_key(value: &Scalar) -> String {
    match value {
        Scalar::String(text) => format!("the key `{}`", shown(text)),
        Scalar::Bool(value) => format!("the key `{value}`"),
        other => format!("the key {}", said(other)),
    }
}

fn said(value: &Scalar) -> String {
    match value {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(value) => format!("the boolean `{value}`"),
        Scalar::Int(value) => format!("the number {value}"),
        Scalar::Float(value) if value.abs() < 1e15 => format!("the number {value}"),
        Scalar::Float(value) => format!("the number {value:e}"),
        Scalar::String(text) if text.is_empty() => "empty text".to_owned(),
        Scalar::String(text) => format!("the text `{}`", shown(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, doubt};
    use crate::manifest;

    /// The doubt about a value under a key, in one sentence.
    fn said(key: &str, value: &str, reader: Reader) -> Option<String> {
        let text = format!("apiVersion: v1\nkind: A\n{key}: {value}\n");
        let file = manifest::read("x.yaml".parse().expect("a path"), text.as_bytes());
        assert_eq!(file.problems, [], "{text}");
        let node = file.documents[0].get(key).expect("a value");
        doubt(node, key, false, reader).map(|doubt| doubt.message)
    }

    #[test]
    fn both_readings_are_named() {
        for (value, message) in [
            ("yes", "Flux reads the text `yes` here, kubectl reads the boolean `true`."),
            ("N", "Flux reads the text `N` here, kubectl reads the boolean `false`."),
            ("2024-1-2", "Flux reads the text `2024-01-02T00:00:00Z` here, kubectl reads the text `2024-1-2`."),
            ("0o-7", "Flux reads the number -7 here, kubectl reads the text `0o-7`."),
            ("0777", "Flux and kubectl read the number 511 for `0777` here: the leading zero makes the digits octal."),
            ("08", "Flux and kubectl read the number 8 for `08` here: the leading zero is left out."),
            ("1_000", "Flux and kubectl read the number 1000 for `1_000` here: `_` between digits is left out."),
            ("0b11", "Flux and kubectl read the number 3 for `0b11` here: other programs read text."),
            ("-0o17", "Flux and kubectl read the number -15 for `-0o17` here: other programs read text."),
            (
                "1234e56",
                "Flux and kubectl read the number 1.234e59 for `1234e56` here: the `e` makes it a power of ten.",
            ),
            (
                "123e4567",
                "Flux and kubectl read the text `123e4567` for `123e4567` here: other programs read a number.",
            ),
            (
                "123456789012345678901",
                "Flux and kubectl read the number 1.2345678901234568e20 for `123456789012345678901` here: \
                 it has more than 64 bits.",
            ),
        ] {
            assert_eq!(said("x", value, Reader::Flux).as_deref(), Some(message), "{value}");
        }
        let message = "kustomize reads the boolean `true` here; in an object Flux reads the text `on`.";
        assert_eq!(said("x", "on", Reader::Kustomize).as_deref(), Some(message));
    }

    #[test]
    fn what_means_one_thing_is_not_told() {
        for value in [
            "true",
            "False",
            "~",
            "null",
            "oFF",
            "yesterday",
            "no-one",
            "0",
            "-1",
            "0.5",
            "1.10",
            "1e3",
            "1e-6",
            "1e+06",
            "10Gi",
            "0x1F",
            "22:22",
            "12:30:45",
            "2024-01-01T10:11:12Z",
            "2024-13-45",
            "1.2.3",
            "18446744073709551615",
            "-9223372036854775808",
            "'yes'",
            "\"2024-01-01\"",
            "'0777'",
            "|\n  yes",
            "a_b",
            "1a_2",
            "node-1",
            "v1",
        ] {
            assert_eq!(said("x", value, Reader::Flux), None, "{value}");
        }
        for (key, value) in [("defaultMode", "0644"), ("mode", "0400"), ("umask", "0022")] {
            assert_eq!(said(key, value, Reader::Flux), None, "{key}");
        }
        assert!(said("defaultMode", "0800", Reader::Flux).is_some());
        for value in ["2024-01-01", "0777", "true", "'on'"] {
            assert_eq!(said("x", value, Reader::Kustomize), None, "{value}");
        }
    }
}
