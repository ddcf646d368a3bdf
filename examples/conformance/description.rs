//! GitHub's OpenAPI 3.0 description as JSON Schema, and values held against it.
//!
//! OpenAPI 3.0 (<https://spec.openapis.org/oas/v3.0.3#schema-object>) has its own dialect:
//! `nullable` instead of the type `null`, and nothing beside a `$ref` counts.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, Registry, ValidationError, Validator};
use serde_json::{Value, json};

use crate::fields;
use crate::pointer::{fragment, join, without_indexes};

/// An address for the description that nobody will ever ask for.
const BASE: &str = "https://description.invalid/github";

/// Values that GitHub sends though an enumeration of its description lacks them: Apps can subscribe
/// to merge groups, which the events of an App inside check suites do not know.
const NOT_LISTED: &[(&str, &str)] = &[("/app/events/*", "merge_group")];

/// Places where GitHub sends `null` though its description of the answer (other than the one of the
/// webhook about the same pull request) does not allow it: the repository of a head whose fork was deleted.
const NULL_ALL_THE_SAME: &[&str] = &["/head/repo"];

/// A value longer than this is not repeated in a message.
const LONGEST_VALUE: usize = 60;

/// The description and the validators that were already made from it.
pub(crate) struct Description<'a> {
    document: &'a Value,
    registry: Registry<'a>,
    validators: RefCell<BTreeMap<String, Validator>>,
}

impl<'a> Description<'a> {
    /// Takes a [`prepared`] description.
    ///
    /// # Errors
    /// Where it is no OpenAPI 3.0 description with webhooks.
    pub(crate) fn new(document: &'a Value) -> anyhow::Result<Self> {
        let version = document["openapi"].as_str().unwrap_or_default();
        anyhow::ensure!(version.starts_with("3.0."), "the description is not OpenAPI 3.0 but {version:?}");
        anyhow::ensure!(document["x-webhooks"].is_object(), "the description has no x-webhooks");
        let registry = Registry::new().draft(Draft::Draft7).add(BASE, document)?.prepare()?;
        Ok(Self { document, registry, validators: RefCell::default() })
    }

    /// What stands at `pointer`, references followed, with the pointer that it really has.
    pub(crate) fn at(&self, pointer: &str) -> Option<(String, &'a Value)> {
        let mut pointer = pointer.to_owned();
        let mut value = self.document.pointer(&pointer)?;
        while let Some(target) = value.get("$ref").and_then(Value::as_str) {
            target.strip_prefix('#')?.clone_into(&mut pointer);
            value = self.document.pointer(&pointer)?;
        }
        Some((pointer, value))
    }

    /// The members of the object at `pointer`.
    pub(crate) fn keys(&self, pointer: &str) -> impl Iterator<Item = &'a String> {
        self.at(pointer).and_then(|(_, value)| value.as_object()).into_iter().flat_map(|members| members.keys())
    }

    /// The pointer to the JSON schema of a request body or response; `None` where it has none.
    pub(crate) fn json_body(&self, pointer: &str) -> Option<String> {
        let (pointer, value) = self.at(pointer)?;
        let media = ["application/json", "application/scim+json"].into_iter();
        let media = media.into_iter().find(|media| value["content"].get(media).is_some())?;
        Some(join(&join(&join(&pointer, "content"), media), "schema"))
    }

    /// What of `value` the schema at `pointer` forbids or does not know; one message each.
    pub(crate) fn violations(&self, pointer: &str, value: &Value) -> Vec<String> {
        let mut messages = self.forbidden(pointer, value);
        fields::unknown(self, pointer, value, &mut messages);
        messages
    }

    /// What of `value` the schema at `pointer` forbids; one message each.
    pub(crate) fn forbidden(&self, pointer: &str, value: &Value) -> Vec<String> {
        let mut messages = Vec::new();
        let used = self.with_validator(pointer, |validator| {
            for error in validator.iter_errors(value) {
                explain(&error, &mut messages);
            }
        });
        if let Err(error) = used {
            messages.push(format!("the description's schema at {pointer} cannot be used: {error}"));
        }
        messages
    }

    fn with_validator(
        &self,
        pointer: &str,
        work: impl FnOnce(&Validator),
    ) -> Result<(), Box<ValidationError<'static>>> {
        let mut validators = self.validators.borrow_mut();
        if !validators.contains_key(pointer) {
            let validator = jsonschema::options()
                .with_draft(Draft::Draft7)
                .offline()
                .with_registry(&self.registry)
                .should_validate_formats(true)
                // GitHub writes "" where there is no address, and its bots' addresses hold brackets.
                .with_format("uri", |text: &str| text.is_empty() || reqwest::Url::parse(text).is_ok())
                .with_format("email", |text: &str| text.contains('@'))
                .build(&json!({"$ref": format!("{BASE}#{}", fragment(pointer))}))?;
            validators.insert(pointer.to_owned(), validator);
        }
        work(&validators[pointer]);
        Ok(())
    }
}

/// Says what is wrong. Of alternatives the one that fits best is explained: "none fits" helps nobody.
fn explain(error: &ValidationError<'_>, messages: &mut Vec<String>) {
    if let ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } = error.kind() {
        let own = error.instance_path().as_str().len();
        let deep = |errors: &Vec<ValidationError<'_>>| {
            errors.iter().any(|inner| inner.instance_path().as_str().len() > own)
                || errors.iter().all(|inner| matches!(inner.kind(), ValidationErrorKind::Required { .. }))
        };
        // A wrong type at the top means that the alternative was not meant at all.
        let best = context.iter().min_by_key(|errors| (!deep(errors), errors.len()));
        if let Some(best) = best.filter(|errors| deep(errors)) {
            best.iter().for_each(|inner| explain(inner, messages));
            return;
        }
    }
    // Errors of several kinds look alike: that a body fits more than one of them is no fault of it.
    if matches!(error.kind(), ValidationErrorKind::OneOfMultipleValid { .. }) {
        return;
    }
    let place = without_indexes(error.instance_path().as_str());
    if error.instance().is_null() && NULL_ALL_THE_SAME.iter().any(|end| place.ends_with(end)) {
        return;
    }
    if NOT_LISTED.iter().any(|(end, value)| place.ends_with(end) && *error.instance().as_ref() == **value) {
        return;
    }
    let place = if place.is_empty() { "(whole body)".to_owned() } else { place };
    let full = error.to_string();
    let message = if full.len() <= LONGEST_VALUE * 2 && error.instance().to_string().len() <= LONGEST_VALUE {
        full
    } else {
        error.masked().to_string()
    };
    messages.push(format!("{place}: {message}"));
}

/// The description with OpenAPI's `nullable` written as JSON Schema does. Its own examples, a
/// fifth of it, go: nothing is compared with them.
pub(crate) fn prepared(mut document: Value) -> Value {
    if let Some(components) = document["components"].as_object_mut() {
        components.remove("examples");
    }
    write_null(&mut document);
    document
}

fn write_null(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(write_null);
            if fields.get("nullable") != Some(&Value::Bool(true)) {
                return;
            }
            fields.remove("nullable");
            if ["allOf", "anyOf", "oneOf", "$ref"].iter().any(|name| fields.contains_key(*name)) {
                *value = json!({"anyOf": [value.take(), {"enum": [null]}]});
                return;
            }
            if let Some(kind) = fields.get_mut("type") {
                *kind = json!([kind.take(), "null"]);
            }
            if let Some(Value::Array(values)) = fields.get_mut("enum")
                && !values.contains(&Value::Null)
            {
                values.push(Value::Null);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(write_null),
        _ => {}
    }
}
