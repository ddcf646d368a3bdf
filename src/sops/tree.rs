//! What is encrypted: a YAML document whose secrets are known as such.

use std::borrow::Cow;

use secrecy::{ExposeSecret as _, SecretString};
use serde_yaml::Value;

use crate::names::show;

/// A YAML value of the shapes that Kubernetes knows. Two kinds of text keep what may be seen apart from what may not.
#[derive(Debug, Clone)]
pub enum Tree {
    /// Nothing. SOPS neither encrypts it nor counts it in the MAC.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number; SOPS refuses more than 64 bits with a sign.
    Int(i64),
    /// A number with a fraction; a finite one.
    Float(f64),
    /// Text that may be seen. A rule may encrypt it all the same.
    Text(String),
    /// Text that has to be encrypted.
    Secret(SecretString),
    /// A list.
    List(Vec<Self>),
    /// Keys and values in their order, which the MAC depends on.
    Map(Vec<(String, Self)>),
}

/// Why a value cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct TreeError {
    place: String,
    problem: &'static str,
}

/// The parts of a Secret that hold its values (Kubernetes API, `core/v1` Secret).
const VALUES: [&str; 2] = ["data", "stringData"];

impl Tree {
    /// A mapping.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// The value under `key`, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Takes a manifest. Text below `data` and `stringData` becomes a [secret](Self::Secret), all other text stays text.
    ///
    /// # Errors
    /// For keys that are no text, tags, and numbers that SOPS does not know.
    pub fn from_manifest(manifest: Value) -> Result<Self, TreeError> {
        take(manifest, &mut Vec::new())
    }

    /// What SOPS encrypts and counts for a leaf, and its name for the type; `None` for nothing, lists and mappings.
    /// Booleans are written as Python does, floats without an exponent (getsops/sops, `aes/cipher.go`).
    pub(super) fn leaf(&self) -> Option<(&'static str, Cow<'_, str>)> {
        Some(match self {
            Self::Bool(value) => ("bool", Cow::Borrowed(if *value { "True" } else { "False" })),
            Self::Int(value) => ("int", Cow::Owned(value.to_string())),
            Self::Float(value) => ("float", Cow::Owned(value.to_string())),
            Self::Text(text) => ("str", Cow::Borrowed(text)),
            Self::Secret(text) => ("str", Cow::Borrowed(text.expose_secret())),
            Self::Null | Self::List(_) | Self::Map(_) => return None,
        })
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<SecretString> for Tree {
    fn from(text: SecretString) -> Self {
        Self::Secret(text)
    }
}

fn take(value: Value, path: &mut Vec<String>) -> Result<Tree, TreeError> {
    let refuse = |path: &[String], problem| Err(TreeError { place: show(&path.join(".")), problem });
    Ok(match value {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Tree::Int(whole),
            (None, Some(float)) if number.is_f64() && float.is_finite() => Tree::Float(float),
            _ => return refuse(path, "SOPS does not know this number; write it as text"),
        },
        Value::String(text) if path.first().is_some_and(|top| VALUES.contains(&top.as_str())) => {
            Tree::Secret(SecretString::from(text))
        }
        Value::String(text) => Tree::Text(text),
        Value::Sequence(items) => Tree::List(items.into_iter().map(|item| take(item, path)).collect::<Result<_, _>>()?),
        Value::Mapping(entries) => {
            let mut taken = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                let Value::String(key) = key else { return refuse(path, "it has a key that is no text") };
                path.push(key.clone());
                let value = take(value, path)?;
                path.pop();
                taken.push((key, value));
            }
            Tree::Map(taken)
        }
        Value::Tagged(_) => return refuse(path, "it has a tag, which is not supported"),
    })
}
