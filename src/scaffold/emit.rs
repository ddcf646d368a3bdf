//! Values to YAML in one stable, readable form: block style, two spaces, lists indented, and text in
//! quotes wherever any YAML reader (1.1 or 1.2) could take it for something else. Text of several lines is a block.

use std::fmt::Write as _;

use serde_yaml::Value;

/// The YAML of one document, ending in a line end. Tags are left out, keys are text.
pub(crate) fn document(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

/// Writes a value that starts at the beginning of a line.
fn block(text: &mut String, value: &Value, indent: usize) {
    let spaces = "  ".repeat(indent);
    match value {
        Value::Mapping(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                text.push_str(&spaces);
                entry(text, key, value, indent);
            }
        }
        Value::Sequence(items) if !items.is_empty() => {
            for item in items {
                write!(text, "{spaces}- ").expect("writing to a String cannot fail");
                match item {
                    // The first entry stands on the dash's line, the others below it.
                    Value::Mapping(entries) if !entries.is_empty() => {
                        for (index, (key, value)) in entries.iter().enumerate() {
                            if index > 0 {
                                write!(text, "{spaces}  ").expect("writing to a String cannot fail");
                            }
                            entry(text, key, value, indent + 1);
                        }
                    }
                    Value::Sequence(inner) if !inner.is_empty() => {
                        text.push('\n');
                        block(text, item, indent + 1);
                    }
                    _ => scalar_or_block(text, item, indent),
                }
            }
        }
        _ => writeln!(text, "{spaces}{}", inline(value)).expect("writing to a String cannot fail"),
    }
}

/// Writes `key: value` where the key's place is reached already.
fn entry(text: &mut String, key: &Value, value: &Value, indent: usize) {
    text.push_str(&inline(key));
    text.push(':');
    let nested = match value {
        Value::Mapping(entries) => !entries.is_empty(),
        Value::Sequence(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        text.push('\n');
        block(text, value, indent + 1);
    } else {
        text.push(' ');
        scalar_or_block(text, value, indent);
    }
}

/// Writes a scalar, to the line's end, whose lines stand under `indent` where it has several.
fn scalar_or_block(text: &mut String, value: &Value, indent: usize) {
    let Some(lines) = value.as_str().filter(|value| is_block(value)) else {
        writeln!(text, "{}", inline(value)).expect("writing to a String cannot fail");
        return;
    };
    text.push_str(if lines.ends_with('\n') { "|\n" } else { "|-\n" });
    for line in lines.lines() {
        let spaces = if line.is_empty() { String::new() } else { "  ".repeat(indent + 1) };
        writeln!(text, "{spaces}{line}").expect("writing to a String cannot fail");
    }
}

/// Whether a text is one of lines that every reader takes as they stand in a block.
fn is_block(value: &str) -> bool {
    let plain = |line: &str| !line.ends_with(' ') && line.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let content = value.strip_suffix('\n').unwrap_or(value);
    value.contains('\n')
        && !content.is_empty()
        && !content.starts_with([' ', '\n'])
        && !content.ends_with('\n')
        && content.split('\n').all(plain)
}

fn inline(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => scalar(value),
        Value::Sequence(_) => "[]".to_owned(),
        Value::Mapping(_) => "{}".to_owned(),
        Value::Tagged(tagged) => inline(&tagged.value),
    }
}

/// Text as a scalar: plain where it is safe, else in double quotes.
fn scalar(value: &str) -> String {
    if is_plain(value) {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    for character in value.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_ascii_graphic() || c == ' ' => quoted.push(c),
            c => write!(quoted, "\\U{:08x}", u32::from(c)).expect("writing to a String cannot fail"),
        }
    }
    quoted.push('"');
    quoted
}

fn is_plain(value: &str) -> bool {
    if is_ciphertext(value) {
        return true;
    }
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b" _./:@+=,()-".contains(&byte);
    let letter = |text: &str| text.starts_with(|first: char| first.is_ascii_alphabetic());
    let starts_well = letter(value)
        || value.starts_with("./")
        || value.starts_with("../")
        || value.strip_prefix("--").is_some_and(letter)
        || is_amount(value);
    starts_well
        && value.bytes().all(fits)
        && !value.contains(": ")
        && !value.ends_with([':', ' '])
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// A value as SOPS writes it, without quotes: Flux looks for `mac: ENC[` to know an encrypted file
/// (kustomize-controller, `internal/decryptor/decryptor.go`).
fn is_ciphertext(value: &str) -> bool {
    let inner = value.strip_prefix("ENC[AES256_GCM,").and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=:,".contains(&byte)))
}

/// `10m`, `16Gi`: a number to no reader.
fn is_amount(value: &str) -> bool {
    ["m", "s", "h", "Ki", "Mi", "Gi"].iter().any(|unit| {
        let number = value.strip_suffix(unit);
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_yaml::{Mapping, Value};

    use super::document;

    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<String>(),
            "[a-z:# \n'\"-]{0,8}",
            "([a-z:# -]{0,3}\n){1,3}[a-z]{0,2}",
            Just("yes".to_owned()),
            Just("1e3".to_owned())
        ];
        let leaf = prop_oneof![
            text.clone().prop_map(Value::String),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            let entries = prop::collection::vec((text.clone().prop_map(Value::String), inner.clone()), 0..5);
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(Value::Sequence),
                entries.prop_map(|entries| Value::Mapping(entries.into_iter().collect::<Mapping>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in value()) {
            let text = document(&value);
            prop_assert_eq!(serde_yaml::from_str::<Value>(&text).expect(&text), value, "{}", text);
            prop_assert!(text.is_ascii());
        }
    }

    #[test]
    fn words_and_numbers_of_any_yaml_stay_text() {
        for word in
            ["yes", "On", "y", "null", "~", "", "1", "0o7", "1e3", "12:30", "2024-01-01", ".inf", "<<", "=", "-"]
        {
            assert_eq!(document(&Value::String(word.to_owned())), format!("\"{word}\"\n"));
        }
        for word in ["team2", "10m", "16Gi", "./", "../../base/flux", "--git-url=git@github.com:org/x", "ssh://git@x/y"]
        {
            assert_eq!(document(&Value::String(word.to_owned())), format!("{word}\n"));
        }
    }

    #[test]
    fn what_sops_has_encrypted_stands_without_quotes() {
        for (text, plain) in [("ENC[AES256_GCM,data:a+/=,type:str]", true), ("ENC[AES256_GCM,data:a #b]", false)] {
            assert_eq!(document(&Value::from(text)) == format!("{text}\n"), plain);
        }
    }
}
