//! Holds a value against the rules of its schema, as far as that is sure.

use std::collections::HashMap;

use super::eval::{Evaluator, Val};
use super::parser::{Expr, parse};
use super::{Scope, Wanted, read};
use crate::manifest::Node;
use crate::schema::{Additional, Schema};

/// How many steps the rules of one value may take.
const FUEL: u32 = 5_000;

/// How a value came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held<'s> {
    /// The rules that it breaks, each as it is written.
    pub broken: Vec<&'s str>,
    /// How many rules only the server can evaluate with it.
    pub open: usize,
}

/// Holds a value against the rules of a schema and of all that is in it, as the API server does with a default
/// (`ValidateDefaults` of apiextensions' `pkg/apiserver/schema/defaulting`): `oldSelf` is the same value. Rules that do not
/// compile are left out.
pub fn hold<'s>(value: &Node, schema: Schema<'s>) -> Held<'s> {
    let mut holding = Holding { held: Held::default(), fuel: FUEL, parsed: HashMap::new() };
    holding.step(value, schema);
    holding.held
}

struct Holding<'s> {
    held: Held<'s>,
    fuel: u32,
    /// What compiles, by the address of the rule.
    parsed: HashMap<*const Node, Option<Expr>>,
}

impl<'s> Holding<'s> {
    fn step(&mut self, value: &Node, schema: Schema<'s>) {
        if value.is_null() {
            return;
        }
        for rule in schema.get("x-kubernetes-validations").into_iter().flat_map(Node::items) {
            self.rule(value, schema, rule);
        }
        for item in value.items() {
            if let Some(items) = schema.items() {
                self.step(item, items);
            }
        }
        for (key, inner) in value.entries() {
            let field = key.text().and_then(|name| schema.property(name));
            match (field, schema.additional()) {
                (Some(field), _) => self.step(inner, field),
                (None, Some(Additional::Schema(values))) => self.step(inner, values),
                (None, _) => {}
            }
        }
    }

    fn rule(&mut self, value: &Node, schema: Schema<'s>, rule: &'s Node) {
        let Some(text) = rule.get("rule").and_then(Node::as_str) else { return };
        let optional = rule.get("optionalOldSelf").and_then(Node::as_bool) == Some(true);
        let compiled = self.parsed.entry(std::ptr::from_ref(rule)).or_insert_with(|| {
            let scope = Scope { schema, resource: schema.is_embedded_resource(), optional_old_self: optional };
            parse(text).ok().filter(|_| read(text, scope, Wanted::Bool).faults.is_empty())
        });
        let Some(expression) = compiled else { return };
        // A list is copied for every rule.
        self.fuel = self.fuel.saturating_sub(u32::try_from(value.items().count()).unwrap_or(u32::MAX));
        let this = if self.fuel > 0 { Val::of(value, schema) } else { None };
        let answer = this.and_then(|this| {
            let old = (!optional).then(|| this.clone());
            Evaluator { this, old, variables: Vec::new(), fuel: &mut self.fuel }.value(expression)
        });
        match answer {
            Some(Val::Bool(true)) => {}
            Some(Val::Bool(false)) if self.held.broken.contains(&text) => {}
            Some(Val::Bool(false)) => self.held.broken.push(text),
            _ => self.held.open += 1,
        }
    }
}
