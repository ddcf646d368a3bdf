//! Names and types. Only what is surely wrong is a fault.

use std::collections::HashMap;

use super::format::{self, Given};
use super::functions::{Resolved, is_global, resolve};
use super::literal::{Converted, Literal, convert};
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
    /// How many calls of `format` are around: there, literals may have items of several types.
    formats: usize,
    /// The types of what is in literals inside of `format`, by address.
    types: HashMap<*const Expr, Ty<'a>>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(this: Ty<'a>, old: Ty<'a>) -> Self {
        let (variables, faults, types) = (Vec::new(), Vec::new(), HashMap::new());
        Self { this, old, variables, faults, uses_old_self: false, formats: 0, types }
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
            Expr::Literal(literal) => literal.ty(),
            Expr::Ident(name) => self.name(name),
            Expr::Select { operand, field, optional } => self.select(operand, field, *optional),
            Expr::Call { target, name, arguments } => self.call(target.as_deref(), name, arguments),
            Expr::List(items) => {
                let types: Vec<Ty<'a>> = items.iter().map(|(item, optional)| self.item(item, *optional)).collect();
                self.one_type("a list", &types);
                Ty::List(Box::new(common(&types)))
            }
            Expr::Map(entries) => {
                let keys: Vec<Ty<'a>> = entries.iter().map(|(key, ..)| self.item(key, false)).collect();
                let values: Vec<Ty<'a>> =
                    entries.iter().map(|(_, value, optional)| self.item(value, *optional)).collect();
                self.one_type("the keys of a map", &keys);
                self.one_type("the values of a map", &values);
                Ty::Map(Box::new(common(&keys)), Box::new(common(&values)))
            }
            Expr::Message(values) => {
                for value in values {
                    self.infer(value);
                }
                Ty::Unknown
            }
        }
    }

    /// One item of a list or map that is written out; behind a `?` an optional value has to stand.
    fn item(&mut self, item: &Expr, optional: bool) -> Ty<'a> {
        let ty = self.infer(item);
        if self.formats > 0 {
            self.types.insert(std::ptr::from_ref(item), ty.clone());
        }
        match ty {
            ty if !optional => ty,
            Ty::Optional(inner) => *inner,
            Ty::Unknown => Ty::Unknown,
            // cel-go looks for the type inside of `dyn`, which has none, and stops.
            Ty::Dyn if self.formats > 0 => Ty::Dyn,
            other => self.fault(format!("has `?` before {}, which is no optional value", other.called())),
        }
    }

    /// What is written out must be of one type (`ValidateHomogeneousAggregateLiterals` of cel-go), except inside of
    /// `format`.
    fn one_type(&mut self, what: &str, types: &[Ty<'a>]) {
        let Some(first) = types.first().filter(|_| self.formats == 0) else { return };
        // The first may be an empty list, which is of every type.
        let mut pairs =
            types.windows(2).map(|pair| (&pair[0], &pair[1])).chain(types.iter().map(|other| (first, other)));
        if let Some((first, other)) = pairs.find(|(one, other)| one.surely_differs(other)) {
            self.fault(format!("has {} and {} in {what}, which has to be of one type", first.called(), other.called()));
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
        self.check_literals(name, target, arguments);
        self.formats += usize::from(name == "format");
        let given = self.called(target, name, arguments);
        self.formats -= usize::from(name == "format");
        given
    }

    fn called(&mut self, target: Option<&Expr>, name: &str, arguments: &[Expr]) -> Ty<'a> {
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
            Resolved::Gives(ty) => {
                self.check_format(name, target, arguments);
                ty
            }
            Resolved::Unknown => self.fault(format!("calls `{}`, which is no function of Kubernetes", cut(name))),
            Resolved::Mismatch => {
                let shown = types.iter().map(Ty::called).collect::<Vec<_>>().join(", ");
                let shown = if shown.is_empty() { "nothing".to_owned() } else { shown };
                self.fault(format!("uses {} with what it is not for: {shown}", operation(name)))
            }
        }
    }

    /// What is written out for a conversion must be convertible, and a pattern one that Go reads.
    fn check_literals(&mut self, name: &str, target: Option<&Expr>, arguments: &[Expr]) {
        if let (None, [argument]) = (target, arguments)
            && let Some(value) = constant(argument)
            && convert(name, &value) == Converted::Fails
        {
            let shown = if let Literal::Text(text) = &value { format!(" `{}`", cut(text)) } else { String::new() };
            self.fault(format!("calls `{}` with the literal{shown}, of which that cannot be made", cut(name)));
        }
        let pattern = match (name, target, arguments) {
            ("matches", None, [_, pattern]) | ("matches" | "find", Some(_), [pattern]) => constant(pattern),
            ("findAll", Some(_), [pattern, ..]) => constant(pattern),
            _ => None,
        };
        // The text that `matches` is given as a function is read as a pattern too (`ValidateRegexLiterals`).
        let text = match (name, target, arguments) {
            ("matches", None, [Expr::Literal(text), _]) => Some(text.clone()),
            _ => None,
        };
        for literal in [pattern, text].into_iter().flatten() {
            if let Literal::Text(pattern) = literal
                && let Err(why) = Pattern::new(&pattern)
            {
                self.fault(format!("has a pattern that {why}"));
            }
        }
    }

    fn check_format(&mut self, name: &str, target: Option<&Expr>, arguments: &[Expr]) {
        let (Some(Expr::Literal(Literal::Text(text))), [Expr::List(items)]) = (target, arguments) else { return };
        if name != "format" {
            return;
        }
        let known = |item: &Expr| self.types.get(&std::ptr::from_ref(item)).unwrap_or(&Ty::Unknown);
        let given: Vec<Given<'_, 'a>> = items
            .iter()
            .map(|(item, _)| Given { ty: known(item), inside: unprintable(item, &known).map(Ty::called) })
            .collect();
        if let Some(words) = format::fault(text, &given) {
            self.fault(words);
        }
    }
}

/// What `%s` cannot print inside of a list or map that is written out.
fn unprintable<'t, 'a: 't>(item: &Expr, known: &impl Fn(&Expr) -> &'t Ty<'a>) -> Option<&'t Ty<'a>> {
    let one = |inner: &Expr| {
        let ty = known(inner);
        if format::is_printable(ty) { unprintable(inner, known) } else { Some(ty) }
    };
    match item {
        Expr::List(items) => items.iter().find_map(|(item, _)| one(item)),
        Expr::Map(entries) => entries.iter().find_map(|(key, value, _)| one(key).or_else(|| one(value))),
        _ => None,
    }
}

/// What the server computes of an expression when it puts it together: literals, and conversions of them.
fn constant(expression: &Expr) -> Option<Literal> {
    match expression {
        Expr::Literal(literal) => Some(literal.clone()),
        Expr::Call { target: None, name, arguments } if arguments.len() == 1 => {
            match convert(name, &constant(&arguments[0])?) {
                Converted::Value(value) => Some(value),
                Converted::Other | Converted::Fails => None,
            }
        }
        _ => None,
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
