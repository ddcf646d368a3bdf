use std::collections::BTreeMap;

use serde_yaml::Value;

use super::ParameterKind;

/// Every value by its placeholder's name.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    texts: BTreeMap<String, String>,
    kinds: BTreeMap<String, ParameterKind>,
}

impl Values {
    pub(super) fn new(texts: BTreeMap<String, String>) -> Self {
        Self { texts, kinds: BTreeMap::new() }
    }

    pub(super) fn set(&mut self, name: &str, value: String, kind: Option<ParameterKind>) {
        self.texts.insert(name.to_owned(), value);
        self.kinds.extend(kind.map(|kind| (name.to_owned(), kind)));
    }

    /// The same with one more.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let mut values = self.clone();
        values.set(name, value.to_owned(), None);
        values
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// The value as YAML has it: a boolean or a number where its parameter is one.
    pub(super) fn typed(&self, name: &str) -> Option<Value> {
        let text = self.get(name)?;
        let typed = match self.kinds.get(name) {
            Some(ParameterKind::Boolean) => text.parse().ok().map(Value::Bool),
            Some(ParameterKind::Integer) => text.parse::<u64>().ok().map(Value::from),
            _ => None,
        };
        Some(typed.unwrap_or_else(|| Value::String(text.to_owned())))
    }

    /// Replaces every `${name}` in a text; what a value holds is not looked at again. The error is the name that nobody
    /// knows.
    pub(super) fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or_else(|| after.to_owned())?;
            filled.push_str(before);
            filled.push_str(self.get(name).ok_or_else(|| name.to_owned())?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// The names of all placeholders in a text; one that is not closed goes to the text's end.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).map(|rest| rest.split_once('}').map_or(rest, |(name, _)| name))
}
