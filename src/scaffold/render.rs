//! Placeholders in a parsed YAML tree. Values never meet YAML's syntax: they replace text inside
//! text values, so a colon, a quote or a line end in one cannot change the tree's shape.

use serde::Deserialize as _;
use serde_yaml::{Mapping, Value};

use super::condition::{Condition, OneOrMany};
use super::emit;
use super::values::{Values, placeholders};

/// The key whose value says when the mapping that it stands in is written.
const WHEN: &str = "$when";
/// The key whose value stands for the whole mapping, where that has [`WHEN`] and is no mapping: a name in a list.
const VALUE: &str = "$value";

/// Reads a template file's documents.
pub(super) fn parse(text: &str) -> Result<Vec<Value>, serde_yaml::Error> {
    serde_yaml::Deserializer::from_str(text).map(Value::deserialize).collect()
}

/// Renders documents in order, without those that a condition leaves out.
pub(super) fn documents(documents: &[Value], values: &Values) -> Result<String, String> {
    let filled = documents.iter().map(|document| fill(document, values)).filter_map(Result::transpose);
    let texts = filled.map(|document| document.map(|document| emit::document(&document)));
    Ok(texts.collect::<Result<Vec<_>, String>>()?.join("---\n"))
}

/// Fills a value; `None` where it is a lone placeholder without a value, held only such, or is not to be written.
/// The error is the placeholder that nobody knows.
fn fill(value: &Value, values: &Values) -> Result<Option<Value>, String> {
    match value {
        Value::String(text) => {
            if let Some(name) = lone(text) {
                let typed = values.typed(name).ok_or_else(|| name.to_owned())?;
                return Ok((typed != Value::String(String::new())).then_some(typed));
            }
            let filled = values.fill(text)?;
            let left_out = filled.is_empty() && !text.is_empty();
            Ok((!left_out).then_some(Value::String(filled)))
        }
        Value::Sequence(items) => {
            let filled = items.iter().map(|item| fill(item, values)).filter_map(Result::transpose);
            let filled = filled.collect::<Result<Vec<Value>, String>>()?;
            Ok((items.is_empty() || !filled.is_empty()).then_some(Value::Sequence(filled)))
        }
        Value::Mapping(entries) => mapping(entries, values),
        other => Ok(Some(other.clone())),
    }
}

fn mapping(entries: &Mapping, values: &Values) -> Result<Option<Value>, String> {
    if condition(entries).is_some_and(|condition| condition.is_ok_and(|condition| !condition.holds(values))) {
        return Ok(None);
    }
    if let Some(value) = entries.get(VALUE) {
        return fill(value, values);
    }
    let mut filled = Mapping::new();
    for (key, value) in entries.iter().filter(|(key, _)| *key != WHEN) {
        if let Some(value) = fill(value, values)? {
            filled.insert(key.clone(), value);
        }
    }
    Ok((entries.is_empty() || !filled.is_empty()).then_some(Value::Mapping(filled)))
}

/// The condition of a mapping, where it has one.
fn condition(entries: &Mapping) -> Option<Result<Condition, String>> {
    let written = entries.get(WHEN)?.clone();
    let texts: Result<OneOrMany, _> = serde_yaml::from_value(written);
    Some(texts.map_err(|_| "a condition is a text, or a list of texts".to_owned()).and_then(Condition::try_from))
}

/// The name of a placeholder that is a whole text.
fn lone(text: &str) -> Option<&str> {
    text.strip_prefix("${")?.strip_suffix('}').filter(|name| !name.contains(['$', '{', '}']))
}

/// What a template file asks for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Placeholders.
    pub(super) names: Vec<String>,
    /// Conditions, or why they are none.
    pub(super) conditions: Vec<Result<Condition, String>>,
}

impl Asked {
    /// Notes what a value asks for.
    pub(super) fn note(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.names.extend(placeholders(text).map(str::to_owned)),
            Value::Sequence(items) => items.iter().for_each(|item| self.note(item)),
            Value::Mapping(entries) => {
                self.conditions.extend(condition(entries));
                if entries.contains_key(VALUE) && entries.keys().any(|key| *key != VALUE && *key != WHEN) {
                    self.conditions.push(Err(format!("{VALUE} stands alone, or with {WHEN}")));
                }
                entries.iter().filter(|(key, _)| *key != WHEN).for_each(|(_, value)| self.note(value));
            }
            Value::Tagged(_) => self.conditions.push(Err("a tag (`!…`) cannot stand in a template".to_owned())),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::ParameterKind;
    use super::{Values, documents, parse};

    fn values(value: &str) -> Values {
        let texts = [("a", value), ("none", ""), ("no", "false")];
        let texts: BTreeMap<_, _> = texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut values = Values::new(texts);
        values.set("flag", "true".to_owned(), Some(ParameterKind::Boolean));
        values.set("count", "3".to_owned(), Some(ParameterKind::Integer));
        values
    }

    fn file(template: &str, value: &str) -> Result<String, String> {
        documents(&parse(template).expect("readable"), &values(value))
    }

    #[test]
    fn hostile_values_stay_scalars() {
        for hostile in [
            "a: b",
            "x\n- y",
            "\"quoted\" 'too'",
            "${a}",
            "# c",
            "*x",
            "&x",
            "!!bool yes",
            "{a: b}",
            "---",
            "|",
            "x\ny\n",
        ] {
            let text = file("k: ${a}\nl:\n- pre-${a}\n- z\n", hostile).expect("rendered");
            let tree: serde_yaml::Value = serde_yaml::from_str(&text).expect("readable");
            assert_eq!(tree["k"].as_str(), Some(hostile));
            assert_eq!(tree["l"][0].as_str(), Some(format!("pre-{hostile}").as_str()));
            assert_eq!(tree.as_mapping().map(serde_yaml::Mapping::len), Some(2));
        }
    }

    #[test]
    fn a_lone_empty_placeholder_leaves_its_field_out() {
        let template = "a: ${none}\nb:\n  c: ${none}\nd: x${none}\ne: []\nf: \"\"\ng: [ '${none}', z]\n";
        let text = file(template, "").expect("rendered");
        assert_eq!(text, "d: x\ne: []\nf: \"\"\ng:\n  - z\n");
    }

    #[test]
    fn conditions_leave_documents_mappings_and_items_out() {
        let template = "$when: a=x\nk: 1\n---\n$when: [flag, not no]\nk: 2\nm: {$when: none, x: 1}\nl:\n- z\n- {$when: a!=x, $value: w}\n- {$when: a=x, $value: '${a}'}\n";
        assert_eq!(file(template, "x"), Ok("k: 1\n---\nk: 2\nl:\n  - z\n  - x\n".to_owned()));
        assert_eq!(file(template, "w"), Ok("k: 2\nl:\n  - z\n  - w\n".to_owned()));
    }

    #[test]
    fn a_lone_placeholder_has_its_kind() {
        assert_eq!(
            file("b: ${flag}\nc: ${count}\nt: x${flag}\nq: ${a}\n", "true"),
            Ok("b: true\nc: 3\nt: xtrue\nq: \"true\"\n".to_owned())
        );
    }

    #[test]
    fn unknown_placeholders_are_named() {
        assert_eq!(file("k: ${typo}", ""), Err("typo".to_owned()));
        assert_eq!(file("k: x${typo", ""), Err("typo".to_owned()));
    }
}
