use serde::Deserialize;

use super::values::Values;

/// When a part of a template is written: all of its tests hold.
///
/// `NAME` holds where the value is neither empty nor `false`, `not NAME` where it is; `NAME=VALUE` and `NAME!=VALUE`
/// compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub(super) struct Condition {
    tests: Vec<Test>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    name: String,
    negated: bool,
    value: Option<String>,
}

/// One text, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn into_list(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

impl TryFrom<OneOrMany> for Condition {
    type Error = String;

    fn try_from(texts: OneOrMany) -> Result<Self, String> {
        let tests: Option<Vec<Test>> = texts.into_list().iter().map(|text| Test::parse(text)).collect();
        tests.map(|tests| Self { tests }).ok_or_else(|| {
            "a condition is written NAME, not NAME, NAME=VALUE or NAME!=VALUE, with a parameter's name".to_owned()
        })
    }
}

impl Condition {
    /// Whether it holds; one on an unknown name does not.
    pub(super) fn holds(&self, values: &Values) -> bool {
        self.tests.iter().all(|test| {
            let value = values.get(&test.name).unwrap_or_default();
            let is = test.value.as_ref().map_or(!value.is_empty() && value != "false", |wanted| wanted == value);
            is != test.negated
        })
    }

    /// The names that it asks for, with the values to which they are compared.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.tests.iter().map(|test| (test.name.as_str(), test.value.as_deref()))
    }
}

impl Test {
    fn parse(text: &str) -> Option<Self> {
        let test = match (text.split_once("!="), text.split_once('='), text.strip_prefix("not ")) {
            (Some((name, value)), ..) => Self { name: name.to_owned(), negated: true, value: Some(value.to_owned()) },
            (_, Some((name, value)), _) => {
                Self { name: name.to_owned(), negated: false, value: Some(value.to_owned()) }
            }
            (.., Some(name)) => Self { name: name.to_owned(), negated: true, value: None },
            _ => Self { name: text.to_owned(), negated: false, value: None },
        };
        is_name(&test.name).then_some(test)
    }
}

/// Whether a parameter may be called so.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.len() <= 63
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
