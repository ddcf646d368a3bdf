//! A rule of x-kubernetes-validations must be complete.
//!
//! # What
//! Reports a rule without an expression, a message that is blank or has a line break, a rule of several lines without
//! message, a blank `messageExpression`, a `reason` that the API server does not have, a `fieldPath` that is blank, has a
//! line break or names no field, rules inside of alternatives (see `crd/structural-junctor`), `oldSelf` where the API
//! server cannot tell which old value belongs to which new one, and `optionalOldSelf` without `oldSelf`.
//!
//! # Why
//! The API server refuses a definition with such a rule. Old and new items of a list are told apart only where the list is
//! of type `map`.
//!
//! # Bad
//! ```yaml
//! x-kubernetes-validations: [{rule: self.min <= self.max, message: "  ", reason: Wrong}]
//! ```
//!
//! # Good
//! ```yaml
//! x-kubernetes-validations: [{rule: self.min <= self.max, message: min must not exceed max, reason: FieldValueInvalid}]
//! ```

use super::rules_of::{Rule as Written, each_rule};
use super::schemas::Root;
use crate::finding::{Finding, RuleId, Severity};
use crate::manifest::Node;
use crate::rules::{Meta, Review, Rule, shown};
use crate::schema::{Additional, Schema};

/// `crd/validation-rule`.
#[derive(Debug)]
pub struct ValidationRule;

const ID: RuleId = RuleId::new("crd/validation-rule");

impl Rule for ValidationRule {
    fn meta(&self) -> Meta {
        Meta { id: ID, severity: Severity::Error, source: include_str!("validation_rule.rs") }
    }

    fn check(&self, review: &Review<'_>) -> Vec<Finding> {
        each_rule(review, |root, rule, found| {
            let mut here = Here { root, rule, found };
            here.words();
            here.reason();
            here.field_path();
            here.old_self();
        })
    }
}

const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

struct Here<'h, 'a> {
    root: &'h Root<'a>,
    rule: &'h Written<'a>,
    found: &'h mut Vec<Finding>,
}

fn has_break(text: &str) -> bool {
    text.contains(['\n', '\r'])
}

impl<'a> Here<'_, 'a> {
    fn say(&mut self, node: &Node, key: &str, message: &str, help: &str) {
        let path = format!("{}.{key}", self.rule.path);
        self.found.push(self.root.error(ID, node, path, message.to_owned()).with_help(help));
    }

    /// Rule and message: the server tells the first of these only.
    fn words(&mut self) {
        let node = self.rule.node;
        let rule = self.rule.text("rule").unwrap_or_default();
        let message = self.rule.text("message").unwrap_or_default();
        let place = |key: &str| node.get(key).unwrap_or(node);
        if rule.trim().is_empty() {
            // Something that is no text is refused for that.
            if node.get("rule").is_none_or(|rule| rule.is_null() || rule.as_str().is_some()) {
                self.say(
                    place("rule"),
                    "rule",
                    "A validation rule has no expression.",
                    "Write `rule`, or remove the item.",
                );
            }
        } else if !message.is_empty() && message.trim().is_empty() {
            self.say(
                place("message"),
                "message",
                "The message of a validation rule is blank.",
                "Write a message, or remove it.",
            );
        } else if has_break(message.trim()) {
            self.say(
                place("message"),
                "message",
                "The message of a validation rule has a line break.",
                "Write it in one line.",
            );
        } else if has_break(rule.trim()) && message.trim().is_empty() {
            let message = "A validation rule has several lines, but no message to be shown instead of it.";
            self.say(place("rule"), "message", message, "Add a `message`, or write the rule in one line.");
        }
        let expression = self.rule.text("messageExpression").unwrap_or_default();
        if !expression.is_empty() && expression.trim().is_empty() {
            let message = "The message expression of a validation rule is blank.";
            self.say(place("messageExpression"), "messageExpression", message, "Write an expression, or remove it.");
        }
    }

    fn reason(&mut self) {
        let Some(node) = self.rule.node.get("reason") else { return };
        let Some(reason) = node.as_str() else { return };
        if !REASONS.contains(&reason) {
            let message = format!("The API server does not have the reason `{}`.", shown(reason));
            self.say(node, "reason", &message, &format!("Write one of {}.", REASONS.join(", ")));
        }
    }

    fn field_path(&mut self) {
        let Some(node) = self.rule.node.get("fieldPath") else { return };
        let Some(path) = node.as_str().filter(|path| !path.is_empty()) else { return };
        if path.trim().is_empty() || has_break(path) {
            let message = "The field path of a validation rule is blank or has a line break.";
            self.say(node, "fieldPath", message, "Write the path of a field, such as `.spec.size`.");
        } else if !is_path(path, self.rule.schema) {
            let message =
                format!("The field path `{}` of a validation rule names no field of the schema.", shown(path));
            self.say(
                node,
                "fieldPath",
                &message,
                "Write the path of a field from here, such as `.size` or `.labels['a/b']`.",
            );
        }
    }

    fn old_self(&mut self) {
        let Some(reading) = self.rule.reading() else { return };
        let node = self.rule.node;
        if !reading.faults.is_empty() {
            return;
        }
        if reading.uses_old_self && self.rule.uncorrelated {
            let message = "A validation rule uses `oldSelf` inside of a list or object whose old and new parts the API server cannot tell apart.";
            let help = "Move the rule out of it, or make the list one of type `map`, the object a granular one.";
            self.say(node.get("rule").unwrap_or(node), "rule", message, help);
        }
        let optional = node.get("optionalOldSelf").filter(|node| !node.is_null());
        if let Some(place) = optional.filter(|_| !reading.uses_old_self) {
            let message = "A validation rule sets `optionalOldSelf`, but does not use `oldSelf`.";
            self.say(place, "optionalOldSelf", message, "Remove `optionalOldSelf`.");
        }
    }
}

/// Whether a path leads through the fields of a schema: `.name`, or `['name']`, each also into values of a map.
fn is_path(path: &str, schema: Schema<'_>) -> bool {
    let (mut rest, mut at) = (path, schema);
    while !rest.is_empty() {
        let name;
        if let Some(behind) = rest.strip_prefix("['") {
            let Some((quoted, behind)) = quoted(behind) else { return false };
            let Some(behind) = behind.strip_prefix(']') else { return false };
            (name, rest) = (quoted, behind);
        } else if let Some(behind) = rest.strip_prefix('.') {
            let end = behind.find(['.', '[', ']']).unwrap_or(behind.len());
            if end == 0 {
                return false;
            }
            (name, rest) = (behind[..end].to_owned(), &behind[end..]);
        } else {
            return false;
        }
        let Some(next) = step(at, &name) else { return false };
        at = next;
    }
    true
}

fn step<'s>(schema: Schema<'s>, name: &str) -> Option<Schema<'s>> {
    if schema.properties().next().is_some() {
        return schema.property(name);
    }
    match schema.additional()? {
        Additional::Schema(values) => Some(values),
        Additional::Allowed(_) => None,
    }
}

/// What stands before the closing quote, and what behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' => return Some((name, &text[at + 1..])),
            '\\' => name.push(characters.next()?.1),
            other => name.push(other),
        }
    }
    None
}
