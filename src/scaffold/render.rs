//! Placeholders in a parsed YAML tree. Values never meet YAML's syntax: they replace text inside
//! text values, so a colon, a quote or a line end in one cannot change the tree's shape.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_yaml::{Mapping, Value};

use super::{TemplateError, emit};

/// Every value by its placeholder's name.
pub(super) type Values = BTreeMap<String, String>;

/// Renders a template file: its documents in order, without their comments.
pub(super) fn file(name: &str, template: &str, values: &Values) -> Result<String, TemplateError> {
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(template) {
        let broken = |error: serde_yaml::Error| TemplateError::broken(name, error.to_string());
        let document = Value::deserialize(document).map_err(broken)?;
        let filled = fill(&document, values).map_err(|unknown| {
            TemplateError::broken(name, format!("${{{unknown}}} is neither a parameter nor a built-in name"))
        })?;
        documents.extend(filled.as_ref().map(emit::document));
    }
    Ok(documents.join("---\n"))
}

/// Fills a value; `None` where it is a lone placeholder without a value, or held only such.
/// The error is the placeholder that nobody knows.
fn fill(value: &Value, values: &Values) -> Result<Option<Value>, String> {
    match value {
        Value::String(text) => {
            let filled = fill_text(text, values)?;
            let left_out = filled.is_empty() && !text.is_empty();
            Ok((!left_out).then_some(Value::String(filled)))
        }
        Value::Sequence(items) => {
            let filled = items.iter().map(|item| fill(item, values)).filter_map(Result::transpose);
            let filled = filled.collect::<Result<Vec<Value>, String>>()?;
            Ok((items.is_empty() || !filled.is_empty()).then_some(Value::Sequence(filled)))
        }
        Value::Mapping(entries) => {
            let mut filled = Mapping::new();
            for (key, value) in entries {
                if let Some(value) = fill(value, values)? {
                    filled.insert(key.clone(), value);
                }
            }
            Ok((entries.is_empty() || !filled.is_empty()).then_some(Value::Mapping(filled)))
        }
        other => Ok(Some(other.clone())),
    }
}

/// Replaces every `${name}`; what a value holds is not looked at again.
fn fill_text(text: &str, values: &Values) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or_else(|| after.to_owned())?;
        filled.push_str(before);
        filled.push_str(values.get(name).ok_or_else(|| name.to_owned())?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::{Values, file};

    fn values(value: &str) -> Values {
        Values::from([("a".to_owned(), value.to_owned()), ("none".to_owned(), String::new())])
    }

    #[test]
    fn hostile_values_stay_scalars() {
        for hostile in
            ["a: b", "x\n- y", "\"quoted\" 'too'", "${a}", "# c", "*x", "&x", "!!bool yes", "{a: b}", "---", "|"]
        {
            let text = file("x.yaml", "k: ${a}\nl:\n- pre-${a}\n- z\n", &values(hostile)).expect("rendered");
            let tree: serde_yaml::Value = serde_yaml::from_str(&text).expect("readable");
            assert_eq!(tree["k"].as_str(), Some(hostile));
            assert_eq!(tree["l"][0].as_str(), Some(format!("pre-{hostile}").as_str()));
            assert_eq!(tree.as_mapping().map(serde_yaml::Mapping::len), Some(2));
        }
    }

    #[test]
    fn a_lone_empty_placeholder_leaves_its_field_out() {
        let template = "a: ${none}\nb:\n  c: ${none}\nd: x${none}\ne: []\nf: \"\"\ng: [ '${none}', y]\n";
        let text = file("x.yaml", template, &values("")).expect("rendered");
        assert_eq!(text, "d: x\ne: []\nf: \"\"\ng:\n  - y\n");
    }

    #[test]
    fn unknown_placeholders_are_named() {
        let error = file("x.yaml", "k: ${typo}", &values("")).expect_err("unknown");
        assert!(error.to_string().contains("x.yaml") && error.to_string().contains("${typo}"), "{error}");
    }
}
