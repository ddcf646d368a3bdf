//! Names and types. Only what is surely wrong is a fault.

use super::functions::{Resolved, is_global, resolve};
use super::parser::Expr;
use super::ty::{Ty, cut};
use crate::schema::Pattern;

/// Names of types that stand for themselves.
const TYPES: [&str; 12] =
    ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "type", "null_type", "optional_type", "dyn"];

/// How many faults of one expression are told.
const MOST: usize = 5;

pub(super) struct Checker<'a> {
    this: Ty<'a>,
    old: Ty<'a>,
    /// Variables of macros, the innermost last.
    pub(super) variables: Vec<(String, Ty<'a>)>,
    pub(super) faults: Vec<String>,
    pub(super) uses_old_self: bool,
}

impl<'a> Checker<'a> {
    pub(super) const fn new(this: Ty<'a>, old: Ty<'a>) -> Self {
        Self { this, old, variables: Vec::new(), faults: Vec::new(), uses_old_self: false }
    }

    pub(super) fn fault(&mut self, words: String) -> Ty<'a> {
        if self.faults.len() < MOST && !self.faults.contains(&words) {
            self.faults.push(words);
        }
        Ty::Unknown
    }

    /// The type of an expression, with its faults.
    pub(super) fn infer(&mut self, expression: &Expr) -> Ty<'a> {
        match expression {
            Expr::Literal(ty, _) => ty.clone(),
            Expr::Ident(name) => self.name(name),
            Expr::Select { operand, field, optional } => self.select(operand, field, *optional),
            Expr::Call { target, name, arguments } => self.call(target.as_deref(), name, arguments),
            Expr::List(items, optional) => {
                let types: Vec<Ty<'a>> = items.iter().map(|item| self.infer(item)).collect();
                Ty::List(Box::new(if *optional { Ty::Unknown } else { common(&types) }))
            }
            Expr::Map(entries, optional) => {
                let keys: Vec<Ty<'a>> = entries.iter().map(|(key, _)| self.infer(key)).collect();
                let values: Vec<Ty<'a>> = entries.iter().map(|(_, value)| self.infer(value)).collect();
                let value = if *optional { Ty::Unknown } else { common(&values) };
                Ty::Map(Box::new(common(&keys)), Box::new(value))
            }
            Expr::Message(values) => {
                for value in values {
                    self.infer(value);
                }
                Ty::Unknown
            }
        }
    }

    fn name(&mut self, name: &str) -> Ty<'a> {
        if let Some((_, ty)) = self.variables.iter().rev().find(|(variable, _)| variable == name) {
            return ty.clone();
        }
        match name {
            "self" => self.this.clone(),
            "oldSelf" => {
                self.uses_old_self = true;
                self.old.clone()
            }
            _ if TYPES.contains(&name) => Ty::Type,
            // The beginning of a longer name of a type.
            "google" | "net" | "kubernetes" => Ty::Unknown,
            _ => self.fault(format!("uses `{}`, which is not declared: there are `self` and `oldSelf`", cut(name))),
        }
    }

    pub(super) fn select(&mut self, operand: &Expr, field: &str, optional: bool) -> Ty<'a> {
        let operand = self.infer(operand);
        let found = match operand.field(field) {
            Ok(found) => found,
            Err(()) if operand.has_fields() => {
                return self.fault(format!("uses the field `{}`, which the schema does not have there", cut(field)));
            }
            Err(()) => {
                let words = format!("takes the field `{}` of {}, which has no fields", cut(field), operand.called());
                return self.fault(words);
            }
        };
        let is_optional = matches!(found, Ty::Optional(_));
        if optional && !is_optional { Ty::Optional(Box::new(found)) } else { found }
    }

    fn call(&mut self, target: Option<&Expr>, name: &str, arguments: &[Expr]) -> Ty<'a> {
        if let Some(given) = self.expand(target, name, arguments) {
            return given;
        }
        self.check_regex(name, arguments);
        if let Some(full) = target.and_then(qualified).map(|prefix| format!("{prefix}.{name}"))
            && is_global(&full)
        {
            return self.function(&full, false, None, arguments);
        }
        self.function(name, target.is_some(), target, arguments)
    }

    fn function(&mut self, name: &str, member: bool, target: Option<&Expr>, arguments: &[Expr]) -> Ty<'a> {
        let types: Vec<Ty<'a>> = target.into_iter().chain(arguments).map(|argument| self.infer(argument)).collect();
        match resolve(name, member, &types) {
            Resolved::Gives(ty) => ty,
            Resolved::Unknown => self.fault(format!("calls `{}`, which is no function of Kubernetes", cut(name))),
            Resolved::Mismatch => {
                let shown = types.iter().map(Ty::called).collect::<Vec<_>>().join(", ");
                let shown = if shown.is_empty() { "nothing".to_owned() } else { shown };
                self.fault(format!("uses {} with what it is not for: {shown}", operation(name)))
            }
        }
    }

    /// A pattern that is written out must be one that Go reads.
    fn check_regex(&mut self, name: &str, arguments: &[Expr]) {
        if let ("matches", Some(Expr::Literal(Ty::String, Some(pattern)))) = (name, arguments.last())
            && let Err(why) = Pattern::new(pattern)
        {
            self.fault(format!("has a pattern that {why}"));
        }
    }
}

/// The one type of all, if there is one.
fn common<'a>(types: &[Ty<'a>]) -> Ty<'a> {
    match types.split_first() {
        Some((first, rest)) if rest.iter().all(|other| other == first) => first.clone(),
        _ => Ty::Unknown,
    }
}

/// The name that a chain of names makes.
pub(super) fn qualified(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select { operand, field, optional: false } => Some(format!("{}.{field}", qualified(operand)?)),
        _ => None,
    }
}

/// What people call a function or an operator.
fn operation(name: &str) -> String {
    let sign: String = name.chars().filter(|character| !matches!(character, '_' | '@')).collect();
    match name {
        "_[_]" | "_[?_]" => "an index".to_owned(),
        "_?_:_" => "`? :`".to_owned(),
        _ if name.starts_with(['_', '@', '!', '-']) => format!("`{sign}`"),
        _ => format!("`{}`", cut(name)),
    }
}
