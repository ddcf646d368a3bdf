//! Evaluates an expression, as far as that is sure: no answer is given where the server would raise an error, or where
//! the value, the function or the arithmetic is none of the plain ones.

use std::cmp::Ordering;

use super::literal::Literal;
use super::parser::Expr;
use super::ty::{escaped, is_keyword};
use crate::manifest::Node;
use crate::schema::value::{Kind, Number};
use crate::schema::{Additional, Pattern, Schema};

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Val<'v> {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    List(Vec<Self>),
    /// An object or a map, by its schema.
    Object(&'v Node, Schema<'v>),
}

impl<'v> Val<'v> {
    /// What a node is to CEL by its schema; `None` for what is not followed here.
    pub(super) fn of(node: &'v Node, schema: Schema<'v>) -> Option<Self> {
        if schema.is_int_or_string() {
            return None;
        }
        match (schema.type_name()?, Kind::of(node)) {
            ("boolean", _) => node.as_bool().map(Self::Bool),
            ("integer", Kind::Integer) => match Number::of(node)? {
                Number::Integer(value) => Some(Self::Int(value)),
                Number::Float(_) => None,
            },
            ("number", Kind::Integer | Kind::Number) => Some(Self::Double(Number::of(node)?.float())),
            ("string", Kind::String) => {
                let plain = !matches!(schema.text("format"), Some("byte" | "date" | "date-time" | "duration"));
                node.as_str().filter(|_| plain).map(|text| Self::Text(text.to_owned()))
            }
            ("array", Kind::Array) => {
                let items = schema.items()?;
                Some(Self::List(node.items().map(|item| Self::of(item, items)).collect::<Option<_>>()?))
            }
            ("object", Kind::Object) => Some(Self::Object(node, schema)),
            _ => None,
        }
    }

    /// How much there is to copy.
    fn weight(&self) -> u32 {
        match self {
            Self::List(items) => items.iter().map(Self::weight).fold(1, u32::saturating_add),
            Self::Text(text) => u32::try_from(text.len() / 64).unwrap_or(u32::MAX).saturating_add(1),
            _ => 1,
        }
    }

    fn bool(self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(value) } else { None }
    }

    fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::List(one), Self::List(other)) if one.len() != other.len() => Some(false),
            (Self::List(one), Self::List(other)) => {
                let same: Option<Vec<bool>> = one.iter().zip(other).map(|(one, other)| one.equals(other)).collect();
                Some(same?.into_iter().all(|same| same))
            }
            (Self::Object(..), _) | (_, Self::Object(..)) => None,
            _ => Some(self.compare(other)? == Ordering::Equal),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "only whole numbers that floats hold exactly")]
    fn compare(&self, other: &Self) -> Option<Ordering> {
        let exact = |whole: i64| (whole.unsigned_abs() < 1 << 53).then_some(whole as f64);
        match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => Some(one.cmp(other)),
            (Self::Int(one), Self::Int(other)) => Some(one.cmp(other)),
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            (Self::Double(one), Self::Double(other)) => one.partial_cmp(other),
            (Self::Int(one), Self::Double(other)) => exact(*one)?.partial_cmp(other),
            (Self::Double(one), Self::Int(other)) => one.partial_cmp(&exact(*other)?),
            _ => None,
        }
    }
}

/// The field of an object that an expression names, with its schema.
fn field<'v>(node: &'v Node, schema: Schema<'v>, name: &str) -> Option<(Option<&'v Node>, Schema<'v>)> {
    if let Some(Additional::Schema(values)) = schema.additional() {
        return Some((node.get(name), values));
    }
    let own = |key: &str| escaped(key).is_some_and(|escaped| escaped == name) || (key == name && is_keyword(name));
    let (key, schema) = schema.properties().find(|(key, _)| key.text().is_some_and(own))?;
    Some((node.get(key.text()?), schema))
}

/// What is at hand while an expression is evaluated.
pub(super) struct Evaluator<'f, 'v> {
    /// `self`, and `oldSelf` where that is the same.
    pub(super) this: Val<'v>,
    pub(super) old: Option<Val<'v>>,
    pub(super) variables: Vec<(String, Val<'v>)>,
    /// How many steps are left.
    pub(super) fuel: &'f mut u32,
}

impl<'v> Evaluator<'_, 'v> {
    /// The value of an expression; `None` where it is not sure, and where that takes too long.
    pub(super) fn value(&mut self, expression: &Expr) -> Option<Val<'v>> {
        *self.fuel = self.fuel.checked_sub(1)?;
        let value = self.plain(expression)?;
        let weight = value.weight();
        *self.fuel = self.fuel.saturating_sub(weight);
        Some(value)
    }

    fn plain(&mut self, expression: &Expr) -> Option<Val<'v>> {
        match expression {
            Expr::Literal(literal) => match literal {
                Literal::Bool(value) => Some(Val::Bool(*value)),
                Literal::Int(value) => Some(Val::Int(*value)),
                Literal::Double(value) => Some(Val::Double(*value)),
                Literal::Text(text) => Some(Val::Text(text.clone())),
                Literal::Null | Literal::Uint(_) | Literal::Bytes => None,
            },
            Expr::Ident(name) => self.name(name),
            Expr::Select { operand, field: name, optional: false } => {
                let Val::Object(node, schema) = self.value(operand)? else { return None };
                let (found, schema) = field(node, schema, name)?;
                Val::of(found?, schema)
            }
            Expr::List(items) => {
                let items = items.iter().map(|(item, optional)| if *optional { None } else { self.value(item) });
                Some(Val::List(items.collect::<Option<_>>()?))
            }
            Expr::Call { target: None, name, arguments } => self.operator(name, arguments),
            Expr::Call { target: Some(target), name, arguments } => self.member(target, name, arguments),
            Expr::Select { .. } | Expr::Map(_) | Expr::Message(_) => None,
        }
    }

    fn name(&self, name: &str) -> Option<Val<'v>> {
        let variable = self.variables.iter().rev().find(|(variable, _)| variable == name);
        match (variable, name) {
            (Some((_, value)), _) => Some(value.clone()),
            (None, "self") => Some(self.this.clone()),
            (None, "oldSelf") => self.old.clone(),
            _ => None,
        }
    }

    fn truth(&mut self, expression: &Expr) -> Option<bool> {
        self.value(expression)?.bool()
    }

    fn operator(&mut self, name: &str, arguments: &[Expr]) -> Option<Val<'v>> {
        match (name, arguments) {
            ("has", [Expr::Select { operand, field: name, optional: false }]) => {
                let Val::Object(node, schema) = self.value(operand)? else { return None };
                let (found, _) = field(node, schema, name)?;
                // What null is depends on the schema.
                found.is_none_or(|found| !found.is_null()).then_some(Val::Bool(found.is_some()))
            }
            ("_&&_" | "_||_", [one, other]) => {
                // The one decides, whatever the other is, an error too.
                let decides = name == "_||_";
                let (one, other) = (self.truth(one), self.truth(other));
                if one == Some(decides) || other == Some(decides) {
                    return Some(Val::Bool(decides));
                }
                one.and(other).map(|_| Val::Bool(!decides))
            }
            ("!_", [inner]) => self.truth(inner).map(|value| Val::Bool(!value)),
            ("-_", [inner]) => match self.value(inner)? {
                Val::Int(value) => value.checked_neg().map(Val::Int),
                Val::Double(value) => Some(Val::Double(-value)),
                _ => None,
            },
            ("_?_:_", [condition, one, other]) => {
                let chosen = if self.truth(condition)? { one } else { other };
                self.value(chosen)
            }
            ("size", [value]) => size(&self.value(value)?),
            (name, [one, other]) => {
                let (one, other) = (self.value(one)?, self.value(other)?);
                binary(name, &one, &other)
            }
            _ => None,
        }
    }

    fn member(&mut self, target: &Expr, name: &str, arguments: &[Expr]) -> Option<Val<'v>> {
        let value = self.value(target)?;
        match (name, arguments) {
            ("size", []) => size(&value),
            ("all" | "exists" | "exists_one", [Expr::Ident(variable), body]) => self.over(&value, name, variable, body),
            (_, [argument]) => {
                let (Val::Text(text), Val::Text(part)) = (value, self.value(argument)?) else { return None };
                Some(Val::Bool(match name {
                    "startsWith" => text.starts_with(&part),
                    "endsWith" => text.ends_with(&part),
                    "contains" => text.contains(&part),
                    "matches" => Pattern::new(&part).ok()?.matches(&text)?,
                    _ => return None,
                }))
            }
            _ => None,
        }
    }

    fn over(&mut self, range: &Val<'v>, name: &str, variable: &str, body: &Expr) -> Option<Val<'v>> {
        let items: Vec<Val<'v>> = match range {
            Val::List(items) => items.clone(),
            Val::Object(node, schema) if matches!(schema.additional(), Some(Additional::Schema(_))) => {
                node.entries().filter_map(|(key, _)| Some(Val::Text(key.text()?.to_owned()))).collect()
            }
            _ => return None,
        };
        let mut answers = Vec::new();
        for item in items {
            self.variables.push((variable.to_owned(), item));
            answers.push(self.truth(body));
            self.variables.pop();
        }
        let sure = answers.iter().all(Option::is_some);
        let held = answers.iter().filter(|answer| **answer == Some(true)).count();
        match name {
            "all" if answers.contains(&Some(false)) => Some(Val::Bool(false)),
            "exists" if held > 0 => Some(Val::Bool(true)),
            "all" => sure.then_some(Val::Bool(true)),
            "exists" => sure.then_some(Val::Bool(false)),
            _ => sure.then_some(Val::Bool(held == 1)),
        }
    }
}

fn size<'v>(value: &Val<'v>) -> Option<Val<'v>> {
    let count = match value {
        Val::Text(text) => text.chars().count(),
        Val::List(items) => items.len(),
        Val::Object(node, schema) if matches!(schema.additional(), Some(Additional::Schema(_))) => {
            node.entries().count()
        }
        _ => return None,
    };
    i64::try_from(count).ok().map(Val::Int)
}

fn binary<'v>(name: &str, one: &Val<'v>, other: &Val<'v>) -> Option<Val<'v>> {
    let ordered = |fits: fn(Ordering) -> bool| one.compare(other).map(|order| Val::Bool(fits(order)));
    match name {
        "_==_" => one.equals(other).map(Val::Bool),
        "_!=_" => one.equals(other).map(|same| Val::Bool(!same)),
        "_<_" => ordered(Ordering::is_lt),
        "_<=_" => ordered(Ordering::is_le),
        "_>_" => ordered(Ordering::is_gt),
        "_>=_" => ordered(Ordering::is_ge),
        "@in" => {
            let Val::List(items) = other else { return None };
            let same: Option<Vec<bool>> = items.iter().map(|item| one.equals(item)).collect();
            Some(Val::Bool(same?.contains(&true)))
        }
        _ => arithmetic(name, one, other),
    }
}

fn arithmetic<'v>(name: &str, one: &Val<'v>, other: &Val<'v>) -> Option<Val<'v>> {
    match (one, other) {
        (Val::Int(one), Val::Int(other)) => Some(Val::Int(match name {
            "_+_" => one.checked_add(*other)?,
            "_-_" => one.checked_sub(*other)?,
            "_*_" => one.checked_mul(*other)?,
            "_/_" => one.checked_div(*other)?,
            "_%_" => one.checked_rem(*other)?,
            _ => return None,
        })),
        (Val::Double(one), Val::Double(other)) => Some(Val::Double(match name {
            "_+_" => one + other,
            "_-_" => one - other,
            "_*_" => one * other,
            "_/_" => one / other,
            _ => return None,
        })),
        (Val::Text(one), Val::Text(other)) if name == "_+_" && one.len() + other.len() < 1 << 16 => {
            Some(Val::Text(format!("{one}{other}")))
        }
        _ => None,
    }
}
