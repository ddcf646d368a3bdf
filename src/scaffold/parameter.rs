use std::collections::BTreeMap;

use serde::Deserialize;

use crate::names::{GitUrl, Namespace, RepoPath};

/// One thing that may be set when a team is made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What its values look like.
    pub kind: ParameterKind,
    /// The values of a choice; empty for the other kinds.
    #[serde(default)]
    pub choices: Vec<String>,
    /// What it is where nothing is set; may be empty.
    pub default: String,
    /// One line about it.
    pub help: String,
    /// Whether the issue form asks for it.
    #[serde(default)]
    pub form: bool,
    /// The other parameters that a choice sets where they are not set themselves, by its value.
    #[serde(default)]
    pub sets: BTreeMap<String, BTreeMap<String, String>>,
}

/// What a parameter's values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterKind {
    /// One of `choices`.
    Choice,
    /// Whole numbers with `h`, `m` or `s` behind: `10m`, `1h30m`.
    Duration,
    /// A Kubernetes quantity: `8`, `500m`, `16Gi`.
    Quantity,
    /// An object's name: a DNS-1123 label.
    Name,
    /// A directory inside a repository: `./`, `./deploy`.
    Path,
    /// `true` or `false`.
    Boolean,
    /// A whole number, as YAML's number.
    Integer,
    /// An `https` address.
    Url,
}

impl Parameter {
    /// What its values look like, in words that follow "must be".
    pub fn values(&self) -> String {
        let words = match self.kind {
            ParameterKind::Choice => {
                let choices = self.choices.iter().filter(|choice| !choice.is_empty());
                return choices.map(String::as_str).collect::<Vec<_>>().join(", ");
            }
            ParameterKind::Duration => "a duration like 10m or 1h30m",
            ParameterKind::Quantity => "a quantity like 8, 500m or 16Gi",
            ParameterKind::Name => "lower-case letters, digits and '-'",
            ParameterKind::Path => "a directory like ./ or ./deploy",
            ParameterKind::Boolean => "true or false",
            ParameterKind::Integer => "a whole number like 100",
            ParameterKind::Url => "an address like https://example.org/hook",
        };
        words.to_owned()
    }

    /// Why `value` does not fit, in words that follow "must be"; `None` where it does.
    pub fn misfit(&self, value: &str) -> Option<String> {
        let fits = match self.kind {
            ParameterKind::Choice => self.choices.iter().any(|choice| choice == value),
            ParameterKind::Duration => is_duration(value),
            ParameterKind::Quantity => is_quantity(value),
            ParameterKind::Name => value.parse::<Namespace>().is_ok(),
            ParameterKind::Path => is_directory(value),
            ParameterKind::Boolean => matches!(value, "true" | "false"),
            ParameterKind::Integer => {
                value.len() <= 9 && value.parse::<u32>().is_ok_and(|number| number.to_string() == value)
            }
            ParameterKind::Url => value.starts_with("https://") && value.parse::<GitUrl>().is_ok(),
        };
        // What the template itself leaves empty may stay so.
        let empty = value.is_empty() && self.default.is_empty();
        (!fits && !empty).then(|| self.values())
    }
}

/// Splits leading digits off: `10m` to (`10`, `m`).
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn is_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let (number, unit) = digits(rest);
        match unit.strip_prefix(['h', 'm', 's']) {
            Some(after) if (1..=6).contains(&number.len()) => rest = after,
            _ => return false,
        }
    }
    !text.is_empty() && text.len() <= 20
}

fn is_quantity(text: &str) -> bool {
    let (number, unit) = digits(text);
    (1..=12).contains(&number.len()) && ["", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"].contains(&unit)
}

fn is_directory(text: &str) -> bool {
    text == "./" || text == "." || (!text.starts_with('/') && RepoPath::resolve("", text).is_some())
}

#[cfg(test)]
mod tests {
    use super::{BTreeMap, Parameter, ParameterKind};

    #[test]
    fn values_fit_their_kind() {
        let cases: [(ParameterKind, &[&str], &[&str]); 8] = [
            (ParameterKind::Boolean, &["true", "false"], &["", "yes", "True", "1"]),
            (ParameterKind::Integer, &["0", "100"], &["", "007", "-1", "1e3", "+1", "9999999999"]),
            (
                ParameterKind::Url,
                &["https://example.org/hook"],
                &["", "http://example.org/x", "https://u:p@x/y", "https://x/y z", "ssh://x/y"],
            ),
            (ParameterKind::Choice, &["admin"], &["cluster-admin", "", "Admin"]),
            (ParameterKind::Duration, &["10m", "1h30m", "30s"], &["", "10", "m", "1d", "10m\n", "-1m", "1.5h"]),
            (ParameterKind::Quantity, &["8", "500m", "16Gi"], &["", "-1", "1.5", "16gi", "Gi", "8 "]),
            (ParameterKind::Name, &["flux-git-auth"], &["", "A", "a.b", "a: b"]),
            (ParameterKind::Path, &["./", "./deploy", "a/b"], &["", "/etc", "../x", "a\0"]),
        ];
        for (kind, good, bad) in cases {
            let choices = vec!["admin".to_owned()];
            let parameter = Parameter {
                kind,
                choices,
                default: "x".to_owned(),
                help: String::new(),
                form: false,
                sets: BTreeMap::new(),
            };
            assert!(good.iter().all(|value| parameter.misfit(value).is_none()), "{kind:?}");
            assert!(bad.iter().all(|value| parameter.misfit(value).is_some()), "{kind:?}");
        }
    }
}
